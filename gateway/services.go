package gateway

import (
	"context"
	"fmt"
	"time"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/limit"
	"github.com/fortnighthq/fortnight/gateway/internal/routes"
	"github.com/fortnighthq/fortnight/gateway/internal/upstream"
	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	notificationv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/notification/v1"
	reportv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/report/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
)

// identity is the service that knows who is who.
const identity = "identity"

// service is one service behind the gateway.
type service struct {
	name string
	file protoreflect.FileDescriptor
	// register puts the handlers on the mux. Always with a client of a connection, never with a server: only a connection
	// runs the interceptors that check the caller.
	register func(ctx context.Context, mux *runtime.ServeMux, conn grpc.ClientConnInterface) error
}

func services() []service {
	return []service{
		{identity, identityv1.File_fortnight_identity_v1_identity_service_proto, register(identityv1.RegisterIdentityServiceHandlerClient, identityv1.NewIdentityServiceClient)},
		{"cycle", cyclev1.File_fortnight_cycle_v1_cycle_service_proto, register(cyclev1.RegisterCycleServiceHandlerClient, cyclev1.NewCycleServiceClient)},
		{"experiment", experimentv1.File_fortnight_experiment_v1_experiment_service_proto, register(experimentv1.RegisterExperimentServiceHandlerClient, experimentv1.NewExperimentServiceClient)},
		{"retrospective", retrospectivev1.File_fortnight_retrospective_v1_retrospective_service_proto, register(retrospectivev1.RegisterRetrospectiveServiceHandlerClient, retrospectivev1.NewRetrospectiveServiceClient)},
		{"knowledge", knowledgev1.File_fortnight_knowledge_v1_knowledge_service_proto, register(knowledgev1.RegisterKnowledgeServiceHandlerClient, knowledgev1.NewKnowledgeServiceClient)},
		{"report", reportv1.File_fortnight_report_v1_report_service_proto, register(reportv1.RegisterReportServiceHandlerClient, reportv1.NewReportServiceClient)},
		{"notification", notificationv1.File_fortnight_notification_v1_notification_service_proto, register(notificationv1.RegisterNotificationServiceHandlerClient, notificationv1.NewNotificationServiceClient)},
	}
}

// ServiceNames are the services that the gateway asks Config.Conn for.
func ServiceNames() []string {
	var names []string
	for _, s := range services() {
		names = append(names, s.name)
	}
	return names
}

func register[C any](
	handlers func(context.Context, *runtime.ServeMux, C) error, client func(grpc.ClientConnInterface) C,
) func(context.Context, *runtime.ServeMux, grpc.ClientConnInterface) error {
	return func(ctx context.Context, mux *runtime.ServeMux, conn grpc.ClientConnInterface) error {
		return handlers(ctx, mux, client(conn))
	}
}

// eventLog is the contract that every service has beside its own.
func eventLog() protoreflect.ServiceDescriptor {
	return eventlogv1.File_fortnight_eventlog_v1_eventlog_service_proto.Services().Get(0)
}

// table reads the routes of all services.
func table() (*routes.Table, error) {
	descriptors := []protoreflect.ServiceDescriptor{eventLog()}
	for _, file := range files() {
		for i := range file.Services().Len() {
			descriptors = append(descriptors, file.Services().Get(i))
		}
	}
	return routes.New(descriptors...)
}

func files() []protoreflect.FileDescriptor {
	var all []protoreflect.FileDescriptor
	for _, s := range services() {
		all = append(all, s.file)
	}
	return all
}

// failureWindow is how long refused credentials are held against an address.
const failureWindow = 10 * time.Minute

// connect makes the gateway's side of the connections to the services, and the entrance, which asks one of them.
func connect(config Config, table *routes.Table) (upstream.ByService, *credential.Entrance, error) {
	retry := upstream.WithRetry(upstream.Retry{Budget: config.RetryBudget, First: 25 * time.Millisecond, Most: 400 * time.Millisecond})
	conns := upstream.ByService{}
	var authenticator *credential.Authenticator
	for _, s := range services() {
		inner := config.Conn(s.name)
		if inner == nil {
			return nil, nil, fmt.Errorf("gateway: there is no connection to the service %s", s.name)
		}
		options := []upstream.Option{retry}
		if s.name == identity {
			// Whoever joins a team, or loses a token, wants it to count at the next request.
			options = append(options, upstream.OnWrite(func() { authenticator.Forget() }))
		}
		conns[s.name] = upstream.New(inner, table, options...)
	}
	authenticator = credential.NewAuthenticator(identityv1.NewIdentityServiceClient(conns[identity]), config.Clock, config.CallerTTL)
	entrance, err := credential.NewEntrance(authenticator, limit.NewRate(config.RatePerSecond, config.RateBurst, config.Clock),
		limit.NewFailures(int(config.SignInFailures), failureWindow, config.Clock), config.PublicURL)
	if err != nil {
		return nil, nil, fmt.Errorf("gateway: Config.PublicURL: %w", err)
	}
	return conns, entrance, nil
}
