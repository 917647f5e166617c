package main

import (
	"os"
	"slices"
	"strings"
	"testing"
)

// The table that people read says what the matrix says.
func TestTheAccessPageSaysWhatTheMatrixSays(t *testing.T) {
	text, err := os.ReadFile("../../../docs/access.md")
	if err != nil {
		t.Fatal(err)
	}
	matrix, rows := readIsolation(t), 0
	asked := []string{"nobody", "viewer", "member", "coach", "manager", "admin", "bot", "readOnly"}
	for line := range strings.Lines(string(text)) {
		cells := strings.Split(strings.TrimSpace(line), "|")
		if len(cells) != len(asked)+4 || !strings.Contains(cells[2], "`") {
			continue
		}
		rows++
		rpc := strings.Trim(strings.TrimSpace(cells[2]), "`")
		found, ok := matrix[rpc]
		if !ok {
			t.Errorf("the page names %s, which has no line in the matrix", rpc)
			continue
		}
		for i, column := range asked {
			words := map[string]string{"+": "yes", "-": "no", "o": "open teams"}[strings.Fields(found)[slices.Index(columns, column)]]
			if said := strings.TrimSpace(cells[i+3]); said != words {
				t.Errorf("%s as %s: the page says %q, the matrix %q", rpc, column, said, words)
			}
		}
	}
	if rows < 15 {
		t.Errorf("only %d rows were compared", rows)
	}
}
