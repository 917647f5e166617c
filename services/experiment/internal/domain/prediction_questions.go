package domain

import (
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const invertedText = "The upper end of the range lies below its lower end. From which value to which do you expect the metric to be?"

// Known is what the lock has to know beyond the plan itself.
type Known struct {
	// ObstacleExists tells whether the plan's obstacle exists.
	ObstacleExists bool
	// CurrentObstacle is the name of the obstacle that the team works on; empty when there is none.
	CurrentObstacle string
	// Metric is the plan's metric; nil when it does not exist.
	Metric *Metric
}

// questions collects what a plan leaves open.
type questions []fault.Violation

func (q *questions) ask(field, reason, question string) {
	*q = append(*q, fault.Violation{Field: field, Reason: reason, Description: question})
}

// unlessSaid asks for a text that is missing.
func (q *questions) unlessSaid(text, field, reason, question string) {
	if text == "" {
		q.ask(field, reason, question)
	}
}

// missing returns a question for every part of the plan that is missing or cannot be, all at once.
func (e *Experiment) missing(known Known, today time.Time) []fault.Violation {
	var q questions
	p := e.Prediction
	q.aboutObstacle(e.Obstacle, known)
	q.unlessSaid(p.Change, "prediction.change", "CHANGE_MISSING", "What will you change?")
	switch {
	case p.Metric == "":
		q.ask("prediction.metric", "METRIC_MISSING", "Which one metric do you expect to move?")
	case known.Metric == nil:
		q.ask("prediction.metric", "METRIC_UNKNOWN", "This metric does not exist. Which one do you expect to move?")
	}
	q.aboutValues(p)
	q.aboutDay(p.ByDate, today)
	q.unlessSaid(p.Reason, "prediction.reason", "REASON_MISSING", "Why should the change move the metric?")
	q.unlessSaid(p.Falsification, "prediction.falsification", "FALSIFICATION_MISSING", "What would prove you wrong?")
	switch c := p.ConfidencePercent; {
	case c == 0:
		q.ask("prediction.confidence_percent", "CONFIDENCE_MISSING", "How sure are you: 5, 10, … 95 %?")
	case c < 5 || c > 95 || c%5 != 0:
		q.ask("prediction.confidence_percent", "CONFIDENCE_OFF_LADDER", "Confidence goes in steps of 5 from 5 to 95 %. How sure are you?")
	}
	q.unlessSaid(e.SafeToFail, "safe_to_fail", "SAFE_TO_FAIL_MISSING", "What keeps a failure harmless?")
	return q
}

func (q *questions) aboutObstacle(obstacle string, known Known) {
	switch current := known.CurrentObstacle; {
	case obstacle == "" && current != "":
		q.ask("obstacle", "OBSTACLE_MISSING", "Which obstacle is this a step against? The current one is "+current+".")
	case obstacle == "":
		q.ask("obstacle", "OBSTACLE_MISSING", "Which obstacle is this a step against?")
	case obstacle == current:
	case !known.ObstacleExists:
		q.ask("obstacle", "OBSTACLE_UNKNOWN", "This obstacle does not exist. Which one is this a step against?")
	case current == "":
		q.ask("obstacle", "OBSTACLE_NOT_CURRENT", "The team has no current obstacle. Is it this one? Make it the current one with :makeCurrent.")
	default:
		q.ask("obstacle", "OBSTACLE_NOT_CURRENT", "The team works on "+current+" now. Is this a step against that one? If not, make yours the current one with :makeCurrent.")
	}
}

func (q *questions) aboutValues(p Prediction) {
	if p.BaselineValue == nil {
		q.ask("prediction.baseline_value", "BASELINE_VALUE_MISSING", "Where does the metric stand today?")
	}
	switch {
	case p.ExpectedValue == nil && p.ExpectedUpperValue != nil:
		q.ask("prediction.expected_value", "EXPECTED_VALUE_MISSING", "Where does the range that you expect begin?")
	case p.ExpectedValue == nil:
		q.ask("prediction.expected_value", "EXPECTED_VALUE_MISSING", "What value do you expect the metric to reach?")
	case p.inverted():
		q.ask("prediction.expected_upper_value", "EXPECTED_RANGE_INVERTED", invertedText)
	case p.BaselineValue != nil && *p.BaselineValue == *p.ExpectedValue && p.one():
		q.ask("prediction.expected_value", "EXPECTED_VALUE_UNCHANGED",
			"The expected value is the baseline value. What will be different? If nothing should be, expect a range that holds the baseline value.")
	}
}

func (q *questions) aboutDay(day string, today time.Time) {
	if day == "" {
		q.ask("prediction.by_date", "BY_DATE_MISSING", "By which day do you expect it?")
	} else if by, err := time.Parse(dayLayout, day); err != nil {
		q.ask("prediction.by_date", "BY_DATE_INVALID", "This day does not exist. By which day do you expect it?")
	} else if by.Before(today) {
		q.ask("prediction.by_date", "BY_DATE_PAST", "This day has passed. By which day do you expect it?")
	}
}
