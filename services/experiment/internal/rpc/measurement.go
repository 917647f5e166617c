package rpc

import (
	"context"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// maxChartPoints bounds the points of one answer. Limits and signals always rest on all of them.
const maxChartPoints = 10_000

// ImportMeasurements records what is new, all or nothing.
func (s *Server) ImportMeasurements(ctx context.Context, req *experimentv1.ImportMeasurementsRequest) (*experimentv1.ImportMeasurementsResponse, error) {
	entries, err := entriesOf(req)
	if err != nil {
		return nil, err
	}
	answer := func(added int) *experimentv1.ImportMeasurementsResponse {
		return &experimentv1.ImportMeasurementsResponse{Imported: int32(added), Repeated: int32(len(entries) - added)}
	}
	if req.GetValidateOnly() {
		added, err := s.compare(ctx, req.GetName(), entries)
		if err != nil {
			return nil, err
		}
		return answer(added), nil
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*experimentv1.ImportMeasurementsResponse, error) {
		added, err := store.Import(tx, req.GetName(), entries)
		if err != nil {
			return nil, err
		}
		return answer(added), nil
	})
}

// compare is an import that only looks.
func (s *Server) compare(ctx context.Context, metric string, entries []domain.Entry) (added int, err error) {
	if _, err := store.Metrics.Get(ctx, s.log, metric); err != nil {
		return 0, err
	}
	return store.Compare(ctx, s.log.DB().Read(), metric, entries)
}

// entriesOf reads the measurements of a request, whichever way they came.
func entriesOf(req *experimentv1.ImportMeasurementsRequest) ([]domain.Entry, error) {
	switch list, csv := req.GetMeasurements(), req.GetCsv(); {
	case len(list) > 0 && csv != "":
		return nil, fault.Invalid("csv", "ONE_FORM_ONLY", "Send the measurements either as a list or as CSV, not both.")
	case csv != "":
		return domain.ParseCSV(csv)
	case len(list) > 0:
		return domain.CheckMeasurements(wire.MeasurementsFrom(list))
	}
	return nil, fault.Invalid("measurements", "MEASUREMENTS_MISSING", "There are no measurements in the request, neither as a list nor as CSV.")
}

// ListMeasurements lists a metric's measurements in time order.
func (s *Server) ListMeasurements(ctx context.Context, req *experimentv1.ListMeasurementsRequest) (*experimentv1.ListMeasurementsResponse, error) {
	if _, err := store.Metrics.Get(ctx, s.log, req.GetParent()); err != nil {
		return nil, err
	}
	list, next, err := store.ListMeasurements(ctx, s.log, page(ctx, req))
	if err != nil {
		return nil, err
	}
	return &experimentv1.ListMeasurementsResponse{Measurements: convert(list, wire.Measurement), NextPageToken: next}, nil
}

// AnalyzeMetric computes the process behaviour chart of a metric.
func (s *Server) AnalyzeMetric(ctx context.Context, req *experimentv1.AnalyzeMetricRequest) (*experimentv1.ProcessBehaviourChart, error) {
	if _, err := store.Metrics.Get(ctx, s.log, req.GetName()); err != nil {
		return nil, err
	}
	readings, err := store.Readings(ctx, s.log.DB().Read(), req.GetName())
	if err != nil {
		return nil, err
	}
	points := convert(readings, func(r domain.Reading) domain.Measurement { return r.Measurement })
	return wire.Chart(req.GetName(), domain.Analyze(points, int(req.GetBaselinePoints())).Latest(maxChartPoints)), nil
}
