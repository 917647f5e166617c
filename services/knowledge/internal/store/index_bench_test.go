package store_test

import (
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// BenchmarkIndex is the writing of a published learning of about 60 words with its event, 250 in a transaction.
func BenchmarkIndex(b *testing.B) {
	l := openLog(b, dbtest.Open(b, db.SQLite, tables))
	language := newInvented(30_000)
	write := func(from, to int) {
		for ; from < to; from += 250 {
			err := l.Do(b.Context(), func(tx *eventlog.Tx) error {
				for i := from; i < min(from+250, to); i++ {
					if _, err := store.Create(tx, benchLearning(language, i), domain.LearningPublished); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	write(0, 2000) // so that most words are known
	b.ResetTimer()
	write(2000, 2000+b.N)
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "learnings/s")
}
