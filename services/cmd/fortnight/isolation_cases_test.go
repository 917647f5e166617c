package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// isolationCase is one RPC with a request about things that are there.
type isolationCase struct {
	// rpc is service and method without the package: "cycle.CreateAndon"; what follows a blank tells two cases of one RPC apart.
	rpc string
	// request is protojson; $team stands for the team's id, $day+n for a day, $draft, $told and $reminder for names of the world,
	// $made for what before returned, and $secret for the secret that came with it.
	request string
	// before runs before every call that may have an effect, and returns what $made stands for.
	before func(t *testing.T, w *world, team string) string
	// name is the field whose resource name is tried with something that is not there; by default the one that the rule looks at. It is
	// nothingElse for what there is once.
	name string
	// known are the callers who are refused and may know all the same that there is such a thing.
	known []string
	// readers says that whoever may read the team's work may know it as well: only some of them may do this.
	readers bool
	// refuses says why nobody is answered OK although the handler runs; empty when somebody is.
	refuses string
}

// nothingElse stands for the name of what there is once, so that nothing beside it can be asked for.
const nothingElse = "-"

// isolationCases are all RPCs, in an order in which each finds what it needs.
func isolationCases() []isolationCase {
	return slices.Concat([]isolationCase{
		// Reading.
		{rpc: "identity.GetCaller", request: `{}`},
		{rpc: "identity.GetUser", request: `{"name":"users/mina"}`, name: "name"},
		{rpc: "identity.ListUsers", request: `{}`},
		{rpc: "identity.GetTeam", request: `{"name":"teams/$team"}`},
		{rpc: "identity.ListTeams", request: `{}`},
		{rpc: "identity.GetMember", request: `{"name":"teams/$team/members/jonas"}`},
		{rpc: "identity.ListMembers", request: `{"parent":"teams/$team"}`},
		{rpc: "identity.ListTokens of a user", request: `{"parent":"users/nils"}`},
		{rpc: "identity.ListTokens of a team", request: `{"parent":"teams/$team"}`},
		{rpc: "identity.ListSessions", request: `{"parent":"users/nils"}`},
		{rpc: "identity.ListAccounts", request: `{"parent":"users/nils"}`},
		{rpc: "identity.ListAuditEvents", request: `{}`},
		{rpc: "identity.ExportAuditEvents", request: `{}`},
		{rpc: "identity.ListSigningKeys", request: `{}`},
		{rpc: "identity.GetSignInMethods", request: `{}`},
	}, cycleReads(), experimentReads(), retrospectiveReads(), knowledgeReads(), []isolationCase{
		{rpc: "report.GetLearningReport", request: `{"teams":["teams/$team"]}`},
		{rpc: "notification.ListReminders", request: `{"parent":"teams/$team","showAnswered":true}`},
		{rpc: "notification.GetReminder", request: `{"name":"$reminder"}`},
		{rpc: "archive.ExportTeam", request: `{"source":"cycle","name":"teams/$team"}`},
		{rpc: "archive.ImportTeam", request: `{"source":"cycle","name":"teams/$team"}`},
		{rpc: "eventlog.GetHead", request: `{"source":"cycle"}`},
		{rpc: "eventlog.ListEvents", request: `{"source":"cycle"}`},
		{rpc: "eventlog.WatchEvents", request: `{"source":"cycle"}`},
		{rpc: "eventlog.ListQuarantinedEvents", request: `{"service":"knowledge"}`},

		// The team's work.
		{rpc: "notification.AcknowledgeReminder", request: `{"name":"$made"}`, before: dueReminder},
	}, cycleWrites(), experimentWrites(), retrospectiveWrites(), knowledgeWrites(), []isolationCase{
		// People and what is theirs.
		{rpc: "identity.CreateUser", request: `{"user":{"displayName":"x"}}`},
		{rpc: "identity.UpdateUser", request: `{"user":{"name":"users/gone","displayName":"x"}}`, name: "user.name"},
		{rpc: "identity.DeactivateUser", request: `{"name":"users/gone"}`, name: "name"},
		{rpc: "identity.ReactivateUser", request: `{"name":"users/gone"}`, name: "name"},
		{rpc: "identity.CreateTeam", request: `{"team":{"displayName":"x"}}`},
		{rpc: "identity.UpdateTeam", request: `{"team":{"name":"teams/$team","improvementCapacityPercent":20}}`},
		{rpc: "identity.DeactivateTeam", request: `{"name":"teams/spare"}`, name: "name"},
		{rpc: "identity.ReactivateTeam", request: `{"name":"teams/spare"}`, name: "name"},
		{rpc: "identity.CreateMember", request: `{"parent":"teams/$team","member":{"user":"$made","role":"TEAM_ROLE_VIEWER"}}`, before: newUser},
		{rpc: "identity.UpdateMember", request: `{"member":{"name":"teams/$team/members/extra","role":"TEAM_ROLE_MEMBER"}}`},
		{rpc: "identity.DeleteMember", request: `{"name":"teams/$team/members/extra"}`, before: func(t *testing.T, w *world, team string) string {
			w.call(t, w.Token, http.MethodPost, "/v1/teams/"+team+"/members", `{"user":"users/extra","role":"TEAM_ROLE_VIEWER"}`)
			return ""
		}},
		{rpc: "identity.CreateToken of a user", request: `{"parent":"users/nils","token":{"displayName":"x","scopes":["read"]}}`},
		{rpc: "identity.CreateToken of a team", request: `{"parent":"teams/$team","token":{"displayName":"x"}}`},
		{rpc: "identity.RevokeToken of a user", request: `{"name":"users/nils/tokens/$made"}`, before: newToken("users/nils")},
		{rpc: "identity.RevokeToken of a team", request: `{"name":"teams/$team/tokens/$made"}`, before: newToken("")},
		{rpc: "identity.RevokeSession", request: `{"name":"$made"}`, before: newSession},
		{rpc: "identity.CreateSignInLink", request: `{"parent":"users/nils"}`, name: "parent"},
		{rpc: "identity.CreateAccount", request: `{"parent":"$made","account":{"issuer":"https://id.example.com","subject":"$made"}}`, before: newUser, name: "parent"},
		{rpc: "identity.DeleteAccount", request: `{"name":"$made"}`, before: newAccount, name: "name"},
		{rpc: "identity.ImportDirectory", request: `{"format":"DIRECTORY_FORMAT_CSV","content":"team,user,role\nspare,jonas,member\n","validateOnly":true}`},
		{rpc: "eventlog.ReplayQuarantinedEvent", request: `{"service":"knowledge","source":"cycle","sequence":"1"}`, refuses: "nothing is quarantined"},
		{rpc: "identity.RecordAuditEvents", request: `{"auditEvents":[{"auditEventId":"01890a5d-ac96-774b-bcce-b302099a8057","occurTime":"2026-01-05T08:00:00Z","action":"AUDIT_ACTION_EXPORTED"}]}`},

		// Getting in.
		{rpc: "identity.Bootstrap", request: `{"bootstrapToken":"x","userId":"first","displayName":"x"}`, refuses: "the installation has its admin"},
		{rpc: "identity.Authenticate", request: `{"token":"$made"}`, before: func(_ *testing.T, w *world, _ string) string { return w.Token }},
		{rpc: "identity.SignInWithLink", request: `{"secret":"$made"}`, before: newLink},
		{rpc: "identity.BeginSignIn", request: `{"redirectUri":"https://fortnight.example.com/signin/callback"}`, refuses: "there is no provider"},
		{rpc: "identity.CompleteSignIn", request: `{"state":"x","code":"x","binding":"x"}`, refuses: "nobody began"},
		{rpc: "identity.SignOut", request: `{"secret":"x"}`},
	}, cycleEnds())
}

