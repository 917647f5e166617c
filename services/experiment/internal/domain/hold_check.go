package domain

import (
	"reflect"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// EventHoldCheckJudged tells that a hold check was judged.
const EventHoldCheckJudged Event = "HoldCheckJudged"

// HoldCheck is a re-measurement after a decision to adopt.
type HoldCheck struct {
	// DueDate is a day of the team's zone, YYYY-MM-DD.
	DueDate string `json:"dueDate"`
	// Weeks is how many weeks after the decision.
	Weeks int `json:"weeks"`
	// Judgement is the one that counts; nil while the check is pending.
	Judgement *JudgedHold `json:"judgement,omitempty"`
	// Earlier are the judgements that it replaced, oldest first.
	Earlier []JudgedHold `json:"earlier,omitempty"`
}

// JudgedHold is a judgement at the time when it was made.
type JudgedHold struct {
	HoldJudgement
	JudgeTime time.Time `json:"judgeTime"`
	// AgainReason is why a check was judged again that could tell before.
	AgainReason string `json:"againReason,omitempty"`
}

// Result is what the check found, or "" while it is pending.
func (h HoldCheck) Result() HoldResult {
	if h.Judgement == nil {
		return ""
	}
	return h.Judgement.Result
}

// HoldCheckCall is a call to judge a hold check.
type HoldCheckCall struct {
	// Weeks names the check.
	Weeks int
	// Again judges one again that found HELD or SLIPPED, for Reason.
	Again  bool
	Reason string
}

// HoldWindow is the stretch of time in which everything lies that a hold check can be judged by; false when there is no such check.
// It never changes.
func (e *Experiment) HoldWindow(weeks int) (Window, bool) {
	for i, check := range e.HoldChecks {
		if check.Weeks != weeks {
			continue
		}
		w := Window{From: later(e.Outcome.ConcludeTime, e.startOf(check, weeks))}
		if i+1 < len(e.HoldChecks) {
			w.To = e.startOf(e.HoldChecks[i+1], 0)
		}
		return w, true
	}
	return Window{}, false
}

// JudgeHoldCheck judges a hold check, from its due day on, against the limits that the outcome froze. readings are those of the
// metric in its HoldWindow, others do no harm. A check that has told keeps its judgement unless it is judged again for a reason; one that could not tell is
// judged by whatever was measured since. A judgement that says the same as before is no event.
func (e *Experiment) JudgeHoldCheck(call HoldCheckCall, readings []Reading, now time.Time) ([]Event, error) {
	i, err := e.dueHoldCheck(call.Weeks, now)
	if err != nil {
		return nil, err
	}
	check, reason := &e.HoldChecks[i], strings.TrimSpace(call.Reason)
	told := check.Judgement != nil && check.Judgement.Result != HoldCannotTell
	switch {
	case told && !call.Again:
		return nil, nil
	case told && reason == "":
		return nil, fault.Invalid("reason", "REASON_MISSING", "The check found %s. Say why it is judged again.", check.Judgement.Result)
	case !told:
		reason = ""
	}
	next := JudgedHold{HoldJudgement: JudgeHold(e.adopted(), e.heldReadings(i, readings, now)), JudgeTime: now, AgainReason: reason}
	if before := check.Judgement; before != nil {
		if !told && before.same(next) {
			return nil, nil
		}
		check.Earlier = append(check.Earlier, *before)
	}
	check.Judgement = &next
	return []Event{EventHoldCheckJudged}, nil
}

// dueHoldCheck finds a check that can be judged.
func (e *Experiment) dueHoldCheck(weeks int, now time.Time) (int, error) {
	if len(e.HoldChecks) == 0 {
		return 0, e.refuse("HOLD_CHECKS_NOT_SCHEDULED", "No hold checks are scheduled: they are when a retrospective decides to adopt the experiment.")
	}
	for i, check := range e.HoldChecks {
		if check.Weeks != weeks {
			continue
		}
		if e.today(now).Format(dayLayout) < check.DueDate {
			return 0, e.refuse("HOLD_CHECK_NOT_DUE", "This hold check is due on "+check.DueDate+". Measure and judge it then.").With("due_date", check.DueDate)
		}
		return i, nil
	}
	return 0, fault.Invalid("weeks", "HOLD_CHECK_UNKNOWN", "There is no hold check %d weeks after the decision. Name one that the experiment has.", weeks)
}

// adopted is the gain that the checks are about. A game day that was concluded by its journal has no limits.
func (e *Experiment) adopted() Adopted {
	if e.Outcome.Limits == nil {
		return Adopted{Level: e.Outcome.Actual}
	}
	return Adopted{Limits: e.Outcome.Limits, Level: e.Outcome.Actual, Expected: e.Prediction.expectation()}
}

// heldReadings are the readings that a check is judged by. They were taken
//
//  1. after the conclusion, and from the day of the decision on;
//  2. after the last reading that an earlier check was judged by; when that had none, from its due day on;
//  3. before the due day of the next check, so that a check which is judged late does not take what belongs to that one;
//  4. by now.
func (e *Experiment) heldReadings(i int, readings []Reading, now time.Time) (held []Measurement) {
	window, _ := e.HoldWindow(e.HoldChecks[i].Weeks)
	after := e.Outcome.ConcludeTime
	for _, earlier := range e.HoldChecks[:i] {
		if j := earlier.Judgement; j != nil && j.Readings > 0 {
			after = later(after, j.LastReading)
		} else {
			window.From = later(window.From, e.startOf(earlier, 0))
		}
	}
	for _, r := range takenBy(readings, now) {
		if r.Time.After(after) && window.Holds(r.Time) {
			held = append(held, r.Measurement)
		}
	}
	return held
}

// startOf is the beginning of a check's due day in the team's zone, or of the day so many weeks before.
func (e *Experiment) startOf(h HoldCheck, weeksBefore int) time.Time {
	day, err := time.Parse(dayLayout, h.DueDate)
	if err != nil {
		return time.Time{} // a due day is written by ScheduleHoldChecks only
	}
	return time.Date(day.Year(), day.Month(), day.Day()-7*weeksBefore, 0, 0, 0, 0, e.zone())
}

// same tells whether two judgements rest on the same readings and say the same.
func (j JudgedHold) same(other JudgedHold) bool {
	return j.Result == other.Result && j.Reason == other.Reason && j.Readings == other.Readings && j.Mean == other.Mean &&
		j.FirstReading.Equal(other.FirstReading) && j.LastReading.Equal(other.LastReading) && reflect.DeepEqual(j.Kept, other.Kept)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// LastJudged returns the check that was judged last, or nil.
func (e *Experiment) LastJudged() (last *HoldCheck) {
	for i := range e.HoldChecks {
		if h := &e.HoldChecks[i]; h.Judgement != nil && (last == nil || !h.Judgement.JudgeTime.Before(last.Judgement.JudgeTime)) {
			last = h
		}
	}
	return last
}
