package cycle_test

import (
	"slices"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

// advance asks first what the gate would say, and then goes through it, or not.
func (m *machine) advance(t *rapid.T) {
	who, name := m.anybody(t), m.pickCycle(t)
	m.goThrough(t, who, name, choose(t, "coach's reason", []string{"", "", "the pilot is already under way"}), seldom(t, "wrong phase", 8))
}

func (m *machine) goThrough(t *rapid.T, who, name, reason string, wrong bool) {
	t.Helper()
	c := m.board.cycle(name)
	runs := c.GetState() == cyclev1.CycleState_CYCLE_STATE_ACTIVE
	unmet := []string{}
	if runs {
		unmet = m.unmet(c)
		m.preview(t, c, unmet)
	}
	believed := c.GetPhase()
	if believed == 0 {
		believed = cyclev1.Phase_PHASE_PLAN
	}
	if wrong {
		believed = believed%4 + 1
	}
	andon := slices.Contains(unmet, "ANDON_OPEN")
	wants := may(who, runs && !wrong && !m.away && !andon && (len(unmet) == 0 || reason != "" && mayCoach(who)))
	if wants == passes && reason != "" && !mayCoach(who) {
		wants = either // a reason of somebody who is no coach, and that nobody needs
	}
	at := m.Clock.Now()
	moved, err := send(t, m, call{verb: "AdvanceCycle", who: who, wants: wants}, m.client.AdvanceCycle, &cyclev1.AdvanceCycleRequest{Name: name, Phase: believed, CoachReason: reason}, name)
	if err != nil {
		f := rpcserver.FromStatus(err)
		if mayWrite(who) && runs && !wrong && !m.away && f.Reason == "GATE_CRITERIA_UNMET" {
			if reason != "" && mayCoach(who) {
				unmet = []string{"ANDON_OPEN"} // a coach's reason passes over the others
			}
			m.sameReasons(t, unmet, f)
		} else if mayWrite(who) && runs && !wrong && !m.away && f.Reason != "ETAG_MISMATCH" && f.Reason != "COACH_NEEDED" {
			t.Fatalf("the gate of %v is shut: %v", unmet, f)
		}
		return
	}
	pass := moved.GetGatePasses()[len(moved.GetGatePasses())-1]
	passedOver := slices.Compact(slices.Sorted(slices.Values(pass.GetUnmetReasons())))
	if !slices.Equal(passedOver, unmet) && len(unmet)+len(passedOver) > 0 || len(unmet) > 0 && pass.GetCoachReason() != reason || !pass.GetPassTime().AsTime().Equal(at) {
		t.Fatalf("with %v unmet the gate was passed as %v", unmet, pass)
	}
	if stateOf(moved) == "FINISHED" {
		m.finished(t, moved)
	}
}

// sameReasons checks that a refusal names every criterion that is not met, each with the link where it is mended.
func (m *machine) sameReasons(t *rapid.T, unmet []string, f *fault.Error) {
	t.Helper()
	var named []string
	for _, v := range f.Violations {
		named = append(named, v.Reason)
		if v.Link == "" {
			t.Fatalf("a criterion without a link: %v", v)
		}
	}
	slices.Sort(named)
	if named = slices.Compact(named); !slices.Equal(named, unmet) {
		t.Fatalf("%v are unmet, the gate says %v", unmet, named)
	}
}

// preview checks that the preview says what is unmet, and changes nothing.
func (m *machine) preview(t *rapid.T, c *cyclev1.Cycle, unmet []string) {
	t.Helper()
	gate, err := m.client.PreviewGate(m.As(m.caller("viewer")), &cyclev1.PreviewGateRequest{Name: c.GetName()})
	if m.away {
		if err == nil || rpcserver.FromStatus(err).Kind != fault.Unavailable {
			t.Fatalf("the preview knows what nobody could tell it: %v, %v", gate, err)
		}
		return
	}
	noError(t, "PreviewGate", err)
	var named []string
	for _, criterion := range gate.GetUnmetCriteria() {
		named = append(named, criterion.GetReason())
		if criterion.GetLink() == "" || criterion.GetDescription() == "" {
			t.Fatalf("a criterion without a way to mend it: %v", criterion)
		}
	}
	slices.Sort(named)
	if named = slices.Compact(named); !slices.Equal(named, unmet) && len(named)+len(unmet) > 0 || gate.GetOpen() != (len(unmet) == 0) || gate.GetPhase() != c.GetPhase() {
		t.Fatalf("%v are unmet, the preview says %v", unmet, gate)
	}
	if want := c.GetPhasePlan()[c.GetPhase()-1].GetGateDate(); gate.GetGateDate() != want {
		t.Fatalf("the gate is planned for %s, the preview says %v", want, gate)
	}
	m.nothingChanged(t, "the gate was previewed")
}

// finished checks what comes of a finished cycle: the next one, and what the current obstacle has to show.
func (m *machine) finished(t *rapid.T, c *cyclev1.Cycle) {
	t.Helper()
	next := m.board.cycle(m.board.one("Cycle", "DRAFT"))
	starts, err := time.Parse(time.DateOnly, next.GetStartDate())
	if err != nil || starts.Weekday() != time.Tuesday || next.GetStartDate() <= m.day(0) || next.GetStartDate() < c.GetEndDate() ||
		next.GetStartDate() > dayAfter(max(c.GetEndDate(), m.day(1)), 6) {
		t.Fatalf("after %v comes the draft %v", c, next)
	}
	over, current := next.GetCarryOver(), m.board.one("Obstacle", "CURRENT")
	obstacles := slices.Clone(m.lot)
	if current != "" {
		obstacles = slices.Insert(obstacles, 0, current)
	}
	condition := c.GetTargetCondition()
	if stateOfNamed(m, condition) != "ACTIVE" {
		condition = ""
	}
	carried := over.GetTargetCondition()
	if over.GetCycle() != c.GetName() || !slices.Equal(over.GetObstacles(), obstacles) || !slices.Equal(over.GetOpenActions(), m.openActions()) ||
		carried != condition && carried != m.board.one("TargetCondition", "ACTIVE") {
		t.Fatalf("carried over %v, not %v and %v and %v", over, condition, obstacles, m.openActions())
	}
	// Where the team is, it looks anew; what it wrote into its draft stays.
	drafted := m.beforeCycle(next.GetName())
	if !proto.Equal(next.GetCurrentCondition(), drafted.GetCurrentCondition()) || !proto.Equal(next.GetValueStreamFocus(), drafted.GetValueStreamFocus()) {
		t.Fatalf("the draft %v became %v", drafted, next)
	}
	if current == "" {
		return
	}
	before, after := m.before.obstacle(current).GetOutlastedCycles(), m.board.obstacle(current).GetOutlastedCycles()
	if !slices.Equal(after, append(slices.Clone(before), c.GetName())) {
		t.Fatalf("the current obstacle outlasted %v and then %v", before, after)
	}
	if slices.Contains(m.newest, "ObstacleStuck") != (len(after) == 2) {
		t.Fatalf("the obstacle outlasted %v, the events are %v", after, m.newest)
	}
}
