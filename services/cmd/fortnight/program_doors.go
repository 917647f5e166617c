package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fortnighthq/fortnight/services/internal/platform/telemetry"
)

// listen takes the addresses, so that a taken one is told before anything runs.
func (p *Program) listen(ctx context.Context) error {
	for _, door := range []struct {
		wanted   bool
		addr     string
		setting  string
		listener *net.Listener
	}{
		{p.has(gatewayName), p.settings.HTTPAddr, "FORTNIGHT_HTTP_ADDR", &p.httpListener},
		{p.settings.GRPCAddr != "", p.settings.GRPCAddr, "FORTNIGHT_GRPC_ADDR", &p.grpcListener},
		{p.settings.AdminAddr != "", p.settings.AdminAddr, "FORTNIGHT_ADMIN_ADDR", &p.adminListener},
	} {
		if !door.wanted {
			continue
		}
		listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", door.addr)
		if err != nil {
			return fmt.Errorf("cannot listen on %s (set %s to another address): %w", door.addr, door.setting, err)
		}
		*door.listener = listener
		p.onClose(func() { _ = listener.Close() })
	}
	return nil
}

// serve opens the doors.
func (p *Program) serve(ctx context.Context, group *errgroup.Group) *http.Server {
	p.serveOperator(ctx, group)
	if p.grpcListener != nil {
		group.Go(func() error { return p.server.Serve(p.grpcListener) })
	}
	if p.adminListener != nil {
		group.Go(func() error { return telemetry.ServeAdmin(ctx, p.adminListener, telemetry.AdminHandler(p.metrics)) })
	}
	if p.httpListener == nil {
		return nil
	}
	server := &http.Server{
		Handler: p.gateway.Handler(), ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		// Bodies are bounded in size; a slow one is cut off here. Live streams lift the bound on writing for themselves.
		ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		ErrorLog: slog.NewLogLogger(p.logger.Handler(), slog.LevelDebug),
	}
	group.Go(func() error {
		if err := server.Serve(p.httpListener); !errors.Is(err, http.ErrServerClosed) {
			return err
		}
		return nil
	})
	return server
}
