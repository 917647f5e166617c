package rpc

import (
	"context"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// CreateUser creates a user.
func (s *Server) CreateUser(ctx context.Context, req *identityv1.CreateUserRequest) (*identityv1.User, error) {
	given := wire.ToUser(req.GetUser())
	given.Name = domain.UserName(names.ID(req.GetUserId()))
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.User, error) {
		u, events, err := domain.NewUser(given)
		if err != nil {
			return nil, err
		}
		row, err := store.Users.Create(tx, u, events...)
		if err != nil {
			return nil, err
		}
		return wire.User(row), nil
	})
}

// GetUser gets a user.
func (s *Server) GetUser(ctx context.Context, req *identityv1.GetUserRequest) (*identityv1.User, error) {
	row, err := store.Users.Get(ctx, s.log, req.GetName())
	if err != nil {
		return nil, err
	}
	return shownUser(ctx, row), nil
}

// ListUsers lists users by id.
func (s *Server) ListUsers(ctx context.Context, req *identityv1.ListUsersRequest) (*identityv1.ListUsersResponse, error) {
	rows, next, err := store.Users.List(ctx, s.log, page(ctx, req, ""))
	if err != nil {
		return nil, err
	}
	users := record.Map(rows, func(row record.Row[domain.User]) *identityv1.User { return shownUser(ctx, row) })
	return &identityv1.ListUsersResponse{Users: users, NextPageToken: next}, nil
}

// UpdateUser changes what the mask names.
func (s *Server) UpdateUser(ctx context.Context, req *identityv1.UpdateUserRequest) (*identityv1.User, error) {
	given := wire.ToUser(req.GetUser())
	paths, err := updatemask.Paths(req.GetUpdateMask(), req.GetUser(), "display_name", "email", "organization_roles")
	if err != nil {
		return nil, err
	}
	change := func(u *domain.User) {
		for _, path := range paths {
			switch path {
			case "display_name":
				u.DisplayName = given.DisplayName
			case "email":
				u.Email = given.Email
			case "organization_roles":
				u.Roles = given.Roles
			}
		}
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.User, error) {
		return updateUser(ctx, tx, given.Name, req.GetEtag(), func(u *domain.User, others int) ([]domain.Event, error) {
			return u.Update(change, others)
		})
	})
}

// DeactivateUser lets a user in no more.
func (s *Server) DeactivateUser(ctx context.Context, req *identityv1.DeactivateUserRequest) (*identityv1.User, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.User, error) {
		return updateUser(ctx, tx, req.GetName(), req.GetEtag(), (*domain.User).Deactivate)
	})
}

// ReactivateUser lets a deactivated user in again.
func (s *Server) ReactivateUser(ctx context.Context, req *identityv1.ReactivateUserRequest) (*identityv1.User, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.User, error) {
		return updateUser(ctx, tx, req.GetName(), req.GetEtag(), func(u *domain.User, _ int) ([]domain.Event, error) {
			return u.Reactivate()
		})
	})
}

// updateUser applies a rule that depends on how many admins there are besides the user.
func updateUser(ctx context.Context, tx *eventlog.Tx, name, etag string, rule func(u *domain.User, otherAdmins int) ([]domain.Event, error)) (*identityv1.User, error) {
	row, err := store.Users.Update(tx, name, etag, func(u *domain.User, _ time.Time) ([]domain.Event, error) {
		others, err := store.OtherAdmins(ctx, tx, u.Name)
		if err != nil {
			return nil, err
		}
		return rule(u, others)
	})
	if err != nil {
		return nil, err
	}
	return wire.User(row), nil
}

// shownUser is a user as the caller may see it. Names and roles are for everybody, except for bots, which only need the
// names; addresses, and where the user is from, are for admins, services and the user.
func shownUser(ctx context.Context, row record.Row[domain.User]) *identityv1.User {
	u, c := wire.User(row), caller.From(ctx)
	if !mayReadDetails(c, u.GetName()) {
		u.Email, u.ExternalId, u.ProvisionedBy = "", "", ""
	}
	if !mayReadRoles(c, u.GetName()) {
		u.OrganizationRoles, u.GroupOrganizationRoles = nil, nil
	}
	return u
}
