package rpc

import (
	"context"

	"google.golang.org/protobuf/types/known/emptypb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CreateAccount ties an account at the provider to a user.
func (s *Server) CreateAccount(ctx context.Context, req *identityv1.CreateAccountRequest) (*identityv1.Account, error) {
	if _, err := store.Users.Get(ctx, s.log, req.GetParent()); err != nil {
		return nil, err
	}
	id := names.ID("")
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.Account, error) {
		a, err := domain.NewAccount(req.GetParent(), id, req.GetAccount().GetIssuer(), req.GetAccount().GetSubject(), tx.Now())
		if err != nil {
			return nil, err
		}
		if err := store.CreateAccount(tx, a); err != nil {
			return nil, err
		}
		return wire.Account(a), audit.Record(tx, accountEvent(commonv1.AuditAction_AUDIT_ACTION_ACCOUNT_TIED, a))
	})
}

// ListAccounts lists a user's accounts by id.
func (s *Server) ListAccounts(ctx context.Context, req *identityv1.ListAccountsRequest) (*identityv1.ListAccountsResponse, error) {
	if _, err := store.Users.Get(ctx, s.log, req.GetParent()); err != nil {
		return nil, err
	}
	accounts, next, err := store.Accounts(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	answer := &identityv1.ListAccountsResponse{NextPageToken: next}
	for _, a := range accounts {
		answer.Accounts = append(answer.Accounts, wire.Account(a))
	}
	return answer, nil
}

// DeleteAccount unties an account from its user and ends the sessions that it opened.
func (s *Server) DeleteAccount(ctx context.Context, req *identityv1.DeleteAccountRequest) (*emptypb.Empty, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*emptypb.Empty, error) {
		a, err := store.DeleteAccount(ctx, tx, req.GetName())
		if err != nil {
			return nil, err
		}
		return &emptypb.Empty{}, audit.Record(tx, accountEvent(commonv1.AuditAction_AUDIT_ACTION_ACCOUNT_UNTIED, a))
	})
}

func accountEvent(action commonv1.AuditAction, a domain.Account) audit.Event {
	return audit.Event{Action: action, Resource: a.Name, Details: map[string]string{"issuer": a.Issuer, "subject": a.Subject}}
}
