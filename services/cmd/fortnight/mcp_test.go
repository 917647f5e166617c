package main

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// useTool calls a tool of the MCP door by hand, and returns what it says in text and structured.
func (s *started) useTool(t *testing.T, token, tool, arguments string) (text string, structured map[string]any, failed bool) {
	t.Helper()
	got := s.call(t, token, http.MethodPost, "/mcp",
		`{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"`+tool+`","arguments":`+arguments+`}}`, "User-Agent", "an-assistant/1.0")
	var answer struct {
		Result struct {
			Content           []struct{ Text string }
			StructuredContent map[string]any
			IsError           bool
		}
	}
	if err := json.Unmarshal([]byte(got.Text), &answer); got.Status != http.StatusOK || err != nil || len(answer.Result.Content) == 0 {
		t.Fatalf("%s answers %d %s", tool, got.Status, got.Text)
	}
	return answer.Result.Content[len(answer.Result.Content)-1].Text, answer.Result.StructuredContent, answer.Result.IsError
}

// What an assistant drafts is a draft of the team, published by a person; what it may do is what its token's scopes and its owner's
// roles both allow.
func TestAnAssistantAtTheMCPDoor(t *testing.T) {
	s := start(t)
	s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments"}`)
	s.must(t, http.MethodPost, "/v1/teams?teamId=search", `{"displayName":"Search"}`)
	writes := s.member(t, "mina", "payments", "TEAM_ROLE_MEMBER")
	stranger := s.member(t, "aiko", "search", "TEAM_ROLE_MEMBER")
	token := func(user, scopes string) string {
		return s.must(t, http.MethodPost, "/v1/users/"+user+"/tokens", `{"displayName":"`+user+`","scopes":[`+scopes+`]}`).Body["secret"].(string)
	}
	reader, drafter, other := token("mina", `"mcp"`), token("mina", `"mcp","write"`), token("aiko", `"mcp","write"`)
	const listTools = `{"jsonrpc":"2.0","id":1,"method":"tools/list"}`

	for name, door := range map[string]struct {
		token     string
		mcp, rest int
	}{
		"no token":      {"", http.StatusUnauthorized, http.StatusUnauthorized},
		"read":          {token("mina", `"read"`), http.StatusUnauthorized, http.StatusOK},
		"write":         {writes, http.StatusUnauthorized, http.StatusOK},
		"admin":         {s.Token, http.StatusUnauthorized, http.StatusOK},
		"mcp":           {reader, http.StatusOK, http.StatusUnauthorized},
		"mcp and read":  {token("mina", `"mcp","read"`), http.StatusOK, http.StatusOK},
		"mcp and write": {drafter, http.StatusOK, http.StatusOK},
		"not a token":   {"fn_nothing", http.StatusUnauthorized, http.StatusUnauthorized},
	} {
		for range 2 { // what is remembered of a token at one door counts at that one only
			if got := s.call(t, door.token, http.MethodPost, "/mcp", listTools); got.Status != door.mcp {
				t.Errorf("with %s the MCP door answers %d %s", name, got.Status, got.Text)
			}
			if got := s.call(t, door.token, http.MethodGet, "/v1/teams/payments", ""); got.Status != door.rest && name != "admin" {
				t.Errorf("with %s REST answers %d %s", name, got.Status, got.Text)
			}
		}
	}

	const draft = `{"team":"teams/payments","claim":"Small changes are reviewed sooner","tags":["review"],"tried":"Two files at most"}`
	for name, who := range map[string]string{"a token that reads": reader, "another team's": other} {
		if text, _, failed := s.useTool(t, who, "draft_learning", draft); !failed || !strings.Contains(text, "PERMISSION_DENIED") {
			t.Errorf("%s drafts: %s", name, text)
		}
	}
	text, drafted, failed := s.useTool(t, drafter, "draft_learning", draft)
	if failed || drafted["state"] != "LEARNING_STATE_DRAFT" {
		t.Fatalf("not drafted: %s", text)
	}
	name := drafted["name"].(string)
	if got := s.call(t, writes, http.MethodGet, "/v1/"+name, ""); got.Body["state"] != "LEARNING_STATE_DRAFT" || got.Body["tried"] != "Two files at most" {
		t.Errorf("over REST the draft is %d %s", got.Status, got.Text)
	}
	if got := s.call(t, stranger, http.MethodGet, "/v1/"+name, ""); got.Status != http.StatusNotFound {
		t.Errorf("another team sees the draft: %d %s", got.Status, got.Text)
	}
	if text, _, failed := s.useTool(t, other, "get_learning", `{"name":"`+name+`"}`); !failed || !strings.Contains(text, "LEARNING_NOT_FOUND") {
		t.Errorf("another team's assistant sees the draft: %s", text)
	}
	if _, seen, failed := s.useTool(t, reader, "get_learning", `{"name":"`+name+`"}`); failed || seen["claim"] != "Small changes are reviewed sooner" {
		t.Errorf("its own team's assistant sees %v", seen)
	}
	if got := s.call(t, writes, http.MethodPost, "/v1/"+name+":publish", `{}`); got.Status != http.StatusOK {
		t.Fatalf("publishing answers %d %s", got.Status, got.Text)
	}
	testkit.Eventually(t, "another team's assistant finds it", func() bool {
		text, _, failed := s.useTool(t, other, "search_learnings", `{"query":"reviewed sooner"}`)
		return !failed && strings.Contains(text, name)
	})
	if text, _, failed := s.useTool(t, other, "suggest_learnings", `{"text":"make changes smaller for review"}`); failed {
		t.Errorf("nothing is suggested: %s", text)
	}

	if text, _, failed := s.useTool(t, other, "get_storyboard", `{"team":"teams/payments"}`); !failed || !strings.Contains(text, "PERMISSION_DENIED") {
		t.Errorf("another team's storyboard: %s", text)
	}
	if text, _, failed := s.useTool(t, reader, "get_storyboard", `{"team":"teams/payments"}`); failed {
		t.Errorf("its own storyboard: %s", text)
	}
	if text, _, failed := s.useTool(t, reader, "get_learning_report", `{}`); failed {
		t.Errorf("the report: %s", text)
	}
	testkit.Eventually(t, "the denials are in the audit log", func() bool {
		for _, denied := range s.audited(t, "actions=AUDIT_ACTION_ACCESS_DENIED") {
			if strings.HasSuffix(denied.Method, "/GetStoryboard") {
				return denied.Actor == "users/aiko" && denied.Door == "AUDIT_DOOR_MCP" && denied.Details["mcp_client"] == "an-assistant/1.0" && denied.Address == "127.0.0.1"
			}
		}
		return false
	})
}
