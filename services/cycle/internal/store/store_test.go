package store_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const team = "teams/payments"

// each runs fn on both engines.
func each(t *testing.T, fn func(t *testing.T, l *eventlog.Log)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, testkit.New(t).Log(engine, "cycle", migrations.FS)) })
	}
}

func do(t *testing.T, l *eventlog.Log, fn func(tx *eventlog.Tx) error) {
	t.Helper()
	if err := l.Do(t.Context(), fn); err != nil {
		t.Fatal(err)
	}
}

// fill saves things named `<collection>/<id>` of a team in a state; andons lie under the cycle c.
func fill(t *testing.T, l *eventlog.Log, team string, things map[string]string) {
	t.Helper()
	do(t, l, func(tx *eventlog.Tx) error {
		for thing, state := range things {
			name := team + "/" + thing
			var err error
			switch strings.Split(thing, "/")[0] {
			case "challenges":
				_, err = store.Challenges.Create(tx, &domain.Challenge{Name: name, State: domain.ChallengeState(state)}, domain.ChallengeCreated)
			case "targetConditions":
				_, err = store.TargetConditions.Create(tx, &domain.TargetCondition{Name: name, State: domain.TargetConditionState(state)}, domain.TargetConditionCreated)
			case "obstacles":
				_, err = store.Obstacles.Create(tx, &domain.Obstacle{Name: name, Description: thing, State: domain.ObstacleState(state)}, domain.ObstacleParkedAgain)
			case "andons":
				_, err = store.Andons.Create(tx, &domain.Andon{Name: team + "/cycles/c/" + thing, State: domain.AndonState(state)}, domain.AndonRaised)
			default:
				_, err = store.Cycles.Create(tx, &domain.Cycle{Name: name, State: domain.CycleState(state), Phase: domain.Plan}, domain.CycleStarted)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

func TestMigrationsAgree(t *testing.T) {
	if err := db.CheckMigrations(migrations.FS); err != nil {
		t.Error(err)
	}
}

// noise is what lies about and must not be taken for what is asked for.
var noise = map[string]string{
	"challenges/met": "MET", "targetConditions/achieved": "ACHIEVED", "cycles/done": "FINISHED", "cycles/cancelled": "CANCELLED",
	"obstacles/parked": "PARKED", "obstacles/overcome": "OVERCOME", "andons/resolved": "RESOLVED",
}

func TestWhatATeamHas(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l, team, noise)
		fill(t, l, "teams/payments-2", map[string]string{"targetConditions/t": "ACTIVE", "cycles/c": "ACTIVE", "obstacles/o": "CURRENT"})
		check := func(wantTarget, wantCycle, wantObstacle string) {
			t.Helper()
			do(t, l, func(tx *eventlog.Tx) error {
				target, err := store.ActiveTargetCondition(tx, team)
				if err != nil {
					return err
				}
				cycle, err := store.RunningCycle(tx, team)
				if err != nil {
					return err
				}
				obstacle, err := store.OtherCurrentObstacle(tx, team, team+"/obstacles/mine")
				if err != nil {
					return err
				}
				if target != wantTarget || cycle != wantCycle || obstacle.Name != wantObstacle || (obstacle.Etag == "") != (wantObstacle == "") {
					t.Errorf("target condition %q, cycle %q, other obstacle %q; want %q, %q, %q", target, cycle, obstacle.Name, wantTarget, wantCycle, wantObstacle)
				}
				return nil
			})
		}
		check("", "", "")
		fill(t, l, team, map[string]string{"targetConditions/next": "ACTIVE", "cycles/c": "ACTIVE", "obstacles/queue": "CURRENT"})
		check(team+"/targetConditions/next", team+"/cycles/c", team+"/obstacles/queue")

		do(t, l, func(tx *eventlog.Tx) error { // the obstacle that is asked about is no other one
			other, err := store.OtherCurrentObstacle(tx, team, team+"/obstacles/queue")
			if other.Name != "" {
				t.Errorf("other than itself: %v", other)
			}
			return err
		})
	})
}

func TestGateEvidence(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		asked := domain.Evidence{Phase: domain.Plan, Experiments: []domain.ExperimentFact{{Name: "x"}}}
		cycle := &domain.Cycle{Name: team + "/cycles/c", TargetCondition: team + "/targetConditions/next"}
		evidence := func() domain.Evidence {
			t.Helper()
			previewed, err := store.GateEvidence(t.Context(), l.DB().Read(), cycle, asked)
			if err != nil {
				t.Fatal(err)
			}
			do(t, l, func(tx *eventlog.Tx) error { // a preview and the gate itself see the same
				got, err := store.GateEvidence(t.Context(), tx, cycle, asked)
				if !reflect.DeepEqual(got, previewed) {
					t.Errorf("in the transaction %+v, in the preview %+v", got, previewed)
				}
				return err
			})
			return previewed
		}
		fill(t, l, team, noise)
		fill(t, l, "teams/payments-2", map[string]string{
			"challenges/a": "ACTIVE", "targetConditions/next": "ACTIVE", "obstacles/o": "CURRENT", "andons/red": "OPEN",
		})
		got := evidence()
		if got.ActiveChallenge || got.TargetCondition != nil || len(got.CurrentObstacles)+len(got.OpenAndons) != 0 || len(got.Experiments) != 1 || got.Phase != domain.Plan {
			t.Errorf("of nothing: %+v", got)
		}

		fill(t, l, team, map[string]string{
			"challenges/a": "ACTIVE", "challenges/b": "ACTIVE", "targetConditions/next": "ACTIVE", "obstacles/b": "CURRENT", "obstacles/a": "CURRENT",
			"andons/red": "OPEN", "andons/blue": "OPEN",
		})
		do(t, l, func(tx *eventlog.Tx) error { // of another cycle of the team
			_, err := store.Andons.Create(tx, &domain.Andon{Name: team + "/cycles/c2/andons/old", State: domain.AndonOpen}, domain.AndonRaised)
			return err
		})
		want := domain.Evidence{
			Phase: domain.Plan, Experiments: asked.Experiments, ActiveChallenge: true,
			TargetCondition:  &domain.TargetCondition{Name: team + "/targetConditions/next", State: domain.TargetConditionActive},
			CurrentObstacles: []string{team + "/obstacles/a", team + "/obstacles/b"},
			OpenAndons:       []string{team + "/cycles/c/andons/blue", team + "/cycles/c/andons/red"},
		}
		if got := evidence(); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
		cycle.TargetCondition = team + "/targetConditions/achieved" // the cycle's own counts, not any active one
		if got := evidence(); got.TargetCondition != nil {
			t.Errorf("another target condition counts: %+v", got.TargetCondition)
		}
	})
}

