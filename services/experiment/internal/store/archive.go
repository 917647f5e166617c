package store

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/archive"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Archive is what this service keeps of a team's board.
func Archive() []archive.Kind {
	metrics := archive.Of(Metrics, "metrics/*", metricEvent, nil)
	baselines := archive.Of(Baselines, "metrics/*/baselines/*", func(string, proto.Message) struct{} { return struct{}{} }, nil)
	experiments := archive.Of(Experiments, "cycles/*/experiments/*", func(name string, _ proto.Message) domain.Event {
		return domain.Event(name)
	}, projectRestored)
	return []archive.Kind{
		metrics.With(archive.Table{Export: exportMeasurements, Check: checkMeasurements, Import: restoreMeasurements}),
		baselines,
		experiments,
	}
}

// metricEvent is the event that a message tells of.
func metricEvent(_ string, data proto.Message) domain.MetricEvent {
	switch data := data.(type) {
	case *pb.MetricUpdated:
		return domain.MetricEvent{Updated: true}
	case *pb.MeasurementCorrected:
		corrected := wire.CorrectedFrom(data.GetMeasurement())
		corrected.Withdrawn = data.GetWithdrawn()
		return domain.MetricEvent{Corrected: corrected}
	case *pb.MeasurementsRecorded:
		return domain.MetricEvent{Recorded: int(data.GetCount())}
	default:
		return domain.MetricEvent{}
	}
}

// columns of a file of measurements, which stand there in the order of their arrival.
const columns = "time,value,source_key,record_time\n"

// correctedColumns are those of a file in which a measurement was corrected.
const correctedColumns = "time,value,source_key,record_time,corrections\n"

// withdrawnColumns are those of a file in which a computed reading was withdrawn.
const withdrawnColumns = "time,value,source_key,record_time,corrections,withdraw_time\n"

// kept is a measurement with what the archive has to know of it beside.
type kept struct {
	Time       int64   `db:"time"`
	Value      float64 `db:"value"`
	SourceKey  string  `db:"source_key"`
	RecordTime int64   `db:"record_time"`
	// WithdrawTime is when it was withdrawn, 0 while it stands.
	WithdrawTime int64 `db:"withdraw_time"`
	// Corrections are the values that it had before, oldest first.
	Corrections []archivedCorrection
}

func exportMeasurements(ctx context.Context, q db.Queryer, metric string) ([]byte, error) {
	found, err := db.All[kept](ctx, q, "select time, value, source_key, record_time, withdraw_time from measurements where metric = $1 order by ordinal", metric)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	if err := addCorrections(ctx, q, metric, found); err != nil {
		return nil, err
	}
	return writeMeasurements(found)
}

