package store

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// A withdrawn reading goes into the board's files and comes back withdrawn, at its place in the order of arrival.
func TestArchiveOfWithdrawnReadings(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if _, err := importing(l, metric, entry(1, 1, "a"), entry(2, 2, "b"), entry(3, 3, "c")); err != nil {
			t.Fatal(err)
		}
		do(t, l, func(tx *eventlog.Tx) error { return withdraw(tx, metric, entry(2, 2, "b").Measurement, "Because.") })
		file, err := exportMeasurements(t.Context(), l.DB().Read(), metric)
		if err != nil {
			t.Fatal(err)
		}
		checked, err := checkMeasurements(file)
		if err != nil || !bytes.Equal(checked, file) || !strings.Contains(string(file), "no event speaks for it any more. Because.") {
			t.Fatalf("%s\n%s, %v", file, checked, err)
		}
		const other = "teams/payments/metrics/other"
		do(t, l, func(tx *eventlog.Tx) error { return restoreMeasurements(tx, other, file) })
		points, err := First(t.Context(), l.DB().Read(), other, domain.Window{}, 10)
		if err != nil || len(points) != 2 || points[1].Value != 3 {
			t.Errorf("%v, %v", points, err)
		}
		reading, err := Reading(t.Context(), l.DB().Read(), other, noon.Add(2*time.Minute), "b")
		if err != nil || !reading.Withdrawn || len(reading.Corrections) != 1 || reading.Corrections[0].ValueBefore != 2 {
			t.Errorf("%+v, %v", reading, err)
		}
		again, err := exportMeasurements(t.Context(), l.DB().Read(), other)
		if err != nil || !bytes.Equal(again, file) {
			t.Errorf("%s, %v", again, err)
		}
	})
}
