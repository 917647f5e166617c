package retrospective_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestCloseAnswersEverythingThatIsMissingAtOnce(t *testing.T) {
	w := opened(t, decide)
	w.must(w.decide(rota, adopt))
	_, err := w.CreateAction(w.mina(), &retrospectivev1.CreateActionRequest{Parent: retro, ActionId: "bare", Action: &retrospectivev1.Action{Text: "write it down"}})
	w.must(err)
	bare := []string{"actions/bare.due_date ACTION_DATE_MISSING", "actions/bare.expected_effect ACTION_EFFECT_MISSING", "actions/bare.owner ACTION_OWNER_MISSING"}
	before, recorded := w.get(), w.events()
	for _, test := range []struct {
		name    string
		boldest string
		learned []string
		want    []string // field and reason
	}{
		{"nothing at all", "", nil, []string{"boldest_experiment BOLDEST_MISSING", "decisions DECISION_MISSING", "learnings ADOPTED_LEARNING_MISSING", "learnings LEARNING_MISSING"}},
		{"all of it wrong", "teams/mobile/cycles/2026-w10/experiments/rota", []string{pairs, pairs, cycle + "/experiments/none"}, []string{
			"boldest_experiment EXPERIMENT_NOT_IN_CYCLE", "decisions DECISION_MISSING", "learnings ADOPTED_LEARNING_MISSING",
			"learnings[1].experiment LEARNING_TWICE", "learnings[2].experiment EXPERIMENT_NOT_IN_CYCLE",
		}},
		{"a decision", swarm, []string{rota}, []string{"decisions DECISION_MISSING"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := w.close(test.boldest, test.learned...)
			checkMissing(t, err, slices.Concat(bare, test.want)...)
		})
	}
	if after := w.get(); !proto.Equal(after, before) || w.events() != recorded {
		t.Errorf("refusals changed %v into %v, events %s", before, after, w.events())
	}
}

// Actions are judged on the day of the closing, in the team's zone, and by who is of the team then.
func TestCloseJudgesTheActions(t *testing.T) {
	w := opened(t, decide)
	w.must(w.decide(rota, adopt))
	w.must(w.decide(pairs, abandon))
	w.must(w.action(w.mina(), "a02", "02"))
	w.Clock.Set(w.Clock.Now().Truncate(24 * 3600e9).Add(22*3600e9 + 59*60e9)) // 23:59 in Berlin
	w.set(func(o *others) { o.members["jonas"] = identityv1.TeamRole_TEAM_ROLE_VIEWER })
	_, err := w.close(swarm, rota)
	checkMissing(t, err, "actions/a02.owner ACTION_OWNER_NOT_MEMBER")
	w.set(func(o *others) { o.members["jonas"] = identityv1.TeamRole_TEAM_ROLE_COACH })
	w.Clock.Advance(60e9) // the next day in Berlin, the same in UTC
	_, err = w.close(swarm, rota)
	checkMissing(t, err, "actions/a02.due_date ACTION_DATE_PAST")
	_, err = w.DropAction(w.mina(), &retrospectivev1.DropActionRequest{Name: retro + "/actions/a02", Reason: "too late"})
	w.must(err)
	for _, id := range []string{"a20", "a21", "a22", "a23"} {
		w.must(w.action(w.mina(), id, id[1:]))
	}
	_, err = w.close(swarm, rota)
	checkMissing(t, err, "actions TOO_MANY_ACTIONS")
	_, err = w.DropAction(w.mina(), &retrospectivev1.DropActionRequest{Name: retro + "/actions/a22", Reason: "three are enough"})
	w.must(err)
	for _, method := range []string{"GetTeam", "ListMembers"} {
		w.set(func(o *others) { o.silent[method] = true })
		_, err = w.close(swarm, rota)
		testkit.Refused(t, err, fault.Unavailable, "UNAVAILABLE")
		w.set(func(o *others) { delete(o.silent, method) })
	}
	_, err = w.close(swarm, rota)
	w.must(err)
	actions, err := w.ListActions(w.mina(), &retrospectivev1.ListActionsRequest{Parent: retro})
	w.must(err)
	var states []string
	for _, a := range actions.GetActions() {
		states = append(states, strings.TrimPrefix(a.GetName(), retro+"/actions/")+" "+strings.TrimPrefix(a.GetState().String(), "ACTION_STATE_"))
	}
	if got, want := strings.Join(states, ", "), "a02 DROPPED, a20 OPEN, a21 OPEN, a22 DROPPED, a23 OPEN"; got != want {
		t.Errorf("actions %s, want %s", got, want)
	}
	if got := w.events(); strings.Count(got, "ActionAgreed") != 3 || !strings.HasSuffix(got, "RetrospectiveClosed ActionAgreed ActionAgreed ActionAgreed") {
		t.Errorf("events %s", got)
	}
}

