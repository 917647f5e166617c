package rpc

import (
	"cmp"
	"context"
	"crypto/rand"
	"strings"

	"google.golang.org/protobuf/types/known/timestamppb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// TapDay takes a tap. What is kept of the caller is a mark, and as long as this process runs, who it was, to tell different people apart.
func (s *Server) TapDay(ctx context.Context, req *retrospectivev1.TapDayRequest) (*retrospectivev1.Tap, error) {
	team, _, err := domain.GoodDayOf(req.GetName())
	if err != nil {
		return nil, err
	}
	who := caller.From(ctx)
	if !tapsIn(who, team) {
		return nil, fault.New(fault.PermissionDenied, "TAP_MEMBERS_ONLY", "only the people of a team, its members and coaches, say how its days were; join the team first")
	}
	// Asked by this service: identity's log must not tell who taps.
	zone, err := s.zone(s.asService(ctx), team)
	if err != nil {
		return nil, err
	}
	mark := domain.Mark(s.key, "tap", req.GetName(), who.Subject)
	secret := cmp.Or(req.GetSecret(), rand.Text())
	tap := domain.Tap{SecretHash: domain.HashSecret(secret), Mood: wire.Mood(req.GetMood()), Cause: req.GetCause(), Note: req.GetNote()}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*retrospectivev1.Tap, error) {
		day, err := store.TapDay(tx, s.key, store.DayTap{Day: req.GetName(), Mark: mark, Secret: req.GetSecret(), Tap: tap, Zone: zone})
		if err != nil {
			return nil, err
		}
		s.known.Tapped(day, tap.SecretHash, who.Subject)
		return &retrospectivev1.Tap{
			GoodDay: day.Name, Mood: req.GetMood(), Cause: tap.Cause, Secret: secret, CloseTime: timestamppb.New(day.CloseTime),
		}, nil
	})
}

// tapsIn tells whether somebody is a member or a coach of a team, teams/{team}. Bots, services and admins who are not of the team do not tap:
// each tap stands for one of its people, and three taps for three.
func tapsIn(who caller.Caller, team string) bool {
	role := who.Teams[strings.TrimPrefix(team, "teams/")]
	return strings.HasPrefix(who.Subject, "users/") && (role == caller.Member || role == caller.Coach)
}

// ListGoodDays lists the closed days of a team, the latest first.
func (s *Server) ListGoodDays(ctx context.Context, req *retrospectivev1.ListGoodDaysRequest) (*retrospectivev1.ListGoodDaysResponse, error) {
	for field, day := range map[string]string{"start_date": req.GetStartDate(), "end_date": req.GetEndDate()} {
		if day != "" {
			if err := domain.CheckDay(field, day); err != nil {
				return nil, err
			}
		}
	}
	query := record.PageOf(ctx, req)
	query.From, query.UpTo = req.GetStartDate(), req.GetEndDate()
	rows, next, err := store.GoodDays.List(ctx, s.log, query)
	if err != nil {
		return nil, err
	}
	return &retrospectivev1.ListGoodDaysResponse{GoodDays: record.Map(rows, wire.GoodDay), NextPageToken: next}, nil
}

// ListGoodWeeks lists the closed weeks of a team, the latest first.
func (s *Server) ListGoodWeeks(ctx context.Context, req *retrospectivev1.ListGoodWeeksRequest) (*retrospectivev1.ListGoodWeeksResponse, error) {
	rows, next, err := store.GoodWeeks.List(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	return &retrospectivev1.ListGoodWeeksResponse{GoodWeeks: record.Map(rows, wire.GoodWeek), NextPageToken: next}, nil
}
