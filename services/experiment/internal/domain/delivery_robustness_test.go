package domain

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// aDelivery is something that is sent.
type aDelivery struct{ body, media, event string }

// realShapes are deliveries as senders write them, and what they may make of them.
func realShapes(t testing.TB) (list []aDelivery) {
	t.Helper()
	for _, line := range strings.Split(strings.TrimSpace(string(payload(t, "cdevents.ndjson"))), "\n") {
		structured := `{"specversion":"1.0","id":"1","source":"/ci","type":"x","time":"2026-05-20T15:00:00Z","data":` + line + `}`
		list = append(list, aDelivery{line, "application/json", ""}, aDelivery{structured, "application/cloudevents+json", ""},
			aDelivery{"[" + structured + "]", "application/cloudevents-batch+json", ""})
	}
	for name, event := range map[string]string{
		"github_deployment_status.json": "deployment_status", "github_push.json": "push", "github_ping.json": "ping",
		"gitlab_deployment.json": "Deployment Hook", "gitlab_push.json": "Push Hook",
	} {
		list = append(list, aDelivery{string(payload(t, name)), "application/json", event})
	}
	for _, body := range []string{
		`{"event":"deployed","time":"2026-05-20T15:00:00+02:00","environment":"production","service":"checkout","deployment":"41","commit":"9f2c1e7","commit_time":"2026-05-20T10:00:00Z","unplanned":true}`,
		`{"event":"rolledback","time":"2026-05-20T15:00:00Z","environment":"production","deployment":"41"}`,
		`{"event":"incident_opened","time":"2026-05-20T15:00:00Z","environment":"production","incident":"INC-7","deployment":"41"}`,
		`{"event":"incident_resolved","time":"2026-05-20T16:00:00Z","incident":"INC-7"}`,
	} {
		list = append(list, aDelivery{body, "application/json", ""})
	}
	return list
}

// checkAll reads a delivery as each format, and checks that what comes of it can be kept and shown.
func checkAll(t *testing.T, d aDelivery) (accepted int) {
	t.Helper()
	headers := DeliveryHeaders{"content-type": d.media, "x-github-event": d.event, "webhook-id": d.event, "ce-id": d.event}
	for _, format := range []DeliveryFormat{CDEventsFormat, GitHubFormat, GitLabFormat, PlainFormat} {
		events := deliverySource(format).ReadDelivery(headers, []byte(d.body), received)
		if len(events) == 0 {
			t.Fatal("no events")
		}
		var facts []DeliveryFact
		for _, e := range events {
			checkReadEvent(t, e)
			facts = append(facts, e.Facts...)
			if e.Outcome == DeliveryAccepted {
				accepted++
			}
		}
		h := NewDeliveryHistory(facts, nil)
		for _, f := range facts {
			if reason, text := h.Remark(f, format); (reason == "") != (text == "") || text != shownText(text) {
				t.Fatalf("%s: %q", reason, text)
			}
		}
		for _, k := range DeliveryMetrics {
			report := NewReport(List)
			list := h.Readings(k, received)
			if CheckMeasurements(list, received, report); report.Count > 0 {
				t.Fatalf("%s: %v of %v", k, report.Problems, list)
			}
			for _, m := range list {
				if m.Value < 0 {
					t.Fatalf("%s: %v", k, m)
				}
			}
		}
	}
	return accepted
}

func checkReadEvent(t *testing.T, e ReceivedEvent) {
	t.Helper()
	accepted := e.Outcome == DeliveryAccepted
	if e.ID == "" || e.Digest == "" || e.Outcome == "" || accepted != (len(e.Facts) > 0) || (e.Reason == "") != (e.Text == "") || !accepted && e.Reason == "" {
		t.Fatalf("%+v", e)
	}
	if e.Field != "" && e.Outcome != DeliveryRefused {
		t.Fatalf("a field of what is not refused: %+v", e)
	}
	for _, word := range []string{"json:", "Go value", "unmarshal", "parsing time", "%!"} {
		if strings.Contains(e.Text, word) {
			t.Fatalf("not for people: %s", e.Text)
		}
	}
	texts := []string{e.ID, e.Type, e.Text, e.Field}
	for _, f := range e.Facts {
		texts = append(append(texts, f.Key, f.Scope, f.Service, f.Environment, f.Tier, f.Commit, f.Chain, f.AboutBy), f.About...)
		if f.Key == "" || f.Time.IsZero() || f.Time.Year() < 1970 {
			t.Fatalf("%+v", f)
		}
	}
	for _, text := range texts {
		if text != shownText(text) || len(text) > 4000 {
			t.Fatalf("%q cannot be kept", text)
		}
	}
}

