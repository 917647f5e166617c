package cycle_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// moves are the changes of state that an event may tell of, "before>after".
var moves = map[string][]string{
	"ChallengeCreated": {">ACTIVE"}, "ChallengeUpdated": {"ACTIVE>ACTIVE"}, "ChallengeClosed": {"ACTIVE>MET", "ACTIVE>REPLACED"},
	"TargetConditionCreated": {">ACTIVE"}, "TargetConditionUpdated": {"ACTIVE>ACTIVE"}, "TargetConditionClosed": {"ACTIVE>ACHIEVED", "ACTIVE>REPLACED"},
	"ObstacleParked": {">PARKED", "CURRENT>PARKED"}, "ObstacleMadeCurrent": {"PARKED>CURRENT"}, "ObstacleMoved": {"PARKED>PARKED"},
	"ObstacleUpdated":        {"PARKED>PARKED", "CURRENT>CURRENT", "ESCALATED>ESCALATED"},
	"ObstacleSettled":        {"PARKED>OVERCOME", "CURRENT>OVERCOME", "PARKED>DROPPED", "CURRENT>DROPPED"},
	"ObstacleEscalated":      {"PARKED>ESCALATED", "CURRENT>ESCALATED"},
	"EscalationAnswered":     {"ESCALATED>PARKED", "ESCALATED>OVERCOME", "ESCALATED>DROPPED"},
	"ObstacleOutlastedCycle": {"CURRENT>CURRENT"}, "ObstacleStuck": {"CURRENT>CURRENT"},
	"ObstacleLinked":   {"PARKED>PARKED", "CURRENT>CURRENT", "ESCALATED>ESCALATED", "OVERCOME>OVERCOME", "DROPPED>DROPPED"},
	"ObstacleUnlinked": {"PARKED>PARKED", "CURRENT>CURRENT", "ESCALATED>ESCALATED", "OVERCOME>OVERCOME", "DROPPED>DROPPED"},
	"CycleDrafted":     {">DRAFT", "DRAFT>DRAFT"}, "CycleStarted": {">PLAN", "DRAFT>PLAN"}, "CycleUpdated": {"DRAFT>DRAFT", "PLAN>PLAN"},
	"CycleAdvanced":  {"PLAN>DO", "DO>CHECK", "CHECK>ACT"},
	"CycleExtended":  {"PLAN>PLAN", "DO>DO", "CHECK>CHECK", "ACT>ACT"},
	"CycleFinished":  {"ACT>FINISHED"},
	"CycleCancelled": {"DRAFT>CANCELLED", "PLAN>CANCELLED", "DO>CANCELLED", "CHECK>CANCELLED", "ACT>CANCELLED"},
	"AndonRaised":    {">OPEN"}, "AndonResolved": {"OPEN>RESOLVED"},
	"ValueStreamCreated": {">"}, "ValueStreamUpdated": {">"}, "ConstraintConfirmed": {">"},
	"CoachingSessionCreated": {">OPEN"}, "CoachingSessionUpdated": {"OPEN>OPEN"}, "CoachingSessionHeld": {"OPEN>HELD"},
}

