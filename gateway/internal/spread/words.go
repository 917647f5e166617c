package spread

import (
	"fmt"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fortnighthq/fortnight/gateway/internal/picture"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// finding is what the picture shows.
func finding(s *knowledgev1.Spread) string {
	if s.GetOffered() == 0 {
		return "It has not been offered to any team yet."
	}
	said := fmt.Sprintf("Offered to %s: %d answered, %d tried it.", teams(s.GetOffered()), s.GetAnswered(), s.GetTried())
	var results []string
	for _, r := range []struct {
		count int32
		words string
	}{{s.GetWorked(), "it worked in %d"}, {s.GetDidNot(), "it did not in %d"}, {s.GetCannotTell(), "%d cannot tell"}} {
		if r.count > 0 {
			results = append(results, fmt.Sprintf(r.words, r.count))
		}
	}
	if len(results) > 0 {
		said += " So far: " + strings.Join(results, ", ") + "."
	}
	return said
}

// Graded is a grade in words.
func Graded(g *knowledgev1.Grade) string {
	switch g.GetLevel() {
	case knowledgev1.GradeLevel_GRADE_LEVEL_OBSERVED:
		return "observed in one team"
	case knowledgev1.GradeLevel_GRADE_LEVEL_REPLICATED:
		return "replicated in " + teams(g.GetReplications())
	case knowledgev1.GradeLevel_GRADE_LEVEL_CONTESTED:
		return "contested"
	case knowledgev1.GradeLevel_GRADE_LEVEL_UNSPECIFIED, knowledgev1.GradeLevel_GRADE_LEVEL_ANECDOTE:
	}
	return "anecdote"
}

func teams(n int32) string {
	if n == 1 {
		return "1 team"
	}
	return fmt.Sprintf("%d teams", n)
}

// offered says how the learning came to a team.
func offered(t *knowledgev1.SpreadTeam) string {
	word := "offered"
	if t.GetTaken() {
		word = "took it up"
	}
	return dated(word, t.GetOfferTime())
}

// answered says what a team has answered.
func answered(t *knowledgev1.SpreadTeam) string {
	word, ok := map[knowledgev1.Answer]string{
		knowledgev1.Answer_ANSWER_ADOPT: "adopts it", knowledgev1.Answer_ANSWER_ADAPT: "adapts it", knowledgev1.Answer_ANSWER_DECLINE: "declines",
	}[t.GetAnswer()]
	switch {
	case ok:
		return dated(word, t.GetAnswerTime())
	case t.GetAnswer() == knowledgev1.Answer_ANSWER_ALREADY_DOING && t.GetAlreadySinceDate() != "":
		return "does it since " + picture.Plain(t.GetAlreadySinceDate())
	case t.GetAnswer() == knowledgev1.Answer_ANSWER_ALREADY_DOING:
		return "does it already"
	case t.GetState() == knowledgev1.OfferState_OFFER_STATE_NO_ANSWER:
		return "no answer"
	case t.GetState() == knowledgev1.OfferState_OFFER_STATE_WITHDRAWN:
		return "withdrawn"
	}
	return "not answered yet"
}

// outcome says what came of it, and how that is marked.
func outcome(a *knowledgev1.Adoption) (said string, marked mark) {
	switch a.GetState() {
	case knowledgev1.AdoptionState_ADOPTION_STATE_DRAFTING, knowledgev1.AdoptionState_ADOPTION_STATE_DRAFTED:
		return "going to try it", none
	case knowledgev1.AdoptionState_ADOPTION_STATE_RUNNING:
		return "trying it", running
	case knowledgev1.AdoptionState_ADOPTION_STATE_ABANDONED:
		return "stopped trying", none
	case knowledgev1.AdoptionState_ADOPTION_STATE_CONCLUDED:
		said, marked = result(a.GetResult())
		return dated(said, a.GetConcludeTime()), marked
	case knowledgev1.AdoptionState_ADOPTION_STATE_UNSPECIFIED:
	}
	return "", none
}

func result(r knowledgev1.Result) (said string, marked mark) {
	switch r {
	case knowledgev1.Result_RESULT_WORKED:
		return "worked", worked
	case knowledgev1.Result_RESULT_DID_NOT:
		return "did not work", didNot
	case knowledgev1.Result_RESULT_CANNOT_TELL, knowledgev1.Result_RESULT_UNSPECIFIED:
	}
	return "cannot tell", cannotTell
}

func dated(word string, t *timestamppb.Timestamp) string {
	if t == nil {
		return word
	}
	return word + ", " + t.AsTime().UTC().Format("2 Jan 2006")
}
