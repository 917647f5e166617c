package wire

import (
	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

// Warnings converts what a wording warns of.
func Warnings(found []domain.Warning) []*cyclev1.WordingWarning {
	var converted []*cyclev1.WordingWarning
	for _, w := range found {
		converted = append(converted, &cyclev1.WordingWarning{Field: w.Field, Reason: w.Reason, Words: w.Words, Description: w.Description})
	}
	return converted
}
