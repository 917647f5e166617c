package store

import (
	"fmt"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Computed is what came of new facts.
type Computed struct {
	// History is what of the history they could change, after them; nil when they changed nothing.
	History *domain.DeliveryHistory
	// ByHand are the metrics that were left alone, because people record them, or something else computes them.
	ByHand []string
}

// Compute brings the delivery metrics of a source's service up to what was told, after new facts.
func Compute(tx *eventlog.Tx, s *domain.DeliverySource, facts []domain.DeliveryFact, because string) (c Computed, err error) {
	service := serviceOf(s)
	news, err := newsOf(tx, service, facts)
	if err != nil || len(news) == 0 {
		return c, err
	}
	since, err := progress(tx, service)
	if err != nil {
		return c, err
	}
	influence, err := influenceOf(tx, service, news, since)
	if err != nil {
		return c, err
	}
	c.History = influence.after
	for _, k := range domain.DeliveryMetrics {
		m, found, err := deliveryMetric(tx, s, k, influence.after)
		if err != nil {
			return c, err
		}
		switch {
		case !found:
			continue
		case !m.FromDeliveries():
			if slices.ContainsFunc(news, func(f domain.DeliveryFact) bool { return k.DependsOn(f.Kind) }) {
				c.ByHand = append(c.ByHand, m.Name)
			}
			continue
		}
		places, wanted := influence.readings(k, tx.Now())
		if err := amend(tx, m.Name, places, wanted, because); err != nil {
			return c, err
		}
	}
	return c, setProgress(tx, service)
}

// newsOf are the facts that may change a reading: a commit that was never deployed does not, and most are such.
func newsOf(tx *eventlog.Tx, s deliveryService, facts []domain.DeliveryFact) (news []domain.DeliveryFact, err error) {
	for _, f := range facts {
		if f.Kind == domain.CommitMade {
			_, deployed, err := db.One[string](noContext, tx,
				"select f.fact_key from delivery_facts f where f.team || '/' || f.service || '/' || f.commit_hash = "+owner+" || '/' || cast($3 as text) limit 1", s.Team, s.Name, f.Key)
			if err != nil {
				return nil, err
			}
			if !deployed {
				continue
			}
		}
		news = append(news, f)
	}
	return news, nil
}

// deliveryMetric is one of the five metrics, which is made when the first event for it has come.
func deliveryMetric(tx *eventlog.Tx, s *domain.DeliverySource, k domain.DeliveryMetric, history *domain.DeliveryHistory) (*domain.Metric, bool, error) {
	wanted := k.MetricOf(s)
	m, err := FindMetric(tx, wanted.Name)
	if err != nil || m != nil {
		return m, m != nil, err
	}
	if !history.Tells(k) {
		return nil, false, nil
	}
	_, err = Metrics.Create(tx, wanted, domain.MetricEvent{})
	return wanted, err == nil, err
}

// amend records the readings that are new, corrects those that news have changed, and withdraws those that no event speaks for any more.
func amend(tx *eventlog.Tx, metric string, places, wanted []domain.Measurement, because string) error {
	known, err := knownReadings(tx, metric, slices.Concat(places, wanted))
	if err != nil {
		return err
	}
	var recorded []domain.Measurement
	gone := map[key]bool{}
	for _, m := range known {
		if m.Withdrawn != 0 {
			gone[keyOf(m.domain())] = true
		} else {
			recorded = append(recorded, m.domain())
		}
	}
	changes := domain.CompareReadings(places, wanted, recorded)
	back, fresh := apart(changes.Fresh, func(e domain.Entry) bool { return gone[keyOf(e.Measurement)] })
	if err := recordNew(tx, metric, fresh); err != nil {
		return err
	}
	if err := reinstate(tx, metric, back); err != nil {
		return err
	}
	for _, c := range changes.Changed {
		_, err := Correct(tx, metric, c.Recorded.Time, c.Recorded.SourceKey,
			func(r *domain.Corrected, m *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
				return r.Correct(m, c.Recorded.Value, c.Value, because, now)
			})
		if err != nil {
			return err
		}
	}
	for _, m := range changes.Withdrawn {
		if err := withdraw(tx, metric, m, because); err != nil {
			return err
		}
	}
	return nil
}

// apart parts a list in two.
func apart[T any](list []T, first func(T) bool) (ones, others []T) {
	for _, item := range list {
		if first(item) {
			ones = append(ones, item)
		} else {
			others = append(others, item)
		}
	}
	return ones, others
}

func recordNew(tx *eventlog.Tx, metric string, fresh []domain.Entry) error {
	if len(fresh) == 0 {
		return nil
	}
	report := domain.NewReport(domain.List)
	_, err := Import(tx, metric, fresh, report, false)
	if err == nil && report.Count > 0 {
		err = fault.New(fault.Internal, "READINGS_INVALID", "The readings of a delivery metric could not be recorded.").Because(report.Fault())
	}
	return err
}

// knownReadings are those of the metric with the keys of a list, the withdrawn ones included.
func knownReadings(tx *eventlog.Tx, metric string, list []domain.Measurement) (known []measurement, err error) {
	entries := make([]domain.Entry, len(list))
	for i, m := range list {
		entries[i].Measurement = m
	}
	err = inBatches(entries, func(batch []domain.Entry) error {
		args := []any{metric}
		for _, e := range batch {
			args = append(args, db.Micros(e.Time), e.SourceKey)
		}
		found, err := db.All[measurement](noContext, tx, "with wanted (time, source_key) as (values "+
			rows(len(batch), 1, 2, func(p []any) string { return fmt.Sprintf("(cast($%d as bigint), cast($%d as text))", p...) })+
			") select distinct m.time, m.source_key, m.value, m.withdraw_time from wanted cross join measurements m"+
			" where m.metric = $1 and m.time = wanted.time and m.source_key = wanted.source_key", args...)
		known = append(known, found...)
		return err
	})
	return known, err
}