// brings are the events that a verb may bring about, those on the resource that it answers first, after a bar those on others.
var brings = map[string]string{
	"CreateChallenge": "ChallengeCreated", "UpdateChallenge": "ChallengeUpdated", "CloseChallenge": "ChallengeClosed",
	"CreateTargetCondition": "TargetConditionCreated", "UpdateTargetCondition": "TargetConditionUpdated", "CloseTargetCondition": "TargetConditionClosed",
	"CreateObstacle": "ObstacleParked", "UpdateObstacle": "ObstacleUpdated", "MoveObstacle": "ObstacleMoved",
	"MakeObstacleCurrent": "ObstacleMadeCurrent|ObstacleParked", "SettleObstacle": "ObstacleSettled", "EscalateObstacle": "ObstacleEscalated",
	"AnswerEscalation": "EscalationAnswered", "LinkObstacle": "ObstacleLinked|ObstacleLinked", "UnlinkObstacle": "ObstacleUnlinked",
	"CreateCycle": "CycleStarted", "UpdateCycle": "CycleUpdated", "StartCycle": "CycleStarted", "ExtendCycle": "CycleExtended", "CancelCycle": "CycleCancelled",
	"AdvanceCycle": "CycleAdvanced CycleFinished|CycleDrafted ObstacleOutlastedCycle ObstacleStuck",
	"CreateAndon":  "AndonRaised", "ResolveAndon": "AndonResolved",
	"CreateValueStream": "ValueStreamCreated", "UpdateValueStream": "ValueStreamUpdated|CycleUpdated", "ConfirmConstraint": "ConstraintConfirmed|CycleUpdated",
	"CreateCoachingSession": "CoachingSessionCreated", "UpdateCoachingSession": "CoachingSessionUpdated", "HoldCoachingSession": "CoachingSessionHeld",
}

// events reads what the last call recorded and checks it against the board: every change is told, and nothing else is.
func (m *machine) events(t *rapid.T, verb, target string) {
	t.Helper()
	records, err := m.service.Log.List(t.Context(), m.seq, 1000)
	noError(t, "the event log", err)
	own, others, _ := strings.Cut(brings[verb], "|")
	for _, r := range records {
		m.seq = r.Seq
		name := strings.TrimPrefix(r.Type, "fortnight.cycle.v1.")
		allowed := others
		if r.Subject == target {
			allowed = own
		}
		if !slices.Contains(strings.Fields(allowed), name) {
			t.Fatalf("%s of %s brought %s of %s", verb, target, name, r.Subject)
		}
		if "teams/"+r.Team != m.team || r.AggregateID != r.Subject || r.AggregateVersion != m.versions[r.AggregateID]+1 {
			t.Fatalf("%s has the event %+v after version %d", r.Subject, r, m.versions[r.AggregateID])
		}
		m.versions[r.AggregateID]++
		now := inside(t, r)
		if move := state(m.recorded[r.Subject]) + ">" + state(now); !slices.Contains(moves[name], move) {
			t.Fatalf("%s tells of %s as %q", name, r.Subject, move)
		}
		m.recorded[r.Subject] = now
		m.newest = append(m.newest, name)
		m.seen[name]++
	}
	if got, want := len(m.recorded), len(m.board.resources); got != want {
		t.Fatalf("the events tell of %d resources, the lists of %d", got, want)
	}
	for _, name := range slices.Sorted(maps.Keys(m.board.resources)) {
		if listed := fieldsOf(t, m.board.resources[name]); !reflect.DeepEqual(listed, m.recorded[name]) {
			t.Fatalf("%s: the events tell\n%v\nthe list\n%v", verb, m.recorded[name], listed)
		}
	}
	m.readHistory(t, records)
}

// inside is the resource that an event carries.
func inside(t *rapid.T, r eventlog.Record) fields {
	t.Helper()
	var data map[string]json.RawMessage
	noError(t, "an event", json.Unmarshal(r.Data, &data))
	if len(data) != 1 {
		t.Fatalf("the event %s carries %d things", r.Type, len(data))
	}
	for _, text := range data {
		carried := parsed(t, text)
		if carried["name"] != r.Subject {
			t.Fatalf("the event %s of %s carries %v", r.Type, r.Subject, carried["name"])
		}
		return carried
	}
	return nil
}

// state is where a resource in JSON stands; for a running cycle its phase.
func state(r fields) string {
	text, _ := r["state"].(string)
	if phase, ok := r["phase"].(string); ok && text == "CYCLE_STATE_ACTIVE" {
		return strings.TrimPrefix(phase, "PHASE_")
	}
	_, short, _ := strings.Cut(text, "_STATE_")
	return short
}

