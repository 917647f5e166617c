package rpc_test

import (
	"slices"
	"testing"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// BenchmarkAnalyzeMetric is a chart of 10,000 points: the goal is 20 ms, the call over the in-memory connection and all.
func BenchmarkAnalyzeMetric(b *testing.B) {
	w := newWorld(b, db.SQLite)
	w.clock.add(30 * 365 * 24 * time.Hour) // after the last of the readings
	values := make([]float64, 10_000)
	for i := range values {
		values[i] = float64(i*7919%1000) / 10
	}
	if _, err := w.client.CreateMetric(w.member(), waitMetric("review-wait")); err != nil {
		b.Fatal(err)
	}
	for portion := range slices.Chunk(daily(values...).GetMeasurements(), 1000) {
		if _, err := w.client.ImportMeasurements(w.member(), &experimentv1.ImportMeasurementsRequest{Name: wait, Measurements: portion}); err != nil {
			b.Fatal(err)
		}
	}
	ctx := w.member()
	b.ReportAllocs()
	for b.Loop() {
		c, err := w.client.AnalyzeMetric(ctx, &experimentv1.AnalyzeMetricRequest{Name: wait})
		if err != nil || len(c.GetPoints()) != len(values) {
			b.Fatal(len(c.GetPoints()), err)
		}
	}
}