func TestCloseTellsTheKnowledgeBase(t *testing.T) {
	w := opened(t, decide)
	w.must(w.action(w.mina(), "a", "20"))
	w.must(w.decide(rota, adopt))
	w.must(w.decide(pairs, abandon))
	closed, err := w.close(swarm, rota, pairs)
	w.must(err)
	if closed.GetStage() != shut || !closed.GetCloseTime().AsTime().Equal(w.Clock.Now()) || closed.GetBoldestExperiment() != swarm {
		t.Errorf("closed %v", closed)
	}
	records := testkit.Records(t, w.service.Log)
	last := records[len(records)-2] // before ActionAgreed
	told := &retrospectivev1.RetrospectiveClosed{}
	if err := protojson.Unmarshal(last.Data, told); err != nil || !strings.HasSuffix(last.Type, ".RetrospectiveClosed") ||
		last.Subject != retro || last.Team != "payments" || last.Actor != "users/mina" {
		t.Fatalf("the last event is %+v, %v", last, err)
	}
	if !proto.Equal(told.GetRetrospective(), closed) || len(closed.GetLearnings()) != 2 || !proto.Equal(closed.GetLearnings()[0], learned(rota)) {
		t.Errorf("told %v, answered %v", told, closed)
	}

	_, noteErr := w.note("late")
	_, moveErr := w.MoveRetrospective(w.mina(), &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Stage: collect, Etag: closed.GetEtag()})
	_, closeErr := w.close("", rota, pairs)
	_, handErr := w.HandOverRetrospective(w.mina(), &retrospectivev1.HandOverRetrospectiveRequest{Name: retro, Facilitator: "users/mina"})
	_, factsErr := w.RefetchFacts(w.mina(), &retrospectivev1.RefetchFactsRequest{Name: retro + "/factsStrip"})
	for _, err := range []error{noteErr, moveErr, closeErr, handErr, factsErr, w.decide(rota, adapt), w.action(w.mina(), "late", "21")} {
		testkit.Refused(t, err, fault.FailedPrecondition, "RETROSPECTIVE_CLOSED")
	}
	if len(testkit.Records(t, w.service.Log)) != len(records) {
		t.Error("something was recorded after the end")
	}
	// Actions live on.
	_, err = w.CompleteAction(w.jonas(), &retrospectivev1.CompleteActionRequest{Name: retro + "/actions/a", Result: "done", Effect: retrospectivev1.ActionEffect_ACTION_EFFECT_WORKED})
	w.must(err)
}

// An amendment tells who wrote it, unless the retrospective is anonymous: then nothing does, and Jonas did nothing else.
func TestAmendments(t *testing.T) {
	for name, anonymous := range map[string]bool{"anonymous": true, "named": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.set(func(o *others) { delete(o.members, "jonas") }) // nor does the facilitator's turn
			_, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{Anonymous: &anonymous})
			w.must(err)
			w.move(decide)
			w.must(w.decide(rota, adopt))
			w.must(w.decide(pairs, abandon))
			closed, err := w.close(swarm, rota)
			w.must(err)
			w.Clock.Advance(1e9)
			req := &retrospectivev1.AmendRetrospectiveRequest{Name: retro, Text: "It was the cache.", RequestId: "once"}
			amended, err := w.AmendRetrospective(w.jonas(), req)
			w.must(err)
			again, err := w.AmendRetrospective(w.jonas(), req)
			w.must(err)
			author := "users/jonas"
			if anonymous {
				author = ""
			}
			amendments := amended.GetAmendments()
			if len(amendments) != 1 || amendments[0].GetAuthor() != author || amendments[0].GetText() != req.GetText() ||
				!amendments[0].GetCreateTime().AsTime().Equal(w.Clock.Now()) || !proto.Equal(again, amended) {
				t.Errorf("amended %v, then %v", amended, again)
			}
			rest := proto.CloneOf(amended)
			rest.Amendments, rest.Etag, rest.UpdateTime = nil, closed.GetEtag(), closed.GetUpdateTime()
			if !proto.Equal(rest, closed) {
				t.Errorf("something else changed: %v, before %v", rest, closed)
			}
			records := testkit.Records(t, w.service.Log)
			if last := records[len(records)-1]; !strings.HasSuffix(last.Type, ".RetrospectiveAmended") || last.Actor != author || (last.Traceparent == "") != anonymous && anonymous {
				t.Errorf("event %+v", last)
			}
			testkit.Eventually(t, "the broker has the events", func() bool { return w.service.Relay().Status().Published >= int64(len(records)) })
			if files := w.files(); !strings.Contains(files, "It was the cache.") || strings.Contains(files, "jonas") == anonymous {
				t.Errorf("the files hold the author: %v", strings.Contains(files, "jonas"))
			}
			if strings.Contains(w.Output(), "jonas") {
				t.Error("the log names who amended")
			}
		})
	}
}

// checkMissing compares the violations of a retrospective that cannot be closed, as field and reason.
func checkMissing(t *testing.T, err error, want ...string) {
	t.Helper()
	var fields, got []string
	for _, violation := range want {
		fields = append(fields, strings.Fields(violation)[0])
	}
	for _, v := range testkit.Refused(t, err, fault.FailedPrecondition, "RETROSPECTIVE_INCOMPLETE", fields...).Violations {
		got = append(got, v.Field+" "+v.Reason)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("missing %q, want %q", got, want)
	}
}
