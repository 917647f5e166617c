package cycle_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const coached = team + "/coachingSessions/monday"

// members are the people of the team as identity knows them.
var members = map[string]identityv1.TeamRole{
	"mina": identityv1.TeamRole_TEAM_ROLE_COACH, "aiko": identityv1.TeamRole_TEAM_ROLE_COACH,
	"jonas": identityv1.TeamRole_TEAM_ROLE_MEMBER, "vera": identityv1.TeamRole_TEAM_ROLE_VIEWER,
	"otto": identityv1.TeamRole_TEAM_ROLE_COACH, // who was deactivated
}

// GetUser knows the members, and four others: boss is active, otto and gone were deactivated, hidden is shown to nobody.
func (o *others) GetUser(_ context.Context, req *identityv1.GetUserRequest) (*identityv1.User, error) {
	id := strings.TrimPrefix(req.GetName(), "users/")
	user := &identityv1.User{Name: req.GetName(), State: identityv1.UserState_USER_STATE_ACTIVE}
	switch _, member := members[id]; {
	case id == "hidden":
		return nil, fault.New(fault.PermissionDenied, "PERMISSION_DENIED", "none of yours")
	case id == "otto" || id == "gone":
		user.State = identityv1.UserState_USER_STATE_DEACTIVATED
	case !member && id != "boss":
		return nil, fault.New(fault.NotFound, "USER_NOT_FOUND", "none")
	}
	return user, nil
}

func (o *others) GetMember(_ context.Context, req *identityv1.GetMemberRequest) (*identityv1.Member, error) {
	id := strings.TrimPrefix(req.GetName(), team+"/members/")
	role, known := members[id]
	if !known {
		return nil, fault.New(fault.NotFound, "MEMBER_NOT_FOUND", "none")
	}
	return &identityv1.Member{Name: req.GetName(), User: "users/" + id, Role: role}, nil
}

func (o *others) ListMeasurements(_ context.Context, req *experimentv1.ListMeasurementsRequest) (*experimentv1.ListMeasurementsResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if req.GetParent() != team+"/metrics/wait" {
		return nil, fault.New(fault.NotFound, "METRIC_NOT_FOUND", "none")
	}
	if req.GetPageToken() == "" && len(o.measurements) > 1 { // the later ones come on a second page
		return &experimentv1.ListMeasurementsResponse{Measurements: o.measurements[:1], NextPageToken: "more"}, nil
	}
	return &experimentv1.ListMeasurementsResponse{Measurements: o.measurements}, nil
}

// tried tells the stand-in of the experiment service what the team did.
func (w *world) tried(experiments ...*experimentv1.Experiment) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.experiments = experiments
}

func (w *world) measured(times ...time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.measurements = nil
	for _, at := range times {
		w.measurements = append(w.measurements, &experimentv1.Measurement{Time: timestamppb.New(at)})
	}
}

func (w *world) answer(s *cyclev1.CoachingSession, fields ...string) (*cyclev1.CoachingSession, error) {
	s.Name = coached
	req := &cyclev1.UpdateCoachingSessionRequest{CoachingSession: s}
	if len(fields) > 0 {
		req.UpdateMask = &fieldmaskpb.FieldMask{Paths: fields}
	}
	return w.cycles.UpdateCoachingSession(w.member(), req)
}

func (w *world) eventTypes(t *testing.T) []string {
	t.Helper()
	var types []string
	for _, happening := range testkit.Events(t, w.service.Log) {
		types = append(types, happening.Type[len("fortnight.cycle.v1."):])
	}
	return types
}

func (w *world) open(t *testing.T) *cyclev1.CoachingSession {
	t.Helper()
	opened, err := w.cycles.CreateCoachingSession(w.member(), &cyclev1.CreateCoachingSessionRequest{
		Parent: team, CoachingSessionId: "monday", CoachingSession: &cyclev1.CoachingSession{Coach: "users/mina", Learner: "users/jonas"},
	})
	must(t, err)
	return opened
}

