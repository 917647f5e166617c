package main

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/demo"
)

// Every curl line that README and docs show for the running demo works as it stands.
func TestCurlLinesOfTheDocs(t *testing.T) {
	s := start(t)
	s.must(t, http.MethodPost, "/v1/users?userId=mina", `{"displayName":"Mina"}`)
	if err := demo.Tell(t.Context(), s.URL, s.Token, s.clock(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	lines := 0
	for _, document := range []string{"../../../README.md", "../../../docs/running.md", "../../../docs/api.md", "../../../docs/import.md"} {
		text, err := os.ReadFile(filepath.FromSlash(document))
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range curlLines(string(text)) {
			lines++
			command := exec.CommandContext(t.Context(), "bash", "-c", "set -euo pipefail; "+line)
			command.Env = append(os.Environ(), "FORTNIGHT_URL="+s.URL, "FORTNIGHT_TOKEN="+s.Token)
			out, err := command.CombinedOutput()
			if err != nil || strings.Contains(string(out), `"status":4`) || strings.Contains(string(out), `"status":5`) || len(out) == 0 {
				t.Errorf("%s: %s\nanswered %v %s", document, line, err, out)
			}
		}
	}
	if lines < 15 {
		t.Errorf("only %d curl lines were found", lines)
	}
}

var shellBlock = regexp.MustCompile("(?s)```bash\n(.*?)```")

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
