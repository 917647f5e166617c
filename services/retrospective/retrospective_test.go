package retrospective_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestOpensInActOnly(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct {
		phase cyclev1.Phase
		state cyclev1.CycleState
	}{
		{cyclev1.Phase_PHASE_PLAN, cyclev1.CycleState_CYCLE_STATE_ACTIVE},
		{cyclev1.Phase_PHASE_DO, cyclev1.CycleState_CYCLE_STATE_ACTIVE},
		{cyclev1.Phase_PHASE_CHECK, cyclev1.CycleState_CYCLE_STATE_ACTIVE},
		{cyclev1.Phase_PHASE_ACT, cyclev1.CycleState_CYCLE_STATE_FINISHED},
		{cyclev1.Phase_PHASE_ACT, cyclev1.CycleState_CYCLE_STATE_CANCELLED},
	} {
		w.set(func(o *others) { o.phase, o.state = test.phase, test.state })
		_, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{})
		testkit.Refused(t, err, fault.FailedPrecondition, "CYCLE_NOT_IN_ACT")
	}
	for _, method := range []string{"GetCycle", "ListExperiments", "ListMembers"} {
		w.set(func(o *others) {
			o.phase, o.state = cyclev1.Phase_PHASE_ACT, cyclev1.CycleState_CYCLE_STATE_ACTIVE
			o.silent = map[string]bool{method: true}
		})
		_, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{})
		testkit.Refused(t, err, fault.Unavailable, "UNAVAILABLE")
	}
	_, err := w.GetRetrospective(w.mina(), &retrospectivev1.GetRetrospectiveRequest{Name: retro})
	testkit.Refused(t, err, fault.NotFound, "RETROSPECTIVE_NOT_FOUND")
	if got := w.events(); got != "" {
		t.Errorf("refusals recorded %s", got)
	}
}

func TestFactsAreFrozen(t *testing.T) {
	w := newWorld(t)
	first, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{RequestId: "once"})
	w.must(err)
	want := []*retrospectivev1.Fact{
		{Experiment: pairs, Expected: "If we " + pairs + ".", Happened: "it did", Verdict: "NOT_AS_PREDICTED"},
		{Experiment: rota, Expected: "If we " + rota + ".", Happened: "it did", Verdict: "AS_PREDICTED"},
		{Experiment: swarm},
	}
	if !slices.EqualFunc(first.GetFacts(), want, func(a, b *retrospectivev1.Fact) bool { return proto.Equal(a, b) }) {
		t.Errorf("facts %v, want %v", first.GetFacts(), want)
	}
	w.set(func(o *others) {
		o.experiments = []*experimentv1.Experiment{concluded(swarm, experimentv1.Verdict_VERDICT_AS_PREDICTED)}
		o.state = cyclev1.CycleState_CYCLE_STATE_FINISHED
	})
	// The same request again is answered as before, although the cycle is over.
	again, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{RequestId: "once"})
	if err != nil || !proto.Equal(again, first) || !proto.Equal(w.get(), first) {
		t.Errorf("then %v, %v, want %v", again, err, first)
	}
	w.set(func(o *others) { o.state = cyclev1.CycleState_CYCLE_STATE_ACTIVE })
	_, err = w.open(&retrospectivev1.OpenRetrospectiveRequest{})
	testkit.Refused(t, err, fault.AlreadyExists, "RETROSPECTIVE_ALREADY_EXISTS")
}

