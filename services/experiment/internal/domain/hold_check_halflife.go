package domain

import "slices"

// minHalfLife is from how many adopted changes on a half-life is told.
const minHalfLife = 10

// HoldRecord is one result of a hold check.
type HoldRecord struct {
	// Weeks since the decision to adopt.
	Weeks  int
	Result HoldResult
}

// Lifetime is how long one adopted gain is known to have held, in weeks.
type Lifetime struct {
	Weeks int
	// Slipped tells that it ended then. Otherwise it still held and nobody has looked later: it is censored.
	Slipped bool
}

// LifetimeOf reads the checks of one adopted change. The gain ends at the first check that found it slipped: it may have
// ended earlier, since the check before. What held is known up to its last HELD check. A check that cannot tell adds
// nothing; when no other was made, nothing is known of the gain.
func LifetimeOf(checks []HoldRecord) (l Lifetime, known bool) {
	checks = slices.Clone(checks)
	slices.SortStableFunc(checks, func(a, b HoldRecord) int { return a.Weeks - b.Weeks })
	for _, c := range checks {
		switch c.Result {
		case Slipped:
			return Lifetime{Weeks: c.Weeks, Slipped: true}, true
		case Held:
			l, known = Lifetime{Weeks: c.Weeks}, true
		case HoldCannotTell:
		}
	}
	return l, known
}

// HalfLife is after how many weeks half of the adopted gains have slipped.
type HalfLife struct {
	// Count is how many adopted changes it rests on.
	Count int
	// Sufficient is false below 10: then nothing more is told, since few gains would tell of single teams.
	Sufficient bool
	// Slipped is how many of them slipped.
	Slipped int
	// Weeks is nil while more than half are estimated to hold at the last check.
	Weeks *int
	// Holding is the estimated share that still holds after each week at which some slipped.
	Holding []HoldingShare
}

// HoldingShare is the estimated share of gains that still hold after Weeks.
type HoldingShare struct {
	Weeks int
	// AtRisk is how many were known to hold just before, Slipped how many of them slipped then.
	AtRisk  int
	Slipped int
	Share   float64
}

// HalfLifeOf estimates the half-life of an organisation's gains by the product-limit estimator: the share that holds after a
// week is the product over all weeks up to it of (1 - slipped / at risk), so that a gain which was not followed to its end
// counts for as long as it was. The half-life is the first week with a share of one half or less. Source: Kaplan and Meier,
// Nonparametric Estimation from Incomplete Observations, Journal of the American Statistical Association 53, 1958.
// It takes for granted that a gain is not followed longer or shorter because of how it fares.
func HalfLifeOf(lifetimes []Lifetime) HalfLife {
	h := HalfLife{Count: len(lifetimes), Sufficient: len(lifetimes) >= minHalfLife}
	if !h.Sufficient {
		return h
	}
	h.Holding = productLimit(lifetimes)
	for _, s := range h.Holding {
		h.Slipped += s.Slipped
		if h.Weeks == nil && s.Share <= 0.5+1e-9 { // a product of shares may round to a little more than one half
			weeks := s.Weeks
			h.Weeks = &weeks
		}
	}
	return h
}

// productLimit counts what was censored in a week as at risk in it, as Kaplan and Meier do.
func productLimit(lifetimes []Lifetime) (curve []HoldingShare) {
	sorted := slices.Clone(lifetimes)
	slices.SortFunc(sorted, func(a, b Lifetime) int { return a.Weeks - b.Weeks })
	share := 1.0
	for i := 0; i < len(sorted); {
		step := HoldingShare{Weeks: sorted[i].Weeks, AtRisk: len(sorted) - i}
		for ; i < len(sorted) && sorted[i].Weeks == step.Weeks; i++ {
			if sorted[i].Slipped {
				step.Slipped++
			}
		}
		if step.Slipped > 0 {
			share *= 1 - float64(step.Slipped)/float64(step.AtRisk)
			step.Share = share
			curve = append(curve, step)
		}
	}
	return curve
}
