package consumer_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/notification/internal/consumer"
	"github.com/fortnighthq/fortnight/services/notification/internal/domain"
	"github.com/fortnighthq/fortnight/services/notification/internal/store"
	"github.com/fortnighthq/fortnight/services/notification/internal/store/migrations"
)

const (
	team  = "teams/payments"
	cycle = team + "/cycles/2026-w11"
	retro = cycle + "/retrospective"
	rota  = cycle + "/experiments/rota"
	pairs = cycle + "/experiments/pairs"
)

func each(t *testing.T, fn func(t *testing.T, l *eventlog.Log)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, testkit.New(t).Log(engine, "notification", migrations.FS)) })
	}
}

func happened(subject string, version int64, data proto.Message) eventlog.Record {
	payload, err := protojson.Marshal(data)
	if err != nil {
		panic(err)
	}
	return eventlog.Record{
		Type: string(data.ProtoReflect().Descriptor().FullName()), Team: "payments", Subject: subject, AggregateVersion: version, Data: payload,
	}
}

func inPhase(phase cyclev1.Phase) *cyclev1.Cycle {
	plan := func(phase cyclev1.Phase, start, end string) *cyclev1.PhasePlan {
		return &cyclev1.PhasePlan{Phase: phase, StartDate: start, EndDate: end}
	}
	return &cyclev1.Cycle{
		Name: cycle, State: cyclev1.CycleState_CYCLE_STATE_ACTIVE, Phase: phase,
		PhasePlan: []*cyclev1.PhasePlan{
			plan(cyclev1.Phase_PHASE_PLAN, "2026-03-09", "2026-03-11"), plan(cyclev1.Phase_PHASE_DO, "2026-03-11", "2026-03-19"),
			plan(cyclev1.Phase_PHASE_CHECK, "2026-03-19", "2026-03-21"), plan(cyclev1.Phase_PHASE_ACT, "2026-03-21", "2026-03-23"),
		},
	}
}

func andon(id string, state cyclev1.AndonState) *cyclev1.Andon {
	return &cyclev1.Andon{
		Name: cycle + "/andons/" + id, Problem: id, State: state, CreateTime: timestamppb.New(time.Date(2026, 3, 10, 10, 0, 0, 0, time.UTC)),
	}
}

func experiment(name string, state experimentv1.ExperimentState, checks ...*experimentv1.HoldCheck) *experimentv1.Experiment {
	x := &experimentv1.Experiment{Name: name, DisplayName: name, State: state, Prediction: &experimentv1.Prediction{ByDate: "2026-03-18"}, HoldChecks: checks}
	if state != experimentv1.ExperimentState_EXPERIMENT_STATE_DRAFT {
		x.StartTime = timestamppb.Now()
	}
	return x
}

func action(id string, state retrospectivev1.ActionState) *retrospectivev1.Action {
	return &retrospectivev1.Action{Name: retro + "/actions/" + id, Text: id, DueDate: "2026-04-01", State: state}
}

