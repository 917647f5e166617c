package retrospective_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const wiki = retro + "/actions/wiki"

// proposed is a world with the action wiki in an open retrospective.
func proposed(t *testing.T) *world {
	t.Helper()
	w := opened(t, decide)
	w.must(w.action(w.mina(), "wiki", "20"))
	return w
}

// agreed is a world with the action wiki of a closed retrospective.
func agreed(t *testing.T) *world {
	t.Helper()
	w := proposed(t)
	w.must(w.decide(rota, adapt))
	w.must(w.decide(pairs, adapt))
	_, err := w.close(swarm, rota)
	w.must(err)
	return w
}

// theAction is the action wiki as it is listed.
func (w *world) theAction() *retrospectivev1.Action {
	w.Helper()
	for _, a := range w.actionsOf(retro) {
		if a.GetName() == wiki {
			return a
		}
	}
	w.Fatal("the action is not listed")
	return nil
}

// actionsOf lists actions, three a page.
func (w *world) actionsOf(parent string, states ...retrospectivev1.ActionState) []*retrospectivev1.Action {
	w.Helper()
	var all []*retrospectivev1.Action
	for token := ""; ; {
		page, err := w.ListActions(w.mina(), &retrospectivev1.ListActionsRequest{Parent: parent, States: states, PageSize: 3, PageToken: token})
		w.must(err)
		all = append(all, page.GetActions()...)
		if token = page.GetNextPageToken(); token == "" {
			return all
		}
	}
}

// updateAction changes the fields that paths name, or those that are set.
func (w *world) updateAction(ctx context.Context, action *retrospectivev1.Action, paths ...string) (*retrospectivev1.Action, error) {
	action.Name = wiki
	return w.UpdateAction(ctx, &retrospectivev1.UpdateActionRequest{Action: action, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths}})
}

func TestAnActionFromProposalToEnd(t *testing.T) {
	w := opened(t, collect)
	first, err := w.CreateAction(w.mina(), &retrospectivev1.CreateActionRequest{Parent: retro, ActionId: "wiki", Action: &retrospectivev1.Action{
		Text: "  write it down ", State: retrospectivev1.ActionState_ACTION_STATE_DONE, Result: "mine", Obstacle: team + "/obstacles/x",
	}})
	w.must(err)
	if want := (&retrospectivev1.Action{
		Name: wiki, Text: "write it down", State: retrospectivev1.ActionState_ACTION_STATE_PROPOSED, Etag: first.GetEtag(), CreateTime: first.GetCreateTime(), UpdateTime: first.GetUpdateTime(),
	}); !proto.Equal(first, want) {
		t.Errorf("proposed %v, want %v", first, want)
	}
	_, err = w.CompleteAction(w.mina(), &retrospectivev1.CompleteActionRequest{Name: wiki, Result: "x", Effect: retrospectivev1.ActionEffect_ACTION_EFFECT_WORKED})
	testkit.Refused(t, err, fault.FailedPrecondition, "ACTION_NOT_AGREED")
	_, err = w.updateAction(w.jonas(), &retrospectivev1.Action{Owner: "users/mina", DueDate: "2026-03-20", Metric: team + "/metrics/questions"})
	w.must(err)
	w.move(decide)
	w.must(w.decide(rota, adapt))
	w.must(w.decide(pairs, adapt))
	_, err = w.close(swarm, rota)
	w.must(err)
	if open := w.theAction(); open.GetState() != retrospectivev1.ActionState_ACTION_STATE_OPEN || open.GetMetric() != team+"/metrics/questions" {
		t.Errorf("agreed on %v", open)
	}
	_, err = w.CompleteAction(w.mina(), &retrospectivev1.CompleteActionRequest{Name: wiki, Result: "x"})
	testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "effect")
	complete := &retrospectivev1.CompleteActionRequest{
		Name: wiki, Result: "they still ask", Effect: retrospectivev1.ActionEffect_ACTION_EFFECT_DID_NOT_WORK, Etag: w.theAction().GetEtag(), RequestId: "once",
	}
	done, err := w.CompleteAction(w.jonas(), complete)
	w.must(err)
	if done.GetState() != retrospectivev1.ActionState_ACTION_STATE_DONE || done.GetEffect() != complete.GetEffect() || done.GetResult() != "they still ask" {
		t.Errorf("completed %v", done)
	}
	if again, err := w.CompleteAction(w.jonas(), complete); err != nil || !proto.Equal(again, done) {
		t.Errorf("the same request again: %v, %v", again, err)
	}
	_, err = w.CompleteAction(w.mina(), &retrospectivev1.CompleteActionRequest{Name: wiki, Result: "x", Effect: 1, Etag: complete.GetEtag()})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	_, err = w.CompleteAction(w.mina(), &retrospectivev1.CompleteActionRequest{Name: wiki, Result: "x", Effect: 1})
	testkit.Refused(t, err, fault.FailedPrecondition, "ACTION_DONE")
	_, err = w.DropAction(w.mina(), &retrospectivev1.DropActionRequest{Name: wiki, Reason: "x"})
	testkit.Refused(t, err, fault.FailedPrecondition, "ACTION_DONE")
	_, err = w.updateAction(w.mina(), &retrospectivev1.Action{Text: "other"})
	testkit.Refused(t, err, fault.FailedPrecondition, "ACTION_DONE")
	var told []string
	for event := range strings.SplitSeq(w.events(), " ") {
		if strings.HasPrefix(event, "Action") {
			told = append(told, event)
		}
	}
	if got := strings.Join(told, " "); got != "ActionProposed ActionChanged ActionAgreed ActionCompleted" {
		t.Errorf("told %s", got)
	}
}

