package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// isolationHead explains the file.
const isolationHead = `# Who may call what: one line for each RPC, one column for each kind of caller.
#
#   +  is let in          o  is let in when the team is visible to the organisation          -  is refused
#
# The requests are about what a team has. The callers: nobody is a user without a team, removed was a coach of the team,
# outsider is a coach of another team, otherBot that team's bot, readOnly a coach whose token only reads, viewer, bot, member
# and coach are the team's. What is about a user is about nobody.
# TestIsolation compares the file with what happens. A new RPC needs a line here, and somebody who has thought about it.
`

// writeIsolation writes what was found.
func writeIsolation(t *testing.T, order []string, lines map[string]string) {
	t.Helper()
	slices.Sort(order)
	var text strings.Builder
	text.WriteString(isolationHead)
	last := ""
	for _, rpc := range order {
		if service, _, _ := strings.Cut(rpc, "."); service != last {
			text.WriteString("\n" + isolationLine("# "+service, header()) + "\n")
			last = service
		}
		text.WriteString(isolationLine(rpc, lines[rpc]) + "\n")
	}
	if err := os.MkdirAll(filepath.Dir(isolationFile), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(isolationFile, []byte(text.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func header() string { return strings.Join(columns, " ") }

// isolationLine sets the cells under the names of their columns.
func isolationLine(rpc, cells string) string {
	line := fmt.Sprintf("%-42s", rpc)
	for i, cell := range strings.Fields(cells) {
		line += fmt.Sprintf(" %*s", len(columns[i]), cell)
	}
	return line
}

// readIsolation reads the file: cells by RPC.
func readIsolation(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile(isolationFile)
	if err != nil {
		t.Fatal(err)
	}
	expected := map[string]string{}
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		if len(fields) <= len(columns) || strings.HasPrefix(line, "#") {
			continue
		}
		cut := len(fields) - len(columns)
		expected[strings.Join(fields[:cut], " ")] = strings.Join(fields[cut:], " ")
	}
	return expected
}
