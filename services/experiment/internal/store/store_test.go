package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

const metric = "teams/payments/metrics/review-wait"

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// each runs fn on both engines with a metric in the database.
func each(t *testing.T, fn func(t *testing.T, l *eventlog.Log)) {
	t.Helper()
	dbtest.Each(t, db.Merge(eventlog.Migrations, Migrations), func(t *testing.T, d *db.DB) {
		l, err := eventlog.Open(t.Context(), d, "experiment", nil)
		if err != nil {
			t.Fatal(err)
		}
		do(t, l, func(tx *eventlog.Tx) error {
			for _, name := range []string{metric, "teams/payments/metrics/other"} {
				m := &domain.Metric{Name: name, DisplayName: "Wait", Direction: domain.Lower, Kind: domain.Process}
				if _, err := Metrics.Create(tx, m, domain.MetricEvent{}); err != nil {
					return err
				}
			}
			return nil
		})
		fn(t, l)
	})
}

func do(t *testing.T, l *eventlog.Log, fn func(tx *eventlog.Tx) error) {
	t.Helper()
	if err := l.Do(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

func entry(minute int, value float64, source string) domain.Entry {
	return domain.Entry{
		Measurement: domain.Measurement{Time: noon.Add(time.Duration(minute) * time.Minute), Value: value, SourceKey: source},
		Line:        int64(minute),
	}
}

func importing(l *eventlog.Log, name string, entries ...domain.Entry) (added int, err error) {
	err = l.Do(context.Background(), func(tx *eventlog.Tx) (err error) {
		report := domain.NewReport(domain.List)
		if added, err = Import(tx, name, entries, report, false); err == nil {
			err = report.Fault()
		}
		return err
	})
	return added, err
}

func wantReason(t *testing.T, err error, kind fault.Kind, reason string) *fault.Error {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) || f.Kind != kind || f.Reason != reason {
		t.Fatalf("error %v, want %v %s", err, kind, reason)
	}
	return f
}

func TestMigrationsAreAlike(t *testing.T) {
	if err := db.CheckMigrations(Migrations); err != nil {
		t.Error(err)
	}
}

func TestImport(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		for _, step := range []struct {
			name    string
			entries []domain.Entry
			added   int
		}{
			{"new", []domain.Entry{entry(1, 5, ""), entry(2, 6, ""), entry(2, 7, "b")}, 3},
			{"again", []domain.Entry{entry(1, 5, ""), entry(2, 6, ""), entry(2, 7, "b")}, 0},
			{"some are new, one of them twice", []domain.Entry{entry(2, 6, ""), entry(3, 8, ""), entry(3, 8, "")}, 1},
			{"earlier than all", []domain.Entry{entry(-5, -0.1, "")}, 1},
			{"nothing", nil, 0},
		} {
			added, err := importing(l, metric, step.entries...)
			if err != nil || added != step.added {
				t.Errorf("%s: added %d, err %v, want %d", step.name, added, err, step.added)
			}
		}
		readings, err := ReadingsIn(t.Context(), l.DB().Read(), metric, domain.Window{})
		if err != nil {
			t.Fatal(err)
		}
		want := []domain.Reading{
			{Measurement: entry(-5, -0.1, "").Measurement, Ordinal: 5},
			{Measurement: entry(1, 5, "").Measurement, Ordinal: 1},
			{Measurement: entry(2, 6, "").Measurement, Ordinal: 2},
			{Measurement: entry(2, 7, "b").Measurement, Ordinal: 3},
			{Measurement: entry(3, 8, "").Measurement, Ordinal: 4},
		}
		if !reflect.DeepEqual(readings, want) {
			t.Errorf("readings %+v\nwant %+v", readings, want)
		}
		// Only what was new is an event: created, and three of the five imports.
		row, err := Metrics.Get(t.Context(), l, metric)
		if err != nil || row.Version != 4 {
			t.Errorf("version %d, err %v", row.Version, err)
		}
	})
}

