package domain_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

func TestSettingsHaveDefaults(t *testing.T) {
	complete := domain.Settings{Name: "s"}.Complete()
	want := domain.Settings{
		Name: "s", VotesPerMember: 3,
		Prompts: []domain.WordedPrompt{{Prompt: domain.Helped, Text: "What helped us?"}, {Prompt: domain.HeldBack, Text: "What held us back?"}, {Prompt: domain.Surprised, Text: "What surprised us?"}},
		Causes:  []string{"flow", "focus-time", "help", "learning", "finished-work", "interruptions", "meetings", "waiting", "tooling", "unclear-work", "rework"},
	}
	if !reflect.DeepEqual(complete, want) {
		t.Errorf("defaults %+v, want %+v", complete, want)
	}
	said := domain.Settings{
		Anonymous: true, MoveByTime: true, VotesPerMember: 5, Causes: []string{"pager"}, StageHours: []domain.StageHours{{Stage: domain.Vote, Hours: 1}},
		Prompts: []domain.WordedPrompt{{Prompt: domain.Surprised, Text: "Oh?"}},
	}
	before := said
	complete = said.Complete()
	if !complete.Anonymous || !complete.MoveByTime || complete.VotesPerMember != 5 || !slices.Equal(complete.Causes, said.Causes) || len(complete.StageHours) != 1 ||
		len(complete.Prompts) != 3 || complete.Prompts[2].Text != "Oh?" || complete.Prompts[0].Text != "What helped us?" {
		t.Errorf("completed %+v", complete)
	}
	if !reflect.DeepEqual(said, before) || !reflect.DeepEqual(complete.Complete(), complete) {
		t.Error("completing changes what was said, or itself")
	}
	complete.Causes[0] = "x"
	if again := (domain.Settings{}).Complete(); again.Causes[0] != "flow" {
		t.Error("the defaults are shared")
	}
}

func TestSettingsAreEdited(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*domain.Settings)
		reason string
	}{
		{"all of it", func(s *domain.Settings) {
			s.Anonymous, s.VotesPerMember = true, 4
			s.Prompts = []domain.WordedPrompt{{Prompt: domain.Helped, Text: "a"}, {Prompt: domain.Surprised, Text: "a"}}
			s.StageHours = []domain.StageHours{{Stage: domain.Collect, Hours: 1}, {Stage: domain.Decide, Hours: 1}}
		}, ""},
		{"a prompt of blanks", func(s *domain.Settings) { s.Prompts = []domain.WordedPrompt{{Prompt: domain.Helped, Text: " "}} }, "TEXT_MISSING"},
		{"a prompt twice", func(s *domain.Settings) {
			s.Prompts = []domain.WordedPrompt{{Prompt: domain.Helped, Text: "a"}, {Prompt: domain.Helped, Text: "b"}}
		}, "PROMPT_TWICE"},
		{"a stage twice", func(s *domain.Settings) {
			s.StageHours = []domain.StageHours{{Stage: domain.Vote, Hours: 1}, {Stage: domain.Vote, Hours: 2}}
		}, "STAGE_TWICE"},
	} {
		t.Run(test.name, func(t *testing.T) {
			settings := &domain.Settings{Name: "s"}
			events, err := settings.Edit(test.change)
			if test.reason != "" {
				checkReason(t, err, test.reason)
				return
			}
			if err != nil || !slices.Equal(events, []domain.Event{domain.SettingsUpdated}) {
				t.Errorf("edited: %v, %v", events, err)
			}
			if events, err := settings.Edit(test.change); len(events) != 0 || err != nil {
				t.Errorf("the same again: %v, %v", events, err)
			}
		})
	}
}
