package wire

import (
	"slices"
	"strings"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// LearningChange sets the named fields of a learning as they are given.
func LearningChange(given *knowledgev1.Learning, paths []string) func(*domain.Learning) {
	return func(l *domain.Learning) {
		for _, path := range paths {
			switch path {
			case "claim":
				l.Claim = given.GetClaim()
			case "situation":
				l.Situation = given.GetSituation()
			case "context":
				l.Context = contextFrom(given.GetContext())
			case "tags":
				l.Tags = slices.Clone(given.GetTags())
			case "tried":
				l.Tried = given.GetTried()
			case "happened":
				l.Happened = given.GetHappened()
			case "may_not_hold":
				l.MayNotHold = given.GetMayNotHold()
			case "how_to_try":
				l.HowToTry = given.GetHowToTry()
			case "review_by_date":
				l.ReviewByDate = given.GetReviewByDate()
			}
		}
	}
}

// LearningStates converts states.
func LearningStates(given []knowledgev1.LearningState) []domain.State {
	var states []domain.State
	for _, s := range given {
		states = append(states, word[domain.State](s, "LEARNING_STATE_"))
	}
	return states
}

// Revision is what an event of a learning tells: what happened, and the learning as it was then. Data is the event's message.
func Revision(data interface {
	GetLearning() *knowledgev1.Learning
}, eventType string, version int64,
) *knowledgev1.LearningRevision {
	learning := data.GetLearning()
	number := int32(version) // nobody changes a learning two thousand million times
	// Of several events at once each has the learning as it was after all of them.
	learning.Revision, learning.Etag = number, ""
	return &knowledgev1.LearningRevision{What: eventType[strings.LastIndexByte(eventType, '.')+1:], Learning: learning}
}
