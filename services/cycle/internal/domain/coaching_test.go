package domain_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	session  = "teams/payments/coachingSessions/monday"
	queue    = "teams/payments/obstacles/queue"
	rota     = "teams/payments/cycles/first/experiments/rota"
	monday   = domain.Day("2026-03-02")
	thursday = domain.Day("2026-03-05")
)

// asking is the order of the questions as it is published.
var asking = []domain.Question{
	domain.AskTarget, domain.AskActual, domain.LastPlanned, domain.LastExpected, domain.LastHappened, domain.LastLearned,
	domain.Obstacles, domain.NextStep, domain.NextExpected, domain.GoAndSee,
}

var (
	never    = &domain.LastStep{}
	running  = &domain.LastStep{Experiment: rota}
	measured = &domain.LastStep{Experiment: rota, Facts: true}
)

func say(q domain.Question) string {
	if q == domain.GoAndSee {
		return string(thursday)
	}
	return "answer to " + string(q)
}

// answering is a change that answers questions, with the people of the session.
func answering(asked ...domain.Question) domain.CoachingChange {
	coach, learner := "users/mina", "users/jonas"
	change := domain.CoachingChange{Coach: &coach, Learner: &learner, Answers: map[domain.Question]string{}, CurrentObstacle: queue}
	for _, q := range asked {
		change.Answers[q] = say(q)
	}
	return change
}

func marked(change domain.CoachingChange, at domain.Question) domain.CoachingChange {
	note := "nobody knows how long a review takes"
	change.Threshold, change.ThresholdNote = &at, &note
	return change
}

func TestNewCoachingSession(t *testing.T) {
	without := slices.Concat(asking[:2], asking[6:]) // the questions but the reflection
	with := func(edit func(c *domain.CoachingChange)) domain.CoachingChange {
		change := answering()
		edit(&change)
		return change
	}
	tests := []struct {
		name   string
		change domain.CoachingChange
		last   *domain.LastStep
		reason string
		next   domain.Question
	}{
		{"people only", answering(), nil, "", domain.AskTarget},
		{"the first answer", answering(domain.AskTarget), nil, "", domain.AskActual},
		{"the card is turned", answering(asking[:2]...), measured, "", domain.LastPlanned},
		{"the card is turned, the facts are not in", answering(asking[:2]...), running, "", domain.LastPlanned},
		{"no step yet", answering(asking[:2]...), never, "", domain.Obstacles},
		{"everything at once", answering(asking...), measured, "", ""},
		{"everything at once without a step", answering(without...), never, "", ""},
		{"reflection before question 1", answering(domain.LastPlanned), measured, "ANSWER_OUT_OF_ORDER", ""},
		{"question 2 before question 1", answering(domain.AskActual), never, "ANSWER_OUT_OF_ORDER", ""},
		{"past the reflection", answering(without...), measured, "ANSWER_OUT_OF_ORDER", ""},
		{"past the locked reflection", answering(without...), running, "REFLECTION_LOCKED", ""},
		{"reflection without facts", answering(asking[:3]...), running, "REFLECTION_LOCKED", ""},
		{"reflection without a step", answering(asking[:3]...), never, "REFLECTION_WITHOUT_STEP", ""},
		{"reflection nobody looked up", answering(asking[:3]...), nil, "REFLECTION_LOCKED", ""},
		{"threshold at question 1", marked(answering(), domain.AskTarget), never, "", domain.NextStep},
		{"threshold at question 2, after a step", marked(answering(domain.AskTarget), domain.AskActual), measured, "", domain.LastPlanned},
		{"threshold at question 2 does not unlock", marked(answering(domain.AskTarget, domain.NextStep), domain.AskActual), running, "REFLECTION_LOCKED", ""},
		{"threshold in the reflection", marked(answering(asking[:6]...), domain.LastLearned), measured, "", domain.NextStep},
		{"threshold that was not reached", marked(answering(), domain.Obstacles), never, "ANSWER_OUT_OF_ORDER", ""},
		{"threshold without a note", with(func(c *domain.CoachingChange) { c.Threshold = new(domain.AskTarget) }), never, "THRESHOLD_INCOMPLETE", ""},
		{"no obstacle", with(func(c *domain.CoachingChange) { *c = answering(without[:3]...); c.CurrentObstacle = "" }), never, "COACHING_OBSTACLE_MISSING", ""},
		{"obstacle too early", with(func(c *domain.CoachingChange) { c.Obstacle = new(queue) }), nil, "ANSWER_OUT_OF_ORDER", ""},
		{"no coach", with(func(c *domain.CoachingChange) { c.Coach = new("") }), nil, "COACH_MISSING", ""},
		{"no learner", with(func(c *domain.CoachingChange) { c.Learner = nil }), nil, "LEARNER_MISSING", ""},
		{"alone", with(func(c *domain.CoachingChange) { c.Learner = c.Coach }), nil, "COACHING_PEOPLE_ALIKE", ""},
		{"second coach is the learner", with(func(c *domain.CoachingChange) { c.SecondCoach = c.Learner }), nil, "COACHING_PEOPLE_ALIKE", ""},
		{"go and see before the session", with(func(c *domain.CoachingChange) {
			*c = answering(without...)
			c.Answers[domain.GoAndSee] = "2026-03-01"
		}), never, "GO_AND_SEE_BEFORE_SESSION", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s, err := domain.NewCoachingSession(session, test.change, test.last, monday)
			if test.reason != "" {
				if f := fault.From(err); f == nil || f.Reason != test.reason {
					t.Errorf("got %v, want %s", err, test.reason)
				}
				return
			}
			if err != nil || s.Next() != test.next || s.State != domain.CoachingOpen || s.Date != monday {
				t.Errorf("%+v, %v", s, err)
			}
		})
	}
}

