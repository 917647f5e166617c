package cycle_test

import (
	"slices"

	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
)

// owner draws who is to own something; only some are users who are active.
func owner(t *rapid.T) (name string, known bool) {
	name = choose(t, "owner", []string{"users/jonas", "users/boss", "users/otto", "users/nobody", "users/left"})
	return name, name != "users/nobody" && name != "users/left"
}

// days draws how far away a day lies: inside a span, outside of it, or so near to a border that the machine does not say.
func days(t *rapid.T, inside, outside, border []int) (n int, ok, sure bool) {
	switch dice(t, "day", 10) {
	case 0, 1:
		return choose(t, "outside", outside), false, true
	case 2:
		return choose(t, "border", border), false, false
	default:
		return choose(t, "inside", inside), true, true
	}
}

// judged is the verdict of a call by somebody that depends on a drawn day.
func judged(who string, ok, sure bool) verdict {
	if !sure && ok {
		return either
	}
	return may(who, ok)
}

func (m *machine) createChallenge(t *rapid.T) {
	who := m.anybody(t)
	n, inside, sure := days(t, []int{200, 400, 1000}, []int{-1, 20, 170, 1110}, []int{180, 184, 1095})
	given := &cyclev1.Challenge{Statement: "Every change reaches the customer the same day", HorizonDate: m.day(n)}
	known := true
	if rapid.Bool().Draw(t, "owned") {
		given.Owner, known = owner(t)
	}
	free := m.board.one("Challenge", "ACTIVE") == ""
	wants := judged(who, known && free && (inside || !sure), sure)
	made, err := send(t, m, call{verb: "CreateChallenge", who: who, wants: wants}, m.client.CreateChallenge,
		&cyclev1.CreateChallengeRequest{Parent: m.team, ChallengeId: m.id("challenge"), Challenge: given}, "")
	if err != nil {
		return
	}
	want := given.GetOwner()
	if want == "" && who != "bot" {
		want = m.caller(who).Subject
	}
	if made.GetOwner() != want {
		t.Fatalf("%s created a challenge of %q, not of %q", who, made.GetOwner(), want)
	}
}

func (m *machine) updateChallenge(t *rapid.T) {
	who, name := m.anybody(t), pick(t, "challenge", m.board.in("Challenge"), m.team+"/challenges/none")
	given, mask := &cyclev1.Challenge{Name: name}, choose(t, "field", []string{"statement", "horizon_date", "owner"})
	ok, sure := true, true
	switch mask {
	case "statement":
		given.Statement = choose(t, "statement", []string{"A change waits for nobody", "Nobody waits"})
	case "horizon_date":
		var n int
		n, ok, sure = days(t, []int{200, 400, 1000}, []int{-1, 20, 1110}, []int{180, 1095})
		given.HorizonDate = m.day(n)
		sure = sure && ok // an unchanged horizon is not looked at again
	case "owner":
		given.Owner, ok = owner(t)
	}
	active := stateOfNamed(m, name) == "ACTIVE"
	_, _ = send(t, m, call{verb: "UpdateChallenge", who: who, wants: judged(who, active && (ok || !sure), sure)}, m.client.UpdateChallenge,
		&cyclev1.UpdateChallengeRequest{Challenge: given, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{mask}}}, name)
}

// stateOfNamed is where a resource stands; empty when there is none.
func stateOfNamed(m *machine, name string) string {
	if r, known := m.board.resources[name]; known {
		return stateOf(r)
	}
	return ""
}

func (m *machine) closeChallenge(t *rapid.T) {
	who, name := m.anybody(t), pick(t, "challenge", m.board.in("Challenge"), m.team+"/challenges/none")
	as, reason := choose(t, "as", []cyclev1.ChallengeState{2, 3}), drawReason(t)
	leads := slices.ContainsFunc(m.board.conditions, func(c *cyclev1.TargetCondition) bool { return c.GetChallenge() == name && stateOf(c) == "ACTIVE" })
	ok := stateOfNamed(m, name) == "ACTIVE" && !leads && (as == cyclev1.ChallengeState_CHALLENGE_STATE_MET || reason != "")
	closed, err := send(t, m, call{verb: "CloseChallenge", who: who, wants: may(who, ok)}, m.client.CloseChallenge,
		&cyclev1.CloseChallengeRequest{Name: name, State: as, Reason: reason}, name)
	if err == nil && (closed.GetState() != as || closed.GetStateReason() != reason) {
		t.Fatalf("closed as %v", closed)
	}
}

