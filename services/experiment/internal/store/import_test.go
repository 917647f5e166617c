package store

import (
	"errors"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

func TestPartialImport(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if _, err := importing(l, metric, entry(1, 5, "")); err != nil {
			t.Fatal(err)
		}
		report := domain.NewReport(domain.CSV)
		do(t, l, func(tx *eventlog.Tx) error {
			added, err := Import(tx, metric, []domain.Entry{entry(1, 6, ""), entry(2, 6, ""), entry(2, 7, ""), entry(1, 5, "")}, report, true)
			if added != 1 {
				t.Errorf("added %d", added)
			}
			return err
		})
		if report.Count != 2 || report.Refused != 2 {
			t.Errorf("report %+v", report)
		}
		readings, err := ReadingsIn(t.Context(), l.DB().Read(), metric, domain.Window{})
		if err != nil || len(readings) != 2 || readings[0].Value != 5 || readings[1].Value != 6 {
			t.Errorf("readings %+v, %v", readings, err)
		}
	})
}

// A file of which all or nothing is wanted is nowhere to be seen before its end, and its parts may contradict each other.
func TestStagedImport(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if _, err := importing(l, metric, entry(1, 5, "")); err != nil {
			t.Fatal(err)
		}
		stage := func(id string, report *domain.Report, entries ...domain.Entry) {
			t.Helper()
			do(t, l, func(tx *eventlog.Tx) error {
				return Stage(tx, id, &domain.Metric{Name: metric, FloorAtZero: true}, entries, report)
			})
		}
		commit := func(id string, report *domain.Report) (added int) {
			t.Helper()
			do(t, l, func(tx *eventlog.Tx) (err error) {
				if added, err = Commit(tx, id, metric, report); err != nil {
					return err
				}
				return Unstage(tx, id)
			})
			return added
		}
		wantReadings := func(n int) {
			t.Helper()
			if readings, err := ReadingsIn(t.Context(), l.DB().Read(), metric, domain.Window{}); err != nil || len(readings) != n || readings[n-1].Ordinal > int64(n) {
				t.Errorf("%d readings, want %d: %+v, %v", len(readings), n, readings, err)
			}
		}

		report := domain.NewReport(domain.CSV)
		stage("a", report, entry(3, 7, ""), entry(1, 5, ""))
		stage("a", report, entry(2, 6, ""), entry(3, 7, ""))
		wantReadings(1)
		if report.Count != 0 {
			t.Errorf("report %+v", report)
		}
		if added := commit("a", report); added != 2 || report.Count != 0 {
			t.Errorf("added %d, report %+v", added, report)
		}
		wantReadings(3)

		report = domain.NewReport(domain.CSV)
		stage("b", report, entry(4, 1, ""))
		stage("b", report, entry(4, 2, ""), entry(5, -1, ""))
		if report.Count != 2 {
			t.Errorf("parts that contradict each other: %+v", report)
		}

		report = domain.NewReport(domain.CSV)
		stage("c", report, entry(2, 6.5, ""), entry(9, 9, ""))
		if added := commit("c", report); added != 0 || report.Count != 1 || report.Problems[0].Reason != "MEASUREMENT_CONFLICT" {
			t.Errorf("added %d, report %+v", added, report)
		}
		wantReadings(3)
	})
}

