package domain_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

func TestRefetchStaysVisible(t *testing.T) {
	r := inStage(domain.Vote)
	for i := range 60 {
		at := noon.Add(time.Duration(i+1) * time.Hour)
		events, err := r.Refetch(domain.FactsStrip{FetchTime: at, Missing: []string{"andons"}})
		if err != nil || !slices.Equal(events, []domain.Event{domain.FactsRefetched}) {
			t.Fatal(events, err)
		}
		if f := r.FactsStrip; !f.FetchTime.Equal(at) || len(f.EarlierFetchTimes) != min(i+1, 50) || !f.EarlierFetchTimes[0].Equal(noon) ||
			!f.EarlierFetchTimes[len(f.EarlierFetchTimes)-1].Equal(at.Add(-time.Hour)) || len(f.Experiments) != 0 || len(f.Missing) != 1 {
			t.Fatalf("after %d: %+v", i, f)
		}
	}
	_, err := inStage(domain.Closed).Refetch(domain.FactsStrip{})
	checkReason(t, err, "RETROSPECTIVE_CLOSED")
}

func TestEarlierActions(t *testing.T) {
	open := []*domain.Action{{Name: "a", State: domain.ActionStateOpen, Agreed: true}, {Name: "b", State: domain.ActionStateOpen, Agreed: true, Owner: "users/mina"}}
	last := []*domain.Action{
		{Name: "c", State: domain.ActionStateDone, Agreed: true, Text: "rota", ExpectedEffect: "less waiting", Effect: "WORKED", Result: "halved"},
		{Name: "b", State: domain.ActionStateOpen, Agreed: true},
		{Name: "d", State: domain.ActionStateProposed},
		{Name: "e", State: domain.ActionStateDropped, Agreed: true, Result: "no time"},
		{Name: "f", State: domain.ActionStateDropped, Result: "never agreed on"},
	}
	want := []domain.EarlierAction{
		{Action: "a", State: domain.ActionStateOpen},
		{Action: "b", State: domain.ActionStateOpen},
		{Action: "c", State: domain.ActionStateDone, Text: "rota", ExpectedEffect: "less waiting", Effect: "WORKED", Result: "halved"},
		{Action: "e", State: domain.ActionStateDropped, Result: "no time"},
	}
	if got := domain.EarlierActions(open, last); !slices.Equal(got, want) {
		t.Errorf("earlier actions %+v, want %+v", got, want)
	}
}

func TestSignalTexts(t *testing.T) {
	s := domain.ChartSignal{Day: "2026-03-04", Points: 8, Value: 41, MovingRange: 12.3456, Centre: 20.25, Upper: 38.2, Lower: 0.0001, UpperRange: 11}
	low := s
	low.Value = 0
	for _, test := range []struct {
		rule string
		s    domain.ChartSignal
		want string
	}{
		{"R1", s, "R1 on 2026-03-04: 41 is above the upper limit 38.2"},
		{"R1", low, "R1 on 2026-03-04: 0 is below the lower limit 0.0001"},
		{"R1_RANGE", s, "R1_RANGE on 2026-03-04: 41 is 12.346 away from the reading before, more than the limit 11"},
		{"R2", s, "R2 up to 2026-03-04: 8 readings in a row are above the centre line 20.25"},
		{"R2", low, "R2 up to 2026-03-04: 8 readings in a row are below the centre line 20.25"},
		{"R3", s, "R3 up to 2026-03-04: three of four readings are nearer to the upper limit 38.2 than to the centre line 20.25"},
		{"R9", s, "R9 up to 2026-03-04: 41"},
	} {
		test.s.Rule = test.rule
		if got := test.s.Text(); got != test.want {
			t.Errorf("%s: %q, want %q", test.rule, got, test.want)
		}
	}
	s.Rule = "R1"
	many := domain.SignalFacts("m", "Wait", slices.Repeat([]domain.ChartSignal{s}, 13))
	if len(many) != 11 || many[0].Text != "3 earlier signals; see the chart" || !strings.HasPrefix(many[1].Text, "R1 on") || many[10].DisplayName != "Wait" || many[10].Metric != "m" {
		t.Errorf("many: %v", many)
	}
	if few := domain.SignalFacts("m", "Wait", slices.Repeat([]domain.ChartSignal{s}, 10)); len(few) != 10 {
		t.Errorf("few: %v", few)
	}
}

// A part that cannot be fetched again stays as it was, and it is told from when it is.
func TestRefetchKeepsWhatIsMissing(t *testing.T) {
	andons := []domain.AndonFact{{Andon: "a", Problem: "the press stands still"}}
	r := inStage(domain.Collect)
	r.FactsStrip = domain.FactsStrip{FetchTime: noon, Andons: andons, Missing: []string{"signals: the experiment service did not answer"}}
	for i, want := range []string{
		"andons: the cycle service did not answer; what is shown was fetched on " + noon.UTC().Format(time.RFC3339),
		"andons: the cycle service did not answer; what is shown was fetched on " + noon.UTC().Format(time.RFC3339),
	} {
		_, err := r.Refetch(domain.FactsStrip{
			FetchTime: noon.Add(time.Duration(i+1) * time.Hour),
			Missing:   []string{"andons: the cycle service did not answer", "signals: the experiment service did not answer"},
		})
		if err != nil || !slices.Equal(r.FactsStrip.Andons, andons) ||
			!slices.Equal(r.FactsStrip.Missing, []string{want, "signals: the experiment service did not answer"}) {
			t.Errorf("after %d: %+v, %v", i+1, r.FactsStrip, err)
		}
	}
	if _, err := r.Refetch(domain.FactsStrip{FetchTime: noon.Add(9 * time.Hour)}); err != nil || r.FactsStrip.Andons != nil || len(r.FactsStrip.Missing) != 0 {
		t.Errorf("fetched whole: %+v, %v", r.FactsStrip, err)
	}
}
