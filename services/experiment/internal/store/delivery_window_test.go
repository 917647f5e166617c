package store

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// openLog opens the event log of a new database with a clock.
func openLog(t testing.TB, engine db.Engine, now func() time.Time) *eventlog.Log {
	t.Helper()
	cfg := dbtest.Config(t, engine)
	cfg.Migrations, cfg.Clock = db.Merge(eventlog.Migrations, Migrations), now
	log, err := eventlog.Open(t.Context(), dbtest.Start(t, cfg), "experiment", nil, eventlog.WithClock(now))
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// drawFact draws something that a source tells: few ids, few environments, ten weeks, so that much has to do with each other.
func drawFact(t *rapid.T, n int, start time.Time) domain.DeliveryFact {
	oneOf := func(label string, values ...string) string { return rapid.SampledFrom(values).Draw(t, label) }
	f := domain.DeliveryFact{
		Kind: domain.FactKind(oneOf("kind", "DEPLOYED", "DEPLOYED", "DEPLOYED", "ROLLED_BACK", "INCIDENT_OPENED", "INCIDENT_OPENED", "INCIDENT_RESOLVED", "COMMIT_MADE")),
		Key:  fmt.Sprint(rapid.IntRange(1, 12).Draw(t, "key")), Source: "teams/payments/deliverySources/" + oneOf("source", "ci", "cd"),
		Scope: oneOf("scope", "", "", "/a"), DeliveryID: fmt.Sprint(n),
		Time:        start.Add(time.Duration(rapid.IntRange(0, 70*8).Draw(t, "time")) * 3 * time.Hour),
		Environment: oneOf("environment", "production", "Production", "prod-eu"), Chain: oneOf("chain", "", "", "", "k", "l"),
	}
	hash := func(label string) string {
		return fmt.Sprintf("%040d", rapid.IntRange(1, 4).Draw(t, label))
	}
	about := func() {
		if rapid.Bool().Draw(t, "declared") {
			f.AboutBy = oneOf("by", "deployment", "links")
			f.About = []string{fmt.Sprint(rapid.IntRange(1, 14).Draw(t, "about")), oneOf("or", "99", "3", hash("hash"))}
		}
	}
	switch f.Kind {
	case domain.Deployed:
		f.Commit, f.Unplanned = oneOf("commit", "", hash("hash")), rapid.IntRange(0, 5).Draw(t, "unplanned") == 0
		if rapid.IntRange(0, 2).Draw(t, "commit time") == 0 {
			f.CommitTime = f.Time.Add(-time.Duration(rapid.IntRange(-5, 60).Draw(t, "before")) * time.Hour)
		}
	case domain.CommitMade:
		f = domain.DeliveryFact{Kind: f.Kind, Key: hash("hash"), Time: f.Time, Source: f.Source, DeliveryID: f.DeliveryID}
	case domain.IncidentOpened:
		f.Environment = oneOf("where", "production", "prod-eu", "", "elsewhere")
		about()
	case domain.IncidentResolved:
		f.Environment = ""
	default:
		about()
	}
	return f
}

// After each delivery the readings are those that all facts come to, though only a part of the history was read; and a week has its reading
// when it is over, with an event or without.
func TestWindowIsEnough(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			n := 0
			clock := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
			log := openLog(t, engine, func() time.Time { return clock })
			rapid.Check(t, func(t *rapid.T) {
				n++
				clock = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
				s := &domain.DeliverySource{Name: "teams/payments/deliverySources/ci", Service: fmt.Sprint("s", n), Environments: []string{"production"}}
				metrics := map[domain.DeliveryMetric]string{}
				for _, k := range domain.DeliveryMetrics {
					metrics[k] = k.NameOf(s.Team(), s.Service)
				}
				check := func(after any) {
					h, err := DeliveryHistory(t.Context(), log.DB().Read(), s.Team(), s.Service)
					if err != nil {
						t.Fatal(err)
					}
					for k, name := range metrics {
						want := h.Readings(k, clock)
						slices.SortFunc(want, domain.Measurement.Compare)
						got, err := First(t.Context(), log.DB().Read(), name, domain.Window{}, 10_000)
						if err != nil {
							t.Fatal(err)
						}
						for i := range want {
							want[i].SourceKey = ""
						}
						order := func(a, b domain.Measurement) int {
							return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Value, b.Value))
						}
						slices.SortFunc(want, order)
						slices.SortFunc(got, order)
						if !slices.Equal(got, want) {
							t.Fatalf("%s after %+v:\ngot  %v\nwant %v", k, after, got, want)
						}
					}
				}
				for i := range rapid.IntRange(5, 25).Draw(t, "deliveries") {
					var facts []domain.DeliveryFact
					for j := range rapid.IntRange(1, 3).Draw(t, "facts") {
						facts = append(facts, drawFact(t, 10*i+j, time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)))
					}
					err := log.Do(t.Context(), func(tx *eventlog.Tx) error {
						if err := AddFacts(tx, s, facts); err != nil {
							return err
						}
						_, err := Compute(tx, s, facts, "test")
						return err
					})
					if err != nil {
						t.Fatal(err)
					}
					check(facts)
					if rapid.IntRange(0, 9).Draw(t, "a week passes") == 0 {
						clock = clock.AddDate(0, 0, 7)
						if err := CompleteWeeks(t.Context(), log); err != nil {
							t.Fatal(err)
						}
						check("a week")
					}
				}
			})
		})
	}
}
