package rpc

import (
	"context"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// ImportMeasurements records what is new of a list.
func (s *Server) ImportMeasurements(ctx context.Context, req *experimentv1.ImportMeasurementsRequest) (*experimentv1.ImportMeasurementsResponse, error) {
	if len(req.GetMeasurements()) == 0 {
		return nil, fault.Invalid("measurements", "MEASUREMENTS_MISSING", "There are no measurements in the request.")
	}
	m, err := s.byHand(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	if req.GetValidateOnly() {
		report := domain.NewReport(domain.List)
		entries := domain.CheckMeasurements(wire.MeasurementsFrom(req.GetMeasurements()), s.log.Now(), report)
		added, err := store.Compare(ctx, s.log.DB().Read(), m, entries, report)
		return answer(req.GetMode(), added, len(req.GetMeasurements()), report, err)
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.ImportMeasurementsResponse, error) {
		report := domain.NewReport(domain.List)
		entries := domain.CheckMeasurements(wire.MeasurementsFrom(req.GetMeasurements()), tx.Now(), report)
		added, err := store.Import(tx, req.GetName(), entries, report, partial(req.GetMode()))
		return answer(req.GetMode(), added, len(req.GetMeasurements()), report, err)
	})
}

// answer tells what came of an import of lines. One that is all or nothing is refused for any problem.
func answer(mode experimentv1.ImportMode, added, lines int, report *domain.Report, err error) (*experimentv1.ImportMeasurementsResponse, error) {
	if err == nil && !partial(mode) {
		err = report.Fault()
	}
	if err != nil {
		return nil, err
	}
	return wire.ImportReport(added, lines, report), nil
}

func partial(mode experimentv1.ImportMode) bool {
	return mode == experimentv1.ImportMode_IMPORT_MODE_VALID_LINES
}

// byHand is the metric, which must not be one that is computed. When its delivery source was deleted nothing computes it any more, and
// people may go on with it.
func (s *Server) byHand(ctx context.Context, name string) (*domain.Metric, error) {
	row, err := store.Metrics.Get(ctx, s.log, name)
	if err != nil {
		return nil, err
	}
	refused := row.Value.ByHand()
	if refused == nil {
		return row.Value, nil
	}
	_, computed, err := store.FindDeliverySource(ctx, s.log, row.Value.ComputedBy)
	if err != nil {
		return nil, err
	}
	if computed || !row.Value.FromDeliveries() {
		return nil, refused
	}
	return row.Value, nil
}

// CreateMeasurement records one measurement.
func (s *Server) CreateMeasurement(ctx context.Context, req *experimentv1.CreateMeasurementRequest) (*experimentv1.Measurement, error) {
	if _, err := s.byHand(ctx, req.GetParent()); err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.Measurement, error) {
		report := domain.NewReport(domain.Single)
		entries := domain.CheckMeasurements(wire.MeasurementsFrom([]*experimentv1.Measurement{req.GetMeasurement()}), tx.Now(), report)
		if _, err := store.Import(tx, req.GetParent(), entries, report, false); err != nil {
			return nil, err
		}
		if err := report.Fault(); err != nil {
			return nil, err
		}
		// A repetition is answered with what is recorded: an earlier time, and the value that a correction has put there.
		recorded, err := store.Reading(ctx, tx, req.GetParent(), entries[0].Time, entries[0].SourceKey)
		if err != nil {
			return nil, err
		}
		return wire.Measurement(recorded), nil
	})
}

// CorrectMeasurement gives a measurement another value and keeps the one before.
func (s *Server) CorrectMeasurement(ctx context.Context, req *experimentv1.CorrectMeasurementRequest) (*experimentv1.Measurement, error) {
	if _, err := s.byHand(ctx, req.GetName()); err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.Measurement, error) {
		corrected, err := store.Correct(tx, req.GetName(), req.GetTime().AsTime(), req.GetSourceKey(),
			func(c *domain.Corrected, m *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
				return c.Correct(m, req.GetValueBefore(), req.GetValue(), req.GetReason(), now)
			})
		if err != nil {
			return nil, err
		}
		return wire.Measurement(*corrected), nil
	})
}

// ListMeasurements lists a metric's measurements in time order.
func (s *Server) ListMeasurements(ctx context.Context, req *experimentv1.ListMeasurementsRequest) (*experimentv1.ListMeasurementsResponse, error) {
	if _, err := store.Metrics.Get(ctx, s.log, req.GetParent()); err != nil {
		return nil, err
	}
	list, next, err := store.ListMeasurements(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &experimentv1.ListMeasurementsResponse{Measurements: convert(list, wire.Measurement), NextPageToken: next}, nil
}
