package main

import (
	"context"
	"slices"

	"google.golang.org/grpc"

	"github.com/fortnighthq/fortnight/services/cycle"
	"github.com/fortnighthq/fortnight/services/experiment"
	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/internal/platform/archive"
	"github.com/fortnighthq/fortnight/services/internal/platform/bus"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/knowledge"
	"github.com/fortnighthq/fortnight/services/notification"
	"github.com/fortnighthq/fortnight/services/report"
	"github.com/fortnighthq/fortnight/services/retrospective"
)

// running is what the program needs of a service.
type running interface {
	Register(registrar grpc.ServiceRegistrar)
	Run(ctx context.Context) error
	Ready(ctx context.Context) error
	Close() error
	EventLog() *eventlog.Log
	Relay() *bus.Relay
	Consumers() []*bus.Consumer
	Archive() *archive.Part
}

// gatewayName stands for the gateway where services are chosen; it owns no data and is no service.
const gatewayName = "gateway"

// services are all services, in the order in which they start: identity first, because everybody trusts its tokens.
var services = []struct {
	name string
	open func(ctx context.Context, kit service.Kit, p *Program) (running, error)
}{
	{"identity", func(ctx context.Context, kit service.Kit, p *Program) (running, error) {
		opened, err := identity.New(ctx, kit, identity.Config{
			ServiceKey: p.serviceKey, BootstrapToken: p.settings.BootstrapToken.Reveal(), Announce: p.announce,
			AuditRetention: p.settings.AuditRetention, ProvisioningFile: p.settings.ProvisioningFile,
			OIDC: p.settings.oidc(), SessionIdle: p.settings.SessionIdle, SessionLifetime: p.settings.SessionLifetime,
		})
		p.identity = opened
		return opened, err
	}},
	{"cycle", func(ctx context.Context, kit service.Kit, _ *Program) (running, error) { return cycle.New(ctx, kit) }},
	{"experiment", func(ctx context.Context, kit service.Kit, _ *Program) (running, error) {
		return experiment.New(ctx, kit)
	}},
	{"retrospective", func(ctx context.Context, kit service.Kit, _ *Program) (running, error) {
		return retrospective.New(ctx, kit)
	}},
	{"knowledge", func(ctx context.Context, kit service.Kit, _ *Program) (running, error) {
		return knowledge.New(ctx, kit)
	}},
	{"report", func(ctx context.Context, kit service.Kit, _ *Program) (running, error) { return report.New(ctx, kit) }},
	{"notification", func(ctx context.Context, kit service.Kit, _ *Program) (running, error) {
		return notification.New(ctx, kit)
	}},
}

func serviceNames() []string {
	names := make([]string, 0, len(services))
	for _, s := range services {
		names = append(names, s.name)
	}
	return names
}

func isService(name string) bool { return slices.Contains(serviceNames(), name) }
