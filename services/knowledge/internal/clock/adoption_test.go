package clock_test

import (
	"context"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/clock"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store/migrations"
)

const adopting = "teams/search"

// fakePlans plays the cycles and the experiments of a team.
type fakePlans struct {
	cyclev1.UnimplementedCycleServiceServer
	experimentv1.UnimplementedExperimentServiceServer
	cycles  []*cyclev1.Cycle
	drafted map[string]*experimentv1.Experiment
	// cyclesAway and refused, if any, are the answers instead; after runs once an experiment was drafted.
	cyclesAway, refused error
	after               func()
	// blind has nothing found that was drafted: it is there only a moment later.
	blind     bool
	strangers int
}

func (f *fakePlans) look(ctx context.Context) {
	if md, _ := metadata.FromIncomingContext(ctx); !slices.Equal(md.Get("as"), []string{"knowledge"}) {
		f.strangers++
	}
}

func (f *fakePlans) ListCycles(ctx context.Context, req *cyclev1.ListCyclesRequest) (*cyclev1.ListCyclesResponse, error) {
	f.look(ctx)
	if f.cyclesAway != nil {
		return nil, rpcserver.ToStatus(f.cyclesAway).Err()
	}
	answer := &cyclev1.ListCyclesResponse{}
	for _, c := range f.cycles {
		if strings.HasPrefix(c.GetName(), req.GetParent()+"/") && slices.Contains(req.GetStates(), c.GetState()) {
			answer.Cycles = append(answer.Cycles, c)
		}
	}
	return answer, nil
}

func (f *fakePlans) GetExperiment(ctx context.Context, req *experimentv1.GetExperimentRequest) (*experimentv1.Experiment, error) {
	f.look(ctx)
	if e := f.drafted[req.GetName()]; e != nil && !f.blind {
		return e, nil
	}
	return nil, rpcserver.ToStatus(fault.New(fault.NotFound, "EXPERIMENT_NOT_FOUND", "There is none.")).Err()
}

func (f *fakePlans) CreateExperiment(ctx context.Context, req *experimentv1.CreateExperimentRequest) (*experimentv1.Experiment, error) {
	f.look(ctx)
	name := req.GetParent() + "/experiments/" + req.GetExperimentId()
	switch {
	case f.refused != nil:
		return nil, rpcserver.ToStatus(f.refused).Err()
	case f.drafted[name] != nil:
		return nil, rpcserver.ToStatus(fault.New(fault.AlreadyExists, "EXPERIMENT_ALREADY_EXISTS", "There is one.")).Err()
	}
	f.drafted[name] = req.GetExperiment()
	if f.after != nil {
		f.after()
	}
	return req.GetExperiment(), nil
}

func cycleOf(id string, state cyclev1.CycleState, phase cyclev1.Phase) *cyclev1.Cycle {
	return &cyclev1.Cycle{Name: adopting + "/cycles/" + id, State: state, Phase: phase}
}

var (
	planned  = cycleOf("w28", cyclev1.CycleState_CYCLE_STATE_DRAFT, cyclev1.Phase_PHASE_PLAN)
	doing    = cycleOf("w26", cyclev1.CycleState_CYCLE_STATE_ACTIVE, cyclev1.Phase_PHASE_DO)
	checking = cycleOf("w26", cyclev1.CycleState_CYCLE_STATE_ACTIVE, cyclev1.Phase_PHASE_CHECK)
)

// adoption is a knowledge base in which a team has adapted a learning, and the task that drafts its experiment.
type adoption struct {
	*testing.T
	log   *eventlog.Log
	clock *testkit.Clock
	plans *fakePlans
	task  clock.Task
	name  string
}