func TestCoachingSession(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	opened := w.open(t)
	if opened.GetDate() != "2026-03-02" || opened.GetNextQuestion() != cyclev1.CoachingQuestion_COACHING_QUESTION_TARGET_CONDITION ||
		opened.GetState() != cyclev1.CoachingSessionState_COACHING_SESSION_STATE_OPEN || opened.GetHoldTime() != nil {
		t.Errorf("opened %v", opened)
	}
	start := w.Clock.Now()
	x := &experimentv1.Experiment{
		Name: experiment, State: experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING, StartTime: timestamppb.New(start),
		Prediction: &experimentv1.Prediction{Metric: team + "/metrics/wait"},
	}
	earlier := &experimentv1.Experiment{
		Name: first + "/experiments/earlier", State: experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED, StartTime: timestamppb.New(start.Add(-time.Hour)),
	}
	w.tried(x, earlier, &experimentv1.Experiment{Name: first + "/experiments/draft"})
	w.measured(start.Add(-time.Minute))

	_, err := w.answer(&cyclev1.CoachingSession{ActualConditionAnswer: "19 h"})
	testkit.Refused(t, err, fault.InvalidArgument, "ANSWER_OUT_OF_ORDER", "coaching_session.actual_condition_answer")
	turned, err := w.answer(&cyclev1.CoachingSession{TargetConditionAnswer: "12 h", ActualConditionAnswer: "19 h"})
	must(t, err)
	if turned.GetReflectionState() != cyclev1.ReflectionState_REFLECTION_STATE_LOCKED || turned.GetReflectedExperiment() != experiment ||
		turned.GetNextQuestion() != cyclev1.CoachingQuestion_COACHING_QUESTION_LAST_STEP {
		t.Errorf("the card is turned: %v", turned)
	}
	recorded := w.eventTypes(t)
	_, err = w.answer(&cyclev1.CoachingSession{LastStep: "a rota"})
	testkit.Refused(t, err, fault.FailedPrecondition, "REFLECTION_LOCKED")
	_, err = w.answer(&cyclev1.CoachingSession{ObstaclesAnswer: "the queue"})
	testkit.Refused(t, err, fault.FailedPrecondition, "REFLECTION_LOCKED")
	if now := w.eventTypes(t); !slices.Equal(now, recorded) {
		t.Errorf("refusals recorded %v", now[len(recorded):])
	}

	w.measured(start.Add(-time.Minute), start.Add(time.Minute))
	reflected, err := w.answer(&cyclev1.CoachingSession{LastStep: "a rota", Expected: "less wait", Happened: "as before", Learned: "nobody looks at nine"})
	must(t, err)
	if reflected.GetReflectionState() != cyclev1.ReflectionState_REFLECTION_STATE_UNLOCKED {
		t.Errorf("reflected %v", reflected)
	}
	_, err = w.cycles.HoldCoachingSession(w.member(), &cyclev1.HoldCoachingSessionRequest{Name: coached})
	testkit.Refused(t, err, fault.FailedPrecondition, "COACHING_ANSWERS_MISSING", "obstacles_answer", "next_step", "next_expected", "go_and_see_date")
	_, err = w.answer(&cyclev1.CoachingSession{ObstaclesAnswer: "the queue", Obstacle: team + "/obstacles/none"})
	testkit.Refused(t, err, fault.InvalidArgument, "OBSTACLE_NOT_FOUND", "coaching_session.obstacle")
	_, err = w.answer(&cyclev1.CoachingSession{ObstaclesAnswer: "the queue", Obstacle: "teams/mobile/obstacles/queue"})
	testkit.Refused(t, err, fault.InvalidArgument, "OTHER_TEAM", "coaching_session.obstacle")
	_, err = w.answer(&cyclev1.CoachingSession{ObstaclesAnswer: "the queue", NextStep: "ask", NextExpected: "a name", GoAndSeeDate: "2026-02-30"})
	testkit.Refused(t, err, fault.InvalidArgument, "DAY_INVALID", "coaching_session.go_and_see_date")
	answered, err := w.answer(&cyclev1.CoachingSession{ObstaclesAnswer: "the queue", NextStep: "ask", NextExpected: "a name", GoAndSeeDate: "2026-03-04"})
	must(t, err)
	if answered.GetObstacle() != team+"/obstacles/queue" || answered.GetNextQuestion() != cyclev1.CoachingQuestion_COACHING_QUESTION_UNSPECIFIED {
		t.Errorf("answered %v", answered)
	}
	_, err = w.cycles.HoldCoachingSession(w.member(), &cyclev1.HoldCoachingSessionRequest{Name: coached, Etag: opened.GetEtag()})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	held, err := w.cycles.HoldCoachingSession(w.member(), &cyclev1.HoldCoachingSessionRequest{Name: coached, Etag: answered.GetEtag()})
	must(t, err)
	if held.GetState() != cyclev1.CoachingSessionState_COACHING_SESSION_STATE_HELD || held.GetHoldTime() == nil {
		t.Errorf("held %v", held)
	}
	_, err = w.answer(&cyclev1.CoachingSession{NextStep: "something else"})
	testkit.Refused(t, err, fault.FailedPrecondition, "COACHING_SESSION_HELD")
	list, err := w.cycles.ListCoachingSessions(w.member(), &cyclev1.ListCoachingSessionsRequest{Parent: team})
	must(t, err)
	if s := list.GetCoachingSessions(); len(s) != 1 || s[0].GetEtag() != held.GetEtag() {
		t.Errorf("listed %v", s)
	}
	want := []string{"CoachingSessionCreated", "CoachingSessionUpdated", "CoachingSessionUpdated", "CoachingSessionUpdated", "CoachingSessionHeld"}
	if types := w.eventTypes(t); !slices.Equal(types[len(types)-5:], want) {
		t.Errorf("events %v, want %v at the end", types, want)
	}
}

