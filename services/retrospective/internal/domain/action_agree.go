package domain

import (
	"fmt"
	"slices"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// UnmetActions is what keeps a retrospective with these actions from closing: each proposed one needs an owner who is one of members
// (users/{user}, the members and coaches of the team), a due date that is not before today, the team's day, and an expected effect or
// a metric; and they are MaxActions at most. Everything at once, each reason with the field actions/{id}.{field}.
func UnmetActions(actions []*Action, today string, members []string) []fault.Violation {
	var unmet []fault.Violation
	agreed := 0
	for _, action := range actions {
		if action.State == ActionStateDropped {
			continue
		}
		agreed++ // also what an earlier program agreed on before the end
		if action.State == ActionStateProposed {
			unmet = append(unmet, action.unmet("actions/"+action.id()+".", today, members)...)
		}
	}
	if agreed > MaxActions {
		unmet = append(unmet, fault.Violation{
			Field: "actions", Reason: "TOO_MANY_ACTIONS",
			Description: fmt.Sprintf("a retrospective agrees on %d actions at most, so that the few are done; there are %d: drop some (:drop)", MaxActions, agreed),
		})
	}
	return unmet
}

// unmet is what the action lacks to be agreed on; prefix begins the fields.
func (a *Action) unmet(prefix, today string, members []string) []fault.Violation {
	var unmet []fault.Violation
	lack := func(field, reason, description string, args ...any) {
		unmet = append(unmet, fault.Violation{
			Field: prefix + field, Reason: reason, Description: fmt.Sprintf(description, args...), Link: "/v1/" + a.Name,
		})
	}
	switch {
	case a.Owner == "":
		lack("owner", "ACTION_OWNER_MISSING", "say who sees to %q, or drop it", a.Text)
	case !slices.Contains(members, a.Owner):
		lack("owner", "ACTION_OWNER_NOT_MEMBER", "%s is neither member nor coach of the team; name somebody who is", a.Owner)
	}
	switch {
	case a.DueDate == "":
		lack("due_date", "ACTION_DATE_MISSING", "say by when %q is done, or drop it", a.Text)
	case a.DueDate < today: // both YYYY-MM-DD
		lack("due_date", "ACTION_DATE_PAST", "%s is over, today is %s; name a day that is still to come", a.DueDate, today)
	}
	if a.ExpectedEffect == "" && a.Metric == "" {
		lack("expected_effect", "ACTION_EFFECT_MISSING", "say what is expected of %q, or on which metric it will show", a.Text)
	}
	return unmet
}
