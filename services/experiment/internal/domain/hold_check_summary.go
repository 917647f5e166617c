package domain

// minTeams is from how many teams on a number about the organisation is told. Below, it would tell about single teams, which
// may be closed to others.
const minTeams = 3

// withheldText is why nothing is told.
const withheldText = "Fewer than 3 teams contribute, so the numbers would tell about single teams. Ask for the numbers of your own team."

// HoldCheckRecord is one hold check of one experiment.
type HoldCheckRecord struct {
	Experiment, Team string
	Weeks            int
	// Due tells whether its day has come.
	Due bool
	// Result is "" while it is pending.
	Result HoldResult
}

// HoldCheckSummary tells how adopted gains hold.
type HoldCheckSummary struct {
	// Withheld is why nothing is told; empty when it is.
	Withheld string
	// Teams is how many teams have a check that found HELD or SLIPPED.
	Teams int
	// Due is how many have fallen due; Judged how many of all are judged, as Held, Slipped or CannotTell.
	Due, Judged, Held, Slipped, CannotTell int
	HalfLife                               HalfLife
}

// SummarizeHolds summarizes hold checks, which are given experiment by experiment. Those of the organisation are withheld below
// 3 teams with a check that could tell.
func SummarizeHolds(records []HoldCheckRecord, organization bool) HoldCheckSummary {
	var s HoldCheckSummary
	teams := map[string]bool{}
	var lifetimes []Lifetime
	for first := 0; first < len(records); {
		var checks []HoldRecord
		next := first
		for ; next < len(records) && records[next].Experiment == records[first].Experiment; next++ {
			r := records[next]
			s.count(r)
			if r.Result == Held || r.Result == Slipped {
				teams[r.Team] = true
			}
			if r.Result != "" {
				checks = append(checks, HoldRecord{Weeks: r.Weeks, Result: r.Result})
			}
		}
		if l, known := LifetimeOf(checks); known {
			lifetimes = append(lifetimes, l)
		}
		first = next
	}
	s.Teams = len(teams)
	if organization && s.Teams < minTeams {
		return HoldCheckSummary{Withheld: withheldText}
	}
	s.HalfLife = HalfLifeOf(lifetimes)
	return s
}

func (s *HoldCheckSummary) count(r HoldCheckRecord) {
	if r.Due {
		s.Due++
	}
	switch r.Result {
	case Held:
		s.Held++
	case Slipped:
		s.Slipped++
	case HoldCannotTell:
		s.CannotTell++
	default:
		return
	}
	s.Judged++
}

// Missing says why there is no half-life; "" when there is one.
func (h HalfLife) Missing() string {
	switch {
	case !h.Sufficient:
		return "Fewer than 10 adopted gains have a hold check that could tell: too few for a half-life."
	case h.Weeks == nil:
		return "More than half of the gains are estimated to hold at the last hold check."
	}
	return ""
}
