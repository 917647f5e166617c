package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// archivedCorrection is a value that a measurement had before, as a file holds it.
type archivedCorrection struct {
	ValueBefore float64   `json:"valueBefore"`
	Reason      string    `json:"reason"`
	CorrectTime time.Time `json:"correctTime"`
}

// addCorrections adds to measurements the values that they had before.
func addCorrections(ctx context.Context, q db.Queryer, metric string, list []kept) error {
	found, err := db.All[correction](ctx, q, selectCorrections+" order by time, source_key, number", metric)
	if err != nil || len(found) == 0 {
		return err
	}
	at := make(map[key]int, len(list))
	for i, m := range list {
		at[key{m.Time, m.SourceKey}] = i
	}
	for _, c := range found {
		if i, ok := at[key{c.Time, c.SourceKey}]; ok {
			list[i].Corrections = append(list[i].Corrections, archivedCorrection{c.ValueBefore, c.Reason, db.Time(c.CorrectTime)})
		}
	}
	return nil
}

// writeCorrections is the last field of a line: a JSON list, or nothing.
func writeCorrections(list []archivedCorrection) (string, error) {
	if len(list) == 0 {
		return "", nil
	}
	text, err := json.Marshal(list)
	return string(text), err
}

func readCorrections(text string) (list []archivedCorrection, err error) {
	if text == "" {
		return nil, nil
	}
	decoder := json.NewDecoder(bytes.NewReader([]byte(text)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&list); err != nil {
		return nil, err
	}
	for i, c := range list {
		if c.Reason == "" || c.CorrectTime.IsZero() || math.Abs(c.ValueBefore) > domain.MaxValue {
			return nil, errors.New("a correction is not complete")
		}
		list[i].CorrectTime = db.Time(db.Micros(c.CorrectTime))
	}
	return list, nil
}

func restoreCorrections(tx *eventlog.Tx, metric string, list []kept) error {
	for _, m := range list {
		for i, c := range m.Corrections {
			if _, err := tx.Exec("insert into measurement_corrections (metric, time, source_key, number, value_before, reason, correct_time) values ($1, $2, $3, $4, $5, $6, $7)",
				metric, m.Time, m.SourceKey, i+1, c.ValueBefore, c.Reason, db.Micros(c.CorrectTime)); err != nil {
				return err
			}
		}
	}
	return nil
}
