// Package rpc answers the report contract.
package rpc

import (
	"context"
	"slices"
	"time"

	reportv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/report/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/report/internal/domain"
	"github.com/fortnighthq/fortnight/services/report/internal/store"
	"github.com/fortnighthq/fortnight/services/report/internal/wire"
)

// Server answers ReportService.
type Server struct {
	log   *eventlog.Log
	clock func() time.Time
}

var _ reportv1.ReportServiceServer = (*Server)(nil)

// New answers from log; clock decides what the current period is.
func New(log *eventlog.Log, clock func() time.Time) *Server { return &Server{log: log, clock: clock} }

// GetLearningReport reads the report of a period over the teams that the caller may read.
func (s *Server) GetLearningReport(ctx context.Context, req *reportv1.GetLearningReportRequest) (*reportv1.LearningReport, error) {
	period, err := domain.NewPeriod(req.GetFrom(), req.GetTo(), s.clock())
	if err != nil {
		return nil, err
	}
	who := caller.From(ctx)
	for _, team := range req.GetTeams() {
		if !mayRead(who, team) {
			return nil, fault.New(fault.PermissionDenied, "PERMISSION_DENIED", "you may not read %s", team)
		}
	}
	report, err := store.LearningReport(ctx, s.log.DB().Read(), period, func(team string) bool {
		return mayRead(who, team) && (len(req.GetTeams()) == 0 || slices.Contains(req.GetTeams(), team))
	})
	if err != nil {
		return nil, err
	}
	for _, team := range req.GetTeams() {
		if !slices.ContainsFunc(report.Teams, func(known domain.TeamLearning) bool { return known.Team == team }) {
			report.UnknownTeams = append(report.UnknownTeams, team)
		}
	}
	return wire.LearningReport(report), nil
}
