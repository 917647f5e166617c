package rpc

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

const (
	// patience is how long the parts of the facts are waited for that a retrospective can do without.
	patience = 5 * time.Second
	// chartsAskedAtOnce bounds how many charts are asked for at the same time.
	chartsAskedAtOnce = 4
)

// askedFacts is what the other services say for the facts of a cycle.
type askedFacts struct {
	cycle  domain.CycleFact
	window window
	facts  domain.FactsStrip

	mu sync.Mutex // of facts.Missing
}

// askFacts asks cycle and experiment, before the transaction, everything at once. Without the cycle and its experiments there are no
// facts; of the other parts, one that does not come is named in Missing and leaves the others alone.
func (s *Server) askFacts(ctx context.Context, cycleName string) (*askedFacts, error) {
	cycle, err := s.cycles.GetCycle(ctx, &cyclev1.GetCycleRequest{Name: cycleName})
	if err != nil {
		return nil, err
	}
	window, team := windowOf(cycle), teamOf(cycleName)
	asked := &askedFacts{cycle: wire.CycleFact(cycle), window: window}
	group, all := errgroup.WithContext(ctx)
	group.Go(func() error {
		experiments, err := pages(func(page string) ([]*experimentv1.Experiment, string, error) {
			answer, err := s.experiments.ListExperiments(all, &experimentv1.ListExperimentsRequest{Parent: cycleName, PageSize: askedPageSize, PageToken: page})
			return answer.GetExperiments(), answer.GetNextPageToken(), err
		})
		asked.facts.Experiments = wire.Facts(experiments)
		return err
	})
	some, cancel := context.WithTimeout(all, patience)
	defer cancel()
	part := func(name, service string, ask func() error) {
		group.Go(func() error { asked.note(name, service, ask()); return nil })
	}
	part(domain.SignalsPart, "experiment", func() (err error) {
		asked.facts.Signals, err = s.signals(some, team, window)
		return err
	})
	part(domain.AndonsPart, "cycle", func() error {
		andons, err := pages(func(page string) ([]*cyclev1.Andon, string, error) {
			answer, err := s.cycles.ListAndons(some, &cyclev1.ListAndonsRequest{Parent: cycleName, PageSize: askedPageSize, PageToken: page})
			return answer.GetAndons(), answer.GetNextPageToken(), err
		})
		if err == nil {
			asked.facts.Andons = wire.AndonFacts(andons)
		}
		return err
	})
	part(domain.ObstaclesPart, "cycle", func() (err error) {
		asked.facts.Obstacles, err = s.obstacles(some, team, window)
		return err
	})
	part(domain.CapacityPart, "cycle", func() error {
		summary, err := s.cycles.SummarizeCapacity(some, &cyclev1.SummarizeCapacityRequest{
			Parent: team, StartDate: window.firstDay, EndDate: window.lastDay,
		})
		if err == nil {
			asked.facts.Capacity = wire.CapacityFact(summary)
		}
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	slices.Sort(asked.facts.Missing)
	return asked, nil
}

// note says in words that a part could not be fetched.
func (a *askedFacts) note(part, service string, err error) {
	if err == nil {
		return
	}
	words := part + ": the " + service + " service did not answer"
	if f := fault.From(err); f.Kind != fault.Unavailable {
		words = part + ": the " + service + " service refused with " + f.Reason
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.facts.Missing = append(a.facts.Missing, words)
}

// pages collects all pages of a list.
func pages[T any](list func(page string) (rows []T, next string, err error)) ([]T, error) {
	var all []T
	for page := ""; ; {
		rows, next, err := list(page)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
		if page = next; page == "" {
			return all, nil
		}
	}
}
