package cycle_test

import (
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
)

// raise raises an andon in a cycle, or in the one that runs.
func (m *machine) raise(t *rapid.T) {
	who, parent, ok := m.anybody(t), m.team, m.board.one("Cycle", running...) != ""
	if rapid.Bool().Draw(t, "in a cycle") {
		parent = m.pickCycle(t)
		ok = m.board.cycle(parent).GetState() == cyclev1.CycleState_CYCLE_STATE_ACTIVE
	}
	raised, err := send(t, m, call{verb: "CreateAndon", who: who, wants: may(who, ok)}, m.client.CreateAndon,
		&cyclev1.CreateAndonRequest{Parent: parent, AndonId: m.id("andon"), Andon: &cyclev1.Andon{Problem: "the build is red", Where: "main"}}, "")
	if err == nil && !andonOf(raised, m.board.cycle(m.board.one("Cycle", running...))) {
		t.Fatalf("raised %v", raised)
	}
}

func (m *machine) resolve(t *rapid.T) {
	who, name := m.anybody(t), pick(t, "andon", m.board.in("Andon"), m.team+"/cycles/none/andons/none")
	_, _ = send(t, m, call{verb: "ResolveAndon", who: who, wants: may(who, stateOfNamed(m, name) == "OPEN")}, m.client.ResolveAndon,
		&cyclev1.ResolveAndonRequest{Name: name, Countermeasure: "reverted"}, name)
}

// steps draws a map; every one has a review.
func steps(t *rapid.T) []*cyclev1.ValueStreamStep {
	drawn := drawnSteps(t)
	if rapid.Bool().Draw(t, "unknown wait") {
		drawn[1].WaitMinutes = nil
	}
	if rapid.Bool().Draw(t, "no deployment") {
		return drawn[:2]
	}
	return drawn
}

func drawnSteps(t *rapid.T) []*cyclev1.ValueStreamStep {
	named := choose(t, "the step's name", []string{"Review", "review", "Code review"})
	all := drawn()
	all[1].Name = named
	return all
}

func (m *machine) createStream(t *rapid.T) {
	who := m.anybody(t)
	_, _ = send(t, m, call{verb: "CreateValueStream", who: who, wants: may(who, true)}, m.client.CreateValueStream, &cyclev1.CreateValueStreamRequest{
		Parent: m.team, ValueStreamId: m.id("stream"), ValueStream: &cyclev1.ValueStream{DisplayName: "Change to customer", Steps: steps(t)},
	}, "")
}

func (m *machine) pickStream(t *rapid.T) string {
	return pick(t, "stream", m.board.in("ValueStream"), m.team+"/valueStreams/none")
}

func (m *machine) updateStream(t *rapid.T) {
	who, name := m.anybody(t), m.pickStream(t)
	given, field := &cyclev1.ValueStream{Name: name, Steps: steps(t)}, "steps"
	if rapid.Bool().Draw(t, "renamed") {
		given.DisplayName, field = choose(t, "name", []string{"Support", "Change"}), "display_name"
	}
	_, known := m.board.resources[name]
	_, _ = send(t, m, call{verb: "UpdateValueStream", who: who, wants: may(who, known)}, m.client.UpdateValueStream,
		&cyclev1.UpdateValueStreamRequest{ValueStream: given, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{field}}}, name)
}

func (m *machine) confirm(t *rapid.T) {
	who, name := m.anybody(t), m.pickStream(t)
	stream, known := m.board.resources[name].(*cyclev1.ValueStream)
	step, reason := "Review", drawReason(t)
	if known {
		step = choose(t, "step", stream.GetSteps()).GetName()
	}
	wants := may(who, known && who != "bot")
	if reason == "" && wants == passes {
		wants = either // it depends on the waits
	}
	_, _ = send(t, m, call{verb: "ConfirmConstraint", who: who, wants: wants}, m.client.ConfirmConstraint,
		&cyclev1.ConfirmConstraintRequest{Name: name, Step: step, Reason: reason}, name)
}

