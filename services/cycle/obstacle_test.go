package cycle_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const (
	parked    = cyclev1.ObstacleState_OBSTACLE_STATE_PARKED
	escalated = cyclev1.ObstacleState_OBSTACLE_STATE_ESCALATED
	overcome  = cyclev1.ObstacleState_OBSTACLE_STATE_OVERCOME
)

// obstacle names one of the team's obstacles.
func obstacle(id string) string { return team + "/obstacles/" + id }

// park enters obstacles of the team; the texts are their ids.
func (w *world) park(t *testing.T, ids ...string) {
	t.Helper()
	for _, id := range ids {
		_, err := w.cycles.CreateObstacle(w.member(), &cyclev1.CreateObstacleRequest{Parent: team, ObstacleId: id, Obstacle: &cyclev1.Obstacle{Description: id}})
		must(t, err)
	}
}

func (w *world) star(id, insteadOf string) (*cyclev1.Obstacle, error) {
	if insteadOf != "" {
		insteadOf = obstacle(insteadOf)
	}
	return w.cycles.MakeObstacleCurrent(w.member(), &cyclev1.MakeObstacleCurrentRequest{Name: obstacle(id), InsteadOf: insteadOf, Reason: "because"})
}

// lot is the list of the team's obstacles, read two at a time: `id:STATE`, parked ones without the state.
func (w *world) lot(t *testing.T, states ...cyclev1.ObstacleState) string {
	t.Helper()
	var got []string
	for token := ""; ; {
		list, err := w.cycles.ListObstacles(w.member(), &cyclev1.ListObstaclesRequest{Parent: team, PageSize: 2, PageToken: token, States: states})
		must(t, err)
		for _, o := range list.GetObstacles() {
			entry := strings.TrimPrefix(o.GetName(), team+"/obstacles/")
			if o.GetState() != parked {
				entry += ":" + strings.TrimPrefix(o.GetState().String(), "OBSTACLE_STATE_")
			}
			got = append(got, entry)
		}
		if token = list.GetNextPageToken(); token == "" {
			return strings.Join(got, " ")
		}
	}
}

func TestParkingLot(t *testing.T) {
	w := newWorld(t)
	w.park(t, "d", "c", "b", "a", "z")
	order := func(want string) {
		t.Helper()
		if got := w.lot(t); got != want {
			t.Errorf("the lot is %q, want %q", got, want)
		}
	}
	move := func(id, after string) {
		t.Helper()
		if after != "" {
			after = obstacle(after)
		}
		_, err := w.cycles.MoveObstacle(w.member(), &cyclev1.MoveObstacleRequest{Name: obstacle(id), After: after})
		must(t, err)
	}
	order("d c b a z")
	move("z", "")
	move("d", "b")
	order("z c b d a")
	recorded := len(w.eventTypes(t))
	move("d", "b")
	if n := len(w.eventTypes(t)); n != recorded {
		t.Errorf("a move to the same place is %d events", n-recorded)
	}
	for range 60 { // between the same two, until there is no room: the order stays, whatever that takes
		move("c", "b")
		move("d", "b")
	}
	order("z b d c a")

	_, err := w.star("b", "")
	must(t, err)
	_, err = w.star("a", "b")
	must(t, err)
	_, err = w.cycles.SettleObstacle(w.member(), &cyclev1.SettleObstacleRequest{Name: obstacle("z"), State: overcome})
	must(t, err)
	_, err = w.cycles.EscalateObstacle(w.member(), &cyclev1.EscalateObstacleRequest{Name: obstacle("d"), Owner: "users/boss", Reason: "not ours"})
	must(t, err)
	order("a:CURRENT b c d:ESCALATED z:OVERCOME")
	if got := w.lot(t, parked, escalated); got != "b c d:ESCALATED" {
		t.Errorf("parked and escalated are %q", got)
	}
	for name, c := range map[string]struct {
		id, after, reason string
		kind              fault.Kind
		fields            []string
	}{
		"itself":            {"b", obstacle("b"), "MOVE_AFTER_ITSELF", fault.InvalidArgument, []string{"after"}},
		"one not parked":    {"b", obstacle("a"), "OBSTACLE_NOT_PARKED", fault.InvalidArgument, []string{"after"}},
		"another team's":    {"b", "teams/mobile/obstacles/x", "OTHER_TEAM", fault.InvalidArgument, []string{"after"}},
		"the current moves": {"a", "", "OBSTACLE_NOT_PARKED", fault.FailedPrecondition, nil},
		"none moves":        {"none", "", "OBSTACLE_NOT_FOUND", fault.NotFound, nil},
	} {
		_, err := w.cycles.MoveObstacle(w.member(), &cyclev1.MoveObstacleRequest{Name: obstacle(c.id), After: c.after})
		t.Run(name, func(t *testing.T) { testkit.Refused(t, err, c.kind, c.reason, c.fields...) })
	}
}

