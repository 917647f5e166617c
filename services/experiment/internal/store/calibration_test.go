package store

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// eachAt runs fn on both engines with a log whose clock stands at noon.
func eachAt(t *testing.T, fn func(t *testing.T, l *eventlog.Log)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			cfg, clock := dbtest.Config(t, engine), func() time.Time { return noon }
			cfg.Migrations, cfg.Clock = db.Merge(eventlog.Migrations, Migrations), clock
			l, err := eventlog.Open(t.Context(), dbtest.Start(t, cfg), "experiment", nil, eventlog.WithClock(clock))
			if err != nil {
				t.Fatal(err)
			}
			fn(t, l)
		})
	}
}

// predicted saves an experiment of a team that came to an end as its events say.
func predicted(t *testing.T, l *eventlog.Log, team string, n, percent int, events ...func(*domain.Experiment) domain.Event) {
	t.Helper()
	e := &domain.Experiment{
		Name: fmt.Sprintf("teams/%s/cycles/c/experiments/e%d", team, n), DisplayName: "Rota", TimeZone: "UTC", State: domain.Draft,
		Prediction: domain.Prediction{ConfidencePercent: percent},
	}
	do(t, l, func(tx *eventlog.Tx) error {
		_, err := Experiments.Create(tx, e, domain.EventDrafted)
		return err
	})
	for _, event := range events {
		do(t, l, func(tx *eventlog.Tx) error {
			_, err := Experiments.Update(tx, e.Name, "", func(e *domain.Experiment, _ time.Time) ([]domain.Event, error) {
				return []domain.Event{event(e)}, nil
			})
			return err
		})
	}
}

func locked(e *domain.Experiment) domain.Event {
	e.LockTime = noon
	return domain.EventLocked
}

func ended(v domain.Verdict) func(e *domain.Experiment) domain.Event {
	return func(e *domain.Experiment) domain.Event {
		e.State, e.Outcome = domain.Concluded, &domain.Outcome{Verdict: v, ConcludeTime: noon}
		return domain.EventConcluded
	}
}

func given(e *domain.Experiment) domain.Event {
	e.State = domain.Abandoned
	return domain.EventAbandoned
}

func adopted(e *domain.Experiment) domain.Event {
	e.HoldChecks = []domain.HoldCheck{{DueDate: "2026-06-15", Weeks: 2}, {DueDate: "2026-07-13", Weeks: 6}}
	return domain.EventHoldChecksScheduled
}

func heldOnce(e *domain.Experiment) domain.Event {
	e.HoldChecks[0].Judgement = &domain.JudgedHold{HoldJudgement: domain.HoldJudgement{Result: domain.Held}, JudgeTime: noon}
	return domain.EventHoldCheckJudged
}

// ledger has experiments of three teams in every state.
func ledger(t *testing.T, l *eventlog.Log) {
	t.Helper()
	predicted(t, l, "a", 1, 70, locked, ended(domain.AsPredicted), adopted, heldOnce)
	predicted(t, l, "a", 2, 70, locked, ended(domain.AsPredicted), adopted)
	predicted(t, l, "a", 3, 70, locked)
	predicted(t, l, "a", 4, 70, locked, given)
	predicted(t, l, "a", 5, 70)
	predicted(t, l, "a", 6, 70, given)
	predicted(t, l, "b", 1, 55, locked, ended(domain.NotAsPredicted))
	predicted(t, l, "c", 1, 90, locked, ended(domain.CannotTell))
}

func TestForecasts(t *testing.T) {
	eachAt(t, func(t *testing.T, l *eventlog.Log) {
		ledger(t, l)
		today := noon.Format(time.DateOnly)
		count := func(team string, span domain.Span) (list []string) {
			t.Helper()
			counts, err := Forecasts(t.Context(), l.DB().Read(), team, span)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range counts {
				list = append(list, fmt.Sprintf("%s %s %d %s %d", c.Team, c.Month, c.Percent, c.State, c.Count))
			}
			return list
		}
		month := noon.Format("2006-01")
		a := []string{"a  70 OPEN 1", "a " + month + " 70 ABANDONED 1", "a " + month + " 70 AS_PREDICTED 2"}
		all := append(slices.Clone(a), "b "+month+" 55 NOT_AS_PREDICTED 1", "c "+month+" 90 CANNOT_TELL 1")
		for name, c := range map[string]struct {
			team string
			span domain.Span
			want []string
		}{
			"all":           {"", domain.Span{}, all},
			"today":         {"", domain.Span{Start: today, End: today}, all},
			"long ago":      {"", domain.Span{End: "2020-01-01"}, a[:1]},
			"one team":      {"a", domain.Span{}, a},
			"in the future": {"c", domain.Span{Start: "2199-01-01"}, nil},
		} {
			if got := count(c.team, c.span); !slices.Equal(got, c.want) {
				t.Errorf("%s: %q, want %q", name, got, c.want)
			}
		}
	})
}

