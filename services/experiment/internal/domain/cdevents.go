package domain

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/json"
	"mime"
	"net/url"
	"strings"
	"time"
)

// cloudEvent is an event of CloudEvents 1.0 in its JSON form, as far as it is looked at.
type cloudEvent struct {
	ID         string          `json:"id"`
	Source     string          `json:"source"`
	Type       string          `json:"type"`
	Time       string          `json:"time"`
	Data       json.RawMessage `json:"data"`
	DataBase64 string          `json:"data_base64"`

	// binary tells that the attributes were headers, which no signature covers.
	binary bool
}

// maxBatch is how many events one batch may have.
const maxBatch = 1000

// readCloudEvents reads a request of CloudEvents over HTTP: structured or batched by its content type, binary when the attributes are
// headers, and otherwise an event of CDEvents by itself. Source: CloudEvents HTTP protocol binding 1.0.2, section 3.
func readCloudEvents(headers DeliveryHeaders, body []byte) []ReceivedEvent {
	media, _, _ := mime.ParseMediaType(headers["content-type"])
	switch media {
	case "application/cloudevents-batch+json":
		return readBatch(body)
	case "application/cloudevents+json":
		var e cloudEvent
		if err := json.Unmarshal(body, &e); err != nil {
			return []ReceivedEvent{ReceivedEvent{}.refuse("BODY_INVALID", "The body is no CloudEvent in JSON: "+problemOf(err))}
		}
		return []ReceivedEvent{readCDEvent(e)}
	}
	e := cloudEvent{
		ID: attribute(headers["ce-id"]), Source: attribute(headers["ce-source"]), Type: headers["ce-type"], Time: headers["ce-time"], Data: body,
		binary: true,
	}
	if id := headers["webhook-id"]; id != "" {
		e.ID, e.Source = id, "" // what is signed has such an id, and nobody can send it again under another one
	}
	return []ReceivedEvent{readCDEvent(e)}
}

// attribute is an attribute of a CloudEvent from its header, where characters beyond ASCII are percent-encoded.
func attribute(header string) string {
	if plain, err := url.PathUnescape(header); err == nil {
		return plain
	}
	return header
}

func readBatch(body []byte) []ReceivedEvent {
	var batch []cloudEvent
	if err := json.Unmarshal(body, &batch); err != nil {
		return []ReceivedEvent{ReceivedEvent{}.refuse("BODY_INVALID", "The body is no list of CloudEvents: "+problemOf(err))}
	}
	if len(batch) == 0 || len(batch) > maxBatch {
		return []ReceivedEvent{ReceivedEvent{}.refuse("BATCH_SIZE", "A batch has 1 to 1000 events.")}
	}
	events := make([]ReceivedEvent, len(batch))
	for i, e := range batch {
		if events[i] = readCDEvent(e); events[i].ID == "" {
			events[i].ID = deliveryID("", e.Data) // what one event of many is known by is not the body of all
		}
	}
	return events
}

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
		ID      string `json:"id"`
		Content struct {
			Environment struct {
				ID string `json:"id"`
			} `json:"environment"`
			Service struct {
				ID string `json:"id"`
			} `json:"service"`
			ArtifactID string `json:"artifactId"`
		} `json:"content"`
	} `json:"subject"`
	CustomData json.RawMessage `json:"customData"`
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
	var d cdEvent
	if err == nil {
		err = json.Unmarshal(data, &d)
	}
	if err != nil {
		return e.refuse("BODY_INVALID", "The data is no event of CDEvents: "+problemOf(err))
	}
	id, source := cmp.Or(ce.ID, d.Context.ID), cmp.Or(ce.Source, d.Context.Source)
	if ce.binary {
		id, source = cmp.Or(d.Context.ID, ce.ID), cmp.Or(d.Context.Source, ce.Source)
	}
	e.ID, e.Type = joinID(source, id), cmp.Or(d.Context.Type, ce.Type)
	what, ok := strings.CutPrefix(e.Type, "dev.cdevents.")
	if !ok {
		return e.refuse("EVENT_UNKNOWN", "The type does not begin with dev.cdevents.; other events are not known here.")
	}
	subject, rest, _ := strings.Cut(what, ".")
	predicate, _, _ := strings.Cut(rest, ".")
	kind, ok := cdKinds[subject+"."+predicate]
	if !ok {
		return e.ignore("TYPE_NOT_COUNTED", "Events of this type change none of the delivery metrics.")
	}
	if id == "" {
		return e.refuse("ID_MISSING", "The event has no id, so that a repetition would not be known.")
	}
	at, err := time.Parse(time.RFC3339Nano, cmp.Or(d.Context.Timestamp, ce.Time))
	if err != nil {
		return e.refuse("TIME_INVALID", "The timestamp is not RFC 3339.")
	}
	return d.fact(e, kind, cmp.Or(d.Context.ID, id), at)
}

// fact is what the event says has happened.
func (d *cdEvent) fact(e ReceivedEvent, kind FactKind, id string, at time.Time) ReceivedEvent {
	var custom cdCustom
	if trimmed := bytes.TrimSpace(d.CustomData); len(trimmed) > 0 && trimmed[0] == '{' {
		if err := json.Unmarshal(trimmed, &custom); err != nil {
			return e.refuse("BODY_INVALID", "In customData "+problemOf(err))
		}
	}
	commitTime, err := optionalTime(custom.CommitTime)
	if err != nil {
		return e.refuse("TIME_INVALID", "customData.commitTime is not RFC 3339.")
	}
	f := DeliveryFact{
		Kind: kind, Key: id, Time: at, Environment: d.Subject.Content.Environment.ID, Chain: d.Context.ChainID,
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
			return e.refuse("ENVIRONMENT_MISSING", "The event does not say in subject.content.environment.id where it was deployed.")
		}
		f.Service = d.Subject.ID
		d.declare(&f, custom)
	default:
		if d.Subject.ID == "" {
			return e.refuse("INCIDENT_MISSING", "The event does not say in subject.id which incident it is.")
		}
		f.Key, f.Service = d.Subject.ID, d.Subject.Content.Service.ID
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

// data is the data of the event, whichever way it is written.
func (e cloudEvent) data() ([]byte, error) {
	if e.DataBase64 != "" {
		return base64.StdEncoding.DecodeString(e.DataBase64)
	}
	var text string
	if len(e.Data) > 0 && e.Data[0] == '"' && json.Unmarshal(e.Data, &text) == nil {
		return []byte(text), nil // JSON in a string: datacontenttype is not JSON to some senders
	}
	return e.Data, nil
}

// joinID is what makes a CloudEvent one and the same: its source and its id.
func joinID(source, id string) string {
	if id == "" {
		return ""
	}
	return strings.TrimSpace(source + " " + id)
}

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

// isHash tells whether a text is the whole hash of a commit.
func isHash(s string) bool {
	return (len(s) == 40 || len(s) == 64) && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
