package rpc

import (
	"context"
	"time"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// CreateTargetCondition activates a target condition.
func (s *Server) CreateTargetCondition(ctx context.Context, req *cyclev1.CreateTargetConditionRequest) (*cyclev1.TargetCondition, error) {
	given := req.GetTargetCondition()
	achieveBy, err := domain.ParseDay("target_condition.achieve_by_date", given.GetAchieveByDate())
	if err != nil {
		return nil, err
	}
	if err := domain.OfTeam(req.GetParent(),
		domain.Reference{Field: "target_condition.challenge", Name: given.GetChallenge()},
		domain.Reference{Field: "target_condition.outcome_metric", Name: given.GetOutcomeMetric()},
		domain.Reference{Field: "target_condition.process_metric", Name: given.GetProcessMetric()}); err != nil {
		return nil, err
	}
	team, err := s.team(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	plan := domain.TargetCondition{
		Name:             req.GetParent() + "/targetConditions/" + names.ID(req.GetTargetConditionId()),
		Challenge:        given.GetChallenge(),
		AchieveByDate:    achieveBy,
		OutcomeMetric:    given.GetOutcomeMetric(),
		OutcomeValue:     given.GetOutcomeValue(),
		OperatingPattern: given.GetOperatingPattern(),
		ProcessMetric:    given.GetProcessMetric(),
		AchieveByReason:  given.GetAchieveByReason(),
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.TargetCondition, error) {
		if err := tx.Lock(req.GetParent()); err != nil {
			return nil, err
		}
		challenge, _, err := store.Challenges.Find(tx, plan.Challenge)
		if err != nil {
			return nil, err
		}
		active, err := store.ActiveTargetCondition(tx, req.GetParent())
		if err != nil {
			return nil, err
		}
		targetCondition, err := domain.NewTargetCondition(plan, challenge.Value, active, mayInsist(caller.From(ctx), req.GetParent()), domain.Today(tx.Now(), team.zone))
		if err != nil {
			return nil, err
		}
		row, err := store.TargetConditions.Create(tx, targetCondition, domain.TargetConditionCreated)
		if err != nil {
			return nil, err
		}
		return wire.TargetCondition(row), nil
	})
}

// GetTargetCondition gets a target condition.
func (s *Server) GetTargetCondition(ctx context.Context, req *cyclev1.GetTargetConditionRequest) (*cyclev1.TargetCondition, error) {
	row, err := store.TargetConditions.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.TargetCondition(row), nil
}

// ListTargetConditions lists a team's target conditions.
func (s *Server) ListTargetConditions(ctx context.Context, req *cyclev1.ListTargetConditionsRequest) (*cyclev1.ListTargetConditionsResponse, error) {
	rows, next, err := store.TargetConditions.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &cyclev1.ListTargetConditionsResponse{TargetConditions: record.Map(rows, wire.TargetCondition), NextPageToken: next}, nil
}

// CloseTargetCondition ends the active target condition.
func (s *Server) CloseTargetCondition(ctx context.Context, req *cyclev1.CloseTargetConditionRequest) (*cyclev1.TargetCondition, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.TargetCondition, error) {
		row, err := store.TargetConditions.Update(tx, req.GetName(), req.GetEtag(), func(t *domain.TargetCondition, _ time.Time) ([]domain.Event, error) {
			return t.Close(wire.TargetConditionState(req.GetState()), req.GetReason())
		})
		if err != nil {
			return nil, err
		}
		return wire.TargetCondition(row), nil
	})
}

// UpdateTargetCondition changes the active target condition.
func (s *Server) UpdateTargetCondition(ctx context.Context, req *cyclev1.UpdateTargetConditionRequest) (*cyclev1.TargetCondition, error) {
	given, parent := req.GetTargetCondition(), teamOf(req.GetTargetCondition().GetName())
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, "achieve_by_date", "achieve_by_reason", "outcome_value", "operating_pattern", "process_metric")
	if err != nil {
		return nil, err
	}
	change := wire.TargetConditionChange(given, paths)
	if change.AchieveByDate != nil {
		if _, err := domain.ParseDay("target_condition.achieve_by_date", given.GetAchieveByDate()); err != nil {
			return nil, err
		}
	}
	if change.ProcessMetric != nil {
		if err := domain.OfTeam(parent, domain.Reference{Field: "target_condition.process_metric", Name: *change.ProcessMetric}); err != nil {
			return nil, err
		}
	}
	team, err := s.team(ctx, parent)
	if err != nil {
		return nil, err
	}
	coach := mayInsist(caller.From(ctx), parent)
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*cyclev1.TargetCondition, error) {
		if err := tx.Lock(parent); err != nil { // the horizon of the challenge does not move between the look and the commit
			return nil, err
		}
		row, err := store.TargetConditions.Update(tx, given.GetName(), req.GetEtag(), func(t *domain.TargetCondition, now time.Time) ([]domain.Event, error) {
			challenge, _, err := store.Challenges.Find(tx, t.Challenge)
			if err != nil {
				return nil, err
			}
			return t.Edit(change, challenge.Value, coach, domain.Today(now, team.zone))
		})
		if err != nil {
			return nil, err
		}
		return wire.TargetCondition(row), nil
	})
}