func TestImportIsAllOrNothing(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if _, err := importing(l, metric, entry(1, 5, ""), entry(2, 6, "")); err != nil {
			t.Fatal(err)
		}
		_, err := importing(l, metric, entry(0, 1, ""), entry(1, 5.5, ""), entry(2, 6, ""), entry(2, 9, "new"), entry(1, 5, ""))
		f := wantReason(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID")
		if len(f.Violations) != 1 || f.Violations[0].Field != "measurements[0].value" || f.Violations[0].Reason != "MEASUREMENT_CONFLICT" {
			t.Errorf("violations %+v", f.Violations)
		}
		readings, err := ReadingsIn(t.Context(), l.DB().Read(), metric, domain.Window{})
		if err != nil || len(readings) != 2 {
			t.Errorf("a refused import left %+v, %v", readings, err)
		}
	})
}

func TestImportNeedsAMetric(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		_, err := importing(l, "teams/payments/metrics/none", entry(1, 5, ""))
		wantReason(t, err, fault.NotFound, "METRIC_NOT_FOUND")
	})
}

// Every batch size is used, and the limits of both engines on parameters are kept.
func TestImportOfMany(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		var entries []domain.Entry
		for i := range 1667 {
			entries = append(entries, entry(i, math.Sqrt(float64(i)), "k"))
		}
		if added, err := importing(l, metric, entries...); err != nil || added != len(entries) {
			t.Fatalf("added %d, err %v", added, err)
		}
		if added, err := importing(l, metric, entries...); err != nil || added != 0 {
			t.Fatalf("added again %d, err %v", added, err)
		}
		readings, err := ReadingsIn(t.Context(), l.DB().Read(), metric, domain.Window{})
		if err != nil || len(readings) != len(entries) {
			t.Fatalf("%d readings, err %v", len(readings), err)
		}
		for i, r := range readings {
			if r.Measurement != entries[i].Measurement || r.Ordinal != int64(i)+1 {
				t.Fatalf("reading %d is %+v, want %+v", i, r, entries[i].Measurement)
			}
		}
	})
}

func TestCompareOnlyLooks(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if _, err := importing(l, metric, entry(1, 5, "")); err != nil {
			t.Fatal(err)
		}
		q, report := l.DB().Read(), domain.NewReport(domain.List)
		added, err := Compare(t.Context(), q, &domain.Metric{Name: metric}, []domain.Entry{entry(1, 5, ""), entry(2, 6, ""), entry(2, 6, "")}, report)
		if err != nil || added != 1 || report.Count != 0 {
			t.Errorf("would add %d, err %v, report %+v", added, err, report)
		}
		floored := &domain.Metric{Name: metric, FloorAtZero: true}
		if _, err = Compare(t.Context(), q, floored, []domain.Entry{entry(1, 6, ""), entry(2, -1, "")}, report); err != nil {
			t.Error(err)
		}
		if len(report.Problems) != 2 || report.Problems[0].Reason != "MEASUREMENT_CONFLICT" || report.Problems[1].Reason != "VALUE_BELOW_ZERO" {
			t.Errorf("problems %+v", report.Problems)
		}
		if readings, err := ReadingsIn(t.Context(), q, metric, domain.Window{}); err != nil || len(readings) != 1 {
			t.Errorf("readings %v, err %v", readings, err)
		}
	})
}

