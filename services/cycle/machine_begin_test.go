package cycle_test

import (
	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
)

// begin brings the team to where a sequence begins, so that each phase is as likely as the others.
func (m *machine) begin(t *rapid.T, where string) {
	if where == "nothing" {
		return
	}
	m.aim(t)
	if where == "aimed" {
		m.hold(t, m.coach(t, m.day(1)))
		return
	}
	if where == "escalated" {
		m.hold(t, m.coach(t, m.day(1)))
		_, err := send(t, m, call{verb: "EscalateObstacle", who: "coach", wants: passes, bare: true}, m.client.EscalateObstacle,
			&cyclev1.EscalateObstacleRequest{Name: m.lot[0], Owner: "users/boss", Reason: "it is not ours"}, "")
		noError(t, "EscalateObstacle", err)
		m.lot = m.lot[1:]
		return
	}
	name := m.newCycle(t, call{verb: "CreateCycle", who: "member", wants: passes, bare: true}, m.whole())
	if where == "coached" {
		m.coach(t, "")
		return
	}
	m.pass(t, name, where)
	if where == "two" || where == "two in ACT" { // a draft beside a running cycle
		second := m.newCycle(t, call{verb: "CreateCycle", who: "coach", wants: passes, bare: true}, m.whole())
		if where == "two in ACT" {
			m.pass(t, second, "ACT")
		}
	}
	if where != "again" && where != "stuck" {
		return
	}
	// The second cycle, with an obstacle that is about to be stuck.
	m.Clock.Advance(20 * 24 * 3600e9)
	drafted := m.board.cycle(m.board.one("Cycle", "DRAFT"))
	m.started(t, call{verb: "StartCycle", who: "coach", wants: passes, bare: true}, &cyclev1.StartCycleRequest{Name: drafted.GetName()}, drafted)
	planned := m.whole()
	planned.Name = drafted.GetName()
	_, _ = send(t, m, call{verb: "UpdateCycle", who: "member", wants: passes, bare: true}, m.client.UpdateCycle, &cyclev1.UpdateCycleRequest{Cycle: planned}, "")
	if where == "again" {
		where = "ACT"
	}
	m.pass(t, drafted.GetName(), where)
}

// coach opens a coaching session with all answers; the last one, when to go and see, may be left out.
func (m *machine) coach(t *rapid.T, goAndSee string) *cyclev1.CoachingSession {
	opened, err := send(t, m, call{verb: "CreateCoachingSession", who: "coach", wants: passes, bare: true}, m.client.CreateCoachingSession, &cyclev1.CreateCoachingSessionRequest{
		Parent: m.team, CoachingSessionId: m.id("session"), CoachingSession: &cyclev1.CoachingSession{
			Coach: "users/mina", Learner: "users/jonas", TargetConditionAnswer: "4 h", ActualConditionAnswer: "9 h", ObstaclesAnswer: "the queue",
			NextStep: "ask", NextExpected: "a name", GoAndSeeDate: goAndSee,
		},
	}, "")
	noError(t, "CreateCoachingSession", err)
	return opened
}

// hold ends a coaching session. Random answers rarely come in their order.
func (m *machine) hold(t *rapid.T, session *cyclev1.CoachingSession) {
	_, err := send(t, m, call{verb: "HoldCoachingSession", who: "coach", wants: passes, bare: true}, m.client.HoldCoachingSession,
		&cyclev1.HoldCoachingSessionRequest{Name: session.GetName()}, session.GetName())
	noError(t, "HoldCoachingSession", err)
}

// aim gives the team a challenge, a target condition, and obstacles of which one is current.
func (m *machine) aim(t *rapid.T) {
	bare := func(verb string) call { return call{verb: verb, who: "member", wants: passes, bare: true} }
	challenge, _ := send(t, m, bare("CreateChallenge"), m.client.CreateChallenge, &cyclev1.CreateChallengeRequest{
		Parent: m.team, ChallengeId: m.id("challenge"), Challenge: &cyclev1.Challenge{Statement: "Same day", HorizonDate: m.day(500)},
	}, "")
	_, _ = send(t, m, bare("CreateTargetCondition"), m.client.CreateTargetCondition, &cyclev1.CreateTargetConditionRequest{
		Parent: m.team, TargetConditionId: m.id("condition"), TargetCondition: &cyclev1.TargetCondition{
			Challenge: challenge.GetName(), AchieveByDate: m.day(60), OutcomeMetric: m.team + "/metrics/wait", OperatingPattern: "Reviews start twice a day",
		},
	}, "")
	for range 3 {
		made, _ := send(t, m, bare("CreateObstacle"), m.client.CreateObstacle, &cyclev1.CreateObstacleRequest{
			Parent: m.team, ObstacleId: m.id("obstacle"), Obstacle: &cyclev1.Obstacle{Description: "The queue before review"},
		}, "")
		m.lot = append(m.lot, made.GetName())
		m.same[made.GetName()] = made.GetName()
	}
	m.switchTo(t, "member", m.lot[1], "", "")
}

// whole is a cycle that plans everything that its first gate needs.
func (m *machine) whole() *cyclev1.Cycle {
	return &cyclev1.Cycle{
		CurrentCondition: &cyclev1.CurrentCondition{Metric: m.team + "/metrics/wait", BaselineValue: 9, BaselineDate: m.day(-1)},
		ValueStreamFocus: &cyclev1.ValueStreamFocus{Step: "Review", Constraint: true},
	}
}

// pass takes a cycle through its gates, each with what it needs, until it is in a phase or over.
func (m *machine) pass(t *rapid.T, name, until string) {
	for {
		phase := m.board.cycle(name).GetPhase()
		m.prepare(name, phase)
		if stateOfNamed(m, name) == until || stateOfNamed(m, name) == "FINISHED" {
			return
		}
		m.Clock.Advance(30 * 3600e9)
		moved, err := send(t, m, call{verb: "AdvanceCycle", who: "member", wants: passes, bare: true}, m.client.AdvanceCycle,
			&cyclev1.AdvanceCycleRequest{Name: name, Phase: phase}, name)
		noError(t, "AdvanceCycle", err)
		if stateOf(moved) == "FINISHED" {
			m.finished(t, moved)
		}
	}
}

// prepare lets the other services say what the gate of a phase needs.
func (m *machine) prepare(name string, phase cyclev1.Phase) {
	how := map[cyclev1.Phase]string{cyclev1.Phase_PHASE_PLAN: "locked"}[phase]
	if how == "" {
		how = "concluded"
	}
	x := m.experiment(name, 0, how)
	x.HoldChecks = []*experimentv1.HoldCheck{{Weeks: 2}}
	m.guard.Lock()
	defer m.guard.Unlock()
	m.tried[name] = []*experimentv1.Experiment{x}
	if phase != cyclev1.Phase_PHASE_ACT {
		return
	}
	m.reflected[name] = &retrospectivev1.Retrospective{Name: name + "/retrospective", Stage: retrospectivev1.Stage_STAGE_CLOSED, Decisions: []*retrospectivev1.Decision{
		{Experiment: x.GetName(), Kind: retrospectivev1.DecisionKind_DECISION_KIND_ADOPT},
	}}
	m.learned[name] = []*knowledgev1.Learning{{Experiment: x.GetName(), State: knowledgev1.LearningState_LEARNING_STATE_PUBLISHED}}
	m.actions[name] = []*retrospectivev1.Action{{Name: name + "/retrospective/actions/a0", State: retrospectivev1.ActionState_ACTION_STATE_OPEN}}
}
