package installation

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// buildFlags are the repository's own (see the Makefile): others would compile SQLite again.
const buildFlags = "-buildvcs=false -tags=sqlite_fts5"

// What is built, and how it is called then.
const (
	fortnightPackage, fortnightName = "github.com/fortnighthq/fortnight/services/cmd/fortnight", "fortnight"
	brokerPackage, brokerProgram    = "github.com/nats-io/nats-server/v2", "nats-server"
)

// Build makes the two programs in a directory.
func Build(ctx context.Context, dir string) (Programs, error) {
	p := Programs{Fortnight: filepath.Join(dir, fortnightName), Broker: filepath.Join(dir, brokerProgram)}
	return p, build(ctx, dir, fortnightPackage, brokerPackage)
}

// BuildBroker makes nats-server in a directory, and returns where it is.
func BuildBroker(ctx context.Context, dir string) (string, error) {
	return filepath.Join(dir, brokerProgram), build(ctx, dir, brokerPackage)
}

// build makes programs by one command, which links them beside each other. Without what only debuggers read (-w) that takes half the time.
func build(ctx context.Context, dir string, packages ...string) error {
	command := exec.CommandContext(ctx, "go", append([]string{"build", "-ldflags=-w", "-o", dir + string(filepath.Separator)}, packages...)...)
	command.Env = append(os.Environ(), "GOFLAGS="+buildFlags)
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("go build %s: %w\n%s", strings.Join(packages, " "), err, out)
	}
	return nil
}
