package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

func TestSnippetsShowTheMatches(t *testing.T) {
	long := strings.Repeat("before ", 40) + "the rota of **reviews** [helped](https://example.com/rota) a lot " + strings.Repeat("after ", 40)
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l, corpus...)
		fill(t, l,
			told{id: "long", team: "long", claim: "Something.", tried: long}, told{id: "marks", team: "marks", claim: "He said «rota» and «no» rota."},
			told{
				id: "list", team: "list", claim: "Words.",
				happened: "# Title\n\n1. `go test` ran\n- *twice*\n> well\n---\n| a | b |\n|---|---|\nsnake_case 2.5 rota",
			},
		)
		for _, c := range []struct{ text, team, want string }{
			{"rota", "payments", "A review «rota» halves the waiting time."},
			{"waited", "", "A review rota halves the «waiting» time."},
			{`"median wait"`, "", "«Median» «wait» fell from 9.5 to 4.6 hours."},
			{"reviewers morning", "payments", "Two named «reviewers» each «morning»."},
			{"flags", "search-eu", "Feature «flags» shorten the release."},
			{"metriques", "", "«Métriques» du café: naïve caching fails."},
			{"code-rev", "", "«code»-«review», flow"},
			{"rota review", "long", "…before before before before before before before before before the «rota» of «reviews» helped a lot after after after after after after after after…"},
			{"rota", "marks", "He said ‹«rota»› and ‹no› «rota»."},
			{"rota", "list", "Title go test ran twice well | a | b | snake_case 2.5 «rota»"},
		} {
			found := search(t, l, store.SearchQuery{Text: c.text, Filter: store.Filter{Team: c.team}})
			if len(found.Findings) == 0 || found.Findings[0].Snippet != c.want {
				t.Errorf("%q: %+v\nwant %q", c.text, found.Findings, c.want)
			}
		}
	})
}

func TestTheIndexFollowsTheLearning(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		name := fill(t, l, told{id: "one", claim: "Alpha helps."}, told{id: "two", claim: "Alpha hurts."})["one"]
		change := func(rule func(*domain.Learning, time.Time) ([]domain.Event, error)) {
			t.Helper()
			err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
				_, err := store.Change(tx, name, "", rule)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		expect := func(text, want string) {
			t.Helper()
			if got := foundIDs(search(t, l, store.SearchQuery{Text: text})); got != want {
				t.Errorf("%q finds %q, want %q", text, got, want)
			}
		}
		change(func(x *domain.Learning, now time.Time) ([]domain.Event, error) {
			return x.Distil(domain.Distillate{Claim: "Beta helps."}, now), nil
		})
		expect("alpha", "two")
		expect("beta", "one")
		change(func(x *domain.Learning, _ time.Time) ([]domain.Event, error) { return x.Retire("Beta does not help.") })
		expect("beta", "")
		expect("alpha", "two")
		// A transaction that fails leaves the index as it was.
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
			learn(t, tx, told{id: "three", claim: "Gamma."})
			return fault.New(fault.Aborted, "TEST", "No.")
		})
		if fault.From(err).Reason != "TEST" {
			t.Fatal(err)
		}
		expect("gamma", "")
	})
}
