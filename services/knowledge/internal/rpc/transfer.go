package rpc

import (
	"cmp"
	"context"
	"time"

	"google.golang.org/grpc"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/wire"
)

const (
	// evidencePage is how much evidence is read at a time.
	evidencePage = 1000
	// teamsPage is how many teams are asked for at a time, teamsPatience how long that may take.
	teamsPage, teamsPatience = 1000, 5 * time.Second
)

// ExportLearnings streams what was published and what was retired, oldest first, with the evidence as the caller may see it. That it was
// exported is recorded first: an export that breaks off has shown what it has shown.
func (s *Server) ExportLearnings(req *knowledgev1.ExportLearningsRequest, stream grpc.ServerStreamingServer[knowledgev1.ExportedLearning]) error {
	ctx := stream.Context()
	exported := audit.Event{
		Action: commonv1.AuditAction_AUDIT_ACTION_EXPORTED, Resource: "learnings",
		Details: map[string]string{"source": s.log.Source()},
	}
	if err := audit.RecordNow(ctx, s.log, exported); err != nil {
		return err
	}
	now := s.log.Now()
	teams := s.teamNames(ctx)
	for row, err := range store.Told(ctx, s.log) {
		if err != nil {
			return err
		}
		from := row.Value.Leaving(req.GetInstallation(), cmp.Or(teams[row.Value.Team], row.Value.TeamID()), now)
		learning, err := s.exported(ctx, row, from, req.GetWithoutCharts())
		if err != nil {
			return err
		}
		if err := stream.Send(learning); err != nil {
			return err
		}
	}
	return nil
}

// exported puts together what leaves with a learning.
func (s *Server) exported(ctx context.Context, row record.Row[domain.Learning], from domain.Provenance, withoutChart bool,
) (*knowledgev1.ExportedLearning, error) {
	learning := wire.Exported(row, from)
	for token := ""; ; {
		page, err := s.ListEvidence(ctx, &knowledgev1.ListEvidenceRequest{Parent: row.Value.Name, PageSize: evidencePage, PageToken: token})
		if err != nil {
			return nil, err
		}
		learning.Evidence = append(learning.Evidence, page.GetEvidence()...)
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	if row.Value.HasChart && !withoutChart {
		chart, _, err := store.ChartOf(ctx, s.log, row.Value.Name)
		if err != nil {
			return nil, err
		}
		learning.Chart = chart
	}
	return learning, nil
}

// teamNames are what people call the teams that the caller may read. It is nice to have: when it cannot be told, the ids have to do.
func (s *Server) teamNames(ctx context.Context) map[string]string {
	ctx, cancel := context.WithTimeout(caller.Outgoing(ctx), teamsPatience)
	defer cancel()
	names := map[string]string{}
	for token := ""; ; {
		page, err := s.teams.ListTeams(ctx, &identityv1.ListTeamsRequest{PageSize: teamsPage, PageToken: token})
		if err != nil {
			return names
		}
		for _, t := range page.GetTeams() {
			names[t.GetName()] = t.GetDisplayName()
		}
		if token = page.GetNextPageToken(); token == "" {
			return names
		}
	}
}