func TestMovesKeepEverything(t *testing.T) {
	w := opened(t, collect)
	_, err := w.note("first")
	w.must(err)
	w.move(decide)
	w.must(w.action(w.mina(), "a", "20"))
	w.must(w.decide(rota, adopt))
	before := w.get()
	etags := map[string]bool{before.GetEtag(): true}
	for _, stage := range []retrospectivev1.Stage{collect, vote, group, collect} {
		moved := w.move(stage)
		if moved.GetStage() != stage || etags[moved.GetEtag()] {
			t.Errorf("moved to %s: %v", stage, moved)
		}
		etags[moved.GetEtag()] = true
	}
	if same := w.move(collect); !etags[same.GetEtag()] {
		t.Error("a move to where it is was a change")
	}
	_, err = w.note("second")
	w.must(err)
	after := w.move(decide)
	if !proto.Equal(&retrospectivev1.Retrospective{Facts: after.GetFacts(), Decisions: after.GetDecisions()},
		&retrospectivev1.Retrospective{Facts: before.GetFacts(), Decisions: before.GetDecisions()}) {
		t.Errorf("after the way back: %v, before: %v", after, before)
	}
	notes, err := w.ListNotes(w.mina(), &retrospectivev1.ListNotesRequest{Parent: retro})
	if err != nil || len(notes.GetNotes()) != 2 {
		t.Errorf("notes %v, %v", notes, err)
	}
	actions, err := w.ListActions(w.mina(), &retrospectivev1.ListActionsRequest{Parent: retro})
	if err != nil || len(actions.GetActions()) != 1 {
		t.Errorf("actions %v, %v", actions, err)
	}
	themes, err := w.ListThemes(w.mina(), &retrospectivev1.ListThemesRequest{Parent: retro})
	if err != nil || len(themes.GetThemes()) != 1 || themes.GetThemes()[0].GetTitle() != "first" {
		t.Errorf("the note that was in no theme when the voting opened: %v, %v", themes, err)
	}
	want := "RetrospectiveOpened NoteWritten RetrospectiveMoved ActionProposed RetrospectiveDecided" +
		" RetrospectiveMoved RetrospectiveMoved ThemeChanged RetrospectiveMoved RetrospectiveMoved NoteWritten RetrospectiveMoved"
	if got := w.events(); got != want {
		t.Errorf("events %s, want %s", got, want)
	}
}

func TestADecisionReplacesTheOneBefore(t *testing.T) {
	w := opened(t, decide)
	for _, kind := range []retrospectivev1.DecisionKind{adopt, adapt, abandon} {
		w.must(w.decide(rota, kind))
	}
	w.must(w.decide(pairs, adapt))
	got := w.get().GetDecisions()
	if len(got) != 2 || got[0].GetExperiment() != rota || got[0].GetKind() != abandon || got[1].GetExperiment() != pairs || got[1].GetKind() != adapt {
		t.Errorf("decisions %v", got)
	}
	for _, experiment := range []string{swarm, cycle + "/experiments/none", "teams/mobile/cycles/2026-w10/experiments/rota"} {
		testkit.Refused(t, w.decide(experiment, adopt), fault.InvalidArgument, "EXPERIMENT_NOT_TRIED", "decision.experiment")
	}
}

func TestEveryStageHasItsWork(t *testing.T) {
	for _, stage := range []retrospectivev1.Stage{collect, group, vote, decide} {
		w := opened(t, stage)
		_, noteErr := w.note("x")
		_, closeErr := w.close("")
		for _, work := range []struct {
			what   string
			in     []retrospectivev1.Stage
			err    error
			reason string // when it is tried in its stage
		}{
			{"write a note", []retrospectivev1.Stage{collect, group}, noteErr, ""},
			{"decide", []retrospectivev1.Stage{decide}, w.decide(rota, adopt), ""},
			{"propose an action", []retrospectivev1.Stage{collect, group, vote, decide}, w.action(w.mina(), "a", "20"), ""},
			{"close", []retrospectivev1.Stage{decide}, closeErr, "RETROSPECTIVE_INCOMPLETE"},
			{"amend", nil, w.amend(w.mina(), "late"), ""},
		} {
			want := work.reason
			switch {
			case work.in == nil:
				want = "RETROSPECTIVE_OPEN"
			case !slices.Contains(work.in, stage):
				want = "STAGE_MISMATCH"
			}
			refused := rpcserver.FromStatus(work.err)
			if got := reason(work.err); got != want {
				t.Errorf("%s in %s: %v, want %q", work.what, stage, work.err, want)
			} else if now := strings.TrimPrefix(stage.String(), "STAGE_"); got == "STAGE_MISMATCH" && refused.Metadata["stage"] != now {
				t.Errorf("%s: it stands in %q, want %s", work.what, refused.Metadata["stage"], now)
			}
		}
	}
}

