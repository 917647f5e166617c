package main

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"testing"
	"time"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/config"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// The two teams that the isolation tests look at. Both are filled alike; the first is visible to its own people, the
// second to the organisation.
const (
	closedTeam = "payments"
	openTeam   = "orchard"
	otherTeam  = "mobile"
)

// Words that stand in every text that the world's teams write, so that an answer that holds one is a leak to whoever may
// not know it: a team's work, its drafted learnings, and its notes.
const (
	workWord  = "quokka"
	draftWord = "numbat"
	noteWord  = "bilby"
)

// secret is a text of a team that tells which word it was filled with.
func secret(word, team string) string { return word + "-of-" + team }

// theAdmin is the admin that every program of these tests has.
const theAdmin = "users/root"

// The columns of the isolation matrix, from nobody to everything.
var columns = []string{
	"anonymous", "expired", "revoked", "deactivated", "nobody", "removed", "outsider", "otherBot", "viewer", "bot", "readOnly", "member", "coach",
	"manager", "adminWrite", "admin", "service",
}

// knowing are the columns that may read the work of a closed team, writing those that may read its notes.
var (
	knowing = []string{"viewer", "bot", "readOnly", "member", "coach", "manager", "admin", "service"}
	writing = []string{"bot", "member", "coach", "admin", "service"}
)

// world is a running program with people of every kind, and two teams that have something of everything.
type world struct {
	*started
	offset *offset
	// secrets are the API tokens by column; of bots and services there is one for each team, under "bot payments".
	secrets map[string]string
	// callers are the caller tokens by column, callersMade when they were made.
	callers map[string]string
	// things are names that the program chose: "draft payments" is a learning.
	things map[string]string
	// addresses counts those that requests came from.
	addresses int
	// etags are those of things that nothing changes while they are looked at.
	etags map[string]string
}

// offset is a clock that runs with the machine's and can be put forward.
type offset struct {
	mu sync.Mutex
	by time.Duration
}

func (o *offset) Now() time.Time {
	o.mu.Lock()
	defer o.mu.Unlock()
	return time.Now().Add(o.by)
}

func (o *offset) advance(by time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.by += by
}

// startAt runs the program at a clock that the test moves, and logs to a logger of the test.
func startAt(t *testing.T, clock func() time.Time, settings Settings, logger *slog.Logger) *started {
	t.Helper()
	dbtest.NeedFTS5(t)
	settings.HTTPAddr, settings.StopTimeout, settings.NATSReplicas = "127.0.0.1:0", 10*time.Second, 1
	if settings.DataDir == "" {
		settings.DataDir = t.TempDir()
	}
	program, err := newProgramAt(t.Context(), clock, settings, append(serveAll(), gatewayName), logger, nil)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- program.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Errorf("the program ended with %v", err)
		}
		program.Close()
	})
	token, err := program.identity.IssueToken(t.Context(), "root", "Root", []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN}, 0)
	if err != nil {
		t.Fatal(err)
	}
	return &started{Program: program, URL: "http://" + program.Addr(), Token: token}
}

// newWorld starts the program and fills it.
func newWorld(t *testing.T) *world {
	t.Helper()
	clock := &offset{}
	w := &world{
		started: startAt(t, clock.Now, Settings{ServiceKey: config.Secret("a-service-key-for-this-test")}, slog.New(slog.DiscardHandler)),
		offset:  clock, secrets: map[string]string{"anonymous": ""}, callers: map[string]string{}, things: map[string]string{}, etags: map[string]string{},
	}
	w.people(t)
	w.fillOrganization(t)
	for _, team := range []string{closedTeam, openTeam} {
		w.fill(t, team)
	}
	return w
}

