package domain

import (
	"cmp"
	"slices"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Spread is how a learning has spread.
type Spread struct {
	// Offers are those that were put to a team, in the order of time, never by result.
	Offers []Offer
	// Offered, Answered and Tried are numbers of teams, and so are those of the results. Who runs or has concluded an experiment has tried it.
	Offered, Answered, Tried, Worked, DidNot, CannotTell int
}

// SpreadOf tells from all offers of a learning how it has spread. What waits to be put to a team, and what was withdrawn before, was not
// offered to it.
func SpreadOf(offers []Offer) Spread {
	put := slices.DeleteFunc(slices.Clone(offers), func(o Offer) bool { return o.State == Waiting || o.State == Withdrawn && o.OfferTime.IsZero() })
	slices.SortFunc(put, func(a, b Offer) int { return cmp.Or(a.OfferTime.Compare(b.OfferTime), cmp.Compare(a.Name, b.Name)) })
	s := Spread{Offers: put, Offered: len(put)}
	for _, o := range put {
		if o.Answer != "" {
			s.Answered++
		}
		if o.Adoption == nil {
			continue
		}
		if o.Adoption.State == Running || o.Adoption.State == Concluded {
			s.Tried++
		}
		switch o.Adoption.Result {
		case Worked:
			s.Worked++
		case DidNot:
			s.DidNot++
		case CannotTell:
			s.CannotTell++
		}
	}
	return s
}

// HasSpread refuses what was never put to anybody. Reason: LEARNING_NOT_PUBLISHED.
func (l *Learning) HasSpread() error {
	if l.State == Draft {
		return fault.New(fault.FailedPrecondition, "LEARNING_NOT_PUBLISHED", "Only a published learning spreads. Publish it first.")
	}
	return nil
}