func newUser(t *testing.T, w *world, _ string) string {
	t.Helper()
	return w.must(t, http.MethodPost, "/v1/users", `{"displayName":"new"}`).Body["name"].(string)
}

// dueReminder is the last reminder that a team has not answered yet, or else the one that was seen at first.
func dueReminder(t *testing.T, w *world, team string) string {
	t.Helper()
	reminders, _ := w.must(t, http.MethodGet, "/v1/teams/"+team+"/reminders", "").Body["reminders"].([]any)
	if len(reminders) == 0 {
		return w.things["reminder "+team]
	}
	return reminders[len(reminders)-1].(map[string]any)["name"].(string)
}

func newToken(parent string) func(*testing.T, *world, string) string {
	return func(t *testing.T, w *world, team string) string {
		t.Helper()
		owner := parent
		if owner == "" {
			owner = "teams/" + team
		}
		name := w.must(t, http.MethodPost, "/v1/"+owner+"/tokens", `{"displayName":"new"}`).Body["name"].(string)
		return name[strings.LastIndex(name, "/")+1:]
	}
}

func newAccount(t *testing.T, w *world, team string) string {
	t.Helper()
	user := newUser(t, w, team)
	return w.must(t, http.MethodPost, "/v1/"+user+"/accounts", `{"issuer":"https://id.example.com","subject":"`+user+`"}`).Body["name"].(string)
}