func drawReason(t *rapid.T) string {
	return choose(t, "reason", []string{"", "we learned more", "it is over"})
}

func (m *machine) createCondition(t *rapid.T) {
	who, challenge := m.anybody(t), pick(t, "challenge", m.board.in("Challenge"), m.team+"/challenges/none")
	n, inside, sure := days(t, []int{8, 30, 60, 88}, []int{-1, 0, 1, 5, 95, 120}, []int{6, 7, 90, 92})
	given := &cyclev1.TargetCondition{
		Challenge: challenge, AchieveByDate: m.day(n), OutcomeMetric: m.team + "/metrics/wait", OutcomeValue: 4, OperatingPattern: "Reviews start twice a day",
		AchieveByReason: choose(t, "insist", []string{"", "", "the vendor answers in May"}),
	}
	inside = inside || sure && m.insists(who, given, n)
	ok := stateOfNamed(m, challenge) == "ACTIVE" && m.board.one("TargetCondition", "ACTIVE") == "" && (inside || !sure)
	made, err := send(t, m, call{verb: "CreateTargetCondition", who: who, wants: judged(who, ok, sure)}, m.client.CreateTargetCondition,
		&cyclev1.CreateTargetConditionRequest{Parent: m.team, TargetConditionId: m.id("condition"), TargetCondition: given}, "")
	if err == nil && sure && n >= 8 && n <= 88 && made.GetAchieveByReason() != "" {
		t.Fatalf("a reason is kept that was not needed: %v", made)
	}
}

// insists tells whether a coach may have the achieve-by date outside of the rule.
func (m *machine) insists(who string, c *cyclev1.TargetCondition, n int) bool {
	challenge, _ := m.board.resources[c.GetChallenge()].(*cyclev1.Challenge)
	return mayCoach(who) && c.GetAchieveByReason() != "" && n > 0 && c.GetAchieveByDate() <= challenge.GetHorizonDate()
}

func (m *machine) updateCondition(t *rapid.T) {
	who, name := m.anybody(t), pick(t, "condition", m.board.in("TargetCondition"), m.team+"/targetConditions/none")
	given, mask := &cyclev1.TargetCondition{Name: name}, choose(t, "field", []string{"operating_pattern", "outcome_value", "achieve_by_date"})
	ok, sure := true, true
	switch mask {
	case "operating_pattern":
		given.OperatingPattern = choose(t, "pattern", []string{"Reviews start at nine", "Reviews start at once"})
	case "outcome_value":
		given.OutcomeValue = rapid.Float64Range(-10, 10).Draw(t, "value")
	case "achieve_by_date":
		var n int
		n, ok, sure = days(t, []int{8, 30, 88}, []int{0, 3, 95}, []int{7, 90})
		given.AchieveByDate = m.day(n)
		sure = sure && ok // an unchanged date, or one that a coach insisted on before, may stay
	}
	active := stateOfNamed(m, name) == "ACTIVE"
	_, _ = send(t, m, call{verb: "UpdateTargetCondition", who: who, wants: judged(who, active && (ok || !sure), sure)}, m.client.UpdateTargetCondition,
		&cyclev1.UpdateTargetConditionRequest{TargetCondition: given, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{mask}}}, name)
}

func (m *machine) closeCondition(t *rapid.T) {
	who, name := m.anybody(t), pick(t, "condition", m.board.in("TargetCondition"), m.team+"/targetConditions/none")
	as, reason := choose(t, "as", []cyclev1.TargetConditionState{2, 3}), drawReason(t)
	ok := stateOfNamed(m, name) == "ACTIVE" && (as == cyclev1.TargetConditionState_TARGET_CONDITION_STATE_ACHIEVED || reason != "")
	_, _ = send(t, m, call{verb: "CloseTargetCondition", who: who, wants: may(who, ok)}, m.client.CloseTargetCondition,
		&cyclev1.CloseTargetConditionRequest{Name: name, State: as, Reason: reason}, name)
}
