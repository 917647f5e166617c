package eventlog

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const sourcePrefix = "/fortnight/"

// CloudEvent returns the event as structured CloudEvents 1.0 JSON: specversion, id, source "/fortnight/<service>", type,
// subject, time, datacontenttype, dataschema, traceparent, data, and the extensions sequence, epoch, team, actor,
// aggregatetype, aggregateid, aggregateversion, payloadhash and chain, all of them strings. Attributes without a value are
// left out.
func (r Record) CloudEvent() []byte {
	b := make([]byte, 0, 768+len(r.Data))
	b = append(b, `{"specversion":"1.0"`...)
	b = attribute(b, "id", r.ID)
	b = attribute(b, "source", sourcePrefix+r.Source)
	b = attribute(b, "type", r.Type)
	b = attribute(b, "subject", r.Subject)
	b = attribute(b, "time", r.Time.UTC().Format(time.RFC3339Nano))
	b = attribute(b, "datacontenttype", "application/json")
	b = attribute(b, "dataschema", "/schemas/"+r.Type+".json")
	b = attribute(b, "traceparent", r.Traceparent)
	b = attribute(b, "sequence", strconv.FormatInt(r.Seq, 10))
	b = attribute(b, "epoch", r.Epoch)
	b = attribute(b, "team", r.Team)
	b = attribute(b, "actor", r.Actor)
	b = attribute(b, "aggregatetype", r.AggregateType)
	b = attribute(b, "aggregateid", r.AggregateID)
	b = attribute(b, "aggregateversion", strconv.FormatInt(r.AggregateVersion, 10))
	b = attribute(b, "payloadhash", r.PayloadHash)
	b = attribute(b, "chain", r.Chain)
	b = append(b, `,"data":`...)
	if len(r.Data) == 0 {
		b = append(b, "null"...)
	}
	b = append(b, r.Data...)
	return append(b, '}')
}

// attribute appends a further member of the object, unless value is empty.
func attribute(b []byte, name, value string) []byte {
	if value == "" {
		return b
	}
	b = append(b, ',', '"')
	b = append(b, name...)
	b = append(b, '"', ':')
	if plain(value) {
		b = append(b, '"')
		b = append(b, value...)
		return append(b, '"')
	}
	quoted, err := json.Marshal(value)
	if err != nil {
		return append(b, `""`...) // a string always marshals
	}
	return append(b, quoted...)
}

// plain says whether s needs no escaping in JSON.
func plain(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < 0x20 || c > 0x7e || c == '"' || c == '\\' {
			return false
		}
	}
	return true
}

// ParseCloudEvent reads what CloudEvent writes. Anything else is InvalidArgument CLOUD_EVENT_INVALID. Attributes that it
// does not know are passed over.
func ParseCloudEvent(b []byte) (Record, error) {
	var e struct {
		SpecVersion      string          `json:"specversion"`
		ID               string          `json:"id"`
		Source           string          `json:"source"`
		Type             string          `json:"type"`
		Subject          string          `json:"subject"`
		Time             string          `json:"time"`
		Traceparent      string          `json:"traceparent"`
		Sequence         string          `json:"sequence"`
		Epoch            string          `json:"epoch"`
		Team             string          `json:"team"`
		Actor            string          `json:"actor"`
		AggregateType    string          `json:"aggregatetype"`
		AggregateID      string          `json:"aggregateid"`
		AggregateVersion string          `json:"aggregateversion"`
		PayloadHash      string          `json:"payloadhash"`
		Chain            string          `json:"chain"`
		Data             json.RawMessage `json:"data"`
	}
	if err := json.Unmarshal(b, &e); err != nil {
		return Record{}, notCloudEvent("it is not a JSON object of strings and data").Because(err)
	}
	if e.SpecVersion != "1.0" {
		return Record{}, notCloudEvent("specversion is not 1.0")
	}
	source, ok := strings.CutPrefix(e.Source, sourcePrefix)
	if !ok || source == "" {
		return Record{}, notCloudEvent("source does not name a service of Fortnight")
	}
	if e.ID == "" || e.Type == "" || e.Epoch == "" {
		return Record{}, notCloudEvent("id, type or epoch is missing")
	}
	seq, err := strconv.ParseInt(e.Sequence, 10, 64)
	if err != nil || seq < 1 {
		return Record{}, notCloudEvent("sequence is not a positive number")
	}
	version, err := strconv.ParseInt(e.AggregateVersion, 10, 64)
	if err != nil || version < 1 {
		return Record{}, notCloudEvent("aggregateversion is not a positive number")
	}
	at, err := time.Parse(time.RFC3339Nano, e.Time)
	at = at.UTC().Truncate(time.Microsecond)
	if err != nil || at.Year() < 1 || at.Year() > 9999 {
		return Record{}, notCloudEvent("time is not an RFC 3339 instant")
	}
	if len(e.Data) == 0 || e.Data[0] != '{' {
		return Record{}, notCloudEvent("data is not an object")
	}
	return Record{
		Seq: seq, Epoch: e.Epoch, Source: source, ID: e.ID, Type: e.Type, Team: e.Team, Subject: e.Subject, Actor: e.Actor,
		AggregateType: e.AggregateType, AggregateID: e.AggregateID, AggregateVersion: version,
		Time: at, Traceparent: e.Traceparent, Data: e.Data, PayloadHash: e.PayloadHash, Chain: e.Chain,
	}, nil
}

func notCloudEvent(why string) *fault.Error {
	return fault.New(fault.InvalidArgument, "CLOUD_EVENT_INVALID", "This is no event of Fortnight: %s.", why)
}
