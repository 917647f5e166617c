package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// buildFlags are the repository's own (see the Makefile): others would compile SQLite again.
const buildFlags = "-buildvcs=false -tags=sqlite_fts5"

// build makes the two programs.
func build(ctx context.Context, dir string) (programs, error) {
	p := programs{fortnight: filepath.Join(dir, "fortnight"), broker: filepath.Join(dir, "nats-server")}
	for path, of := range map[string]string{
		p.fortnight: "github.com/fortnighthq/fortnight/services/cmd/fortnight",
		p.broker:    "github.com/nats-io/nats-server/v2",
	} {
		command := exec.CommandContext(ctx, "go", "build", "-o", path, of)
		command.Env = append(os.Environ(), "GOFLAGS="+buildFlags)
		if out, err := command.CombinedOutput(); err != nil {
			return p, fmt.Errorf("go build %s: %w\n%s", of, err, out)
		}
	}
	return p, nil
}