func TestUpdateAction(t *testing.T) {
	w := agreed(t)
	before := w.theAction()
	for name, test := range map[string]struct {
		action *retrospectivev1.Action
		paths  []string
		kind   fault.Kind
		reason string
		field  string
	}{
		"nothing":               {&retrospectivev1.Action{}, nil, fault.InvalidArgument, "NOTHING_TO_CHANGE", "update_mask"},
		"the state":             {&retrospectivev1.Action{}, []string{"state"}, fault.InvalidArgument, "NOTHING_TO_CHANGE", "update_mask"},
		"what is none":          {&retrospectivev1.Action{}, []string{"colour"}, fault.InvalidArgument, "FIELD_NOT_UPDATABLE", "update_mask"},
		"a viewer as the owner": {&retrospectivev1.Action{Owner: "users/vera"}, nil, fault.FailedPrecondition, "ACTION_INCOMPLETE", "action.owner"},
		"no words":              {&retrospectivev1.Action{}, []string{"text"}, fault.InvalidArgument, "TEXT_MISSING", "action.text"},
		"nobody as the owner":   {&retrospectivev1.Action{}, []string{"owner"}, fault.FailedPrecondition, "ACTION_INCOMPLETE", "action.owner"},
		"a day that is over":    {&retrospectivev1.Action{DueDate: "2026-03-01"}, nil, fault.FailedPrecondition, "ACTION_INCOMPLETE", "action.due_date"},
		"no such theme":         {&retrospectivev1.Action{Theme: retro + "/themes/none"}, nil, fault.InvalidArgument, "THEME_NOT_FOUND", "action.theme"},
		"a metric that is none": {&retrospectivev1.Action{Metric: team + "/metrics/" + noMetric}, nil, fault.InvalidArgument, "METRIC_UNKNOWN", "action.metric"},
		"another team's metric": {&retrospectivev1.Action{Metric: "teams/mobile/metrics/x"}, nil, fault.InvalidArgument, "OTHER_TEAM", "action.metric"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.updateAction(w.mina(), test.action, test.paths...)
			testkit.Refused(t, err, test.kind, test.reason, test.field)
		})
	}
	_, err := w.CreateAction(w.mina(), &retrospectivev1.CreateActionRequest{Parent: retro, Action: &retrospectivev1.Action{Text: "measure it", Metric: team + "/metrics/" + noMetric}})
	testkit.Refused(t, err, fault.InvalidArgument, "METRIC_UNKNOWN", "action.metric")
	if after := w.theAction(); !proto.Equal(after, before) {
		t.Errorf("refusals changed %v into %v", before, after)
	}

	changed, err := w.updateAction(w.mina(), &retrospectivev1.Action{Text: "ignored", Owner: "users/mina", DueDate: "2026-03-02", Metric: "organization/metrics/questions"}, "owner", "due_date", "metric", "expected_effect")
	w.must(err)
	want := proto.CloneOf(before)
	want.Owner, want.DueDate, want.Metric, want.ExpectedEffect = "users/mina", "2026-03-02", "organization/metrics/questions", ""
	want.Etag, want.UpdateTime = changed.GetEtag(), changed.GetUpdateTime()
	if !proto.Equal(changed, want) || changed.GetEtag() == before.GetEtag() {
		t.Errorf("changed to %v, want %v", changed, want)
	}
	_, err = w.UpdateAction(w.mina(), &retrospectivev1.UpdateActionRequest{Action: &retrospectivev1.Action{Name: wiki, Text: "x"}, Etag: before.GetEtag()})
	if lost := testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH"); lost.Metadata["current_etag"] != changed.GetEtag() {
		t.Errorf("the way out is %v", lost.Metadata)
	}
	// What is late, and whose owner has left, can still be put in other words.
	w.Clock.Advance(30 * 24 * 3600e9)
	w.set(func(o *others) { o.members["mina"] = identityv1.TeamRole_TEAM_ROLE_VIEWER })
	_, err = w.updateAction(w.jonas(), &retrospectivev1.Action{Text: "write all of it down"})
	w.must(err)
}

