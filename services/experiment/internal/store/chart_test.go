package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func valuesOf(list []domain.Measurement) (values []float64) {
	for _, m := range list {
		values = append(values, m.Value)
	}
	return values
}

func TestPoints(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if _, err := importing(l, metric, entry(3, 3, ""), entry(1, 12, "b"), entry(1, 11, "B"), entry(2, 2, ""), entry(1, 10, "")); err != nil {
			t.Fatal(err)
		}
		if _, err := importing(l, "teams/payments/metrics/other", entry(2, 99, "")); err != nil {
			t.Fatal(err)
		}
		minute := func(n int) time.Time { return noon.Add(time.Duration(n) * time.Minute) }
		for _, c := range []struct {
			w    domain.Window
			want []float64
		}{
			{domain.Window{}, []float64{10, 11, 12, 2, 3}},
			{domain.Window{From: minute(2)}, []float64{2, 3}},
			{domain.Window{To: minute(2)}, []float64{10, 11, 12}},
			{domain.Window{From: minute(1), To: minute(3)}, []float64{10, 11, 12, 2}},
			{domain.Window{From: minute(4)}, nil},
		} {
			got, before, err := Latest(t.Context(), l.DB().Read(), metric, c.w, 10)
			if err != nil || before != 0 || !slices.Equal(valuesOf(got), c.want) {
				t.Errorf("%v: %v after %d, %v, want %v", c.w, valuesOf(got), before, err, c.want)
			}
		}
		for n, want := range map[int]string{2: "[2 3] 3", 5: "[10 11 12 2 3] 0", 4: "[11 12 2 3] 1"} {
			got, before, err := Latest(t.Context(), l.DB().Read(), metric, domain.Window{}, n)
			if is := fmt.Sprint(valuesOf(got), before); err != nil || is != want {
				t.Errorf("the latest %d: %s, %v, want %s", n, is, err, want)
			}
		}
		if got, before, err := Latest(t.Context(), l.DB().Read(), metric, domain.Window{To: minute(3)}, 2); err != nil || before != 2 || !slices.Equal(valuesOf(got), []float64{12, 2}) {
			t.Errorf("the latest two of a window: %v after %d, %v", got, before, err)
		}
		if got, err := First(t.Context(), l.DB().Read(), metric, domain.Window{}, 2); err != nil || !slices.Equal(valuesOf(got), []float64{10, 11}) {
			t.Errorf("the first two: %v, %v", got, err)
		}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		if _, _, err := Latest(gone, l.DB().Read(), metric, domain.Window{}, 2); err == nil {
			t.Error("read on for a caller who has gone")
		}
	})
}

// What a decision is made on does not change until it is written; what it refuses leaves nothing.
func TestFreeze(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if _, err := importing(l, metric, entry(1, 1, ""), entry(2, 2, ""), entry(3, 3, ""), entry(4, 4, "")); err != nil {
			t.Fatal(err)
		}
		no := errors.New("no")
		for n, refuse := range []error{nil, no, nil} {
			err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
				row, err := Freeze(tx, metric, domain.Window{}, 3,
					func(m *domain.Metric, before []domain.Baseline, readings []domain.Measurement, now time.Time) (*domain.FrozenBaseline, error) {
						if m.Name != metric || len(before) != (n+1)/2 || !slices.Equal(valuesOf(readings), []float64{1, 2, 3}) {
							t.Errorf("decided on %v, %v, %v", m, before, readings)
						}
						b := &domain.FrozenBaseline{Name: metric + "/baselines/" + string(rune('z'-n)), DecideTime: now}
						b.From = noon.AddDate(0, 0, n)
						return b, refuse
					})
				if err == nil && row.Version != 1 {
					t.Errorf("row %+v", row)
				}
				return err
			})
			if refuse == nil && err != nil || refuse != nil && err == nil {
				t.Errorf("%d: %v", n, err)
			}
		}
		rows, err := Baselines.All(t.Context(), l.DB().Read(), l, metric)
		if err != nil || len(rows) != 2 || rows[0].Value.Name != metric+"/baselines/z" || rows[1].Value.Name != metric+"/baselines/x" {
			t.Errorf("baselines %v, %v", rows, err)
		}
		err = l.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := Freeze(tx, "teams/payments/metrics/none", domain.Window{}, 3, nil)
			return err
		})
		if f := fault.From(err); f.Reason != "METRIC_NOT_FOUND" {
			t.Errorf("a metric that is none: %v", err)
		}
	})
}
