package rpc

import (
	"context"
	"strconv"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// GetLearningRevision gets a learning as it was.
func (s *Server) GetLearningRevision(ctx context.Context, req *knowledgev1.GetLearningRevisionRequest) (*knowledgev1.LearningRevision, error) {
	name, last, _ := strings.Cut(req.GetName(), "/revisions/")
	query, err := s.revisionsOf(ctx, name)
	if err != nil {
		return nil, err
	}
	number, err := strconv.ParseInt(last, 10, 32)
	if err != nil || strconv.FormatInt(number, 10) != last { // 03 is not the name of anything
		return nil, noRevision(req.GetName())
	}
	past, found, err := store.Revision(ctx, s.log, query, number)
	if err == nil && !found {
		err = noRevision(req.GetName())
	}
	if err != nil {
		return nil, err
	}
	return revision(name, past)
}

// ListLearningRevisions lists how a learning came to be, newest first.
func (s *Server) ListLearningRevisions(
	ctx context.Context, req *knowledgev1.ListLearningRevisionsRequest,
) (*knowledgev1.ListLearningRevisionsResponse, error) {
	query, err := s.revisionsOf(ctx, req.GetParent())
	if err != nil {
		return nil, err
	}
	query.PageSize, query.PageToken = req.GetPageSize(), req.GetPageToken()
	page, next, err := store.Revisions(ctx, s.log, query)
	if err != nil {
		return nil, err
	}
	answer := &knowledgev1.ListLearningRevisionsResponse{NextPageToken: next}
	for _, past := range page {
		r, err := revision(req.GetParent(), past)
		if err != nil {
			return nil, err
		}
		answer.LearningRevisions = append(answer.LearningRevisions, r)
	}
	return answer, nil
}

// revisionsOf is the revisions of a learning that the caller may see.
func (s *Server) revisionsOf(ctx context.Context, learning string) (store.RevisionQuery, error) {
	row, err := store.Get(ctx, s.log, learning)
	if err != nil {
		return store.RevisionQuery{}, err
	}
	c := caller.From(ctx)
	if err := may(c, read, row.Value); err != nil {
		return store.RevisionQuery{}, err
	}
	return store.RevisionQuery{Learning: learning, WithDrafts: mayReadDrafts(c, row.Value.TeamID()), Principal: c.Subject}, nil
}

// revision converts an event of a learning.
func revision(learning string, past eventlog.Past) (*knowledgev1.LearningRevision, error) {
	data, err := eventlog.Record{Type: past.Type, Data: past.Data}.Message()
	if err != nil {
		return nil, err
	}
	told, ok := data.(interface {
		GetLearning() *knowledgev1.Learning
	})
	if !ok || told.GetLearning() == nil {
		return nil, fault.New(fault.Internal, "EVENT_DATA_INVALID", "An event of a learning does not hold it.")
	}
	r := wire.Revision(told, past.Type, past.Version)
	r.Name = learning + "/revisions/" + strconv.FormatInt(past.Version, 10)
	r.CreateTime = timestamppb.New(db.Time(past.Micros))
	return r, nil
}

func noRevision(name string) error {
	return fault.New(fault.NotFound, "LEARNING_REVISION_NOT_FOUND", "There is no revision %q.", name)
}
