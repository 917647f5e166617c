package main

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

// connections reach the services: those of this process over the in-process channel, the others over TCP.
type connections struct {
	server         *rpcserver.Server
	local          []string
	addrs          map[string]string
	secure         func() *tls.Config // nil without TLS
	allowPlaintext bool

	mu     sync.Mutex
	dialed map[string]*grpc.ClientConn
}

// to is the connection over which services ask a service.
func (c *connections) to(service string) grpc.ClientConnInterface {
	return rpcserver.Asking(c.plain(service))
}

// plain is the connection to a service, as the gateway wants it. One that nobody said the address of answers every call
// with UNAVAILABLE.
func (c *connections) plain(service string) grpc.ClientConnInterface {
	if slices.Contains(c.local, service) {
		return c.server.Conn()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if conn := c.dialed[service]; conn != nil {
		return conn
	}
	addr := c.addrs[service]
	if addr == "" {
		return nowhere{service}
	}
	conn, err := rpcserver.Dial(addr, c.secure, c.allowPlaintext)
	if err != nil {
		return nowhere{service + " at " + addr}
	}
	if c.dialed == nil {
		c.dialed = map[string]*grpc.ClientConn{}
	}
	c.dialed[service] = conn
	return conn
}

func (c *connections) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, conn := range c.dialed {
		_ = conn.Close()
	}
}

// signingKeys asks identity for the public keys of caller tokens.
func (c *connections) signingKeys(ctx context.Context) (map[string]ed25519.PublicKey, error) {
	answer, err := identityv1.NewIdentityServiceClient(c.to("identity")).ListSigningKeys(ctx, &identityv1.ListSigningKeysRequest{})
	if err != nil {
		return nil, err
	}
	keys := map[string]ed25519.PublicKey{}
	for _, key := range answer.GetSigningKeys() {
		keys[key.GetKeyId()] = key.GetPublicKey()
	}
	return keys, nil
}

// nowhere is the connection to a service that this process was not told the address of.
type nowhere struct{ service string }

func (n nowhere) Invoke(context.Context, string, any, any, ...grpc.CallOption) error {
	return status.Errorf(codes.Unavailable, "the address of the service %s is not set (FORTNIGHT_SERVICE_ADDRS)", n.service)
}

func (n nowhere) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, n.Invoke(context.Background(), "", nil, nil)
}

// credentials let a service of this process ask others as itself, by a caller token that identity signs.
type credentials struct {
	conns   *connections
	service string
	key     string
	clock   func() time.Time

	mu      sync.Mutex
	token   string
	expires time.Time
}

// renewBefore is how long before its end a caller token is replaced.
const renewBefore = 15 * time.Second

// outgoing puts the service's caller token on what is asked with the context. When identity cannot be asked, the context
// goes without, and the asked service refuses.
func (c *credentials) outgoing(ctx context.Context) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.clock().After(c.expires.Add(-renewBefore)) {
		// The service asks, and not whoever it answers: they may want to be named in no log.
		asked := caller.With(ctx, caller.Caller{})
		answer, err := identityv1.NewIdentityServiceClient(c.conns.to("identity")).Authenticate(asked, &identityv1.AuthenticateRequest{
			Credential: &identityv1.AuthenticateRequest_Service{Service: &identityv1.ServiceCredential{Service: c.service, Key: c.key}},
		})
		if err != nil {
			return ctx
		}
		c.token, c.expires = answer.GetCallerToken(), answer.GetExpireTime().AsTime()
	}
	return caller.OutgoingAs(ctx, c.token)
}
