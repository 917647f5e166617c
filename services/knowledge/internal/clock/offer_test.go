package clock_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/clock"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/consumer"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store/migrations"
)

// opened is a knowledge base that goes by the clock.
func opened(t *testing.T, engine db.Engine, c *testkit.Clock) *eventlog.Log {
	t.Helper()
	cfg := dbtest.Config(t, engine)
	cfg.Migrations, cfg.Clock = db.Merge(eventlog.Migrations, migrations.FS), c.Now
	l, err := eventlog.Open(t.Context(), dbtest.Start(t, cfg), "knowledge", nil, eventlog.WithClock(c.Now))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// told is an event of a source.
type told struct {
	handle func(*eventlog.Tx, eventlog.Record) error
	record eventlog.Record
}

var start = testkit.NewClock().Now()

// event is the version-th of its resource, so many minutes after the start.
func event(minute, version int, data proto.Message) told {
	body, err := protojson.Marshal(data)
	if err != nil {
		panic(err)
	}
	name := data.ProtoReflect().Descriptor().FullName()
	handle := map[string]func(*eventlog.Tx, eventlog.Record) error{
		"fortnight.identity.v1": consumer.Identity, "fortnight.cycle.v1": consumer.Cycle,
		"fortnight.experiment.v1": consumer.Experiment, "fortnight.retrospective.v1": consumer.Retrospective,
	}[string(name.Parent())]
	return told{handle, eventlog.Record{Type: string(name), Time: start.Add(time.Duration(minute) * time.Minute), AggregateVersion: int64(version), Data: body}}
}

func team(minute int, id string) told {
	return event(minute, 1, &identityv1.TeamCreated{Team: &identityv1.Team{Name: "teams/" + id, State: identityv1.TeamState_TEAM_STATE_ACTIVE}})
}

// published is what makes a published learning: a concluded experiment and a closed retrospective, each of its source.
func published(minute int, id, claim string) (experiment, retrospective told) {
	name := "teams/payments/cycles/2026-w10/experiments/" + id
	return event(minute-1, 1, &experimentv1.ExperimentConcluded{Experiment: &experimentv1.Experiment{
			Name: name, Prediction: &experimentv1.Prediction{Change: "Two named reviewers."}, Outcome: &experimentv1.Outcome{Learned: "Names help.", Happened: "Faster."},
		}}),
		event(minute, 1, &retrospectivev1.RetrospectiveClosed{Retrospective: &retrospectivev1.Retrospective{
			Name:      "teams/payments/cycles/2026-w10/retrospective",
			Learnings: []*retrospectivev1.DistilledLearning{{Experiment: name, Claim: claim}},
		}})
}

// taskT is what the tests of this file and properties have in common.
type taskT interface {
	Helper()
	Fatal(args ...any)
}

func apply(t taskT, l *eventlog.Log, e told) {
	t.Helper()
	if err := l.Do(context.Background(), func(tx *eventlog.Tx) error { return e.handle(tx, e.record) }); err != nil {
		t.Fatal(err)
	}
}

// settle does the tasks of offers until nothing is due.
func settle(t taskT, l *eventlog.Log) {
	t.Helper()
	for again := true; again; {
		again = false
		for _, task := range clock.Offers() {
			names, err := store.DueNow(context.Background(), l, task.Task)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range names {
				again = true
				if err := task.Do(context.Background(), l, name); err != nil {
					t.Fatal(err)
				}
			}
		}
	}
}

// offered is who was offered what, such as "mobile: rota", sorted; what is there twice would be named twice.
func offered(t taskT, l *eventlog.Log, learnings map[string]string, teams ...string) []string {
	t.Helper()
	all := []string{}
	for _, team := range teams {
		rows, err := store.Offers.All(context.Background(), l.DB().Read(), l, "teams/"+team)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rows {
			all = append(all, team+": "+learnings[r.Value.Learning()])
		}
	}
	slices.Sort(all)
	return all
}

// claims share no words with each other; obstacles are worded like claims.
var claims = []string{"A rota halves how long reviews wait", "Flaky tests hide broken builds", "Small releases shorten outages"}

// life is what happens to an obstacle: at a minute it comes to a state with a text, given by its number.
type life struct {
	minute, text int
	state        cyclev1.ObstacleState
}

func (l life) inReach() bool {
	return l.state == cyclev1.ObstacleState_OBSTACLE_STATE_PARKED || l.state == cyclev1.ObstacleState_OBSTACLE_STATE_CURRENT
}

func (l life) event(name string, version int) told {
	o := &cyclev1.Obstacle{Name: name, Description: claims[l.text], State: l.state}
	return event(l.minute, version, map[cyclev1.ObstacleState]proto.Message{
		cyclev1.ObstacleState_OBSTACLE_STATE_PARKED: &cyclev1.ObstacleParked{Obstacle: o}, cyclev1.ObstacleState_OBSTACLE_STATE_CURRENT: &cyclev1.ObstacleMadeCurrent{Obstacle: o},
		cyclev1.ObstacleState_OBSTACLE_STATE_OVERCOME: &cyclev1.ObstacleSettled{Obstacle: o}, cyclev1.ObstacleState_OBSTACLE_STATE_ESCALATED: &cyclev1.ObstacleEscalated{Obstacle: o},
	}[l.state])
}

// After broker and knowledge service were away, the sources are heard in any interleaving, some events twice. Who is offered what goes by
// when things happened, and by nothing else.
func TestOffersDoNotDependOnWhichSourceIsHeardFirst(t *testing.T) {
	c := testkit.NewClock()
	c.Advance(100 * time.Minute)
	rapid.Check(t, func(r *rapid.T) {
		l := opened(t, db.SQLite, c)
		minutes := rapid.IntRange(10, 99)
		var identity, cycle, experiments, retrospectives []told
		teams := []string{"mobile", "search", "web"}
		lives := map[string][]life{}
		for i, id := range teams {
			born := i * 30 // one is there from the start, one is new in the middle
			identity = append(identity, team(born, id))
			var all []life
			at := rapid.SliceOfN(minutes, 0, 6).Draw(r, "minutes of "+id)
			slices.Sort(at)
			for version, minute := range at {
				step := life{minute, rapid.IntRange(0, len(claims)-1).Draw(r, "text"), rapid.SampledFrom([]cyclev1.ObstacleState{
					cyclev1.ObstacleState_OBSTACLE_STATE_PARKED, cyclev1.ObstacleState_OBSTACLE_STATE_CURRENT,
					cyclev1.ObstacleState_OBSTACLE_STATE_OVERCOME, cyclev1.ObstacleState_OBSTACLE_STATE_ESCALATED,
				}).Draw(r, "state")}
				all = append(all, step)
				cycle = append(cycle, step.event("teams/"+id+"/obstacles/o", version+1))
			}
			lives[id] = all
		}
		slices.SortStableFunc(cycle, func(a, b told) int { return a.record.Time.Compare(b.record.Time) })

		want, names := []string{}, map[string]string{}
		for i := range rapid.IntRange(1, 4).Draw(r, "learnings") {
			id, minute, text := fmt.Sprint("e", i), minutes.Draw(r, "published"), rapid.IntRange(0, len(claims)-1).Draw(r, "claim")
			e, closed := published(minute, id, claims[text])
			experiments, retrospectives = append(experiments, e), append(retrospectives, closed)
			x, err := domain.New("teams/payments/cycles/2026-w10/experiments/" + id)
			if err != nil {
				r.Fatal(err)
			}
			names[x.Name] = id
			// The rule once more, told in other words: whoever had such an obstacle at any time before, as all of it was within the lag.
			for j, team := range teams {
				if j*30 <= minute && slices.ContainsFunc(lives[team], func(l life) bool { return l.inReach() && l.text == text && l.minute <= minute }) {
					want = append(want, team+": "+id)
				}
			}
		}
		slices.Sort(want)

		sources := [][]told{identity, cycle, experiments, retrospectives}
		var heard []told
		for slices.ContainsFunc(sources, func(s []told) bool { return len(s) > 0 }) {
			if i := rapid.IntRange(0, len(sources)-1).Draw(r, "source"); len(sources[i]) > 0 {
				apply(r, l, sources[i][0])
				heard, sources[i] = append(heard, sources[i][0]), sources[i][1:]
			}
			if len(heard) > 0 && rapid.IntRange(0, 4).Draw(r, "again") == 0 {
				apply(r, l, rapid.SampledFrom(heard).Draw(r, "which"))
			}
			if rapid.Bool().Draw(r, "settle") {
				settle(r, l)
			}
		}
		settle(r, l)
		if got := offered(r, l, names, teams...); !slices.Equal(got, want) {
			r.Fatalf("offered %q, want %q", got, want)
		}
	})
}

// The tasks are done by themselves: woken by a commit, and when their time has come.
func TestLearningsAreCarriedToTeams(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			c := testkit.NewClock()
			l := opened(t, engine, c)
			ctx, cancel := context.WithCancel(t.Context())
			stopped := make(chan error, 1)
			go func() { stopped <- clock.Run(ctx, l, nil, clock.Offers()...) }()
			defer func() {
				cancel()
				if err := <-stopped; err != nil {
					t.Error(err)
				}
			}()
			e, closed := published(1, "rota", claims[0])
			parked := life{0, 0, cyclev1.ObstacleState_OBSTACLE_STATE_PARKED}.event("teams/mobile/obstacles/o", 1)
			c.Advance(time.Hour)
			for _, e := range []told{e, closed, team(-1, "mobile"), parked} { // the learning is known first
				apply(t, l, e)
			}
			state := func(want domain.OfferState) func() bool {
				return func() bool {
					rows, err := store.Offers.All(ctx, l.DB().Read(), l, "teams/mobile")
					return err == nil && len(rows) == 1 && rows[0].Value.State == want
				}
			}
			testkit.Eventually(t, "it is offered", state(domain.Open))
			c.Advance(14 * 24 * time.Hour)
			testkit.Eventually(t, "there is no answer", state(domain.NoAnswer))
		})
	}
}
