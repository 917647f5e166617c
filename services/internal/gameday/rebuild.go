package main

import (
	"context"
	"fmt"
	"time"
)

// rebuildFor is how long a projection from nothing may take.
const rebuildFor = 3 * time.Minute

// freshBroker is a second broker that has never seen an event, so that what is rebuilt comes from the logs alone.
const freshBroker = "fresh-nats"

func freshName(service string) string { return "fresh-" + service }

// rebuild starts the projecting services a second time, with empty directories, on the same logs, and waits until they are
// level.
func rebuild(ctx context.Context, c *cluster) (took time.Duration, err error) {
	if err := c.reserve(freshBroker); err != nil {
		return 0, err
	}
	if err := c.addBroker(freshBroker); err != nil {
		return 0, err
	}
	names := []string{freshBroker}
	for _, service := range projections {
		name := freshName(service)
		if err := c.reserve(name); err != nil {
			return 0, err
		}
		c.addService(name, service, freshBroker)
		names = append(names, name)
	}
	if err := c.start(ctx, names...); err != nil {
		return 0, err
	}
	g, err := newGauge(c, projections, freshName)
	if err != nil {
		return 0, err
	}
	defer g.close()
	took, behind, err := g.settle(ctx, rebuildFor, nil)
	if err == nil && len(behind) > 0 {
		err = fmt.Errorf("not level after %s: %s", rebuildFor, describe(behind))
	}
	return took, err
}
