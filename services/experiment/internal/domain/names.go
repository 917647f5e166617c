package domain

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// TeamOf returns the id of the team that a resource name begins with, or "" when it names none.
func TeamOf(name string) string {
	parts := strings.Split(name, "/")
	if len(parts) < 2 || parts[0] != "teams" {
		return ""
	}
	return parts[1]
}

// ParentOf returns the parent of a resource name: the name without its last collection and id.
func ParentOf(name string) string {
	parts := strings.Split(name, "/")
	if len(parts) < 3 {
		return ""
	}
	return strings.Join(parts[:len(parts)-2], "/")
}

// IDOf returns the last segment of a resource name.
func IDOf(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// checkReference refuses a reference that is not `teams/{team}/{collection}/{id}` of the given team. An empty one is left
// to the lock, which asks for it.
func checkReference(field, name, team, collection string) []fault.Violation {
	if name == "" {
		return nil
	}
	if collection == "metrics" && strings.HasPrefix(name, "organization/metrics/") {
		return nil // what the organisation measures is for every team
	}
	parts := strings.Split(name, "/")
	want := "teams/" + team + "/" + collection + "/…"
	if len(parts) != 4 || parts[0] != "teams" || parts[2] != collection || parts[1] == "" || parts[3] == "" {
		return []fault.Violation{{Field: field, Reason: "REFERENCE_INVALID", Description: "This is not a resource name of the form " + want + "."}}
	}
	if parts[1] != team {
		return []fault.Violation{{Field: field, Reason: "OTHER_TEAM", Description: "This belongs to another team; it must be " + want + "."}}
	}
	return nil
}

// learningField is where a request names the learning that an experiment tries again.
const learningField = "experiment.learning"

// checkLearning refuses a reference that is not `learnings/{learning}`. Learnings are the whole organisation's: any team may try one again.
func checkLearning(name string) []fault.Violation {
	if id, ok := strings.CutPrefix(name, "learnings/"); name == "" || ok && id != "" && !strings.Contains(id, "/") {
		return nil
	}
	return []fault.Violation{{Field: learningField, Reason: "REFERENCE_INVALID", Description: "This is not a resource name of the form learnings/…."}}
}

// LearningNotFound is the refusal of a plan that tries a learning again that does not exist, or that its author must not know of.
func LearningNotFound(name string) *fault.Error {
	return fault.Invalid(learningField, "LEARNING_NOT_FOUND", "There is no learning %q. Name a published one, or leave the field empty.", name)
}

// LearningNotPublished is the refusal of a plan that tries a draft again.
func LearningNotPublished(name string) *fault.Error {
	return fault.Invalid(learningField, "LEARNING_NOT_PUBLISHED", "The learning %q is a draft; publish it first, so that others can see what is tried again.", name)
}
