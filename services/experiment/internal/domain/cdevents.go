package domain

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"
	"time"
)

// cdEvent is an event of CDEvents, as far as it is looked at. Context, subject and links are those of the specification, 0.3 to 0.6.
type cdEvent struct {
	Context struct {
		ID        string `json:"id"`
		Source    string `json:"source"`
		Type      string `json:"type"`
		Timestamp string `json:"timestamp"`
		ChainID   string `json:"chainId"`
		Links     []struct {
			Target struct {
				ContextID string `json:"contextId"`
			} `json:"target"`
			From struct {
				ContextID string `json:"contextId"`
			} `json:"from"`
		} `json:"links"`
	} `json:"context"`
	Subject struct {
		ID      string    `json:"id"`
		Source  string    `json:"source"`
		Content cdContent `json:"content"`
	} `json:"subject"`
	CustomData json.RawMessage `json:"customData"`
}

type cdContent struct {
	Environment struct {
		ID string `json:"id"`
	} `json:"environment"`
	Service struct {
		ID string `json:"id"`
	} `json:"service"`
	ArtifactID string `json:"artifactId"`
}

// notCounted tells whether data is an event of CDEvents of a type that counts nowhere.
func notCounted(data []byte) bool {
	var head struct {
		Context struct {
			Type string `json:"type"`
		} `json:"context"`
	}
	what, ok := "", false
	if json.Unmarshal(data, &head) == nil {
		what, ok = strings.CutPrefix(head.Context.Type, "dev.cdevents.")
	}
	parts := strings.SplitN(what, ".", 3)
	return ok && len(parts) > 1 && cdKinds[parts[0]+"."+parts[1]] == ""
}

// cdCustom are the members of customData that say what the specification has no place for.
type cdCustom struct {
	Commit     string `json:"commit"`
	CommitTime string `json:"commitTime"`
	Deployment string `json:"deployment"`
	Unplanned  bool   `json:"unplanned"`
}

// cdKinds are the events that count, by subject and predicate; the version at the end of a type is not looked at.
var cdKinds = map[string]FactKind{
	"service.deployed": Deployed, "service.upgraded": Deployed, "service.rolledback": RolledBack,
	"incident.detected": IncidentOpened, "incident.reported": IncidentOpened, "incident.resolved": IncidentResolved,
	"change.created": CommitMade, "change.updated": CommitMade, "change.reviewed": CommitMade, "change.merged": CommitMade,
}

// readCDEvent reads one event of CDEvents. A deployment is known by the id of its event, an incident by that of its subject.
func readCDEvent(ce cloudEvent) ReceivedEvent {
	e := ReceivedEvent{Delivery: Delivery{ID: joinID(ce.Source, ce.ID), Type: ce.Type}}
	data, err := ce.data()
	if err != nil {
		return e.refuse("data_base64", "BODY_INVALID", "The member `data_base64` is no base64.")
	}
	var d cdEvent
	if err = json.Unmarshal(data, &d); err != nil && notCounted(data) {
		d.Subject.Content, err = cdContent{}, nil // other subjects may have other content under the same names
	}
	if err != nil {
		return e.unreadable(ce.what(), data, err)
	}
	id, source := cmp.Or(ce.ID, d.Context.ID), cmp.Or(ce.Source, d.Context.Source)
	if ce.binary {
		id, source = cmp.Or(d.Context.ID, ce.ID), cmp.Or(d.Context.Source, ce.Source)
	}
	e.ID, e.Type = joinID(source, id), cmp.Or(d.Context.Type, ce.Type)
	e.Digest = digestOf(e.Type, data)
	what, ok := strings.CutPrefix(e.Type, "dev.cdevents.")
	if !ok {
		return e.refuse("context.type", "EVENT_UNKNOWN", "This source takes CDEvents, whose types begin with dev.cdevents.; "+inQuotes(e.Type)+" is none.")
	}
	subject, rest, _ := strings.Cut(what, ".")
	predicate, _, _ := strings.Cut(rest, ".")
	kind, ok := cdKinds[subject+"."+predicate]
	if !ok {
		return e.ignore("TYPE_NOT_COUNTED", "Events of this type change none of the delivery metrics.")
	}
	if id == "" {
		return e.refuse("context.id", "ID_MISSING", "The event has no id, so that a repetition would not be known.")
	}
	timestamp := cmp.Or(d.Context.Timestamp, ce.Time)
	if timestamp == "" {
		return e.refuse("context.timestamp", "TIME_MISSING", "The event does not say in context.timestamp when it happened.")
	}
	at, err := time.Parse(time.RFC3339Nano, timestamp)
	if err != nil {
		return e.refuse("context.timestamp", "TIME_INVALID", "The timestamp "+inQuotes(timestamp)+" is not RFC 3339 with its zone.")
	}
	return d.fact(e, kind, cmp.Or(d.Context.ID, id), source, at)
}