func TestFactsOfTheLastStep(t *testing.T) {
	start := time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC)
	state := func(s experimentv1.ExperimentState) []*experimentv1.Experiment {
		return []*experimentv1.Experiment{{Name: experiment, State: s, StartTime: timestamppb.New(start), Prediction: &experimentv1.Prediction{Metric: team + "/metrics/wait"}}}
	}
	for name, c := range map[string]struct {
		experiments []*experimentv1.Experiment
		measured    []time.Time
		want        cyclev1.ReflectionState
	}{
		"never started":           {[]*experimentv1.Experiment{{Name: experiment}}, nil, cyclev1.ReflectionState_REFLECTION_STATE_SKIPPED},
		"no experiment":           {nil, nil, cyclev1.ReflectionState_REFLECTION_STATE_SKIPPED},
		"running, not measured":   {state(experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING), nil, cyclev1.ReflectionState_REFLECTION_STATE_LOCKED},
		"running, measured":       {state(experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING), []time.Time{start.Add(-1), start}, cyclev1.ReflectionState_REFLECTION_STATE_UNLOCKED},
		"running, measured early": {state(experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING), []time.Time{start.Add(-2), start.Add(-1)}, cyclev1.ReflectionState_REFLECTION_STATE_LOCKED},
		"concluded":               {state(experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED), nil, cyclev1.ReflectionState_REFLECTION_STATE_UNLOCKED},
		"given up":                {state(experimentv1.ExperimentState_EXPERIMENT_STATE_ABANDONED), nil, cyclev1.ReflectionState_REFLECTION_STATE_UNLOCKED},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.begin(t)
			w.open(t)
			w.tried(c.experiments...)
			w.measured(c.measured...)
			got, err := w.answer(&cyclev1.CoachingSession{TargetConditionAnswer: "12 h", ActualConditionAnswer: "19 h"})
			must(t, err)
			if got.GetReflectionState() != c.want {
				t.Errorf("the reflection is %s", got.GetReflectionState())
			}
		})
	}
}

func TestCoachingWaitsForAServiceThatIsDown(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	before := w.open(t)
	recorded := w.eventTypes(t)
	w.mu.Lock()
	w.down = true
	w.mu.Unlock()
	_, err := w.answer(&cyclev1.CoachingSession{TargetConditionAnswer: "12 h", ActualConditionAnswer: "19 h"})
	if status.Code(err) != codes.Unavailable {
		t.Errorf("got %v, want UNAVAILABLE", err)
	}
	after, err := w.cycles.GetCoachingSession(w.member(), &cyclev1.GetCoachingSessionRequest{Name: coached})
	must(t, err)
	if after.GetEtag() != before.GetEtag() || after.GetTargetConditionAnswer() != "" || !slices.Equal(w.eventTypes(t), recorded) {
		t.Errorf("half written: %v", after)
	}
	// What needs no facts goes on.
	_, err = w.answer(&cyclev1.CoachingSession{TargetConditionAnswer: "12 h"})
	must(t, err)
}

