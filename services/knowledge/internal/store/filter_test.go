package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

func TestFilters(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		names := fill(t, l,
			told{id: "a", team: "payments", claim: "Alpha one.", tags: []string{"flow", "x-y"}, at: monday},
			told{id: "b", team: "search", claim: "Alpha two.", tags: []string{"flow"}, verdict: "NOT_AS_PREDICTED", at: monday.Add(time.Hour)},
			told{id: "c", team: "search", claim: "Alpha three.", tags: []string{"x"}, verdict: "CANNOT_TELL", at: monday.Add(2 * time.Hour)},
		)
		grade(t, l, names["c"], domain.Grade{Level: domain.Contested})
		for _, c := range []struct {
			name   string
			filter store.Filter
			want   string
		}{
			{"none", store.Filter{}, "a b c"},
			{"a team", store.Filter{Team: "search"}, "b c"},
			{"a tag", store.Filter{Tags: []string{"flow"}}, "a b"},
			{"a tag is whole", store.Filter{Tags: []string{"x"}}, "c"},
			{"all tags", store.Filter{Tags: []string{"flow", "x-y"}}, "a"},
			{"a tag of a team", store.Filter{Team: "search", Tags: []string{"flow"}}, "b"},
			{"a verdict", store.Filter{Verdicts: []string{"NOT_AS_PREDICTED"}}, "b"},
			{"any of the verdicts", store.Filter{Verdicts: []string{"NOT_AS_PREDICTED", "CANNOT_TELL"}}, "b c"},
			{"a grade", store.Filter{Grades: []domain.GradeLevel{domain.Contested}}, "c"},
			{"no such grade", store.Filter{Grades: []domain.GradeLevel{domain.Replicated}}, ""},
			{"refuted", store.Filter{Refuted: true}, "b c"},
			{"from then on", store.Filter{PublishedAfter: monday.Add(time.Hour)}, "b c"},
			{"a moment later", store.Filter{PublishedAfter: monday.Add(time.Hour + 1)}, "c"},
			{"before then", store.Filter{PublishedBefore: monday.Add(time.Hour)}, "a"},
			{"a moment later before then", store.Filter{PublishedBefore: monday.Add(time.Hour + 1)}, "a b"},
			{"between", store.Filter{PublishedAfter: monday.Add(1), PublishedBefore: monday.Add(2 * time.Hour)}, "b"},
			{"everything", store.Filter{
				Team: "search", Tags: []string{"x"}, Verdicts: []string{"CANNOT_TELL"}, Grades: []domain.GradeLevel{domain.Contested},
				Refuted: true, PublishedAfter: monday,
			}, "c"},
		} {
			found := search(t, l, store.SearchQuery{Text: "alpha", Filter: c.filter})
			got := strings.Fields(foundIDs(found))
			slices.Sort(got)
			if strings.Join(got, " ") != c.want {
				t.Errorf("%s: %q, want %q", c.name, got, c.want)
			}
		}
	})
}

func TestFacets(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		names := fill(t, l,
			told{id: "a", team: "payments", claim: "Alpha one.", tags: []string{"flow", "zebra"}},
			told{id: "b", team: "search", claim: "Alpha two.", tags: []string{"zebra"}, verdict: "NOT_AS_PREDICTED"},
			told{id: "c", team: "search", claim: "Alpha three.", tags: []string{"apple"}},
			told{id: "d", team: "search", claim: "Beta."},
		)
		grade(t, l, names["c"], domain.Grade{Level: domain.Observed})
		q := store.SearchQuery{Text: "alpha", PageSize: 1}
		if found := search(t, l, q); found.Facets != nil {
			t.Errorf("nobody asked for %v", found.Facets)
		}
		q.Facets = true
		got := fmt.Sprint(search(t, l, q).Facets)
		want := "[{tag [{zebra 2} {apple 1} {flow 1}]} {grade [{ANECDOTE 2} {OBSERVED 1}]} {verdict [{AS_PREDICTED 2} {NOT_AS_PREDICTED 1}]}" +
			" {team [{teams/payments 1} {teams/search 2}]}]"
		if got != want {
			t.Errorf("facets %s\nwant %s", got, want)
		}
		q.Filter.Team = "payments"
		if got := fmt.Sprint(search(t, l, q).Facets[3]); got != "{team [{teams/payments 1}]}" {
			t.Errorf("in a team %s", got)
		}
	})
}

func TestEvidenceAndFreshnessBendTheOrder(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		names := fill(t, l,
			told{id: "plain", claim: "Alpha helps a lot."}, told{id: "replicated", claim: "Alpha helps a lot."},
			told{id: "contested", claim: "Alpha helps a lot."},
			told{id: "old", claim: "Alpha helps a lot.", at: monday.AddDate(-9, 0, 0)}, told{id: "happened", claim: "Beta.", happened: "Alpha helps a lot."},
			told{id: "x", claim: "Gamma."}, told{id: "y", claim: "Gamma."}, told{id: "z", claim: "Gamma."},
			told{id: "u", claim: "Gamma."}, told{id: "v", claim: "Gamma."}, told{id: "w", claim: "Gamma."},
		)
		grade(t, l, names["replicated"], domain.Grade{Level: domain.Replicated, Replications: 2})
		grade(t, l, names["contested"], domain.Grade{Level: domain.Contested})
		grade(t, l, names["happened"], domain.Grade{Level: domain.Observed})
		found := search(t, l, store.SearchQuery{Text: "alpha"})
		if got := foundIDs(found); got != "replicated plain contested old happened" && got != "replicated plain old contested happened" {
			t.Errorf("in the order %q", got)
		}
		for i, f := range found.Findings {
			p := f.Parts
			if p.Text <= 0 || p.Evidence < 0.8 || p.Freshness < 0.5 || p.Freshness > 1 || i > 0 && p.Score() > found.Findings[i-1].Parts.Score() {
				t.Errorf("%d: %+v", i, p)
			}
		}
		// A grade that falls again is seen at once.
		grade(t, l, names["replicated"], domain.Grade{Level: domain.Contested})
		if got := foundIDs(search(t, l, store.SearchQuery{Text: "alpha"})); !strings.HasPrefix(got, "plain ") {
			t.Errorf("after a change of the grade: %q", got)
		}
	})
}
