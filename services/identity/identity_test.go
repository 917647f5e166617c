package identity_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

var admin = []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN}

// world is a running service whose server trusts no tokens but the service's own.
type world struct {
	*testing.T
	*testkit.Kit
	identityv1.IdentityServiceClient
	kit       service.Kit
	service   *identity.Service
	announced []string
}

// start starts the service on an empty database. before, if any, changes the configuration.
func start(t *testing.T, before ...func(*identity.Config)) *world {
	t.Helper()
	w := &world{T: t, Kit: testkit.New(t)}
	w.kit = w.Service("identity")
	w.service = w.open(before...)
	w.UseVerifier(&caller.Verifier{Keys: w.service.Key, Clock: w.Clock.Now})
	w.Start(w.service)
	w.IdentityServiceClient = identityv1.NewIdentityServiceClient(w.Conn())
	return w
}

// open opens the service, as at the start of a process.
func (w *world) open(before ...func(*identity.Config)) *identity.Service {
	w.Helper()
	cfg := identity.Config{Announce: func(token string) { w.announced = append(w.announced, token) }}
	for _, change := range before {
		change(&cfg)
	}
	s, err := identity.New(w.Context(), w.kit, cfg)
	if err != nil {
		w.Fatal(err)
	}
	return s
}

// restart opens the service on the same database once more and closes it again.
func (w *world) restart(before ...func(*identity.Config)) {
	w.Helper()
	if err := w.open(before...).Close(); err != nil {
		w.Fatal(err)
	}
}

// whoIs tells whom a secret lets in: the user and the number of organisation roles.
func (w *world) whoIs(secret string) (*identityv1.Caller, error) {
	w.Helper()
	answer, err := w.Authenticate(w.Context(), &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Token{Token: secret}})
	if err != nil {
		return nil, err
	}
	return w.GetCaller(metadata.AppendToOutgoingContext(w.Context(), caller.MetadataKey, answer.GetCallerToken()), &identityv1.GetCallerRequest{})
}

// as returns a context that calls with a secret.
func (w *world) as(secret string) context.Context {
	w.Helper()
	answer, err := w.Authenticate(w.Context(), &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Token{Token: secret}})
	if err != nil {
		w.Fatal(err)
	}
	return metadata.AppendToOutgoingContext(w.Context(), caller.MetadataKey, answer.GetCallerToken())
}

func TestBootstrap(t *testing.T) {
	w := start(t)
	w.restart()
	if len(w.announced) != 2 || w.announced[0] == w.announced[1] {
		t.Fatalf("announced %d bootstrap tokens, want a new one at each start", len(w.announced))
	}
	ask := func(token string) (*identityv1.BootstrapResponse, error) {
		return w.Bootstrap(t.Context(), &identityv1.BootstrapRequest{BootstrapToken: token, UserId: "mina", DisplayName: "Mina"})
	}
	for _, token := range []string{"guessed", w.announced[0]} {
		_, err := ask(token)
		testkit.Refused(t, err, fault.Unauthenticated, "BOOTSTRAP_TOKEN_INVALID")
	}
	_, err := w.whoIs(w.announced[1])
	testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID") // it is good for Bootstrap only

	answer, err := ask(w.announced[1])
	if err != nil {
		t.Fatal(err)
	}
	me, err := w.whoIs(answer.GetToken().GetSecret())
	if err != nil || me.GetUser() != "users/mina" || len(me.GetOrganizationRoles()) != 1 || me.GetOrganizationRoles()[0] != admin[0] {
		t.Errorf("the first admin is %v, %v", me, err)
	}
	for _, token := range []string{w.announced[1], "guessed"} {
		_, err := ask(token)
		testkit.Refused(t, err, fault.FailedPrecondition, "BOOTSTRAP_DONE")
	}
	if w.restart(); len(w.announced) != 2 {
		t.Error("a bootstrap token was announced although there is an admin")
	}
	for _, r := range testkit.Records(t, w.service.Log) {
		if r.Actor != "users/mina" {
			t.Errorf("%s was done by %q", r.Type, r.Actor)
		}
	}
}

