package store_test

import (
	"reflect"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store/migrations"
)

const retro = "teams/payments/cycles/2026-w10/retrospective"

// each runs fn on both engines.
func each(t *testing.T, fn func(t *testing.T, l *eventlog.Log)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, testkit.New(t).Log(engine, "retrospective", migrations.FS)) })
	}
}

// write runs a transaction of Jonas's that must succeed.
func write(t *testing.T, l *eventlog.Log, fn func(tx *eventlog.Tx) error) {
	t.Helper()
	if err := l.Do(caller.With(t.Context(), caller.Caller{Subject: "users/jonas"}), fn); err != nil {
		t.Fatal(err)
	}
}

func TestMigrationsAgree(t *testing.T) {
	if err := db.CheckMigrations(migrations.FS); err != nil {
		t.Error(err)
	}
}

// Everything of a retrospective is kept as it was.
func TestARetrospectiveIsReadAsItWasWritten(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		var written *domain.Retrospective
		write(t, l, func(tx *eventlog.Tx) error {
			now := tx.Now()
			written = &domain.Retrospective{
				Name: retro, Stage: domain.Closed, Anonymous: true, Facilitator: "users/mina", StageEndTime: &now, MovesByTime: true,
				StageHours: []domain.StageHours{{Stage: domain.Vote, Hours: 2}}, Prompts: []domain.WordedPrompt{{Prompt: domain.Helped, Text: "What?"}}, VotesPerMember: 4,
				FactsStrip: domain.FactsStrip{
					FetchTime: now, EarlierFetchTimes: []time.Time{now.Add(-time.Hour)}, Missing: []string{"andons"},
					EarlierActions: []domain.EarlierAction{{Action: "a", Text: "t", ExpectedEffect: "e", State: domain.ActionStateDone, Effect: "WORKED", Result: "r"}},
					Experiments:    []domain.Fact{{Experiment: "x", Expected: "\"quoted\" ✓", Happened: "y", Verdict: "AS_PREDICTED"}},
					Signals:        []domain.SignalFact{{Metric: "m", DisplayName: "M", Text: "R1"}}, Andons: []domain.AndonFact{{Andon: "a", Problem: "p", Resolution: "r"}},
					Obstacles: []domain.ObstacleFact{{Obstacle: "o", Text: "t", State: "OVERCOME"}},
					Capacity:  &domain.CapacityFact{PlannedPercent: 20, SpentPercent: 12.5}, GoodDays: &domain.GoodDayFact{Days: 3, Share: 0.25},
				},
				BoldestExperiment: "x", CloseTime: &now, Amendments: []domain.Amendment{{Text: "late", CreateTime: now, Author: "users/jonas"}},
				Decisions: []domain.Decision{{Experiment: "x", Kind: domain.Adopt, Text: "always"}},
				Learnings: []domain.DistilledLearning{{Experiment: "x", Claim: "it holds", Situation: "here", Tags: []string{"a", "b"}, MayNotHold: "there", HowToTry: "so"}},
			}
			_, err := store.Retrospectives.Create(tx, written, domain.RetrospectiveClosed)
			return err
		})
		row, err := store.Retrospectives.Get(t.Context(), l, retro)
		if err != nil || !reflect.DeepEqual(row.Value, written) || row.Version != 1 {
			t.Errorf("read %+v, %v, want %+v", row.Value, err, written)
		}
	})
}
