package main

import (
	"context"
	"fmt"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/installation"
)

// rebuildFor is how long a projection from nothing may take.
const rebuildFor = 3 * time.Minute

// freshBroker is a second broker that has never seen an event, so that what is rebuilt comes from the logs alone.
const freshBroker = "fresh-nats"

func freshName(service string) string { return "fresh-" + service }

// rebuild starts the projecting services a second time, with empty directories, on the same logs, and waits until they are
// level.
func rebuild(ctx context.Context, c *cluster) (took time.Duration, err error) {
	if err := c.Reserve(freshBroker); err != nil {
		return 0, err
	}
	if err := c.AddBroker(freshBroker); err != nil {
		return 0, err
	}
	names := []string{freshBroker}
	for _, service := range projections {
		name := freshName(service)
		if err := c.Reserve(name); err != nil {
			return 0, err
		}
		c.AddService(name, service, []string{freshBroker})
		names = append(names, name)
	}
	if err := c.Start(ctx, names...); err != nil {
		return 0, err
	}
	g, err := installation.NewGauge(c, projections, freshName)
	if err != nil {
		return 0, err
	}
	defer g.Close()
	took, behind, err := g.Settle(ctx, rebuildFor, nil)
	if err == nil && len(behind) == 0 {
		_, behind, err = g.Rest(ctx, restFor)
	}
	if err == nil && len(behind) > 0 {
		err = fmt.Errorf("not level after %s: %s", rebuildFor+restFor, installation.Describe(behind))
	}
	return took, err
}
