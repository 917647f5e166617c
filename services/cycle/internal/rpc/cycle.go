package rpc

import (
	"cmp"
	"context"
	"slices"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// CreateCycle starts a cycle in its PLAN phase.
func (s *Server) CreateCycle(ctx context.Context, req *cyclev1.CreateCycleRequest) (*cyclev1.Cycle, error) {
	given := req.GetCycle()
	if err := checkPlan(req.GetParent(), given); err != nil {
		return nil, err
	}
	team, err := s.team(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Cycle, error) {
		if err := tx.Lock(req.GetParent()); err != nil {
			return nil, err
		}
		plan := domain.Cycle{
			Name:             req.GetParent() + "/cycles/" + names.ID(req.GetCycleId()),
			DisplayName:      given.GetDisplayName(),
			StartDate:        domain.Day(given.GetStartDate()),
			TargetCondition:  given.GetTargetCondition(),
			CurrentCondition: wire.CurrentCondition(given.GetCurrentCondition()),
		}
		var err error
		if plan.TargetCondition, err = targetCondition(tx, req.GetParent(), plan.TargetCondition); err != nil {
			return nil, err
		}
		if plan.ValueStreamFocus, err = focus(tx, req.GetParent(), given.GetValueStreamFocus()); err != nil {
			return nil, err
		}
		running, err := store.RunningCycle(tx, req.GetParent())
		if err != nil {
			return nil, err
		}
		cycle, err := domain.NewCycle(plan, team.settings, running, team.today(tx.Now()))
		if err != nil {
			return nil, err
		}
		row, err := store.Cycles.Create(tx, cycle, domain.CycleStarted)
		if err != nil {
			return nil, err
		}
		return wire.Cycle(row), nil
	})
}

// GetCycle gets a cycle.
func (s *Server) GetCycle(ctx context.Context, req *cyclev1.GetCycleRequest) (*cyclev1.Cycle, error) {
	row, err := store.Cycles.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Cycle(row), nil
}

// ListCycles lists a team's cycles, latest start first, in the wanted states.
func (s *Server) ListCycles(ctx context.Context, req *cyclev1.ListCyclesRequest) (*cyclev1.ListCyclesResponse, error) {
	query := record.PageOf(ctx, req)
	query.States = wire.CycleStates(req.GetStates())
	rows, next, err := store.Cycles.List(ctx, s.log, query)
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListCyclesResponse{Cycles: record.Map(rows, wire.Cycle), NextPageToken: next}, nil
}

// UpdateCycle changes what a cycle plans.
func (s *Server) UpdateCycle(ctx context.Context, req *cyclev1.UpdateCycleRequest) (*cyclev1.Cycle, error) {
	given := req.GetCycle()
	parent := teamOf(given.GetName())
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, "display_name", "start_date", "target_condition", "current_condition", "value_stream_focus")
	if err != nil {
		return nil, err
	}
	given = only(given, paths)
	if err := checkPlan(parent, given); err != nil {
		return nil, err
	}
	var known team
	if slices.Contains(paths, "start_date") {
		if known, err = s.team(ctx, parent); err != nil {
			return nil, err
		}
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.Cycle, error) {
		var target string
		if slices.Contains(paths, "target_condition") {
			if target, err = targetCondition(tx, parent, given.GetTargetCondition()); err != nil {
				return nil, err
			}
		}
		var focused *domain.ValueStreamFocus
		if slices.Contains(paths, "value_stream_focus") {
			if focused, err = focus(tx, parent, given.GetValueStreamFocus()); err != nil {
				return nil, err
			}
		}
		row, err := store.Cycles.Update(tx, given.GetName(), req.GetEtag(), func(c *domain.Cycle, now time.Time) ([]domain.Event, error) {
			return c.Edit(func(c *domain.Cycle) error {
				for _, path := range paths {
					switch path {
					case "display_name":
						c.DisplayName = given.GetDisplayName()
					case "start_date":
						day := cmp.Or(domain.Day(given.GetStartDate()), c.StartDate)
						if err := c.StartOn(day, known.settings, known.today(now)); err != nil {
							return err
						}
					case "target_condition":
						c.TargetCondition = target
					case "current_condition":
						c.CurrentCondition = wire.CurrentCondition(given.GetCurrentCondition())
					case "value_stream_focus":
						c.ValueStreamFocus = focused
					}
				}
				return nil
			})
		})
		if err != nil {
			return nil, err
		}
		return wire.Cycle(row), nil
	})
}

// only is a cycle with nothing but what a request changes, so that nothing else of it is judged.
func only(given *cyclev1.Cycle, paths []string) *cyclev1.Cycle {
	changes := &cyclev1.Cycle{Name: given.GetName()}
	for _, path := range paths {
		field := changes.ProtoReflect().Descriptor().Fields().ByName(protoreflect.Name(path))
		if given.ProtoReflect().Has(field) {
			changes.ProtoReflect().Set(field, given.ProtoReflect().Get(field))
		}
	}
	return changes
}

// targetCondition is the one that a cycle works towards: what the request names, which must be the team's, or the active one.
func targetCondition(tx *eventlog.Tx, team, named string) (string, error) {
	if named == "" {
		return store.ActiveTargetCondition(tx, team)
	}
	if _, found, err := store.TargetConditions.Find(tx, named); found || err != nil {
		return named, err
	}
	return "", fault.Invalid("cycle.target_condition", "TARGET_CONDITION_NOT_FOUND", "the team has no target condition %q", named)
}

// checkPlan refuses what belongs to another team, and days that the calendar does not have.
func checkPlan(team string, given *cyclev1.Cycle) error {
	if err := domain.OfTeam(team,
		domain.Reference{Field: "cycle.target_condition", Name: given.GetTargetCondition()},
		domain.Reference{Field: "cycle.value_stream_focus.value_stream", Name: given.GetValueStreamFocus().GetValueStream()},
		domain.Reference{Field: "cycle.current_condition.metric", Name: given.GetCurrentCondition().GetMetric()}); err != nil {
		return err
	}
	if given.GetStartDate() != "" {
		if _, err := domain.ParseDay("cycle.start_date", given.GetStartDate()); err != nil {
			return err
		}
	}
	if now := given.GetCurrentCondition(); now != nil {
		if _, err := domain.ParseDay("cycle.current_condition.baseline_date", now.GetBaselineDate()); err != nil {
			return err
		}
	}
	return nil
}
