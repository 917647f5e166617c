package main

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// consumes says whose events each service applies.
var consumes = map[string][]string{
	"experiment":   {"retrospective"},
	"knowledge":    {"experiment", "retrospective"},
	"report":       {"identity", "cycle", "experiment", "knowledge"},
	"notification": {"identity", "cycle", "experiment", "retrospective"},
}

// gauge watches how far consumers are behind, by reading the databases of running services.
type gauge struct {
	logs      map[string]*sql.DB // by service
	consumers map[string]*sql.DB // by service
}

// newGauge watches the consumers whose process is named by processOf; logs are always those of the cluster's own services.
func newGauge(c *cluster, consumers []string, processOf func(service string) string) (*gauge, error) {
	g := &gauge{logs: map[string]*sql.DB{}, consumers: map[string]*sql.DB{}}
	for _, service := range services {
		d, err := database(c.database(service, service))
		if err != nil {
			return nil, err
		}
		g.logs[service] = d
	}
	for _, service := range consumers {
		d, err := database(c.database(processOf(service), service))
		if err != nil {
			return nil, err
		}
		g.consumers[service] = d
	}
	return g, nil
}

func (g *gauge) close() {
	for _, d := range slices.Concat(slices.Collect(maps.Values(g.logs)), slices.Collect(maps.Values(g.consumers))) {
		d.Close()
	}
}

// lag reads how many events each consumer is behind, as "report←cycle": 3, without those that are level. One that has not met
// its source yet is not level, also when there are no events.
func (g *gauge) lag(ctx context.Context) (map[string]int64, error) {
	behind := map[string]int64{}
	cursors := map[string]map[string]head{}
	for service, d := range g.consumers {
		at, err := readCursors(ctx, d)
		if err != nil {
			return nil, err
		}
		cursors[service] = at
	}
	// After the cursors, so that a log that has grown meanwhile shows.
	for service := range g.consumers {
		for _, source := range consumes[service] {
			end, err := readHead(ctx, g.logs[source])
			if err != nil {
				return nil, err
			}
			at := cursors[service][source]
			met := at.Epoch == end.Epoch
			if !met {
				at.Seq = 0
			}
			if !met || at.Seq != end.Seq {
				behind[service+"←"+source] = end.Seq - at.Seq
			}
		}
	}
	return behind, nil
}

// settle waits until all consumers are level twice in a row, and returns how long that took. Each change on the way is told
// to watch, when there is one.
func (g *gauge) settle(ctx context.Context, limit time.Duration, watch func(after time.Duration, behind map[string]int64)) (took time.Duration, behind map[string]int64, err error) {
	start := time.Now()
	var level time.Time
	var told map[string]int64
	for {
		behind, err = g.lag(ctx)
		now := time.Now()
		if err == nil && watch != nil && !maps.Equal(told, behind) {
			watch(now.Sub(start), behind)
			told = behind
		}
		switch {
		case err != nil && now.Sub(start) > limit:
			return now.Sub(start), behind, err
		case err == nil && len(behind) == 0 && !level.IsZero():
			return level.Sub(start), nil, nil
		case err == nil && len(behind) == 0:
			level = now
		default:
			level = time.Time{}
			if now.Sub(start) > limit {
				return now.Sub(start), behind, nil
			}
		}
		if !pause(ctx, 50*time.Millisecond) {
			return now.Sub(start), behind, ctx.Err()
		}
	}
}

func describe(behind map[string]int64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(behind)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, behind[name]))
	}
	return strings.Join(parts, ", ")
}
