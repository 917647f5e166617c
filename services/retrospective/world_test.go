package retrospective_test

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective"
)

const (
	team  = "teams/payments"
	cycle = "teams/payments/cycles/2026-w10"
	retro = cycle + "/retrospective"
	rota  = cycle + "/experiments/rota"
	pairs = cycle + "/experiments/pairs"
	swarm = cycle + "/experiments/swarm"

	collect = retrospectivev1.Stage_STAGE_COLLECT
	group   = retrospectivev1.Stage_STAGE_GROUP
	vote    = retrospectivev1.Stage_STAGE_VOTE
	decide  = retrospectivev1.Stage_STAGE_DECIDE
	shut    = retrospectivev1.Stage_STAGE_CLOSED

	adopt   = retrospectivev1.DecisionKind_DECISION_KIND_ADOPT
	adapt   = retrospectivev1.DecisionKind_DECISION_KIND_ADAPT
	abandon = retrospectivev1.DecisionKind_DECISION_KIND_ABANDON
)

func concluded(name string, verdict experimentv1.Verdict) *experimentv1.Experiment {
	return &experimentv1.Experiment{
		Name: name, Prediction: &experimentv1.Prediction{Sentence: "If we " + name + "."},
		Outcome: &experimentv1.Outcome{Verdict: verdict, Happened: "it did"},
	}
}

// world is the retrospective service with stand-ins for the others: a cycle in ACT with two concluded experiments and one
// that was abandoned, and a team of Ada and Mina, Jonas who coaches it, and Vera who watches.
type world struct {
	*testing.T
	*testkit.Kit
	*others
	retrospectivev1.RetrospectiveServiceClient
	dir     string // of the database and the broker
	service *retrospective.Service
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldWith(t, func(*service.Kit) {})
}

// newWorldWith is a world whose service is made from a kit that the test changed.
func newWorldWith(t *testing.T, change func(*service.Kit)) *world {
	t.Helper()
	w := &world{T: t, Kit: testkit.New(t), others: newOthers()}
	kit := w.Service("retrospective")
	kit.SecretKey = []byte("the key of the installation, 32B")
	url := kit.DatabaseURL("retrospective")
	w.dir = strings.TrimPrefix(url[:strings.LastIndexByte(url, '/')], "sqlite:")
	change(&kit)
	var err error
	if w.service, err = retrospective.New(t.Context(), kit); err != nil {
		t.Fatal(err)
	}
	w.Register(func(r grpc.ServiceRegistrar) {
		cyclev1.RegisterCycleServiceServer(r, w.others)
		experimentv1.RegisterExperimentServiceServer(r, w.others)
		identityv1.RegisterIdentityServiceServer(r, w.others)
	})
	w.Start(w.service)
	w.RetrospectiveServiceClient = retrospectivev1.NewRetrospectiveServiceClient(w.Conn())
	return w
}

// opened is a world whose retrospective is open and in a stage.
func opened(t *testing.T, stage retrospectivev1.Stage) *world {
	t.Helper()
	w := newWorld(t)
	_, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{})
	w.must(err)
	w.move(stage)
	return w
}

func (w *world) must(err error) {
	w.Helper()
	if err != nil {
		w.Fatal(err)
	}
}

func (w *world) mina() context.Context {
	return w.As(callertest.User("mina", "payments", caller.Member))
}

func (w *world) jonas() context.Context {
	return w.As(callertest.User("jonas", "payments", caller.Coach))
}

func (w *world) open(req *retrospectivev1.OpenRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	req.Name = retro
	return w.OpenRetrospective(w.mina(), req)
}

func (w *world) get() *retrospectivev1.Retrospective {
	w.Helper()
	got, err := w.GetRetrospective(w.mina(), &retrospectivev1.GetRetrospectiveRequest{Name: retro})
	w.must(err)
	return got
}

// move goes to a stage, from whichever the retrospective is in.
func (w *world) move(to retrospectivev1.Stage) *retrospectivev1.Retrospective {
	w.Helper()
	moved, err := w.MoveRetrospective(w.mina(), &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Stage: to, CurrentStage: w.get().GetStage()})
	w.must(err)
	return moved
}

func (w *world) note(text string) (*retrospectivev1.Note, error) {
	return w.CreateNote(w.jonas(), &retrospectivev1.CreateNoteRequest{
		Parent: retro, Note: &retrospectivev1.Note{Prompt: retrospectivev1.Prompt_PROMPT_HELPED, Text: text}, RequestId: "note: " + text,
	})
}

// action proposes an action that is due on a day of March, with everything that it needs to be agreed on.
func (w *world) action(ctx context.Context, id, day string) error {
	_, err := w.CreateAction(ctx, &retrospectivev1.CreateActionRequest{Parent: retro, ActionId: id, Action: &retrospectivev1.Action{
		Text: "write it down", Owner: "users/jonas", DueDate: "2026-03-" + day, ExpectedEffect: "nobody asks again",
	}})
	return err
}

func (w *world) decide(experiment string, kind retrospectivev1.DecisionKind) error {
	_, err := w.DecideRetrospective(w.mina(), &retrospectivev1.DecideRetrospectiveRequest{
		Name: retro, Decision: &retrospectivev1.Decision{Experiment: experiment, Kind: kind, Text: kind.String()},
	})
	return err
}

func learned(experiment string) *retrospectivev1.DistilledLearning {
	return &retrospectivev1.DistilledLearning{
		Experiment: experiment, Claim: "A rota halves the wait for a review.", Situation: "A team of six.", Tags: []string{"review"},
		MayNotHold: "In teams of two.", HowToTry: "Name two reviewers a week.",
	}
}

// close closes the retrospective with learnings about the experiments.
func (w *world) close(boldest string, experiments ...string) (*retrospectivev1.Retrospective, error) {
	req := &retrospectivev1.CloseRetrospectiveRequest{Name: retro, BoldestExperiment: boldest}
	for _, experiment := range experiments {
		req.Learnings = append(req.Learnings, learned(experiment))
	}
	return w.CloseRetrospective(w.mina(), req)
}

func (w *world) amend(ctx context.Context, text string) error {
	_, err := w.AmendRetrospective(ctx, &retrospectivev1.AmendRetrospectiveRequest{Name: retro, Text: text})
	return err
}

// events are the names of the recorded events, and what they tell is checked by those who need it.
func (w *world) events() string {
	w.Helper()
	var names []string
	for _, happening := range testkit.Events(w.T, w.service.Log) {
		names = append(names, strings.TrimPrefix(happening.Type, "fortnight.retrospective.v1."))
	}
	return strings.Join(names, " ")
}