func (m *machine) openSession(t *rapid.T) {
	who := m.anybody(t)
	given := &cyclev1.CoachingSession{
		Coach:   choose(t, "coach", []string{"users/mina", "users/aiko", "users/jonas"}),
		Learner: choose(t, "learner", []string{"users/jonas", "users/aiko", "users/vera"}),
	}
	ok := given.GetCoach() != "users/jonas" && given.GetLearner() != "users/vera" && given.GetCoach() != given.GetLearner()
	_, _ = send(t, m, call{verb: "CreateCoachingSession", who: who, wants: may(who, ok)}, m.client.CreateCoachingSession,
		&cyclev1.CreateCoachingSessionRequest{Parent: m.team, CoachingSessionId: m.id("session"), CoachingSession: given}, "")
}

func (m *machine) pickSession(t *rapid.T) string {
	return pick(t, "session", m.board.in("CoachingSession"), m.team+"/coachingSessions/none")
}

// answerSession answers the next question, or one that is not asked yet.
func (m *machine) answerSession(t *rapid.T) {
	who, name := m.anybody(t), m.pickSession(t)
	s := m.board.session(name)
	next := s.GetNextQuestion()
	early := seldom(t, "early", 4)
	if early && next > 0 {
		next = min(next+2, cyclev1.CoachingQuestion_COACHING_QUESTION_GO_AND_SEE)
	}
	given := &cyclev1.CoachingSession{Name: name}
	text := choose(t, "text", []string{"as we saw", "we do not know"})
	switch next {
	case cyclev1.CoachingQuestion_COACHING_QUESTION_TARGET_CONDITION:
		given.TargetConditionAnswer = text
	case cyclev1.CoachingQuestion_COACHING_QUESTION_ACTUAL_CONDITION:
		given.ActualConditionAnswer = text
	case cyclev1.CoachingQuestion_COACHING_QUESTION_LAST_STEP:
		given.LastStep = text
	case cyclev1.CoachingQuestion_COACHING_QUESTION_EXPECTED:
		given.Expected = text
	case cyclev1.CoachingQuestion_COACHING_QUESTION_HAPPENED:
		given.Happened = text
	case cyclev1.CoachingQuestion_COACHING_QUESTION_LEARNED:
		given.Learned = text
	case cyclev1.CoachingQuestion_COACHING_QUESTION_OBSTACLES:
		given.ObstaclesAnswer, given.Obstacle = text, m.board.one("Obstacle")
	case cyclev1.CoachingQuestion_COACHING_QUESTION_NEXT_STEP:
		given.NextStep = text
	case cyclev1.CoachingQuestion_COACHING_QUESTION_NEXT_EXPECTED:
		given.NextExpected = text
	case cyclev1.CoachingQuestion_COACHING_QUESTION_GO_AND_SEE:
		given.GoAndSeeDate = dayAfter(s.GetDate(), 1)
	default:
		given.NextStep = text
	}
	wants := either
	if s == nil || s.GetState() == cyclev1.CoachingSessionState_COACHING_SESSION_STATE_HELD || !mayWrite(who) {
		wants = refused
	}
	_, _ = send(t, m, call{verb: "UpdateCoachingSession", who: who, wants: wants}, m.client.UpdateCoachingSession,
		&cyclev1.UpdateCoachingSessionRequest{CoachingSession: given}, name)
}

func (m *machine) holdSession(t *rapid.T) {
	who, name := m.anybody(t), m.pickSession(t)
	s := m.board.session(name)
	ok := s.GetState() == cyclev1.CoachingSessionState_COACHING_SESSION_STATE_OPEN && s.GetNextQuestion() == 0
	_, _ = send(t, m, call{verb: "HoldCoachingSession", who: who, wants: may(who, ok)}, m.client.HoldCoachingSession,
		&cyclev1.HoldCoachingSessionRequest{Name: name}, name)
}
