package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// CreateLearning drafts a learning by hand.
func (s *Server) CreateLearning(ctx context.Context, req *knowledgev1.CreateLearningRequest) (*knowledgev1.Learning, error) {
	if err := s.teamExists(ctx, req.GetLearning().GetTeam()); err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*knowledgev1.Learning, error) {
		draft := &domain.Learning{Name: "learnings/" + names.ID(req.GetLearningId()), Team: req.GetLearning().GetTeam()}
		wire.LearningChange(req.GetLearning(), domain.WordedFields())(draft)
		settings, err := store.SettingsOf(tx, draft.Team)
		if err != nil {
			return nil, err
		}
		events, err := draft.DraftByHand(settings, tx.Now())
		if err != nil {
			return nil, err
		}
		row, err := store.Create(tx, draft, events...)
		if err != nil {
			return nil, err
		}
		return s.learning(row), nil
	})
}

// UpdateLearning changes what a learning says.
func (s *Server) UpdateLearning(ctx context.Context, req *knowledgev1.UpdateLearningRequest) (*knowledgev1.Learning, error) {
	paths, err := updatemask.Paths(req.GetUpdateMask(), req.GetLearning(), domain.WordedFields()...)
	if err != nil {
		return nil, err
	}
	return s.change(ctx, req, req.GetLearning().GetName(), func(l *domain.Learning, _ domain.Settings, now time.Time) ([]domain.Event, error) {
		return l.Edit(wire.LearningChange(req.GetLearning(), paths), now)
	})
}

// PublishLearning publishes a draft.
func (s *Server) PublishLearning(ctx context.Context, req *knowledgev1.PublishLearningRequest) (*knowledgev1.Learning, error) {
	return s.change(ctx, req, req.GetName(), (*domain.Learning).Publish)
}

// RetireLearning retires a published learning.
func (s *Server) RetireLearning(ctx context.Context, req *knowledgev1.RetireLearningRequest) (*knowledgev1.Learning, error) {
	return s.change(ctx, req, req.GetName(), func(l *domain.Learning, _ domain.Settings, _ time.Time) ([]domain.Event, error) {
		return l.Retire(req.GetReason())
	})
}

// ReviewLearning says that a published learning still holds.
func (s *Server) ReviewLearning(ctx context.Context, req *knowledgev1.ReviewLearningRequest) (*knowledgev1.Learning, error) {
	return s.change(ctx, req, req.GetName(), func(l *domain.Learning, settings domain.Settings, now time.Time) ([]domain.Event, error) {
		return l.Review(settings, req.GetText(), req.GetReviewByDate(), now)
	})
}

// change makes one change for a caller who may make it; the rule is given the settings of the learning's team. Whether they may is asked
// first: the etag would tell that there is something, and so would the answer that was given to an earlier copy of the request, when they
// still might.
func (s *Server) change(ctx context.Context, req interface {
	proto.Message
	GetEtag() string
}, name string, rule func(*domain.Learning, domain.Settings, time.Time) ([]domain.Event, error),
) (*knowledgev1.Learning, error) {
	row, err := store.Get(ctx, s.log, name)
	if err != nil {
		return nil, err
	}
	if err := may(caller.From(ctx), change, row.Value); err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*knowledgev1.Learning, error) {
		settings, err := store.SettingsOf(tx, row.Value.Team)
		if err != nil {
			return nil, err
		}
		row, err := store.Change(tx, name, req.GetEtag(), func(l *domain.Learning, now time.Time) ([]domain.Event, error) {
			return rule(l, settings, now)
		})
		if err != nil {
			return nil, err
		}
		return s.learning(row), nil
	})
}
