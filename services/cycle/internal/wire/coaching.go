package wire

import (
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CoachingSession converts a stored session.
func CoachingSession(row record.Row[domain.CoachingSession]) *cyclev1.CoachingSession {
	s := row.Value
	session := &cyclev1.CoachingSession{
		Name:                  s.Name,
		Date:                  string(s.Date),
		Coach:                 s.Coach,
		Learner:               s.Learner,
		SecondCoach:           s.SecondCoach,
		State:                 cyclev1.CoachingSessionState(cyclev1.CoachingSessionState_value["COACHING_SESSION_STATE_"+string(s.State)]),
		NextQuestion:          question(s.Next()),
		TargetConditionAnswer: s.Answers[domain.AskTarget],
		ActualConditionAnswer: s.Answers[domain.AskActual],
		ReflectionState:       cyclev1.ReflectionState(cyclev1.ReflectionState_value["REFLECTION_STATE_"+string(s.Reflection)]),
		ReflectedExperiment:   s.Experiment,
		LastStep:              s.Answers[domain.LastPlanned],
		Expected:              s.Answers[domain.LastExpected],
		Happened:              s.Answers[domain.LastHappened],
		Learned:               s.Answers[domain.LastLearned],
		ObstaclesAnswer:       s.Answers[domain.Obstacles],
		Obstacle:              s.Obstacle,
		NextStep:              s.Answers[domain.NextStep],
		NextExpected:          s.Answers[domain.NextExpected],
		GoAndSeeDate:          s.Answers[domain.GoAndSee],
		ThresholdQuestion:     question(s.Threshold),
		ThresholdNote:         s.ThresholdNote,
		Experiment:            s.NextExperiment,
		Etag:                  row.Etag,
		CreateTime:            timestamppb.New(row.CreateTime),
		UpdateTime:            timestamppb.New(row.UpdateTime),
	}
	if !s.HoldTime.IsZero() {
		session.HoldTime = timestamppb.New(s.HoldTime)
	}
	return session
}

// CoachingChange converts the fields of a session that paths name.
func CoachingChange(given *cyclev1.CoachingSession, paths []string) domain.CoachingChange {
	change := domain.CoachingChange{Answers: map[domain.Question]string{}}
	for _, path := range paths {
		switch path {
		case "date":
			change.Date = new(domain.Day(given.GetDate()))
		case "coach":
			change.Coach = new(given.GetCoach())
		case "learner":
			change.Learner = new(given.GetLearner())
		case "second_coach":
			change.SecondCoach = new(given.GetSecondCoach())
		case "target_condition_answer":
			change.Answers[domain.AskTarget] = given.GetTargetConditionAnswer()
		case "actual_condition_answer":
			change.Answers[domain.AskActual] = given.GetActualConditionAnswer()
		case "last_step":
			change.Answers[domain.LastPlanned] = given.GetLastStep()
		case "expected":
			change.Answers[domain.LastExpected] = given.GetExpected()
		case "happened":
			change.Answers[domain.LastHappened] = given.GetHappened()
		case "learned":
			change.Answers[domain.LastLearned] = given.GetLearned()
		case "obstacles_answer":
			change.Answers[domain.Obstacles] = given.GetObstaclesAnswer()
		case "obstacle":
			change.Obstacle = new(given.GetObstacle())
		case "next_step":
			change.Answers[domain.NextStep] = given.GetNextStep()
		case "next_expected":
			change.Answers[domain.NextExpected] = given.GetNextExpected()
		case "go_and_see_date":
			change.Answers[domain.GoAndSee] = given.GetGoAndSeeDate()
		case "threshold_question":
			change.Threshold = new(questionOf(given.GetThresholdQuestion()))
		case "threshold_note":
			change.ThresholdNote = new(given.GetThresholdNote())
		case "experiment":
			change.NextExperiment = new(given.GetExperiment())
		}
	}
	return change
}

func question(q domain.Question) cyclev1.CoachingQuestion {
	return cyclev1.CoachingQuestion(cyclev1.CoachingQuestion_value["COACHING_QUESTION_"+string(q)])
}

func questionOf(given cyclev1.CoachingQuestion) domain.Question {
	if given == cyclev1.CoachingQuestion_COACHING_QUESTION_UNSPECIFIED {
		return ""
	}
	return domain.Question(strings.TrimPrefix(given.String(), "COACHING_QUESTION_"))
}

// TeamRole converts a role of identity's contract.
func TeamRole(role identityv1.TeamRole) domain.TeamRole {
	return domain.TeamRole(strings.TrimPrefix(role.String(), "TEAM_ROLE_"))
}

// Ended tells whether an experiment that was started came to its end: concluded, or given up.
func Ended(x *experimentv1.Experiment) bool {
	return x.GetState() == experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED || x.GetState() == experimentv1.ExperimentState_EXPERIMENT_STATE_ABANDONED
}

// CoachingCadence converts a stored cadence.
func CoachingCadence(row record.Row[domain.CoachingCadence]) *cyclev1.CoachingCadence {
	cadence := &cyclev1.CoachingCadence{Name: row.Value.Name, Etag: row.Etag}
	for _, day := range row.Value.Weekdays {
		cadence.Weekdays = append(cadence.Weekdays, identityv1.Weekday(identityv1.Weekday_value["WEEKDAY_"+string(day)]))
	}
	if !row.CreateTime.IsZero() { // a team that said nothing has a cadence all the same
		cadence.CreateTime, cadence.UpdateTime = timestamppb.New(row.CreateTime), timestamppb.New(row.UpdateTime)
	}
	return cadence
}

// Weekdays converts days of the week, in the order of the week.
func Weekdays(given []identityv1.Weekday) []domain.Weekday {
	var days []domain.Weekday
	for number := identityv1.Weekday_WEEKDAY_MONDAY; number <= identityv1.Weekday_WEEKDAY_SUNDAY; number++ {
		for _, day := range given {
			if day == number {
				days = append(days, domain.Weekday(strings.TrimPrefix(day.String(), "WEEKDAY_")))
			}
		}
	}
	return days
}

// CoachingHealth converts how well a team keeps its rhythm.
func CoachingHealth(h domain.CoachingHealth) *cyclev1.CoachingCadenceHealth {
	return &cyclev1.CoachingCadenceHealth{
		StartDate: string(h.Period.Start), EndDate: string(h.Period.End),
		PlannedDays: int32(h.Planned), HeldDays: int32(h.Held), HeldSessions: int32(h.Sessions),
	}
}

// CoachingSessionEvent is the data of an event about a coaching session.
func CoachingSessionEvent(row record.Row[domain.CoachingSession], event domain.Event) proto.Message {
	session := CoachingSession(row)
	switch event {
	case domain.CoachingSessionUpdated:
		return &cyclev1.CoachingSessionUpdated{CoachingSession: session}
	case domain.CoachingSessionHeld:
		return &cyclev1.CoachingSessionHeld{CoachingSession: session}
	default:
		return &cyclev1.CoachingSessionCreated{CoachingSession: session}
	}
}

// CoachingCadenceEvent is the data of an event about a coaching cadence.
func CoachingCadenceEvent(row record.Row[domain.CoachingCadence], _ domain.Event) proto.Message {
	return &cyclev1.CoachingCadenceUpdated{CoachingCadence: CoachingCadence(row)}
}
