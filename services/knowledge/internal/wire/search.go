package wire

import (
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// GradeLevelsFrom converts the grades that are chosen.
func GradeLevelsFrom(levels []knowledgev1.GradeLevel) []domain.GradeLevel {
	all := make([]domain.GradeLevel, len(levels))
	for i, l := range levels {
		all[i] = word[domain.GradeLevel](l, "GRADE_LEVEL_")
	}
	return all
}

// ScoreParts converts the parts of a score.
func ScoreParts(p domain.ScoreParts) *knowledgev1.ScoreParts {
	return &knowledgev1.ScoreParts{Text: p.Text, Evidence: p.Evidence, Freshness: p.Freshness}
}
