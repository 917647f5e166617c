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
		return domain.MetricEvent{Corrected: wire.CorrectedFrom(data.GetMeasurement())}
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

// kept is a measurement with what the archive has to know of it beside.
type kept struct {
	Time       int64   `db:"time"`
	Value      float64 `db:"value"`
	SourceKey  string  `db:"source_key"`
	RecordTime int64   `db:"record_time"`
	// Corrections are the values that it had before, oldest first.
	Corrections []archivedCorrection
}

func exportMeasurements(ctx context.Context, q db.Queryer, metric string) ([]byte, error) {
	found, err := db.All[kept](ctx, q, "select time, value, source_key, record_time from measurements where metric = $1 order by ordinal", metric)
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
	corrected := slices.ContainsFunc(list, func(m kept) bool { return len(m.Corrections) > 0 })
	b.WriteString(map[bool]string{false: columns, true: correctedColumns}[corrected])
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
		_ = w.Write(line) // told by Flush
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func instant(micros int64) string { return db.Time(micros).Format(time.RFC3339Nano) }

func readMeasurements(content []byte) ([]kept, error) {
	text, ok := strings.CutPrefix(string(content), columns)
	fields := 4
	if !ok {
		text, ok = strings.CutPrefix(string(content), correctedColumns)
		fields = 5
	}
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
		if fields == 5 {
			if list[i].Corrections, err = readCorrections(line[4]); err != nil {
				return nil, wrong("corrections")
			}
		}
	}
	return list, nil
}

func checkMeasurements(content []byte) ([]byte, error) {
	list, err := readMeasurements(content)
	if err != nil {
		return nil, err
	}
	type key struct {
		time   int64
		source string
	}
	seen := map[key]bool{}
	for i, m := range list {
		k := key{m.Time, m.SourceKey}
		if seen[k] {
			return nil, fmt.Errorf("line %d: the measurement is there twice", i+2)
		}
		seen[k] = true
	}
	return writeMeasurements(list)
}

func restoreMeasurements(tx *eventlog.Tx, metric string, content []byte) error {
	list, err := readMeasurements(content)
	if err != nil {
		return err
	}
	for start := 0; start < len(list); { // those that arrived together have a time of recording in common
		end := start
		var entries []domain.Entry
		for ; end < len(list) && list[end].RecordTime == list[start].RecordTime; end++ {
			m := measurement{Time: list[end].Time, SourceKey: list[end].SourceKey, Value: list[end].Value}
			entries = append(entries, domain.Entry{Measurement: m.domain()})
		}
		if err := insert(tx, metric, entries, db.Time(list[start].RecordTime), int64(start)); err != nil {
			return err
		}
		start = end
	}
	return restoreCorrections(tx, metric, list)
}
