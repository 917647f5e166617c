package wire

import (
	"cmp"
	"strings"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// Suggestion converts a suggestion about a stored learning.
func Suggestion(s domain.Suggestion, row record.Row[domain.Learning]) *knowledgev1.Suggestion {
	suggestion := &knowledgev1.Suggestion{Learning: Learning(row), Refuted: s.Refuted, Score: s.Score}
	for _, r := range s.Reasons {
		suggestion.Reasons = append(suggestion.Reasons, &knowledgev1.SuggestionReason{
			Kind: enum[knowledgev1.SuggestionReasonKind](knowledgev1.SuggestionReasonKind_value, "SUGGESTION_REASON_KIND_", r.Kind), Text: r.Text,
		})
	}
	return suggestion
}

// ObstacleText is what an obstacle says, in words that learnings are looked for with.
func ObstacleText(o *cyclev1.Obstacle) string { return o.GetDescription() }

// ExperimentText is what an experiment is about: what is changed and why; its name while it does not say.
func ExperimentText(e *experimentv1.Experiment) string {
	return strings.TrimSpace(cmp.Or(e.GetPrediction().GetChange(), e.GetDisplayName()) + "\n" + e.GetPrediction().GetReason())
}
