package domain

import (
	"cmp"
	"strings"
	"time"
)

// plainDelivery is what a pipeline sends with curl.
type plainDelivery struct {
	Event       string `json:"event"`
	Time        string `json:"time"`
	Service     string `json:"service"`
	Environment string `json:"environment"`
	Commit      string `json:"commit"`
	CommitTime  string `json:"commit_time"`
	Deployment  string `json:"deployment"`
	Unplanned   bool   `json:"unplanned"`
	Incident    string `json:"incident"`
}

var plainKinds = map[string]FactKind{
	"deployed": Deployed, "rolledback": RolledBack, "incident_opened": IncidentOpened, "incident_resolved": IncidentResolved,
}

// readPlain reads one JSON object. The id of the delivery is the header webhook-id, which a signature covers, or Idempotency-Key, which none
// does; without one it is the hash of the body. A deployment without an id of its own is known by that of its delivery, and a
// rollback always is: the deployment that it names is the one that it undid.
func readPlain(headers DeliveryHeaders, body []byte) ReceivedEvent {
	var d plainDelivery
	err := decodeStrict(body, &d)
	e := ReceivedEvent{Delivery: Delivery{ID: cmp.Or(headers["webhook-id"], bare(headers["idempotency-key"])), Type: d.Event}}
	if err != nil {
		return e.unreadable("The body", body, err)
	}
	kind, ok := plainKinds[d.Event]
	switch {
	case d.Event == "":
		return e.refuse("event", "EVENT_UNKNOWN", "Say in `event` what has happened: deployed, rolledback, incident_opened or incident_resolved.")
	case !ok:
		return e.refuse("event", "EVENT_UNKNOWN", "The event is "+inQuotes(d.Event)+"; it must be deployed, rolledback, incident_opened or incident_resolved.")
	case strings.TrimSpace(d.Time) == "":
		return e.refuse("time", "TIME_MISSING", "Say in `time` when it happened, with its zone, such as 2026-06-01T09:30:00Z; `date -u +%FT%TZ` writes it.")
	}
	f := DeliveryFact{Kind: kind, Service: d.Service, Environment: d.Environment, Commit: d.Commit, Unplanned: d.Unplanned}
	if f.Time, err = time.Parse(time.RFC3339Nano, d.Time); err != nil {
		return e.refuse("time", "TIME_INVALID", "The time "+inQuotes(d.Time)+" is not RFC 3339 with its zone, such as 2026-06-01T09:30:00Z.")
	}
	if f.CommitTime, err = optionalTime(d.CommitTime); err != nil {
		return e.refuse("commit_time", "TIME_INVALID",
			"The commit_time "+inQuotes(d.CommitTime)+" is not RFC 3339 with its zone; `git log -1 --format=%cI` writes it.")
	}
	if kind == Deployed || kind == RolledBack {
		return d.deployment(e, f, body)
	}
	if strings.TrimSpace(d.Incident) == "" {
		return e.refuse("incident", "INCIDENT_MISSING", "Say in `incident` which incident it is, so that its end is known as such.")
	}
	f.Key = d.Incident
	f.declare("deployment", d.Deployment)
	return e.accept(f)
}

// deployment is the fact that something was deployed or rolled back.
func (d *plainDelivery) deployment(e ReceivedEvent, f DeliveryFact, body []byte) ReceivedEvent {
	if strings.TrimSpace(d.Environment) == "" {
		return e.refuse("environment", "ENVIRONMENT_MISSING", "Say in `environment` where it was deployed.")
	}
	f.Key = deliveryID(e.ID, body)
	switch {
	case f.Kind == RolledBack:
		f.declare("deployment", d.Deployment)
	case strings.TrimSpace(d.Deployment) == "":
		e.Remark("DEPLOYMENT_UNNAMED", "It names no `deployment`, so that it is known by the id of its delivery, "+f.Key+
			": rollbacks and incidents have to name it by that.")
	default:
		f.Key = d.Deployment
	}
	return e.accept(f)
}

// declare notes what a fact is declared to be about.
func (f *DeliveryFact) declare(by string, deployments ...string) {
	for _, id := range deployments {
		if id = strings.TrimSpace(id); id != "" {
			f.About, f.AboutBy = append(f.About, id), by
		}
	}
}

// bare is a key without the quotes that a structured field has.
func bare(key string) string { return strings.Trim(key, `"`) }

func optionalTime(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	return time.Parse(time.RFC3339Nano, text)
}
