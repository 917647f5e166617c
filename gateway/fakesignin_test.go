package gateway_test

import (
	"context"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

const (
	minaSession  = "fns_mina"
	ioSession    = "fns_io"
	providerPage = "https://login.example.com/authorize?state=s-1&nonce=n-1"
)

// signIns is what the fake identity knows of browsers.
type signIns struct {
	sessions map[string]string // the caller token by secret
	links    map[string]string // the new session by secret
	methods  *identityv1.SignInMethods
	endAt    string
	ended    []string
	revoked  []string
	// begun and completed are the last requests.
	begun     *identityv1.BeginSignInRequest
	completed *identityv1.CompleteSignInRequest
	// refusing is what CompleteSignIn answers instead.
	refusing error
}

func newSignIns() signIns {
	return signIns{
		sessions: map[string]string{minaSession: minaCaller, ioSession: "caller-token-of-io"}, links: map[string]string{"fnl_one": "fns_new"},
		methods: &identityv1.SignInMethods{},
	}
}

func (f *fakeIdentity) GetSignInMethods(context.Context, *identityv1.GetSignInMethodsRequest) (*identityv1.SignInMethods, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.methods, nil
}

func (f *fakeIdentity) SignInWithLink(_ context.Context, r *identityv1.SignInWithLinkRequest) (*identityv1.SignInResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	session, ok := f.links[r.GetSecret()]
	if !ok {
		return nil, fail(codes.Unauthenticated, "SIGN_IN_LINK_INVALID", "The link is unknown, used or over.")
	}
	delete(f.links, r.GetSecret())
	f.sessions[session] = minaCaller
	return &identityv1.SignInResponse{Secret: session, ReturnTo: "/teams/payments?tab=plan"}, nil
}

func (f *fakeIdentity) BeginSignIn(_ context.Context, r *identityv1.BeginSignInRequest) (*identityv1.BeginSignInResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.begun = r
	return &identityv1.BeginSignInResponse{AuthorizationUri: providerPage, Binding: "fnb_one"}, nil
}

func (f *fakeIdentity) CompleteSignIn(_ context.Context, r *identityv1.CompleteSignInRequest) (*identityv1.SignInResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.completed = r
	if f.refusing != nil {
		return nil, f.refusing
	}
	if r.GetBinding() != "fnb_one" || r.GetState() != "s-1" {
		return nil, fail(codes.Unauthenticated, "SIGN_IN_STATE_INVALID", "This sign-in was not begun in this browser.")
	}
	f.sessions["fns_new"] = minaCaller
	return &identityv1.SignInResponse{Secret: "fns_new", ReturnTo: f.begun.GetReturnTo()}, nil
}

func (f *fakeIdentity) SignOut(_ context.Context, r *identityv1.SignOutRequest) (*identityv1.SignOutResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.sessions, r.GetSecret())
	f.ended = append(f.ended, r.GetSecret())
	return &identityv1.SignOutResponse{EndSessionUri: f.endAt}, nil
}

func (f *fakeIdentity) GetCaller(context.Context, *identityv1.GetCallerRequest) (*identityv1.Caller, error) {
	return &identityv1.Caller{
		User: "users/mina", OrganizationRoles: []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN},
		Teams: []*identityv1.CallerTeam{{Team: "teams/payments", Role: identityv1.TeamRole_TEAM_ROLE_COACH}},
	}, nil
}

func (f *fakeIdentity) GetUser(context.Context, *identityv1.GetUserRequest) (*identityv1.User, error) {
	return &identityv1.User{Name: "users/mina", DisplayName: "Mina <b>Okafor</b>"}, nil
}

var used = timestamppb.New(time.Date(2026, 6, 8, 9, 30, 0, 0, time.UTC))

func (f *fakeIdentity) ListSessions(_ context.Context, r *identityv1.ListSessionsRequest) (*identityv1.ListSessionsResponse, error) {
	session := func(id, agent, address string, method identityv1.SignInMethod, current bool) *identityv1.Session {
		return &identityv1.Session{
			Name: r.GetParent() + "/sessions/" + id, UserAgent: agent, Address: address, Method: method, Current: current,
			CreateTime: used, LastUseTime: used, ExpireTime: used,
		}
	}
	return &identityv1.ListSessionsResponse{Sessions: []*identityv1.Session{
		session("s1", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "203.0.113.7", identityv1.SignInMethod_SIGN_IN_METHOD_LINK, true),
		session("s2", "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Safari/604.1", "2001:db8::1", identityv1.SignInMethod_SIGN_IN_METHOD_PROVIDER, false),
		session("s3", "<script>alert(1)</script>", "", identityv1.SignInMethod_SIGN_IN_METHOD_UNSPECIFIED, false),
	}}, nil
}

func (f *fakeIdentity) RevokeSession(_ context.Context, r *identityv1.RevokeSessionRequest) (*identityv1.Session, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.revoked = append(f.revoked, r.GetName())
	return &identityv1.Session{Name: r.GetName(), Current: r.GetName() == "users/mina/sessions/s1"}, nil
}
