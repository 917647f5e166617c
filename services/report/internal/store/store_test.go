package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/report/internal/domain"
	"github.com/fortnighthq/fortnight/services/report/internal/store"
	"github.com/fortnighthq/fortnight/services/report/internal/store/migrations"
)

var (
	first  = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	end    = first.AddDate(0, 0, 14)
	period = domain.Period{From: first, To: end}
)

func each(t *testing.T, fn func(t *testing.T, l *eventlog.Log)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, testkit.New(t).Log(engine, "report", migrations.FS)) })
	}
}

// save runs steps in one transaction.
func save(t *testing.T, l *eventlog.Log, steps ...func(tx *eventlog.Tx) error) {
	t.Helper()
	err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
		for _, step := range steps {
			if err := step(tx); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, l *eventlog.Log, period domain.Period, mayRead func(string) bool) domain.Report {
	t.Helper()
	report, err := store.LearningReport(t.Context(), l.DB().Read(), period, mayRead)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func everybody(string) bool { return true }

func team(name, displayName string, version int64) func(tx *eventlog.Tx) error {
	return func(tx *eventlog.Tx) error { return store.SaveTeam(tx, name, displayName, version) }
}

func experiment(x store.Experiment) func(tx *eventlog.Tx) error {
	return func(tx *eventlog.Tx) error { return store.SaveExperiment(tx, x) }
}

func TestMigrationsAgree(t *testing.T) {
	if err := db.CheckMigrations(migrations.FS); err != nil {
		t.Error(err)
	}
}

// The first instant of a period is in it, the first instant after it is not; the same for everything that is counted.
func TestPeriodBorders(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		for i, at := range []time.Time{first.Add(-time.Microsecond), first, end.Add(-time.Microsecond), end} {
			id := string(rune('a' + i))
			save(t, l,
				func(tx *eventlog.Tx) error { return store.SaveFinishedCycle(tx, "c"+id, "teams/payments", at, 1) },
				func(tx *eventlog.Tx) error { return store.SavePublishedLearning(tx, "l"+id, "teams/payments", at, 1) },
				func(tx *eventlog.Tx) error {
					return store.SaveEscalatedObstacle(tx, "o"+id, "teams/payments", id, at, 1)
				},
				experiment(store.Experiment{Name: "x" + id, Team: "teams/payments", Locked: at, Version: 1}),
				experiment(store.Experiment{Name: "y" + id, Team: "teams/payments", Locked: at.AddDate(-1, 0, 0), Concluded: at, Verdict: "NOT_AS_PREDICTED", Version: 1}),
			)
		}
		within := read(t, l, period, everybody)
		want := domain.TeamLearning{
			Team: "teams/payments", DisplayName: "teams/payments", CyclesFinished: 2, LearningsPublished: 2,
			Predictions: domain.Predictions{Locked: 2, NotAsPredicted: 2},
		}
		if len(within.Teams) != 1 || within.Teams[0] != want {
			t.Errorf("counted %+v, want %+v", within.Teams, want)
		}
		if len(within.Surprises) != 2 || within.Surprises[0].Experiment != "yb" || within.Surprises[1].Experiment != "yc" ||
			!reflect.DeepEqual(within.EscalatedObstacles, []string{"b", "c"}) {
			t.Errorf("surprises %v, obstacles %v", within.Surprises, within.EscalatedObstacles)
		}
		// What has not been concluded is in no period, not even in one that begins before 1970.
		ever := read(t, l, domain.Period{From: time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), To: end.AddDate(9, 0, 0)}, everybody)
		if got := ever.Total().Predictions; got != (domain.Predictions{Locked: 8, NotAsPredicted: 4}) {
			t.Errorf("ever: %+v", got)
		}
	})
}

func TestOnlyNewsIsSaved(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		state := func(version int64, verdict string) store.Experiment {
			x := store.Experiment{Name: "x", Team: "teams/payments", DisplayName: verdict, Locked: first, Verdict: verdict, Version: version}
			if verdict != "" {
				x.Concluded = first
			}
			return x
		}
		for _, step := range []struct {
			version int64
			verdict string
			saved   string
			want    domain.Predictions
		}{
			{2, "", "", domain.Predictions{Locked: 1}},
			{4, "CANNOT_TELL", "CANNOT_TELL", domain.Predictions{Locked: 1, CannotTell: 1}},
			{4, "NOT_AS_PREDICTED", "CANNOT_TELL", domain.Predictions{Locked: 1, CannotTell: 1}}, // the same version again
			{3, "AS_PREDICTED", "CANNOT_TELL", domain.Predictions{Locked: 1, CannotTell: 1}},     // late
			{5, "AS_PREDICTED", "AS_PREDICTED", domain.Predictions{Locked: 1, AsPredicted: 1}},
		} {
			save(t, l, experiment(state(step.version, step.verdict)), team("teams/payments", step.verdict, step.version))
			report := read(t, l, period, everybody)
			if got := report.Total().Predictions; got != step.want {
				t.Errorf("after version %d, %s: %+v, want %+v", step.version, step.verdict, got, step.want)
			}
			if name := report.Teams[0].DisplayName; name != step.saved {
				t.Errorf("after version %d: the team is called %q, want %q", step.version, name, step.saved)
			}
		}
		for _, at := range []time.Time{first, end, first.Add(time.Hour)} { // what ended, ended once
			save(t, l,
				func(tx *eventlog.Tx) error { return store.SaveFinishedCycle(tx, "c", "teams/payments", at, 9) },
				func(tx *eventlog.Tx) error { return store.SavePublishedLearning(tx, "l", "teams/payments", at, 9) },
				func(tx *eventlog.Tx) error { return store.SaveDataTime(tx, "cycle", at) },
			)
		}
		report := read(t, l, domain.Period{From: first, To: first.Add(time.Microsecond)}, everybody)
		if total := report.Total(); total.CyclesFinished != 1 || total.LearningsPublished != 1 || !report.DataTime.Equal(end) {
			t.Errorf("total %+v, data time %s", total, report.DataTime)
		}
	})
}

func TestTeamsInTheirOrder(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		save(t, l,
			team("teams/p2", "payments", 1), team("teams/p1", "Pay", 1), team("teams/a", "zebra", 1), team("teams/d2", "Data platform", 1),
			team("teams/d1", "data", 1), team("teams/z", "Zebra", 1), team("teams/hidden", "Alpha", 1),
			experiment(store.Experiment{Name: "x", Team: "teams/late", Locked: first, Version: 1}), // its team's event is on its way
			experiment(store.Experiment{Name: "y", Team: "teams/hidden", Locked: first, Concluded: first, Verdict: "NOT_AS_PREDICTED", Version: 1}),
			func(tx *eventlog.Tx) error {
				return store.SaveEscalatedObstacle(tx, "o", "teams/hidden", "secret", first, 1)
			},
		)
		report := read(t, l, period, func(team string) bool { return team != "teams/hidden" })
		var order []string
		for _, team := range report.Teams {
			order = append(order, team.DisplayName)
		}
		if want := []string{"data", "Data platform", "Pay", "payments", "teams/late", "zebra", "Zebra"}; !reflect.DeepEqual(order, want) {
			t.Errorf("order %q, want %q", order, want)
		}
		if total := report.Total().Predictions; total.Locked != 1 || len(report.Surprises) != 0 || len(report.EscalatedObstacles) != 0 {
			t.Errorf("a hidden team shows: %+v", report)
		}
	})
}
