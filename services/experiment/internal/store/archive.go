package store

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/archive"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Archive is what this service keeps of a team's board.
func Archive() []archive.Kind {
	metrics := archive.Of(Metrics, "metrics/*", func(_ string, data proto.Message) domain.MetricEvent {
		recorded, _ := data.(*pb.MeasurementsRecorded)
		return domain.MetricEvent{Recorded: int(recorded.GetCount())}
	}, nil)
	experiments := archive.Of(Experiments, "cycles/*/experiments/*", func(name string, _ proto.Message) domain.Event {
		return domain.Event(name)
	}, nil)
	return []archive.Kind{
		metrics.With(archive.Table{Export: exportMeasurements, Check: checkMeasurements, Import: restoreMeasurements}),
		experiments,
	}
}

// columns of a file of measurements, which stand there in the order of their arrival.
const columns = "time,value,source_key,record_time\n"

// kept is a measurement with what the archive has to know of it beside.
type kept struct {
	Time       int64   `db:"time"`
	Value      float64 `db:"value"`
	SourceKey  string  `db:"source_key"`
	RecordTime int64   `db:"record_time"`
}

func exportMeasurements(ctx context.Context, q db.Queryer, metric string) ([]byte, error) {
	found, err := db.All[kept](ctx, q, "select time, value, source_key, record_time from measurements where metric = $1 order by ordinal", metric)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return writeMeasurements(found)
}

func writeMeasurements(list []kept) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(columns)
	w := csv.NewWriter(&b)
	for _, m := range list {
		_ = w.Write([]string{instant(m.Time), strconv.FormatFloat(m.Value, 'g', -1, 64), m.SourceKey, instant(m.RecordTime)}) // told by Flush
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

func instant(micros int64) string { return db.Time(micros).Format(time.RFC3339Nano) }

func readMeasurements(content []byte) ([]kept, error) {
	text, ok := strings.CutPrefix(string(content), columns)
	if !ok {
		return nil, fmt.Errorf("the first line should be %s", strings.TrimSpace(columns))
	}
	r := csv.NewReader(strings.NewReader(text))
	r.FieldsPerRecord = 4
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
		list[i] = kept{db.Micros(at), value, line[2], db.Micros(recorded)}
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
	return nil
}
