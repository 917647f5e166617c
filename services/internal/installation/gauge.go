package installation

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"

	_ "github.com/mattn/go-sqlite3" // the driver "sqlite3"
)

// Consumes says whose events each service applies.
var Consumes = map[string][]string{
	"experiment":   {"retrospective"},
	"knowledge":    {"identity", "cycle", "experiment", "retrospective"},
	"report":       {"identity", "cycle", "experiment", "knowledge"},
	"notification": {"identity", "cycle", "experiment", "retrospective"},
}

// Gauge watches how far consumers are behind, by reading the databases of running services.
type Gauge struct {
	logs      map[string]*sql.DB // by service
	consumers map[string]*sql.DB // by service
}

// NewGauge watches the consumers whose process is named by processOf; logs are always those of the cluster's own services.
func NewGauge(c *Installation, consumers []string, processOf func(service string) string) (*Gauge, error) {
	g := &Gauge{logs: map[string]*sql.DB{}, consumers: map[string]*sql.DB{}}
	for _, service := range Services {
		d, err := Open(c.Database(service, service))
		if err != nil {
			return nil, err
		}
		g.logs[service] = d
	}
	for _, service := range consumers {
		d, err := Open(c.Database(processOf(service), service))
		if err != nil {
			return nil, err
		}
		g.consumers[service] = d
	}
	return g, nil
}

// Close closes the databases.
func (g *Gauge) Close() {
	for _, d := range slices.Concat(slices.Collect(maps.Values(g.logs)), slices.Collect(maps.Values(g.consumers))) {
		d.Close()
	}
}

// Lag reads how many events each consumer is behind, as "report←cycle": 3, without those that are level. One that has not met
// its source yet is not level, also when there are no events.
func (g *Gauge) Lag(ctx context.Context) (map[string]int64, error) {
	behind := map[string]int64{}
	cursors := map[string]map[string]Head{}
	for service, d := range g.consumers {
		at, err := ReadCursors(ctx, d)
		if err != nil {
			return nil, err
		}
		cursors[service] = at
	}
	// After the cursors, so that a log that has grown meanwhile shows.
	for service := range g.consumers {
		for _, source := range Consumes[service] {
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

// soon is longer than any task waits until it tries again what it could not do because another service was away, and shorter than what
// teams are given time for.
const soon = 2 * time.Minute

// due reads for how many names tasks of the knowledge service are due by now, or are soon tried again. They write events that nobody is
// behind with yet.
func (g *Gauge) due(ctx context.Context) (names int64, err error) {
	err = g.consumers["knowledge"].QueryRowContext(ctx, "select count(*) from due where at <= $1", time.Now().Add(soon).UnixMicro()).Scan(&names)
	return names, err
}

// Rest waits until nothing is due in the knowledge service, which must be among the consumers, and all consumers have applied what that
// has written. It returns how long that took and, when it took longer than limit, what is left: names as "due", the rest as Lag does.
func (g *Gauge) Rest(ctx context.Context, limit time.Duration) (took time.Duration, left map[string]int64, err error) {
	start := time.Now()
	for {
		names, err := g.due(ctx)
		if err != nil {
			return time.Since(start), nil, err
		}
		late := time.Since(start) > limit
		if names > 0 && !late {
			if !Pause(ctx, 50*time.Millisecond) {
				return time.Since(start), nil, ctx.Err()
			}
			continue
		}
		if _, left, err = g.Settle(ctx, limit, nil); err != nil || len(left) > 0 {
			return time.Since(start), left, err
		}
		// What was applied meanwhile may have made something due again.
		if names, err = g.due(ctx); err != nil || names == 0 {
			return time.Since(start), nil, err
		}
		if late {
			return time.Since(start), map[string]int64{"due": names}, nil
		}
	}
}

// Settle waits until all consumers are level twice in a row, and returns how long that took. Each change on the way is told
// to watch, when there is one.
func (g *Gauge) Settle(ctx context.Context, limit time.Duration, watch func(after time.Duration, behind map[string]int64)) (took time.Duration, behind map[string]int64, err error) {
	start := time.Now()
	var level time.Time
	var told map[string]int64
	for {
		behind, err = g.Lag(ctx)
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
		if !Pause(ctx, 50*time.Millisecond) {
			return now.Sub(start), behind, ctx.Err()
		}
	}
}

// Describe is a lag in words.
func Describe(behind map[string]int64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(behind)) {
		parts = append(parts, fmt.Sprintf("%s %d", name, behind[name]))
	}
	return strings.Join(parts, ", ")
}

// Head is a place in a log.
type Head struct {
	Epoch string
	Seq   int64
}

// Open opens a service's file for reading only. It can be read while the service works.
func Open(path string) (*sql.DB, error) {
	d, err := sql.Open("sqlite3", "file:"+(&url.URL{Path: path}).EscapedPath()+"?mode=ro&_query_only=1&_busy_timeout=5000")
	if err != nil {
		return nil, err
	}
	d.SetMaxOpenConns(1)
	return d, nil
}

// ReadCursors reads how far a service has applied each of its sources.
func ReadCursors(ctx context.Context, d *sql.DB) (map[string]Head, error) {
	cursors := map[string]Head{}
	err := Each(ctx, d, "select source, epoch, seq from inbox_cursor", func(rows *sql.Rows) error {
		var source string
		var at Head
		err := rows.Scan(&source, &at.Epoch, &at.Seq)
		cursors[source] = at
		return err
	})
	return cursors, err
}

func readHead(ctx context.Context, d *sql.DB) (at Head, err error) {
	err = d.QueryRowContext(ctx, "select epoch, coalesce((select max(seq) from event_log), 0) from log_meta").Scan(&at.Epoch, &at.Seq)
	return at, err
}

// Each does something with each row of a query, which one do call reads.
func Each(ctx context.Context, d *sql.DB, query string, do func(*sql.Rows) error) error {
	rows, err := d.QueryContext(ctx, query)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := do(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}
