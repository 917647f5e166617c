package rpc

import (
	"context"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// SignOut ends the session that a secret belongs to. An unknown one is no error, so that a browser can always forget it.
func (s *Server) SignOut(ctx context.Context, req *identityv1.SignOutRequest) (*identityv1.SignOutResponse, error) {
	secret := domain.SentSecret(req.GetSecret())
	session, found, err := store.SessionOf(ctx, s.log.DB().Read(), secret)
	if err != nil || !found {
		return &identityv1.SignOutResponse{}, err
	}
	hint, err := store.IDTokenOf(ctx, s.log.DB().Read(), secret)
	if err != nil {
		return nil, err
	}
	answer, err := eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.SignOutResponse, error) {
		if _, err := store.EndSession(ctx, tx, session.Name); err != nil {
			return nil, err
		}
		return &identityv1.SignOutResponse{}, audit.Record(tx, audit.Event{
			Action: commonv1.AuditAction_AUDIT_ACTION_SIGNED_OUT, Resource: session.Name, Actor: session.User,
		})
	})
	if err != nil && fault.From(err).Kind == fault.NotFound { // it ended at the same time, or long ago
		return &identityv1.SignOutResponse{}, nil
	}
	if err == nil && session.Method == domain.ByProvider && s.signIn.Provider != nil {
		answer.EndSessionUri = s.signIn.Provider.EndSession(ctx, hint, req.GetPostLogoutRedirectUri())
	}
	return answer, err
}

// ListSessions lists a user's sessions, newest first.
func (s *Server) ListSessions(ctx context.Context, req *identityv1.ListSessionsRequest) (*identityv1.ListSessionsResponse, error) {
	if _, err := store.Users.Get(ctx, s.log, req.GetParent()); err != nil {
		return nil, err
	}
	sessions, next, err := store.Sessions(ctx, s.log, record.PageOf(ctx, req))
	if err != nil {
		return nil, err
	}
	answer := &identityv1.ListSessionsResponse{NextPageToken: next}
	for _, session := range sessions {
		answer.Sessions = append(answer.Sessions, wire.Session(session, caller.From(ctx).Session))
	}
	return answer, nil
}

// RevokeSession ends a session at once.
func (s *Server) RevokeSession(ctx context.Context, req *identityv1.RevokeSessionRequest) (*identityv1.Session, error) {
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.Session, error) {
		session, err := store.EndSession(ctx, tx, req.GetName())
		if err != nil {
			return nil, err
		}
		session.EndTime = tx.Now()
		return wire.Session(session, caller.From(ctx).Session), audit.Record(tx, audit.Event{
			Action: commonv1.AuditAction_AUDIT_ACTION_SESSION_REVOKED, Resource: session.Name,
		})
	})
}

// authenticateSession is who a session lets in, with everything that the user may do. Whatever is wrong has one answer.
func (s *Server) authenticateSession(ctx context.Context, secret domain.Secret) (caller.Caller, error) {
	session, err := s.liveSession(ctx, secret)
	if err != nil {
		return caller.Caller{}, err
	}
	who, err := s.callerOf(ctx, session.User)
	if err != nil && fault.From(err).Kind == fault.Unauthenticated {
		return caller.Caller{}, domain.SessionInvalid()
	}
	who.Session = domain.ID(session.Name)
	return who, err
}

// liveSession finds the session of a secret and notes its use. What cannot be noted, for instance on a full disk, does not
// keep anybody out.
func (s *Server) liveSession(ctx context.Context, secret domain.Secret) (domain.Session, error) {
	if !secret.WellFormed(domain.SessionSecret) {
		return domain.Session{}, domain.SessionInvalid()
	}
	session, found, err := store.SessionOf(ctx, s.log.DB().Read(), secret)
	if err != nil {
		return session, err
	}
	now := s.log.Now()
	if !found || !session.Live(now) {
		return session, domain.SessionInvalid()
	}
	if session.Use(now) {
		ctx, cancel := context.WithTimeout(ctx, useTimeout)
		defer cancel()
		_ = s.log.Do(ctx, func(tx *eventlog.Tx) error { return store.UseSession(tx, session) })
	}
	return session, nil
}
