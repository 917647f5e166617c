package cycle_test

import (
	"slices"

	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
)

// plan draws what a cycle plans. It tells whether everything that it names is there.
func (m *machine) plan(t *rapid.T) (*cyclev1.Cycle, bool) {
	planned, ok := &cyclev1.Cycle{}, true
	if rapid.Bool().Draw(t, "dated") {
		planned.StartDate = m.day(dice(t, "start", 24) - 3)
	}
	if seldom(t, "names a condition", 4) {
		planned.TargetCondition = pick(t, "condition", m.board.in("TargetCondition"), m.team+"/targetConditions/none")
		ok = stateOfNamed(m, planned.GetTargetCondition()) != ""
	}
	if dice(t, "condition", 4) > 0 {
		planned.CurrentCondition = &cyclev1.CurrentCondition{Metric: m.team + "/metrics/wait", BaselineValue: 9, BaselineDate: m.day(-1)}
	}
	switch dice(t, "focus", 5) {
	case 0:
		planned.ValueStreamFocus = &cyclev1.ValueStreamFocus{Step: "Review", Constraint: true}
	case 1:
		planned.ValueStreamFocus = &cyclev1.ValueStreamFocus{Step: "Deploy", Reason: drawReason(t)}
	case 2, 3:
		stream, _ := m.board.resources[pick(t, "stream", m.board.in("ValueStream"), m.team+"/valueStreams/none")].(*cyclev1.ValueStream)
		if stream == nil {
			planned.ValueStreamFocus = &cyclev1.ValueStreamFocus{Step: "Review", ValueStream: m.team + "/valueStreams/none"}
			return planned, false
		}
		step := choose(t, "step", stream.GetSteps()).GetName()
		planned.ValueStreamFocus = &cyclev1.ValueStreamFocus{Step: step, ValueStream: stream.GetName(), Reason: drawReason(t)}
	}
	return planned, ok
}

func (m *machine) createCycle(t *rapid.T) {
	who := m.anybody(t)
	planned, ok := m.plan(t)
	wants := may(who, ok && m.board.one("Cycle", running...) == "")
	if planned.GetStartDate() != "" && planned.GetStartDate() < m.day(0) && wants == passes {
		wants = either
	}
	m.newCycle(t, call{verb: "CreateCycle", who: who, wants: wants}, planned)
}

func (m *machine) newCycle(t *rapid.T, c call, planned *cyclev1.Cycle) string {
	made, err := send(t, m, c, m.client.CreateCycle, &cyclev1.CreateCycleRequest{Parent: m.team, CycleId: m.id("cycle"), Cycle: planned}, "")
	if err != nil {
		return ""
	}
	if stateOf(made) != "PLAN" || planned.GetTargetCondition() == "" && made.GetTargetCondition() != m.board.one("TargetCondition", "ACTIVE") {
		t.Fatalf("started %v", made)
	}
	return made.GetName()
}

func (m *machine) pickCycle(t *rapid.T) string {
	names := slices.Concat(m.board.in("Cycle"), m.board.in("Cycle", running...), m.board.in("Cycle", running...), m.board.in("Cycle", "DRAFT"))
	return pick(t, "cycle", names, m.team+"/cycles/none")
}

func (m *machine) updateCycle(t *rapid.T) {
	who, name := m.anybody(t), m.pickCycle(t)
	planned, ok := m.plan(t)
	planned.Name = name
	field := choose(t, "field", []string{"current_condition", "value_stream_focus", "target_condition", "start_date", "display_name"})
	if field == "display_name" {
		planned.DisplayName = choose(t, "name", []string{"Review sooner", "Smaller changes"})
	}
	state := stateOfNamed(m, name)
	wants := may(who, state == "PLAN" || state == "DRAFT")
	if (!ok || field == "start_date") && wants == passes {
		wants = either
	}
	_, _ = send(t, m, call{verb: "UpdateCycle", who: who, wants: wants}, m.client.UpdateCycle,
		&cyclev1.UpdateCycleRequest{Cycle: planned, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{field}}}, name)
}

func (m *machine) startCycle(t *rapid.T) {
	who, name := m.anybody(t), pick(t, "cycle", m.board.in("Cycle", "DRAFT"), m.pickCycle(t))
	req := &cyclev1.StartCycleRequest{Name: name}
	if seldom(t, "dated", 4) {
		req.StartDate = m.day(dice(t, "start", 11))
	}
	drafted := m.board.cycle(name)
	wants := may(who, stateOfNamed(m, name) == "DRAFT" && m.board.one("Cycle", running...) == "")
	m.started(t, call{verb: "StartCycle", who: who, wants: wants}, req, drafted)
}

func (m *machine) started(t *rapid.T, c call, req *cyclev1.StartCycleRequest, drafted *cyclev1.Cycle) {
	begun, err := send(t, m, c, m.client.StartCycle, req, req.GetName())
	if err != nil {
		return
	}
	want := req.GetStartDate()
	if want == "" {
		want = max(drafted.GetStartDate(), m.day(0))
	}
	if stateOf(begun) != "PLAN" || begun.GetStartDate() != want {
		t.Fatalf("the draft of %s started as %v", drafted.GetStartDate(), begun)
	}
}

func (m *machine) extend(t *rapid.T) {
	who, name := m.anybody(t), m.pickCycle(t)
	c := m.board.cycle(name)
	n := choose(t, "days more", []int{-2, 0, 1, 3, int(m.days), int(m.days) + 1, 2 * int(m.days)})
	to := dayAfter(c.GetEndDate(), n)
	if to == "" {
		to = m.day(n)
	}
	ok := c.GetState() == cyclev1.CycleState_CYCLE_STATE_ACTIVE && n > 0 && to <= dayAfter(c.GetStartDate(), 2*int(m.days))
	wants := may(who, ok)
	if wants == passes && to <= m.day(0) {
		wants = either
	}
	before := c.GetPhasePlan()
	extended, err := send(t, m, call{verb: "ExtendCycle", who: who, wants: wants}, m.client.ExtendCycle,
		&cyclev1.ExtendCycleRequest{Name: name, EndDate: to, Reason: "the vendor is late"}, name)
	if err != nil {
		return
	}
	for i := range len(extended.GetGatePasses()) {
		if was, is := before[i], extended.GetPhasePlan()[i]; was.GetStartDate() != is.GetStartDate() || was.GetEndDate() != is.GetEndDate() {
			t.Fatalf("a phase that is over was planned for %v and now for %v", was, is)
		}
	}
}

func (m *machine) cancel(t *rapid.T) {
	who, name := m.anybody(t), m.pickCycle(t)
	c := m.board.cycle(name)
	m.guard.Lock()
	runs := slices.ContainsFunc(m.tried[name], isRunning)
	m.guard.Unlock()
	ok := c.GetState() == cyclev1.CycleState_CYCLE_STATE_ACTIVE || c.GetState() == cyclev1.CycleState_CYCLE_STATE_DRAFT
	wants := may(who, ok && !runs)
	if wants == passes && m.away {
		wants = either
	}
	cancelled, err := send(t, m, call{verb: "CancelCycle", who: who, wants: wants}, m.client.CancelCycle, &cyclev1.CancelCycleRequest{Name: name, Reason: "the team moves"}, name)
	if err == nil && cancelled.GetCancelReason() == "" {
		t.Fatalf("cancelled: %v", cancelled)
	}
}
