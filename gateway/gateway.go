// Package gateway is HTTP in, gRPC out: the REST interface, its documentation and the live stream. It has no database, no
// bus, no key and no rule; the services decide about everything.
package gateway

import (
	"context"
	"fmt"
	"net/http"

	"github.com/fortnighthq/fortnight/gateway/internal/analyze"
	"github.com/fortnighthq/fortnight/gateway/internal/auditlog"
	"github.com/fortnighthq/fortnight/gateway/internal/board"
	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/delivery"
	"github.com/fortnighthq/fortnight/gateway/internal/docs"
	"github.com/fortnighthq/fortnight/gateway/internal/edge"
	"github.com/fortnighthq/fortnight/gateway/internal/feed"
	"github.com/fortnighthq/fortnight/gateway/internal/form"
	"github.com/fortnighthq/fortnight/gateway/internal/ingest"
	"github.com/fortnighthq/fortnight/gateway/internal/limit"
	"github.com/fortnighthq/fortnight/gateway/internal/live"
	"github.com/fortnighthq/fortnight/gateway/internal/mcp"
	"github.com/fortnighthq/fortnight/gateway/internal/ops"
	"github.com/fortnighthq/fortnight/gateway/internal/signin"
	"github.com/fortnighthq/fortnight/gateway/internal/spread"
	"github.com/fortnighthq/fortnight/gateway/internal/transcode"
	"github.com/fortnighthq/fortnight/gateway/internal/transfer"
	archivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/archive/v1"
	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	reportv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/report/v1"
)

// Gateway serves HTTP.
type Gateway struct {
	config   Config
	api      *transcode.API
	live     *live.Handler
	docs     *docs.Handlers
	ops      *ops.Handlers
	signIn   *signin.Handlers
	audit    *auditlog.Handler
	ingest   *ingest.Handler
	delivery *delivery.Handler
	// analyze answers with charts in forms that are no JSON.
	analyze *analyze.Handler
	// spread draws how learnings have spread, feed tells what is new of them.
	spread *spread.Handler
	feed   *feed.Handler
	board  *board.Handler
	// transfer carries learnings to other installations and takes theirs.
	transfer *transfer.Handler
	// mcp is the door for assistants.
	mcp *mcp.Handler
	// entrance bounds what is asked of the pages that everybody may read.
	entrance *credential.Entrance
}

