// Package caller says who is asking: it carries the caller of a request through a context, and signs and verifies the
// short-lived token that proves it from one service to the next.
package caller

import (
	"context"
	"slices"
	"strings"

	"google.golang.org/grpc/metadata"
)

// MetadataKey is the one gRPC metadata key that a caller travels under. Its value is a signed caller token; no other
// metadata says who is calling.
const MetadataKey = "fortnight-caller"

// Role is what a user is in a team.
type Role string

// The roles in a team. A value that is none of these gives no right.
const (
	// Member plans, experiments and reflects.
	Member Role = "member"
	// Coach is a member who may also pass a gate and change the team.
	Coach Role = "coach"
	// Viewer reads only.
	Viewer Role = "viewer"
)

// Caller is who is asking. The zero value is anonymous. A Caller that came out of a Verifier is shared between requests:
// do not change its maps and slices.
type Caller struct {
	// Subject is the resource name of a user, "users/mina", of a team's token that a bot uses, "teams/payments/tokens/slack",
	// or of a service, "services/cycle"; empty when anonymous.
	Subject string
	// Service is true when a service asks for itself and not for a user.
	Service bool
	// Admin and Manager are roles in the organisation.
	Admin, Manager bool
	// ReadOnly is true when the credential lets the caller read and no more, whatever the roles are.
	ReadOnly bool
	// Teams holds the user's role by team id.
	Teams map[string]Role
	// OpenTeams are the ids of the teams that are visible to the whole organisation, sorted.
	OpenTeams []string
	// Audience are the services that the token was made for; empty means all.
	Audience []string
	// Session is the id of the browser's session that the caller came with; empty when it was another credential.
	Session string
	// Token is the signed caller token that proves all this; it is forwarded, never logged.
	Token string
}

// Anonymous tells whether nobody has signed in.
func (c Caller) Anonymous() bool { return c.Subject == "" }

// Bot returns the id of the team whose bot is calling, or "".
func (c Caller) Bot() string {
	rest, ok := strings.CutPrefix(c.Subject, "teams/")
	if !ok || c.Service {
		return ""
	}
	team, _, _ := strings.Cut(rest, "/")
	return team
}

// MayAsk tells whether the caller's token was made for a service.
func (c Caller) MayAsk(service string) bool {
	return len(c.Audience) == 0 || slices.Contains(c.Audience, service)
}

// Is tells whether the caller is the user with the given id.
func (c Caller) Is(user string) bool {
	id, ok := strings.CutPrefix(c.Subject, "users/")
	return ok && !c.Service && id != "" && id == user
}

// InTeam tells whether the caller is one of the team's own people, or its bot: whoever has a role in it.
func (c Caller) InTeam(team string) bool {
	switch c.Teams[team] {
	case Member, Coach, Viewer:
		return !c.Anonymous() && team != ""
	default:
		return false
	}
}

// CanRead tells whether the caller may read what belongs to the team with the given id: whoever has a role in it,
// managers, admins and services, and everybody who has signed in when the team is visible to the organisation.
func (c Caller) CanRead(team string) bool {
	if c.Anonymous() || team == "" {
		return false
	}
	if c.InTeam(team) || c.Manager || c.Admin || c.Service {
		return true
	}
	_, open := slices.BinarySearch(c.OpenTeams, team)
	return open
}

// CanWrite tells whether the caller may change what belongs to the team with the given id: its members and coaches,
// admins and services, unless the credential is for reading.
func (c Caller) CanWrite(team string) bool {
	if c.Anonymous() || team == "" || c.ReadOnly {
		return false
	}
	switch c.Teams[team] {
	case Member, Coach:
		return true
	default:
		return c.Admin || c.Service
	}
}

// CanCoach tells whether the caller may do what needs a coach of the team with the given id: its coaches, and admins.
func (c Caller) CanCoach(team string) bool {
	if c.Anonymous() || team == "" || c.ReadOnly {
		return false
	}
	return c.Teams[team] == Coach || c.Admin
}

type contextKey struct{}

// With returns a context that carries c.
func With(ctx context.Context, c Caller) context.Context {
	return context.WithValue(ctx, contextKey{}, c)
}

// From returns the caller that ctx carries, or the anonymous one.
func From(ctx context.Context) Caller {
	c, _ := ctx.Value(contextKey{}).(Caller)
	return c
}

// Outgoing returns a context whose outgoing gRPC calls are made on behalf of the caller that ctx carries. An anonymous
// caller adds nothing.
func Outgoing(ctx context.Context) context.Context {
	if token := From(ctx).Token; token != "" {
		return OutgoingAs(ctx, token)
	}
	return ctx
}

// OutgoingAs returns a context whose outgoing gRPC calls show the given signed caller token, whatever caller ctx carries
// and whatever token it showed before: a service asks for itself with it. Two tokens on one call would be refused.
func OutgoingAs(ctx context.Context, token string) context.Context {
	md, ok := metadata.FromOutgoingContext(ctx) // a copy
	if !ok {
		md = metadata.MD{}
	}
	md.Set(MetadataKey, token)
	return metadata.NewOutgoingContext(ctx, md)
}
