package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/installation"
)

// install starts the program as eight processes beside so many brokers. What fell by itself is an error of close.
func (b *bench) install(ctx context.Context, dir string, brokers int) (c *installation.Installation, at site, err error) {
	broker, err := installation.BuildBroker(ctx, b.dir)
	if err != nil {
		return nil, at, err
	}
	programs := installation.Programs{Fortnight: b.binary, Broker: broker}
	fell := func(name, how string) { fmt.Fprintf(os.Stderr, "bench: %s ended by itself: %s\n", name, how) }
	c, err = installation.New(dir, programs, installation.NewLauncher(), brokers, fell)
	if err != nil {
		return nil, at, err
	}
	if err := c.Start(ctx, c.Names()...); err != nil {
		c.Close()
		return nil, at, err
	}
	at = site{addr: c.Addr(installation.GatewayName), token: c.Bootstrap, settle: func(ctx context.Context) error { return level(ctx, c, installation.Projections...) }}
	if err := answers(ctx, at); err != nil {
		c.Close()
		return nil, at, err
	}
	return c, at, nil
}

// asked holds a question to each service that requests go to.
var asked = []string{
	"/v1/caller", "/v1/teams/none/cycles", "/v1/teams/none/metrics", "/v1/teams/none/cycles/none/retrospective", "/v1/learnings", "/v1/reports/learning",
}

// answers waits until every service answers the first admin, with whatever.
func answers(ctx context.Context, at site) error {
	c, err := dial(at.addr)
	if err != nil {
		return err
	}
	defer c.close()
	for _, question := range asked {
		for tries := 0; ; tries++ {
			status, body, err := c.do(get(question, at.token))
			if err == nil && status < 500 {
				break
			}
			if tries == 600 || err != nil || !installation.Pause(ctx, 50*time.Millisecond) {
				return fmt.Errorf("%s: %w", question, orRefused(err, status, body))
			}
		}
	}
	return nil
}

// level waits until consumers have applied everything that there is.
func level(ctx context.Context, c *installation.Installation, consumers ...string) error {
	gauge, err := installation.NewGauge(c, consumers, func(service string) string { return service })
	if err != nil {
		return err
	}
	defer gauge.Close()
	_, behind, err := gauge.Settle(ctx, 5*time.Minute, nil)
	if err == nil && len(behind) > 0 {
		err = errors.New("still behind after 5 minutes: " + installation.Describe(behind))
	}
	return err
}

// propagationApart measures with every service in a process of its own and three brokers that keep three copies of every event.
func (b *bench) propagationApart(ctx context.Context) error {
	c, at, err := b.install(ctx, filepath.Join(b.dir, "apart"), 3)
	if err != nil {
		return err
	}
	defer c.Close()
	return b.propagate(ctx, at, "each service a process of its own, a NATS cluster of three (goal: p99 1,000 ms)")
}
