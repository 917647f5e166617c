package domain

import (
	"math"
	"time"
)

// Weights of the evidence behind a claim. They bend the order of like matches and never outweigh a clearly better text: together with
// the freshness they move a score by less than the factor 3.
const (
	observedWeight    = 1.15
	replicatedWeight  = 1.3
	perReplication    = 0.05
	maxEvidenceWeight = 1.5
	contestedWeight   = 0.8
)

// A learning loses half of what age can take from it within a year.
const (
	oldestFreshness = 0.75
	freshnessHalves = 365 * 24 * time.Hour
	// reviewDueWeight is for what nobody has looked at by the day that it should be looked at.
	reviewDueWeight = 0.85
)

// ScoreParts are what the score of a search result is made of.
type ScoreParts struct{ Text, Evidence, Freshness float64 }

// Score is the product of the parts: any of them bends the others, and none can be made up for by adding.
func (p ScoreParts) Score() float64 { return p.Text * p.Evidence * p.Freshness }

// EvidenceWeight is what a grade counts: 1 for an anecdote, more for what was observed, and more with every team that found it
// again, up to 1.5; less for what is contested.
func EvidenceWeight(g Grade) float64 {
	switch g.Level {
	case Observed:
		return observedWeight
	case Replicated:
		return min(replicatedWeight+perReplication*float64(max(g.Replications-1, 0)), maxEvidenceWeight)
	case Contested:
		return contestedWeight
	case Anecdote:
	}
	return 1
}

// Freshness is what age leaves at a moment, 1 at first and never below 0.75, and less once the review is due. confirmed is when it
// was published or last looked at; reviewBy is the end of the day by which it should be looked at again, zero when there is none.
func Freshness(confirmed, reviewBy, now time.Time) float64 {
	age := max(now.Sub(confirmed), 0)
	fresh := oldestFreshness + (1-oldestFreshness)*math.Exp2(-float64(age)/float64(freshnessHalves))
	if !reviewBy.IsZero() && !now.Before(reviewBy) {
		fresh *= reviewDueWeight
	}
	return fresh
}

// Confirmed is when a learning was published or last looked at, whichever is later.
func (l *Learning) Confirmed() time.Time {
	confirmed := l.PublishTime
	for _, r := range l.Reviews {
		if r.Time.After(confirmed) {
			confirmed = r.Time
		}
	}
	return confirmed
}

// ReviewBy is the end of the day by which somebody should look at it again, in UTC; zero when there is none.
func (l *Learning) ReviewBy() time.Time {
	day, err := time.Parse(time.DateOnly, l.ReviewByDate)
	if err != nil {
		return time.Time{}
	}
	return day.AddDate(0, 0, 1)
}
