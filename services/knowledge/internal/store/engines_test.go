package store_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// epsilon is how much two scores may differ, relative to each other, and still be the same: both engines compute the same formula, one
// in C and one in Go, and the last bits of a float are all that may differ. Results whose scores differ by more are in the same order.
const epsilon = 1e-9

// both is one base on both engines, with one clock.
func both(t *testing.T) (lite, pg *eventlog.Log) {
	t.Helper()
	var logs [2]*eventlog.Log
	for i, engine := range []db.Engine{db.SQLite, db.Postgres} {
		clock := eventlog.WithClock(func() time.Time { return monday.AddDate(1, 0, 0) })
		l, err := eventlog.Open(t.Context(), dbtest.Open(t, engine, tables), "knowledge", nil, clock)
		if err != nil {
			t.Fatal(err)
		}
		names := fill(t, l, judgedCorpus(t)...)
		grade(t, l, names["wip-limit"], domain.Grade{Level: domain.Replicated, Replications: 3})
		grade(t, l, names["review-small"], domain.Grade{Level: domain.Contested})
		grade(t, l, names["deploy-daily"], domain.Grade{Level: domain.Observed})
		err = l.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := store.Change(tx, names["test-flaky"], "", func(x *domain.Learning, _ time.Time) ([]domain.Event, error) {
				return x.Retire("It came back, and nobody looked.")
			})
			if err != nil {
				return err
			}
			_, err = store.Change(tx, names["test-retry"], "", func(x *domain.Learning, at time.Time) ([]domain.Event, error) {
				return x.Distil(domain.Distillate{Claim: "Repeating red tests hides races.", Situation: "The build tried three times."}, at), nil
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		logs[i] = l
	}
	return logs[0], logs[1]
}

func TestBothEnginesAnswerAlike(t *testing.T) {
	lite, pg := both(t)
	var texts []string
	for _, q := range lines(t, "queries.txt") {
		texts = append(texts, q[0])
	}
	texts = append(texts, hostile...)
	texts = append(texts, `"work in progress"`, `"in progress" limit`, `wip "red card"`, "re", "te", "a", "the of", "on-call",
		"tests test te", "half of")
	for _, text := range texts {
		for _, filter := range []store.Filter{
			{},
			{Team: "search"},
			{Tags: []string{"flow"}},
			{Grades: []domain.GradeLevel{domain.Anecdote}},
			{PublishedAfter: monday.Add(50 * time.Hour)},
			{PublishedBefore: monday.Add(50 * time.Hour), Verdicts: []string{"AS_PREDICTED"}},
			{Refuted: true},
		} {
			q := store.SearchQuery{Text: text, Filter: filter, Facets: true, PageSize: 100}
			alike(t, fmt.Sprintf("%q in %+v", text, filter), search(t, lite, q), search(t, pg, q))
		}
		near := [2][]store.Near{}
		for i, l := range []*eventlog.Log{lite, pg} {
			var err error
			if near[i], err = store.Nearest(t.Context(), l, store.NearestQuery{Text: text + " waiting for reviews and tests"}); err != nil {
				t.Fatal(err)
			}
		}
		if len(near[0]) != len(near[1]) {
			t.Errorf("near to %q are %d and %d", text, len(near[0]), len(near[1]))
			continue
		}
		for i, a := range near[0] {
			b := near[1][i]
			otherWords := a.Learning.Value.Name == b.Learning.Value.Name && strings.Join(a.Matched, " ") != strings.Join(b.Matched, " ")
			if !same(a.Score, b.Score) || !same(a.Coverage, b.Coverage) || otherWords {
				t.Errorf("near to %q: %d: %v %v %v and %v %v %v", text, i, a.Score, a.Coverage, a.Matched, b.Score, b.Coverage, b.Matched)
			}
		}
	}
}

func same(a, b float64) bool { return math.Abs(a-b) <= epsilon*max(math.Abs(a), math.Abs(b), epsilon) }

func alike(t *testing.T, what string, a, b store.Findings) {
	t.Helper()
	if len(a.Findings) != len(b.Findings) || a.Capped != b.Capped || (a.Next == "") != (b.Next == "") ||
		fmt.Sprint(a.Corrections) != fmt.Sprint(b.Corrections) || fmt.Sprint(a.Facets) != fmt.Sprint(b.Facets) {
		t.Errorf("%s: %d %v %v %v\nand %d %v %v %v", what,
			len(a.Findings), a.Capped, a.Corrections, a.Facets, len(b.Findings), b.Capped, b.Corrections, b.Facets)
		return
	}
	for i, f := range a.Findings {
		g := b.Findings[i]
		if !same(f.Parts.Score(), g.Parts.Score()) || !same(f.Parts.Text, g.Parts.Text) {
			t.Errorf("%s: place %d scores %+v and %+v", what, i, f.Parts, g.Parts)
			return
		}
		if f.Learning.Value.Name == g.Learning.Value.Name {
			if f.Snippet != g.Snippet {
				t.Errorf("%s: place %d shows %q and %q", what, i, f.Snippet, g.Snippet)
			}
			continue
		}
		// Another learning may only stand there when the scores around it are the same.
		tied := i > 0 && same(f.Parts.Score(), a.Findings[i-1].Parts.Score()) ||
			i+1 < len(a.Findings) && same(f.Parts.Score(), a.Findings[i+1].Parts.Score())
		if !tied {
			t.Errorf("%s: place %d is %s and %s", what, i, f.Learning.Value.Name, g.Learning.Value.Name)
		}
	}
}