func TestUpdateObstacle(t *testing.T) {
	w := newWorld(t)
	w.park(t, "queue")
	updated, err := w.cycles.UpdateObstacle(w.member(), &cyclev1.UpdateObstacleRequest{Obstacle: &cyclev1.Obstacle{Name: obstacle("queue"), Description: "nobody owns the queue"}})
	must(t, err)
	_, err = w.cycles.UpdateObstacle(w.member(), &cyclev1.UpdateObstacleRequest{
		Obstacle: &cyclev1.Obstacle{Name: obstacle("queue"), Description: "late"}, Etag: `"00000000-1"`,
	})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	if updated.GetDescription() != "nobody owns the queue" || !slices.Equal(w.eventTypes(t), []string{"ObstacleParked", "ObstacleUpdated"}) {
		t.Errorf("updated %v, events %v", updated, w.eventTypes(t))
	}
}

// Several people star obstacles at once, each in the belief that none is current: one wins, the others are told which.
func TestOneCurrentObstacleUnderConcurrency(t *testing.T) {
	w := newWorld(t)
	w.park(t, "o0", "o1", "o2", "o3")
	var group sync.WaitGroup
	won := make(chan string, 16)
	for i := range 16 {
		group.Go(func() {
			made, err := w.star(fmt.Sprintf("o%d", i%4), "")
			if err == nil {
				won <- made.GetName()
				return
			}
			refusal := rpcserver.FromStatus(err)
			if refusal.Reason != "OBSTACLE_CURRENT_CHANGED" || refusal.Metadata["current"] == "" || refusal.Metadata["current_etag"] == "" {
				t.Errorf("refused: %v", err)
			}
		})
	}
	group.Wait()
	close(won)
	list, err := w.cycles.ListObstacles(w.member(), &cyclev1.ListObstaclesRequest{Parent: team, States: []cyclev1.ObstacleState{cyclev1.ObstacleState_OBSTACLE_STATE_CURRENT}})
	must(t, err)
	if len(list.GetObstacles()) != 1 {
		t.Fatalf("%d obstacles are current", len(list.GetObstacles()))
	}
	for name := range won { // who asks again for the winner is right as well
		if name != list.GetObstacles()[0].GetName() {
			t.Errorf("%s won too", name)
		}
	}
}

