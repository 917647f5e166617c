package live

import (
	"slices"
	"strings"
	"testing"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
)

func event(source string, sequence int64) step {
	return step{source, Point{"e", sequence}, &eventlogv1.WatchEventsResponse{Type: source, CloudEvent: "{}"}}
}

func place(source string, sequence int64) step { return step{source, Point{"e", sequence}, nil} }

// ids are the positions that the frames so far name, sequences by source.
func ids(t *testing.T, m *merger) []map[string]int64 {
	t.Helper()
	var found []map[string]int64
	for line := range strings.Lines(m.frames.String()) {
		id, ok := strings.CutPrefix(line, "id: ")
		if !ok {
			continue
		}
		position, err := ParsePosition(strings.TrimSpace(id))
		if err != nil {
			t.Fatal(err)
		}
		sequences := map[string]int64{}
		for source, point := range position {
			sequences[source] = point.Sequence
		}
		found = append(found, sequences)
	}
	return found
}

func TestMerging(t *testing.T) {
	sources := slices.Values([]string{"a", "b"})
	for _, test := range []struct {
		name  string
		asked request
		steps []step
		late  bool // the rest of the sources does not come
		want  []map[string]int64
	}{
		{
			"held until both have a place",
			request{},
			[]step{place("a", 3), event("a", 4), place("b", 7), event("b", 8)},
			false,
			[]map[string]int64{{"a": 4, "b": 7}, {"a": 4, "b": 8}},
		},
		{
			"an event is a place, too",
			request{},
			[]step{event("a", 4), event("b", 8)},
			false,
			[]map[string]int64{{"a": 4, "b": 7}, {"a": 4, "b": 8}},
		},
		{"still held", request{}, []step{event("a", 4)}, false, nil},
		{"not for ever", request{}, []step{event("a", 4)}, true, []map[string]int64{{"a": 4}}},
		{"from the start", request{start: true}, []step{event("a", 1)}, false, []map[string]int64{{"a": 1, "b": 0}}},
		{
			"from a place in both",
			request{from: Position{"a": {"e", 3}, "b": {"e", 7}}},
			[]step{event("b", 8)},
			false,
			[]map[string]int64{{"a": 3, "b": 8}},
		},
		{
			"from a place in one",
			request{from: Position{"a": {"e", 3}}},
			[]step{event("a", 4), place("b", 7)},
			false,
			[]map[string]int64{{"a": 4, "b": 7}},
		},
		{
			"a source that is gone is forgotten",
			request{from: Position{"a": {"e", 3}, "b": {"e", 7}, "old": {"e", 1}}},
			[]step{event("a", 4)},
			false,
			[]map[string]int64{{"a": 4, "b": 7}},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			m := newMerger(sources, test.asked)
			for _, s := range test.steps {
				m.take(s)
			}
			if test.late {
				m.release()
			}
			got := ids(t, m)
			if len(got) != len(test.want) {
				t.Fatalf("got %v, want %v", got, test.want)
			}
			for i := range got {
				if len(got[i]) != len(test.want[i]) || got[i]["a"] != test.want[i]["a"] || got[i]["b"] != test.want[i]["b"] {
					t.Errorf("frame %d names %v, want %v", i, got[i], test.want[i])
				}
			}
		})
	}
}

func TestWhatIsHeldIsBounded(t *testing.T) {
	m := newMerger(slices.Values([]string{"a", "b"}), request{})
	for i := range int64(10 * maxHeld) {
		m.take(event("a", i+1))
		if len(m.held) > maxHeld {
			t.Fatalf("%d steps are held", len(m.held))
		}
	}
	if len(ids(t, m)) == 0 {
		t.Error("nothing was written")
	}
}