func TestBadInput(t *testing.T) {
	w := opened(t, decide)
	long := strings.Repeat("x", 2001)
	action := func(change func(*retrospectivev1.Action)) func() error {
		a := &retrospectivev1.Action{Text: "x", Owner: "users/jonas", DueDate: "2026-03-20", ExpectedEffect: "x"}
		change(a)
		return func() error {
			_, err := w.CreateAction(w.mina(), &retrospectivev1.CreateActionRequest{Parent: retro, Action: a})
			return err
		}
	}
	note := func(n *retrospectivev1.Note, id string) func() error {
		return func() error {
			_, err := w.CreateNote(w.mina(), &retrospectivev1.CreateNoteRequest{Parent: retro, NoteId: id, Note: n})
			return err
		}
	}
	closing := func(change func(*retrospectivev1.CloseRetrospectiveRequest)) func() error {
		req := &retrospectivev1.CloseRetrospectiveRequest{Name: retro, Learnings: []*retrospectivev1.DistilledLearning{learned(rota)}}
		change(req)
		return func() error { _, err := w.CloseRetrospective(w.mina(), req); return err }
	}
	list := func(size int32, token string) func() error {
		return func() error {
			_, err := w.ListActions(w.mina(), &retrospectivev1.ListActionsRequest{Parent: retro, PageSize: size, PageToken: token})
			return err
		}
	}
	before, recorded := w.get(), w.events()
	for _, test := range []struct {
		name   string
		call   func() error
		reason string
		fields []string
	}{
		{
			"empty action", action(func(a *retrospectivev1.Action) { proto.Reset(a) }), "TEXT_MISSING", []string{"action.text"},
		},
		{"owner is no user", action(func(a *retrospectivev1.Action) { a.Owner = "jonas" }), "VALIDATION_FAILED", []string{"action.owner"}},
		{"no day at all", action(func(a *retrospectivev1.Action) { a.DueDate = "soon" }), "VALIDATION_FAILED", []string{"action.due_date"}},
		{"a day that is none", action(func(a *retrospectivev1.Action) { a.DueDate = "2026-02-30" }), "DAY_INVALID", []string{"action.due_date"}},
		{"a day that no clock knows", action(func(a *retrospectivev1.Action) { a.DueDate = "0000-01-01" }), "DAY_INVALID", []string{"action.due_date"}},
		{"no action", func() error {
			_, err := w.CreateAction(w.mina(), &retrospectivev1.CreateActionRequest{Parent: retro})
			return err
		}, "VALIDATION_FAILED", []string{"action"}},
		{"long note", note(&retrospectivev1.Note{Prompt: 1, Text: long}, ""), "VALIDATION_FAILED", []string{"note.text"}},
		{"unknown prompt, bad id", note(&retrospectivev1.Note{Prompt: 9, Text: "x"}, "Not An Id"), "VALIDATION_FAILED", []string{"note.prompt", "note_id"}},
		{"unknown stage", func() error {
			_, err := w.MoveRetrospective(w.mina(), &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Stage: 9})
			return err
		}, "VALIDATION_FAILED", []string{"stage"}},
		{"a facilitator who watches", func() error {
			_, err := w.HandOverRetrospective(w.mina(), &retrospectivev1.HandOverRetrospectiveRequest{Name: retro, Facilitator: "users/vera"})
			return err
		}, "FACILITATOR_NOT_MEMBER", []string{"facilitator"}},
		{"a facilitator who is no user", func() error {
			_, err := w.HandOverRetrospective(w.mina(), &retrospectivev1.HandOverRetrospectiveRequest{Name: retro, Facilitator: "vera"})
			return err
		}, "VALIDATION_FAILED", []string{"facilitator"}},
		{"a stage that ends before it begins", func() error {
			_, err := w.MoveRetrospective(w.mina(), &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Stage: vote, CurrentStage: decide, StageEndTime: timestamppb.New(w.Clock.Now())})
			return err
		}, "STAGE_END_OUT_OF_RANGE", []string{"stage_end_time"}},
		{"an empty amendment", func() error { return w.amend(w.mina(), "") }, "VALIDATION_FAILED", []string{"text"}},
		{"a decision in blanks", func() error {
			_, err := w.DecideRetrospective(w.mina(), &retrospectivev1.DecideRetrospectiveRequest{Name: retro, Decision: &retrospectivev1.Decision{Experiment: rota, Kind: adopt, Text: " "}})
			return err
		}, "TEXT_MISSING", []string{"decision.text"}},
		{"closed by moving", func() error {
			_, err := w.MoveRetrospective(w.mina(), &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Stage: shut})
			return err
		}, "VALIDATION_FAILED", []string{"stage"}},
		{"empty decision", func() error {
			_, err := w.DecideRetrospective(w.mina(), &retrospectivev1.DecideRetrospectiveRequest{Name: retro, Decision: &retrospectivev1.Decision{}})
			return err
		}, "VALIDATION_FAILED", []string{"decision.experiment", "decision.kind", "decision.text"}},
		{"short claim", closing(func(r *retrospectivev1.CloseRetrospectiveRequest) { r.Learnings[0].Claim = "none" }), "VALIDATION_FAILED", []string{"learnings[0].claim"}},
		{"bad tag", closing(func(r *retrospectivev1.CloseRetrospectiveRequest) { r.Learnings[0].Tags = []string{"ok", "Not a tag"} }), "VALIDATION_FAILED", []string{"learnings[0].tags[1]"}},
		{"boldest is no experiment", closing(func(r *retrospectivev1.CloseRetrospectiveRequest) { r.BoldestExperiment = "users/mina" }), "VALIDATION_FAILED", []string{"boldest_experiment"}},
		{"no retrospective's name", func() error {
			_, err := w.GetRetrospective(w.mina(), &retrospectivev1.GetRetrospectiveRequest{Name: cycle})
			return err
		}, "VALIDATION_FAILED", []string{"name"}},
		{"negative page", list(-1, ""), "VALIDATION_FAILED", []string{"page_size"}},
		{"made-up page token", list(0, "nonsense"), "PAGE_TOKEN_INVALID", []string{"page_token"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			testkit.Refused(t, test.call(), fault.InvalidArgument, test.reason, test.fields...)
		})
	}
	if after := w.get(); !proto.Equal(after, before) || w.events() != recorded {
		t.Errorf("bad input changed %v into %v, events %s", before, after, w.events())
	}
}

