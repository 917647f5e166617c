package retrospective_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const (
	draftState  = cyclev1.CycleState_CYCLE_STATE_DRAFT
	activeState = cyclev1.CycleState_CYCLE_STATE_ACTIVE
	drafted     = team + "/cycles/2026-w12"
)

func (w *world) makeObstacle() (*retrospectivev1.Action, error) {
	return w.MakeObstacle(w.mina(), &retrospectivev1.MakeObstacleRequest{Name: wiki})
}

func (w *world) draftExperiment(in string) (*retrospectivev1.Action, error) {
	return w.DraftExperiment(w.mina(), &retrospectivev1.DraftExperimentRequest{Name: wiki, Cycle: in})
}

// cycles makes the team's cycles that are drafted or running.
func (w *world) cycles(cycles ...*cyclev1.Cycle) {
	w.set(func(o *others) { o.made.cycles = cycles })
}

func TestMakeObstacle(t *testing.T) {
	for name, begin := range map[string]func(*testing.T) *world{"proposed": proposed, "open": agreed} {
		t.Run(name, func(t *testing.T) {
			w := begin(t)
			before := w.theAction()
			req := &retrospectivev1.MakeObstacleRequest{Name: wiki, Etag: before.GetEtag(), RequestId: "once"}
			linked, err := w.MakeObstacle(w.mina(), req)
			w.must(err)
			made := w.made.obstacles[linked.GetObstacle()]
			if made.GetParent() != team || made.GetObstacle().GetDescription() != before.GetText() || !slices.Equal(w.made.askedBy, []string{"users/mina"}) {
				t.Errorf("made %v for %v as %v", made, linked, w.made.askedBy)
			}
			if linked.GetState() != before.GetState() || linked.GetEtag() == before.GetEtag() || !proto.Equal(linked, w.theAction()) {
				t.Errorf("linked %v", linked)
			}
			again, err := w.MakeObstacle(w.mina(), req)
			if err != nil || !proto.Equal(again, linked) {
				t.Errorf("the same request again: %v, %v", again, err)
			}
			again, err = w.makeObstacle()
			if err != nil || !proto.Equal(again, linked) || len(w.made.askedBy) != 1 {
				t.Errorf("once more: %v, %v, asked %v", again, err, w.made.askedBy)
			}
			if got := w.events(); !strings.HasSuffix(got, " ActionChanged") || strings.Count(got, "ActionChanged") != 1 {
				t.Errorf("events %s", got)
			}
		})
	}
}

// What was made when the connection broke, or the program ended, is found again; nothing is made twice.
func TestMadeAndNotLinked(t *testing.T) {
	w := agreed(t)
	w.cycles(&cyclev1.Cycle{Name: drafted, State: draftState}, &cyclev1.Cycle{Name: cycle, State: activeState})
	recorded := w.events()
	w.set(func(o *others) { o.made.lost = true })
	_, err := w.makeObstacle()
	testkit.Refused(t, err, fault.Unavailable, "UNAVAILABLE")
	_, err = w.draftExperiment("")
	testkit.Refused(t, err, fault.Unavailable, "UNAVAILABLE")
	if w.events() != recorded {
		t.Errorf("recorded %s", w.events())
	}
	w.set(func(o *others) { o.made.lost = false })
	// The draft has begun meanwhile, and the next one is drafted.
	w.cycles(&cyclev1.Cycle{Name: team + "/cycles/2026-w14", State: draftState}, &cyclev1.Cycle{Name: drafted, State: activeState})
	_, err = w.makeObstacle()
	w.must(err)
	linked, err := w.draftExperiment("")
	w.must(err)
	if len(w.made.obstacles) != 1 || len(w.made.experiments) != 1 || w.made.obstacles[linked.GetObstacle()] == nil || w.made.experiments[linked.GetExperiment()] == nil {
		t.Errorf("made %v and %v, linked %v", w.made.obstacles, w.made.experiments, linked)
	}
}