// readHistory reads the entries of the last call and applies them.
func (m *machine) readHistory(t *rapid.T, records []eventlog.Record) {
	t.Helper()
	if len(records) == 0 {
		return
	}
	answer, err := m.client.ListHistory(m.As(m.caller("viewer")), &cyclev1.ListHistoryRequest{Parent: m.team, PageSize: int32(len(records))})
	noError(t, "ListHistory", err)
	entries := answer.GetEntries()
	slices.Reverse(entries)
	if len(entries) != len(records) {
		t.Fatalf("%d events, and the history has %d entries", len(records), len(entries))
	}
	for i, r := range records {
		e := entries[i]
		if e.GetResource() != r.Subject || !strings.HasSuffix(r.Type, "."+e.GetEvent()) || !e.GetChangeTime().AsTime().Equal(r.Time) {
			t.Fatalf("the history has %v for the event %+v", e, r)
		}
		if actor := e.GetActor(); actor != r.Actor && (actor != m.team+"/bot" || !strings.HasPrefix(r.Actor, m.team+"/tokens/")) {
			t.Fatalf("the history says that %q did what %q did", actor, r.Actor)
		}
		fold(t, m.folded, e)
	}
	m.history += len(entries)
	m.compareFolded(t, m.folded)
}

// fold applies an entry of the history to the resources before it.
func fold(t *rapid.T, resources map[string]fields, e *cyclev1.HistoryEntry) {
	t.Helper()
	r := resources[e.GetResource()]
	if r == nil {
		r = fields{}
		resources[e.GetResource()] = r
	}
	for _, change := range e.GetChanges() {
		before, after := decoded(t, change.GetBefore()), decoded(t, change.GetAfter())
		if !reflect.DeepEqual(r[change.GetField()], before) && !(empty(before) && empty(r[change.GetField()])) {
			t.Fatalf("the history says that %s of %s was %v, it was %v", change.GetField(), e.GetResource(), before, r[change.GetField()])
		}
		if reflect.DeepEqual(before, after) {
			t.Fatalf("the history has a change of %s from %v to the same", change.GetField(), before)
		}
		if r[change.GetField()] = after; empty(after) {
			delete(r, change.GetField())
		}
	}
}

func decoded(t *rapid.T, text string) any {
	t.Helper()
	if text == "" {
		return nil
	}
	var value any
	noError(t, "a value of the history", json.Unmarshal([]byte(text), &value))
	return value
}

// compareFolded checks that the history, applied in its order to nothing, makes the resources.
func (m *machine) compareFolded(t *rapid.T, folded map[string]fields) {
	t.Helper()
	for _, name := range slices.Sorted(maps.Keys(m.board.resources)) {
		want, got := fieldsOf(t, m.board.resources[name]), maps.Clone(folded[name])
		for _, left := range []string{"etag", "updateTime"} {
			delete(want, left)
			delete(got, left)
		}
		if !reflect.DeepEqual(got, want) {
			t.Fatalf("the history of %s makes\n%v\nit is\n%v", name, got, want)
		}
	}
}

// checkWholeHistory reads the history page by page, latest first, and applies it oldest first.
func (m *machine) checkWholeHistory(t *rapid.T) {
	t.Helper()
	var all []*cyclev1.HistoryEntry
	ctx, last := m.As(m.caller("viewer")), time.Time{}
	for page := ""; ; {
		answer, err := m.client.ListHistory(ctx, &cyclev1.ListHistoryRequest{Parent: m.team, PageSize: 7, PageToken: page})
		noError(t, "ListHistory", err)
		all = append(all, answer.GetEntries()...)
		if page = answer.GetNextPageToken(); page == "" {
			break
		}
	}
	if len(all) != m.history {
		t.Fatalf("the history has %d entries, page by page %d", m.history, len(all))
	}
	slices.Reverse(all)
	folded := map[string]fields{}
	for _, e := range all {
		if e.GetChangeTime().AsTime().Before(last) {
			t.Fatalf("the history goes back at %v", e)
		}
		last = e.GetChangeTime().AsTime()
		fold(t, folded, e)
	}
	m.compareFolded(t, folded)
}
