package archtest

import (
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"strings"
	"testing"
)

// list asks the go command for every package of the workspace. With -e a package that does not compile is listed too: that is
// for the build to tell.
func list(t *testing.T) []Package {
	t.Helper()
	command := exec.CommandContext(t.Context(), "go", "list", "-e", "-json=ImportPath,Dir,GoFiles,Imports", root+"...")
	var problems strings.Builder
	command.Stderr = &problems
	out, err := command.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, problems.String())
	}
	var packages []Package
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p Package
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}

func TestWorkspaceKeepsTheRules(t *testing.T) {
	packages := list(t)
	// A list without the product would keep every rule.
	for _, wanted := range []string{
		"gateway", "proto/gen/fortnight/cycle/v1", "services/cmd/fortnight", "services/internal/platform/db",
		"services/cycle/internal/domain", "services/cycle/internal/rpc", "services/cycle/internal/store",
	} {
		if !contains(packages, wanted) {
			t.Errorf("go list names no package %s", wanted)
		}
	}
	for _, line := range Violations(packages) {
		t.Error(line)
	}
	lines, err := Calls(packages)
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		t.Error(line)
	}
}

func contains(packages []Package, prefix string) bool {
	for _, p := range packages {
		if strings.HasPrefix(p.ImportPath, root+prefix) {
			return true
		}
	}
	return false
}

func TestPlantedImports(t *testing.T) {
	tests := []struct {
		importer, imported string
		why                string // part of the answer, "" when the import is fine
	}{
		{"services/cycle/internal/rpc", "services/cycle/internal/store", ""},
		{"services/cycle/internal/rpc", "services/cycle/internal/domain", ""},
		{"services/cycle/internal/rpc", "services/internal/platform/eventlog", ""},
		{"services/cycle/internal/rpc", "proto/gen/fortnight/experiment/v1", ""},
		{"services/cycle/internal/store", "services/cycle/internal/wire", ""},
		{"services/cycle/internal/wire", "services/internal/platform/record", ""},
		{"services/knowledge/internal/store", "services/knowledge/internal/words", ""},
		{"services/identity/internal/rpc", "services/identity/internal/keyring", ""},
		{"services/retrospective/internal/clock", "services/retrospective/internal/known", ""},
		{"services/experiment/internal/domain/chart", "services/experiment/internal/domain", ""},
		{"services/cycle", "services/cycle/internal/rpc", ""},
		{"services/cmd/fortnight", "services/cycle", ""},
		{"services/cmd/fortnight", "gateway", ""},
		{"services/internal/gameday", "services/internal/platform/testkit", ""},
		{"gateway/internal/web", "proto/gen/fortnight/cycle/v1", ""},
		{"services/internal/platform/access", "proto/gen/fortnight/common/v1", ""},
		{"services/internal/platform/db/dbtest", "services/internal/platform/db", ""},

		{"services/cycle/internal/domain", "services/cycle/internal/store", "one way"},
		{"services/cycle/internal/store", "services/cycle/internal/rpc", "one way"},
		{"services/cycle/internal/wire", "services/cycle/internal/store", "one way"},
		{"services/knowledge/internal/words", "services/knowledge/internal/store", "one way"},
		{"services/cycle/internal/consumer", "services/cycle/internal/rpc", "one way"},
		{"services/retrospective/internal/clock", "services/retrospective/internal/rpc", "one way"},
		{"services/cycle/internal/rpc", "services/cycle", "one way"},
		{"services/identity/internal/store", "services/identity/internal/keyring", "one way"},
		{"services/identity/internal/keyring", "services/identity/internal/rpc", "one way"},
		{"services/cycle/internal/rpc", "services/experiment/internal/domain", "only through the contracts"},
		{"services/cycle", "services/experiment", "only through the contracts"},
		{"services/cycle/internal/rpc", "gateway", "nothing above them"},
		{"services/cycle", "services/cmd/fortnight", "nothing above them"},
		{"services/cycle", "services/internal/gameday", "nothing above them"},
		{"services/cycle/internal/domain", "proto/gen/fortnight/cycle/v1", "wire converts"},
		{"services/cycle/internal/domain", "services/internal/platform/record", "fault only"},
		{"services/cycle/internal/wire", "services/internal/platform/db", "plain values only"},
		{"services/internal/platform/record", "services/cycle", "platform knows no service"},
		{"services/internal/platform/record", "gateway", "platform knows no service"},
		{"services/internal/platform/record", "proto/gen/fortnight/cycle/v1", "product words"},
		{"gateway/internal/web", "services/internal/platform/fault", "only the contracts"},
		{"gateway", "services/cycle", "only the contracts"},
		{"proto/gen/fortnight/cycle/v1", "gateway", "contracts depend on nothing"},
		{"services/cycle", "services/internal/platform/db/dbtest", "test code"},
	}
	for _, test := range tests {
		t.Run(test.importer+" "+test.imported, func(t *testing.T) {
			expect(t, Violations([]Package{{ImportPath: root + test.importer, Imports: []string{root + test.imported}}}), test.why)
		})
	}
}