func TestBootstrapRequestsAreChecked(t *testing.T) {
	w := start(t)
	_, err := w.Bootstrap(t.Context(), &identityv1.BootstrapRequest{UserId: "Not An Id"})
	testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "bootstrap_token", "display_name", "user_id")
	_, err = w.Bootstrap(t.Context(), &identityv1.BootstrapRequest{BootstrapToken: w.announced[0], UserId: "mina", DisplayName: " "})
	testkit.Refused(t, err, fault.InvalidArgument, "DISPLAY_NAME_EMPTY", "user.display_name")
	if _, err = w.Bootstrap(t.Context(), &identityv1.BootstrapRequest{BootstrapToken: w.announced[0], UserId: "mina", DisplayName: "Mina"}); err != nil {
		t.Errorf("a refused request used the token up: %v", err)
	}
}

func TestBootstrapTokenFromTheSettings(t *testing.T) {
	const chosen = "correct-horse-battery-staple"
	with := func(token string) func(*identity.Config) {
		return func(cfg *identity.Config) { cfg.BootstrapToken = token }
	}
	w := start(t, with(chosen))
	me, err := w.whoIs(chosen)
	if err != nil || me.GetUser() != "users/admin" || me.GetOrganizationRoles()[0] != admin[0] {
		t.Errorf("the token lets in %v, %v", me, err)
	}
	w.restart(with("another-token-that-comes-too-late"))
	_, err = w.whoIs("another-token-that-comes-too-late")
	testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID")
	if len(w.announced) != 0 {
		t.Error("a bootstrap token was announced although there is one in the settings")
	}
	_, err = identity.New(t.Context(), w.kit, identity.Config{BootstrapToken: "admin"})
	testkit.Refused(t, err, fault.InvalidArgument, "SECRET_WEAK")
	_, err = identity.New(t.Context(), w.kit, identity.Config{BootstrapToken: "fn_that-i-made-up-myself"})
	testkit.Refused(t, err, fault.InvalidArgument, "SECRET_MALFORMED")
}

