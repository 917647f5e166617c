package clock

import (
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store/migrations"
)

// The clock moves what is due, with nobody as the actor, and no further; one that it cannot read holds no other up.
func TestTheClockEndsStages(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			kit := testkit.New(t)
			log := kit.Log(engine, "retrospective", migrations.FS)
			names := map[string]string{}
			err := log.Do(t.Context(), func(tx *eventlog.Tx) error {
				for i, id := range []string{"broken", "early", "late", "by-hand"} {
					names[id] = "teams/payments/cycles/" + id + "/retrospective"
					_, err := store.Retrospectives.Create(tx, &domain.Retrospective{
						Name: names[id], Stage: domain.Collect, MovesByTime: id != "by-hand", StageEndTime: new(tx.Now().Add(time.Duration(i) * time.Hour)),
						StageHours: []domain.StageHours{{Stage: domain.Group, Hours: 5}},
					}, domain.RetrospectiveOpened)
					if err != nil {
						return err
					}
				}
				_, err := tx.Exec("update retrospectives set doc = '{' where name = $1", names["broken"])
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			for _, step := range []struct {
				passes time.Duration
				want   map[string]domain.Stage
			}{
				{time.Hour - time.Microsecond, map[string]domain.Stage{"early": domain.Collect, "late": domain.Collect}},
				{time.Microsecond, map[string]domain.Stage{"early": domain.Group, "late": domain.Collect}},
				{time.Hour, map[string]domain.Stage{"early": domain.Group, "late": domain.Group, "by-hand": domain.Collect}},
				{6 * time.Hour, map[string]domain.Stage{"early": domain.Vote, "late": domain.Vote, "by-hand": domain.Collect}}, // VOTE has no hours
				{99 * time.Hour, map[string]domain.Stage{"early": domain.Vote, "late": domain.Vote, "by-hand": domain.Collect}},
			} {
				kit.Clock.Advance(step.passes)
				if err := endStages(t.Context(), log); err == nil {
					t.Error("what cannot be read is not told")
				}
				for id, stage := range step.want {
					row, err := store.Retrospectives.Get(t.Context(), log, names[id])
					if err != nil || row.Value.Stage != stage {
						t.Errorf("%s is %+v, %v, want %s", id, row.Value, err, stage)
					}
				}
			}
			for _, r := range testkit.Records(t, log) {
				if r.Actor != "" {
					t.Errorf("the clock acts as somebody: %+v", r)
				}
			}
		})
	}
}