// New makes a gateway. It calls no service.
func New(config Config) (*Gateway, error) {
	config, err := config.withDefaults()
	if err != nil {
		return nil, err
	}
	table, err := table()
	if err != nil {
		return nil, fmt.Errorf("gateway: %w", err)
	}
	conns, entrance, err := connect(config, table)
	if err != nil {
		return nil, err
	}
	api := transcode.New(transcode.Config{
		Routes: table, Entrance: entrance, Logger: config.Logger, MaxBody: config.MaxBodyBytes, Timeout: config.Timeout,
	})
	ctx := context.Background() // the registration stops nothing when it ends: the connections are not the mux's own
	for _, s := range services() {
		if err := s.register(ctx, api.Mux(s.file.Services().Get(0)), conns[s.name]); err != nil {
			return nil, fmt.Errorf("gateway: the routes of %s: %w", s.name, err)
		}
	}
	if err := eventlogv1.RegisterEventLogServiceHandlerClient(ctx, api.Mux(eventLog()), eventlogv1.NewEventLogServiceClient(conns)); err != nil {
		return nil, fmt.Errorf("gateway: the routes of the event log: %w", err)
	}
	logs := map[string]eventlogv1.EventLogServiceClient{}
	for _, source := range config.EventSources {
		conn, ok := conns[source]
		if !ok {
			return nil, fmt.Errorf("gateway: %q, an event source, is no service", source)
		}
		logs[source] = eventlogv1.NewEventLogServiceClient(conn)
	}
	return &Gateway{
		config: config, api: api, docs: docs.New(config.Logger, config.Clock),
		live: live.New(live.Config{
			Clients: logs, Entrance: entrance, Clock: config.Clock, Logger: config.Logger,
			Heartbeat: config.Heartbeat, Recheck: config.Recheck, WriteTimeout: config.WriteTimeout, MaxStreams: config.MaxStreams,
			MaxPerCaller: int(config.MaxStreamsPerCaller),
		}),
		signIn: signin.New(signin.Config{
			Identity: identityv1.NewIdentityServiceClient(conns[identity]), Entrance: entrance, Logger: config.Logger,
			SessionLifetime: config.SessionLifetime, Timeout: config.Timeout,
		}),
		audit: auditlog.New(auditlog.Config{
			Identity: identityv1.NewIdentityServiceClient(conns[identity]), Entrance: entrance, Logger: config.Logger,
			WriteTimeout: config.WriteTimeout,
		}),
		ingest: ingest.New(ingest.Config{
			Experiments: experimentv1.NewExperimentServiceClient(conns["experiment"]), Entrance: entrance,
			ReadTimeout: config.WriteTimeout, MaxBytes: config.MaxFileBytes,
		}),
		board: board.New(board.Config{
			Identity: identityv1.NewIdentityServiceClient(conns[identity]), Cycle: archivev1.NewArchiveServiceClient(conns["cycle"]),
			Experiment: archivev1.NewArchiveServiceClient(conns["experiment"]), Entrance: entrance, Logger: config.Logger,
			WriteTimeout: config.WriteTimeout,
		}),
		analyze: analyze.New(analyze.Config{
			Experiments: experimentv1.NewExperimentServiceClient(conns["experiment"]), Knowledge: knowledgev1.NewKnowledgeServiceClient(conns["knowledge"]),
			Door: form.Door{Entrance: entrance, JSON: api}, Logger: config.Logger, Timeout: config.Timeout,
		}),
		spread: spread.New(spread.Config{
			Knowledge: knowledgev1.NewKnowledgeServiceClient(conns["knowledge"]), Door: form.Door{Entrance: entrance, JSON: api}, Timeout: config.Timeout,
		}),
		feed: feed.New(feed.Config{Knowledge: knowledgev1.NewKnowledgeServiceClient(conns["knowledge"]), Entrance: entrance, Timeout: config.Timeout}),
		delivery: delivery.New(delivery.Config{
			Experiments: experimentv1.NewExperimentServiceClient(conns["experiment"]), Entrance: entrance,
			Failures: limit.NewFailures(int(config.SignInFailures), failureWindow, config.Clock),
		}),
		transfer: transfer.New(transfer.Config{
			Knowledge: knowledgev1.NewKnowledgeServiceClient(conns["knowledge"]), Entrance: entrance, Logger: config.Logger, Clock: config.Clock,
			WriteTimeout: config.WriteTimeout,
		}),
		mcp: mcp.New(mcp.Config{
			Knowledge: knowledgev1.NewKnowledgeServiceClient(conns["knowledge"]), Cycle: cyclev1.NewCycleServiceClient(conns["cycle"]),
			Report: reportv1.NewReportServiceClient(conns["report"]), Entrance: entrance, Logger: config.Logger, Version: config.Version,
			Timeout: config.Timeout, AnyHost: config.PublicURL != "" || len(config.TrustedProxies) > 0,
		}),
		entrance: entrance,
		ops:      &ops.Handlers{Ready: config.Ready, Services: ServiceNames(), Version: config.Version, Commit: config.Commit, Logger: config.Logger},
	}, nil
}

// Handler serves everything.
func (g *Gateway) Handler() http.Handler {
	return edge.Wrap(edge.Config{
		Logger: g.config.Logger, Clock: g.config.Clock, PublicURL: g.config.PublicURL, TrustedProxies: g.config.TrustedProxies,
	}, http.HandlerFunc(g.route))
}

// Close makes the gateway unready and ends the live streams, which would never end by themselves. Requests are served on.
func (g *Gateway) Close() {
	g.ops.Drain()
	g.live.Close()
}
