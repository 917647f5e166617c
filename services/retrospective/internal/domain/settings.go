package domain

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// The defaults of a team that said nothing else.
const defaultVotesPerMember = 3

var (
	prompts        = []Prompt{Helped, HeldBack, Surprised}
	defaultPrompts = map[Prompt]string{
		Helped: "What helped us?", HeldBack: "What held us back?", Surprised: "What surprised us?",
	}
	defaultCauses = []string{
		"flow", "focus-time", "help", "learning", "finished-work", "interruptions", "meetings", "waiting", "tooling", "unclear-work", "rework",
	}
)

// Settings is how a team holds its retrospectives and taps its days. What the team did not say is empty here; Complete says it.
type Settings struct {
	Name string `json:"name"`
	// Anonymous says that the authors of notes are kept nowhere, unless the opening says otherwise.
	Anonymous bool           `json:"anonymous,omitempty"`
	Prompts   []WordedPrompt `json:"prompts,omitempty"`
	// VotesPerMember 0 stands for the default.
	VotesPerMember int          `json:"votesPerMember,omitempty"`
	StageHours     []StageHours `json:"stageHours,omitempty"`
	// MoveByTime lets the clock end a stage, except for DECIDE.
	MoveByTime bool     `json:"moveByTime,omitempty"`
	Causes     []string `json:"causes,omitempty"`
}

// WordedPrompt is a prompt with the words that the team puts it in.
type WordedPrompt struct {
	Prompt Prompt `json:"prompt"`
	Text   string `json:"text"`
}

// StageHours is how long a stage stands open.
type StageHours struct {
	Stage Stage `json:"stage"`
	Hours int   `json:"hours"`
}

// Complete is the settings with a default for everything that the team did not say: all three prompts in their order among them.
func (s Settings) Complete() Settings {
	worded := make([]WordedPrompt, 0, len(prompts))
	for _, prompt := range prompts {
		text := defaultPrompts[prompt]
		for _, given := range s.Prompts {
			if given.Prompt == prompt {
				text = given.Text
			}
		}
		worded = append(worded, WordedPrompt{Prompt: prompt, Text: text})
	}
	s.Prompts = worded
	s.VotesPerMember = cmp.Or(s.VotesPerMember, defaultVotesPerMember)
	if len(s.Causes) == 0 {
		s.Causes = slices.Clone(defaultCauses)
	}
	return s
}

// Edit changes what the team says. What is open keeps what it began with. Reasons: TEXT_MISSING, PROMPT_TWICE, STAGE_TWICE.
func (s *Settings) Edit(change func(*Settings)) ([]Event, error) {
	before := *s
	change(s)
	if err := s.check(); err != nil || reflect.DeepEqual(before, *s) {
		return nil, err
	}
	return []Event{SettingsUpdated}, nil
}

func (s *Settings) check() error {
	s.Prompts = slices.Clone(s.Prompts)
	for i := range s.Prompts {
		prompt := &s.Prompts[i]
		if err := fault.InWords(fmt.Sprintf("retrospective_settings.prompts[%d].text", i), "TEXT_MISSING", "put the prompt in words, or leave it out", &prompt.Text); err != nil {
			return err
		}
		if slices.ContainsFunc(s.Prompts[:i], func(p WordedPrompt) bool { return p.Prompt == prompt.Prompt }) {
			return fault.Invalid(fmt.Sprintf("retrospective_settings.prompts[%d].prompt", i), "PROMPT_TWICE", "%s has its words already; name each prompt once", prompt.Prompt)
		}
	}
	for i, hours := range s.StageHours {
		if slices.ContainsFunc(s.StageHours[:i], func(h StageHours) bool { return h.Stage == hours.Stage }) {
			return fault.Invalid(fmt.Sprintf("retrospective_settings.stage_hours[%d].stage", i), "STAGE_TWICE", "%s has its hours already; name each stage once", hours.Stage)
		}
	}
	return nil
}

// stageEnd is when the time of a stage that begins now is up; nil when it stands open without an end.
func stageEnd(hours []StageHours, stage Stage, now time.Time) *time.Time {
	for _, h := range hours {
		if h.Stage == stage {
			return new(now.Add(time.Duration(h.Hours) * time.Hour))
		}
	}
	return nil
}
