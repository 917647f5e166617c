package domain

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Frequency is how often something is done: a rung of the ladder.
type Frequency string

// The rungs of the ladder. A painful activity climbs one at a time: each makes the next one hurt less.
const (
	Rarely           Frequency = "RARELY"
	Yearly           Frequency = "YEARLY"
	Quarterly        Frequency = "QUARTERLY"
	Monthly          Frequency = "MONTHLY"
	Fortnightly      Frequency = "FORTNIGHTLY"
	Weekly           Frequency = "WEEKLY"
	Daily            Frequency = "DAILY"
	SeveralTimesADay Frequency = "SEVERAL_TIMES_A_DAY"
)

// ladder holds the rungs from rarely to often.
var ladder = []Frequency{Rarely, Yearly, Quarterly, Monthly, Fortnightly, Weekly, Daily, SeveralTimesADay}

// Rung counts from 0 for rarely; -1 means that no frequency is said.
func (f Frequency) Rung() int { return slices.Index(ladder, f) }

// PainfulActivity is something that the team does and that hurts. It is to be done more often, step by step.
type PainfulActivity struct {
	Name        string    `json:"name"`
	DisplayName string    `json:"displayName"`
	Target      Frequency `json:"target"`
	// Scores counts the scores so far; Score is the latest.
	Scores int       `json:"scores"`
	Score  PainScore `json:"score"`
}

// PainScore is how much an activity hurt the team, 1 to 5, and how often it was done, at one time. It never changes.
type PainScore struct {
	Name      string    `json:"name"`
	Pain      int       `json:"pain"`
	Frequency Frequency `json:"frequency"`
	Note      string    `json:"note,omitempty"`
	Time      time.Time `json:"time"`
}

// NewPainfulActivity puts an activity on the ladder with its first score.
func NewPainfulActivity(name, displayName string, pain int, frequency, target Frequency, now time.Time) (*PainfulActivity, error) {
	a := &PainfulActivity{Name: name}
	switch {
	case pain == 0:
		return nil, fault.Invalid("painful_activity.pain", "PAIN_MISSING", "say how much it hurts, from 1 to 5")
	case frequency == "":
		return nil, fault.Invalid("painful_activity.frequency", "FREQUENCY_MISSING", "say how often it is done now")
	case target == "":
		return nil, fault.Invalid("painful_activity.target_frequency", "TARGET_FREQUENCY_MISSING", "say how often it is to be done in the end")
	}
	a.Rescore(pain, frequency, "", now)
	if _, err := a.Edit(&displayName, &target); err != nil {
		return nil, err
	}
	return a, nil
}

// Rescore records how much the activity hurts now, 1 to 5, and how often it is done; an empty frequency means as before. The
// scores before are kept by the store.
func (a *PainfulActivity) Rescore(pain int, frequency Frequency, note string, now time.Time) []Event {
	if frequency == "" {
		frequency = a.Score.Frequency
	}
	a.Scores++
	a.Score = PainScore{Name: a.Name + "/scores/" + strconv.Itoa(a.Scores), Pain: pain, Frequency: frequency, Note: note, Time: now}
	return []Event{PainfulActivityScored}
}

// Edit changes what is not nil. A target is more often than the activity is done now, or it would ask for nothing.
func (a *PainfulActivity) Edit(displayName *string, target *Frequency) ([]Event, error) {
	named, aim := a.DisplayName, a.Target
	if displayName != nil {
		if named = strings.TrimSpace(*displayName); named == "" {
			return nil, fault.Invalid("painful_activity.display_name", "DISPLAY_NAME_EMPTY", "a display name needs at least one visible character")
		}
	}
	if target != nil && *target != a.Target {
		if aim = *target; aim.Rung() <= a.Score.Frequency.Rung() {
			return nil, fault.Invalid("painful_activity.target_frequency", "TARGET_NOT_MORE_OFTEN",
				"what hurts is to be done more often: it is done %s now, and the ladder goes on to %s", a.Score.Frequency, SeveralTimesADay)
		}
	}
	if named == a.DisplayName && aim == a.Target {
		return nil, nil
	}
	a.DisplayName, a.Target = named, aim
	return []Event{PainfulActivityUpdated}, nil
}

// Next is the rung to climb to now; empty once the target is reached.
func (a *PainfulActivity) Next() Frequency {
	now := a.Score.Frequency.Rung()
	if now >= a.Target.Rung() {
		return ""
	}
	return ladder[now+1]
}