// Whatever is sent, nothing crashes, and whatever is taken can be kept.
func FuzzDelivery(f *testing.F) {
	for _, d := range realShapes(f) {
		f.Add(d.body, d.media, d.event)
	}
	for _, d := range []aDelivery{
		{`{"event":"deployed","time":"2026-05-20T15:00:00+02:00","environment":"production","commit_time":"0000-01-01T00:00:00Z"}`, "", "push"},
		{`[{"id":"1","source":"","data":{"context":{"type":"dev.cdevents.incident.detected.1"}}}]`, "application/cloudevents-batch+json", ""},
		{`payload=%7B%22commits%22:[]%7D`, "application/x-www-form-urlencoded", "push"},
		{`null`, "", ""},
		{`[1]`, "", "push"},
		{`[null]`, "application/cloudevents-batch+json", ""},
		{`{} ]`, "", ""},
		{``, "", ""},
		{`{"event":null,"time":null,"environment":null,"unplanned":null}`, "", ""},
		{`{"event":"deployed","time":1747746000,"environment":["production"],"unplanned":"true","deployment":41}`, "", ""},
		{`{"deployment_status":{"state":"success","environment":null,"created_at":"2026-05-20T10:00:00Z"},"deployment":{"id":"7","sha":null,"payload":"text"}}`, "", "deployment_status"},
		{`{"deployment_status":[],"deployment":{"id":1e400}}`, "", "deployment_status"},
		{`{"commits":[null,{"id":null,"timestamp":null},{"id":7,"timestamp":7},[]]}`, "", "push"},
		{`{"object_kind":"deployment","status":"success","status_changed_at":"2026-05-20 10:00:00 +0200","deployment_id":"15","environment":"production","project":null}`, "", ""},
		{`{"object_kind":"deployment","status":"success","status_changed_at":1747746000,"deployment_id":-0.5}`, "", ""},
		{`{"context":null,"subject":{"content":[]},"customData":[1]}`, "", ""},
		{`{"context":{"id":"1","type":"dev.cdevents.service.deployed.0.3.0","timestamp":"2026-05-20T15:00:00Z","links":[null]},"subject":{"id":"checkout","content":{"environment":{"id":"production"}}},"customData":{"commitTime":null,"unplanned":null}}`, "", ""},
		{`{"specversion":"1.0","id":"1","data_base64":"%"}`, "application/cloudevents+json", ""},
	} {
		f.Add(d.body, d.media, d.event)
	}
	f.Fuzz(func(t *testing.T, body, media, event string) { checkAll(t, aDelivery{body, media, event}) })
}

// What senders get wrong: members that are null, lists, objects, numbers as texts and texts as numbers, missing, renamed, or much too long.
func TestMutatedDeliveries(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 11))
	var bodies []any
	shapes := realShapes(t)
	for _, d := range shapes {
		var body any
		if err := json.Unmarshal([]byte(d.body), &body); err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
	}
	const rounds = 60
	accepted, tried := 0, 0
	for i, d := range shapes {
		for range rounds {
			mutant := bodies[i]
			for range 1 + r.IntN(3) {
				mutant = mutated(r, mutant)
			}
			text, err := json.Marshal(mutant)
			if err != nil {
				t.Fatal(err)
			}
			if r.IntN(10) == 0 {
				text = text[:r.IntN(len(text)+1)]
			}
			if r.IntN(20) == 0 {
				text = append(text, "]} 1,x"[r.IntN(6)])
			}
			d.body = string(text)
			accepted += checkAll(t, d)
			tried++
		}
	}
	if accepted == 0 || accepted == tried {
		t.Errorf("%d of %d mutants were taken: nothing was tried", accepted, tried)
	}
}

// mutated is a copy of a JSON value with one part changed; nothing is changed in value itself.
func mutated(r *rand.Rand, value any) any {
	switch value := value.(type) {
	case map[string]any:
		if len(value) == 0 || r.IntN(12) == 0 {
			return mutant(r, value)
		}
		changed := maps.Clone(value)
		name := slices.Sorted(maps.Keys(value))[r.IntN(len(value))]
		switch r.IntN(12) {
		case 0:
			delete(changed, name)
		case 1:
			delete(changed, name)
			changed[strings.ToUpper(name)] = value[name]
		case 2:
			changed[name+"_"] = value[name]
		default:
			changed[name] = mutated(r, value[name])
		}
		return changed
	case []any:
		if len(value) == 0 || r.IntN(6) == 0 {
			return mutant(r, value)
		}
		changed := slices.Clone(value)
		i := r.IntN(len(value))
		changed[i] = mutated(r, value[i])
		return changed
	}
	return mutant(r, value)
}

// mutant is something else in place of a value.
func mutant(r *rand.Rand, value any) any {
	switch r.IntN(14) {
	case 0:
		return nil
	case 1:
		return []any{value}
	case 2:
		return map[string]any{"id": value}
	case 3:
		return clip(fmt.Sprint(value), 300)
	case 4:
		return r.IntN(2) == 0
	case 5:
		return json.Number([]string{"0", "-1", "1e400", "41", "1747746000", "0.1", "99999999999999999999"}[r.IntN(7)])
	case 6:
		return ""
	case 7:
		return strings.Repeat(clip(fmt.Sprint(value), 20), 300)
	case 8:
		return "\u0000\u202e\n" + clip(fmt.Sprint(value), 300)
	case 9:
		return []any{}
	case 10:
		return []string{"0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z", "1969-12-31T23:59:59Z", "2026-05-20", "2026-13-41T00:00:00Z", "2026-05-20T10:00:00-23:59"}[r.IntN(6)]
	case 11:
		return "   "
	case 12:
		return json.Number("7")
	}
	return "7"
}
