package main

import (
	"io"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// chained numbers events and gives them the hashes that they would have.
func chained(events ...event) []event {
	chain := ""
	for i := range events {
		e := &events[i]
		e.Seq, e.ID, e.Salt, e.Payload = int64(i)+1, "id-"+string(rune('a'+i)), "salt", []byte("{}")
		e.PayloadHash = eventlog.PayloadHash(e.Salt, e.Payload)
		e.Chain = eventlog.NextChain(chain, e.ID, e.PayloadHash)
		chain = e.Chain
	}
	return events
}

func happened(name, aggregate string, version int64) event {
	return event{Type: "fortnight.cycle.v1." + name, Aggregate: aggregate, Version: version}
}

func acked(kind, name, etag string) *write {
	return &write{ID: kind + " " + name + " " + etag, Kind: kind, Name: name, Status: 200, Answer: map[string]any{"etag": `"epoch-` + etag + `"`}}
}

// good is a run without a fault: two obstacles, of which one was made current and parked again, a metric with an import, and
// a consumer that is level.
func good() (map[string]*state, []*write) {
	cycle := &state{
		service: "cycle", epoch: "e", versions: map[string]int64{"o1": 3, "o2": 2},
		events: chained(
			happened("ObstacleParked", "o1", 1), happened("ObstacleMadeCurrent", "o1", 2),
			happened("ObstacleParked", "o2", 1), happened("ObstacleParked", "o1", 3), happened("ObstacleMadeCurrent", "o2", 2),
		),
	}
	experiment := &state{
		service: "experiment", epoch: "f", versions: map[string]int64{"m": 2},
		events: chained(happened("MetricCreated", "m", 1), happened("MeasurementsRecorded", "m", 2)),
	}
	knowledge := &state{
		service: "knowledge", epoch: "h", versions: map[string]int64{"teams/a/offers/l": 1, "teams/b/offers/l": 2},
		events: chained(happened("OfferMade", "teams/a/offers/l", 1), happened("OfferMade", "teams/b/offers/l", 1), happened("OfferOpened", "teams/b/offers/l", 2)),
		offers: map[string]bool{"teams/a/offers/l": true, "teams/b/offers/l": true},
	}
	report := &state{service: "report", epoch: "g", cursors: map[string]head{"cycle": {Epoch: "e", Seq: 5}}, projection: map[string][]string{"report_cycles": {"a", "b"}}}
	writes := []*write{
		acked("obstacle", "o1", "1"), acked("makeCurrent", "o1", "2"), acked("obstacle", "o2", "1"), acked("makeCurrent", "o2", "2"),
		acked("metric", "m", "1"),
		{ID: "import", Kind: "import", Name: "m", Status: 200},
	}
	return map[string]*state{"cycle": cycle, "experiment": experiment, "knowledge": knowledge, "report": report}, writes
}

// The checker finds each of these, and finds nothing in a good run.
func TestCheckerFindsWhatIsWrong(t *testing.T) {
	tests := []struct {
		name, check string
		spoil       func(states map[string]*state, writes *[]*write)
	}{
		{"nothing", "", func(map[string]*state, *[]*write) {}},
		{"a lost event", "acknowledged", func(s map[string]*state, _ *[]*write) { s["cycle"].events = s["cycle"].events[:4] }},
		{"a hole", "logs", func(s map[string]*state, _ *[]*write) {
			s["cycle"].events = append(s["cycle"].events[:2:2], s["cycle"].events[3:]...)
		}},
		{"a changed payload", "logs", func(s map[string]*state, _ *[]*write) { s["cycle"].events[1].Payload = []byte("[]") }},
		{"a changed chain", "logs", func(s map[string]*state, _ *[]*write) { s["cycle"].events[1].ID = "other" }},
		{"state without its event", "state and log", func(s map[string]*state, _ *[]*write) { s["cycle"].versions["o2"]++ }},
		{"an event without its state", "state and log", func(s map[string]*state, _ *[]*write) { delete(s["cycle"].versions, "o2") }},
		{"a write that is not there", "acknowledged", func(_ map[string]*state, w *[]*write) { *w = append(*w, acked("obstacle", "o3", "1")) }},
		{"an import that is not there", "acknowledged", func(_ map[string]*state, w *[]*write) {
			*w = append(*w, &write{ID: "again", Kind: "import", Name: "m", Status: 200})
		}},
		{"an effect that was had twice", "doubled", func(_ map[string]*state, w *[]*write) { *w = (*w)[:3] }},
		{"an import that was had twice", "doubled", func(_ map[string]*state, w *[]*write) { *w = (*w)[:5] }},
		{"one effect for two writes", "doubled", func(_ map[string]*state, w *[]*write) {
			twin := *(*w)[1]
			twin.ID = "twin"
			*w = append(*w, &twin)
		}},
		{"an unknown kind", "harness", func(_ map[string]*state, w *[]*write) { *w = append(*w, acked("dance", "d", "1")) }},
		{"a consumer behind", "cursors", func(s map[string]*state, _ *[]*write) { s["report"].cursors["cycle"] = head{Epoch: "e", Seq: 4} }},
		{"a consumer of another epoch", "cursors", func(s map[string]*state, _ *[]*write) { s["report"].cursors["cycle"] = head{Epoch: "x", Seq: 5} }},
		{"an event put aside", "quarantine", func(s map[string]*state, _ *[]*write) { s["report"].quarantined = []string{"event 3"} }},
		{"a damaged file", "integrity", func(s map[string]*state, _ *[]*write) { s["report"].damage = []string{"row 3 missing"} }},
		{"a projection that lacks a row", "projections", func(s map[string]*state, _ *[]*write) { s["report"].projection["report_cycles"] = []string{"a"} }},
		{"a projection that has a row twice", "projections", func(s map[string]*state, _ *[]*write) {
			s["report"].projection["report_cycles"] = []string{"a", "b", "b"}
		}},
		{"a projection with a further table", "projections", func(s map[string]*state, _ *[]*write) {
			s["report"].projection["report_teams"] = []string{"a"}
		}},
		{"an offer that was made twice", "offers", func(s map[string]*state, _ *[]*write) {
			s["knowledge"].events = chained(append(s["knowledge"].events, happened("OfferMade", "teams/a/offers/l", 2))...)
			s["knowledge"].versions["teams/a/offers/l"] = 2
		}},
		{"an offer that was lost", "offers", func(s map[string]*state, _ *[]*write) {
			s["knowledge"].events = s["knowledge"].events[:1]
			delete(s["knowledge"].versions, "teams/b/offers/l")
			delete(s["knowledge"].offers, "teams/b/offers/l")
		}},
		{"an offer that only the log knows", "offers", func(s map[string]*state, _ *[]*write) { delete(s["knowledge"].offers, "teams/b/offers/l") }},
		{"an offer without a reason", "offers", func(s map[string]*state, _ *[]*write) {
			s["knowledge"].events = chained(append(s["knowledge"].events, happened("OfferMade", "teams/c/offers/l", 1))...)
			s["knowledge"].versions["teams/c/offers/l"], s["knowledge"].offers["teams/c/offers/l"] = 1, true
		}},
	}
	whole := consumes
	consumes = map[string][]string{"report": {"cycle"}}
	t.Cleanup(func() { consumes = whole })
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			states, writes := good()
			offers := &state{offers: map[string]bool{"teams/a/offers/l": true, "teams/b/offers/l": true}}
			fresh := map[string]*state{"report": {projection: map[string][]string{"report_cycles": {"b", "a"}}}}
			test.spoil(states, &writes)
			f := newFindings(io.Discard)
			checkStorage(states, f)
			checkCursors(states, f)
			checkEvents(states, writes, f)
			checkProjections(states, fresh, f)
			checkOffers(states["knowledge"], offers, f)
			if test.check == "" && f.total() > 0 || test.check != "" && f.of(test.check) == 0 {
				t.Errorf("found %v, want %q", f.counts, test.check)
			}
		})
	}
}