// An answer out of order is refused with the question that comes first.
func TestTheFirstQuestionIsNamed(t *testing.T) {
	s, err := domain.NewCoachingSession(session, answering(asking[:4]...), measured, monday)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Edit(answering(domain.NextStep), nil)
	f := fault.From(err)
	if f == nil || f.Metadata["next_question"] != "HAPPENED" || f.Violations[0].Field != "coaching_session.next_step" || !strings.HasPrefix(f.Message, "happened comes first") {
		t.Errorf("got %v", err)
	}
}

func TestEditCoachingSession(t *testing.T) {
	s, err := domain.NewCoachingSession(session, answering(asking[:2]...), running, monday)
	if err != nil || s.Reflection != domain.ReflectionLocked {
		t.Fatalf("%+v, %v", s, err)
	}
	// The facts came in: the reflection begins, and stays about that experiment whatever starts later.
	if events, err := s.Edit(answering(domain.LastPlanned), measured); err != nil || !slices.Equal(events, []domain.Event{domain.CoachingSessionUpdated}) || s.Reflection != domain.ReflectionUnlocked {
		t.Errorf("%+v, %v, %v", s, events, err)
	}
	if s.NeedsFacts(answering(domain.LastExpected)) {
		t.Error("the facts are wanted again")
	}
	if _, err := s.Edit(answering(asking[3:]...), &domain.LastStep{Experiment: "another"}); err != nil || s.Experiment != rota || s.Obstacle != queue || s.Next() != "" {
		t.Errorf("%+v, %v", s, err)
	}
	if events, err := s.Edit(answering(asking...), nil); err != nil || events != nil {
		t.Errorf("as it is: %v, %v", events, err)
	}
	before := *s
	otherwise := domain.CoachingChange{Answers: map[domain.Question]string{domain.AskTarget: " put otherwise "}}
	if _, err := s.Edit(otherwise, nil); err != nil || s.Answers[domain.AskTarget] != "put otherwise" || before.Answers[domain.AskTarget] == "put otherwise" {
		t.Errorf("%+v, %v", s, err)
	}
	_, err = s.Edit(domain.CoachingChange{Answers: map[domain.Question]string{domain.LastLearned: " "}}, nil)
	if f := fault.From(err); f == nil || f.Reason != "ANSWER_TAKEN_BACK" || s.Answers[domain.LastLearned] == "" {
		t.Errorf("taken back: %v", err)
	}
}

