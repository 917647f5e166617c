package domain

import (
	"slices"
	"strings"
	"time"
)

// FactsStrip is what the other services tell of a cycle, frozen when it was fetched. It counts the team, never a person: it names none.
type FactsStrip struct {
	FetchTime time.Time `json:"fetchTime"`
	// EarlierFetchTimes are those before it was fetched again, oldest first.
	EarlierFetchTimes []time.Time     `json:"earlierFetchTimes,omitempty"`
	EarlierActions    []EarlierAction `json:"earlierActions,omitempty"`
	Experiments       []Fact          `json:"experiments,omitempty"`
	Signals           []SignalFact    `json:"signals,omitempty"`
	Andons            []AndonFact     `json:"andons,omitempty"`
	Obstacles         []ObstacleFact  `json:"obstacles,omitempty"`
	Capacity          *CapacityFact   `json:"capacity,omitempty"`
	GoodDays          *GoodDayFact    `json:"goodDays,omitempty"`
	// Missing names the parts that could not be fetched, and why.
	Missing []string `json:"missing,omitempty"`
}

// Fact is one experiment of the cycle as it stood when it was fetched. Verdict is empty when there is none.
type Fact struct {
	Experiment string `json:"experiment"`
	Expected   string `json:"expected"`
	Happened   string `json:"happened"`
	Verdict    string `json:"verdict,omitempty"`
	// State is as the experiment service says it, such as RUNNING.
	State string `json:"state,omitempty"`
}

// EarlierAction is an action of an earlier retrospective. It does not say whose it is.
type EarlierAction struct {
	Action         string       `json:"action"`
	Text           string       `json:"text"`
	ExpectedEffect string       `json:"expectedEffect,omitempty"`
	State          ActionState  `json:"state"`
	Effect         ActionEffect `json:"effect,omitempty"`
	Result         string       `json:"result,omitempty"`
}

// SignalFact is what a chart of the team said in the cycle.
type SignalFact struct {
	Metric      string `json:"metric"`
	DisplayName string `json:"displayName"`
	Text        string `json:"text"`
}

// AndonFact is an andon of the cycle. Resolution is empty while it is open.
type AndonFact struct {
	Andon      string `json:"andon"`
	Problem    string `json:"problem"`
	Resolution string `json:"resolution,omitempty"`
}

// ObstacleFact is an obstacle that was touched in the cycle. State is as the cycle service says it, such as OVERCOME.
type ObstacleFact struct {
	Obstacle string `json:"obstacle"`
	Text     string `json:"text"`
	State    string `json:"state"`
}

// CapacityFact is the time for improvement on the cycle's days with an entry, as a share of what the team had, percent.
type CapacityFact struct {
	PlannedPercent float64 `json:"plannedPercent"`
	SpentPercent   float64 `json:"spentPercent"`
}

// GoodDayFact is how the published days of the cycle were: how many there are, and the share of good ones among their taps, 0 to 1.
type GoodDayFact struct {
	Days  int     `json:"days"`
	Share float64 `json:"share"`
}

// maxEarlierFetchTimes bounds what is kept of them; the first, of the opening, always stays.
const maxEarlierFetchTimes = 50

// Refetch replaces the facts of a retrospective that is not closed. That it happened stays visible. A part that could not be fetched now
// stays as it was fetched before, and Missing says so. Decisions stay, also those on experiments that the facts no longer have as tried.
func (r *Retrospective) Refetch(facts FactsStrip) ([]Event, error) {
	if err := r.open(); err != nil {
		return nil, err
	}
	facts.EarlierFetchTimes = append(slices.Clone(r.FactsStrip.EarlierFetchTimes), r.FactsStrip.FetchTime)
	if n := len(facts.EarlierFetchTimes); n > maxEarlierFetchTimes {
		facts.EarlierFetchTimes = slices.Delete(facts.EarlierFetchTimes, 1, 1+n-maxEarlierFetchTimes)
	}
	facts.keep(r.FactsStrip)
	r.FactsStrip = facts
	return []Event{FactsRefetched}, nil
}

// The parts of the facts that a retrospective can do without. Missing names them so, with a colon behind.
const (
	SignalsPart   = "signals"
	AndonsPart    = "andons"
	ObstaclesPart = "obstacles"
	CapacityPart  = "capacity"
)

// keep takes the parts that are missing from what was fetched before, if it had them.
func (f *FactsStrip) keep(before FactsStrip) {
	missing := make([]string, 0, len(f.Missing))
	for _, why := range f.Missing {
		part, _, _ := strings.Cut(why, ":")
		if i := slices.IndexFunc(before.Missing, func(b string) bool { return strings.HasPrefix(b, part+":") }); i >= 0 {
			missing = append(missing, before.Missing[i]) // it was missing then, or is older still
		} else {
			missing = append(missing, why+"; what is shown was fetched on "+before.FetchTime.UTC().Format(time.RFC3339))
		}
		switch part {
		case SignalsPart:
			f.Signals = before.Signals
		case AndonsPart:
			f.Andons = before.Andons
		case ObstaclesPart:
			f.Obstacles = before.Obstacles
		case CapacityPart:
			f.Capacity = before.Capacity
		}
	}
	f.Missing = missing
}

// EarlierActions orders what earlier retrospectives agreed on for the facts strip: what is open first, then what became of the last
// retrospective's actions. Proposals that came to nothing are left out.
func EarlierActions(open, last []*Action) []EarlierAction {
	var earlier []EarlierAction
	for _, a := range slices.Concat(open, last) {
		never := a.State == ActionStateProposed || a.State == ActionStateDropped && !a.Agreed
		if never || slices.ContainsFunc(earlier, func(e EarlierAction) bool { return e.Action == a.Name }) {
			continue
		}
		earlier = append(earlier, EarlierAction{
			Action: a.Name, Text: a.Text, ExpectedEffect: a.ExpectedEffect, State: a.State, Effect: a.Effect, Result: a.Result,
		})
	}
	return earlier
}

// GoodDayFactOf sums the days that are published: whoever takes two facts from one another is left with whole days. nil when there are none.
func GoodDayFactOf(days []*GoodDay) *GoodDayFact {
	fact, good, people := &GoodDayFact{}, 0, 0
	for _, day := range days {
		if day.Published() {
			fact.Days++
			good, people = good+day.Good, people+day.People
		}
	}
	if fact.Days == 0 {
		return nil
	}
	fact.Share = float64(good) / float64(people)
	return fact
}

func (f *FactsStrip) knows(experiment string) bool {
	return slices.ContainsFunc(f.Experiments, func(f Fact) bool { return f.Experiment == experiment })
}

// ended tells whether an experiment of the cycle was concluded or abandoned: from one that still runs, or never did, nothing is learned yet.
func (f *FactsStrip) ended(experiment string) bool {
	return slices.ContainsFunc(f.Experiments, func(f Fact) bool {
		return f.Experiment == experiment && f.State != "DRAFT" && f.State != "RUNNING"
	})
}

// tried are the experiments that were concluded.
func (f *FactsStrip) tried() []string {
	var tried []string
	for _, fact := range f.Experiments {
		if fact.Verdict != "" {
			tried = append(tried, fact.Experiment)
		}
	}
	return tried
}
