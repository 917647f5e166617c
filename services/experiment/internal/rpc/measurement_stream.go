package rpc

import (
	"context"
	"errors"
	"io"

	"google.golang.org/grpc"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	// batchSize is how many lines of a file are written in one transaction: large enough to share its costs, small enough to let
	// others write in between.
	batchSize = 5000
	// maxWhole is how many lines an import may have of which all or nothing is wanted: so many are moved in one transaction.
	maxWhole = 200_000
)

// StreamMeasurements imports a file while it arrives. It holds one batch at a time.
func (s *Server) StreamMeasurements(stream grpc.ClientStreamingServer[experimentv1.StreamMeasurementsRequest, experimentv1.ImportMeasurementsResponse]) error {
	first, err := stream.Recv()
	if err != nil {
		return err
	}
	m, err := s.byHand(stream.Context(), first.GetName())
	if err != nil {
		return err
	}
	form, ok := map[experimentv1.MeasurementFormat]domain.Form{
		experimentv1.MeasurementFormat_MEASUREMENT_FORMAT_CSV:    domain.CSV,
		experimentv1.MeasurementFormat_MEASUREMENT_FORMAT_NDJSON: domain.NDJSON,
	}[first.GetFormat()]
	if !ok {
		return fault.Invalid("format", "FORMAT_MISSING", "Say in the first message whether the file is CSV or NDJSON.")
	}
	file := &file{stream: stream, metric: first.GetName(), rest: first.GetContent()}
	imported := &fileImport{server: s, metric: m, report: domain.NewReport(form), first: first}
	if err := imported.run(stream.Context(), domain.NewRows(form, file, s.log.Now(), imported.report)); err != nil {
		return err
	}
	return stream.SendAndClose(wire.ImportReport(imported.added, imported.lines, imported.report))
}

// file reads the contents of the messages, one after the other.
type file struct {
	stream grpc.ClientStreamingServer[experimentv1.StreamMeasurementsRequest, experimentv1.ImportMeasurementsResponse]
	metric string
	rest   []byte
}

func (f *file) Read(into []byte) (int, error) {
	for len(f.rest) == 0 {
		next, err := f.stream.Recv()
		if err != nil {
			return 0, err
		}
		if next.GetName() != f.metric {
			return 0, fault.Invalid("name", "METRIC_CHANGED", "All messages of an import are about one metric.")
		}
		f.rest = next.GetContent()
	}
	n := copy(into, f.rest)
	f.rest = f.rest[n:]
	return n, nil
}

// fileImport is one import of a file.
type fileImport struct {
	server *Server
	metric *domain.Metric
	report *domain.Report
	first  *experimentv1.StreamMeasurementsRequest
	// id is what lines are staged under.
	id           string
	lines, added int
}

// inTransaction runs change with a report of its own, because a transaction may run more than once.
func (i *fileImport) inTransaction(ctx context.Context, change func(tx *eventlog.Tx, report *domain.Report) (added int, err error)) error {
	var added int
	var report domain.Report
	err := i.server.log.Do(ctx, func(tx *eventlog.Tx) (err error) {
		report = i.report.Copy()
		added, err = change(tx, &report)
		return err
	})
	if err == nil {
		i.added += added
		*i.report = report
	}
	return err
}

func (i *fileImport) run(ctx context.Context, rows *domain.Rows) error {
	if !partial(i.first.GetMode()) {
		i.id = eventlog.NewID(i.server.log.Now())
		defer i.tidy(ctx)
	}
	batch := make([]domain.Entry, 0, batchSize)
	for {
		refused := i.report.Refused
		entry, more := rows.Next()
		i.lines += i.report.Refused - refused
		if more {
			batch = append(batch, entry)
		}
		if len(batch) == batchSize || !more && len(batch) > 0 {
			if err := i.write(ctx, batch); err != nil {
				return err
			}
			i.lines += len(batch)
			batch = batch[:0]
		}
		if !more {
			break
		}
	}
	if err := rows.Err(); err != nil {
		if errors.Is(err, io.ErrUnexpectedEOF) {
			return fault.New(fault.InvalidArgument, "FILE_CUT_OFF", "The file ended before it was complete.")
		}
		return err
	}
	return i.finish(ctx)
}

// write does with a batch what is wanted: stage it where all or nothing is, otherwise record it, or compare it only.
func (i *fileImport) write(ctx context.Context, batch []domain.Entry) error {
	switch {
	case !partial(i.first.GetMode()):
		return i.stage(ctx, batch)
	case i.first.GetValidateOnly():
		added, err := store.Compare(ctx, i.server.log.DB().Read(), i.metric, batch, i.report)
		i.added += added
		return err
	default:
		return i.inTransaction(ctx, func(tx *eventlog.Tx, report *domain.Report) (int, error) {
			return store.Import(tx, i.metric.Name, batch, report, true)
		})
	}
}

// stage keeps a batch until the rest of the file was read, also when the file is only checked: what contradicts an earlier batch is
// found there.
func (i *fileImport) stage(ctx context.Context, batch []domain.Entry) error {
	if i.lines+len(batch) > maxWhole {
		return fault.Invalid("mode", "IMPORT_TOO_LARGE", "An import of which all or nothing is wanted has at most %d lines. Split the file, or import it with mode=IMPORT_MODE_VALID_LINES.", maxWhole)
	}
	if i.report.Count > 0 && !i.first.GetValidateOnly() {
		return nil // nothing will be written; the rest is only read for what else is wrong with its lines
	}
	return i.inTransaction(ctx, func(tx *eventlog.Tx, report *domain.Report) (int, error) {
		return 0, store.Stage(tx, i.id, i.metric, batch, report)
	})
}

func (i *fileImport) finish(ctx context.Context) error {
	if partial(i.first.GetMode()) {
		return nil
	}
	if only := i.first.GetValidateOnly(); only || i.report.Count == 0 {
		err := i.inTransaction(ctx, func(tx *eventlog.Tx, report *domain.Report) (int, error) {
			if only {
				return store.Look(tx, i.id, i.metric.Name, report)
			}
			return store.Commit(tx, i.id, i.metric.Name, report)
		})
		if err != nil {
			return err
		}
	}
	return i.report.Fault()
}

// tidy forgets what was staged, also for a caller who has gone.
func (i *fileImport) tidy(ctx context.Context) {
	_ = i.server.log.Do(context.WithoutCancel(ctx), func(tx *eventlog.Tx) error { return store.Unstage(tx, i.id) }) // the next import does it otherwise
}