func TestEscalation(t *testing.T) {
	w := newWorld(t)
	w.park(t, "queue", "env")
	escalate := func(owner string) (*cyclev1.Obstacle, error) {
		return w.cycles.EscalateObstacle(w.member(), &cyclev1.EscalateObstacleRequest{Name: obstacle("env"), Owner: owner, Reason: "not ours"})
	}
	for owner, reason := range map[string]string{"users/nobody": "USER_NOT_FOUND", "users/otto": "USER_DEACTIVATED"} {
		_, err := escalate(owner)
		testkit.Refused(t, err, fault.InvalidArgument, reason, "owner")
	}
	asked, err := escalate("users/boss")
	must(t, err)
	// It is Monday the 2nd in Auckland too.
	if e := asked.GetEscalation(); asked.GetState() != escalated || e.GetOwner() != "users/boss" || e.GetAnswerByDate() != "2026-03-16" || e.GetEscalateTime() == nil || e.GetAnswerTime() != nil {
		t.Errorf("escalated %v", asked)
	}
	answer := func(who caller.Caller, state cyclev1.ObstacleState) (*cyclev1.Obstacle, error) {
		return w.cycles.AnswerEscalation(w.As(who), &cyclev1.AnswerEscalationRequest{Name: obstacle("env"), Answer: "you get one", State: state})
	}
	open := func(id string) caller.Caller {
		return caller.Caller{Subject: "users/" + id, OpenTeams: []string{"payments"}}
	}
	_, err = answer(open("mara"), parked)
	testkit.Refused(t, err, fault.PermissionDenied, "ESCALATION_OWNER_NEEDED")
	_, err = answer(callertest.User("vera", "payments", caller.Viewer), parked)
	testkit.Refused(t, err, fault.PermissionDenied, "ESCALATION_OWNER_NEEDED")
	answered, err := answer(open("boss"), parked)
	must(t, err)
	if answered.GetState() != parked || answered.GetEscalation().GetAnswer() != "you get one" || answered.GetEscalation().GetAnswerTime() == nil || w.lot(t) != "env queue" {
		t.Errorf("answered %v, the lot is %s", answered, w.lot(t))
	}
	_, err = answer(open("boss"), parked)
	testkit.Refused(t, err, fault.FailedPrecondition, "OBSTACLE_NOT_ESCALATED")
	_, err = escalate("users/boss")
	must(t, err)
	_, err = answer(callertest.User("jonas", "payments", caller.Member), overcome)
	must(t, err)
	want := []string{"ObstacleParked", "ObstacleParked", "ObstacleEscalated", "EscalationAnswered", "ObstacleEscalated", "EscalationAnswered"}
	if types := w.eventTypes(t); !slices.Equal(types, want) {
		t.Errorf("events %v, want %v", types, want)
	}
}

// everywhere is somebody who works in the teams, and reads no other one.
func everywhere(id string, teams ...string) caller.Caller {
	roles := map[string]caller.Role{}
	for _, team := range teams {
		roles[team] = caller.Member
	}
	return caller.Caller{Subject: "users/" + id, Teams: roles}
}

