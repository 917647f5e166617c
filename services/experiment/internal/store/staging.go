package store

import (
	"fmt"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// A file of which all or nothing is wanted is staged part by part, so that neither memory nor one long transaction has to hold
// it, and is moved to the measurements once all of it was read.

// stagedFor is how long staged lines are kept whose import was broken off.
const stagedFor = 24 * time.Hour

// Stage keeps a part of an import until the rest of it was read. What the metric does not take and has not recorded before, or
// what contradicts an earlier part, goes to the report.
func Stage(tx *eventlog.Tx, id string, m *domain.Metric, entries []domain.Entry, report *domain.Report) error {
	var doubtful []domain.Entry
	for _, e := range entries {
		if reason, _ := m.Takes(e.Value); reason != "" {
			doubtful = append(doubtful, e)
		}
	}
	if _, err := unknown(noContext, tx, m, doubtful, report); err != nil {
		return err
	}
	return inBatches(entries, func(batch []domain.Entry) error {
		args := []any{id, db.Micros(tx.Now())}
		for _, e := range batch {
			args = append(args, db.Micros(e.Time), e.SourceKey, e.Value, e.Line)
		}
		staged, err := tx.Exec("insert into staged_measurements (import_id, stage_time, time, source_key, value, line) values "+
			rows(len(batch), 2, 4, func(p []any) string { return fmt.Sprintf("($1, $2, $%d, $%d, $%d, $%d)", p...) })+
			" on conflict (import_id, time, source_key) do nothing", args...)
		if err != nil || staged == int64(len(batch)) {
			return err
		}
		return compareStaged(tx, id, batch, report)
	})
}

// compareStaged reports the entries whose key was staged with another value. Few imports have any.
func compareStaged(tx *eventlog.Tx, id string, batch []domain.Entry, report *domain.Report) error {
	for _, e := range batch {
		staged, _, err := db.One[float64](noContext, tx, "select value from staged_measurements where import_id = $1 and time = $2 and source_key = $3",
			id, db.Micros(e.Time), e.SourceKey)
		if err != nil {
			return err
		}
		if staged != e.Value {
			report.Add(domain.Contradiction(e, staged))
		}
	}
	return nil
}

// Commit records what was staged and is new to the metric, and returns how many these are. With a contradiction to what is
// recorded, or a value that the metric has come to refuse since it was staged, nothing is.
func Commit(tx *eventlog.Tx, id, metric string, report *domain.Report) (added int, err error) {
	arrived, err := Arrived(tx, metric)
	if err != nil {
		return 0, err
	}
	_, err = Metrics.Update(tx, metric, "", func(m *domain.Metric, now time.Time) ([]domain.MetricEvent, error) {
		if err := contradictions(tx, id, metric, report); err != nil {
			return nil, err
		}
		if err := refusals(tx, id, m, report); err != nil || report.Count > 0 {
			return nil, err
		}
		moved, err := tx.Exec(`insert into measurements (metric, time, source_key, value, record_time, ordinal)
			select $1, s.time, s.source_key, s.value, $2, $3 + row_number() over (order by s.line)
			from staged_measurements s
			where s.import_id = $4 and not exists (select 1 from measurements m where m.metric = $1 and m.time = s.time and m.source_key = s.source_key)`,
			metric, db.Micros(now), arrived, id)
		added = int(moved)
		return m.Record(added), err
	})
	return added, err
}

// Unstage forgets what was staged for an import, and what imports left behind that were broken off.
func Unstage(tx *eventlog.Tx, id string) error {
	_, err := tx.Exec("delete from staged_measurements where import_id = $1 or stage_time < $2", id, db.Micros(tx.Now().Add(-stagedFor)))
	return err
}

type staged struct {
	Time      int64   `db:"time"`
	SourceKey string  `db:"source_key"`
	Value     float64 `db:"value"`
	Line      int64   `db:"line"`
	Recorded  float64 `db:"recorded"`
}

// refusals reports what is new and what the metric, as it is held now, does not take: it may have got a floor since the lines
// were staged. Only values below zero are looked at, because a metric without a floor takes all.
func refusals(tx *eventlog.Tx, id string, m *domain.Metric, report *domain.Report) error {
	if !m.FloorAtZero {
		return nil
	}
	found, err := db.All[staged](noContext, tx, `select s.time, s.source_key, s.value, s.line
		from staged_measurements s
		where s.import_id = $1 and s.value < 0
			and not exists (select 1 from measurements m where m.metric = $2 and m.time = s.time and m.source_key = s.source_key)
		order by s.line`, id, m.Name)
	for _, s := range found {
		if reason, text := m.Takes(s.Value); reason != "" {
			report.Add(domain.Problem{Line: s.Line, Field: "value", Reason: reason, Description: text})
		}
	}
	return err
}

func contradictions(tx *eventlog.Tx, id, metric string, report *domain.Report) error {
	found, err := db.All[staged](noContext, tx, `select s.time, s.source_key, s.value, s.line, m.value as recorded
		from staged_measurements s join measurements m on m.metric = $2 and m.time = s.time and m.source_key = s.source_key
		where s.import_id = $1 and m.value <> s.value
			and not exists (select 1 from measurement_corrections c
				where c.metric = $2 and c.time = s.time and c.source_key = s.source_key and c.value_before = s.value)
		order by s.line`, id, metric)
	for _, s := range found {
		report.Add(domain.Contradiction(domain.Entry{
			Measurement: domain.Measurement{Time: db.Time(s.Time), Value: s.Value, SourceKey: s.SourceKey}, Line: s.Line,
		}, s.Recorded))
	}
	return err
}