func TestNothingIsMadeWhenItIsRefused(t *testing.T) {
	w := agreed(t)
	w.cycles(&cyclev1.Cycle{Name: drafted, State: draftState})
	_, err := w.MakeObstacle(w.mina(), &retrospectivev1.MakeObstacleRequest{Name: wiki, Etag: `"stale"`})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	_, err = w.DraftExperiment(w.mina(), &retrospectivev1.DraftExperimentRequest{Name: wiki, Etag: `"stale"`})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	_, err = w.MakeObstacle(w.mina(), &retrospectivev1.MakeObstacleRequest{Name: retro + "/actions/none"})
	testkit.Refused(t, err, fault.NotFound, "ACTION_NOT_FOUND")
	_, err = w.draftExperiment("teams/mobile/cycles/a")
	testkit.Refused(t, err, fault.InvalidArgument, "OTHER_TEAM", "cycle")
	w.cycles()
	_, err = w.draftExperiment("")
	testkit.Refused(t, err, fault.FailedPrecondition, "NO_CYCLE_TO_DRAFT_IN")
	_, err = w.DropAction(w.mina(), &retrospectivev1.DropActionRequest{Name: wiki, Reason: "too late"})
	w.must(err)
	_, err = w.makeObstacle()
	testkit.Refused(t, err, fault.FailedPrecondition, "ACTION_DROPPED")
	_, err = w.draftExperiment(drafted)
	testkit.Refused(t, err, fault.FailedPrecondition, "ACTION_DROPPED")
	if w.made.askedBy != nil {
		t.Errorf("asked by %v", w.made.askedBy)
	}
}

// The caller may do no more through an action than without one.
func TestMakingHasTheCallersRights(t *testing.T) {
	w := agreed(t)
	w.cycles(&cyclev1.Cycle{Name: drafted, State: draftState})
	w.set(func(o *others) { o.made.refused = true })
	before := w.theAction()
	_, obstacle := w.makeObstacle()
	_, experiment := w.draftExperiment("")
	for _, err := range []error{obstacle, experiment} {
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
	}
	if !slices.Equal(w.made.askedBy, []string{"users/mina", "users/mina"}) || !proto.Equal(w.theAction(), before) {
		t.Errorf("asked by %v, and it is %v", w.made.askedBy, w.theAction())
	}
}

func TestDraftExperiment(t *testing.T) {
	const other = team + "/cycles/other"
	draft, active := &cyclev1.Cycle{Name: drafted, State: draftState}, &cyclev1.Cycle{Name: cycle, State: activeState}
	for name, test := range map[string]struct {
		cycles []*cyclev1.Cycle
		wanted string
		want   string
	}{
		"the draft before the running one": {[]*cyclev1.Cycle{active, draft}, "", drafted},
		"the running one":                  {[]*cyclev1.Cycle{active}, "", cycle},
		"the wanted one":                   {[]*cyclev1.Cycle{active, draft}, other, other},
		"the wanted one of none":           {nil, other, other},
	} {
		t.Run(name, func(t *testing.T) {
			w := agreed(t)
			w.cycles(test.cycles...)
			_, err := w.updateAction(w.mina(), &retrospectivev1.Action{Metric: team + "/metrics/questions"})
			w.must(err)
			withObstacle, err := w.makeObstacle()
			w.must(err)
			linked, err := w.draftExperiment(test.wanted)
			w.must(err)
			made := w.made.experiments[linked.GetExperiment()]
			x := made.GetExperiment()
			if made.GetParent() != test.want || x.GetDisplayName() != "write it down" || x.GetPrediction().GetChange() != "write it down" ||
				x.GetPrediction().GetMetric() != team+"/metrics/questions" || x.GetObstacle() != withObstacle.GetObstacle() {
				t.Errorf("made %v", made)
			}
			again, err := w.draftExperiment(drafted)
			if err != nil || !proto.Equal(again, linked) || len(w.made.experiments) != 1 {
				t.Errorf("once more: %v, %v, made %v", again, err, w.made.experiments)
			}
		})
	}
}
