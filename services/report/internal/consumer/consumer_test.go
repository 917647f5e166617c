package consumer_test

import (
	"context"
	"errors"
	"reflect"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/report/internal/consumer"
	"github.com/fortnighthq/fortnight/services/report/internal/domain"
	"github.com/fortnighthq/fortnight/services/report/internal/store"
	"github.com/fortnighthq/fortnight/services/report/internal/store/migrations"
)

const cycle = "teams/payments/cycles/2026-w10"

var (
	monday = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)
	period = domain.Period{From: monday.AddDate(0, 0, -1), To: monday.AddDate(0, 0, 14)}
)

func each(t *testing.T, fn func(t *testing.T, l *eventlog.Log)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, testkit.New(t).Log(engine, "report", migrations.FS)) })
	}
}

// happened is an event of the team payments, so many days after Monday.
func happened(source, subject string, version int64, day int, data proto.Message) eventlog.Record {
	payload, err := protojson.Marshal(data)
	if err != nil {
		panic(err)
	}
	return eventlog.Record{
		Source: source, Type: string(data.ProtoReflect().Descriptor().FullName()), Team: "payments", Subject: subject,
		AggregateVersion: version, Time: monday.AddDate(0, 0, day), Data: payload,
	}
}

func experiment(id string, verdict experimentv1.Verdict) *experimentv1.Experiment {
	x := &experimentv1.Experiment{
		Name: cycle + "/experiments/" + id, DisplayName: "The " + id, LockTime: timestamppb.New(monday), Prediction: &experimentv1.Prediction{Sentence: "If."},
	}
	if verdict != 0 {
		x.Outcome = &experimentv1.Outcome{Verdict: verdict, Happened: "Then.", Learned: "That.", ConcludeTime: timestamppb.New(monday.AddDate(0, 0, 7))}
	}
	return x
}

// story is what happened, in its order.
func story() []eventlog.Record {
	rota, pairs := experiment("rota", experimentv1.Verdict_VERDICT_AS_PREDICTED), experiment("pairs", experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED)
	obstacle := func(id string, state cyclev1.ObstacleState) proto.Message {
		return &cyclev1.ObstacleSettled{Obstacle: &cyclev1.Obstacle{Description: "the " + id, State: state}}
	}
	asked := &cyclev1.ObstacleEscalated{Obstacle: &cyclev1.Obstacle{Description: "the env", State: cyclev1.ObstacleState_OBSTACLE_STATE_ESCALATED}}
	return []eventlog.Record{
		happened("identity", "teams/payments", 1, 0, &identityv1.TeamCreated{Team: &identityv1.Team{DisplayName: "Pay"}}),
		happened("identity", "teams/payments", 2, 1, &identityv1.TeamUpdated{Team: &identityv1.Team{DisplayName: "Payments"}}),
		happened("experiment", rota.GetName(), 2, 1, &experimentv1.ExperimentLocked{Experiment: experiment("rota", 0)}),
		happened("experiment", pairs.GetName(), 2, 1, &experimentv1.ExperimentLocked{Experiment: experiment("pairs", 0)}),
		happened("experiment", rota.GetName(), 4, 7, &experimentv1.ExperimentConcluded{Experiment: rota}),
		happened("experiment", pairs.GetName(), 4, 7, &experimentv1.ExperimentConcluded{Experiment: pairs}),
		happened("cycle", "teams/payments/obstacles/queue", 3, 8, obstacle("queue", cyclev1.ObstacleState_OBSTACLE_STATE_ESCALATED)),
		happened("cycle", "teams/payments/obstacles/env", 3, 8, asked),
		happened("cycle", "teams/payments/obstacles/noise", 3, 8, obstacle("noise", cyclev1.ObstacleState_OBSTACLE_STATE_OVERCOME)),
		happened("cycle", cycle, 5, 9, &cyclev1.CycleFinished{Cycle: &cyclev1.Cycle{Name: cycle}}),
		happened("knowledge", "learnings/rota", 2, 9, &knowledgev1.LearningPublished{Learning: &knowledgev1.Learning{Team: "teams/payments"}}),
	}
}

var errUndone = errors.New("undone")

// reported is the report after the events, in a transaction that leaves nothing behind.
func reported(t rapid.TB, l *eventlog.Log, events []eventlog.Record) (report domain.Report) {
	t.Helper()
	ctx := context.Background() // rapid's T has none
	err := l.Do(ctx, func(tx *eventlog.Tx) (err error) {
		for _, event := range events {
			if err := consumer.Handle(tx, event); err != nil {
				return err
			}
		}
		if report, err = store.LearningReport(ctx, tx, period, func(string) bool { return true }); err != nil {
			return err
		}
		return errUndone
	})
	if !errors.Is(err, errUndone) {
		t.Fatal(err)
	}
	return report
}

func TestTheReportOfAStory(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		want := domain.Report{
			Period: period, DataTime: monday.AddDate(0, 0, 9),
			Teams: []domain.TeamLearning{{
				Team: "teams/payments", DisplayName: "Payments", CyclesFinished: 1, LearningsPublished: 1,
				Predictions: domain.Predictions{Locked: 2, AsPredicted: 1, NotAsPredicted: 1},
			}},
			Surprises: []domain.Surprise{{
				Experiment: cycle + "/experiments/pairs", DisplayName: "The pairs", Expected: "If.", Happened: "Then.", Learned: "That.",
			}},
			EscalatedObstacles: []string{"the env", "the queue"},
		}
		if got := reported(t, l, story()); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}
	})
}

// A source that was restored sends its events once more, and the sources do not wait for each other: neither the order nor
// how often an event is applied may change a report.
func TestOrderAndRepetitionChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		want := reported(t, l, story())
		rapid.Check(t, func(t *rapid.T) {
			events := append(story(), rapid.SliceOfN(rapid.SampledFrom(story()), 0, 5).Draw(t, "again")...)
			events = rapid.Permutation(events).Draw(t, "order")
			if got := reported(t, l, events); !reflect.DeepEqual(got, want) {
				t.Errorf("got  %+v\nwant %+v", got, want)
			}
		})
	})
}

func TestWhatNobodyKnowsIsIgnored(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		want := reported(t, l, story())
		unheard := eventlog.Record{Source: "cycle", Type: "fortnight.cycle.v9.CycleDoubled", Team: "payments", Subject: cycle, AggregateVersion: 99, Time: monday.AddDate(0, 0, 10), Data: []byte(`{"x":1}`)}
		want.DataTime = unheard.Time
		if got := reported(t, l, append(story(), unheard)); !reflect.DeepEqual(got, want) {
			t.Errorf("got  %+v\nwant %+v", got, want)
		}

		unreadable := story()[0]
		unreadable.Data = []byte(`{"team":7}`)
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error { return consumer.Handle(tx, unreadable) })
		if f := fault.From(err); f.Reason != "EVENT_DATA_INVALID" {
			t.Errorf("what cannot be read: %v", err)
		}
	})
}
