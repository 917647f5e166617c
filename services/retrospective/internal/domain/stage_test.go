package domain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

var stages = []domain.Stage{domain.Collect, domain.Group, domain.Vote, domain.Decide}

// Every stage is reached from every other, and what is believed decides whether it is.
func TestMove(t *testing.T) {
	for _, from := range append(slices.Clone(stages), domain.Closed) {
		for _, to := range stages {
			for _, believed := range append(slices.Clone(stages), "") {
				r := inStage(from)
				events, err := r.Move(to, believed, nil, noon)
				switch {
				case from == domain.Closed:
					checkReason(t, err, "RETROSPECTIVE_CLOSED")
				case believed != "" && believed != from:
					checkReason(t, err, "STAGE_CHANGED")
					if f := fault.From(err); f.Kind != fault.Aborted || f.Metadata["stage"] != string(from) {
						t.Errorf("lost race: %v, %v", f.Kind, f.Metadata)
					}
				case err != nil || r.Stage != to || (len(events) == 1) != (from != to):
					t.Errorf("%s to %s: %v, %v, %s", from, to, events, err, r.Stage)
				}
				if err != nil && (r.Stage != from || len(events) != 0) {
					t.Errorf("refused, and yet %s is %s", from, r.Stage)
				}
			}
		}
	}
}

func TestAStageHasAnEnd(t *testing.T) {
	hours := []domain.StageHours{{Stage: domain.Group, Hours: 3}}
	after := func(d time.Duration) *time.Time { return new(noon.Add(d)) }
	for _, test := range []struct {
		name     string
		from, to domain.Stage
		had, end *time.Time
		want     time.Time // zero: none
		events   int
		reason   string
	}{
		{"by the hours of the settings", domain.Collect, domain.Group, after(time.Hour), nil, noon.Add(3 * time.Hour), 1, ""},
		{"without hours it stands open", domain.Group, domain.Vote, after(time.Hour), nil, time.Time{}, 1, ""},
		{"as said", domain.Collect, domain.Group, nil, after(time.Minute), noon.Add(time.Minute), 1, ""},
		{"the same stage gets another end", domain.Vote, domain.Vote, after(time.Hour), after(time.Minute), noon.Add(time.Minute), 1, ""},
		{"the same stage gets its hours anew", domain.Group, domain.Group, after(time.Hour), nil, noon.Add(3 * time.Hour), 1, ""},
		{"the same stage loses its end", domain.Vote, domain.Vote, after(time.Hour), nil, time.Time{}, 1, ""},
		{"the same end is no change", domain.Vote, domain.Vote, after(time.Hour), after(time.Hour), noon.Add(time.Hour), 0, ""},
		{"no end is no change", domain.Vote, domain.Vote, nil, nil, time.Time{}, 0, ""},
		{"not now", domain.Collect, domain.Vote, after(time.Hour), after(0), noon.Add(time.Hour), 0, "STAGE_END_OUT_OF_RANGE"},
		{"not in the past", domain.Collect, domain.Vote, after(time.Hour), after(-time.Hour), noon.Add(time.Hour), 0, "STAGE_END_OUT_OF_RANGE"},
		{"not in another life", domain.Collect, domain.Vote, after(time.Hour), after(367 * 24 * time.Hour), noon.Add(time.Hour), 0, "STAGE_END_OUT_OF_RANGE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := inStage(test.from)
			r.StageHours, r.StageEndTime = hours, test.had
			events, err := r.Move(test.to, "", test.end, noon)
			if test.reason != "" {
				checkReason(t, err, test.reason)
			} else if err != nil || r.Stage != test.to {
				t.Errorf("moved to %s, %v", r.Stage, err)
			}
			if len(events) != test.events {
				t.Errorf("events %v, want %d", events, test.events)
			}
			checkEnd(t, r, test.want)
		})
	}
}

func TestTheClockEndsStages(t *testing.T) {
	hours := []domain.StageHours{{Stage: domain.Vote, Hours: 2}}
	for _, test := range []struct {
		name        string
		stage       domain.Stage
		movesByTime bool
		end         *time.Time
		want        domain.Stage
		wantEnd     time.Time
	}{
		{"at the end", domain.Collect, true, new(noon), domain.Group, time.Time{}},
		{"long after the end, with hours from now on", domain.Group, true, new(noon.AddDate(0, 0, -3)), domain.Vote, noon.Add(2 * time.Hour)},
		{"out of VOTE", domain.Vote, true, new(noon), domain.Decide, time.Time{}},
		{"never out of DECIDE", domain.Decide, true, new(noon), "", noon},
		{"nothing is closed by time", domain.Closed, true, new(noon), "", noon},
		{"not before the end", domain.Collect, true, new(noon.Add(1)), "", noon.Add(1)},
		{"not without an end", domain.Collect, true, nil, "", time.Time{}},
		{"not when the team moves by hand", domain.Collect, false, new(noon), "", noon},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := inStage(test.stage)
			r.MovesByTime, r.StageEndTime, r.StageHours = test.movesByTime, test.end, hours
			events, err := r.MoveByTime(noon)
			if test.want == "" && (len(events) != 0 || r.Stage != test.stage) || test.want != "" && (r.Stage != test.want || !slices.Equal(events, []domain.Event{domain.RetrospectiveMoved})) || err != nil {
				t.Errorf("moved to %s with %v, %v", r.Stage, events, err)
			}
			checkEnd(t, r, test.wantEnd)
		})
	}
}