func writeMeasurements(list []kept) ([]byte, error) {
	var b bytes.Buffer
	withdrawn := slices.ContainsFunc(list, func(m kept) bool { return m.WithdrawTime != 0 })
	corrected := withdrawn || slices.ContainsFunc(list, func(m kept) bool { return len(m.Corrections) > 0 })
	switch {
	case withdrawn:
		b.WriteString(withdrawnColumns)
	case corrected:
		b.WriteString(correctedColumns)
	default:
		b.WriteString(columns)
	}
	w := csv.NewWriter(&b)
	for _, m := range list {
		line := []string{instant(m.Time), strconv.FormatFloat(m.Value, 'g', -1, 64), m.SourceKey, instant(m.RecordTime)}
		if corrected {
			text, err := writeCorrections(m.Corrections)
			if err != nil {
				return nil, err
			}
			line = append(line, text)
		}
		if withdrawn {
			line = append(line, optionalInstant(m.WithdrawTime))
		}
		_ = w.Write(line) // told by Flush
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func instant(micros int64) string { return db.Time(micros).Format(time.RFC3339Nano) }

// optionalInstant is an instant, or nothing for 0.
func optionalInstant(micros int64) string {
	if micros == 0 {
		return ""
	}
	return instant(micros)
}

// fieldsOf is the number of fields of a file's lines, and the lines.
func fieldsOf(content []byte) (fields int, lines string, ok bool) {
	for _, head := range []string{columns, correctedColumns, withdrawnColumns} {
		if lines, ok = strings.CutPrefix(string(content), head); ok {
			return strings.Count(head, ",") + 1, lines, true
		}
	}
	return 0, "", false
}

func readMeasurements(content []byte) ([]kept, error) {
	fields, text, ok := fieldsOf(content)
	if !ok {
		return nil, fmt.Errorf("the first line should be %s", strings.TrimSpace(columns))
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = fields
	lines, err := r.ReadAll()
	if err != nil {
		return nil, err
	}
	list := make([]kept, len(lines))
	for i, line := range lines {
		wrong := func(column string) error { return fmt.Errorf("line %d: the %s cannot be read", i+2, column) }
		at, err := time.Parse(time.RFC3339Nano, line[0])
		if err != nil {
			return nil, wrong("time")
		}
		value, err := strconv.ParseFloat(line[1], 64)
		if err != nil || math.IsNaN(value) || math.Abs(value) > domain.MaxValue {
			return nil, wrong("value")
		}
		recorded, err := time.Parse(time.RFC3339Nano, line[3])
		if err != nil {
			return nil, wrong("record_time")
		}
		list[i] = kept{Time: db.Micros(at), Value: value, SourceKey: line[2], RecordTime: db.Micros(recorded)}
		if fields >= 5 {
			if list[i].Corrections, err = readCorrections(line[4]); err != nil {
				return nil, wrong("corrections")
			}
		}
		if fields == 6 && line[5] != "" {
			withdrawn, err := time.Parse(time.RFC3339Nano, line[5])
			if err != nil || db.Micros(withdrawn) == 0 {
				return nil, wrong("withdraw_time")
			}
			list[i].WithdrawTime = db.Micros(withdrawn)
		}
	}
	return list, nil
}

func checkMeasurements(content []byte) ([]byte, error) {
	list, err := readMeasurements(content)
	if err != nil {
		return nil, err
	}
	if err := checkKept(list); err != nil {
		return nil, err
	}
	seen := make(map[key]bool, len(list))
	for i, m := range list {
		k := key{m.Time, m.SourceKey}
		if seen[k] {
			return nil, fmt.Errorf("line %d: the measurement is there twice", i+2)
		}
		seen[k] = true
	}
	return writeMeasurements(list)
}

// checkKept holds the measurements of a file to what a measurement is when it is recorded: who makes a file by hand gets no other in.
func checkKept(list []kept) error {
	measurements := make([]domain.Measurement, len(list))
	for i, m := range list {
		measurements[i] = measurement{Time: m.Time, SourceKey: m.SourceKey, Value: m.Value}.domain()
	}
	report := domain.NewReport(domain.CSV)
	domain.CheckMeasurements(measurements, time.Time{}, report)
	if report.Count == 0 {
		return nil
	}
	p := report.Problems[0]
	return fmt.Errorf("line %d: %s", p.Line+1, p.Description) // after that of the columns
}

// restoreMeasurements records the measurements of a file as they were, in the order of their arrival. It asks the database once for
// many rows: all of a board is restored in one transaction, which has 5 seconds on Postgres.
func restoreMeasurements(tx *eventlog.Tx, metric string, content []byte) error {
	list, err := readMeasurements(content)
	if err != nil {
		return err
	}
	ordinal := 0
	err = inBatches(list, func(batch []kept) error {
		args := []any{metric}
		for _, m := range batch {
			ordinal++
			args = append(args, m.Time, m.SourceKey, m.Value, m.RecordTime, m.WithdrawTime, ordinal)
		}
		_, err := tx.Exec("insert into measurements (metric, time, source_key, value, record_time, withdraw_time, ordinal) values "+
			rows(len(batch), 1, 6, func(p []any) string { return fmt.Sprintf("($1, $%d, $%d, $%d, $%d, $%d, $%d)", p...) }), args...)
		return err
	})
	if err != nil {
		return err
	}
	return restoreCorrections(tx, metric, list)
}