func TestCyclesLatestStartFirst(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		do(t, l, func(tx *eventlog.Tx) error {
			for id, start := range map[string]domain.Day{"b": "2026-03-02", "a": "2026-03-16", "c": "2025-12-29", "d": "2026-03-02"} {
				if _, err := store.Cycles.Create(tx, &domain.Cycle{Name: team + "/cycles/" + id, StartDate: start, State: domain.CycleDone}, domain.CycleStarted); err != nil {
					return err
				}
			}
			return nil
		})
		var order []string
		for query := (record.Query{Parent: team, PageSize: 3}); ; {
			rows, next, err := store.Cycles.List(t.Context(), l, query)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				order = append(order, row.Value.Name[len(team+"/cycles/"):])
			}
			if query.PageToken = next; next == "" {
				break
			}
		}
		if got := strings.Join(order, " "); got != "a d b c" {
			t.Errorf("order %s", got)
		}
	})
}

// Events carry the version that the row has after the change, and the team that it lies under.
func TestEventsOfEveryCollection(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l, team, map[string]string{"obstacles/queue": "PARKED"})
		fill(t, l, team, map[string]string{"cycles/c": "ACTIVE"})
		fill(t, l, team, map[string]string{"andons/red": "OPEN"})
		do(t, l, func(tx *eventlog.Tx) error {
			_, err := store.Obstacles.Update(tx, team+"/obstacles/queue", "", func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
				return o.Settle(domain.ObstacleDropped, "of no interest")
			})
			if err != nil {
				return err
			}
			_, err = store.Andons.Update(tx, team+"/cycles/c/andons/red", "", func(a *domain.Andon, _ time.Time) ([]domain.Event, error) {
				return a.Resolve("reverted")
			})
			return err
		})
		var got []string
		for _, r := range testkit.Records(t, l) {
			if r.Team != "payments" || r.AggregateID != r.Subject {
				t.Errorf("event %+v", r)
			}
			got = append(got, fmt.Sprintf("%s %s %d", strings.TrimPrefix(r.Type, "fortnight.cycle.v1."), r.AggregateType, r.AggregateVersion))
		}
		want := []string{"ObstacleParked obstacle 1", "CycleStarted cycle 1", "AndonRaised andon 1", "ObstacleSettled obstacle 2", "AndonResolved andon 2"}
		if !reflect.DeepEqual(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}