func TestIssueToken(t *testing.T) {
	w := start(t)
	secret, err := w.service.IssueToken(t.Context(), "ops", "Operator", admin, 0)
	if err != nil {
		t.Fatal(err)
	}
	if me, err := w.whoIs(secret); err != nil || me.GetUser() != "users/ops" || len(me.GetOrganizationRoles()) != 1 {
		t.Errorf("the token lets in %v, %v", me, err)
	}
	_, err = w.Bootstrap(t.Context(), &identityv1.BootstrapRequest{BootstrapToken: w.announced[0], UserId: "mina", DisplayName: "Mina"})
	testkit.Refused(t, err, fault.FailedPrecondition, "BOOTSTRAP_DONE")

	// A user who exists keeps what it has.
	short, err := w.service.IssueToken(t.Context(), "ops", "Somebody else", nil, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if me, err := w.whoIs(short); err != nil || len(me.GetOrganizationRoles()) != 1 {
		t.Errorf("the second token lets in %v, %v", me, err)
	}
	w.Clock.Advance(time.Hour)
	_, err = w.whoIs(short)
	testkit.Refused(t, err, fault.Unauthenticated, "TOKEN_INVALID")

	// It carries what its user may do; who is deactivated gets none.
	ops := w.as(secret)
	if _, err := w.CreateUser(ops, &identityv1.CreateUserRequest{UserId: "gone", User: &identityv1.User{DisplayName: "Gone"}}); err != nil {
		t.Errorf("the operator's token does not carry the role of admin: %v", err)
	}
	if _, err := w.DeactivateUser(ops, &identityv1.DeactivateUserRequest{Name: "users/gone"}); err != nil {
		t.Fatal(err)
	}
	_, err = w.service.IssueToken(t.Context(), "gone", "x", nil, 0)
	testkit.Refused(t, err, fault.FailedPrecondition, "USER_DEACTIVATED", "user")

	_, err = w.service.IssueToken(t.Context(), "Not An Id", "x", nil, 0)
	testkit.Refused(t, err, fault.InvalidArgument, "ID_INVALID", "user_id")
	_, err = w.service.IssueToken(t.Context(), "ops", "x", nil, 401*24*time.Hour)
	testkit.Refused(t, err, fault.InvalidArgument, "EXPIRE_TIME_TOO_FAR", "token.expire_time")
}

// recorder keeps every answer of a connection, as JSON, by method.
type recorder struct {
	grpc.ClientConnInterface
	answers map[string]string
}

func (r *recorder) Invoke(ctx context.Context, method string, request, answer any, options ...grpc.CallOption) error {
	err := r.ClientConnInterface.Invoke(ctx, method, request, answer, options...)
	r.answers[filepath.Base(method)] += protojson.Format(answer.(proto.Message))
	return err
}

func TestASecretShowsOnceAndIsNowhere(t *testing.T) {
	const serviceKey = "the-key-that-all-services-share"
	w := start(t, func(cfg *identity.Config) { cfg.ServiceKey = serviceKey })
	seen := &recorder{ClientConnInterface: w.Conn(), answers: map[string]string{}}
	w.IdentityServiceClient = identityv1.NewIdentityServiceClient(seen)

	first, err := w.Bootstrap(t.Context(), &identityv1.BootstrapRequest{BootstrapToken: w.announced[0], UserId: "mina", DisplayName: "Mina"})
	if err != nil {
		t.Fatal(err)
	}
	signedIn, err := w.Authenticate(t.Context(), &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Token{Token: first.GetToken().GetSecret()}})
	if err != nil {
		t.Fatal(err)
	}
	ctx := metadata.AppendToOutgoingContext(t.Context(), caller.MetadataKey, signedIn.GetCallerToken())
	second, err := w.CreateToken(ctx, &identityv1.CreateTokenRequest{Parent: "users/mina", TokenId: "ci", Token: &identityv1.Token{DisplayName: "CI"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.ListTokens(ctx, &identityv1.ListTokensRequest{Parent: "users/mina"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.RevokeToken(ctx, &identityv1.RevokeTokenRequest{Name: "users/mina/tokens/ci", RequestId: "once"}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{serviceKey, "a-wrong-key-that-is-no-secret"} {
		_, _ = w.Authenticate(t.Context(), &identityv1.AuthenticateRequest{
			Credential: &identityv1.AuthenticateRequest_Service{Service: &identityv1.ServiceCredential{Service: "cycle", Key: key}},
		})
	}
	_, _ = w.whoIs("fn_a-secret-that-was-never-one")
	testkit.Eventually(t, "the broker has the events", func() bool { return w.service.Relay().Status().Published >= 4 })

	issued, err := w.service.IssueToken(t.Context(), "ops", "Operator", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	files := w.files()
	if !strings.Contains(files, "users/mina/tokens/ci") {
		t.Fatal("the files are not those of the database: a search in them proves nothing")
	}
	secrets := map[string]string{
		w.announced[0]: "", first.GetToken().GetSecret(): "Bootstrap", second.GetSecret(): "CreateToken",
		issued: "", serviceKey: "", "fn_a-secret-that-was-never-one": "", signedIn.GetCallerToken(): "Authenticate",
	}
	for secret, shownBy := range secrets {
		for what, text := range map[string]string{"the files": files, "the log": w.Output()} {
			if strings.Contains(text, secret) {
				t.Errorf("%s hold %q", what, secret)
			}
		}
		for method, answers := range seen.answers {
			if shows := strings.Contains(answers, secret); shows != (method == shownBy) {
				t.Errorf("%s shows %q: %v", method, secret, shows)
			}
		}
	}
}

// files is what lies in the directory of the database and the broker.
func (w *world) files() string {
	w.Helper()
	var all strings.Builder
	dir := filepath.Dir(strings.TrimPrefix(w.kit.DatabaseURL("identity"), "sqlite:"))
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return all.String()
}