// sources are the events of each source, in its order. The team moves to New York, the cycle is in ACT with its
// retrospective closed.
func sources() [][]eventlog.Record {
	const (
		draft, running    = experimentv1.ExperimentState_EXPERIMENT_STATE_DRAFT, experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING
		concluded, gaveUp = experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED, experimentv1.ExperimentState_EXPERIMENT_STATE_ABANDONED
	)
	const (
		proposed, open = retrospectivev1.ActionState_ACTION_STATE_PROPOSED, retrospectivev1.ActionState_ACTION_STATE_OPEN
		done, dropped  = retrospectivev1.ActionState_ACTION_STATE_DONE, retrospectivev1.ActionState_ACTION_STATE_DROPPED
	)
	later := action("ask", open)
	later.DueDate = "2026-04-02"
	hold := &experimentv1.HoldCheck{DueDate: "2026-04-06", Weeks: 2}
	return [][]eventlog.Record{
		{
			happened(team, 1, &identityv1.TeamCreated{Team: &identityv1.Team{TimeZone: "Europe/Berlin"}}),
			happened(team, 2, &identityv1.TeamUpdated{Team: &identityv1.Team{TimeZone: "America/New_York"}}),
		},
		{
			happened(cycle, 1, &cyclev1.CycleStarted{Cycle: inPhase(cyclev1.Phase_PHASE_PLAN)}),
			happened(cycle, 2, &cyclev1.CycleAdvanced{Cycle: inPhase(cyclev1.Phase_PHASE_DO)}),
			happened(cycle+"/andons/red", 1, &cyclev1.AndonRaised{Andon: andon("red", cyclev1.AndonState_ANDON_STATE_OPEN)}),
			happened(cycle+"/andons/red", 2, &cyclev1.AndonResolved{Andon: andon("red", cyclev1.AndonState_ANDON_STATE_RESOLVED)}),
			happened(cycle+"/andons/blue", 1, &cyclev1.AndonRaised{Andon: andon("blue", cyclev1.AndonState_ANDON_STATE_OPEN)}),
			happened(cycle, 3, &cyclev1.CycleAdvanced{Cycle: inPhase(cyclev1.Phase_PHASE_ACT)}),
		},
		{
			happened(rota, 2, &experimentv1.ExperimentLocked{Experiment: experiment(rota, draft)}),
			happened(rota, 3, &experimentv1.ExperimentStarted{Experiment: experiment(rota, running)}),
			happened(pairs, 3, &experimentv1.ExperimentStarted{Experiment: experiment(pairs, running)}),
			happened(rota, 4, &experimentv1.ExperimentConcluded{Experiment: experiment(rota, concluded)}),
			happened(rota, 5, &experimentv1.HoldChecksScheduled{Experiment: experiment(rota, concluded, hold)}),
			happened(cycle+"/experiments/swarm", 3, &experimentv1.ExperimentStarted{Experiment: experiment(cycle+"/experiments/swarm", running)}),
			happened(pairs, 4, &experimentv1.ExperimentAbandoned{Experiment: experiment(pairs, gaveUp)}),
		},
		{
			happened(retro, 1, &retrospectivev1.RetrospectiveOpened{Retrospective: &retrospectivev1.Retrospective{Name: retro}}),
			happened(retro+"/actions/wiki", 1, &retrospectivev1.ActionProposed{Action: action("wiki", proposed)}),
			happened(retro+"/actions/idea", 1, &retrospectivev1.ActionProposed{Action: action("idea", proposed)}),
			happened(retro+"/actions/ask", 1, &retrospectivev1.ActionProposed{Action: &retrospectivev1.Action{Name: retro + "/actions/ask", State: proposed}}),
			happened(retro+"/actions/idea", 2, &retrospectivev1.ActionDropped{Action: action("idea", dropped)}),
			happened(retro+"/actions/ask", 2, &retrospectivev1.ActionChanged{Action: action("ask", proposed)}),
			happened(retro+"/actions/wiki", 2, &retrospectivev1.ActionAgreed{Action: action("wiki", open)}),
			happened(retro+"/actions/ask", 3, &retrospectivev1.ActionAgreed{Action: action("ask", open)}),
			happened(retro+"/actions/tour", 2, &retrospectivev1.ActionAgreed{Action: action("tour", open)}),
			happened(retro, 2, &retrospectivev1.RetrospectiveClosed{Retrospective: &retrospectivev1.Retrospective{Name: retro}}),
			happened(retro+"/actions/wiki", 3, &retrospectivev1.ActionCompleted{Action: action("wiki", done)}),
			happened(retro+"/actions/ask", 4, &retrospectivev1.ActionChanged{Action: later}),
			happened(retro+"/actions/tour", 3, &retrospectivev1.ActionDropped{Action: action("tour", dropped)}),
			happened(retro+"/actions/wiki", 4, &retrospectivev1.ActionChanged{Action: action("wiki", done)}),
		},
	}
}

// ends is where the reminders stand after all that, in whatever order the sources came. What is due on a day is due at 9
// in New York, where clocks have moved on 8 March already. When something was due that no longer is matters to nobody.
const ends = `ACTION /retrospective/actions/ask: PENDING 2026-04-02T13:00:00Z
ACTION /retrospective/actions/tour: OBSOLETE
ACTION /retrospective/actions/wiki: OBSOLETE
ANDON /andons/blue: PENDING 2026-03-10T10:00:00Z
ANDON /andons/red: OBSOLETE
CYCLE_START : OBSOLETE
GATE : OBSOLETE
GATE : OBSOLETE
GATE : OBSOLETE
GATE : PENDING 2026-03-23T13:00:00Z
HOLD_CHECK /experiments/rota: PENDING 2026-04-06T13:00:00Z
OUTCOME /experiments/pairs: OBSOLETE
OUTCOME /experiments/rota: OBSOLETE
OUTCOME /experiments/swarm: PENDING 2026-03-18T13:00:00Z
RETROSPECTIVE : OBSOLETE`

var errUndone = errors.New("undone")

// after is where the reminders stand after the events, in a transaction that leaves nothing behind.
func after(t rapid.TB, l *eventlog.Log, events ...eventlog.Record) string {
	t.Helper()
	var lines []string
	ctx := context.Background() // rapid's T has none
	err := l.Do(ctx, func(tx *eventlog.Tx) error {
		for _, event := range events {
			if err := consumer.Handle(tx, event); err != nil {
				return err
			}
		}
		rows, err := store.Reminders.All(ctx, tx, l, team)
		if err != nil {
			return err
		}
		lines = nil
		for _, row := range rows {
			r := row.Value
			line := fmt.Sprintf("%s %s: %s", r.Kind, strings.TrimPrefix(r.Subject, cycle), r.State)
			if r.State == domain.Pending {
				line += r.DueTime.UTC().Format(" " + time.RFC3339)
			}
			lines = append(lines, line)
		}
		return errUndone
	})
	if !errors.Is(err, errUndone) {
		t.Fatal(err)
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

func TestOneSourceAfterTheOther(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		for _, order := range [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 3, 2, 0}} {
			var events []eventlog.Record
			for _, source := range order {
				events = append(events, sources()[source]...)
			}
			if got := after(t, l, events...); got != ends {
				t.Errorf("in the order %v:\n%s\nwant\n%s", order, got, ends)
			}
		}
	})
}

