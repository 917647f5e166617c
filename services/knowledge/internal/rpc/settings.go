package rpc

import (
	"context"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

// GetKnowledgeSettings gets how a team gives and takes what is learned: the defaults when it said nothing.
func (s *Server) GetKnowledgeSettings(ctx context.Context, req *knowledgev1.GetKnowledgeSettingsRequest) (*knowledgev1.KnowledgeSettings, error) {
	row, err := store.Settings.Get(ctx, s.log, req.GetName())
	if f := fault.From(err); f == nil || f.Kind != fault.NotFound {
		if err != nil {
			return nil, err
		}
		return wire.Settings(row), nil
	}
	if err := s.teamExists(ctx, domain.TeamOf(req.GetName())); err != nil { // a team that is not there has none
		return nil, err
	}
	return wire.Settings(record.Row[domain.Settings]{Value: &domain.Settings{Name: req.GetName()}}), nil
}

// UpdateKnowledgeSettings changes how a team gives and takes what is learned.
func (s *Server) UpdateKnowledgeSettings(
	ctx context.Context, req *knowledgev1.UpdateKnowledgeSettingsRequest,
) (*knowledgev1.KnowledgeSettings, error) {
	given := req.GetKnowledgeSettings()
	paths, err := updatemask.Paths(req.GetUpdateMask(), given, wire.SettingsFields()...)
	if err != nil {
		return nil, err
	}
	if err := s.teamExists(ctx, domain.TeamOf(given.GetName())); err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*knowledgev1.KnowledgeSettings, error) {
		row, err := store.ChangeSettings(tx, given.GetName(), req.GetEtag(), wire.SettingsChange(given, paths))
		if err != nil {
			return nil, err
		}
		return wire.Settings(row), nil
	})
}

// teamExists asks whether there is a team, teams/{team}, that the caller may know of.
func (s *Server) teamExists(ctx context.Context, team string) error {
	if team == "" { // the rule of what needs a team says it better
		return nil
	}
	_, err := s.teams.GetTeam(ctx, &identityv1.GetTeamRequest{Name: team})
	return err
}
