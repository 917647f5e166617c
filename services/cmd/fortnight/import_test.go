package main

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

func TestImportCommand(t *testing.T) {
	s := start(t)
	env := []string{"FORTNIGHT_URL=" + s.URL, "FORTNIGHT_TOKEN=" + s.Token}
	dir := t.TempDir()
	file := func(name, content string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	people := file("people.csv", "team,team_display_name,user,email,role\r\npayments,\"Pay, bill\",mina,mina@example.com,coach\r\npayments,,noor,,member\r\n")
	out := obeyed(t, env, "import", "csv", "-f", people, "--dry-run")
	if !strings.Contains(out, "CREATE") && !strings.Contains(out, "create") || !strings.HasSuffix(out, "A dry run: 5 would be created, 0 updated, 0 kept") {
		t.Errorf("a dry run printed\n%s", out)
	}
	if got := s.call(t, s.Token, http.MethodGet, "/v1/teams/payments", ""); got.Status == http.StatusOK {
		t.Fatal("a dry run made a team")
	}
	out = obeyed(t, env, "import", "csv", "-f", people)
	for _, line := range []string{"LINE  ACTION  RESOURCE", "2     create  teams/payments", "3     create  teams/payments/members/noor", "5 created, 0 updated, 0 kept"} {
		if !strings.Contains(out, line) {
			t.Errorf("%q is not in\n%s", line, out)
		}
	}
	if out := obeyed(t, env, "import", "csv", "--file", people); !strings.HasSuffix(out, "0 created, 0 updated, 5 kept") {
		t.Errorf("the second time\n%s", out)
	}

	catalog := file("catalog.yaml", `apiVersion: backstage.io/v1alpha1
kind: Group
metadata: {name: Search}
spec: {type: squad, children: [], members: [omar]}
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: omar}
spec: {profile: {displayName: Omar}}
`)
	if out := obeyed(t, env, "import", "backstage", "-f", catalog, "--group-type", "squad"); !strings.HasSuffix(out, "3 created, 0 updated, 0 kept") {
		t.Errorf("the catalogue\n%s", out)
	}
	if got := s.must(t, http.MethodGet, "/v1/teams/search", ""); got.Body["externalId"] != "group:default/search" {
		t.Errorf("team: %s", got.Text)
	}

	out, told, err := command(t, env, "import", "csv", "-f", file("wrong.csv", "team,user,role\npayments,omar,coach\npayments,mina,boss\n"))
	if err == nil || !strings.Contains(out, `3     role    ROLE_UNKNOWN  "boss" is no role`) || !strings.Contains(told, "nothing was changed") {
		t.Errorf("a wrong file: %v, printed\n%s\nsaid %s", err, out, told)
	}
	if got := s.must(t, http.MethodGet, "/v1/teams/payments/members", ""); strings.Contains(got.Text, "omar") {
		t.Error("half of a wrong file was imported")
	}
	for want, env := range map[string][]string{
		"set FORTNIGHT_TOKEN": {"FORTNIGHT_URL=" + s.URL},
		"The token is":        {"FORTNIGHT_URL=" + s.URL, "FORTNIGHT_TOKEN=fn_wrong"},
		"does not answer":     {"FORTNIGHT_URL=http://" + freePort(t), "FORTNIGHT_TOKEN=" + s.Token},
	} {
		if _, told, err := command(t, env, "import", "csv", "-f", people); err == nil || !strings.Contains(told, want) {
			t.Errorf("%v, said %s, want %s", err, told, want)
		}
	}
}

// Every command that the pages about people show works as it stands, with the files that they show.
func TestCommandsOfTheDocs(t *testing.T) {
	s := start(t)
	s.must(t, http.MethodPost, "/v1/users?userId=mina", `{"displayName":"Mina"}`)
	dir := t.TempDir()
	env := []string{"FORTNIGHT_URL=" + s.URL, "FORTNIGHT_TOKEN=" + s.Token, "FORTNIGHT_DATA_DIR=" + s.settings.DataDir}
	lines := 0
	for _, document := range []string{"import.md", "provisioning.md"} {
		content, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", document))
		if err != nil {
			t.Fatal(err)
		}
		for language, name := range map[string]string{"csv": "people.csv", "yaml": "catalog.yaml"} {
			block := regexp.MustCompile("(?s)```" + language + "\n(.*?)```").FindSubmatch(content)
			if block == nil {
				continue
			}
			if err := os.WriteFile(filepath.Join(dir, name), block[1], 0o600); err != nil {
				t.Fatal(err)
			}
		}
		for line := range strings.SplitSeq(string(content), "\n") {
			args, isCommand := strings.CutPrefix(line, "fortnight ")
			if !isCommand || strings.HasPrefix(args, "identity:") { // the latter is what the program says
				continue
			}
			lines++
			args = strings.NewReplacer("people.csv", filepath.Join(dir, "people.csv"), "catalog.yaml", filepath.Join(dir, "catalog.yaml")).Replace(args)
			if out := obeyed(t, env, strings.Fields(args)...); out == "" {
				t.Errorf("%s said nothing", line)
			}
		}
	}
	if lines < 8 {
		t.Errorf("only %d commands were found", lines)
	}
}
