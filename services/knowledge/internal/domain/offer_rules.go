package domain

import "cmp"

// OfferRulesName is the name of the one record of rules.
const OfferRulesName = "organization/offerRules"

// The defaults of an organisation that said nothing else.
const (
	defaultSimilarity    = 0.2
	defaultMaxOpenOffers = 3
	defaultAnswerDays    = 14
)

// OfferRules is by which rules learnings are offered. What nobody said is empty here; Complete says it.
type OfferRules struct {
	Name string `json:"name"`
	// Similarity is how alike an obstacle and a learning must be, from 0 to 1.
	Similarity            float64 `json:"similarity,omitempty"`
	WithoutParked         bool    `json:"withoutParked,omitempty"`
	WithoutProcess        bool    `json:"withoutProcess,omitempty"`
	WithoutConstraintType bool    `json:"withoutConstraintType,omitempty"`
	MaxOpenOffers         int     `json:"maxOpenOffers,omitempty"`
	AnswerDays            int     `json:"answerDays,omitempty"`
}

// Complete is the rules with a default for everything that nobody said.
func (r OfferRules) Complete() OfferRules {
	r.Name = OfferRulesName
	r.Similarity = cmp.Or(r.Similarity, defaultSimilarity)
	r.MaxOpenOffers = cmp.Or(r.MaxOpenOffers, defaultMaxOpenOffers)
	r.AnswerDays = cmp.Or(r.AnswerDays, defaultAnswerDays)
	return r
}

// Edit changes the rules. What leaves them as they are is no event.
func (r *OfferRules) Edit(change func(*OfferRules)) []Event {
	before := *r
	if change(r); *r == before {
		return nil
	}
	return []Event{OfferRulesUpdated}
}