// newLink makes a sign-in link and returns its secret.
func newLink(t *testing.T, w *world, _ string) string {
	t.Helper()
	path := w.must(t, http.MethodPost, "/v1/users/nils/signInLinks", `{}`).Body["path"].(string)
	at := strings.Index(path, "fnl_")
	if at < 0 {
		t.Fatalf("no link in %s", path)
	}
	secret, _, _ := strings.Cut(path[at:], "&")
	return secret
}

// newSession signs in with a link and returns the session's name.
func newSession(t *testing.T, w *world, team string) string {
	t.Helper()
	answer, err := identityv1.NewIdentityServiceClient(w.server.Conn()).SignInWithLink(t.Context(), &identityv1.SignInWithLinkRequest{Secret: newLink(t, w, team)})
	if err != nil {
		t.Fatal(err)
	}
	return answer.GetSession().GetName()
}

// descriptor is the RPC of a case.
func (c isolationCase) descriptor(t *testing.T) protoreflect.MethodDescriptor {
	t.Helper()
	name, _, _ := strings.Cut(c.rpc, " ")
	service, method, _ := strings.Cut(name, ".")
	var found protoreflect.MethodDescriptor
	protoregistry.GlobalFiles.RangeFilesByPackage(protoreflect.FullName("fortnight."+service+".v1"), func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			if m := file.Services().Get(i).Methods().ByName(protoreflect.Name(method)); m != nil {
				found = m
			}
		}
		return found == nil
	})
	if found == nil {
		t.Fatalf("there is no RPC %s", c.rpc)
	}
	return found
}

// message is the request of a case for a team.
func (c isolationCase) message(t *testing.T, w *world, team, made string) proto.Message {
	t.Helper()
	text := strings.NewReplacer("$team", team, "$made", made, "$draft", w.things["draft "+team], "$told", w.things["told "+team],
		"$revision", w.things["revision "+team], "$offer", w.things["offer "+team],
		"$reminder", w.things["reminder "+team], "$secret", w.things["secret "+team],
		"$day+700", w.day(700), "$day+50", w.day(50), "$day+20", w.day(20), "$day+3", w.day(3), "$day+0", w.day(0)).Replace(c.request)
	request := message(t, c.descriptor(t).Input())
	if err := protojson.Unmarshal([]byte(text), request); err != nil {
		t.Fatalf("%s: %v in %s", c.rpc, err, text)
	}
	return request
}

// mayKnow tells whether a caller who is refused may know what there is.
func (c isolationCase) mayKnow(column, team string) bool {
	reads := slices.Contains(knowing, column) || team == openTeam && !slices.Contains(strangers, column)
	return slices.Contains(c.known, column) || c.readers && reads
}

// field is the path of the field whose name is tried with something that is not there; empty when there is none.
func (c isolationCase) field(t *testing.T) string {
	t.Helper()
	if c.name == nothingElse {
		return ""
	}
	if c.name != "" {
		return c.name
	}
	return ruleOf(c.descriptor(t)).GetResourceField()
}