func TestHoldChecks(t *testing.T) {
	eachAt(t, func(t *testing.T, l *eventlog.Log) {
		ledger(t, l)
		list := func(team string) []domain.HoldCheckRecord {
			t.Helper()
			records, err := HoldChecks(t.Context(), l.DB().Read(), team, "2026-06-15")
			if err != nil {
				t.Fatal(err)
			}
			return records
		}
		one, two := "teams/a/cycles/c/experiments/e1", "teams/a/cycles/c/experiments/e2"
		want := []domain.HoldCheckRecord{
			{Experiment: one, Team: "a", Weeks: 2, Due: true, Result: domain.Held},
			{Experiment: one, Team: "a", Weeks: 6},
			{Experiment: two, Team: "a", Weeks: 2, Due: true},
			{Experiment: two, Team: "a", Weeks: 6},
		}
		if got := list(""); !reflect.DeepEqual(got, want) {
			t.Errorf("all: %+v", got)
		}
		if got := list("a"); !reflect.DeepEqual(got, want) {
			t.Errorf("one team: %+v", got)
		}
		if got := list("b"); len(got) != 0 {
			t.Errorf("another team: %+v", got)
		}
	})
}

// What the migration fills in for old experiments is what they would have left themselves.
func TestForecastsAreFilledIn(t *testing.T) {
	type row struct {
		Experiment string `db:"experiment"`
		Team       string `db:"team"`
		Number     int64  `db:"number"`
		State      string `db:"state"`
		Day        string `db:"day"`
	}
	eachAt(t, func(t *testing.T, l *eventlog.Log) {
		ledger(t, l)
		rows := func() (all []row) {
			t.Helper()
			for _, query := range []string{
				"select experiment, team, confidence as number, state, end_date as day from forecasts order by experiment",
				"select experiment, team, weeks as number, result as state, due_date as day from hold_checks order by experiment, weeks",
			} {
				found, err := db.All[row](t.Context(), l.DB().Read(), query)
				if err != nil {
					t.Fatal(err)
				}
				all = append(all, found...)
			}
			return all
		}
		want := rows()
		text, err := migrations.ReadFile("migrations/" + string(l.DB().Engine()) + "/0040_forecasts.sql")
		if err != nil {
			t.Fatal(err)
		}
		do(t, l, func(tx *eventlog.Tx) error {
			for _, table := range []string{"forecasts", "hold_checks"} {
				if _, err := tx.Exec("delete from " + table); err != nil {
					return err
				}
			}
			filled := 0
			for statement := range strings.SplitSeq(string(text), ";") {
				if statement = strings.TrimSpace(statement); strings.HasPrefix(statement, "insert into") {
					filled++
					if _, err := tx.Exec(statement); err != nil {
						return err
					}
				}
			}
			if filled != 2 {
				t.Errorf("%d statements fill in", filled)
			}
			return nil
		})
		if got := rows(); len(want) != 10 || !reflect.DeepEqual(got, want) {
			t.Errorf("filled in %+v\nwant %+v", got, want)
		}
		// An archive fills in the same.
		docs, err := Experiments.Select(t.Context(), l.DB().Read(), l, "select version, doc, create_time, update_time from experiments")
		if err != nil || len(docs) != 8 {
			t.Fatal(err, len(docs))
		}
		do(t, l, func(tx *eventlog.Tx) error {
			for _, table := range []string{"forecasts", "hold_checks"} {
				if _, err := tx.Exec("delete from " + table); err != nil {
					return err
				}
			}
			for _, row := range docs {
				if err := projectRestored(tx, row.Value); err != nil {
					return err
				}
			}
			return nil
		})
		if got := rows(); !reflect.DeepEqual(got, want) {
			t.Errorf("restored %+v\nwant %+v", got, want)
		}
	})
}

// The numbers are counted from an index alone, however many experiments there are.
func TestForecastsReadAnIndex(t *testing.T) {
	type step struct {
		ID     int64  `db:"id"`
		Parent int64  `db:"parent"`
		Unused int64  `db:"notused"`
		Detail string `db:"detail"`
	}
	d := dbtest.Open(t, db.SQLite, db.Merge(eventlog.Migrations, Migrations))
	for query, args := range map[string][]any{
		countForecasts: {"", "9"}, countForecasts + " and team = $3": {"", "9", "a"},
	} {
		plan, err := db.All[step](t.Context(), d.Read(), "explain query plan "+query, args...)
		if err != nil || len(plan) == 0 {
			t.Fatal(err, plan)
		}
		for _, s := range plan {
			if strings.Contains(s.Detail, "forecasts") && !strings.Contains(s.Detail, "COVERING INDEX") {
				t.Errorf("%s\nreads the table: %s", query, s.Detail)
			}
		}
	}
}
