package main

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strconv"
	"sync"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/installation"
)

const (
	// controlEvents is how many events consumers miss: more than a relay puts into a new stream by itself.
	controlEvents = 1300
	// controlFor is how long the crippled consumers are watched.
	controlFor = 8 * time.Second
)

// control is the proof that the run above can fail: the same installation whose consumers may not fill holes from the
// logs. Over the broker alone they are level; after the broker's disk is gone they must stay behind; and they are level
// again as soon as filling is allowed.
type control struct {
	cluster  *cluster
	findings *findings
	rest     *rest
}

// controlResult is what the control has seen.
type controlResult struct {
	before, after time.Duration
	behind        map[string]int64
}

func runControl(ctx context.Context, dir string, programs programs, launcher *launcher, f *findings) (result controlResult, err error) {
	c, err := newCluster(filepath.Join(dir, "control"), programs, launcher, f)
	if err != nil {
		return result, err
	}
	defer c.Close()
	k := &control{cluster: c, findings: f}
	if err := c.Start(ctx, c.Names()...); err != nil {
		return result, err
	}
	if k.rest, err = admit(ctx, c); err != nil {
		return result, err
	}
	err = k.must(ctx, http.MethodPost, "/v1/teams?teamId=shared", "team", map[string]any{"displayName": "Everybody", "timeZone": "UTC"})
	if err != nil {
		return result, err
	}
	g, err := installation.NewGauge(c, projections, func(service string) string { return service })
	if err != nil {
		return result, err
	}
	defer g.Close()

	// A consumer that has never met a source asks it where it begins, and what arrives meanwhile is filled: the first start
	// needs filling, whatever the broker brings.
	if _, behind, err := g.Settle(ctx, 15*time.Second, nil); err != nil || len(behind) > 0 {
		return result, notLevel("after their first start", behind, err)
	}
	c.Each(projections, (*process).Kill)
	k.allowFilling(false)
	if err := c.Start(ctx, projections...); err != nil {
		return result, err
	}

	if err := k.obstacles(ctx, "first", 100); err != nil {
		return result, err
	}
	took, behind, err := g.Settle(ctx, 15*time.Second, nil)
	if result.before = took; err != nil || len(behind) > 0 {
		return result, notLevel("over the broker alone", behind, err)
	}

	c.Each(projections, (*process).Kill)
	if err := k.obstacles(ctx, "second", controlEvents); err != nil {
		return result, err
	}
	if err := c.WipeBroker(brokerName); err != nil {
		return result, err
	}
	if err := c.Start(ctx, append([]string{brokerName}, projections...)...); err != nil {
		return result, err
	}
	if _, result.behind, err = g.Settle(ctx, controlFor, nil); err != nil {
		return result, err
	}
	for _, who := range []string{"report←cycle", "notification←cycle"} {
		if result.behind[who] < controlEvents {
			f.add("control", "%s misses %d events although nothing can bring the %d that the broker lost: the harness would not notice a loss", who, result.behind[who], controlEvents)
		}
	}

	c.Each(projections, (*process).Kill)
	k.allowFilling(true)
	if err := c.Start(ctx, projections...); err != nil {
		return result, err
	}
	took, behind, err = g.Settle(ctx, 15*time.Second, nil)
	if result.after = took; err == nil && len(behind) > 0 {
		f.add("control", "with filling the consumers are still behind: %s", installation.Describe(behind))
	}
	return result, err
}

// notLevel says why the control cannot go on.
func notLevel(when string, behind map[string]int64, err error) error {
	return errors.Join(fmt.Errorf("the consumers are not level %s: %s", when, installation.Describe(behind)), err)
}

// allowFilling prepares the next start of the projecting services.
func (k *control) allowFilling(allowed bool) {
	for _, service := range projections {
		k.cluster.AddService(service, service, []string{brokerName}, "FORTNIGHT_DISABLE_FILL="+strconv.FormatBool(!allowed))
	}
}

// obstacles writes n events into cycle's log, many at once.
func (k *control) obstacles(ctx context.Context, prefix string, n int) error {
	numbers := make(chan int)
	var writers sync.WaitGroup
	var once sync.Once
	var failed error
	for range readers {
		writers.Go(func() {
			for i := range numbers {
				id := fmt.Sprintf("%s-%d", prefix, i)
				if err := k.must(ctx, http.MethodPost, "/v1/"+sharedTeam+"/obstacles?obstacleId="+id, id, map[string]any{"description": "Obstacle " + id}); err != nil {
					once.Do(func() { failed = err })
				}
			}
		})
	}
	for i := range n {
		numbers <- i
	}
	close(numbers)
	writers.Wait()
	return failed
}

func (k *control) must(ctx context.Context, method, path, key string, body map[string]any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	a, _, err := k.rest.until(ctx, method, path, "control-"+key, body)
	if err == nil && !a.ok() {
		err = fmt.Errorf("%d %s", a.status, a.reason())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return nil
}
