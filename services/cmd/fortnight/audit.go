package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/internal/platform/config"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// auditAs hands audit events to identity, with a context that says which service does.
func (c *connections) auditAs(as func(context.Context) context.Context) func(context.Context, []*commonv1.AuditEvent) error {
	return func(ctx context.Context, events []*commonv1.AuditEvent) error {
		_, err := identityv1.NewIdentityServiceClient(c.to("identity")).RecordAuditEvents(as(ctx), &identityv1.RecordAuditEventsRequest{AuditEvents: events})
		return err
	}
}

// logOf is the log of a service of this process, or nil; with "" that of the first.
func (p *Program) logOf(service string) *eventlog.Log {
	for _, s := range p.services {
		if log := s.EventLog(); service == "" || log.Source() == service {
			return log
		}
	}
	return nil
}

// flushDenials records the denials that were only counted so far.
func (p *Program) flushDenials() {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	p.denials.Flush(ctx, true)
}

// recordSettings lets the audit log know with which settings the process that runs identity was started.
func (p *Program) recordSettings(ctx context.Context, shown []config.Setting) error {
	if p.identity == nil {
		return nil
	}
	settings := make([]identity.Setting, len(shown))
	for i, s := range shown {
		settings[i] = identity.Setting{Name: s.Key, Source: s.Source, Value: s.Value}
		if s.Secret {
			settings[i].Value = ""
		}
	}
	return p.identity.RecordSettings(ctx, settings)
}

type auditCommand struct {
	Export auditExportCommand `cmd:"" help:"Print the audit log as JSON lines, oldest first. It asks the program at FORTNIGHT_URL with the admin's token in FORTNIGHT_TOKEN."`
}

type auditExportCommand struct {
	Start    string   `help:"Only from this instant on: RFC 3339, or a date in UTC." placeholder:"TIME"`
	End      string   `help:"Only before this instant." placeholder:"TIME"`
	Actor    string   `help:"Only what this actor did, for instance users/mina." placeholder:"NAME"`
	Action   []string `help:"Only these actions, for instance ACCESS_DENIED." placeholder:"ACTION"`
	Resource string   `help:"Only what was done to this resource or what is below it." placeholder:"NAME"`
	Address  string   `help:"Only what came from this address." placeholder:"IP"`
}

// Run prints the export. When it breaks off, the exit status says so: what was printed is not the whole then.
func (c *auditExportCommand) Run(ctx context.Context) error {
	client, err := newRESTClient()
	if err != nil {
		return err
	}
	return c.export(ctx, client, os.Stdout)
}

func (c *auditExportCommand) export(ctx context.Context, client *restClient, out io.Writer) error {
	query, err := c.query()
	if err != nil {
		return err
	}
	lines, err := client.send(ctx, http.MethodGet, "/v1/auditEvents:export?"+query.Encode(), nil)
	if err != nil {
		return err
	}
	defer func() { _ = lines.Close() }()
	if _, err := io.Copy(out, lines); err != nil {
		return fmt.Errorf("the export broke off and is not complete: %w", err)
	}
	return nil
}

func (c *auditExportCommand) query() (url.Values, error) {
	query := url.Values{}
	for name, text := range map[string]string{"startTime": c.Start, "endTime": c.End} {
		if text == "" {
			continue
		}
		at, err := time.Parse(time.RFC3339, text)
		if err != nil {
			if at, err = time.Parse(time.DateOnly, text); err != nil {
				return nil, fmt.Errorf("%q is neither an instant such as 2026-06-08T09:00:00Z nor a date such as 2026-06-08", text)
			}
		}
		query.Set(name, at.UTC().Format(time.RFC3339Nano))
	}
	for name, text := range map[string]string{"actor": c.Actor, "resource": c.Resource, "address": c.Address} {
		if text != "" {
			query.Set(name, text)
		}
	}
	for _, action := range c.Action {
		query.Add("actions", "AUDIT_ACTION_"+strings.TrimPrefix(strings.ToUpper(action), "AUDIT_ACTION_"))
	}
	return query, nil
}