func TestPlantedDependencies(t *testing.T) {
	tests := []struct {
		importer, imported string
		why                string
	}{
		{"services/cycle/internal/store", "database/sql", ""},
		{"services/internal/platform/db", "github.com/jackc/pgx/v5/stdlib", ""},
		{"services/internal/platform/bus", "github.com/nats-io/nats.go/jetstream", ""},
		{"services/cycle/internal/rpc", "google.golang.org/grpc", ""},
		{"services/internal/platform/db/dbtest", "testing", ""},
		{"services/cycle/internal/domain", "slices", ""},
		{"services/cycle/internal/rpc", "context", ""},
		{"gateway", "net/http", ""},

		{"services/cycle/internal/rpc", "database/sql", "SQL is written in store"},
		{"services/cycle/internal/domain", "database/sql/driver", "no clock, no chance"},
		{"gateway/internal/web", "database/sql", "SQL is written in store"},
		{"services/cycle/internal/store", "github.com/mattn/go-sqlite3", "the drivers"},
		{"services/cycle/internal/consumer", "github.com/nats-io/nats.go", "the broker"},
		{"gateway", "github.com/nats-io/nats.go", "the broker"},
		{"services/cycle/internal/store", "google.golang.org/grpc", "wait on a network"},
		{"services/cycle/internal/consumer", "google.golang.org/grpc/codes", "wait on a network"},
		{"services/cycle/internal/domain", "github.com/google/uuid", "fault only"},
		{"services/cycle/internal/domain", "context", "no context"},
		{"services/cycle/internal/domain", "math/rand/v2", "no chance"},
		{"services/cycle/internal/rpc", "testing", "test code"},
	}
	for _, test := range tests {
		t.Run(test.importer+" "+test.imported, func(t *testing.T) {
			expect(t, Violations([]Package{{ImportPath: root + test.importer, Imports: []string{test.imported}}}), test.why)
		})
	}
}

func TestPlantedCalls(t *testing.T) {
	tests := []struct {
		name, importPath, source string
		why                      string
	}{
		{"now handed in", "services/cycle/internal/domain", `import "time"; func f(now time.Time) time.Time { return now.Add(time.Hour) }`, ""},
		{"clock outside domain", "services/internal/platform/telemetry", `import "time"; var f = time.Now`, ""},
		{"another Now", "services/cycle/internal/domain", `type x struct{}; func (x) Now() {}; func f(time x) { time.Now() }`, ""},
		{"transaction in db", "services/internal/platform/db", `func f(d d) { d.BeginTx() }`, ""},

		{"clock called", "services/cycle/internal/domain", `import "time"; func f() time.Time { return time.Now() }`, "no clock"},
		{"clock as value", "services/cycle/internal/domain", `import "time"; var f = time.Now`, "no clock"},
		{"clock renamed", "services/cycle/internal/domain", `import t "time"; func f() { t.Sleep(1) }`, "no clock"},
		{"transaction in store", "services/cycle/internal/store", `func f(d d) { d.BeginTx() }`, "platform/db only"},
		{"transaction in the gateway", "gateway/internal/web", `func f(d d) { d.Begin() }`, "platform/db only"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			lines, err := callsIn(root+test.importPath, "x.go", []byte("package x\n"+test.source))
			if err != nil {
				t.Fatal(err)
			}
			expect(t, lines, test.why)
		})
	}
}

// expect checks that there is no line when why is empty, and otherwise one that contains it.
func expect(t *testing.T, lines []string, why string) {
	t.Helper()
	switch {
	case why == "" && len(lines) > 0:
		t.Errorf("refused: %s", lines[0])
	case why != "" && len(lines) == 0:
		t.Error("not refused")
	case why != "" && !strings.Contains(lines[0], why):
		t.Errorf("refused with %q, want %q", lines[0], why)
	}
}
