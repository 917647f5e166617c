package rpc

import (
	"context"
	"errors"

	"google.golang.org/protobuf/types/known/timestamppb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/identity/internal/oidc"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
)

// BeginSignIn begins a sign-in at the provider. Only the browser gets what completes it: the hashes that are stored here do
// not.
func (s *Server) BeginSignIn(ctx context.Context, req *identityv1.BeginSignInRequest) (*identityv1.BeginSignInResponse, error) {
	if s.signIn.Provider == nil {
		return nil, domain.NoProvider()
	}
	state, binding := keyring.NewSecret(""), keyring.NewSecret(domain.BindingSecret)
	// Checked before the provider is asked, and again with the time of the transaction.
	if _, err := domain.NewPendingSignIn(req.GetRedirectUri(), req.GetReturnTo(), s.log.Now()); err != nil {
		return nil, err
	}
	uri, err := s.signIn.Provider.AuthorizationURI(ctx, req.GetRedirectUri(), state.Reveal(), domain.Nonce(binding, state), domain.CodeVerifier(binding, state))
	if err != nil {
		return nil, err
	}
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.BeginSignInResponse, error) {
		p, err := domain.NewPendingSignIn(req.GetRedirectUri(), req.GetReturnTo(), tx.Now())
		if err != nil {
			return nil, err
		}
		if err := store.PurgeSignIns(tx); err != nil {
			return nil, err
		}
		if err := store.CreatePendingSignIn(tx, p, state, binding); err != nil {
			return nil, err
		}
		return &identityv1.BeginSignInResponse{AuthorizationUri: uri, Binding: binding.Reveal(), ExpireTime: timestamppb.New(p.ExpireTime)}, nil
	})
}

// CompleteSignIn completes a sign-in: it uses the pending one up, asks the provider, and only then opens a session. The three
// are apart, for no transaction waits on a network, and what failed once is not tried again.
func (s *Server) CompleteSignIn(ctx context.Context, req *identityv1.CompleteSignInRequest) (*identityv1.SignInResponse, error) {
	if s.signIn.Provider == nil {
		return nil, domain.NoProvider()
	}
	details := map[string]string{"issuer": s.signIn.Provider.Issuer()}
	pending, who, err := s.verified(ctx, req)
	if err != nil {
		return s.signInAnswer(ctx, nil, err, details)
	}
	details["subject"] = who.Subject
	answer, err := s.admit(ctx, req, pending, who)
	return s.signInAnswer(ctx, answer, err, details)
}

// verified is the sign-in that was begun in this browser, and who the provider says it is.
func (s *Server) verified(ctx context.Context, req *identityv1.CompleteSignInRequest) (domain.PendingSignIn, domain.Identity, error) {
	state, binding := domain.SentSecret(req.GetState()), domain.SentSecret(req.GetBinding())
	var pending domain.PendingSignIn
	err := s.log.Do(ctx, func(tx *eventlog.Tx) error {
		var found bool
		var err error
		if pending, found, err = store.TakePendingSignIn(ctx, tx, state, binding); err == nil && !found {
			err = domain.StateInvalid()
		}
		return err
	})
	if err != nil {
		return pending, domain.Identity{}, err
	}
	if req.GetError() != "" || req.GetCode() == "" {
		return pending, domain.Identity{}, domain.ProviderRefused().Because(errors.New("the provider sent the error " + oidc.Word(req.GetError())))
	}
	who, err := s.signIn.Provider.Complete(ctx, oidc.Callback{
		Code: req.GetCode(), Issuer: req.GetIssuer(), RedirectURI: pending.RedirectURI,
		Nonce: domain.Nonce(binding, state), Verifier: domain.CodeVerifier(binding, state),
	})
	return pending, who, err
}

// admit opens a session of the user whom the identity is, and gives what the groups give. What changes by that is this
// service's deed: nobody has signed in before.
func (s *Server) admit(ctx context.Context, req *identityv1.CompleteSignInRequest, pending domain.PendingSignIn, who domain.Identity) (*identityv1.SignInResponse, error) {
	session := newSession(ctx, domain.ByProvider)
	userID, accountID := names.ID(""), names.ID("")
	ctx = caller.With(ctx, caller.Caller{Subject: "services/identity", Service: true})
	return eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.SignInResponse, error) {
		admitted, err := store.AdmitIdentity(ctx, tx, who, s.signIn.Provider.Policy(), userID, accountID)
		if err != nil {
			return nil, err
		}
		if admitted.Tied {
			tied := audit.Event{
				Action: commonv1.AuditAction_AUDIT_ACTION_ACCOUNT_TIED, Resource: admitted.Account.Name,
				Details: map[string]string{"issuer": who.Issuer, "subject": who.Subject, "by": tiedBy(admitted)},
			}
			if err := audit.Record(tx, tied); err != nil {
				return nil, err
			}
		}
		o := session
		o.account, o.idToken = admitted.Account.Name, who.IDToken
		return s.open(tx, o, admitted.User, pending.ReturnTo)
	})
}

func tiedBy(a store.Admitted) string {
	if a.Created {
		return "first sign-in"
	}
	return "verified e-mail address"
}