func TestCoachingPeople(t *testing.T) {
	w := newWorld(t)
	create := func(s *cyclev1.CoachingSession) error {
		_, err := w.cycles.CreateCoachingSession(w.member(), &cyclev1.CreateCoachingSessionRequest{Parent: team, CoachingSession: s})
		return err
	}
	for _, test := range []struct {
		name                   string
		coach, learner, second string
		reason                 string
		field                  string
	}{
		{"no coach", "users/jonas", "users/mina", "", "NOT_A_COACH", "coach"},
		{"a stranger coaches", "users/nils", "users/jonas", "", "NOT_OF_THE_TEAM", "coach"},
		{"a viewer learns", "users/mina", "users/vera", "", "LEARNER_ONLY_READS", "learner"},
		{"a stranger watches", "users/mina", "users/jonas", "users/nils", "NOT_OF_THE_TEAM", "second_coach"},
		{"who was deactivated coaches", "users/otto", "users/jonas", "", "USER_DEACTIVATED", "coach"},
		{"who was deactivated learns", "users/mina", "users/otto", "", "USER_DEACTIVATED", "learner"},
		{"who was deactivated watches", "users/mina", "users/jonas", "users/otto", "USER_DEACTIVATED", "second_coach"},
		{"nobody coaches", "", "users/jonas", "", "COACH_MISSING", "coach"},
		{"alone", "users/mina", "users/mina", "", "COACHING_PEOPLE_ALIKE", "learner"},
		{"no user", "mina", "users/jonas", "", "VALIDATION_FAILED", "coach"},
	} {
		t.Run(test.name, func(t *testing.T) {
			err := create(&cyclev1.CoachingSession{Coach: test.coach, Learner: test.learner, SecondCoach: test.second})
			testkit.Refused(t, err, fault.InvalidArgument, test.reason, "coaching_session."+test.field)
		})
	}
	must(t, create(&cyclev1.CoachingSession{Coach: "users/mina", Learner: "users/aiko", SecondCoach: "users/vera"}))
	w.open(t)
	_, err := w.answer(&cyclev1.CoachingSession{Coach: "users/vera"})
	testkit.Refused(t, err, fault.InvalidArgument, "NOT_A_COACH", "coaching_session.coach")
	changed, err := w.answer(&cyclev1.CoachingSession{Coach: "users/aiko", SecondCoach: "users/mina"})
	must(t, err)
	if changed.GetCoach() != "users/aiko" || changed.GetSecondCoach() != "users/mina" || changed.GetLearner() != "users/jonas" {
		t.Errorf("changed %v", changed)
	}
	viewer := w.As(callertest.User("vera", "payments", caller.Viewer))
	_, err = w.cycles.HoldCoachingSession(viewer, &cyclev1.HoldCoachingSessionRequest{Name: coached})
	testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
	_, err = w.cycles.GetCoachingSession(viewer, &cyclev1.GetCoachingSessionRequest{Name: coached})
	must(t, err)
}

// What came of a session is added to it, also after it was held.
func TestExperimentOfACoachingSession(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	w.open(t)
	_, err := w.answer(&cyclev1.CoachingSession{Experiment: experiment})
	testkit.Refused(t, err, fault.InvalidArgument, "ANSWER_OUT_OF_ORDER", "coaching_session.experiment")
	_, err = w.answer(&cyclev1.CoachingSession{
		TargetConditionAnswer: "12 h", ActualConditionAnswer: "19 h", ObstaclesAnswer: "the queue", NextStep: "ask", NextExpected: "a name", GoAndSeeDate: "2026-03-04",
	})
	must(t, err)
	_, err = w.answer(&cyclev1.CoachingSession{Experiment: "teams/mobile/cycles/first/experiments/x"})
	testkit.Refused(t, err, fault.InvalidArgument, "OTHER_TEAM", "coaching_session.experiment")
	held, err := w.cycles.HoldCoachingSession(w.member(), &cyclev1.HoldCoachingSessionRequest{Name: coached})
	must(t, err)
	_, err = w.answer(&cyclev1.CoachingSession{Experiment: experiment, NextStep: "something else"})
	testkit.Refused(t, err, fault.FailedPrecondition, "COACHING_SESSION_HELD")
	added, err := w.answer(&cyclev1.CoachingSession{Experiment: experiment})
	must(t, err)
	if added.GetExperiment() != experiment || added.GetReflectedExperiment() != "" || added.GetState() != held.GetState() || !added.GetHoldTime().AsTime().Equal(held.GetHoldTime().AsTime()) {
		t.Errorf("added %v", added)
	}
	_, err = w.answer(&cyclev1.CoachingSession{Experiment: first + "/experiments/other"})
	testkit.Refused(t, err, fault.FailedPrecondition, "COACHING_SESSION_HELD")
	_, err = w.answer(&cyclev1.CoachingSession{}, "experiment")
	testkit.Refused(t, err, fault.FailedPrecondition, "COACHING_SESSION_HELD")
	if types := w.eventTypes(t); !slices.Equal(types[len(types)-2:], []string{"CoachingSessionHeld", "CoachingSessionUpdated"}) {
		t.Errorf("events %v", types)
	}
}
