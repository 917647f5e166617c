package clock

import (
	"context"
	"time"

	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

const (
	// askingTime is how long the services that are asked may take for one offer.
	askingTime = 5 * time.Second
	// againAway is when a service is asked again that cannot be reached.
	againAway = 5 * time.Second
	// againNoCycle is when a team without a cycle is asked again. A new cycle makes it due at once.
	againNoCycle = time.Minute
	// againRefused is when what was refused is tried again: the service may have learned better meanwhile.
	againRefused = time.Hour
)

// Adoptions are the tasks that draft the experiments of adopted offers. conn reaches the services that are asked, asService puts the
// credential of this service on what is asked with the context.
func Adoptions(conn func(service string) grpc.ClientConnInterface, asService func(context.Context) context.Context) []Task {
	a := &adoptions{
		cycles: cyclev1.NewCycleServiceClient(conn("cycle")), experiments: experimentv1.NewExperimentServiceClient(conn("experiment")),
		asService: asService,
	}
	return []Task{{store.DraftExperiment, a.draft}}
}

type adoptions struct {
	cycles      cyclev1.CycleServiceClient
	experiments experimentv1.ExperimentServiceClient
	asService   func(context.Context) context.Context
}

// stuck is why an experiment could not be drafted yet.
type stuck struct {
	problem string
	again   time.Duration
	// failed is what an operator wants to know; nil when it is the team that mends it.
	failed error
}

// draft drafts the experiment of an adopted offer, before the transaction that links the two. Its id follows from the offer's name: after
// a crash in between the same experiment is found again.
func (a *adoptions) draft(ctx context.Context, log *eventlog.Log, name string) error {
	ctx = caller.With(ctx, caller.Caller{Subject: "services/" + log.Source(), Service: true})
	offer, err := store.Offers.Get(ctx, log, name)
	if err != nil && fault.From(err).Kind != fault.NotFound {
		return err
	}
	if err != nil || !offer.Value.ToDraft() {
		return log.Do(ctx, func(tx *eventlog.Tx) error { return store.Done(tx, store.DraftExperiment, name) })
	}
	learning, err := store.Get(ctx, log, offer.Value.Learning())
	if err != nil {
		return err
	}
	asking, done := context.WithTimeout(a.asService(ctx), askingTime)
	defer done()
	experiment, why := a.make(asking, offer.Value, learning.Value)
	if ctx.Err() != nil {
		return ctx.Err() // the end of the program is no problem of the team's
	}
	err = log.Do(ctx, func(tx *eventlog.Tx) error {
		if why != nil {
			return store.AdoptionStuck(tx, name, why.problem, why.again)
		}
		return store.AdoptionDrafted(tx, name, experiment)
	})
	if err == nil && why != nil {
		err = why.failed
	}
	return err
}

// make drafts the experiment, unless it was drafted before, and returns its name.
func (a *adoptions) make(ctx context.Context, o *domain.Offer, l *domain.Learning) (string, *stuck) {
	cycles, err := a.cyclesOf(ctx, o.Team())
	if err != nil {
		return "", away("cycle", err)
	}
	found, err := a.drafted(ctx, o, cycles)
	if err != nil || found != "" {
		return found, away("experiment", err)
	}
	cycle, problem := o.ChooseCycle(cycles)
	if problem != "" {
		return "", &stuck{problem: problem, again: againNoCycle}
	}
	_, err = a.experiments.CreateExperiment(ctx, &experimentv1.CreateExperimentRequest{
		Parent: cycle, ExperimentId: o.ExperimentID(), Experiment: wire.ExperimentOf(o.Draft(l)),
	})
	if f := fault.From(err); f != nil && f.Kind != fault.AlreadyExists {
		return "", away("experiment", err)
	}
	return cycle + "/experiments/" + o.ExperimentID(), nil
}

// cyclesOf are the team's planned and running cycles.
func (a *adoptions) cyclesOf(ctx context.Context, team string) ([]domain.CycleToDraftIn, error) {
	answer, err := a.cycles.ListCycles(ctx, &cyclev1.ListCyclesRequest{
		Parent: team, States: []cyclev1.CycleState{cyclev1.CycleState_CYCLE_STATE_DRAFT, cyclev1.CycleState_CYCLE_STATE_ACTIVE},
	})
	if err != nil && fault.From(err).Kind == fault.NotFound {
		err = nil // the team's first cycle is still to come
	}
	var cycles []domain.CycleToDraftIn
	for _, c := range answer.GetCycles() {
		running := c.GetState() == cyclev1.CycleState_CYCLE_STATE_ACTIVE
		pastDo := c.GetPhase() == cyclev1.Phase_PHASE_CHECK || c.GetPhase() == cyclev1.Phase_PHASE_ACT
		cycles = append(cycles, domain.CycleToDraftIn{Name: c.GetName(), Running: running, PastDo: running && pastDo})
	}
	return cycles, err
}

// drafted finds the experiment that was drafted for the offer before, in whichever cycle that was; empty when there is none.
func (a *adoptions) drafted(ctx context.Context, o *domain.Offer, cycles []domain.CycleToDraftIn) (string, error) {
	for _, cycle := range cycles {
		name := cycle.Name + "/experiments/" + o.ExperimentID()
		_, err := a.experiments.GetExperiment(ctx, &experimentv1.GetExperimentRequest{Name: name})
		if err == nil {
			return name, nil
		}
		if fault.From(err).Kind != fault.NotFound {
			return "", err
		}
	}
	return "", nil
}

// away tells what a service has answered instead; nil without an error.
func away(service string, err error) *stuck {
	f := fault.From(err)
	if f == nil {
		return nil
	}
	switch f.Kind {
	case fault.FailedPrecondition:
		return &stuck{"The experiment could not be drafted: " + f.Text() + " It is tried again in a minute.", againNoCycle, err}
	case fault.InvalidArgument, fault.NotFound, fault.PermissionDenied:
		const wayOut = " Draft one yourselves, with the learning in its field `learning`."
		return &stuck{"The experiment could not be drafted: " + f.Text() + wayOut, againRefused, err}
	default:
		return &stuck{"The " + service + " service does not answer at the moment. The experiment is drafted as soon as it does.", againAway, err}
	}
}
