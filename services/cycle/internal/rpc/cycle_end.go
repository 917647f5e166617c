package rpc

import (
	"context"
	"strconv"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// CancelCycle ends a cycle without its gates, or gives a draft up.
func (s *Server) CancelCycle(ctx context.Context, req *cyclev1.CancelCycleRequest) (*cyclev1.Cycle, error) {
	experiments, err := s.experimentFacts(ctx, req.GetName())
	if err != nil {
		return nil, err
	}
	var running []string
	for _, experiment := range experiments {
		if experiment.Running {
			running = append(running, experiment.Name)
		}
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Cycle, error) {
		if err := tx.Lock(teamOf(req.GetName())); err != nil { // a cycle that finishes may be planning this draft anew
			return nil, err
		}
		if err := tx.Lock(req.GetName()); err != nil { // no andon is raised in a cycle that is ending
			return nil, err
		}
		row, err := store.Cycles.Update(tx, req.GetName(), req.GetEtag(), func(c *domain.Cycle, _ time.Time) ([]domain.Event, error) {
			return c.Cancel(req.GetReason(), running...)
		})
		if err != nil {
			return nil, err
		}
		return wire.Cycle(row), nil
	})
}

// next is what the cycle after a finished one is planned with.
type next struct {
	team        team
	openActions []string
}

// askNext collects what the next cycle needs from the other services before a cycle goes through its last gate; nil in the
// phases before.
func (s *Server) askNext(ctx context.Context, c *domain.Cycle) (*next, error) {
	if c.Phase != domain.Act || c.State != domain.CycleActive {
		return nil, nil
	}
	team, err := s.team(ctx, teamOf(c.Name))
	if err != nil {
		return nil, err
	}
	open, err := s.openActions(ctx, teamOf(c.Name))
	return &next{team: team, openActions: open}, err
}

// openActions asks for the names of the actions that the team has still to do, of whatever retrospective, by due date.
func (s *Server) openActions(ctx context.Context, team string) ([]string, error) {
	var open []string
	for page := ""; ; {
		answer, err := s.retrospectives.ListActions(ctx, &retrospectivev1.ListActionsRequest{
			Parent: team + "/cycles/-/retrospective", PageSize: askedPageSize, PageToken: page,
			States: []retrospectivev1.ActionState{retrospectivev1.ActionState_ACTION_STATE_OPEN},
		})
		if err != nil {
			return nil, err
		}
		for _, action := range answer.GetActions() {
			open = append(open, action.GetName())
		}
		if page = answer.GetNextPageToken(); page == "" {
			return open, nil
		}
	}
}

// finish does what the end of a cycle brings about: the obstacle that is still current has outlasted it, and the next cycle is
// drafted.
func finish(tx *eventlog.Tx, c *domain.Cycle, known *next) error {
	if err := outlast(tx, teamOf(c.Name), c.Name); err != nil {
		return err
	}
	return draftNext(tx, c, known)
}

// draftNext drafts the cycle after a finished one; the team's draft is planned anew when it has one already. Without working
// days there is nothing to plan, which must not keep a cycle from its end.
func draftNext(tx *eventlog.Tx, c *domain.Cycle, known *next) error {
	parent, settings := teamOf(c.Name), known.team.settings
	target, err := store.ActiveTargetCondition(tx, parent)
	if err != nil {
		return err
	}
	inTheWay, err := store.InTheWay(tx, parent)
	if err != nil {
		return err
	}
	drafted, err := store.DraftedCycle(tx, parent)
	if err != nil {
		return err
	}
	carry := c.LeaveBehind(target, inTheWay, known.openActions)
	start := c.NextStart(settings, known.team.today(tx.Now()))
	if drafted != "" {
		_, err = store.Cycles.Update(tx, drafted, "", func(draft *domain.Cycle, _ time.Time) ([]domain.Event, error) {
			return draft.Redraft(start, carry, target, settings)
		})
		return unlessNoWorkingDays(err)
	}
	name, err := freeName(tx, parent+"/cycles/"+start.Week())
	if err != nil {
		return err
	}
	draft, err := domain.NewDraft(name, start, carry, target, settings)
	if err != nil {
		return unlessNoWorkingDays(err)
	}
	_, err = store.Cycles.Create(tx, draft, domain.CycleDrafted)
	return err
}

func unlessNoWorkingDays(err error) error {
	if err != nil && fault.From(err).Reason == "NO_WORKING_DAYS" {
		return nil
	}
	return err
}

// freeName is the name of a cycle that is not taken yet: the wanted one, or the first with a number behind it.
func freeName(tx *eventlog.Tx, wanted string) (string, error) {
	name := wanted
	for n := 2; ; n++ {
		_, taken, err := store.Cycles.Find(tx, name)
		if err != nil || !taken {
			return name, err
		}
		name = wanted + "-" + strconv.Itoa(n)
	}
}
