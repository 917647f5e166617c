package store

import (
	"fmt"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// PainfulActivities of the teams: what hurts most first, and of equal pain what is done most rarely first.
var PainfulActivities = &record.Collection[domain.PainfulActivity, domain.Event]{
	Table: "painful_activities", Type: "painful_activity", Noun: "painful activity",
	Key: func(a *domain.PainfulActivity) record.Key {
		return teamKey(a.Name, "", fmt.Sprintf("%d %d", 9-a.Score.Pain, a.Score.Frequency.Rung()))
	},
	Data: wire.PainfulActivityEvent,
}

// PainScores of the painful activities, the oldest first. They are written by keep: the events of the activity tell of them.
var PainScores = &record.Collection[domain.PainScore, domain.Event]{
	Table: "pain_scores", Type: "pain_score", Noun: "pain score",
	Key: func(s *domain.PainScore) record.Key {
		return historyKey(s.Name)
	},
}

// CreatePainfulActivity saves a new activity with its first score.
func CreatePainfulActivity(tx *eventlog.Tx, a *domain.PainfulActivity) (record.Row[domain.PainfulActivity], error) {
	row, err := PainfulActivities.Create(tx, a, domain.PainfulActivityCreated)
	if err != nil {
		return row, err
	}
	return row, keep(tx, PainScores, &a.Score)
}

// UpdatePainfulActivity changes an activity as record.Collection.Update does, and keeps the score that the change makes.
func UpdatePainfulActivity(
	tx *eventlog.Tx, name, etag string, change func(a *domain.PainfulActivity, now time.Time) ([]domain.Event, error),
) (record.Row[domain.PainfulActivity], error) {
	before := 0
	row, err := PainfulActivities.Update(tx, name, etag, func(a *domain.PainfulActivity, now time.Time) ([]domain.Event, error) {
		before = a.Scores
		return change(a, now)
	})
	if err != nil || row.Value.Scores == before {
		return row, err
	}
	return row, keep(tx, PainScores, &row.Value.Score)
}
