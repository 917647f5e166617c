package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

func TestNearest(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		near := func(q store.NearestQuery) []store.Near {
			t.Helper()
			found, err := store.Nearest(t.Context(), l, q)
			if err != nil {
				t.Fatal(err)
			}
			return found
		}
		if found := near(store.NearestQuery{Text: "anything at all"}); len(found) != 0 {
			t.Errorf("an empty base has %v", found)
		}
		names := fill(t, l, judgedCorpus(t)...)
		fill(t, l, told{id: "draft", claim: "Pull requests wait for a rota of reviewers.", draft: true})
		draft := "Our pull requests wait for days until one of the reviewers finds the time; we want a Rota, and zebras."
		found := near(store.NearestQuery{Text: draft, Limit: 3})
		if len(found) != 3 || found[0].Learning.Value.Name != names["review-rota"] {
			t.Fatalf("%+v", found)
		}
		for i, n := range found {
			if n.Coverage <= 0 || n.Coverage >= 1 || n.Score <= 0 || i > 0 && n.Score > found[i-1].Score || len(n.Matched) == 0 {
				t.Errorf("%d: %+v", i, n)
			}
		}
		if got := strings.Join(found[0].Matched, " "); !strings.Contains(got, "Rota") || strings.Contains(got, "zebras") || strings.Contains(got, "the") {
			t.Errorf("matched %q", got)
		}
		if found := near(store.NearestQuery{Text: draft, Refuted: true}); len(found) != 0 {
			t.Errorf("nothing was refuted: %v", found)
		}
		grade(t, l, names["review-async"], domain.Grade{Level: domain.Contested})
		found = near(store.NearestQuery{Text: draft + " Reviewing at fixed hours?", Refuted: true})
		if len(found) != 1 || found[0].Learning.Value.Name != names["review-async"] {
			t.Errorf("refuted: %v", found)
		}
		same := near(store.NearestQuery{Text: "A review rota halves the waiting time of pull requests."})
		if same[0].Coverage < 0.999 {
			t.Errorf("its own claim covers %v", same[0].Coverage)
		}
		// Words that nothing has do not drown the others.
		strange := ""
		for i := range 40 {
			strange += fmt.Sprintf(" zqx%dv", i)
		}
		drowned := near(store.NearestQuery{Text: "A review rota halves the waiting time of pull requests." + strange})
		if drowned[0].Learning.Value.Name != names["review-rota"] || drowned[0].Coverage < 0.12 || drowned[0].Coverage > 0.25 {
			t.Errorf("beside strange words its own claim covers %v", drowned[0].Coverage)
		}
		for _, text := range append(hostile, "the and of", strings.Repeat("x", 10_000), strings.Repeat("many different words ", 500)) {
			near(store.NearestQuery{Text: text, Limit: 1 << 30})
		}
	})
}
