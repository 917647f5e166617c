package rpc

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
)

// useTimeout is how long a sign-in waits at most for its note that a token is used.
const useTimeout = time.Second

// Authenticate turns a credential into a caller token.
func (s *Server) Authenticate(ctx context.Context, req *identityv1.AuthenticateRequest) (*identityv1.AuthenticateResponse, error) {
	var who caller.Caller
	var err error
	switch credential := req.GetCredential().(type) {
	case *identityv1.AuthenticateRequest_Service:
		who, err = s.authenticateService(credential.Service)
	case *identityv1.AuthenticateRequest_Session:
		who, err = s.authenticateSession(ctx, domain.SentSecret(credential.Session))
	default:
		who, err = s.authenticateToken(ctx, domain.SentSecret(req.GetToken()))
	}
	if err != nil {
		return nil, err
	}
	if who.Admin || who.Manager {
		who.OpenTeams = nil // they read every team; the token stays short
	}
	token, expires, err := s.keys.Mint(ctx, who)
	if err != nil {
		return nil, err
	}
	return &identityv1.AuthenticateResponse{CallerToken: token, ExpireTime: timestamppb.New(expires), Subject: who.Subject}, nil
}

// authenticateToken reads everything anew, so that a lost role or team ends with the caller tokens that are out. Only who has
// a secret that was good once can see that some refusals take longer than others.
func (s *Server) authenticateToken(ctx context.Context, secret domain.Secret) (caller.Caller, error) {
	if secret.Malformed() {
		return caller.Caller{}, errToken()
	}
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
	opens := token.Value.Reads
	if origin.From(ctx).Door == origin.MCP {
		opens = token.Value.Assists
	}
	if !token.Value.Valid(s.log.Now()) || !opens() {
		return caller.Caller{}, errToken()
	}
	who, err := s.ownerOf(ctx, token.Value)
	if err != nil {
		return caller.Caller{}, err
	}
	// A note that cannot be made is no reason to keep anybody out, nor is one that takes long.
	ctx, cancel := context.WithTimeout(ctx, useTimeout)
	defer cancel()
	_ = store.UseToken(ctx, s.log, name)
	return wire.Narrow(who, token.Value), nil
}

// ownerOf is the user or the bot that a token lets in.
func (s *Server) ownerOf(ctx context.Context, token *domain.Token) (caller.Caller, error) {
	if token.Bot() == "" {
		return s.callerOf(ctx, domain.Parent(token.Name))
	}
	team, err := store.Teams.Get(ctx, s.log, domain.Parent(token.Name))
	if err != nil {
		return caller.Caller{}, err
	}
	if team.Value.Deactivated {
		return caller.Caller{}, errToken()
	}
	open, err := store.OpenTeams(ctx, s.log.DB().Read())
	return wire.ToBot(token, open), err
}

// callerOf is what every service is told about a user, given by name, with all that the user may do. A user who is not there
// or is deactivated is refused like an unknown token.
func (s *Server) callerOf(ctx context.Context, user string) (caller.Caller, error) {
	row, err := store.Users.Get(ctx, s.log, user)
	switch {
	case err != nil && fault.From(err).Kind == fault.NotFound:
		return caller.Caller{}, errToken()
	case err != nil:
		return caller.Caller{}, err
	case row.Value.Deactivated:
		return caller.Caller{}, errToken()
	}
	roles, err := store.TeamRoles(ctx, s.log.DB().Read(), user)
	if err != nil {
		return caller.Caller{}, err
	}
	open, err := store.OpenTeams(ctx, s.log.DB().Read())
	return wire.ToCaller(row.Value, roles, open), err
}

// errToken is one answer for tokens and sessions that are unknown, malformed, expired, revoked, for another door, or of
// somebody who is deactivated, so that nobody learns which they are.
func errToken() error {
	return fault.New(fault.Unauthenticated, "TOKEN_INVALID", "The token is unknown, expired or revoked.")
}

// authenticateService asks for the key before the name, so that only who has the key learns which names there are.
func (s *Server) authenticateService(c *identityv1.ServiceCredential) (caller.Caller, error) {
	sent, want := sha256.Sum256([]byte(c.GetKey())), sha256.Sum256([]byte(s.serviceKey))
	if subtle.ConstantTimeCompare(sent[:], want[:]) != 1 || s.serviceKey == "" {
		return caller.Caller{}, fault.New(fault.Unauthenticated, "SERVICE_KEY_INVALID", "The service key is not the one of this installation.")
	}
	if c.GetService() != "gateway" && !slices.Contains(wire.Services, c.GetService()) {
		return caller.Caller{}, fault.Invalid("service.service", "SERVICE_UNKNOWN", "there is no service %q", c.GetService())
	}
	return wire.ToService(c.GetService()), nil
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
