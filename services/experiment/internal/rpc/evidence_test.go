package rpc

import (
	"context"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// What was read ahead of a transaction is used in it, unless something has come to the metric in between: no reading and no correction
// is missed.
func TestEvidenceMissesNothing(t *testing.T) {
	const metric, experiment = "teams/payments/metrics/wait", "teams/payments/cycles/c/experiments/e"
	start := time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)
	dbtest.Each(t, db.Merge(eventlog.Migrations, store.Migrations), func(t *testing.T, d *db.DB) {
		l, err := eventlog.Open(t.Context(), d, "experiment", nil)
		if err != nil {
			t.Fatal(err)
		}
		do := func(change func(tx *eventlog.Tx) error) {
			t.Helper()
			if err := l.Do(t.Context(), change); err != nil {
				t.Fatal(err)
			}
		}
		record := func(tx *eventlog.Tx, hour int) error {
			at := domain.Measurement{Time: start.Add(time.Duration(hour) * time.Hour), Value: float64(hour)}
			_, err := store.Import(tx, metric, []domain.Entry{{Measurement: at, Line: 1}}, domain.NewReport(domain.List), false)
			return err
		}
		do(func(tx *eventlog.Tx) error {
			if _, err := store.Metrics.Create(tx, &domain.Metric{Name: metric, DisplayName: "Wait", Direction: domain.Lower, Kind: domain.Process}, domain.MetricEvent{}); err != nil {
				return err
			}
			e := &domain.Experiment{Name: experiment, DisplayName: "Rota", TimeZone: "UTC", State: domain.Running, StartTime: start, StartOrdinal: 1, Prediction: domain.Prediction{Metric: metric}}
			if _, err := store.Experiments.Create(tx, e, domain.EventStarted); err != nil {
				return err
			}
			return record(tx, -1)
		})
		do(func(tx *eventlog.Tx) error { return record(tx, 1) })
		looked := 0
		s := &Server{log: l}
		look := func(ctx context.Context, q db.Queryer, e *domain.Experiment, now time.Time) ([]domain.Reading, error) {
			looked++
			return judgedBy(ctx, q, e, now)
		}
		for _, c := range []struct {
			name    string
			between func(tx *eventlog.Tx) error
			want    []float64
			looks   int
		}{
			{"nothing in between", func(*eventlog.Tx) error { return nil }, []float64{-1, 1}, 1},
			{"a reading", func(tx *eventlog.Tx) error { return record(tx, 2) }, []float64{-1, 1, 2}, 2},
			{"a correction", func(tx *eventlog.Tx) error {
				_, err := store.Correct(tx, metric, start.Add(time.Hour), "", func(c *domain.Corrected, m *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
					return c.Correct(m, 1, 10, "a typing error", now)
				})
				return err
			}, []float64{-1, 10, 2}, 2},
			{"a later start", func(tx *eventlog.Tx) error {
				_, err := store.Experiments.Update(tx, experiment, "", func(e *domain.Experiment, _ time.Time) ([]domain.Event, error) {
					e.StartTime = start.Add(90 * time.Minute)
					return []domain.Event{domain.EventStarted}, nil
				})
				return err
			}, []float64{-1, 10, 2}, 2},
		} {
			t.Run(c.name, func(t *testing.T) {
				looked = 0
				ahead := s.evidence(t.Context(), experiment, look)
				do(c.between)
				var got []float64
				do(func(tx *eventlog.Tx) error {
					got = nil
					row, err := store.Experiments.Must(tx, experiment)
					if err != nil {
						return err
					}
					readings, err := ahead.in(tx, row.Value, tx.Now())
					for _, r := range readings {
						got = append(got, r.Value)
					}
					return err
				})
				if len(got) != len(c.want) || looked != c.looks {
					t.Fatalf("%v after %d looks, want %v after %d", got, looked, c.want, c.looks)
				}
				for i := range got {
					if got[i] != c.want[i] {
						t.Errorf("%v, want %v", got, c.want)
					}
				}
			})
		}
	})
}
