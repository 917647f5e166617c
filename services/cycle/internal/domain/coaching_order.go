package domain

import (
	"slices"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Question is what a coach asks.
type Question string

// The five questions of the coaching kata (Mike Rother, Toyota Kata), the fourth and the reflection in their parts.
const (
	AskTarget    Question = "TARGET_CONDITION"
	AskActual    Question = "ACTUAL_CONDITION"
	LastPlanned  Question = "LAST_STEP"
	LastExpected Question = "EXPECTED"
	LastHappened Question = "HAPPENED"
	LastLearned  Question = "LEARNED"
	Obstacles    Question = "OBSTACLES"
	NextStep     Question = "NEXT_STEP"
	NextExpected Question = "NEXT_EXPECTED"
	GoAndSee     Question = "GO_AND_SEE"
)

// questions holds the order in which they are asked: the card is turned after the second.
var questions = []Question{AskTarget, AskActual, LastPlanned, LastExpected, LastHappened, LastLearned, Obstacles, NextStep, NextExpected, GoAndSee}

// reflection holds what stands on the back of the card.
var reflection = questions[2:6]

// asked holds the field of a question's answer and what is asked for.
var asked = map[Question][2]string{
	AskTarget:    {"target_condition_answer", "the target condition"},
	AskActual:    {"actual_condition_answer", "the actual condition now"},
	LastPlanned:  {"last_step", "what was planned as the last step"},
	LastExpected: {"expected", "what was expected of the last step"},
	LastHappened: {"happened", "what actually happened"},
	LastLearned:  {"learned", "what was learned"},
	Obstacles:    {"obstacles_answer", "the obstacles, and the one that is worked on now"},
	NextStep:     {"next_step", "the next step"},
	NextExpected: {"next_expected", "what is expected of the next step"},
	GoAndSee:     {"go_and_see_date", "when one can go and see"},
}

// Field is the field of a session that holds the answer.
func (q Question) Field() string { return asked[q][0] }

// Asks says what the question asks for.
func (q Question) Asks() string { return asked[q][1] }

func (q Question) place() int { return slices.Index(questions, q) }

// Next is the question that comes next; empty when every answer is there.
func (s *CoachingSession) Next() Question {
	for _, q := range questions {
		if s.needs(q) && s.Answers[q] == "" {
			return q
		}
	}
	return ""
}

// needs tells whether a question must be answered. Where the threshold of knowledge showed up, the coach goes straight to the
// next step, which is to find out. The reflection is no part of that: nobody plans a step before having looked at the last one.
func (s *CoachingSession) needs(q Question) bool {
	switch {
	case slices.Contains(reflection, q):
		return s.Reflection != ReflectionSkipped
	case s.Threshold != "" && q.place() >= s.Threshold.place():
		return q.place() >= NextStep.place()
	default:
		return true
	}
}

// begun tells whether the reflection, or what comes after it, was answered. From then on it is about one experiment.
func (s *CoachingSession) begun() bool {
	for _, q := range questions[2:] {
		if s.Answers[q] != "" {
			return true
		}
	}
	return false
}

// checkOrder refuses an answer to a question whose turn it is not, a threshold that was not reached, and a reflection without facts.
func (s *CoachingSession) checkOrder() error {
	missing := s.Next()
	for _, q := range questions {
		turned := slices.Contains(reflection, q)
		early := missing != "" && q.place() > missing.place()
		switch {
		case s.Answers[q] == "":
		case turned && s.Reflection == ReflectionSkipped:
			return fault.Invalid(sessionField(q.Field()), "REFLECTION_WITHOUT_STEP", "the team never started an experiment, so there is no step to reflect on; leave it out and go on with obstacles_answer")
		case s.Reflection != ReflectionUnlocked && (turned && !early || early && missing == LastPlanned):
			return fault.New(fault.FailedPrecondition, "REFLECTION_LOCKED",
				"the reflection on %s waits for its facts: record a measurement of its metric, conclude it, or give it up with a reason", s.Experiment).
				With("experiment", s.Experiment)
		case early:
			return fault.Invalid(sessionField(q.Field()), "ANSWER_OUT_OF_ORDER", "%s comes first: %s", missing.Field(), missing.Asks()).
				With("next_question", string(missing))
		}
	}
	if s.Threshold != "" && missing != "" && s.Threshold.place() > missing.place() {
		return fault.Invalid(sessionField("threshold_question"), "ANSWER_OUT_OF_ORDER", "that question was not reached yet; %s comes first: %s", missing.Field(), missing.Asks()).
			With("next_question", string(missing))
	}
	return nil
}
