package rpc

import (
	"context"
	"sync"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// patience is how long a draft waits for the knowledge service: it is answered in a few milliseconds when all is well, and nobody who
// drafts should notice when it is not.
const patience = 250 * time.Millisecond

// advice is what the knowledge service says of a plan before it is saved.
type advice struct {
	near []*experimentv1.NearLearning
	// missing is why there is nothing in near, in words; empty when the knowledge service was asked.
	missing string
	// refused is why the learning that the plan names cannot be tried again; nil also when nobody could tell.
	refused error
}

// advise asks what others learned that is near to a plan, and about the learning that the plan tries again when it is another one than
// before. It is never in the way: without an answer in time the plan is taken as it is.
func (s *Server) advise(ctx context.Context, e *domain.Experiment, learningBefore string) advice {
	ctx, cancel := context.WithTimeout(caller.Outgoing(ctx), patience)
	defer cancel()
	var a advice
	var asking sync.WaitGroup
	if e.Learning != "" && e.Learning != learningBefore {
		asking.Go(func() { a.refused = s.canBeTriedAgain(ctx, e.Learning) })
	}
	found, err := s.knowledge.SuggestLearnings(ctx, wire.NearLearningsRequest(e))
	if err != nil {
		a.missing = whyMissing(fault.From(err))
	}
	a.near = wire.NearLearnings(e, found)
	asking.Wait()
	return a
}

// adviseUpdate is advise for a draft as it will be after an edit. What the edit refuses, the transaction tells.
func (s *Server) adviseUpdate(ctx context.Context, name string, edit func(*domain.Experiment)) advice {
	row, err := store.Experiments.Get(ctx, s.log, name)
	if err != nil {
		return advice{}
	}
	e, before := row.Value, row.Value.Learning
	if _, err := e.Update(edit); err != nil {
		return advice{}
	}
	return s.advise(ctx, e, before)
}

// canBeTriedAgain refuses a learning that does not exist or is a draft. A retired one can be tried again. Reasons: LEARNING_NOT_FOUND,
// LEARNING_NOT_PUBLISHED.
func (s *Server) canBeTriedAgain(ctx context.Context, name string) error {
	learning, err := s.knowledge.GetLearning(ctx, &knowledgev1.GetLearningRequest{Name: name})
	switch {
	case err != nil && fault.From(err).Kind == fault.NotFound:
		return domain.LearningNotFound(name)
	case learning.GetState() == knowledgev1.LearningState_LEARNING_STATE_DRAFT:
		return domain.LearningNotPublished(name)
	}
	return nil
}

func whyMissing(f *fault.Error) string {
	switch f.Kind {
	case fault.Unavailable, fault.Internal:
		return "The knowledge service did not answer in time, so nobody looked whether this was tried before. The draft is saved; " +
			"ask again with GET /v1/learnings:suggest."
	default:
		return "The knowledge service could not look whether this was tried before: " + f.Message + " The draft is saved."
	}
}

// answer is a draft with what is known beside it.
func (a advice) answer(e *experimentv1.Experiment) *experimentv1.Experiment {
	e.NearLearnings, e.NearLearningsMissingReason = a.near, a.missing
	return e
}
