package domain

import (
	"slices"
	"strings"
)

// Warning is what the wording of a text suggests: that it says something else than it should. A warning never refuses anything. It
// reads English, and would rather miss something than be wrong.
type Warning struct {
	Field, Reason string
	// Words holds the words that were found, as they stand in the text; empty when something is missing.
	Words string
	// Description says what would be better.
	Description string
}

// A check looks in one clause for one kind of wording.
type check struct {
	reason, description string
	// find returns the first and the last word of what it found from word i on; false when nothing begins there.
	find func(c clause, i int) (last int, found bool)
}

// TargetConditionWarnings reads a target condition as a coach would: it describes how the work runs once it is achieved, as if it were
// so already, and has a process metric that shows it often.
func TargetConditionWarnings(t *TargetCondition) []Warning {
	warnings := warn("operating_pattern", t.OperatingPattern, patternChecks)
	if t.ProcessMetric == "" {
		warnings = append(warnings, Warning{
			Field: "process_metric", Reason: "PROCESS_METRIC_MISSING",
			Description: "name a metric that shows, often, whether the pattern is followed; the outcome alone comes too late to learn from",
		})
	}
	return warnings
}

// ObstacleWarnings reads the description of an obstacle: something to be learned past, neither a to-do nor the lack of a remedy.
func ObstacleWarnings(description string) []Warning {
	return warn("description", description, obstacleChecks)
}

// warn gives at most one warning for each check, with all that it found.
func warn(field, text string, checks []check) []Warning {
	clauses := clausesOf(text)
	if !inEnglish(clauses) {
		return nil
	}
	var warnings []Warning
	for _, check := range checks {
		var found []string
		for _, clause := range clauses {
			for i := 0; i < len(clause.words); i++ {
				last, ok := check.find(clause, i)
				if !ok {
					continue
				}
				if words := clause.text(i, last); !slices.Contains(found, words) {
					found = append(found, words)
				}
				i = last
			}
		}
		if len(found) > 0 {
			warnings = append(warnings, Warning{Field: field, Reason: check.reason, Words: strings.Join(found, ", "), Description: check.description})
		}
	}
	return warnings
}
