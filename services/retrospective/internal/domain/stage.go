package domain

import (
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Stage is a stage of a retrospective.
type Stage string

// The stages in their order.
const (
	Collect Stage = "COLLECT"
	Group   Stage = "GROUP"
	Vote    Stage = "VOTE"
	Decide  Stage = "DECIDE"
	Closed  Stage = "CLOSED"
)

// farthestStageEnd is how far ahead a stage's end may lie. Farther away the year is a slip of the pen.
const farthestStageEnd = 366 * 24 * time.Hour

// Move goes to another stage before CLOSED, forward or back; nothing is lost by going back. believed is the stage that the caller takes
// the retrospective to be in; empty when an etag vouches for it. The same stage gets another end. end is nil when the hours of the stage,
// as the settings had them at the opening, decide. Reasons: RETROSPECTIVE_CLOSED, STAGE_CHANGED (Aborted), STAGE_END_OUT_OF_RANGE.
func (r *Retrospective) Move(to, believed Stage, end *time.Time, now time.Time) ([]Event, error) {
	if err := r.open(); err != nil {
		return nil, err
	}
	if believed != "" && believed != r.Stage {
		return nil, fault.New(fault.Aborted, "STAGE_CHANGED",
			"the retrospective is in %s, not in %s: somebody moved it, or its time was up; read it again, and move it from there if you still want to", r.Stage, believed).
			With("stage", string(r.Stage))
	}
	before := *r
	if err := r.enter(to, end, now); err != nil {
		return nil, err
	}
	if r.Stage == before.Stage && sameTime(r.StageEndTime, before.StageEndTime) {
		return nil, nil
	}
	return []Event{RetrospectiveMoved}, nil
}

// MoveByTime goes to the next stage when the time of this one is up and the team wants that. DECIDE is ended by hand only. The next
// stage has its hours from now on, however late the clock is.
func (r *Retrospective) MoveByTime(now time.Time) ([]Event, error) {
	due := r.DueTime()
	if due == nil || now.Before(*due) {
		return nil, nil
	}
	next := map[Stage]Stage{Collect: Group, Group: Vote, Vote: Decide}[r.Stage]
	return []Event{RetrospectiveMoved}, r.enter(next, nil, now)
}

// DueTime is when the clock ends the stage; nil when it does not.
func (r *Retrospective) DueTime() *time.Time {
	if !r.MovesByTime || !slices.Contains([]Stage{Collect, Group, Vote}, r.Stage) {
		return nil
	}
	return r.StageEndTime
}

// enter begins a stage, or begins its time anew.
func (r *Retrospective) enter(stage Stage, end *time.Time, now time.Time) error {
	if end != nil && (!end.After(now) || end.After(now.Add(farthestStageEnd))) {
		return fault.Invalid("stage_end_time", "STAGE_END_OUT_OF_RANGE", "a stage ends after now and within a year; leave the time out for the hours that the team has set")
	}
	if end == nil {
		end = stageEnd(r.StageHours, stage, now)
	}
	r.Stage, r.StageEndTime = stage, end
	return nil
}

// open refuses a closed retrospective.
func (r *Retrospective) open() error {
	if r.Stage == Closed {
		return fault.New(fault.FailedPrecondition, "RETROSPECTIVE_CLOSED", "the retrospective is closed; nothing in it is rewritten, add to it with :amend")
	}
	return nil
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
