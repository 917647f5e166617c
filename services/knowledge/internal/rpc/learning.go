package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/proto"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// GetLearning gets a learning that the caller may know of.
func (s *Server) GetLearning(ctx context.Context, req *knowledgev1.GetLearningRequest) (*knowledgev1.Learning, error) {
	row, err := store.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	if err := may(caller.From(ctx), read, row.Value); err != nil {
		return nil, err
	}
	return wire.Learning(row), nil
}

// ListLearnings lists the learnings that the caller may know of, latest first.
func (s *Server) ListLearnings(ctx context.Context, req *knowledgev1.ListLearningsRequest) (*knowledgev1.ListLearningsResponse, error) {
	rows, next, err := store.List(ctx, s.log, reader(caller.From(ctx)), store.ListQuery{
		Team: teamID(req.GetTeam()), Cycle: req.GetCycle(), PageSize: req.GetPageSize(), PageToken: req.GetPageToken(),
	})
	if err != nil {
		return nil, err
	}
	return &knowledgev1.ListLearningsResponse{Learnings: record.Map(rows, wire.Learning), NextPageToken: next}, nil
}

// PublishLearning publishes a draft.
func (s *Server) PublishLearning(ctx context.Context, req *knowledgev1.PublishLearningRequest) (*knowledgev1.Learning, error) {
	return s.change(ctx, req, func(l *domain.Learning, now time.Time) ([]domain.Event, error) { return l.Publish(now) })
}

// RetireLearning retires a published learning.
func (s *Server) RetireLearning(ctx context.Context, req *knowledgev1.RetireLearningRequest) (*knowledgev1.Learning, error) {
	return s.change(ctx, req, func(l *domain.Learning, _ time.Time) ([]domain.Event, error) { return l.Retire(req.GetReason()) })
}

// change makes one change for a caller who may make it. Whether they may is asked first: the etag would tell that there is something,
// and so would the answer that was given to an earlier copy of the request, when they still might.
func (s *Server) change(ctx context.Context, req interface {
	proto.Message
	GetName() string
	GetEtag() string
}, rule func(*domain.Learning, time.Time) ([]domain.Event, error),
) (*knowledgev1.Learning, error) {
	row, err := store.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	if err := may(caller.From(ctx), change, row.Value); err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*knowledgev1.Learning, error) {
		row, err := store.Change(tx, req.GetName(), req.GetEtag(), rule)
		if err != nil {
			return nil, err
		}
		return wire.Learning(row), nil
	})
}
