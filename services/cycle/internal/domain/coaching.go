package domain

import (
	"maps"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// CoachingState tells where a coaching session stands.
type CoachingState string

// The states of a coaching session.
const (
	CoachingOpen CoachingState = "OPEN"
	CoachingHeld CoachingState = "HELD"
)

// ReflectionState tells whether the reflection on the last step can be answered.
type ReflectionState string

// The states of a reflection. Empty means that nobody asked for the facts yet.
const (
	ReflectionLocked   ReflectionState = "LOCKED"
	ReflectionUnlocked ReflectionState = "UNLOCKED"
	ReflectionSkipped  ReflectionState = "SKIPPED"
)

// LastStep is what the experiment service knows of the team's last step.
type LastStep struct {
	// Experiment is the one that the team started last; empty when it never started one.
	Experiment string
	// Facts says that it ended, or was measured since it started.
	Facts bool
}

// CoachingSession holds the answers to the five questions, and to the reflection between the second and the third.
type CoachingSession struct {
	Name        string        `json:"name"`
	Date        Day           `json:"date"`
	Coach       string        `json:"coach"`
	Learner     string        `json:"learner"`
	SecondCoach string        `json:"secondCoach,omitempty"`
	State       CoachingState `json:"state"`
	// Answers holds what was answered; the answer to GoAndSee is a day.
	Answers map[Question]string `json:"answers,omitempty"`
	// Obstacle is the one that is worked on now.
	Obstacle string `json:"obstacle,omitempty"`
	// Reflection and Experiment are as they were looked up last; they stay once the reflection began.
	Reflection ReflectionState `json:"reflection,omitempty"`
	Experiment string          `json:"experiment,omitempty"`
	// NextExperiment is the one that came of the session.
	NextExperiment string `json:"nextExperiment,omitempty"`
	// Threshold is the question at which the threshold of knowledge showed up.
	Threshold     Question  `json:"threshold,omitempty"`
	ThresholdNote string    `json:"thresholdNote,omitempty"`
	HoldTime      time.Time `json:"holdTime,omitzero"`
}

// CoachingChange is what a request gives: what is nil, or has no key, stays.
type CoachingChange struct {
	Date                        *Day
	Coach, Learner, SecondCoach *string
	Answers                     map[Question]string
	Obstacle, NextExperiment    *string
	// CurrentObstacle is the team's; it is taken when question 3 is answered and no obstacle is named.
	CurrentObstacle string
	Threshold       *Question
	ThresholdNote   *string
}

// NewCoachingSession opens a session with what change gives; the day is today when it gives none.
func NewCoachingSession(name string, change CoachingChange, last *LastStep, today Day) (*CoachingSession, error) {
	s := &CoachingSession{Name: name, Date: today, State: CoachingOpen}
	if _, err := s.Edit(change, last); err != nil {
		return nil, err
	}
	return s, nil
}

// NeedsFacts tells whether the change can only be judged with the facts of the last step: when it goes beyond question 1, and
// the reflection has not begun.
func (s *CoachingSession) NeedsFacts(change CoachingChange) bool {
	if s.begun() {
		return false
	}
	if change.Threshold != nil && *change.Threshold != "" {
		return true
	}
	for _, q := range questions[1:] {
		if change.Answers[q] != "" {
			return true
		}
	}
	return false
}

// Edit changes an open session. last is what is known of the team's last step, nil when NeedsFacts did not want it. Answers
// come in the order of the questions; one that was given may be put otherwise, but not be taken back. A session that was held is not
// rewritten. Only the experiment that came of it may be added, as its plan is often written afterwards.
func (s *CoachingSession) Edit(change CoachingChange, last *LastStep) ([]Event, error) {
	held := fault.New(fault.FailedPrecondition, "COACHING_SESSION_HELD",
		"the session was held; nothing in it is rewritten, open another one; only experiment can be added")
	if s.State == CoachingHeld && change.NextExperiment == nil {
		return nil, held
	}
	next := *s
	next.Answers = maps.Clone(s.Answers)
	set(&next.Date, change.Date)
	set(&next.Coach, change.Coach)
	set(&next.Learner, change.Learner)
	set(&next.SecondCoach, change.SecondCoach)
	set(&next.Threshold, change.Threshold)
	if change.ThresholdNote != nil {
		next.ThresholdNote = strings.TrimSpace(*change.ThresholdNote)
	}
	if !s.begun() && last != nil {
		next.lookUp(*last)
	}
	if err := next.answer(change.Answers); err != nil {
		return nil, err
	}
	if change.Obstacle != nil && *change.Obstacle != "" {
		next.Obstacle = *change.Obstacle
	}
	if next.Answers[Obstacles] != "" && next.Obstacle == "" {
		next.Obstacle = change.CurrentObstacle
	}
	set(&next.NextExperiment, change.NextExperiment)
	if s.State == CoachingHeld && !next.same(s) && !next.adds(s) {
		return nil, held
	}
	if err := next.check(); err != nil {
		return nil, err
	}
	if next.same(s) {
		return nil, nil
	}
	*s = next
	return []Event{CoachingSessionUpdated}, nil
}

// Hold ends a session that has every answer, on its day or later.
func (s *CoachingSession) Hold(now time.Time, today Day) ([]Event, error) {
	if s.State == CoachingHeld {
		return nil, fault.New(fault.FailedPrecondition, "COACHING_SESSION_HELD", "the session was held before")
	}
	var missing []fault.Violation
	for _, q := range questions {
		if s.needs(q) && s.Answers[q] == "" {
			missing = append(missing, fault.Violation{Field: q.Field(), Reason: "COACHING_ANSWER_MISSING", Description: "this is not answered: " + q.Asks()})
		}
	}
	if len(missing) > 0 {
		return nil, fault.Unmet("COACHING_ANSWERS_MISSING", "the session cannot be held yet; violations lists the questions without an answer", missing...)
	}
	if s.Date > today {
		return nil, fault.New(fault.FailedPrecondition, "COACHING_SESSION_AHEAD", "the session is planned for %s; hold it then, or change its date", s.Date)
	}
	s.State, s.HoldTime = CoachingHeld, now
	return []Event{CoachingSessionHeld}, nil
}

// lookUp takes over what is known of the last step.
func (s *CoachingSession) lookUp(last LastStep) {
	s.Experiment = last.Experiment
	switch {
	case last.Experiment == "":
		s.Reflection = ReflectionSkipped
	case last.Facts:
		s.Reflection = ReflectionUnlocked
	default:
		s.Reflection = ReflectionLocked
	}
}

// answer takes over the answers. An empty one leaves a question open that is open, as when a session is sent back as it was read.
func (s *CoachingSession) answer(given map[Question]string) error {
	for _, q := range questions {
		text, said := given[q]
		if text = strings.TrimSpace(text); text == "" {
			if said && s.Answers[q] != "" {
				return fault.Invalid(sessionField(q.Field()), "ANSWER_TAKEN_BACK", "an answer can be put otherwise, but not be taken back: %s", q.Asks())
			}
			continue
		}
		if s.Answers == nil {
			s.Answers = map[Question]string{}
		}
		s.Answers[q] = text
	}
	return nil
}

// check decides whether a session may be as it is.
func (s *CoachingSession) check() error {
	switch {
	case s.Coach == "":
		return fault.Invalid(sessionField("coach"), "COACH_MISSING", "say who asks the questions: users/…")
	case s.Learner == "":
		return fault.Invalid(sessionField("learner"), "LEARNER_MISSING", "say who answers the questions: users/…")
	case s.Coach == s.Learner:
		return fault.Invalid(sessionField("learner"), "COACHING_PEOPLE_ALIKE", "nobody coaches themselves: coach and learner are two people")
	case s.SecondCoach != "" && (s.SecondCoach == s.Coach || s.SecondCoach == s.Learner):
		return fault.Invalid(sessionField("second_coach"), "COACHING_PEOPLE_ALIKE", "the second coach watches the coach, so it is a third person")
	case (s.Threshold == "") != (s.ThresholdNote == ""):
		return fault.Invalid(sessionField("threshold_note"), "THRESHOLD_INCOMPLETE", "mark the threshold of knowledge with both: the question where it showed up, and what is not known there")
	}
	if err := s.checkOrder(); err != nil {
		return err
	}
	switch {
	case s.Answers[Obstacles] == "" && s.Obstacle != "":
		return fault.Invalid(sessionField("obstacle"), "ANSWER_OUT_OF_ORDER", "say first what is in the way, in obstacles_answer")
	case s.Answers[Obstacles] != "" && s.Obstacle == "":
		return fault.Invalid(sessionField("obstacle"), "COACHING_OBSTACLE_MISSING", "the team has no current obstacle; name the one that is worked on now")
	case s.Answers[NextStep] == "" && s.NextExperiment != "":
		return fault.Invalid(sessionField("experiment"), "ANSWER_OUT_OF_ORDER", "an experiment comes of the next step; say first what that is, in next_step").
			With("next_question", string(s.Next()))
	case s.Answers[GoAndSee] != "" && Day(s.Answers[GoAndSee]) < s.Date:
		return fault.Invalid(sessionField("go_and_see_date"), "GO_AND_SEE_BEFORE_SESSION", "one can go and see on %s or later, the day of the session", s.Date)
	}
	return nil
}

func (s *CoachingSession) same(other *CoachingSession) bool {
	return maps.Equal(s.Answers, other.Answers) && s.flat() == other.flat()
}

// adds tells whether the session has its experiment ahead of before, and nothing else is another.
func (s *CoachingSession) adds(before *CoachingSession) bool {
	added := *before
	added.NextExperiment = s.NextExperiment
	return before.NextExperiment == "" && s.same(&added)
}

// flat is the session without its answers, as something that compares.
func (s *CoachingSession) flat() [12]string {
	return [...]string{
		s.Name, string(s.Date), s.Coach, s.Learner, s.SecondCoach, string(s.State), s.Obstacle, string(s.Reflection), s.Experiment,
		string(s.Threshold), s.ThresholdNote, s.NextExperiment,
	}
}

// sessionField is the path of a session's field in a request.
func sessionField(field string) string { return "coaching_session." + field }

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}
