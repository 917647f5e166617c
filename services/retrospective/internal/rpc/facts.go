package rpc

import (
	"context"
	"strings"
	"time"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// GetFactsStrip gets the facts of a retrospective as they were fetched last.
func (s *Server) GetFactsStrip(ctx context.Context, req *retrospectivev1.GetFactsStripRequest) (*retrospectivev1.FactsStrip, error) {
	row, err := store.Retrospectives.Get(ctx, s.log, retrospectiveOf(req.GetName()))
	if err != nil {
		return nil, err
	}
	return wire.FactsStrip(row), nil
}

// RefetchFacts replaces the facts of a retrospective that is not closed with what the other services tell now.
func (s *Server) RefetchFacts(ctx context.Context, req *retrospectivev1.RefetchFactsRequest) (*retrospectivev1.FactsStrip, error) {
	name := retrospectiveOf(req.GetName())
	if _, err := store.Retrospectives.Get(ctx, s.log, name); err != nil { // nobody is asked for what is not there
		return nil, err
	}
	asked, err := s.askFacts(ctx, cycleOf(name))
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.FactsStrip, error) {
		found, err := store.Retrospectives.Hold(tx, name)
		if err != nil {
			return nil, err
		}
		last, err := store.LastRetrospective(tx, teamOf(name), name, found.CreateTime)
		if err != nil {
			return nil, err
		}
		facts, err := asked.with(tx, name, last)
		if err != nil {
			return nil, err
		}
		row, err := store.Retrospectives.Update(tx, name, "", func(r *domain.Retrospective, _ time.Time) ([]domain.Event, error) {
			return r.Refetch(facts)
		})
		if err != nil {
			return nil, err
		}
		return wire.FactsStrip(row), nil
	})
}

// with is the facts strip: what was asked for, and what this service knows itself.
func (a *askedFacts) with(tx *eventlog.Tx, name string, last *domain.Retrospective) (domain.FactsStrip, error) {
	facts, before := a.facts, ""
	facts.FetchTime = tx.Now()
	if last != nil {
		before = last.Name
	}
	var err error
	if facts.EarlierActions, err = store.EarlierActions(tx, teamOf(name), name, before); err != nil {
		return facts, err
	}
	facts.GoodDays, err = store.GoodDayFact(tx, teamOf(name), a.window.firstDay, a.window.lastDay)
	return facts, err
}

// retrospectiveOf is the name of the retrospective that a resource belongs to, cycleOf the name of its cycle.
func retrospectiveOf(name string) string {
	return cycleOf(name) + "/retrospective"
}

func cycleOf(name string) string {
	cycle, _, _ := strings.Cut(name, "/retrospective")
	return cycle
}
