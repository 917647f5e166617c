package domain

import "time"

// Standing is how an experiment stands, as far as it matters to the claims that it bears on.
type Standing struct {
	// Experiment is its name, Learning the learning that it tries again; empty when it tries none.
	Experiment, Learning string
	// State is empty when it is not known.
	State AdoptionState
	// LockTime and StartTime are zero before; PlanHash is empty before the lock.
	LockTime, StartTime time.Time
	PlanHash            string
	// Verdict is AS_PREDICTED, NOT_AS_PREDICTED or CANNOT_TELL; it is empty before the conclusion, like the next two.
	Verdict, Happened string
	ConcludeTime      time.Time
	HoldChecks        []HoldCheck
}

// HoldCheck is a re-measurement of an adopted gain so many weeks after the decision.
type HoldCheck struct {
	Weeks int
	// Finding is empty when it was not judged yet, or cannot tell.
	Finding HoldFinding
}

// Team is the team that makes the experiment, `teams/{team}`.
func (s Standing) Team() string { return TeamOf(s.Experiment) }

// Claims are the learnings that a concluded experiment bears on: the one that was learned in it and the one that it tries again. Before
// its conclusion there are none. Reason: EXPERIMENT_NAME_INVALID.
func (s Standing) Claims() ([]string, error) {
	own, err := LearningName(s.Experiment)
	switch {
	case err != nil:
		return nil, err
	case s.State != Concluded:
		return nil, nil
	case !isLearning(s.Learning) || s.Learning == own:
		return []string{own}, nil
	default:
		return []string{own, s.Learning}, nil
	}
}

// Offer is the name of the offer whose adoption the experiment may belong to; false when it tries no learning again.
func (s Standing) Offer() (string, bool) {
	return OfferName(s.Team(), s.Learning), isLearning(s.Learning)
}

// Locked tells whether the whole plan was locked before the start.
func (s Standing) Locked() bool {
	return s.PlanHash != "" && !s.LockTime.IsZero() && !s.StartTime.IsZero() && !s.LockTime.After(s.StartTime)
}

// holdFinding is what the last hold check found that could tell.
func (s Standing) holdFinding() HoldFinding {
	var last HoldCheck
	for _, check := range s.HoldChecks {
		if check.Finding != "" && check.Weeks > last.Weeks {
			last = check
		}
	}
	return last.Finding
}