func TestConcurrentImportsLoseNothing(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		const writers, times = 8, 40
		var all sync.WaitGroup
		errs := make(chan error, writers)
		added := make([]int, writers)
		for w := range writers {
			all.Go(func() {
				for i := range times {
					// Every reading is sent by two writers.
					n, err := importing(l, metric, entry(i, float64(i), fmt.Sprint(w/2)))
					if err != nil {
						errs <- err
						return
					}
					added[w] += n
				}
			})
		}
		all.Wait()
		close(errs)
		for err := range errs {
			t.Error(err)
		}
		sum := 0
		for _, n := range added {
			sum += n
		}
		readings, err := ReadingsIn(t.Context(), l.DB().Read(), metric, domain.Window{})
		if err != nil || len(readings) != writers/2*times || sum != len(readings) {
			t.Fatalf("%d readings, %d said to be added, err %v", len(readings), sum, err)
		}
		seen := map[int64]bool{}
		for _, r := range readings {
			seen[r.Ordinal] = true
		}
		for i := range readings {
			if !seen[int64(i)+1] {
				t.Fatalf("no reading has ordinal %d", i+1)
			}
		}
	})
}

func TestArrived(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if _, err := importing(l, metric, entry(1, 5, ""), entry(2, 6, "")); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]int64{metric: 2, "teams/payments/metrics/other": 0, "teams/payments/metrics/none": 0, "": 0} {
			do(t, l, func(tx *eventlog.Tx) error {
				got, err := Arrived(tx, name)
				if got != want {
					t.Errorf("%q had %d, want %d", name, got, want)
				}
				return err
			})
		}
	})
}

func TestListMeasurements(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		// The order of source keys is that of their bytes: upper case first, whatever the database's language.
		keys := []string{"", "B", "a", "ä"}
		var entries []domain.Entry
		for minute := range 5 {
			for _, k := range keys {
				entries = append(entries, entry(minute, float64(minute), k))
			}
		}
		if _, err := importing(l, metric, entries...); err != nil {
			t.Fatal(err)
		}
		q := record.Query{Parent: metric, PageSize: 3, Principal: "users/mina"}
		var got []domain.Measurement
		var second string
		for pages := 1; ; pages++ {
			page, next, err := ListMeasurements(t.Context(), l, q)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range page {
				got = append(got, m.Measurement)
			}
			if pages == 1 {
				second = next
			}
			if next == "" {
				if pages != 7 {
					t.Errorf("%d pages of 3 for %d measurements", pages, len(entries))
				}
				break
			}
			q.PageToken = next
		}
		if len(got) != len(entries) {
			t.Fatalf("%d measurements, want %d", len(got), len(entries))
		}
		for i := range got {
			if got[i] != entries[i].Measurement {
				t.Fatalf("measurement %d is %+v, want %+v", i, got[i], entries[i].Measurement)
			}
		}
		for name, q := range map[string]record.Query{
			"another metric": {Parent: "teams/payments/metrics/other", PageToken: second, Principal: "users/mina"},
			"another caller": {Parent: metric, PageToken: second, Principal: "users/otto"},
			"altered":        {Parent: metric, PageToken: altered(second), Principal: "users/mina"},
			"no token":       {Parent: metric, PageToken: "page2", Principal: "users/mina"},
			"of other keys": {
				Parent: metric, Principal: "users/mina",
				PageToken: record.Token(l, record.Scope("measurements", metric, "users/mina"), "soon", ""),
			},
			"of one key": {
				Parent: metric, Principal: "users/mina",
				PageToken: record.Token(l, record.Scope("measurements", metric, "users/mina"), "1"),
			},
		} {
			_, _, err := ListMeasurements(t.Context(), l, q)
			if f := fault.From(err); f == nil || f.Reason != "PAGE_TOKEN_INVALID" || f.Kind != fault.InvalidArgument {
				t.Errorf("%s: %v", name, err)
			}
		}
		_, _, err := ListMeasurements(t.Context(), l, record.Query{Parent: metric, PageSize: -1})
		wantReason(t, err, fault.InvalidArgument, "PAGE_SIZE_INVALID")
	})
}

