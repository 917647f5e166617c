package domain

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Reference is a resource name that a request gives in field.
type Reference struct{ Field, Name string }

// OfTeam refuses references to what belongs to another team, all of them at once. team is a resource name; an empty
// reference passes.
func OfTeam(team string, references ...Reference) error {
	var foreign []fault.Violation
	for _, reference := range references {
		if reference.Name != "" && !strings.HasPrefix(reference.Name, team+"/") {
			foreign = append(foreign, fault.Violation{
				Field: reference.Field, Reason: "OTHER_TEAM", Description: "this belongs to another team; it must lie under " + team,
			})
		}
	}
	if len(foreign) == 0 {
		return nil
	}
	refusal := fault.New(fault.InvalidArgument, "OTHER_TEAM", "the request refers to what belongs to another team")
	refusal.Violations = foreign
	return refusal
}