// fact is what the event says has happened.
func (d *cdEvent) fact(e ReceivedEvent, kind FactKind, id, scope string, at time.Time) ReceivedEvent {
	var custom cdCustom
	if trimmed := bytes.TrimSpace(d.CustomData); len(trimmed) > 0 && trimmed[0] == '{' {
		if err := json.Unmarshal(trimmed, &custom); err != nil {
			field, problem := problemOf("customData", trimmed, err)
			return e.refuse(strings.TrimSuffix("customData."+field, "."), "BODY_INVALID", "In customData: "+problem)
		}
	}
	commitTime, err := optionalTime(custom.CommitTime)
	if err != nil {
		return e.refuse("customData.commitTime", "TIME_INVALID", "customData.commitTime is not RFC 3339.")
	}
	f := DeliveryFact{
		Kind: kind, Key: id, Scope: scope, Time: at, Environment: d.Subject.Content.Environment.ID, Chain: d.Context.ChainID,
		Commit: cmp.Or(custom.Commit, commitOfPurl(d.Subject.Content.ArtifactID)), CommitTime: commitTime, Unplanned: custom.Unplanned,
	}
	switch kind {
	case CommitMade:
		if custom.Commit == "" || commitTime.IsZero() {
			return e.ignore("NO_COMMIT_TIME", "An event about a change says nothing of when its commit was made, unless customData has commit and commitTime.")
		}
		f = DeliveryFact{Kind: kind, Key: custom.Commit, Time: commitTime}
	case Deployed, RolledBack:
		if f.Environment == "" {
			return e.refuse("subject.content.environment.id", "ENVIRONMENT_MISSING", "The event does not say in subject.content.environment.id where it was deployed.")
		}
		f.Service = d.Subject.ID
		d.declare(&f, custom)
	default:
		if d.Subject.ID == "" {
			return e.refuse("subject.id", "INCIDENT_MISSING", "The event does not say in subject.id which incident it is.")
		}
		f.Key, f.Service = d.Subject.ID, d.Subject.Content.Service.ID
		f.Scope = cmp.Or(d.Subject.Source, scope)
		f.Commit, f.CommitTime, f.Unplanned = "", time.Time{}, false
		d.declare(&f, custom)
	}
	return e.accept(f)
}

// declare notes which deployments the event says it is about: customData first, then the links of its context.
func (d *cdEvent) declare(f *DeliveryFact, custom cdCustom) {
	if f.declare("customData", custom.Deployment); len(f.About) > 0 || f.Kind == Deployed {
		return
	}
	for i, link := range d.Context.Links {
		if i == maxLinks {
			return
		}
		f.declare("links", link.Target.ContextID, link.From.ContextID)
	}
}

// maxLinks is how many links of an event are looked at.
const maxLinks = 50

// commitOfPurl is the commit that a package URL of a forge names as its version, or "".
func commitOfPurl(purl string) string {
	for _, forge := range []string{"pkg:github/", "pkg:gitlab/", "pkg:bitbucket/"} {
		if rest, ok := strings.CutPrefix(purl, forge); ok {
			_, version, _ := strings.Cut(rest, "@")
			if end := strings.IndexAny(version, "?#"); end >= 0 {
				version = version[:end]
			}
			if isHash(version) {
				return version
			}
		}
	}
	return ""
}
