package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store/migrations"
)

// vote casts a ballot for each voter, for the themes with the given ids.
func vote(t *testing.T, l *eventlog.Log, voters []string, themes ...string) {
	t.Helper()
	for i := range themes {
		themes[i] = retro + "/themes/" + themes[i]
	}
	for _, voter := range voters {
		write(t, l, func(tx *eventlog.Tx) error {
			return store.ChangeBallots(tx, retro, func(b *domain.Ballots) error {
				return b.Cast(domain.Mark([]byte("key"), "ballot", retro, voter), "secret of "+voter, themes, func(string) bool { return true },
					&domain.Retrospective{Stage: domain.Vote, VotesPerMember: 3})
			})
		})
	}
}

// shownVotes are the votes of the themes by id, "-" where none are shown.
func shownVotes(t *testing.T, l *eventlog.Log) string {
	t.Helper()
	rows, err := store.Themes.All(t.Context(), l.DB().Read(), l, retro, string(domain.ThemeStateKept))
	if err != nil {
		t.Fatal(err)
	}
	var votes []string
	for _, row := range rows {
		if row.Value.Votes == nil {
			votes = append(votes, "-")
		} else {
			votes = append(votes, fmt.Sprint(*row.Value.Votes))
		}
	}
	return strings.Join(votes, " ")
}

func TestTally(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		write(t, l, func(tx *eventlog.Tx) error {
			for _, id := range []string{"a", "b"} {
				if _, err := store.Themes.Create(tx, &domain.Theme{Name: retro + "/themes/" + id, Title: id, State: domain.ThemeStateKept}, domain.ThemeChanged); err != nil {
					return err
				}
			}
			return nil
		})
		step := func(what string, do func(*eventlog.Tx, string) error, want string) {
			t.Helper()
			write(t, l, func(tx *eventlog.Tx) error { return do(tx, retro) })
			if got := shownVotes(t, l); got != want {
				t.Errorf("%s: votes %q, want %q", what, got, want)
			}
		}
		step("no voting was open", store.Tally, "- -")
		step("the voting is open", store.ThemeLoose, "- -")
		vote(t, l, []string{"mina", "jonas"}, "a", "b")
		step("two voted", store.Tally, "- -")
		step("it is open again", store.ThemeLoose, "- -")
		vote(t, l, []string{"kim"}, "a", "a")
		before := len(testkit.Records(t, l))
		step("three voted", store.Tally, "4 2")
		if told := len(testkit.Records(t, l)) - before; told != 2 {
			t.Errorf("%d events tell of the votes of two themes", told)
		}
		step("again", store.Tally, "4 2")
		step("it is open a third time", store.ThemeLoose, "- -")
		vote(t, l, []string{"lee"}, "b")
		step("one came", store.Tally, "4 2")
		step("it closes", store.EraseBallots, "4 2")
		ballots, err := store.Ballots(t.Context(), l.DB().Read(), l, retro)
		if err != nil || !ballots.Withheld || ballots.Marks != nil || ballots.Ballots != nil || ballots.Shown != nil {
			t.Errorf("at the end there is %+v, %v", ballots, err)
		}
	})
}

// Neither a version nor an event nor a word of the document tells who voted, or for what; and after the end there is nothing at all.
func TestBallotsLeaveNoTrace(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		sizes := map[int]bool{}
		for _, voter := range []string{"mina", "jonas", "kim"} {
			vote(t, l, []string{voter}, "a")
			rows, err := db.All[string](t.Context(), l.DB().Read(), "select doc from ballots")
			if err != nil || len(rows) != 1 || strings.Contains(rows[0], "themes") || strings.Contains(rows[0], "{") {
				t.Fatalf("rows %q, %v", rows, err)
			}
			sizes[len(rows[0])] = true
		}
		if len(sizes) != 1 {
			t.Errorf("the size of the row tells of a ballot: %v", sizes)
		}
		if records := testkit.Records(t, l); len(records) != 0 {
			t.Errorf("events %+v", records)
		}
		write(t, l, func(tx *eventlog.Tx) error { return store.EraseBallots(tx, retro) })
		if n, _, err := db.One[int](t.Context(), l.DB().Read(), "select count(*) from ballots"); err != nil || n != 0 {
			t.Errorf("%d rows, %v", n, err)
		}
	})
}

// Ballots that were sealed with a key that is lost stop nobody from going on. But no count is shown any more: nobody knows what it could be
// compared with.
func TestBallotsOfALostKey(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			cfg := dbtest.Config(t, engine)
			cfg.Migrations = db.Merge(eventlog.Migrations, migrations.FS)
			d := dbtest.Start(t, cfg)
			open := func(key string) *eventlog.Log {
				l, err := eventlog.Open(t.Context(), d, "retrospective", nil, eventlog.WithInstallationKey([]byte(key)))
				if err != nil {
					t.Fatal(err)
				}
				return l
			}
			l := open("one")
			vote(t, l, []string{"mina", "jonas", "kim"}, "a")
			for key, want := range map[string]int{"one": 3, "another": 0} {
				ballots, err := store.Ballots(t.Context(), d.Read(), open(key), retro)
				if err != nil || len(ballots.Ballots) != want || ballots.Lost != (want == 0) {
					t.Errorf("with the key %q: %+v, %v", key, ballots, err)
				}
			}
			l = open("another")
			vote(t, l, []string{"mina", "jonas", "kim"}, "a")
			write(t, l, func(tx *eventlog.Tx) error { return store.Tally(tx, retro) })
			if ballots, err := store.Ballots(t.Context(), d.Read(), l, retro); err != nil || len(ballots.Ballots) != 3 || !ballots.Withheld || len(ballots.Shown) != 0 {
				t.Errorf("after the tally %+v, %v", ballots, err)
			}
		})
	}
}
