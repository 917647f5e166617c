package cycle_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// enough sequences reach everything.
const enough = 100

// machine is one team on which everything is called in any order. It knows from the calls alone what must have come of them.
type machine struct {
	*plant
	team     string
	board    *board
	ids      map[string]int    // how many of a kind were named so far
	requests int               // request ids so far
	lot      []string          // the parked obstacles in the order that the calls gave them
	same     map[string]string // obstacles that are the same have the same word
	stale    map[string]string // an etag of before, by resource
	sent     []sent
	seq      int64             // the last event that was looked at
	versions map[string]int64  // of the aggregates in the event log
	recorded map[string]fields // the resources as the events tell them
	folded   map[string]fields // the resources as the history tells them
	history  int               // its entries so far
	newest   []string          // the events of the last call
	before   *board            // the board before the last call
}

// Whatever is called in whatever order by whomever: the rules of the improvement kata hold, what is refused changes nothing,
// and the history tells everything. A longer run: go test -run TestMachine -rapid.checks=2000 ./services/cycle.
func TestMachine(t *testing.T) {
	p := newPlant(t)
	rapid.Check(t, func(t *rapid.T) {
		m := p.newTeam()
		m.days = choose(t, "cycle days", []int32{14, 14, 7, 3})
		m.seq = m.head(t)
		m.board = m.look(t)
		m.begin(t, choose(t, "begin in", beginnings))
		t.Repeat(map[string]func(*rapid.T){"": m.check, "steps": m.steps})
		m.checkWholeHistory(t)
	})
	p.sawEverything(t)
}

// sawEverything is the control: a machine that never came anywhere would find nothing wrong. Each verb was allowed and refused, and
// each event happened.
func (p *plant) sawEverything(t *testing.T) {
	t.Helper()
	if p.teams < enough {
		t.Logf("only %d sequences", p.teams)
		return
	}
	for verb := range brings {
		if p.seen[verb+" passes"] == 0 || p.seen[verb+" refused"] == 0 {
			t.Errorf("%s was allowed %d times and refused %d times", verb, p.seen[verb+" passes"], p.seen[verb+" refused"])
		}
	}
	for event := range moves {
		if p.seen[event] == 0 {
			t.Errorf("%s never happened", event)
		}
	}
	t.Logf("seen: %v", p.seen)
}

func (m *machine) head(t *rapid.T) int64 {
	head, err := m.service.Log.Head(t.Context())
	noError(t, "the head of the log", err)
	return head.Seq
}

// action is something that the machine can do. It is drawn when the team has what it needs, and seldom when it has not.
type action struct {
	name   string
	weight int
	needs  string // a kind of resource, with its states
	do     func(*rapid.T)
}

func (m *machine) does() []action {
	const runs = "Cycle PLAN DO CHECK ACT"
	return []action{
		{"advance", 8, runs, m.advance},
		{"create challenge", 2, "", m.createChallenge},
		{"update challenge", 2, "Challenge", m.updateChallenge},
		{"close challenge", 2, "Challenge", m.closeChallenge},
		{"create condition", 2, "Challenge", m.createCondition},
		{"update condition", 2, "TargetCondition", m.updateCondition},
		{"close condition", 2, "TargetCondition", m.closeCondition},
		{"create obstacle", 3, "", m.createObstacle},
		{"update obstacle", 2, "Obstacle", m.updateObstacle},
		{"make current", 5, "Obstacle", m.makeCurrent},
		{"move", 4, "Obstacle PARKED", m.move},
		{"settle", 2, "Obstacle", m.settle},
		{"escalate", 2, "Obstacle PARKED CURRENT", m.escalate},
		{"answer", 5, "Obstacle ESCALATED", m.answer},
		{"link", 2, "Obstacle", m.link},
		{"unlink", 1, "Obstacle", m.unlink},
		{"create cycle", 3, "", m.createCycle},
		{"update cycle", 3, "Cycle PLAN DRAFT", m.updateCycle},
		{"start", 4, "Cycle DRAFT", m.startCycle},
		{"extend", 2, runs, m.extend},
		{"cancel", 1, "Cycle", m.cancel},
		{"raise", 3, runs, m.raise},
		{"resolve", 6, "Andon OPEN", m.resolve},
		{"create stream", 2, "", m.createStream},
		{"update stream", 2, "ValueStream", m.updateStream},
		{"confirm", 2, "ValueStream", m.confirm},
		{"open session", 1, "", m.openSession},
		{"answer session", 4, "CoachingSession OPEN", m.answerSession},
		{"hold session", 4, "CoachingSession OPEN", m.holdSession},
		{"repeat", 2, "", m.repeat},
		{"wait", 3, "", m.wait},
		{"try", 4, runs, m.tryExperiments},
		{"reflect", 3, "Cycle ACT", m.reflect},
		{"go away", 1, "", m.goAway},
	}
}

// beginnings are where a sequence can begin, see begin.
var beginnings = []string{
	"nothing", "aimed", "PLAN", "DO", "CHECK", "ACT", "DRAFT", "again", "stuck", "two", "two in ACT", "coached", "escalated",
}

// steps are two in a row, so that a sequence is as long as rapid makes it without asking for more.
func (m *machine) steps(t *rapid.T) {
	m.step(t)
	m.check(t)
	m.step(t)
}

// step draws an action and does it.
func (m *machine) step(t *rapid.T) {
	whatever := seldom(t, "whatever the team has", 20)
	var names []string
	deeds := map[string]func(*rapid.T){}
	for _, a := range m.does() {
		kind, states, _ := strings.Cut(a.needs, " ")
		if kind == "" || whatever || m.board.one(kind, strings.Fields(states)...) != "" {
			deeds[a.name] = a.do
			names = append(names, slices.Repeat([]string{a.name}, a.weight)...)
		}
	}
	deeds[choose(t, "action", names)](t)
}

// anybody draws who calls: mostly somebody who may.
func (m *machine) anybody(t *rapid.T) string {
	return choose(t, "who", []string{
		"member", "member", "member", "member", "member", "coach", "coach", "coach", "admin", "bot", "viewer", "outsider", "manager", "nobody",
	})
}

// id makes the next id of a kind.
func (m *machine) id(kind string) string {
	m.ids[kind]++
	return fmt.Sprintf("%s-%02d", kind, m.ids[kind])
}

// dice draws a number below n, each as likely as the others, which rapid's own numbers are not.
func dice(t *rapid.T, what string, n int) int {
	return int(uint64(rapid.Uint32().Draw(t, what)) * 0x9E3779B1 >> 8 % uint64(n))
}

// seldom is true once in n times.
func seldom(t *rapid.T, what string, n int) bool { return dice(t, what, n) == n-1 }

// choose draws one of the values.
func choose[T any](t *rapid.T, what string, values []T) T { return values[dice(t, what, len(values))] }

// pick draws one of the names, or seldom one that does not exist.
func pick(t *rapid.T, what string, names []string, none string) string {
	if len(names) == 0 || seldom(t, "unknown "+what, 15) {
		return none
	}
	return choose(t, what, names)
}
