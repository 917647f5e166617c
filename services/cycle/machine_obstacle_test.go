package cycle_test

import (
	"slices"

	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

func (m *machine) createObstacle(t *rapid.T) {
	who := m.anybody(t)
	description := choose(t, "description", []string{"The queue before review", "the queue, before review!", "Nobody reads the map", "Tests fail at night"})
	made, err := send(t, m, call{verb: "CreateObstacle", who: who, wants: may(who, true)}, m.client.CreateObstacle,
		&cyclev1.CreateObstacleRequest{Parent: m.team, ObstacleId: m.id("obstacle"), Obstacle: &cyclev1.Obstacle{Description: description}}, "")
	if err == nil {
		m.lot = append(m.lot, made.GetName())
		m.same[made.GetName()] = made.GetName()
	}
}

func (m *machine) updateObstacle(t *rapid.T) {
	who, name := m.anybody(t), m.pickObstacle(t, "obstacle")
	ok := slices.Contains([]string{"PARKED", "CURRENT", "ESCALATED"}, stateOfNamed(m, name))
	wants := may(who, ok)
	if stateOfNamed(m, name) == "ESCALATED" {
		wants = judged(who, true, false)
	}
	_, _ = send(t, m, call{verb: "UpdateObstacle", who: who, wants: wants}, m.client.UpdateObstacle,
		&cyclev1.UpdateObstacleRequest{Obstacle: &cyclev1.Obstacle{
			Name: name, Description: choose(t, "description", []string{"Reviews wait for the expert", "Reviews wait"}),
		}}, name)
}

func (m *machine) pickObstacle(t *rapid.T, what string) string {
	return pick(t, what, m.board.in("Obstacle"), m.team+"/obstacles/none")
}

// leave takes an obstacle out of the parking lot.
func (m *machine) leave(name string) {
	m.lot = slices.DeleteFunc(m.lot, func(parked string) bool { return parked == name })
}

// makeCurrent switches with a belief that is right or wrong, and checks that only the right one switches.
func (m *machine) makeCurrent(t *rapid.T) {
	who, name := m.anybody(t), m.pickObstacle(t, "obstacle")
	current := m.board.one("Obstacle", "CURRENT")
	believed := current
	if seldom(t, "wrong belief", 4) {
		believed = choose(t, "belief", append([]string{""}, m.board.in("Obstacle")...))
	}
	m.switchTo(t, who, name, believed, choose(t, "reason", []string{"", "this one matters more"}))
}

func (m *machine) switchTo(t *rapid.T, who, name, believed, reason string) {
	current := m.board.one("Obstacle", "CURRENT")
	wants := may(who, stateOfNamed(m, name) == "PARKED" && believed == current && (current == "" || reason != ""))
	if name == current && mayWrite(who) {
		wants = either // it is current already
	}
	made, err := send(t, m, call{verb: "MakeObstacleCurrent", who: who, wants: wants}, m.client.MakeObstacleCurrent,
		&cyclev1.MakeObstacleCurrentRequest{Name: name, InsteadOf: believed, Reason: reason}, name)
	if err != nil {
		f := rpcserver.FromStatus(err)
		if f.Reason == "OBSTACLE_CURRENT_CHANGED" && (f.Kind != fault.Aborted || f.Metadata["current"] != current ||
			current != "" && f.Metadata["current_etag"] != m.board.resources[current].GetEtag()) {
			t.Fatalf("%s is current, the refusal says %v %v", current, f, f.Metadata)
		}
		if wants == refused && mayWrite(who) && stateOfNamed(m, name) == "PARKED" && believed != current && f.Reason != "OBSTACLE_CURRENT_CHANGED" && f.Reason != "ETAG_MISMATCH" {
			t.Fatalf("%s is current and not %q, the refusal says %v", current, believed, f)
		}
		return
	}
	if stateOf(made) != "CURRENT" {
		t.Fatalf("made current: %v", made)
	}
	if name == current {
		return
	}
	if m.leave(name); current != "" {
		m.lot = slices.Insert(m.lot, 0, current)
	}
}

func (m *machine) move(t *rapid.T) {
	who, name := m.anybody(t), m.pickObstacle(t, "obstacle")
	after := choose(t, "after", append([]string{"", ""}, m.board.in("Obstacle")...))
	wants := may(who, stateOfNamed(m, name) == "PARKED" && (after == "" || stateOfNamed(m, after) == "PARKED"))
	if after == name && mayWrite(who) {
		wants = either
	}
	if _, err := send(t, m, call{verb: "MoveObstacle", who: who, wants: wants}, m.client.MoveObstacle,
		&cyclev1.MoveObstacleRequest{Name: name, After: after}, name); err != nil || after == name {
		return
	}
	m.leave(name)
	m.lot = slices.Insert(m.lot, slices.Index(m.lot, after)+1, name)
}

func (m *machine) settle(t *rapid.T) {
	who, name, reason := m.anybody(t), m.pickObstacle(t, "obstacle"), drawReason(t)
	as := choose(t, "as", []cyclev1.ObstacleState{3, 5})
	open := stateOfNamed(m, name) == "PARKED" || stateOfNamed(m, name) == "CURRENT"
	ok := open && (as == cyclev1.ObstacleState_OBSTACLE_STATE_OVERCOME || reason != "")
	if _, err := send(t, m, call{verb: "SettleObstacle", who: who, wants: may(who, ok)}, m.client.SettleObstacle,
		&cyclev1.SettleObstacleRequest{Name: name, State: as, Reason: reason}, name); err == nil {
		m.leave(name)
	}
}

func (m *machine) escalate(t *rapid.T) {
	who, name := m.anybody(t), m.pickObstacle(t, "obstacle")
	to, known := owner(t)
	req := &cyclev1.EscalateObstacleRequest{Name: name, Owner: to, Reason: "it is not ours"}
	ok, sure := true, true
	if rapid.Bool().Draw(t, "dated") {
		var n int
		n, ok, sure = days(t, []int{1, 14, 60, 88}, []int{-1, 0, 95}, []int{90, 92})
		req.AnswerByDate = m.day(n)
	}
	open := stateOfNamed(m, name) == "PARKED" || stateOfNamed(m, name) == "CURRENT"
	escalated, err := send(t, m, call{verb: "EscalateObstacle", who: who, wants: judged(who, open && known && (ok || !sure), sure)}, m.client.EscalateObstacle, req, name)
	if err != nil {
		return
	}
	if want := req.GetAnswerByDate(); want == "" && escalated.GetEscalation().GetAnswerByDate() != m.day(14) {
		t.Fatalf("an answer is due on %v", escalated)
	}
	m.leave(name)
}

// answer answers an escalation, as somebody of the team or as its owner.
func (m *machine) answer(t *rapid.T) {
	who, name := m.anybody(t), pick(t, "obstacle", m.board.in("Obstacle", "ESCALATED"), m.pickObstacle(t, "obstacle"))
	as := choose(t, "as", []cyclev1.ObstacleState{1, 3, 5})
	allowed := mayWrite(who) || who != "outsider" && who != "nobody" && m.board.obstacle(name).GetEscalation().GetOwner() == m.caller(who).Subject
	wants := refused
	if allowed && stateOfNamed(m, name) == "ESCALATED" {
		wants = passes
	}
	answered, err := send(t, m, call{verb: "AnswerEscalation", who: who, wants: wants}, m.client.AnswerEscalation,
		&cyclev1.AnswerEscalationRequest{Name: name, Answer: "two more reviewers", State: as}, name)
	if err != nil {
		return
	}
	if e := answered.GetEscalation(); answered.GetState() != as || e.GetAnswer() == "" || e.GetAnswerTime() == nil || e.GetOwner() == "" {
		t.Fatalf("answered: %v", answered)
	}
	if stateOf(answered) == "PARKED" {
		m.lot = slices.Insert(m.lot, 0, name)
	}
}

// link says that two obstacles are the same; whatever was the same as the one becomes the same as the other.
func (m *machine) link(t *rapid.T) {
	who, name := m.anybody(t), m.pickObstacle(t, "obstacle")
	other := choose(t, "same as", append(m.board.in("Obstacle"), elsewhere, m.team+"/obstacles/none"))
	_, known := m.board.resources[name]
	_, readable := m.board.resources[other]
	readable = readable || other == elsewhere && who == "admin"
	wants := may(who, known && readable && who != "bot")
	if mayWrite(who) && (other == name || known && readable && m.same[name] == m.wordOf(other)) {
		wants = either // nothing to link
	}
	if _, err := send(t, m, call{verb: "LinkObstacle", who: who, wants: wants}, m.client.LinkObstacle,
		&cyclev1.LinkObstacleRequest{Name: name, SameAs: other}, name); err != nil {
		return
	}
	from, to := m.same[name], m.wordOf(other)
	for o, word := range m.same {
		if word == from {
			m.same[o] = to
		}
	}
	m.checkRecurrence(t, name)
}

// wordOf is the word of an obstacle that may be another team's.
func (m *machine) wordOf(name string) string {
	if word, known := m.same[name]; known {
		return word
	}
	return name
}

func (m *machine) unlink(t *rapid.T) {
	who, name := m.anybody(t), m.pickObstacle(t, "obstacle")
	if _, err := send(t, m, call{verb: "UnlinkObstacle", who: who}, m.client.UnlinkObstacle, &cyclev1.UnlinkObstacleRequest{Name: name}, name); err != nil {
		return
	}
	m.same[name] = "alone " + m.id(name)
	m.checkRecurrence(t, name)
}

// checkRecurrence asks what is the same as an obstacle, as somebody who reads nothing but the team.
func (m *machine) checkRecurrence(t *rapid.T, name string) {
	t.Helper()
	found, err := m.client.RecognizeObstacle(m.As(m.caller("viewer")), &cyclev1.RecognizeObstacleRequest{Name: name})
	noError(t, "RecognizeObstacle", err)
	want := 0
	for _, o := range m.board.in("Obstacle") {
		if m.same[o] == m.same[name] {
			want++
		}
	}
	linked := 1
	for _, o := range found.GetSameObstacles() {
		if o.GetObstacle() == elsewhere {
			t.Fatalf("somebody of another team is told of %v", o)
		}
		if o.GetLinked() {
			linked++
		}
	}
	if int(found.GetRecurrenceCount()) != want || linked != want || found.GetTeamCount() != 1 {
		t.Fatalf("%s was met %d times; the answer is %v", name, want, found)
	}
}