func TestWhatIsNotThere(t *testing.T) {
	w := newWorld(t)
	_, noteErr := w.note("x")
	_, moveErr := w.MoveRetrospective(w.mina(), &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Stage: group, CurrentStage: collect})
	_, closeErr := w.close("", rota)
	_, handErr := w.HandOverRetrospective(w.mina(), &retrospectivev1.HandOverRetrospectiveRequest{Name: retro, Facilitator: "users/mina"})
	_, stripErr := w.GetFactsStrip(w.mina(), &retrospectivev1.GetFactsStripRequest{Name: retro + "/factsStrip"})
	_, refetchErr := w.RefetchFacts(w.mina(), &retrospectivev1.RefetchFactsRequest{Name: retro + "/factsStrip"})
	for _, err := range []error{noteErr, moveErr, closeErr, handErr, stripErr, refetchErr, w.decide(rota, adopt), w.action(w.mina(), "a", "20"), w.amend(w.mina(), "late")} {
		testkit.Refused(t, err, fault.NotFound, "RETROSPECTIVE_NOT_FOUND")
	}
	_, err := w.CompleteAction(w.mina(), &retrospectivev1.CompleteActionRequest{Name: retro + "/actions/none", Result: "x", Effect: retrospectivev1.ActionEffect_ACTION_EFFECT_WORKED})
	testkit.Refused(t, err, fault.NotFound, "ACTION_NOT_FOUND")
}

func TestNotesArePagedByPrompt(t *testing.T) {
	w := opened(t, collect)
	for i, prompt := range []retrospectivev1.Prompt{3, 1, 2, 1, 3} {
		_, err := w.CreateNote(w.mina(), &retrospectivev1.CreateNoteRequest{
			Parent: retro, NoteId: fmt.Sprint("n", i), Note: &retrospectivev1.Note{Prompt: prompt, Text: "x"},
		})
		w.must(err)
	}
	var got []string
	for token := ""; ; {
		page, err := w.ListNotes(w.mina(), &retrospectivev1.ListNotesRequest{Parent: retro, PageSize: 2, PageToken: token})
		w.must(err)
		for _, n := range page.GetNotes() {
			got = append(got, strings.TrimPrefix(n.GetName(), retro+"/notes/"))
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if want := "n2 n1 n3 n0 n4"; strings.Join(got, " ") != want {
		t.Errorf("notes %v, want %s", got, want)
	}
}
