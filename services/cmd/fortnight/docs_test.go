package main

import (
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/demo"
)

// Every curl line that README and docs show for the running demo works as it stands.
func TestCurlLinesOfTheDocs(t *testing.T) {
	s := start(t)
	s.must(t, http.MethodPost, "/v1/users?userId=mina", `{"displayName":"Mina","organizationRoles":["ORGANIZATION_ROLE_ADMIN"]}`)
	token := s.must(t, http.MethodPost, "/v1/users/mina/tokens", `{"displayName":"demo","scopes":["admin"]}`).Body["secret"].(string)
	if err := demo.Tell(t.Context(), s.URL, token, s.clock(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	lines, dir := 0, t.TempDir()
	for _, document := range []string{
		"../../../README.md", "../../../docs/running.md", "../../../docs/api.md", "../../../docs/import.md",
		"../../../docs/planning.md", "../../../docs/board.md", "../../../docs/measuring.md", "../../../docs/gameday-experiments.md",
		"../../../docs/delivery.md", "../../../docs/retrospectives.md", "../../../docs/good-day.md", "../../../docs/assistants.md", "../../../docs/knowledge-transfer.md",
	} {
		text, err := os.ReadFile(filepath.FromSlash(document))
		if err != nil {
			t.Fatal(err)
		}
		functions := strings.Join(shellFunction.FindAllString(string(text), -1), "\n")
		for _, line := range curlLines(string(text)) {
			lines++
			command := exec.CommandContext(t.Context(), "bash", "-c", "set -euo pipefail\n"+functions+"\n"+line)
			command.Env = append(os.Environ(), "FORTNIGHT_URL="+s.URL, "FORTNIGHT_TOKEN="+token)
			command.Dir = dir
			out, err := command.CombinedOutput()
			if err != nil || strings.Contains(string(out), `"status":4`) || strings.Contains(string(out), `"status":5`) || len(out) == 0 {
				t.Errorf("%s: %s\nanswered %v %s", document, line, err, out)
			}
		}
	}
	if lines < 120 {
		t.Errorf("only %d curl lines were found", lines)
	}
}

// The table of the gates names every criterion, and nothing that is none.
func TestThePlanningPageNamesEveryCriterion(t *testing.T) {
	rules, err := os.ReadFile("../../cycle/internal/domain/gate.go")
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile("../../../docs/planning.md")
	if err != nil {
		t.Fatal(err)
	}
	_, gates, _ := strings.Cut(string(page), "\n## 6. ")
	gates, _, _ = strings.Cut(gates, "\n## ")
	reason := regexp.MustCompile("[\"`]([A-Z]+(?:_[A-Z]+)+)[\"`]")
	criteria, named := map[string]bool{}, map[string]bool{}
	for _, match := range reason.FindAllStringSubmatch(string(rules), -1) {
		if !slices.Contains([]string{"PHASE_MISMATCH", "COACH_NEEDED", "GATE_CRITERIA_UNMET"}, match[1]) { // these refuse the request, not the cycle
			criteria[match[1]] = true
		}
	}
	for _, match := range reason.FindAllStringSubmatch(gates, -1) {
		named[match[1]] = true
	}
	if len(criteria) < 15 || !maps.Equal(criteria, named) {
		t.Errorf("the rules have the criteria %v\nthe page names %v", slices.Sorted(maps.Keys(criteria)), slices.Sorted(maps.Keys(named)))
	}
}

var (
	shellBlock = regexp.MustCompile("(?s)```bash\n(.*?)```")
	// shellFunction is a line that defines what the lines after it call.
	shellFunction = regexp.MustCompile(`(?m)^\w+\(\) \{ .* \}$`)
)

// curlLines are the commands of a document's shell blocks that call curl; a backslash joins lines.
func curlLines(text string) []string {
	var found []string
	for _, block := range shellBlock.FindAllStringSubmatch(text, -1) {
		for line := range strings.SplitSeq(strings.ReplaceAll(block[1], "\\\n", " "), "\n") {
			if strings.HasPrefix(strings.TrimSpace(line), "curl ") {
				found = append(found, line)
			}
		}
	}
	return found
}
