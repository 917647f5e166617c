package rpc

import (
	"context"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/identity/internal/oidc"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
)

// SignIn is how people sign in.
type SignIn struct {
	// Provider is the client of the OpenID provider; nil when there is none.
	Provider *oidc.Client
	// Limits say how long sessions live.
	Limits domain.SessionLimits
}

// CreateSignInLink makes a link that signs a user in. Its answer is the only place where the secret ever shows.
func (s *Server) CreateSignInLink(ctx context.Context, req *identityv1.CreateSignInLinkRequest) (*identityv1.SignInLink, error) {
	secret, id := keyring.NewSecret(domain.LinkSecret), names.ID("")
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.SignInLink, error) {
		link, err := MakeSignInLink(tx, req.GetParent(), id, req.GetReturnTo(), secret)
		if err != nil {
			return nil, err
		}
		return wire.SignInLink(link, secret), nil
	})
}

// MakeSignInLink makes a link for a user, given by name. The operator makes them as well.
func MakeSignInLink(tx *eventlog.Tx, user, id, returnTo string, secret domain.Secret) (domain.SignInLink, error) {
	row, err := store.Users.Hold(tx, user)
	if err != nil {
		return domain.SignInLink{}, err
	}
	link, err := domain.NewSignInLink(row.Value, id, returnTo, tx.Now())
	if err != nil {
		return link, err
	}
	if err := store.PurgeSignIns(tx); err != nil {
		return link, err
	}
	if err := store.CreateSignInLink(tx, user, link, secret); err != nil {
		return link, err
	}
	return link, audit.Record(tx, audit.Event{Action: commonv1.AuditAction_AUDIT_ACTION_SIGN_IN_LINK_CREATED, Resource: link.Name})
}

// SignInWithLink uses a link up and opens a session.
func (s *Server) SignInWithLink(ctx context.Context, req *identityv1.SignInWithLinkRequest) (*identityv1.SignInResponse, error) {
	sent := domain.SentSecret(req.GetSecret())
	session := newSession(ctx, domain.ByLink)
	answer, err := eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.SignInResponse, error) {
		user, link, found, err := store.TakeSignInLink(ctx, tx, sent)
		if err != nil {
			return nil, err
		}
		if !found {
			return nil, domain.LinkInvalid()
		}
		row, err := store.Users.Must(tx, user)
		if err != nil {
			return nil, err
		}
		if row.Value.Deactivated {
			return nil, domain.LinkInvalid()
		}
		return s.open(tx, session, row.Value, link.ReturnTo)
	})
	return s.signInAnswer(ctx, answer, err, nil)
}

// GetSignInMethods tells how one may sign in. Links always work.
func (s *Server) GetSignInMethods(context.Context, *identityv1.GetSignInMethodsRequest) (*identityv1.SignInMethods, error) {
	if s.signIn.Provider == nil {
		return &identityv1.SignInMethods{}, nil
	}
	return &identityv1.SignInMethods{ProviderDisplayName: s.signIn.Provider.DisplayName(), Automatic: s.signIn.Provider.Automatic()}, nil
}

// opening is a session that is about to be opened. Each has an id and a secret of its own: nothing that a browser brings
// along is ever taken for them.
type opening struct {
	id               string
	secret           domain.Secret
	method           domain.SignInMethod
	account, idToken string
	from             origin.Origin
}

func newSession(ctx context.Context, method domain.SignInMethod) opening {
	return opening{id: names.ID(""), secret: keyring.NewSecret(domain.SessionSecret), method: method, from: origin.From(ctx)}
}

// open opens a session of a user and writes it down.
func (s *Server) open(tx *eventlog.Tx, o opening, u *domain.User, returnTo string) (*identityv1.SignInResponse, error) {
	session := domain.NewSession(domain.Session{
		Name: domain.SessionName(u.Name, o.id), User: u.Name, Method: o.method, Account: o.account, Address: o.from.Address, Agent: o.from.UserAgent,
	}, s.signIn.Limits, tx.Now())
	if err := store.PurgeSignIns(tx); err != nil {
		return nil, err
	}
	if err := store.CreateSession(tx, session, o.secret, o.idToken); err != nil {
		return nil, err
	}
	event := audit.Event{
		Action: commonv1.AuditAction_AUDIT_ACTION_SIGNED_IN, Resource: session.Name, Actor: u.Name,
		Details: map[string]string{"method": string(o.method)},
	}
	if o.account != "" {
		event.Details["account"] = o.account
	}
	return wire.SignedIn(session, o.secret, returnTo), audit.Record(tx, event)
}

// signInAnswer is the answer to a sign-in. A refusal is written down before anybody hears of it.
func (s *Server) signInAnswer(ctx context.Context, answer *identityv1.SignInResponse, err error, details map[string]string) (*identityv1.SignInResponse, error) {
	if err == nil {
		return answer, nil
	}
	f := fault.From(err)
	if f.Kind == fault.Unauthenticated || f.Kind == fault.PermissionDenied {
		refusal := audit.Event{Action: commonv1.AuditAction_AUDIT_ACTION_SIGN_IN_REFUSED, Reason: f.Reason, Details: details}
		if failed := audit.RecordNow(ctx, s.log, refusal); failed != nil {
			return nil, failed
		}
	}
	return nil, err
}
