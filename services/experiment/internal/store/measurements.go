package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// noContext is for queries inside a transaction, which has a context of its own.
var noContext = context.Background()

// Arrived returns how many measurements the metric has had. Until the transaction ends none can arrive: what comes later
// has a greater ordinal for sure.
func Arrived(tx *eventlog.Tx, metric string) (int64, error) {
	if err := tx.Lock("measurements/" + metric); err != nil {
		return 0, err
	}
	n, _, err := db.One[int64](noContext, tx, "select coalesce(max(ordinal), 0) from measurements where metric = $1", metric)
	return n, err
}

// Compare tells how many of the entries are new to the metric. What the metric does not take goes to the report.
func Compare(ctx context.Context, q db.Queryer, m *domain.Metric, entries []domain.Entry, report *domain.Report) (added int, err error) {
	fresh, err := unknown(ctx, q, m, entries, report)
	return len(fresh), err
}

// Import records the entries that are new to the metric and returns how many these are. What the metric does not take goes to
// the report; then nothing at all is recorded, unless partial. When nothing is new, nothing has happened.
func Import(tx *eventlog.Tx, metric string, entries []domain.Entry, report *domain.Report, partial bool) (added int, err error) {
	// Before the metric is read: two imports at once follow each other, and neither is turned away.
	arrived, err := Arrived(tx, metric)
	if err != nil {
		return 0, err
	}
	_, err = Metrics.Update(tx, metric, "", func(m *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
		fresh, err := unknown(noContext, tx, m, entries, report)
		if err != nil || report.Count > 0 && !partial {
			return nil, err
		}
		added = len(fresh)
		return m.Record(added), insert(tx, metric, fresh, now, arrived)
	})
	return added, err
}

// insert records entries that are new and numbers them from after on.
func insert(tx *eventlog.Tx, metric string, fresh []domain.Entry, now time.Time, after int64) error {
	return inBatches(fresh, func(batch []domain.Entry) error {
		args := []any{metric, db.Micros(now)}
		for _, e := range batch {
			after++
			args = append(args, db.Micros(e.Time), e.SourceKey, e.Value, after)
		}
		_, err := tx.Exec("insert into measurements (metric, record_time, time, source_key, value, ordinal) values "+
			rows(len(batch), 2, 4, func(p []any) string { return fmt.Sprintf("($1, $2, $%d, $%d, $%d, $%d)", p...) }), args...)
		return err
	})
}

// key is what makes a measurement of a metric one and the same.
type key struct {
	micros int64
	source string
}

func keyOf(m domain.Measurement) key { return key{db.Micros(m.Time), m.SourceKey} }

// unknown returns the entries that are not recorded yet, each once. A value that a recorded one had before it was corrected is a
// repetition too: who sends a file again must not undo a correction.
func unknown(ctx context.Context, q db.Queryer, m *domain.Metric, entries []domain.Entry, report *domain.Report) ([]domain.Entry, error) {
	recorded, err := recordedValues(ctx, q, m.Name, entries)
	if err != nil {
		return nil, err
	}
	fresh := make([]domain.Entry, 0, len(entries))
	for _, e := range entries {
		k := keyOf(e.Measurement)
		value, found := recorded[k]
		if found && value == e.Value {
			continue // a repetition, also of what was recorded before the metric had a floor
		}
		if found {
			before, err := corrections(ctx, q, m.Name, e.Measurement)
			if err != nil {
				return nil, err
			}
			if slices.ContainsFunc(before, func(c domain.Correction) bool { return c.ValueBefore == e.Value }) {
				continue
			}
		}
		switch reason, text := m.Takes(e.Value); {
		case reason != "":
			report.Add(domain.Problem{Line: e.Line, Field: "value", Reason: reason, Description: text})
		case found:
			report.Add(domain.Contradiction(e, value))
		default:
			recorded[k] = e.Value // the same again in this request is a repetition
			fresh = append(fresh, e)
		}
	}
	return fresh, nil
}

// recordedValues is values, which is spared where the metric has nothing in the time of the entries: most large imports bring what
// was never there.
func recordedValues(ctx context.Context, q db.Queryer, metric string, entries []domain.Entry) (map[key]float64, error) {
	if len(entries) == 0 {
		return map[key]float64{}, nil
	}
	first, last := entries[0].Time, entries[0].Time
	for _, e := range entries {
		if e.Time.Before(first) {
			first = e.Time
		}
		if e.Time.After(last) {
			last = e.Time
		}
	}
	_, found, err := db.One[int64](ctx, q, "select time from measurements where metric = $1 and time between $2 and $3 limit 1",
		metric, db.Micros(first), db.Micros(last))
	if err != nil {
		return nil, err
	}
	if !found {
		return make(map[key]float64, len(entries)), nil
	}
	return values(ctx, q, metric, entries)
}

// values returns what is recorded under the keys of the entries. SQLite looks each key up by itself, which the cross join
// makes sure of; Postgres may rather read a stretch of the history, so each batch says which stretch it is about.
func values(ctx context.Context, q db.Queryer, metric string, entries []domain.Entry) (map[key]float64, error) {
	entries = slices.Clone(entries)
	slices.SortFunc(entries, func(a, b domain.Entry) int { return a.Compare(b.Measurement) })
	recorded := make(map[key]float64, len(entries))
	err := inBatches(entries, func(batch []domain.Entry) error {
		args := []any{metric, db.Micros(batch[0].Time), db.Micros(batch[len(batch)-1].Time)}
		for _, e := range batch {
			args = append(args, db.Micros(e.Time), e.SourceKey)
		}
		found, err := db.All[measurement](ctx, q, "with wanted (time, source_key) as (values "+
			rows(len(batch), 3, 2, func(p []any) string { return fmt.Sprintf("(cast($%d as bigint), cast($%d as text))", p...) })+
			") select m.time, m.source_key, m.value from wanted cross join measurements m"+
			" where m.metric = $1 and m.time between $2 and $3 and m.time = wanted.time and m.source_key = wanted.source_key", args...)
		for _, m := range found {
			recorded[keyOf(m.domain())] = m.Value
		}
		return err
	})
	return recorded, err
}

type measurement struct {
	Time      int64   `db:"time"`
	SourceKey string  `db:"source_key"`
	Value     float64 `db:"value"`
	Ordinal   int64   `db:"ordinal"`
	// Recorded is when it arrived.
	Recorded int64 `db:"record_time"`
	// Withdrawn is when it was withdrawn, 0 while it stands.
	Withdrawn int64 `db:"withdraw_time"`
}

func (m measurement) domain() domain.Measurement {
	return domain.Measurement{Time: db.Time(m.Time), SourceKey: m.SourceKey, Value: m.Value}
}