func newAdoption(t *testing.T, engine db.Engine) *adoption {
	t.Helper()
	kit := testkit.New(t)
	a := &adoption{T: t, log: kit.Log(engine, "knowledge", migrations.FS), clock: kit.Clock, plans: &fakePlans{drafted: map[string]*experimentv1.Experiment{}}}
	channel := &inprocgrpc.Channel{}
	cyclev1.RegisterCycleServiceServer(channel, a.plans)
	experimentv1.RegisterExperimentServiceServer(channel, a.plans)
	a.task = clock.Adoptions(func(string) grpc.ClientConnInterface { return rpcserver.Asking(channel) },
		func(ctx context.Context) context.Context {
			return metadata.AppendToOutgoingContext(ctx, "as", "knowledge")
		})[0]
	a.do(func(tx *eventlog.Tx) error {
		experiment := "teams/payments/cycles/2026-w24/experiments/rota"
		err := store.Learn(tx, experiment, func(l *domain.Learning) []domain.Event {
			a.name = domain.OfferName(adopting, l.Name)
			return l.Distil(domain.Distillate{Experiment: experiment, Claim: "A rota halves the wait.", HowToTry: "Name two people."}, day(0))
		})
		if err != nil {
			return err
		}
		_, err = store.Offers.Create(tx, &domain.Offer{
			Name: a.name, Claim: "A rota halves the wait.", State: domain.Answered, Answer: domain.Adapt, AnswerText: "Only on Fridays.", Since: day(1), OfferTime: day(1),
			Adoption: &domain.Adoption{State: domain.Drafting}, Reasons: []domain.OfferReason{{Kind: domain.BecauseObstacle, Obstacle: adopting + "/obstacles/waits"}},
		}, domain.OfferMade)
		if err != nil {
			return err
		}
		return store.MakeDue(tx, store.DraftExperiment, a.name, tx.Now())
	})
	return a
}

func (a *adoption) do(write func(*eventlog.Tx) error) {
	a.Helper()
	if err := a.log.Do(a.Context(), write); err != nil {
		a.Fatal(err)
	}
}

// run does the task if it is due, and tells whether it was and how it failed.
func (a *adoption) run() (due bool, failed error) {
	a.Helper()
	names, err := store.DueNow(a.Context(), a.log, store.DraftExperiment)
	if err != nil {
		a.Fatal(err)
	}
	for _, name := range names {
		failed = a.task.Do(a.Context(), a.log, name)
	}
	return len(names) > 0, failed
}

func (a *adoption) offer() *domain.Offer {
	a.Helper()
	row, err := store.Offers.Get(a.Context(), a.log, a.name)
	if err != nil {
		a.Fatal(err)
	}
	return row.Value
}

// experiments are the names of what was drafted.
func (a *adoption) experiments() []string { return slices.Sorted(maps.Keys(a.plans.drafted)) }

// moved are the actors of the events that the adoption moved.
func (a *adoption) moved() []string {
	a.Helper()
	if _, err := a.log.Number(a.Context()); err != nil {
		a.Fatal(err)
	}
	records, err := a.log.List(a.Context(), 0, 1000)
	if err != nil {
		a.Fatal(err)
	}
	var actors []string
	for _, r := range records {
		if r.Type == "fortnight.knowledge.v1.AdoptionMoved" {
			actors = append(actors, r.Actor)
		}
	}
	return actors
}

func TestAnAdoptionDraftsAnExperiment(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			a := newAdoption(t, engine)
			a.plans.cycles = []*cyclev1.Cycle{doing, planned}
			if due, err := a.run(); !due || err != nil {
				t.Fatalf("due: %v, failed: %v", due, err)
			}
			got := a.experiments()
			if len(got) != 1 || !strings.HasPrefix(got[0], planned.GetName()+"/experiments/adoption-") {
				t.Fatalf("drafted: %q", got)
			}
			e := a.plans.drafted[got[0]]
			if e.GetDisplayName() != "A rota halves the wait." || e.GetLearning() != a.offer().Learning() || e.GetObstacle() != adopting+"/obstacles/waits" ||
				e.GetPrediction().GetReason() != "A rota halves the wait." || e.GetPrediction().GetChange() != "Only on Fridays.\n\nAs it was learned: Name two people." ||
				e.GetPrediction().GetMetric() != "" {
				t.Errorf("the draft is %v", e)
			}
			if o := a.offer(); *o.Adoption != (domain.Adoption{State: domain.Drafted, Experiment: got[0]}) {
				t.Errorf("the adoption is %+v", o.Adoption)
			}
			if due, err := a.run(); due || err != nil {
				t.Errorf("still due: %v, %v", due, err)
			}
			if got := a.moved(); !slices.Equal(got, []string{"services/knowledge"}) || a.plans.strangers != 0 {
				t.Errorf("moved by %q, asked %d times not as the service", got, a.plans.strangers)
			}
		})
	}
}

