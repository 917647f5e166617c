package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// summary is what the index holds as a whole.
func summary(t *testing.T, l *eventlog.Log) string {
	t.Helper()
	type row struct {
		Documents int64 `db:"documents"`
		Tokens    int64 `db:"tokens"`
		Stems     int64 `db:"stems"`
		Counted   int64 `db:"counted"`
		Indexed   int64 `db:"indexed"`
		Texts     int64 `db:"texts"`
	}
	r, _, err := db.One[row](t.Context(), l.DB().Read(), `select documents, tokens, (select count(*) from stems where documents > 0) as stems,
		(select cast(coalesce(sum(documents), 0) as bigint) from stems) as counted, (select count(*) from learnings_indexed) as indexed,
		(select count(*) from learnings_text) as texts from search_index`)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%+v", r)
}

// An index that another version has made is made anew, and is then what it would be if it had been kept all the time.
func TestTheIndexIsMadeAnew(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		names := fill(t, l, judgedCorpus(t)...)
		var more []told
		for i := range 550 { // more than one batch
			more = append(more, told{id: fmt.Sprint("e", i), claim: fmt.Sprintf("Number%d of many.", i), at: monday.AddDate(0, 1, i)})
		}
		fill(t, l, more...)
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
			if _, err := store.Change(tx, names["wip-limit"], "", func(x *domain.Learning, _ time.Time) ([]domain.Event, error) {
				return x.Retire("It does not hold.")
			}); err != nil {
				return err
			}
			_, err := store.Change(tx, names["wip-ageing"], "", func(x *domain.Learning, at time.Time) ([]domain.Event, error) {
				return x.Distil(domain.Distillate{Claim: "Other unheard words."}, at), nil
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		kept := summary(t, l)
		query := store.SearchQuery{Text: "unheard words of waiting", Facets: true}
		found := foundIDs(search(t, l, query))
		damage := func(statements ...string) {
			t.Helper()
			err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
				for _, s := range statements {
					if _, err := tx.Exec(s); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		rebuild := func() {
			t.Helper()
			if err := store.Rebuild(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			if got := summary(t, l); got != kept {
				t.Errorf("made anew it holds %s, and %s before", got, kept)
			}
			if got := foundIDs(search(t, l, query)); got != found {
				t.Errorf("made anew it finds %q, and %q before", got, found)
			}
		}
		damage("update search_index set version = 99, documents = 7", "delete from stems")
		rebuild()
		rebuild() // there is nothing to do
		// Stopped in the middle, it goes on: what was indexed is not indexed again, what a change has indexed meanwhile neither.
		damage("update search_index set rebuilt = ''")
		rebuild()
	})
}
