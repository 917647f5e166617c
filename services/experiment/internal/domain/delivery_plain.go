package domain

import (
	"cmp"
	"encoding/json"
	"errors"
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
		return e.refuse("BODY_INVALID", "The body is not the JSON object that is expected: "+problemOf(err))
	}
	kind, ok := plainKinds[d.Event]
	if !ok {
		return e.refuse("EVENT_UNKNOWN", "The event must be deployed, rolledback, incident_opened or incident_resolved.")
	}
	f := DeliveryFact{Kind: kind, Service: d.Service, Environment: d.Environment, Commit: d.Commit, Unplanned: d.Unplanned}
	if f.Time, err = time.Parse(time.RFC3339Nano, d.Time); err != nil {
		return e.refuse("TIME_INVALID", "The time is not RFC 3339 with its zone, such as 2026-06-01T09:30:00Z.")
	}
	if f.CommitTime, err = optionalTime(d.CommitTime); err != nil {
		return e.refuse("TIME_INVALID", "The commit_time is not RFC 3339 with its zone; `git log -1 --format=%cI` writes it.")
	}
	switch kind {
	case Deployed, RolledBack:
		if d.Environment == "" {
			return e.refuse("ENVIRONMENT_MISSING", "Say in `environment` where it was deployed.")
		}
		if f.Key = deliveryID(e.ID, body); kind == RolledBack {
			f.declare("deployment", d.Deployment)
		} else {
			f.Key = cmp.Or(d.Deployment, f.Key)
		}
	default:
		if d.Incident == "" {
			return e.refuse("INCIDENT_MISSING", "Say in `incident` which incident it is, so that its end is known as such.")
		}
		f.Key = d.Incident
		f.declare("deployment", d.Deployment)
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

// decodeStrict reads one JSON value without unknown members.
func decodeStrict(body []byte, into any) error {
	decoder := json.NewDecoder(strings.NewReader(string(body)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return errors.New("there is more than one JSON value")
	}
	return nil
}

// problemOf says for people what is wrong with a JSON text.
func problemOf(err error) string {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrongType):
		return inQuotes(wrongType.Field) + " cannot be a " + wrongType.Value + "."
	case errors.As(err, &syntax):
		return "it is no JSON."
	case strings.Contains(err.Error(), "unknown field"):
		return strings.TrimPrefix(err.Error(), "json: ") + "."
	}
	return "it is no complete JSON value."
}
