package rpc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"slices"

	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// services are those that may call for themselves.
var services = []string{"cycle", "experiment", "gateway", "identity", "knowledge", "notification", "report", "retrospective"}

// Authenticate turns a credential into a caller token.
func (s *Server) Authenticate(ctx context.Context, req *identityv1.AuthenticateRequest) (*identityv1.AuthenticateResponse, error) {
	var who caller.Caller
	var err error
	if req.GetService() != nil {
		who, err = s.authenticateService(req.GetService())
	} else {
		who, err = s.authenticateUser(ctx, domain.SentSecret(req.GetToken()))
	}
	if err != nil {
		return nil, err
	}
	token, expires, err := s.keys.Mint(ctx, who)
	if err != nil {
		return nil, err
	}
	return &identityv1.AuthenticateResponse{CallerToken: token, ExpireTime: timestamppb.New(expires)}, nil
}

// authenticateUser reads everything anew, so that a lost role or team ends with the caller tokens that are out.
func (s *Server) authenticateUser(ctx context.Context, secret domain.Secret) (caller.Caller, error) {
	name, found, err := store.TokenOf(ctx, s.log.DB().Read(), secret)
	if err != nil {
		return caller.Caller{}, err
	}
	if !found {
		return caller.Caller{}, errToken()
	}
	token, err := store.Tokens.Get(ctx, s.log, name)
	if err != nil {
		return caller.Caller{}, err
	}
	if !token.Value.Valid(s.log.Now()) {
		return caller.Caller{}, errToken()
	}
	user, err := store.Users.Get(ctx, s.log, domain.Parent(name))
	if err != nil {
		return caller.Caller{}, err
	}
	memberships, err := store.Memberships(ctx, s.log.DB().Read(), user.Value.Name)
	if err != nil {
		return caller.Caller{}, err
	}
	return wire.ToCaller(user.Value, memberships), nil
}

// errToken is one answer for unknown, expired and revoked tokens, so that nobody learns which they are.
func errToken() error {
	return fault.New(fault.Unauthenticated, "TOKEN_INVALID", "The token is unknown, expired or revoked.")
}

// authenticateService asks for the key before the name, so that only who has the key learns which names there are.
func (s *Server) authenticateService(c *identityv1.ServiceCredential) (caller.Caller, error) {
	sent, want := sha256.Sum256([]byte(c.GetKey())), sha256.Sum256([]byte(s.serviceKey))
	if subtle.ConstantTimeCompare(sent[:], want[:]) != 1 || s.serviceKey == "" {
		return caller.Caller{}, fault.New(fault.Unauthenticated, "SERVICE_KEY_INVALID", "The service key is not the one of this installation.")
	}
	if !slices.Contains(services, c.GetService()) {
		return caller.Caller{}, fault.Invalid("service.service", "SERVICE_UNKNOWN", "there is no service %q", c.GetService())
	}
	return caller.Caller{Subject: "services/" + c.GetService(), Service: true}, nil
}

// ListSigningKeys lists the public keys that caller tokens are signed with.
func (s *Server) ListSigningKeys(ctx context.Context, _ *identityv1.ListSigningKeysRequest) (*identityv1.ListSigningKeysResponse, error) {
	keys, err := s.keys.List(ctx)
	if err != nil {
		return nil, err
	}
	answer := &identityv1.ListSigningKeysResponse{}
	for _, k := range keys {
		answer.SigningKeys = append(answer.SigningKeys, &identityv1.SigningKey{KeyId: k.ID, PublicKey: k.Key})
	}
	return answer, nil
}

// GetCaller tells who is calling, as every service was told: it answers from the caller token.
func (s *Server) GetCaller(ctx context.Context, _ *identityv1.GetCallerRequest) (*identityv1.Caller, error) {
	return wire.Caller(caller.From(ctx)), nil
}
