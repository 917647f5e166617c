package retrospective_test

import (
	"fmt"
	"strings"
	"testing"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
)

func TestActionRaces(t *testing.T) {
	const n = 16
	for name, test := range map[string]struct {
		begin func(*testing.T) *world
		call  func(w *world) func(i int) error
		wins  int
		loses string
		event string
		times int
	}{
		"changing what was read at the same time": {agreed, func(w *world) func(int) error {
			ctx, etag := w.mina(), w.theAction().GetEtag()
			return func(i int) error {
				_, err := w.UpdateAction(ctx, &retrospectivev1.UpdateActionRequest{Action: &retrospectivev1.Action{Name: wiki, Text: fmt.Sprint("text ", i)}, Etag: etag})
				return err
			}
		}, 1, "ETAG_MISMATCH", "ActionChanged", 1},
		"completing": {agreed, func(w *world) func(int) error {
			ctx := w.mina()
			return func(i int) error {
				_, err := w.CompleteAction(ctx, &retrospectivev1.CompleteActionRequest{Name: wiki, Result: fmt.Sprint(i), Effect: 1})
				return err
			}
		}, 1, "ACTION_DONE", "ActionCompleted", 1},
		"making an obstacle": {agreed, func(w *world) func(int) error {
			ctx := w.mina()
			return func(int) error {
				_, err := w.MakeObstacle(ctx, &retrospectivev1.MakeObstacleRequest{Name: wiki})
				return err
			}
		}, n, "", "ActionChanged", 1},
		"drafting an experiment": {agreed, func(w *world) func(int) error {
			w.cycles(&cyclev1.Cycle{Name: drafted, State: draftState})
			ctx := w.mina()
			return func(int) error {
				_, err := w.DraftExperiment(ctx, &retrospectivev1.DraftExperimentRequest{Name: wiki})
				return err
			}
		}, n, "", "ActionChanged", 1},
		"proposing the last ones": {func(t *testing.T) *world {
			w := opened(t, decide)
			for i := range 18 {
				w.must(w.action(w.mina(), fmt.Sprint("before", i), "20"))
			}
			return w
		}, func(w *world) func(int) error {
			ctx := w.mina()
			return func(i int) error { return w.action(ctx, fmt.Sprint("a", i), "20") }
		}, 2, "TOO_MANY_ACTIONS", "ActionProposed", 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := test.begin(t)
			before := strings.Count(w.events(), test.event)
			got := race(n, test.call(w))
			if got[""] != test.wins || len(got) > 1 && got[test.loses] != n-test.wins {
				t.Errorf("ended %v, want %d successes, else %s", got, test.wins, test.loses)
			}
			if events := strings.Count(w.events(), test.event) - before; events != test.times {
				t.Errorf("%d events %s, want %d", events, test.event, test.times)
			}
			if len(w.made.obstacles) > 1 || len(w.made.experiments) > 1 {
				t.Errorf("made %v and %v", w.made.obstacles, w.made.experiments)
			}
		})
	}
}

// While one caller closes the retrospective, others propose, drop and change actions. Whatever comes first, the end agrees on what it
// has looked at: every action is open with all that it needs, or given up, and they are three at most.
func TestActionsWhileTheRetrospectiveCloses(t *testing.T) {
	const rounds = 6
	closed := 0
	for range rounds {
		w := proposed(t)
		w.must(w.decide(rota, adapt))
		w.must(w.decide(pairs, adapt))
		w.must(w.action(w.mina(), "b", "21"))
		ctx := w.mina()
		ends := race(12, func(i int) error {
			switch i % 4 {
			case 0:
				_, err := w.close(swarm, rota)
				return err
			case 1:
				_, err := w.CreateAction(ctx, &retrospectivev1.CreateActionRequest{Parent: retro, Action: &retrospectivev1.Action{Text: fmt.Sprint("more ", i)}})
				return err
			case 2:
				_, err := w.updateAction(ctx, &retrospectivev1.Action{}, "owner")
				return err
			default:
				_, err := w.DropAction(ctx, &retrospectivev1.DropActionRequest{Name: retro + "/actions/b", Reason: "too much"})
				return err
			}
		})
		if w.get().GetStage() != shut {
			continue // the end came too late, and said what was missing
		}
		closed++
		agreed := 0
		for _, a := range w.actionsOf(retro) {
			switch {
			case a.GetState() == retrospectivev1.ActionState_ACTION_STATE_DROPPED:
			case a.GetState() == retrospectivev1.ActionState_ACTION_STATE_OPEN && a.GetOwner() != "" && a.GetDueDate() != "" && a.GetExpectedEffect() != "":
				agreed++
			default:
				t.Errorf("%v: in a closed retrospective is %v", ends, a)
			}
		}
		if agreed > 3 || agreed == 0 {
			t.Errorf("%v: agreed on %d actions", ends, agreed)
		}
	}
	t.Logf("closed in %d of %d rounds", closed, rounds)
}
