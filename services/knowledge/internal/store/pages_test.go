package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

func TestSearchesArePaged(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		var all []told
		for i := range 25 {
			all = append(all, told{id: fmt.Sprintf("e%02d", i), claim: "Identical words.", team: fmt.Sprint("team", i%2)})
		}
		fill(t, l, all...)
		q := store.SearchQuery{Text: "identical", PageSize: 10, Principal: "users/mina"}
		seen := map[string]bool{}
		for pages := 0; ; pages++ {
			found := search(t, l, q)
			for _, f := range found.Findings {
				seen[f.Learning.Value.Name] = true
			}
			if found.Next == "" {
				if len(seen) != 25 || pages != 2 {
					t.Errorf("%d learnings in %d pages", len(seen), pages+1)
				}
				break
			}
			q.PageToken = found.Next
		}
		for name, change := range map[string]func(*store.SearchQuery){
			"caller": func(q *store.SearchQuery) { q.Principal = "users/jo" },
			"text":   func(q *store.SearchQuery) { q.Text = "words" },
			"team":   func(q *store.SearchQuery) { q.Filter.Team = "team1" },
			"tag":    func(q *store.SearchQuery) { q.Filter.Tags = []string{"flow"} },
			"grade":  func(q *store.SearchQuery) { q.Filter.Grades = []domain.GradeLevel{domain.Observed} },
			"time":   func(q *store.SearchQuery) { q.Filter.PublishedAfter = monday },
			"token":  func(q *store.SearchQuery) { q.PageToken += "A" },
		} {
			other := q
			change(&other)
			if _, err := store.Search(t.Context(), l, other); fault.From(err).Reason != "PAGE_TOKEN_INVALID" {
				t.Errorf("a token for another %s: %v", name, err)
			}
		}
		if n := len(search(t, l, store.SearchQuery{Text: "identical"}).Findings); n != 20 {
			t.Errorf("a page has %d without a wish", n)
		}
		if n := len(search(t, l, store.SearchQuery{Text: "identical", PageSize: 1 << 30, Filter: store.Filter{Team: "team1"}}).Findings); n != 12 {
			t.Errorf("%d learnings of a team", n)
		}
		if _, err := store.Search(t.Context(), l, store.SearchQuery{Text: "identical", PageSize: -1}); fault.From(err).Reason != "PAGE_SIZE_INVALID" {
			t.Errorf("a negative page: %v", err)
		}
	})
}

// Pages are in one order, also where the order by the whole score ends.
func TestPagesHoldEverythingOnce(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		var all []told
		for i := range 130 {
			all = append(all, told{
				id: fmt.Sprintf("e%03d", i), claim: "Alpha." + strings.Repeat(" More words.", i%7), at: monday.AddDate(0, -i, 0),
				verdict: []string{"AS_PREDICTED", "NOT_AS_PREDICTED"}[i%2],
			})
		}
		names := fill(t, l, all...)
		for i := 0; i < 130; i += 3 {
			grade(t, l, names[fmt.Sprintf("e%03d", i)], domain.Grade{Level: domain.Replicated, Replications: i})
		}
		whole := foundIDs(search(t, l, store.SearchQuery{Text: "alpha", PageSize: 100}))
		for _, size := range []int32{1, 7, 40, 60} {
			var pages []string
			for q := (store.SearchQuery{Text: "alpha", PageSize: size}); ; {
				found := search(t, l, q)
				pages = append(pages, strings.Fields(foundIDs(found))...)
				if q.PageToken = found.Next; q.PageToken == "" {
					break
				}
			}
			if got := strings.Join(pages, " "); !strings.HasPrefix(got, whole) {
				t.Errorf("pages of %d: %s\nand in one %s", size, got, whole)
			}
			slices.Sort(pages)
			if len(pages) != 130 || len(slices.Compact(pages)) != 130 {
				t.Errorf("pages of %d hold %d", size, len(pages))
			}
		}
	})
}

func TestTheAnswerSaysWhenItWasCapped(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		all := make([]told, 0, 2001)
		for i := range 2000 {
			all = append(all, told{id: fmt.Sprint("e", i), claim: "Identical words."})
		}
		all[0].claim = "Identical words are rare."
		fill(t, l, all...)
		if search(t, l, store.SearchQuery{Text: "identical"}).Capped {
			t.Error("2,000 matches were capped")
		}
		fill(t, l, told{id: "one-more", claim: "Identical words."})
		found := search(t, l, store.SearchQuery{Text: "identical"})
		if !found.Capped || len(found.Findings) != 20 {
			t.Errorf("2,001 matches: capped %v, %d found", found.Capped, len(found.Findings))
		}
		if found := search(t, l, store.SearchQuery{Text: "identical rare"}); !found.Capped || foundIDs(found) != "e0" {
			t.Errorf("with a rare word: capped %v, found %q", found.Capped, foundIDs(found))
		}
		if found := search(t, l, store.SearchQuery{Text: `"identical words are"`}); found.Capped || foundIDs(found) != "e0" {
			t.Errorf("narrower words: capped %v, found %q", found.Capped, foundIDs(found))
		}
	})
}