// A write whose outcome nobody knows may have had its effect, and may not.
func TestUnknownWritesMayBeEither(t *testing.T) {
	for name, effect := range map[string]bool{"with effect": true, "without": false} {
		states, writes := good()
		writes = append(writes, &write{ID: "lost", Kind: "makeCurrent", Name: "o1"})
		if effect {
			s := states["cycle"]
			s.events = chained(append(s.events, happened("ObstacleMadeCurrent", "o1", 4))...)
			s.versions["o1"] = 4
		}
		f := newFindings(io.Discard)
		checkStorage(states, f)
		checkEvents(states, writes, f)
		if f.total() > 0 {
			t.Errorf("%s: found %v", name, f.counts)
		}
	}
}

func TestSubset(t *testing.T) {
	got := map[string]any{"name": "n", "value": 3.0, "inner": map[string]any{"a": "b", "c": "d"}}
	tests := []struct {
		name string
		sent any
		want bool
	}{
		{"a part", map[string]any{"inner": map[string]any{"a": "b"}}, true},
		{"numbers", map[string]any{"value": 3}, true},
		{"false is left out", map[string]any{"flag": false}, true},
		{"another value", map[string]any{"inner": map[string]any{"a": "x"}}, false},
		{"a field that is missing", map[string]any{"other": "x"}, false},
		{"an object that is missing", map[string]any{"outer": map[string]any{"a": "b"}}, false},
	}
	for _, test := range tests {
		if subset(test.sent, got) != test.want {
			t.Errorf("%s: want %v", test.name, test.want)
		}
	}
}

func TestDefinite(t *testing.T) {
	for status, want := range map[int]bool{200: true, 400: true, 404: true, 409: true, 422: true, 408: false, 429: false, 500: false, 503: false, 504: false} {
		if got := (answer{status: status}).definite(); got != want {
			t.Errorf("%d: %v", status, got)
		}
	}
}

// All violations are counted, and only the first ones shown.
func TestFindingsCountAllAndShowSome(t *testing.T) {
	var out strings.Builder
	f := newFindings(&out)
	for range maxShown + 5 {
		f.add("logs", "a hole")
	}
	if f.of("logs") != maxShown+5 || strings.Count(out.String(), "a hole") != maxShown {
		t.Errorf("%d counted, shown:\n%s", f.of("logs"), out.String())
	}
}
