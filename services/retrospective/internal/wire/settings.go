package wire

import (
	"slices"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// Settings converts the settings of a team, with the defaults. Settings that were never made have no times and no etag.
func Settings(row record.Row[domain.Settings]) *retrospectivev1.RetrospectiveSettings {
	s := row.Value.Complete()
	settings := &retrospectivev1.RetrospectiveSettings{
		Name:           s.Name,
		Anonymous:      s.Anonymous,
		Prompts:        wordedPrompts(s.Prompts),
		VotesPerMember: int32(s.VotesPerMember),
		MoveByTime:     s.MoveByTime,
		Causes:         s.Causes,
		Etag:           row.Etag,
	}
	for _, hours := range s.StageHours {
		settings.StageHours = append(settings.StageHours, &retrospectivev1.StageHours{Stage: stage(hours.Stage), Hours: int32(hours.Hours)})
	}
	if row.Version > 0 {
		settings.CreateTime, settings.UpdateTime = timestamppb.New(row.CreateTime), timestamppb.New(row.UpdateTime)
	}
	return settings
}

// SettingsChange sets the fields that paths name as given has them.
func SettingsChange(given *retrospectivev1.RetrospectiveSettings, paths []string) func(*domain.Settings) {
	return func(s *domain.Settings) {
		for _, path := range paths {
			switch path {
			case "anonymous":
				s.Anonymous = given.GetAnonymous()
			case "prompts":
				s.Prompts = nil
				for _, prompt := range given.GetPrompts() {
					s.Prompts = append(s.Prompts, domain.WordedPrompt{Prompt: Prompt(prompt.GetPrompt()), Text: prompt.GetText()})
				}
			case "votes_per_member":
				s.VotesPerMember = int(given.GetVotesPerMember())
			case "stage_hours":
				s.StageHours = nil
				for _, hours := range given.GetStageHours() {
					s.StageHours = append(s.StageHours, domain.StageHours{Stage: Stage(hours.GetStage()), Hours: int(hours.GetHours())})
				}
			case "move_by_time":
				s.MoveByTime = given.GetMoveByTime()
			case "causes":
				s.Causes = slices.Clone(given.GetCauses())
			}
		}
	}
}

// SettingsEvent is the data of an event about the settings of a team.
func SettingsEvent(row record.Row[domain.Settings], _ domain.Event) proto.Message {
	return &retrospectivev1.RetrospectiveSettingsUpdated{RetrospectiveSettings: Settings(row)}
}

func wordedPrompts(prompts []domain.WordedPrompt) []*retrospectivev1.WordedPrompt {
	worded := make([]*retrospectivev1.WordedPrompt, len(prompts))
	for i, p := range prompts {
		worded[i] = &retrospectivev1.WordedPrompt{Prompt: prompt(p.Prompt), Text: p.Text}
	}
	return worded
}
