package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/demo"
	"github.com/fortnighthq/fortnight/services/internal/platform/telemetry"
)

// demoDataDir is where the demo keeps its data when nobody says otherwise; never where serve keeps real data.
const demoDataDir = ".data/demo"

// demoUser coaches all three teams.
const demoUser = "mina"

type demoCommand struct{}

// Run starts everything in one process, tells the story of three teams, and prints how to look at it.
func (demoCommand) Run(ctx context.Context) error {
	settings, _, err := loadSettings()
	if err != nil {
		return err
	}
	if settings.DataDir == "" {
		settings.DataDir = demoDataDir
	}
	if !isLoopback(settings.HTTPAddr) {
		return fmt.Errorf("the demo's token is on the screen, so the demo answers on this machine only; FORTNIGHT_HTTP_ADDR is %s", settings.HTTPAddr)
	}
	logger, err := telemetry.NewLogger(os.Stderr, settings.LogFormat, settings.LogLevel)
	if err != nil {
		return err
	}
	program, err := newProgram(ctx, settings, append(serveAll(), gatewayName), logger, nil)
	if err != nil {
		return err
	}
	defer program.Close()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- program.Run(ctx) }()
	if err := program.seed(ctx, os.Stdout); err != nil {
		stop()
		return errors.Join(err, <-ended)
	}
	return <-ended
}

// seed makes the demo's token and tells its story, unless that was done before, and prints the banner.
func (p *Program) seed(ctx context.Context, out io.Writer) error {
	url := "http://" + p.Addr()
	token, err := p.demoToken(ctx, url)
	if err != nil {
		return err
	}
	told := filepath.Join(p.settings.DataDir, "told")
	if _, err := os.Stat(told); err != nil {
		start := p.clock()
		fmt.Fprintln(out, "Telling the demo's story through the REST API:")
		if err := demo.Tell(ctx, url, token, p.clock(), func(line string) { fmt.Fprintln(out, "  -", line) }); err != nil {
			return err
		}
		if err := os.WriteFile(told, []byte(start.UTC().Format(time.RFC3339)+"\n"), 0o600); err != nil {
			return err
		}
		fmt.Fprintf(out, "Told in %s.\n\n", p.clock().Sub(start).Round(time.Millisecond))
	}
	base := baseURL(p)
	link, err := p.identity.SignInLink(ctx, demoUser, "")
	if err != nil {
		return err
	}
	fmt.Fprintf(out, `Fortnight %s  demo  (SQLite and an embedded broker; data in %s, delete it to start anew)

  API      %s/v1      docs %s/docs/api   spec %s/openapi.yaml
  Sign in  %s%s
           (as Mina, once, within 15 minutes; FORTNIGHT_DATA_DIR=%s fortnight sign-in-link %s makes another)
  Token    %s   (an admin of this demo; also in %s)

  Try:  curl -sH "Authorization: Bearer %s" "%s/v1/learnings:search?query=review"
        curl -NsH "Authorization: Bearer %s" "%s/v1/events?since=start"
  Next: FORTNIGHT_TOKEN=$(cat %s) examples/first-cycle.sh
`, version, p.settings.DataDir, base, base, base, p.linkBase(), link, p.settings.DataDir, demoUser, token, p.tokenFile(), token, base, token, base, p.tokenFile())
	return nil
}

func (p *Program) tokenFile() string { return filepath.Join(p.settings.DataDir, "token") }

// demoToken is the token of the last start while it works, or a new one for Mina, who coaches all three teams.
func (p *Program) demoToken(ctx context.Context, url string) (string, error) {
	if kept, err := os.ReadFile(p.tokenFile()); err == nil && demo.Works(ctx, url, strings.TrimSpace(string(kept))) {
		return strings.TrimSpace(string(kept)), nil
	}
	token, err := p.identity.IssueToken(ctx, demoUser, "Mina", roles(true), 0)
	if err != nil {
		return "", err
	}
	return token, os.WriteFile(p.tokenFile(), []byte(token+"\n"), 0o600)
}