func TestRecurrence(t *testing.T) {
	w := newWorld(t)
	all := everywhere("root", "payments", "search", "secret")
	for name, text := range map[string]string{
		"teams/payments/obstacles/queue": "Reviews wait for volunteers", "teams/payments/obstacles/old": "The reviews wait, again",
		"teams/search/obstacles/queue": "reviews WAIT for: volunteers!", "teams/search/obstacles/env": "No environment of our own",
		"teams/secret/obstacles/queue": "Reviews wait for volunteers",
	} {
		parent, id, _ := strings.Cut(name, "/obstacles/")
		_, err := w.cycles.CreateObstacle(w.As(all), &cyclev1.CreateObstacleRequest{Parent: parent, ObstacleId: id, Obstacle: &cyclev1.Obstacle{Description: text}})
		must(t, err)
	}
	recognized := func(who caller.Caller) string {
		t.Helper()
		answer, err := w.cycles.RecognizeObstacle(w.As(who), &cyclev1.RecognizeObstacleRequest{Name: obstacle("queue")})
		must(t, err)
		var got []string
		for _, same := range answer.GetSameObstacles() {
			got = append(got, fmt.Sprintf("%s %d %v", strings.TrimPrefix(same.GetObstacle(), "teams/"), same.GetSimilarityPercent(), same.GetLinked()))
		}
		return fmt.Sprintf("%s; %d times in %d teams", strings.Join(got, ", "), answer.GetRecurrenceCount(), answer.GetTeamCount())
	}
	check := func(who caller.Caller, want string) {
		t.Helper()
		if got := recognized(who); got != want {
			t.Errorf("%s recognises %q, want %q", who.Subject, got, want)
		}
	}
	jonas := everywhere("jonas", "payments", "search")
	check(jonas, "search/obstacles/queue 100 false, payments/obstacles/old 50 false; 1 times in 1 teams")
	check(callertest.Manager("mara"), "search/obstacles/queue 100 false, secret/obstacles/queue 100 false, payments/obstacles/old 50 false; 1 times in 1 teams")

	link := func(who caller.Caller, id, to string) (*cyclev1.Obstacle, error) {
		return w.cycles.LinkObstacle(w.As(who), &cyclev1.LinkObstacleRequest{Name: obstacle(id), SameAs: "teams/" + to})
	}
	_, err := link(jonas, "queue", "payments/obstacles/queue")
	testkit.Refused(t, err, fault.InvalidArgument, "LINK_TO_ITSELF", "same_as")
	_, hidden := link(jonas, "queue", "secret/obstacles/queue")
	_, none := link(jonas, "queue", "secret/obstacles/none")
	testkit.Refused(t, hidden, fault.InvalidArgument, "OBSTACLE_NOT_FOUND", "same_as")
	if h, n := hidden.Error(), none.Error(); strings.ReplaceAll(h, "secret/obstacles/queue", "X") != strings.ReplaceAll(n, "secret/obstacles/none", "X") {
		t.Errorf("hidden: %s\nnone: %s", h, n)
	}
	bot := caller.Caller{Subject: "teams/payments/tokens/slack", Teams: map[string]caller.Role{"payments": caller.Member}}
	_, err = link(bot, "queue", "payments/obstacles/old")
	testkit.Refused(t, err, fault.PermissionDenied, "PERSON_NEEDED")
	_, err = w.cycles.UnlinkObstacle(w.As(bot), &cyclev1.UnlinkObstacleRequest{Name: obstacle("queue")})
	testkit.Refused(t, err, fault.PermissionDenied, "PERSON_NEEDED")

	// The team that nobody sees says that its own is the same: nobody else learns of it.
	_, err = w.cycles.LinkObstacle(w.As(all), &cyclev1.LinkObstacleRequest{Name: "teams/secret/obstacles/queue", SameAs: obstacle("queue")})
	must(t, err)
	check(jonas, "search/obstacles/queue 100 false, payments/obstacles/old 50 false; 1 times in 1 teams")
	check(all, "secret/obstacles/queue 100 true, search/obstacles/queue 100 false, payments/obstacles/old 50 false; 2 times in 2 teams")

	_, err = link(jonas, "old", "payments/obstacles/queue")
	must(t, err)
	linked, err := link(jonas, "queue", "search/obstacles/env") // old comes with it, the hidden one does not
	must(t, err)
	check(jonas, "payments/obstacles/old 50 true, search/obstacles/env 0 true, search/obstacles/queue 100 false; 3 times in 2 teams")
	again, err := link(jonas, "queue", "search/obstacles/env")
	must(t, err)
	if again.GetEtag() != linked.GetEtag() {
		t.Error("the same link twice is a change")
	}
	_, err = w.cycles.UnlinkObstacle(w.As(jonas), &cyclev1.UnlinkObstacleRequest{Name: obstacle("queue")})
	must(t, err)
	check(jonas, "search/obstacles/queue 100 false, payments/obstacles/old 50 false; 1 times in 1 teams")
	for _, happening := range testkit.Records(t, w.service.Log) {
		data, err := happening.Message()
		must(t, err)
		text, err := proto.Marshal(data)
		must(t, err)
		for _, other := range []string{"payments", "search", "secret"} {
			if other != happening.Team && strings.Contains(string(text), "teams/"+other) {
				t.Errorf("%s of %s names team %s", happening.Type, happening.Subject, other)
			}
		}
	}
	if types := w.eventTypes(t); !slices.Equal(types[5:], []string{"ObstacleLinked", "ObstacleLinked", "ObstacleLinked", "ObstacleLinked", "ObstacleUnlinked"}) {
		t.Errorf("events %v", types)
	}
}

// A cycle that finishes is kept with the obstacle that was current.
func TestOutlastedCycle(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	for _, phase := range []cyclev1.Phase{cyclev1.Phase_PHASE_PLAN, cyclev1.Phase_PHASE_DO, cyclev1.Phase_PHASE_CHECK, cyclev1.Phase_PHASE_ACT} {
		w.Clock.Advance(time.Hour)
		_, err := w.cycles.AdvanceCycle(w.coach(), &cyclev1.AdvanceCycleRequest{Name: first, Phase: phase, CoachReason: "because"})
		must(t, err)
	}
	o, err := w.cycles.GetObstacle(w.member(), &cyclev1.GetObstacleRequest{Name: obstacle("queue")})
	must(t, err)
	if !slices.Equal(o.GetOutlastedCycles(), []string{first}) || o.GetStuckTime() != nil {
		t.Errorf("after a cycle: %v", o)
	}
}
