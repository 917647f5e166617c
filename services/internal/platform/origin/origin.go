// Package origin says where a request came from, for the audit log: through which door, from which network address. It is
// information, never a right: nothing may be allowed because of it. A token may be refused because of it, at a door that its scopes are not for.
package origin

import (
	"context"
	"net/netip"
	"strings"

	"google.golang.org/grpc/metadata"
)

// MetadataKey is the gRPC metadata key that an origin travels under, from the gateway on and from service to service.
const MetadataKey = "fortnight-origin"

// Door is the way in.
type Door string

// The doors.
const (
	REST        Door = "rest"
	Pages       Door = "pages"
	MCP         Door = "mcp"
	GRPC        Door = "grpc"
	CommandLine Door = "command_line"
	Program     Door = "program"
)

// Origin is where a request came from. The zero value is unknown.
type Origin struct {
	Door Door
	// Address is an IP address in its shortest text form, or "".
	Address string
	// UserAgent is what the client called itself: printable ASCII, 200 bytes at most.
	UserAgent string
}

type contextKey struct{}

// With returns a context that carries o.
func With(ctx context.Context, o Origin) context.Context {
	return context.WithValue(ctx, contextKey{}, o)
}

// From returns the origin that ctx carries, or the unknown one.
func From(ctx context.Context) Origin {
	o, _ := ctx.Value(contextKey{}).(Origin)
	return o
}

// String is the form in metadata: door, address and user agent, separated by single spaces; "-" for an unknown address.
func (o Origin) String() string {
	address := o.Address
	if address == "" {
		address = "-"
	}
	return strings.TrimRight(string(o.Door)+" "+address+" "+printable(o.UserAgent), " ")
}

// Parse reads what String wrote. What is not of that form is unknown.
func Parse(text string) Origin {
	door, rest, _ := strings.Cut(text, " ")
	address, agent, _ := strings.Cut(rest, " ")
	o := Origin{Door: Door(door), UserAgent: printable(agent)}
	switch o.Door {
	case REST, Pages, MCP, GRPC, CommandLine, Program:
	default:
		return Origin{}
	}
	if ip, err := netip.ParseAddr(address); err == nil {
		o.Address = ip.Unmap().WithZone("").String()
	}
	return o
}

// Incoming reads the origin that a gRPC call brought, or the unknown one.
func Incoming(ctx context.Context) Origin {
	if values := metadata.ValueFromIncomingContext(ctx, MetadataKey); len(values) == 1 {
		return Parse(values[0])
	}
	return Origin{}
}

const maxAgent = 200

func printable(text string) string {
	kept := strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return -1
		}
		return r
	}, text)
	return strings.TrimSpace(kept[:min(maxAgent, len(kept))])
}
