package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"google.golang.org/grpc/health/grpc_health_v1"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/telemetry"
)

// serveDataDir is where serve keeps its data when nobody says otherwise.
const serveDataDir = ".data/fortnight"

type serveCommand struct {
	Services []string `help:"Services of this process: ${services}, or gateway. All when not given." placeholder:"NAME"`
}

// Run starts the program and prints where it answers.
func (c *serveCommand) Run(ctx context.Context) error {
	settings, shown, err := loadSettings()
	if err != nil {
		return err
	}
	if settings.DataDir == "" {
		settings.DataDir = serveDataDir
	}
	chosen := c.Services
	if len(chosen) == 0 {
		chosen = append(serveAll(), gatewayName)
	}
	for _, name := range chosen {
		if name != gatewayName && !isService(name) {
			return fmt.Errorf("there is no service %q; services are %s and gateway", name, strings.Join(serviceNames(), ", "))
		}
	}
	logger, err := telemetry.NewLogger(os.Stderr, settings.LogFormat, settings.LogLevel)
	if err != nil {
		return err
	}
	var bootstrapToken string
	program, err := newProgram(ctx, settings, chosen, logger, func(token string) { bootstrapToken = token })
	if err != nil {
		return err
	}
	defer program.Close()
	if err := program.recordSettings(ctx, shown); err != nil {
		return err
	}
	printServing(os.Stdout, program, bootstrapToken)
	printFirstLink(ctx, os.Stdout, program)
	return program.Run(ctx)
}

func serveAll() []string { return slices.Clone(serviceNames()) }

// printServing says where the program answers, and how the first admin gets in.
func printServing(out io.Writer, p *Program, bootstrapToken string) {
	fmt.Fprintf(out, "Fortnight %s  %s\n", version, strings.Join(p.chosen, " "))
	if p.Addr() != "" {
		base := baseURL(p)
		fmt.Fprintf(out, "\n  API      %s/v1      docs %s/docs/api   spec %s/openapi.yaml\n", base, base, base)
		if bootstrapToken != "" {
			fmt.Fprintf(out, "\n  This installation is empty. Create its first admin, once, with\n\n"+
				"  curl -s %s/v1/bootstrap -H 'Content-Type: application/json' \\\n"+
				"    -d '{\"bootstrapToken\":\"%s\",\"userId\":\"admin\",\"displayName\":\"Admin\"}'\n\n"+
				"  or sign in to the pages as its first admin, with the link that this prints:\n\n"+
				"  fortnight sign-in-link admin --admin\n\n", base, bootstrapToken)
		}
	} else if bootstrapToken != "" {
		fmt.Fprintf(out, "  Bootstrap token (works once, at POST /v1/bootstrap): %s\n", bootstrapToken)
	}
	if p.grpcListener != nil {
		fmt.Fprintf(out, "  gRPC     %s\n", p.grpcListener.Addr())
	}
}

// printFirstLink lets the admin whom the settings made sign in to the pages, at the start that made the admin.
func printFirstLink(ctx context.Context, out io.Writer, p *Program) {
	if p.identity == nil || p.identity.FirstAdmin() == "" || p.Addr() == "" {
		return
	}
	path, err := p.identity.SignInLink(ctx, p.identity.FirstAdmin(), "")
	if err != nil {
		p.logger.Warn("no sign-in link could be made", "error", err)
		return
	}
	fmt.Fprintf(out, "  Sign in  %s%s\n           (as %s, once, within 15 minutes; `fortnight sign-in-link %s` makes another)\n",
		p.linkBase(), path, p.identity.FirstAdmin(), p.identity.FirstAdmin())
}

// baseURL is how users reach the program.
func baseURL(p *Program) string {
	if p.settings.PublicURL != "" {
		return strings.TrimSuffix(p.settings.PublicURL, "/")
	}
	return "http://" + p.Addr()
}

type configCommand struct{}

// Run shows the settings; secrets are masked.
func (c *configCommand) Run() error {
	_, shown, err := loadSettings()
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "SETTING\tVALUE\tSOURCE\tMEANING")
	for _, setting := range shown {
		fmt.Fprintf(table, "%s\t%s\t%s\t%s\n", setting.Key, setting.Value, setting.Source, setting.Doc)
	}
	return table.Flush()
}

type healthcheckCommand struct {
	Timeout time.Duration `help:"How long to wait for the answer." default:"3s"`
}

// Run asks /readyz, or the gRPC health service of a process without a gateway.
func (c *healthcheckCommand) Run(ctx context.Context) error {
	settings, _, err := loadSettings()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.Timeout)
	defer cancel()
	if os.Getenv("FORTNIGHT_HTTP_ADDR") == "" && settings.GRPCAddr != "" {
		return checkGRPC(ctx, settings)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+ownAddr(settings.HTTPAddr)+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s", resp.Status)
	}
	return nil
}

func checkGRPC(ctx context.Context, settings Settings) error {
	certificates, err := settings.openTLS(time.Now, nil)
	if err != nil {
		return err
	}
	var secure func() *tls.Config
	if certificates != nil {
		secure = certificates.Self
	}
	conn, err := rpcserver.Dial(ownAddr(settings.GRPCAddr), secure, settings.AllowPlaintext)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	answer, err := grpc_health_v1.NewHealthClient(conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{})
	if err != nil {
		return err
	}
	if answer.GetStatus() != grpc_health_v1.HealthCheckResponse_SERVING {
		return errors.New("not ready: " + answer.GetStatus().String())
	}
	return nil
}

type versionCommand struct{}

// Run shows the version and the commit that it was built from.
func (versionCommand) Run() error {
	fmt.Printf("fortnight %s (%s)\n", version, commit)
	return nil
}

// roles are the organisation roles of a user that the operator creates.
func roles(admin bool) []identityv1.OrganizationRole {
	if admin {
		return []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN}
	}
	return nil
}