// Without identity nobody knows who is of the team and what day it is there; what needs neither goes on, and what was done is answered.
func TestUpdateActionAsksIdentity(t *testing.T) {
	w := agreed(t)
	owner := &retrospectivev1.UpdateActionRequest{Action: &retrospectivev1.Action{Name: wiki, Owner: "users/ada"}, RequestId: "once"}
	first, err := w.UpdateAction(w.mina(), owner)
	w.must(err)
	w.set(func(o *others) { o.silent["GetTeam"], o.silent["ListMembers"] = true, true })
	if again, err := w.UpdateAction(w.mina(), owner); err != nil || !proto.Equal(again, first) {
		t.Errorf("the same request again: %v, %v", again, err)
	}
	_, err = w.updateAction(w.mina(), &retrospectivev1.Action{Owner: "users/jonas"})
	testkit.Refused(t, err, fault.Unavailable, "UNAVAILABLE")
	_, err = w.updateAction(w.mina(), &retrospectivev1.Action{DueDate: "2026-03-30"})
	testkit.Refused(t, err, fault.Unavailable, "UNAVAILABLE")
	_, err = w.updateAction(w.mina(), &retrospectivev1.Action{Text: "in other words"})
	w.must(err)
}

// The actions of all retrospectives of a team are one list, and nobody else's are in it.
func TestActionsOfATeam(t *testing.T) {
	const all = team + "/cycles/-/retrospective"
	w := agreed(t)
	const later = team + "/cycles/2026-w12/retrospective"
	for _, name := range []string{later, "teams/mobile/cycles/2026-w10/retrospective"} {
		ctx := w.As(callertest.Admin("root"))
		_, err := w.OpenRetrospective(ctx, &retrospectivev1.OpenRetrospectiveRequest{Name: name})
		w.must(err)
		for _, day := range []string{"2026-03-19", "", "2026-03-21"} {
			_, err := w.CreateAction(ctx, &retrospectivev1.CreateActionRequest{Parent: name, ActionId: "a" + day, Action: &retrospectivev1.Action{Text: "x", DueDate: day}})
			w.must(err)
		}
	}
	_, err := w.DropAction(w.mina(), &retrospectivev1.DropActionRequest{Name: later + "/actions/a2026-03-19", Reason: "x"})
	w.must(err)
	for parent, wants := range map[string]map[retrospectivev1.ActionState]string{
		all:   {0: "a2026-03-19 wiki a2026-03-21 a", 1: "wiki", 2: "", 3: "a2026-03-21 a", 4: "a2026-03-19"},
		later: {0: "a2026-03-19 a2026-03-21 a", 1: "", 3: "a2026-03-21 a"},
		retro: {0: "wiki", 1: "wiki"},
	} {
		for state, want := range wants {
			var states []retrospectivev1.ActionState
			if state != 0 {
				states = append(states, state)
			}
			var got []string
			for _, a := range w.actionsOf(parent, states...) {
				got = append(got, a.GetName()[strings.LastIndexByte(a.GetName(), '/')+1:])
			}
			if strings.Join(got, " ") != want {
				t.Errorf("%s of %s: %v, want %s", state, parent, got, want)
			}
		}
	}
	// Only a list is of all; and a token of one list is no good for another.
	_, err = w.CreateAction(w.mina(), &retrospectivev1.CreateActionRequest{Parent: all, Action: &retrospectivev1.Action{Text: "x"}})
	testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "parent")
	_, err = w.DropAction(w.mina(), &retrospectivev1.DropActionRequest{Name: all + "/actions/wiki", Reason: "x"})
	testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "name")
	_, err = w.ListNotes(w.mina(), &retrospectivev1.ListNotesRequest{Parent: all})
	testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "parent")
	page, err := w.ListActions(w.mina(), &retrospectivev1.ListActionsRequest{Parent: all, PageSize: 1})
	w.must(err)
	_, err = w.ListActions(w.mina(), &retrospectivev1.ListActionsRequest{Parent: retro, PageSize: 1, PageToken: page.GetNextPageToken()})
	testkit.Refused(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
	_, err = w.ListActions(w.As(callertest.User("olga", "mobile", caller.Coach)), &retrospectivev1.ListActionsRequest{Parent: all})
	testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
}

