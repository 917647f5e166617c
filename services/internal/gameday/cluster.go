package main

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/installation"
)

// What the game day is played on.
type (
	cluster  = installation.Installation
	process  = installation.Process
	programs = installation.Programs
	launcher = installation.Launcher
	head     = installation.Head
)

const (
	brokerName  = installation.BrokerName
	gatewayName = installation.GatewayName
)

var (
	projections = installation.Projections
	services    = installation.Services
	consumes    = installation.Consumes
	pause       = installation.Pause
)

// newCluster lays an installation with one broker out. A process that ends by itself is a finding.
func newCluster(dir string, programs programs, launcher *launcher, f *findings) (*cluster, error) {
	return installation.New(dir, programs, launcher, 1, func(name, how string) { f.add("processes", "%s ended by itself: %s", name, how) })
}

// admit returns a client that acts for the first admin, whose token is the bootstrap token, once the installation answers.
func admit(ctx context.Context, c *cluster) (*rest, error) {
	r := newRest("http://" + c.Addr(installation.GatewayName))
	r.token = c.Bootstrap
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	a, err := r.get(ctx, "/v1/caller")
	if err == nil && !a.ok() {
		err = failure(nil, a)
	}
	return r, err
}
