package wire

import (
	"cmp"
	"fmt"
	"strings"

	pb "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
)

// maxSuggestText is how many characters learnings can be looked for with.
const maxSuggestText = 2000

// NearLearningsRequest asks for learnings that are near to a plan: what is changed and why, against which obstacle. A draft that does not
// say yet what it changes is looked for by its name.
func NearLearningsRequest(e *domain.Experiment) *knowledgev1.SuggestLearningsRequest {
	text := []rune(strings.TrimSpace(cmp.Or(e.Prediction.Change, e.DisplayName) + "\n" + e.Prediction.Reason))
	return &knowledgev1.SuggestLearningsRequest{
		Text: string(text[:min(len(text), maxSuggestText)]), Obstacle: e.Obstacle, Team: "teams/" + e.Team(),
	}
}

// NearLearnings converts what was found near to a plan. What the experiment itself taught is left out: it is no news to its team.
func NearLearnings(e *domain.Experiment, found *knowledgev1.SuggestLearningsResponse) []*pb.NearLearning {
	var near []*pb.NearLearning
	for _, s := range found.GetSuggestions() {
		l := s.GetLearning()
		if l.GetExperiment() == e.Name {
			continue
		}
		n := &pb.NearLearning{Learning: l.GetName(), Claim: l.GetClaim(), Team: l.GetTeam(), Grade: gradeWords(l.GetGrade()), Refuted: s.GetRefuted()}
		for _, r := range s.GetReasons() {
			n.Reasons = append(n.Reasons, r.GetText())
		}
		near = append(near, n)
	}
	return near
}

func gradeWords(g *knowledgev1.Grade) string {
	word := strings.ToLower(strings.TrimPrefix(g.GetLevel().String(), "GRADE_LEVEL_"))
	switch level := g.GetLevel(); {
	case level == knowledgev1.GradeLevel_GRADE_LEVEL_UNSPECIFIED:
		return ""
	case level == knowledgev1.GradeLevel_GRADE_LEVEL_REPLICATED && g.GetReplications() == 1:
		return word + " in one independent team"
	case level == knowledgev1.GradeLevel_GRADE_LEVEL_REPLICATED:
		return fmt.Sprintf("%s in %d independent teams", word, g.GetReplications())
	}
	return word
}