func TestTwentyProposalsAtMost(t *testing.T) {
	w := opened(t, collect)
	for i := range 20 {
		w.must(w.action(w.mina(), fmt.Sprint("a", i), "20"))
	}
	testkit.Refused(t, w.action(w.mina(), "more", "20"), fault.FailedPrecondition, "TOO_MANY_ACTIONS")
}

func TestWhoMayChangeAnAction(t *testing.T) {
	w := agreed(t)
	for _, who := range []caller.Caller{callertest.User("vera", "payments", caller.Viewer), callertest.Manager("max"), callertest.User("olga", "mobile", caller.Coach)} {
		ctx := w.As(who)
		_, update := w.updateAction(ctx, &retrospectivev1.Action{Text: "other"})
		_, complete := w.CompleteAction(ctx, &retrospectivev1.CompleteActionRequest{Name: wiki, Result: "x", Effect: 1})
		_, drop := w.DropAction(ctx, &retrospectivev1.DropActionRequest{Name: wiki, Reason: "x"})
		_, obstacle := w.MakeObstacle(ctx, &retrospectivev1.MakeObstacleRequest{Name: wiki})
		_, experiment := w.DraftExperiment(ctx, &retrospectivev1.DraftExperimentRequest{Name: wiki})
		for _, err := range []error{update, complete, drop, obstacle, experiment, w.action(ctx, "a", "20")} {
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		}
	}
	w.set(func(o *others) {
		if len(o.made.askedBy) != 0 {
			t.Errorf("others were asked by %v", o.made.askedBy)
		}
	})
}
