package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// manyDeployments are those of a service that deploys eight times a day, every tenth with an incident and every fiftieth undone.
func manyDeployments(source string, n int, until time.Time) (facts []domain.DeliveryFact) {
	for i := range n {
		at := until.Add(-time.Duration(n-i) * 3 * time.Hour)
		f := domain.DeliveryFact{Kind: domain.Deployed, Key: fmt.Sprint("d", i), Source: source, DeliveryID: fmt.Sprint(i), Time: at, Environment: "production", CommitTime: at.Add(-time.Hour)}
		if i%50 == 49 {
			f.Kind = domain.RolledBack
		}
		facts = append(facts, f)
		if i%10 == 0 {
			facts = append(facts,
				domain.DeliveryFact{Kind: domain.IncidentOpened, Key: fmt.Sprint("i", i), Source: source, DeliveryID: fmt.Sprint("o", i), Time: at.Add(time.Hour), Environment: "production"},
				domain.DeliveryFact{Kind: domain.IncidentResolved, Key: fmt.Sprint("i", i), Source: source, DeliveryID: fmt.Sprint("r", i), Time: at.Add(2 * time.Hour)})
		}
	}
	return facts
}

// BenchmarkDelivery is the time of one more delivery in its transaction, after 100 and after 20,000 deployments, and the ratio of the two.
func BenchmarkDelivery(b *testing.B) {
	now := time.Date(2026, 6, 3, 12, 0, 0, 0, time.UTC)
	per := map[int]float64{}
	for _, earlier := range []int{100, 20_000} {
		b.Run(fmt.Sprint(earlier), func(b *testing.B) {
			l := openLog(b, db.SQLite, func() time.Time { return now })
			s := &domain.DeliverySource{Name: "teams/payments/deliverySources/ci", Service: "checkout", Environments: []string{"production"}}
			take := func(facts ...domain.DeliveryFact) {
				err := l.Do(b.Context(), func(tx *eventlog.Tx) error {
					if err := AddFacts(tx, s, facts); err != nil {
						return err
					}
					_, err := Compute(tx, s, facts, "benchmark")
					return err
				})
				if err != nil {
					b.Fatal(err)
				}
			}
			take(manyDeployments(s.Name, earlier, now.Add(-48*time.Hour))...)
			n := 0
			for b.Loop() {
				n++
				take(domain.DeliveryFact{
					Kind: domain.Deployed, Key: fmt.Sprint("x", n), Source: s.Name, DeliveryID: fmt.Sprint("x", n), Environment: "production",
					Time: now.Add(-47*time.Hour + time.Duration(n)*time.Millisecond), CommitTime: now.Add(-50 * time.Hour),
				})
				if n == 200 { // a day with more deployments would be another story
					b.StopTimer()
					_ = l.DB().Write(b.Context(), func(tx *db.Tx) error {
						_, err := tx.Exec("delete from delivery_facts where fact_key like 'x%'")
						return err
					})
					n = 0
					b.StartTimer()
				}
			}
			per[earlier] = float64(b.Elapsed()) / float64(b.N)
			if per[100] > 0 && earlier > 100 {
				b.ReportMetric(per[earlier]/per[100], "ratio")
			}
		})
	}
}
