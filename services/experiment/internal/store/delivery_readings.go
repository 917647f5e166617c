package store

import (
	"context"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Compute brings the delivery metrics of a source's service up to what was told, after new facts. It returns the metrics that it left
// alone, because people record them, or something else computes them.
func Compute(tx *eventlog.Tx, s *domain.DeliverySource, facts []domain.DeliveryFact, because string) (byHand []string, err error) {
	kinds, err := kindsThatCount(tx, s, facts)
	if err != nil || len(kinds) == 0 {
		return nil, err
	}
	history, err := DeliveryHistory(noContext, tx, s.Team(), s.Service)
	if err != nil {
		return nil, err
	}
	for _, k := range domain.DeliveryMetrics {
		if !slices.ContainsFunc(kinds, k.DependsOn) {
			continue
		}
		m, found, err := deliveryMetric(tx, s, k, history)
		if err != nil {
			return nil, err
		}
		if !found {
			continue
		}
		if !m.FromDeliveries() {
			byHand = append(byHand, m.Name)
			continue
		}
		if err := amend(tx, m.Name, history.Readings(k, tx.Now()), because); err != nil {
			return nil, err
		}
	}
	return byHand, nil
}

// kindsThatCount are the kinds of the facts that may change a reading: a commit that was never deployed does not, and most are such.
func kindsThatCount(tx *eventlog.Tx, s *domain.DeliverySource, facts []domain.DeliveryFact) (kinds []domain.FactKind, err error) {
	for _, f := range facts {
		if slices.Contains(kinds, f.Kind) {
			continue
		}
		if f.Kind == domain.CommitMade {
			_, deployed, err := db.One[string](noContext, tx,
				"select fact_key from delivery_facts where team = $1 and service = $2 and commit_hash = $3 limit 1", s.Team(), s.Service, f.Key)
			if err != nil {
				return nil, err
			}
			if !deployed {
				continue
			}
		}
		kinds = append(kinds, f.Kind)
	}
	return kinds, nil
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

// amend records the readings that are new, and corrects those that a late event has changed.
func amend(tx *eventlog.Tx, metric string, wanted []domain.Measurement, because string) error {
	recorded, err := recordedByKey(noContext, tx, metric)
	if err != nil {
		return err
	}
	fresh, changed := domain.CompareReadings(wanted, recorded)
	if len(fresh) > 0 {
		report := domain.NewReport(domain.List)
		if _, err := Import(tx, metric, fresh, report, false); err != nil {
			return err
		}
		if report.Count > 0 {
			return fault.New(fault.Internal, "READINGS_INVALID", "The readings of a delivery metric could not be recorded.").Because(report.Fault())
		}
	}
	for _, c := range changed {
		_, err := Correct(tx, metric, c.Recorded.Time, c.Recorded.SourceKey,
			func(r *domain.Corrected, m *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
				return r.Correct(m, c.Recorded.Value, c.Value, because, now)
			})
		if err != nil {
			return err
		}
	}
	return nil
}

func recordedByKey(ctx context.Context, q db.Queryer, metric string) ([]domain.Measurement, error) {
	readings, err := Readings(ctx, q, metric)
	recorded := make([]domain.Measurement, len(readings))
	for i, r := range readings {
		recorded[i] = r.Measurement
	}
	return recorded, err
}

// Reading returns one reading of a metric with the values that it had before. Reason: MEASUREMENT_NOT_FOUND.
func Reading(ctx context.Context, q db.Queryer, metric string, at time.Time, sourceKey string) (domain.Corrected, error) {
	found, ok, err := db.One[measurement](ctx, q,
		"select time, source_key, value, ordinal, record_time from measurements where metric = $1 and time = $2 and source_key = $3",
		metric, db.Micros(at), sourceKey)
	if err == nil && !ok {
		err = fault.New(fault.NotFound, "MEASUREMENT_NOT_FOUND", "The metric has no reading of %s with source key %q.", at.UTC().Format(time.RFC3339Nano), sourceKey)
	}
	if err != nil {
		return domain.Corrected{}, err
	}
	reading := domain.Corrected{Measurement: found.domain(), RecordTime: db.Time(found.Recorded)}
	reading.Corrections, err = corrections(ctx, q, metric, reading.Measurement)
	return reading, err
}