func TestHoldCoachingSession(t *testing.T) {
	s, err := domain.NewCoachingSession(session, answering(asking[:7]...), measured, thursday)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Hold(noon, thursday)
	f := fault.From(err)
	if f == nil || f.Reason != "COACHING_ANSWERS_MISSING" || len(f.Violations) != 3 || f.Violations[2].Field != "go_and_see_date" {
		t.Fatalf("got %v", err)
	}
	if _, err := s.Edit(answering(asking...), nil); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Hold(noon, monday); fault.From(err).Reason != "COACHING_SESSION_AHEAD" || s.State != domain.CoachingOpen {
		t.Errorf("before its day: %v", err)
	}
	if events, err := s.Hold(noon, thursday); err != nil || !slices.Equal(events, []domain.Event{domain.CoachingSessionHeld}) || s.State != domain.CoachingHeld || !s.HoldTime.Equal(noon) {
		t.Errorf("%+v, %v, %v", s, events, err)
	}
	if _, err := s.Hold(noon, thursday); fault.From(err).Reason != "COACHING_SESSION_HELD" {
		t.Errorf("held again: %v", err)
	}
	if _, err := s.Edit(answering(domain.AskTarget), nil); fault.From(err).Reason != "COACHING_SESSION_HELD" {
		t.Errorf("changed after it was held: %v", err)
	}
}