// What is recorded may come again after its metric got a floor; what is new may not.
func TestAFloorThatCameLater(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if _, err := importing(l, metric, entry(1, -5, ""), entry(2, -6, "k")); err != nil {
			t.Fatal(err)
		}
		do(t, l, func(tx *eventlog.Tx) error { // a repetition may also be of a value from before its correction
			_, err := Correct(tx, metric, entry(2, 0, "").Time, "k", func(c *domain.Corrected, m *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
				return c.Correct(m, -6, 6, "a typing error", now)
			})
			return err
		})
		again := []domain.Entry{entry(1, -5, ""), entry(2, -6, "k")}
		staged, refused := domain.NewReport(domain.CSV), domain.NewReport(domain.CSV)
		do(t, l, func(tx *eventlog.Tx) error {
			old := &domain.Metric{Name: metric}
			return errors.Join(
				Stage(tx, "a", old, append(again, entry(3, 7, "")), staged),
				Stage(tx, "b", old, append(again, entry(4, -7, ""), entry(5, 8, "")), refused),
			)
		})
		do(t, l, func(tx *eventlog.Tx) error {
			_, err := Metrics.Update(tx, metric, "", func(m *domain.Metric, _ time.Time) ([]domain.MetricEvent, error) {
				return m.Edit(func(m *domain.Metric) { m.FloorAtZero = true })
			})
			return err
		})
		if staged.Count != 0 || refused.Count != 0 {
			t.Fatalf("before the floor: %+v, %+v", staged, refused)
		}

		want := func(what string, added, wanted int, report *domain.Report, problems ...int64) {
			t.Helper()
			if added != wanted || report.Count != len(problems) {
				t.Errorf("%s: added %d, report %+v", what, added, report)
				return
			}
			for i, p := range report.Problems {
				if p.Reason != "VALUE_BELOW_ZERO" || p.Line != problems[i] || p.Field != "value" {
					t.Errorf("%s: %+v", what, p)
				}
			}
		}
		do(t, l, func(tx *eventlog.Tx) error {
			added, err := Commit(tx, "b", metric, refused)
			want("committed, staged before the floor", added, 0, refused, 4)
			return err
		})
		do(t, l, func(tx *eventlog.Tx) error {
			added, err := Commit(tx, "a", metric, staged)
			want("committed, with nothing new below it", added, 1, staged)
			return err
		})
		report := domain.NewReport(domain.List)
		do(t, l, func(tx *eventlog.Tx) error {
			added, err := Import(tx, metric, append(again, entry(1, -4, ""), entry(6, -1, ""), entry(7, 9, "")), report, true)
			want("imported", added, 1, report, 1, 6)
			return err
		})
		report = domain.NewReport(domain.CSV)
		do(t, l, func(tx *eventlog.Tx) error {
			err := Stage(tx, "c", &domain.Metric{Name: metric, FloorAtZero: true}, append(again, entry(8, -2, "")), report)
			want("staged", 0, 0, report, 8)
			return err
		})
	})
}

func TestCorrections(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if _, err := importing(l, metric, entry(1, 5, "k"), entry(2, 6, "")); err != nil {
			t.Fatal(err)
		}
		correct := func(minute int, believed, value float64) error {
			return l.Do(t.Context(), func(tx *eventlog.Tx) error {
				_, err := Correct(tx, metric, entry(minute, 0, "").Time, "k", func(c *domain.Corrected, m *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
					return c.Correct(m, believed, value, "a typing error", now)
				})
				return err
			})
		}
		if err := errors.Join(correct(1, 5, 50), correct(1, 50, 0.5)); err != nil {
			t.Fatal(err)
		}
		wantReason(t, correct(2, 6, 7), fault.NotFound, "MEASUREMENT_NOT_FOUND")
		wantReason(t, correct(1, 5, 7), fault.Aborted, "VALUE_CHANGED")
		page, _, err := ListMeasurements(t.Context(), l, record.Query{Parent: metric})
		if err != nil || len(page) != 2 {
			t.Fatalf("%+v, %v", page, err)
		}
		if c := page[0]; c.Value != 0.5 || len(c.Corrections) != 2 || c.Corrections[0].ValueBefore != 5 || c.Corrections[1].ValueBefore != 50 || c.RecordTime.IsZero() {
			t.Errorf("corrected %+v", c)
		}
		// The same file again does not undo the correction, in either way of importing.
		if added, err := importing(l, metric, entry(1, 5, "k"), entry(2, 6, "")); err != nil || added != 0 {
			t.Errorf("sent again: %d, %v", added, err)
		}
		report := domain.NewReport(domain.CSV)
		do(t, l, func(tx *eventlog.Tx) error {
			if err := Stage(tx, "x", &domain.Metric{Name: metric}, []domain.Entry{entry(1, 5, "k")}, report); err != nil {
				return err
			}
			added, err := Commit(tx, "x", metric, report)
			if added != 0 || report.Count != 0 {
				t.Errorf("staged again: %d, %+v", added, report)
			}
			return err
		})
	})
}
