// Package rpc answers the service's methods. Who may call them is decided before, by the access options of the contract.
package rpc

import (
	"context"

	"google.golang.org/grpc"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/keyring"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Server answers IdentityService.
type Server struct {
	identityv1.UnsafeIdentityServiceServer // a method that is missing does not compile

	log        *eventlog.Log
	keys       *keyring.Keyring
	serviceKey string
	signIn     SignIn
}

// New makes a server. serviceKey is what services authenticate with; none can when it is empty. People sign in with links
// alone until UseSignIn says otherwise.
func New(log *eventlog.Log, keys *keyring.Keyring, serviceKey string) *Server {
	limits, _ := domain.SessionLimits{}.Settle() // the defaults are right
	return &Server{log: log, keys: keys, serviceKey: serviceKey, signIn: SignIn{Limits: limits}}
}

// UseSignIn says how people sign in. Call it before the server is used.
func (s *Server) UseSignIn(how SignIn) { s.signIn = how }

// Register registers the server.
func (s *Server) Register(r grpc.ServiceRegistrar) { identityv1.RegisterIdentityServiceServer(r, s) }

// paged is what ListX requests have in common.
type paged interface {
	GetPageSize() int32
	GetPageToken() string
}

// page is the part of a query that the request decides.
func page(ctx context.Context, req paged, parent string, states ...string) record.Query {
	return record.Query{
		Parent: parent, States: states, PageSize: req.GetPageSize(), PageToken: req.GetPageToken(),
		Principal: caller.From(ctx).Subject,
	}
}