// Each source keeps its order, but nothing orders the sources among each other; and a source that was restored begins
// anew.
func TestAnyInterleavingEndsAlike(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		rapid.Check(t, func(t *rapid.T) {
			var events []eventlog.Record
			left := sources()
			for {
				left = slices.DeleteFunc(left, func(source []eventlog.Record) bool { return len(source) == 0 })
				if len(left) == 0 {
					break
				}
				i := rapid.IntRange(0, len(left)-1).Draw(t, "source")
				events, left[i] = append(events, left[i][0]), left[i][1:]
			}
			again := sources()[rapid.IntRange(0, 3).Draw(t, "restored")]
			events = append(events, again[:rapid.IntRange(0, len(again)).Draw(t, "as far as")]...)
			if got := after(t, l, events...); got != ends {
				t.Errorf("got\n%s\nwant\n%s", got, ends)
			}
		})
	})
}

func TestWhatNoReminderDependsOn(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		unheard := eventlog.Record{Type: "fortnight.cycle.v9.CycleDoubled", Team: "payments", Subject: cycle, AggregateVersion: 99, Data: []byte(`{"cycle":{}}`)}
		member := happened(team+"/members/mina", 1, &identityv1.MemberAdded{Member: &identityv1.Member{}})
		drafted := happened(rota, 1, &experimentv1.ExperimentDrafted{Experiment: experiment(rota, experimentv1.ExperimentState_EXPERIMENT_STATE_DRAFT)})
		if got := after(t, l, unheard, member, drafted); got != "" {
			t.Errorf("reminders %s", got)
		}
		// What is unknown has not been followed: the version that it had counts for nobody.
		if got := after(t, l, unheard, sources()[1][0]); strings.Count(got, "PENDING") != 6 {
			t.Errorf("reminders %s", got)
		}

		unreadable := sources()[1][0]
		unreadable.Data = []byte(`{"cycle":7}`)
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error { return consumer.Handle(tx, unreadable) })
		if f := fault.From(err); f.Reason != "EVENT_DATA_INVALID" {
			t.Errorf("what cannot be read: %v", err)
		}
	})
}

// A draft's days count from its start on, and a gate is due on its own day where the event tells one.
func TestADraftIsDueWhenItStarts(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		draft := inPhase(cyclev1.Phase_PHASE_PLAN)
		draft.State = cyclev1.CycleState_CYCLE_STATE_DRAFT
		drafted := []eventlog.Record{sources()[0][0], happened(cycle, 1, &cyclev1.CycleDrafted{Cycle: draft}), happened(cycle, 2, &cyclev1.CycleUpdated{Cycle: draft})}
		if got := after(t, l, drafted...); got != "" {
			t.Errorf("a draft is due: %s", got)
		}
		started := inPhase(cyclev1.Phase_PHASE_PLAN)
		started.PhasePlan[1].GateDate = "2026-03-18"
		got := after(t, l, happened(cycle, 3, &cyclev1.CycleStarted{Cycle: started}))
		for _, want := range []string{"2026-03-11", "2026-03-18", "2026-03-21", "2026-03-23"} {
			if !strings.Contains(got, "GATE") || !strings.Contains(got, want) {
				t.Errorf("%s lacks a gate on %s", got, want)
			}
		}
		if strings.Count(got, "PENDING") != 6 || strings.Contains(got, "2026-03-19") {
			t.Errorf("the start is followed by %s", got)
		}
	})
}

func TestACycleThatEnds(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		for state, data := range map[cyclev1.CycleState]func(*cyclev1.Cycle) proto.Message{
			cyclev1.CycleState_CYCLE_STATE_FINISHED:  func(c *cyclev1.Cycle) proto.Message { return &cyclev1.CycleFinished{Cycle: c} },
			cyclev1.CycleState_CYCLE_STATE_CANCELLED: func(c *cyclev1.Cycle) proto.Message { return &cyclev1.CycleCancelled{Cycle: c} },
		} {
			ended := inPhase(cyclev1.Phase_PHASE_DO)
			ended.State = state
			got := after(t, l, sources()[1][0], happened(cycle, 9, data(ended)))
			if strings.Count(got, "OBSOLETE") != 6 || strings.Contains(got, "PENDING") {
				t.Errorf("%s: %s", state, got)
			}
		}
	})
}
