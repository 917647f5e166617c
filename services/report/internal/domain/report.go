// Package domain holds what a learning report says and how it says what it cannot say. It never ranks and never names a
// person.
package domain

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// DefaultDays is the length of a period that nobody chose: one cycle.
const DefaultDays = 14

// CalibrationMinimum is how many resolved predictions a calibration verdict needs at least.
const CalibrationMinimum = 20

// Period is what a report covers, in UTC days; To is the first instant after it.
type Period struct {
	From, To time.Time
}

// NewPeriod reads the days of a request, `YYYY-MM-DD`. Without to it ends with today, without from it is DefaultDays long.
func NewPeriod(from, to string, now time.Time) (Period, error) {
	period := Period{To: now.UTC().Truncate(24*time.Hour).AddDate(0, 0, 1)}
	var err error
	if to != "" {
		if period.To, err = day("to", to); err != nil {
			return Period{}, err
		}
	}
	period.From = period.To.AddDate(0, 0, -DefaultDays)
	if from != "" {
		if period.From, err = day("from", from); err != nil {
			return Period{}, err
		}
	}
	if !period.From.Before(period.To) {
		return Period{}, fault.Invalid("from", "PERIOD_EMPTY", "the period is empty: from %s lies not before to %s",
			period.From.Format(time.DateOnly), period.To.Format(time.DateOnly))
	}
	return period, nil
}

func day(field, value string) (time.Time, error) {
	parsed, err := time.Parse(time.DateOnly, value)
	if err != nil {
		return parsed, fault.Invalid(field, "DAY_INVALID", "%q is not a day of the calendar; send YYYY-MM-DD", value)
	}
	return parsed, nil
}

// Predictions counts predictions and how they came out.
type Predictions struct {
	Locked, AsPredicted, NotAsPredicted, CannotTell int
}

// TeamLearning is what one team learned.
type TeamLearning struct {
	Team               string // resource name
	DisplayName        string
	CyclesFinished     int
	Predictions        Predictions
	LearningsPublished int
}

// Surprise is a prediction that came out otherwise.
type Surprise struct {
	Experiment, DisplayName, Expected, Happened, Learned string
}

// Report is a learning report.
type Report struct {
	Period             Period
	DataTime           time.Time // zero when no event has arrived yet
	Teams              []TeamLearning
	Surprises          []Surprise
	EscalatedObstacles []string
	// UnknownTeams were asked for, but nothing has been heard of them.
	UnknownTeams []string
}

// Total adds the teams up.
func (r Report) Total() TeamLearning {
	var total TeamLearning
	for _, team := range r.Teams {
		total.CyclesFinished += team.CyclesFinished
		total.LearningsPublished += team.LearningsPublished
		total.Predictions.Locked += team.Predictions.Locked
		total.Predictions.AsPredicted += team.Predictions.AsPredicted
		total.Predictions.NotAsPredicted += team.Predictions.NotAsPredicted
		total.Predictions.CannotTell += team.Predictions.CannotTell
	}
	return total
}

// Arrange puts the teams into alphabetical order, whatever their numbers are.
func (r *Report) Arrange() {
	slices.SortFunc(r.Teams, func(a, b TeamLearning) int {
		return cmp.Or(strings.Compare(strings.ToLower(a.DisplayName), strings.ToLower(b.DisplayName)), strings.Compare(a.Team, b.Team))
	})
}

// Missing says in words what the report cannot say.
func (r Report) Missing() []string {
	total := r.Total()
	var missing []string
	if r.DataTime.IsZero() {
		missing = append(missing, "No event has arrived yet.")
	}
	for _, team := range r.UnknownTeams {
		missing = append(missing, fmt.Sprintf("Nothing has been heard of %s.", team))
	}
	if total.CyclesFinished == 0 {
		missing = append(missing, "No cycle was finished in this period.")
	}
	resolved := total.Predictions.AsPredicted + total.Predictions.NotAsPredicted
	if resolved < CalibrationMinimum {
		missing = append(missing, fmt.Sprintf("%d resolved predictions are too few for a verdict on calibration; it takes %d.", resolved, CalibrationMinimum))
	}
	return missing
}
