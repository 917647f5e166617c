// Command fortnight runs teams' two-week improvement cycles: everything in one process, or service by service.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	_ "time/tzdata" // teams live in zones that a bare machine may not know

	"github.com/alecthomas/kong"
)

// version and commit are set when a release is built.
var (
	version = "0.1.0-dev"
	commit  = "unknown"
)

type commands struct {
	Serve        serveCommand        `cmd:"" default:"withargs" help:"Start the program, or some of its services."`
	Demo         demoCommand         `cmd:"" help:"Start the program with three teams in the middle of a story."`
	Token        tokenCommand        `cmd:"" help:"Make API tokens on the machine that holds the data."`
	SignInLink   signInLinkCommand   `cmd:"" help:"Make a link that signs a user in, once, on the machine that holds the data."`
	Import       importCommand       `cmd:"" help:"Import teams and people into a running program."`
	Certificates certificatesCommand `cmd:"" help:"Make the certificates that the processes of one installation prove themselves with."`
	Board        boardCommand        `cmd:"" help:"Write a team's board and history as files, and restore them."`
	Audit        auditCommand        `cmd:"" help:"Read the audit log of a running program."`
	Config       configCommand       `cmd:"" help:"Show every setting with its value and where it comes from."`
	Healthcheck  healthcheckCommand  `cmd:"" help:"Ask a running program whether it is ready; exit status 1 when it is not."`
	Version      versionCommand      `cmd:"" help:"Show the version."`
}

func main() {
	if os.Getenv("GOGC") == "" {
		// What lives is small, so twice Go's own room costs a few dozen megabytes under load and saves a tenth of the work.
		debug.SetGCPercent(200)
	}
	var line commands
	parsed := kong.Parse(&line, kong.Name("fortnight"), kong.Description("Two-week improvement cycles, and what teams learn in them."),
		kong.UsageOnError(), kong.Vars{"services": strings.Join(serviceNames(), ", ")}, kong.ConfigureHelp(kong.HelpOptions{Compact: true}))
	parsed.BindTo(untilSignal(), (*context.Context)(nil))
	if err := parsed.Run(); err != nil {
		fmt.Fprintln(os.Stderr, "fortnight:", err)
		os.Exit(1)
	}
}

// untilSignal ends with the first SIGINT or SIGTERM. The second exits at once, which is safe: what was acknowledged is on
// disk.
func untilSignal() context.Context {
	ctx, cancel := context.WithCancelCause(context.Background())
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	go func() {
		got := <-signals
		cancel(errors.New(got.String()))
		<-signals
		os.Exit(1)
	}()
	return ctx
}
