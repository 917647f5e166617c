package cycle_test

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
)

// check holds after every step, whatever the step was.
func (m *machine) check(t *rapid.T) {
	for _, alone := range []struct {
		kind   string
		states []string
	}{{"Obstacle", []string{"CURRENT"}}, {"Cycle", running}, {"Cycle", []string{"DRAFT"}}, {"Challenge", []string{"ACTIVE"}}, {"TargetCondition", []string{"ACTIVE"}}} {
		if found := m.board.in(alone.kind, alone.states...); len(found) > 1 {
			t.Fatalf("the team has %v, all %v", found, alone.states)
		}
	}
	for _, c := range m.board.conditions {
		if stateOf(c) == "ACTIVE" && stateOf(m.board.resources[c.GetChallenge()]) != "ACTIVE" {
			t.Fatalf("%s leads towards %s, which is over", c.GetName(), c.GetChallenge())
		}
	}
	m.checkLot(t)
	for _, c := range m.board.cycles {
		m.checkCycle(t, c)
	}
}

// checkLot compares the list of obstacles with the order that the calls asked for.
func (m *machine) checkLot(t *rapid.T) {
	t.Helper()
	order := []string{"CURRENT", "PARKED", "ESCALATED", "OVERCOME DROPPED"}
	place := func(o *cyclev1.Obstacle) int {
		return slices.IndexFunc(order, func(states string) bool {
			return states == stateOf(o) || len(states) > 9 && (stateOf(o) == "OVERCOME" || stateOf(o) == "DROPPED")
		})
	}
	var parked []string
	for i, o := range m.board.obstacles {
		if i > 0 && place(m.board.obstacles[i-1]) > place(o) {
			t.Fatalf("%s comes after %s in the list", stateOf(o), stateOf(m.board.obstacles[i-1]))
		}
		if stateOf(o) == "PARKED" {
			parked = append(parked, o.GetName())
		}
		if (len(o.GetOutlastedCycles()) >= 2) != (o.GetStuckTime() != nil) {
			t.Fatalf("%s outlasted %v and is stuck since %v", o.GetName(), o.GetOutlastedCycles(), o.GetStuckTime())
		}
		for _, outlasted := range o.GetOutlastedCycles() {
			if stateOf(m.board.resources[outlasted]) != "FINISHED" {
				t.Fatalf("%s outlasted %s, which is not over", o.GetName(), outlasted)
			}
		}
		if (o.GetEscalation().GetAnswerTime() == nil && o.GetEscalation() != nil) != (stateOf(o) == "ESCALATED") {
			t.Fatalf("%s is %s with the escalation %v", o.GetName(), stateOf(o), o.GetEscalation())
		}
	}
	if !slices.Equal(parked, m.lot) {
		t.Fatalf("the parking lot is\n%v\nthe calls asked for\n%v", parked, m.lot)
	}
}

// checkCycle checks the plan of a cycle, its gates and what is kept for ever.
func (m *machine) checkCycle(t *rapid.T, c *cyclev1.Cycle) {
	t.Helper()
	passed := map[string]int{"DRAFT": 0, "PLAN": 0, "DO": 1, "CHECK": 2, "ACT": 3, "FINISHED": 4}
	if want, known := passed[stateOf(c)]; known && len(c.GetGatePasses()) != want {
		t.Fatalf("%s is in %s with %d passed gates", c.GetName(), stateOf(c), len(c.GetGatePasses()))
	}
	for i, pass := range c.GetGatePasses() {
		if int(pass.GetPhase()) != i+1 || (pass.GetCoachReason() == "") != (len(pass.GetUnmetReasons()) == 0) || slices.Contains(pass.GetUnmetReasons(), "ANDON_OPEN") {
			t.Fatalf("gate %d of %s was passed as %v", i, c.GetName(), pass)
		}
	}
	if before := m.beforeCycle(c.GetName()); before != nil {
		for i, pass := range before.GetGatePasses() {
			if i >= len(c.GetGatePasses()) || !proto.Equal(pass, c.GetGatePasses()[i]) {
				t.Fatalf("%s lost the gate %v", c.GetName(), pass)
			}
		}
		for i, extension := range before.GetExtensions() {
			if i >= len(c.GetExtensions()) || !proto.Equal(extension, c.GetExtensions()[i]) {
				t.Fatalf("%s lost the extension %v", c.GetName(), extension)
			}
		}
	}
	m.checkDays(t, c)
}

func (m *machine) beforeCycle(name string) *cyclev1.Cycle {
	if m.before == nil {
		return nil
	}
	return m.before.cycle(name)
}

// checkDays checks the days of a cycle: whole, in order, and as long as the team or an extension says.
func (m *machine) checkDays(t *rapid.T, c *cyclev1.Cycle) {
	t.Helper()
	length, plan := int(m.days), c.GetPhasePlan()
	for _, extension := range c.GetExtensions() {
		more := daysBetween(extension.GetFromEndDate(), extension.GetToEndDate())
		if length += more; more <= 0 || extension.GetReason() == "" {
			t.Fatalf("%s was extended with %v", c.GetName(), extension)
		}
	}
	end := dayAfter(c.GetStartDate(), length) // a cycle that is moved stays as long as it is
	if c.GetEndDate() != end || len(plan) != 4 || plan[0].GetStartDate() != c.GetStartDate() || plan[3].GetEndDate() != end {
		t.Fatalf("%s lasts from %s to %s with %v", c.GetName(), c.GetStartDate(), c.GetEndDate(), plan)
	}
	for i, p := range plan {
		if int(p.GetPhase()) != i+1 || i > 0 && (p.GetStartDate() != plan[i-1].GetEndDate() || p.GetGateDate() < plan[i-1].GetGateDate()) ||
			p.GetStartDate() > p.GetEndDate() || !workingDay(p.GetGateDate()) {
			t.Fatalf("%s has the phase %v in %v", c.GetName(), p, plan)
		}
	}
}

func dayAfter(day string, days int) string {
	parsed, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return ""
	}
	return parsed.AddDate(0, 0, days).Format(time.DateOnly)
}

func daysBetween(from, to string) int {
	first, err := time.Parse(time.DateOnly, from)
	if err != nil {
		return 0
	}
	last, err := time.Parse(time.DateOnly, to)
	if err != nil {
		return 0
	}
	return int(last.Sub(first).Hours() / 24)
}

func workingDay(day string) bool {
	parsed, err := time.Parse(time.DateOnly, day)
	return err == nil && parsed.Weekday() != time.Saturday && parsed.Weekday() != time.Sunday &&
		!slices.Contains([]string{"2026-02-25", "2026-03-13", "2026-04-06"}, day)
}