func TestRunningExperiments(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		first, second := "teams/payments/cycles/2026-w23/experiments/b", "teams/payments/cycles/2026-w23/experiments/e"
		do(t, l, func(tx *eventlog.Tx) error {
			for name, state := range map[string]domain.State{
				"teams/payments/cycles/2026-w23/experiments/a": domain.Draft, second: domain.Running, first: domain.Running,
				"teams/payments/cycles/2026-w21/experiments/c": domain.Concluded, "teams/search/cycles/2026-w23/experiments/d": domain.Abandoned,
			} {
				e := &domain.Experiment{Name: name, DisplayName: "x", State: state}
				if _, err := Experiments.Create(tx, e, domain.EventDrafted); err != nil {
					return err
				}
			}
			return nil
		})
		for team, want := range map[string][]string{"payments": {first, second}, "search": nil, "none": nil} {
			do(t, l, func(tx *eventlog.Tx) error {
				got, err := RunningExperiments(tx, team)
				if !slices.Equal(got, want) {
					t.Errorf("%s runs %q, want %q", team, got, want)
				}
				return err
			})
		}
	})
}

func TestFindMetric(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		for name, want := range map[string]bool{metric: true, "teams/payments/metrics/none": false, "": false} {
			do(t, l, func(tx *eventlog.Tx) error {
				got, err := FindMetric(tx, name)
				if (got != nil) != want || want && got.DisplayName != "Wait" {
					t.Errorf("%q is %+v", name, got)
				}
				return err
			})
		}
	})
}

// A document comes back from the database as it went in, instants and missing values included.
func TestExperimentIsStoredWhole(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		e := &domain.Experiment{
			Name: "teams/payments/cycles/2026-w23/experiments/a", DisplayName: "<Rota> & \u2028", Obstacle: "teams/payments/obstacles/o",
			Prediction: domain.Prediction{
				Change: "c", Metric: metric, BaselineValue: new(0.1), ExpectedValue: new(0.0), ExpectedUpperValue: new(0.0), ByDate: "2026-06-12", Reason: "r",
				Falsification: "f", ConfidencePercent: 70,
			},
			SafeToFail: "s", Learning: "learnings/l", TimeZone: "Europe/Berlin", State: domain.Concluded, LockTime: noon, PlanHash: "h",
			Amendments: []domain.Amendment{{
				Kind: domain.KindDeviation, Text: "t", CreateTime: noon.Add(time.Microsecond), MeasurementsSeen: 3,
				Changes: []domain.PlanChange{{Field: domain.FieldReason, Before: "", After: "r"}},
			}},
			StartTime: noon, StartOrdinal: 7, CoachReason: "c",
			Outcome: &domain.Outcome{
				Judgement: domain.Judgement{Actual: 1.5, Readings: 2, Signal: true, Suggested: domain.AsPredicted, Limits: &domain.Limits{
					Centre: 1, MeanMovingRange: 2, Upper: 3, Lower: 4, UpperRange: 5, LimitFactor: 2.66, RangeFactor: 3.268, FirstTime: noon, LastTime: noon, Count: 6,
				}},
				Window: domain.Window{From: noon}, LeftOut: 1, Late: &domain.LateReadings{Actual: 1, Readings: 2, Verdict: domain.AsPredicted},
				AmendmentCount: 1, DeviationCount: 2,
				Verdict: domain.CannotTell, OverruleReason: "o", Happened: "h", Learned: "l", Surprise: true, ConcludeTime: noon,
			},
			AbandonReason: "a", HoldChecks: []domain.HoldCheck{{DueDate: "2026-06-26", Weeks: 2}},
		}
		do(t, l, func(tx *eventlog.Tx) error {
			_, err := Experiments.Create(tx, e, domain.EventDrafted)
			return err
		})
		row, err := Experiments.Get(t.Context(), l, e.Name)
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(row.Value, e) {
			t.Errorf("stored %+v\nread %+v", e, row.Value)
		}
	})
}

// altered changes the first character of a token.
func altered(token string) string {
	if token[0] == 'A' {
		return "B" + token[1:]
	}
	return "A" + token[1:]
}
