package rpc

import (
	"context"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/proto"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// OpenRetrospective opens the retrospective of a cycle with the facts that the other services tell now.
func (s *Server) OpenRetrospective(ctx context.Context, req *retrospectivev1.OpenRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	team := teamOf(req.GetName())
	var asked *askedFacts
	opening := domain.Opening{
		Name: req.GetName(), Anonymous: req.Anonymous, Facilitator: req.GetFacilitator(), StageEndTime: wire.Instant(req.GetStageEndTime()),
	}
	group, asking := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		asked, err = s.askFacts(asking, cycleOf(req.GetName()))
		return err
	})
	group.Go(func() (err error) {
		opening.Members, err = s.people(asking, team)
		return err
	})
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Retrospective, error) {
		settings, err := store.SettingsOf(tx, team)
		if err != nil {
			return nil, err
		}
		last, err := store.LastRetrospective(tx, team, req.GetName(), tx.Now())
		if err != nil {
			return nil, err
		}
		facts, err := asked.with(tx, req.GetName(), last)
		if err != nil {
			return nil, err
		}
		opening := opening
		if last != nil {
			opening.LastFacilitator = last.Facilitator
		}
		retrospective, err := domain.Open(opening, asked.cycle, facts, settings, tx.Now())
		if err != nil {
			return nil, err
		}
		row, err := store.Retrospectives.Create(tx, retrospective, domain.RetrospectiveOpened)
		if err != nil {
			return nil, err
		}
		return wire.Retrospective(row), nil
	})
}

// GetRetrospective gets the retrospective of a cycle.
func (s *Server) GetRetrospective(ctx context.Context, req *retrospectivev1.GetRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	row, err := store.Retrospectives.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return wire.Retrospective(row), nil
}

// MoveRetrospective goes to another stage, or gives the stage another end.
func (s *Server) MoveRetrospective(ctx context.Context, req *retrospectivev1.MoveRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	believed := wire.Stage(req.GetCurrentStage())
	if believed == "" && req.GetEtag() == "" {
		return nil, fault.New(fault.FailedPrecondition, "PRECONDITION_REQUIRED",
			"say what you believe: send the stage that it is in (currentStage), or the retrospective's etag (If-Match), so that two people cannot move it twice")
	}
	end := wire.Instant(req.GetStageEndTime())
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Retrospective, error) {
		row, err := store.Move(tx, req.GetName(), req.GetEtag(), func(r *domain.Retrospective, now time.Time) ([]domain.Event, error) {
			return r.Move(wire.Stage(req.GetStage()), believed, end, now)
		})
		if err != nil {
			return nil, err
		}
		return wire.Retrospective(row), nil
	})
}

// HandOverRetrospective makes another member the facilitator.
func (s *Server) HandOverRetrospective(ctx context.Context, req *retrospectivev1.HandOverRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	members, err := s.people(ctx, teamOf(req.GetName()))
	if err != nil {
		return nil, err
	}
	return s.update(ctx, req, req.GetEtag(), func(r *domain.Retrospective, _ time.Time) ([]domain.Event, error) {
		return r.HandOver(req.GetFacilitator(), members)
	})
}

// DecideRetrospective says what becomes of an experiment.
func (s *Server) DecideRetrospective(ctx context.Context, req *retrospectivev1.DecideRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	return s.update(ctx, req, req.GetEtag(), func(r *domain.Retrospective, _ time.Time) ([]domain.Event, error) {
		return r.Decide(wire.Decision(req.GetDecision()))
	})
}

// CloseRetrospective ends the retrospective with its learnings and actions.
func (s *Server) CloseRetrospective(ctx context.Context, req *retrospectivev1.CloseRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	team := teamOf(req.GetName())
	zone, err := s.zone(ctx, team)
	if err != nil {
		return nil, err
	}
	members, err := s.people(ctx, team)
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Retrospective, error) {
		row, err := store.Close(tx, req.GetName(), req.GetEtag(), func(r *domain.Retrospective, actions []*domain.Action, now time.Time) ([]domain.Event, error) {
			return r.Close(domain.Closing{
				Learnings: wire.Learnings(req.GetLearnings()), Boldest: req.GetBoldestExperiment(),
				Actions: actions, Today: now.In(zone).Format(time.DateOnly), Members: members,
			}, now)
		})
		if err != nil {
			return nil, err
		}
		return wire.Retrospective(row), nil
	})
}

// AmendRetrospective adds a dated text to a closed retrospective.
func (s *Server) AmendRetrospective(ctx context.Context, req *retrospectivev1.AmendRetrospectiveRequest) (*retrospectivev1.Retrospective, error) {
	author := caller.From(ctx).Subject
	return s.update(ctx, req, "", func(r *domain.Retrospective, now time.Time) ([]domain.Event, error) {
		return r.Amend(req.GetText(), author, now)
	})
}

// update makes one change to the retrospective that the request names.
func (s *Server) update(ctx context.Context, req named, etag string, change func(*domain.Retrospective, time.Time) ([]domain.Event, error)) (*retrospectivev1.Retrospective, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Retrospective, error) {
		row, err := store.Retrospectives.Update(tx, req.GetName(), etag, change)
		if err != nil {
			return nil, err
		}
		return wire.Retrospective(row), nil
	})
}

type request interface {
	named
	GetEtag() string
}

type named interface {
	proto.Message
	GetName() string
}

// teamOf is the name of the team that a resource belongs to.
func teamOf(name string) string {
	return strings.Join(strings.SplitN(name, "/", 3)[:2], "/")
}
