package rpcserver

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
)

// maxAnswer bounds what a client accepts; reports are the largest answers.
const maxAnswer = 16 << 20

// Dial returns a connection to a server of another process; target is host:port or any gRPC target. It connects when it
// is first used. secure is asked at each handshake, so that certificates can change. Without it Dial refuses targets beyond
// loopback, unless allowPlaintext is true: caller tokens would be readable on the way. Wrap it with Asking for use inside of
// a service.
func Dial(target string, secure func() *tls.Config, allowPlaintext bool) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	switch {
	case secure != nil:
		creds = fresh{strict(secure()), secure}
	case !allowPlaintext && !privateTarget(target):
		return nil, fmt.Errorf("refusing to call %s in plain text: whoever is on that network could read and change calls; use TLS, a loopback address, or allow plain text explicitly", target)
	}
	conn, err := grpc.NewClient(target,
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(maxAnswer)),
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: 3 * keepaliveLeast, Timeout: keepaliveLeast, PermitWithoutStream: true}),
		grpc.WithDefaultServiceConfig(`{"loadBalancingConfig":[{"round_robin":{}}]}`),
		// gRPC's own longest wait is two minutes: too long after a restart that takes seconds.
		grpc.WithConnectParams(grpc.ConnectParams{
			MinConnectTimeout: 5 * time.Second,
			Backoff:           backoff.Config{BaseDelay: 100 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second},
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("target %q: %w", target, err)
	}
	return conn, nil
}

// fresh are credentials that ask for their configuration at each handshake.
type fresh struct {
	credentials.TransportCredentials
	config func() *tls.Config
}

// ClientHandshake implements credentials.TransportCredentials.
func (f fresh) ClientHandshake(ctx context.Context, authority string, conn net.Conn) (net.Conn, credentials.AuthInfo, error) {
	return strict(f.config()).ClientHandshake(ctx, authority, conn)
}

// Clone implements credentials.TransportCredentials.
func (f fresh) Clone() credentials.TransportCredentials {
	return fresh{f.TransportCredentials.Clone(), f.config}
}

// strict are the credentials of a TLS configuration, without the versions before 1.3.
func strict(config *tls.Config) credentials.TransportCredentials {
	config = config.Clone()
	config.MinVersion = max(config.MinVersion, tls.VersionTLS13)
	return credentials.NewTLS(config)
}

// privateTarget tells whether a target can only be on this machine.
func privateTarget(target string) bool {
	if strings.HasPrefix(target, "unix:") || strings.HasPrefix(target, "unix-abstract:") {
		return true
	}
	for _, scheme := range []string{"dns:", "passthrough:"} {
		if rest, ok := strings.CutPrefix(target, scheme); ok {
			target = strings.TrimPrefix(rest, "///")
		}
	}
	host, _, err := net.SplitHostPort(target)
	if err != nil {
		host = strings.Trim(target, "[]")
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}
