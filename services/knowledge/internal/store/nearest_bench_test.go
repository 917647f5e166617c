package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// BenchmarkNearest is what it costs to find the 100 learnings nearest to a text of 60 words: medians and 99th percentiles.
func BenchmarkNearest(b *testing.B) {
	l := benchLog(b)
	language := newInvented(30_000)
	var took []float64
	for range 200 {
		text := language.text(60)
		at := time.Now()
		found, err := store.Nearest(b.Context(), l, store.NearestQuery{Text: text, Limit: 100})
		if err != nil || len(found) == 0 {
			b.Fatalf("%d found, %v", len(found), err)
		}
		took = append(took, time.Since(at).Seconds()*1000)
	}
	slices.Sort(took)
	fmt.Printf("nearest of %d: p50 %.1f ms, p99 %.1f ms\n", benchLearnings(b), took[len(took)/2], took[len(took)*99/100])
	b.ReportMetric(took[len(took)/2], "p50-ms")
	b.ReportMetric(took[len(took)*99/100], "p99-ms")
}