func TestATeamWithoutACycleIsToldAndAskedAgain(t *testing.T) {
	a := newAdoption(t, db.SQLite)
	a.plans.cycles = []*cyclev1.Cycle{checking}
	if _, err := a.run(); err != nil {
		t.Fatalf("nobody but the team can mend it, and the operator is told: %v", err)
	}
	if o := a.offer(); !o.ToDraft() || !strings.Contains(o.Adoption.Problem, "past DO") {
		t.Errorf("the adoption is %+v", o.Adoption)
	}
	a.clock.Advance(59 * time.Second)
	if due, _ := a.run(); due {
		t.Error("it is asked again within a minute")
	}
	a.clock.Advance(time.Second)
	a.plans.cycles = nil
	if due, err := a.run(); !due || err != nil || !strings.Contains(a.offer().Adoption.Problem, "neither a drafted nor a running cycle") {
		t.Errorf("due: %v, %v, %+v", due, err, a.offer().Adoption)
	}
	a.clock.Advance(time.Minute)
	if due, err := a.run(); !due || err != nil || len(a.moved()) != 2 { // the same problem is told once
		t.Errorf("due: %v, %v, moved %d times", due, err, len(a.moved()))
	}
	a.plans.cycles = []*cyclev1.Cycle{planned}
	a.do(func(tx *eventlog.Tx) error { return store.CycleCame(tx, "teams/sea") }) // another team's, with a name that begins like it
	if due, _ := a.run(); due {
		t.Error("another team's cycle made it due")
	}
	woken := a.log.Woken(store.Due)
	a.do(func(tx *eventlog.Tx) error { return store.CycleCame(tx, adopting) })
	select {
	case <-woken:
	default:
		t.Error("a new cycle wakes nobody")
	}
	if due, err := a.run(); !due || err != nil || a.offer().Adoption.State != domain.Drafted || a.offer().Adoption.Problem != "" {
		t.Errorf("due: %v, %v, %+v", due, err, a.offer().Adoption)
	}
}

func TestServicesThatAreAwayLoseNothing(t *testing.T) {
	a := newAdoption(t, db.SQLite)
	away := fault.New(fault.Unavailable, "AWAY", "Not now.")
	a.plans.cycles, a.plans.cyclesAway = []*cyclev1.Cycle{doing}, away
	if _, err := a.run(); err == nil || !strings.Contains(a.offer().Adoption.Problem, "cycle service does not answer") {
		t.Errorf("without the cycle service: %v, %+v", err, a.offer().Adoption)
	}
	a.plans.cyclesAway, a.plans.refused = nil, away
	a.clock.Advance(5 * time.Second)
	if _, err := a.run(); err == nil || !strings.Contains(a.offer().Adoption.Problem, "experiment service does not answer") {
		t.Errorf("without the experiment service: %v, %+v", err, a.offer().Adoption)
	}
	if due, _ := a.run(); due {
		t.Error("it is asked again at once")
	}
	a.plans.refused = nil
	a.clock.Advance(5 * time.Second)
	if _, err := a.run(); err != nil || a.offer().Adoption.State != domain.Drafted {
		t.Errorf("when both are back: %v, %+v", err, a.offer().Adoption)
	}
}

func TestWhatIsRefusedIsToldAndNotTriedAllTheTime(t *testing.T) {
	a := newAdoption(t, db.SQLite)
	a.plans.cycles, a.plans.refused = []*cyclev1.Cycle{doing}, fault.Invalid("experiment.learning", "LEARNING_NOT_FOUND", "There is no such learning.")
	if _, err := a.run(); err == nil || !strings.Contains(a.offer().Adoption.Problem, "There is no such learning.") {
		t.Errorf("%v, %+v", err, a.offer().Adoption)
	}
	a.clock.Advance(59 * time.Minute)
	if due, _ := a.run(); due {
		t.Error("it is tried again within the hour")
	}
	a.plans.refused = nil
	a.clock.Advance(time.Minute)
	if due, err := a.run(); !due || err != nil || a.offer().Adoption.State != domain.Drafted {
		t.Errorf("due: %v, %v, %+v", due, err, a.offer().Adoption)
	}
}