// people makes one user of each kind.
func (w *world) people(t *testing.T) {
	t.Helper()
	w.must(t, http.MethodPost, "/v1/teams?teamId="+closedTeam, `{"displayName":"`+secret(workWord, closedTeam)+`"}`)
	w.must(t, http.MethodPost, "/v1/teams?teamId="+openTeam, `{"displayName":"`+secret(workWord, openTeam)+`","visibility":"TEAM_VISIBILITY_ORGANIZATION"}`)
	w.must(t, http.MethodPost, "/v1/teams?teamId="+otherTeam, `{"displayName":"Mobile"}`)
	w.must(t, http.MethodPost, "/v1/teams?teamId=spare", `{"displayName":"Spare"}`)
	for _, user := range []string{"aiko", "rio", "vera", "jonas", "mina", "nils", "mara", "dora", "extra", "gone"} {
		w.must(t, http.MethodPost, "/v1/users?userId="+user, `{"displayName":"`+user+`","email":"`+user+`@example.com"}`)
	}
	w.must(t, http.MethodPatch, "/v1/users/mara", `{"organizationRoles":["ORGANIZATION_ROLE_MANAGER"]}`)
	w.must(t, http.MethodPost, "/v1/teams/"+otherTeam+"/members", `{"user":"users/aiko","role":"TEAM_ROLE_COACH"}`)
	for user, role := range map[string]string{
		"vera": "TEAM_ROLE_VIEWER", "jonas": "TEAM_ROLE_MEMBER", "mina": "TEAM_ROLE_COACH", "rio": "TEAM_ROLE_COACH", "dora": "TEAM_ROLE_COACH",
		"extra": "TEAM_ROLE_VIEWER",
	} {
		for _, team := range []string{closedTeam, openTeam} {
			w.must(t, http.MethodPost, "/v1/teams/"+team+"/members", `{"user":"users/`+user+`","role":"`+role+`"}`)
		}
	}
	for column, user := range map[string]string{
		"nobody": "nils", "removed": "rio", "outsider": "aiko", "viewer": "vera", "member": "jonas", "coach": "mina", "manager": "mara", "deactivated": "dora",
	} {
		w.secrets[column] = w.token(t, "users/"+user, `{"displayName":"test"}`)
	}
	w.secrets["admin"] = w.Token
	w.secrets["adminWrite"] = w.token(t, theAdmin, `{"displayName":"no admin","scopes":["write"]}`)
	w.secrets["readOnly"] = w.token(t, "users/mina", `{"displayName":"looks only","scopes":["read"]}`)
	for _, team := range []string{closedTeam, openTeam, otherTeam} {
		w.secrets["bot "+team] = w.token(t, "teams/"+team, `{"displayName":"bot"}`)
	}
	w.secrets["revoked"] = w.token(t, "users/mina", `{"displayName":"revoked"}`, "revoked")
	w.secrets["expired"] = w.token(t, "users/mina", `{"displayName":"expires","expireTime":"`+w.clock().Add(time.Hour).UTC().Format(time.RFC3339)+`"}`)
	w.callers["expired"] = w.authenticate(t, w.secrets["expired"])
	w.offset.advance(2 * time.Hour)
	w.must(t, http.MethodPost, "/v1/users/mina/tokens/revoked:revoke", `{}`)
	w.must(t, http.MethodDelete, "/v1/teams/"+closedTeam+"/members/rio", "")
	w.must(t, http.MethodDelete, "/v1/teams/"+openTeam+"/members/rio", "")
	w.must(t, http.MethodPost, "/v1/users/dora:deactivate", `{}`)
}

// token makes an API token and returns its secret.
func (w *world) token(t *testing.T, parent, body string, id ...string) string {
	t.Helper()
	path := "/v1/" + parent + "/tokens"
	if len(id) > 0 {
		path += "?tokenId=" + id[0]
	}
	return w.must(t, http.MethodPost, path, body).Body["secret"].(string)
}

// authenticate turns an API token into a caller token.
func (w *world) authenticate(t *testing.T, secret string) string {
	t.Helper()
	answer, err := identityv1.NewIdentityServiceClient(w.server.Conn()).Authenticate(t.Context(),
		&identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Token{Token: secret}})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetCallerToken()
}

// credential is the API token of a column for a team.
func (w *world) credential(column, team string) string {
	switch column {
	case "bot":
		return w.secrets["bot "+team]
	case "otherBot":
		return w.secrets["bot "+otherTeam]
	default:
		return w.secrets[column]
	}
}

// caller is the caller token of a column for a team. Credentials that are no longer good never become one; they are shown as
// they are, which must not help them.
func (w *world) caller(t *testing.T, column, team string) string {
	t.Helper()
	key := column
	if column == "bot" {
		key += " " + team
	}
	if token, ok := w.callers[key]; ok {
		return token
	}
	var token string
	switch column {
	case "anonymous":
	case "revoked", "deactivated":
		token = w.secrets[column]
	case "service":
		answer, err := identityv1.NewIdentityServiceClient(w.server.Conn()).Authenticate(t.Context(), &identityv1.AuthenticateRequest{
			Credential: &identityv1.AuthenticateRequest_Service{Service: &identityv1.ServiceCredential{Service: "cycle", Key: w.serviceKey}},
		})
		if err != nil {
			t.Fatal(err)
		}
		token = answer.GetCallerToken()
	default:
		token = w.authenticate(t, w.credential(column, team))
	}
	w.callers[key] = token
	return token
}

// refresh forgets the caller tokens that could end during a long test.
func (w *world) refresh() {
	w.callers = map[string]string{"expired": w.callers["expired"]}
}
