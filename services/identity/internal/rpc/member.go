package rpc

import (
	"context"
	"time"

	"google.golang.org/protobuf/types/known/emptypb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// CreateMember adds a user to a team. Both are looked up before the transaction: neither can ever be deleted.
func (s *Server) CreateMember(ctx context.Context, req *identityv1.CreateMemberRequest) (*identityv1.Member, error) {
	if _, err := store.Teams.Get(ctx, s.log, req.GetParent()); err != nil {
		return nil, err
	}
	user := req.GetMember().GetUser()
	if user == "" {
		return nil, fault.Invalid("member.user", "VALIDATION_FAILED", "Say who joins the team: member.user is the name of a user, users/….")
	}
	if _, err := store.Users.Get(ctx, s.log, user); err != nil {
		return nil, asField(err, "member.user")
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.Member, error) {
		row, err := store.AddMember(tx, req.GetParent(), user, wire.ToTeamRole(req.GetMember().GetRole()))
		if err != nil {
			return nil, err
		}
		return wire.Member(row), nil
	})
}

// GetMember gets a member. One who was removed is there no more.
func (s *Server) GetMember(ctx context.Context, req *identityv1.GetMemberRequest) (*identityv1.Member, error) {
	row, err := store.Members.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	if err := row.Value.Present(); err != nil {
		return nil, err
	}
	return wire.Member(row), nil
}

// UpdateMember changes a member's role.
func (s *Server) UpdateMember(ctx context.Context, req *identityv1.UpdateMemberRequest) (*identityv1.Member, error) {
	if _, err := updatemask.Paths(req.GetUpdateMask(), req.GetMember(), "role"); err != nil {
		return nil, err
	}
	role := wire.ToTeamRole(req.GetMember().GetRole())
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.Member, error) {
		row, err := store.Members.Update(tx, req.GetMember().GetName(), req.GetEtag(), func(m *domain.Member, _ time.Time) ([]domain.Event, error) {
			return m.ChangeRole(role)
		})
		if err != nil {
			return nil, err
		}
		return wire.Member(row), nil
	})
}

// ListMembers lists the members of a team by id.
func (s *Server) ListMembers(ctx context.Context, req *identityv1.ListMembersRequest) (*identityv1.ListMembersResponse, error) {
	if _, err := store.Teams.Get(ctx, s.log, req.GetParent()); err != nil {
		return nil, err
	}
	rows, next, err := store.Members.List(ctx, s.log, page(ctx, req, req.GetParent(), store.StateActive))
	if err != nil {
		return nil, err
	}
	return &identityv1.ListMembersResponse{Members: record.Map(rows, wire.Member), NextPageToken: next}, nil
}

// DeleteMember takes a member out of a team. The row stays, so that its events go on counting when the user comes back.
func (s *Server) DeleteMember(ctx context.Context, req *identityv1.DeleteMemberRequest) (*emptypb.Empty, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*emptypb.Empty, error) {
		_, err := store.Members.Update(tx, req.GetName(), req.GetEtag(), func(m *domain.Member, _ time.Time) ([]domain.Event, error) {
			return m.Remove()
		})
		if err != nil {
			return nil, err
		}
		return &emptypb.Empty{}, nil
	})
}

// asField turns "not found" about something that the request only mentions into a condition that the field does not meet:
// NOT_FOUND is about what the method acts on.
func asField(err error, field string) error {
	f := fault.From(err)
	if f.Kind != fault.NotFound {
		return err
	}
	return fault.Unmet(f.Reason, f.Message, fault.Violation{Field: field, Reason: f.Reason, Description: f.Message})
}