// The experiment was drafted, and the program died before it was linked. Whatever became of the cycle meanwhile: there is one experiment.
func TestACrashBetweenTheTwoDraftsOne(t *testing.T) {
	for name, afterwards := range map[string][]*cyclev1.Cycle{
		"the same cycle": {doing}, "there is a planned cycle now": {doing, planned}, "it is past DO now": {checking, planned},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAdoption(t, db.SQLite)
			a.plans.cycles = []*cyclev1.Cycle{doing}
			ctx, die := context.WithCancel(t.Context())
			a.plans.after = die
			if err := a.task.Do(ctx, a.log, a.name); err == nil || !a.offer().ToDraft() || len(a.experiments()) != 1 {
				t.Fatalf("it did not die in between: %v, %+v, %q", err, a.offer().Adoption, a.experiments())
			}
			a.plans.cycles = afterwards
			if due, err := a.run(); !due || err != nil {
				t.Fatalf("due: %v, failed: %v", due, err)
			}
			if got := a.experiments(); len(got) != 1 || a.offer().Adoption.Experiment != got[0] || a.offer().Adoption.State != domain.Drafted {
				t.Errorf("drafted %q, linked %+v", got, a.offer().Adoption)
			}
		})
	}
}

// Two of this service at once draft one experiment: the second finds the name taken.
func TestTwoAtOnceDraftOne(t *testing.T) {
	a := newAdoption(t, db.SQLite)
	a.plans.cycles, a.plans.blind = []*cyclev1.Cycle{doing}, true
	name := doing.GetName() + "/experiments/" + a.offer().ExperimentID()
	a.plans.drafted[name] = &experimentv1.Experiment{}
	if _, err := a.run(); err != nil || *a.offer().Adoption != (domain.Adoption{State: domain.Drafted, Experiment: name}) || len(a.experiments()) != 1 {
		t.Errorf("%v, %+v, %q", err, a.offer().Adoption, a.experiments())
	}
}

// The event that tells of the experiment may be here before the answer to the call that drafted it.
func TestTheEventMayBeFirst(t *testing.T) {
	a := newAdoption(t, db.SQLite)
	a.plans.cycles = []*cyclev1.Cycle{doing}
	a.plans.after = func() {
		a.do(func(tx *eventlog.Tx) error {
			return store.Follow(tx, domain.Standing{Experiment: a.experiments()[0], Learning: a.offer().Learning(), State: domain.Running}, store.ToldBy{Time: day(2), Version: 2})
		})
	}
	if _, err := a.run(); err != nil {
		t.Fatal(err)
	}
	if got := a.offer().Adoption; got.State != domain.Running || len(a.moved()) != 1 {
		t.Errorf("the adoption is %+v, moved %d times", got, len(a.moved()))
	}
	if due, _ := a.run(); due {
		t.Error("it is still due")
	}
}

func TestWhatIsNotToBeDraftedIsStruckOff(t *testing.T) {
	a := newAdoption(t, db.SQLite)
	a.do(func(tx *eventlog.Tx) error {
		_, err := store.Offers.Update(tx, a.name, "", func(o *domain.Offer, _ time.Time) ([]domain.Event, error) {
			o.Adoption = nil
			return []domain.Event{domain.OfferAnswered}, nil
		})
		if err != nil {
			return err
		}
		return store.MakeDue(tx, store.DraftExperiment, adopting+"/offers/none", tx.Now())
	})
	for _, want := range []bool{true, false} {
		if due, err := a.run(); due != want || err != nil {
			t.Errorf("due: %v, %v", due, err)
		}
	}
	if got := a.experiments(); len(got) != 0 {
		t.Errorf("drafted: %q", got)
	}
}