// The experiment that came of the session goes with the next step. It is often written after the session was held, so it may be added
// then, once, and nothing else with it.
func TestTheExperimentOfACoachingSession(t *testing.T) {
	const other = "teams/payments/cycles/first/experiments/other"
	came := func(of string, asked ...domain.Question) domain.CoachingChange {
		change := answering(asked...)
		change.NextExperiment = &of
		return change
	}
	refused := func(what string, s *domain.CoachingSession, change domain.CoachingChange, reason string) {
		t.Helper()
		before := *s
		if _, err := s.Edit(change, nil); fault.From(err) == nil || fault.From(err).Reason != reason || s.NextExperiment != before.NextExperiment || s.Coach != before.Coach {
			t.Errorf("%s: %v, %+v", what, err, s)
		}
	}
	fits := func(what string, s *domain.CoachingSession, change domain.CoachingChange, want string, events int) {
		t.Helper()
		if got, err := s.Edit(change, nil); err != nil || len(got) != events || s.NextExperiment != want {
			t.Errorf("%s: %v, %v, %+v", what, got, err, s)
		}
	}
	open := func(asked ...domain.Question) *domain.CoachingSession {
		t.Helper()
		s, err := domain.NewCoachingSession(session, answering(asked...), measured, monday)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := open(asking[:7]...)
	refused("before the next step is said", s, came(other), "ANSWER_OUT_OF_ORDER")
	fits("with the next step", s, came(other, domain.NextStep), other, 1)
	fits("as it is", s, came(other), other, 0)
	fits("taken away while the session is open", s, came(""), "", 1)
	fits("with the other answers", s, came(other, asking...), other, 1)
	if _, err := s.Hold(noon, monday); err != nil {
		t.Fatal(err)
	}
	refused("another one after the session was held", s, came(rota), "COACHING_SESSION_HELD")
	refused("taken away after the session was held", s, came(""), "COACHING_SESSION_HELD")

	s = open(asking...)
	if _, err := s.Hold(noon, monday); err != nil {
		t.Fatal(err)
	}
	rewriting := came(other)
	rewriting.Coach = new("users/aiko")
	refused("with another coach", s, rewriting, "COACHING_SESSION_HELD")
	rewriting = came(other)
	rewriting.Answers[domain.NextStep] = "something else"
	refused("with another answer", s, rewriting, "COACHING_SESSION_HELD")
	fits("after the session was held, sent with all that was read", s, came(other, asking...), other, 1)
	if s.State != domain.CoachingHeld || !s.HoldTime.Equal(noon) {
		t.Errorf("no longer held: %+v", s)
	}
	fits("the same once more", s, came(other), other, 0)
}

// Whatever is answered when: no answer stands before one that it needs, no reflection without facts, none about two experiments,
// a refusal changes nothing, and what can be held has every answer.
func TestTheOrderOfAnswers(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s, err := domain.NewCoachingSession(session, answering(), nil, monday)
		if err != nil {
			t.Fatal(err)
		}
		about := ""
		for range 12 {
			change := answering(rapid.SliceOfNDistinct(rapid.SampledFrom(asking), 0, 4, rapid.ID).Draw(t, "asked")...)
			if rapid.IntRange(0, 5).Draw(t, "marks") == 0 {
				change = marked(change, rapid.SampledFrom(asking).Draw(t, "threshold"))
			}
			var last *domain.LastStep
			if s.NeedsFacts(change) {
				last = rapid.SampledFrom([]*domain.LastStep{never, running, measured, {Experiment: "another", Facts: true}}).Draw(t, "last")
			}
			before := *s
			before.Answers = maps.Clone(s.Answers)
			if _, err := s.Edit(change, last); err != nil && (!maps.Equal(before.Answers, s.Answers) || before.Reflection != s.Reflection || before.Threshold != s.Threshold) {
				t.Fatalf("refused with %v, and changed: %+v, %+v", err, before, s)
			}
			held := *s
			_, refused := held.Hold(noon, monday)
			if (s.Next() == "") != (refused == nil) {
				t.Fatalf("next %q, hold says %v", s.Next(), refused)
			}
			open := false
			for i, q := range asking {
				turned := i >= 2 && i < 6
				beyond := s.Threshold != "" && i >= slices.Index(asking, s.Threshold) && i < 7 && !turned
				switch {
				case s.Answers[q] != "" && open:
					t.Fatalf("%s stands before its turn: %+v", q, s)
				case s.Answers[q] != "" && turned && s.Reflection != domain.ReflectionUnlocked:
					t.Fatalf("a reflection without facts: %+v", s)
				case s.Answers[q] == "":
					open = open || !beyond && !(turned && s.Reflection == domain.ReflectionSkipped)
				}
			}
			if s.Answers[domain.LastPlanned] != "" {
				if about != "" && s.Experiment != about {
					t.Fatalf("the reflection moved from %s to %s", about, s.Experiment)
				}
				about = s.Experiment
			}
		}
	})
}

func TestSuits(t *testing.T) {
	for _, test := range []struct {
		field  string
		role   domain.TeamRole
		reason string
	}{
		{"coach", domain.RoleCoach, ""},
		{"coach", domain.RoleMember, "NOT_A_COACH"},
		{"coach", domain.RoleViewer, "NOT_A_COACH"},
		{"coach", "", "NOT_OF_THE_TEAM"},
		{"learner", domain.RoleCoach, ""},
		{"learner", domain.RoleMember, ""},
		{"learner", domain.RoleViewer, "LEARNER_ONLY_READS"},
		{"learner", "", "NOT_OF_THE_TEAM"},
		{"second_coach", domain.RoleViewer, ""},
		{"second_coach", domain.RoleMember, ""},
		{"second_coach", "", "NOT_OF_THE_TEAM"},
	} {
		err := domain.Suits(test.field, "users/mina", test.role)
		if f := fault.From(err); (f == nil) != (test.reason == "") || f != nil && (f.Reason != test.reason || f.Violations[0].Field != "coaching_session."+test.field) {
			t.Errorf("%s as %q: %v", test.role, test.field, err)
		}
	}
}
