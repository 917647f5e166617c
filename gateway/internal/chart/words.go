package chart

import (
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fortnighthq/fortnight/gateway/internal/picture"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

// The rules by their names in the contract.
const (
	outside   = "R1"
	jump      = "R1_RANGE"
	run       = "R2"
	nearLimit = "R3"
)

// ruleWords name the rules, in the order of the legend.
var ruleWords = []struct{ rule, one, many string }{
	{outside, "point outside a limit", "points outside a limit"},
	{jump, "moving range above its limit", "moving ranges above their limit"},
	{run, "run on one side", "runs on one side"},
	{nearLimit, "stretch near a limit", "stretches near a limit"},
}

// Heading is the metric with its unit.
func Heading(m *experimentv1.Metric) string {
	name := m.GetDisplayName()
	if name == "" {
		name = m.GetName()
	}
	if m.GetUnit() != "" {
		name += " (" + m.GetUnit() + ")"
	}
	return picture.Plain(name)
}

// finding is what the chart shows, in one sentence.
func finding(c *experimentv1.ProcessBehaviourChart) string {
	n := len(c.GetPoints())
	switch {
	case n == 0:
		return "There are no readings yet."
	case c.GetLimits() == nil && n >= 4:
		return fmt.Sprintf("%s. No baseline of 4 readings or more is in force for them, so there are no limits.", points(n))
	case c.GetLimits() == nil:
		return fmt.Sprintf("%s. Limits need 4 readings at least; 12 give useful ones.", points(n))
	case len(c.GetSignals()) == 0 && alike(c.GetPoints()):
		return fmt.Sprintf("%s, all alike: nothing varies here. Is the metric rounded too coarsely to show how the work runs?", points(n))
	case len(c.GetSignals()) == 0:
		return fmt.Sprintf("%s and no signal: what varies here is the process as it is.", points(n))
	}
	var found []string
	for _, w := range ruleWords {
		if count := signals(c, w.rule); count == 1 {
			found = append(found, "1 "+w.one)
		} else if count > 1 {
			found = append(found, fmt.Sprintf("%d %s", count, w.many))
		}
	}
	return fmt.Sprintf("%s, %s: %s.", points(n), counted(len(c.GetSignals()), "signal"), strings.Join(found, ", "))
}

// alike tells whether all points have one value.
func alike(list []*experimentv1.ChartPoint) bool {
	for _, p := range list {
		if p.GetValue() != list[0].GetValue() {
			return false
		}
	}
	return true
}

// basis is what the limits rest on.
func basis(c *experimentv1.ProcessBehaviourChart) string {
	l := c.GetLimits()
	if l == nil {
		return ""
	}
	average := "Mean"
	if l.GetForm() == experimentv1.LimitForm_LIMIT_FORM_MEDIAN {
		average = "Median"
	}
	s := fmt.Sprintf("%s %s, natural process limits %s to %s, from %s of %s to %s.", average, figure(l.GetCentre()), figure(l.GetLower()),
		figure(l.GetUpper()), points(int(l.GetCount())), day(l.GetFirstTime()), day(l.GetLastTime()))
	if c.GetProvisional() {
		s += " Provisional: fewer than 6 points."
	}
	return s
}

// remark is what else is to be said: a sustained change, points that are left out.
func remark(c *experimentv1.ProcessBehaviourChart) string {
	var said []string
	if s := c.GetShift(); s != nil {
		side := "below"
		if s.GetAbove() {
			side = "above"
		}
		said = append(said, fmt.Sprintf("The last %d points are all %s the centre line. Is a known change a reason for a new baseline?", s.GetPoints(), side))
	}
	if n := c.GetOmittedPoints(); n > 0 {
		said = append(said, fmt.Sprintf("%s not shown.", map[bool]string{true: "1 earlier point is", false: fmt.Sprintf("%d earlier points are", n)}[n == 1]))
	}
	return strings.Join(said, " ")
}

func signals(c *experimentv1.ProcessBehaviourChart, rule string) (n int) {
	for _, s := range c.GetSignals() {
		if s.GetRule() == rule {
			n++
		}
	}
	return n
}

func points(n int) string { return counted(n, "point") }

func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func day(t *timestamppb.Timestamp) string { return t.AsTime().UTC().Format("2 Jan 2006") }

// clock is how the times below a chart are written: as days, or to the minute where it shows no more than two days. The note says what
// they leave out.
func clock(first, last time.Time) (layout, note string) {
	if last.Sub(first) < 48*time.Hour {
		return "2 Jan 15:04", "Times in UTC, " + last.UTC().Format("2006")
	}
	return "2 Jan 2006", "Times in UTC"
}
