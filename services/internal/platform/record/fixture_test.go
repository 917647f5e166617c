package record_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"google.golang.org/protobuf/proto"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// plan is an aggregate of the tests.
type plan struct {
	Name  string `json:"name"`
	Team  string `json:"team"`
	State string `json:"state"`
	Rank  string `json:"rank"`
	Steps int    `json:"steps"`
}

func collection(table string, descending bool) *record.Collection[plan, string] {
	return &record.Collection[plan, string]{
		Table: table, Type: "test_plan", Noun: "plan", Descending: descending,
		Key: func(p *plan) record.Key {
			return record.Key{Name: p.Name, Parent: "teams/" + p.Team, Team: p.Team, State: p.State, SortKey: p.Rank}
		},
		// The event tells what the row was when it was made.
		Data: func(row record.Row[plan], e string) proto.Message {
			return &eventlogv1.Head{Epoch: row.Etag, Sequence: int64(row.Value.Steps), Chain: e}
		},
		Anonymous: func(e string) bool { return e == "whispered" },
	}
}

var (
	plans   = collection("plans", false)
	newest  = collection("plans", true)
	another = collection("others", false)
)

const ddl = `create table %[1]s (name text primary key, parent text not null, team text not null, state text not null,
  sort_key text not null, version bigint not null, doc text not null, create_time bigint not null, update_time bigint not null);
create index %[1]s_list on %[1]s (parent, sort_key, name);
`

func migrations() fstest.MapFS {
	text := []byte(fmt.Sprintf(ddl, "plans") + fmt.Sprintf(ddl, "others"))
	return fstest.MapFS{"sqlite/0010_plans.sql": {Data: text}, "postgres/0010_plans.sql": {Data: text}}
}

var start = time.Date(2026, 3, 2, 9, 0, 0, 123456000, time.UTC)

// clock is a time that a test moves.
type clock struct{ micros atomic.Int64 }

func (c *clock) now() time.Time      { return time.UnixMicro(c.micros.Load()) }
func (c *clock) add(d time.Duration) { c.micros.Add(d.Microseconds()) }

func each(t *testing.T, fn func(t *testing.T, l *eventlog.Log, c *clock)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			c := &clock{}
			c.micros.Store(start.UnixMicro())
			cfg := dbtest.Config(t, engine)
			cfg.Migrations, cfg.Clock = db.Merge(eventlog.Migrations, migrations()), c.now
			l, err := eventlog.Open(t.Context(), dbtest.Start(t, cfg), "cycle", nil, eventlog.WithClock(c.now))
			must(t, err)
			fn(t, l, c)
		})
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantReason(t testing.TB, err error, kind fault.Kind, reason string) *fault.Error {
	t.Helper()
	f := fault.From(err)
	if f == nil || f.Kind != kind || f.Reason != reason {
		t.Fatalf("error %v, want %s %s", err, kind, reason)
	}
	return f
}

func create(t testing.TB, l *eventlog.Log, p plan, events ...string) (record.Row[plan], error) {
	t.Helper()
	var row record.Row[plan]
	err := l.Do(t.Context(), func(tx *eventlog.Tx) (err error) {
		row, err = plans.Create(tx, &p, events...)
		return err
	})
	return row, err
}

// step adds steps to a plan; none means that no event is returned.
func step(t testing.TB, l *eventlog.Log, name, etag string, events ...string) (record.Row[plan], error) {
	t.Helper()
	var row record.Row[plan]
	err := l.Do(t.Context(), func(tx *eventlog.Tx) (err error) {
		row, err = plans.Update(tx, name, etag, func(p *plan, _ time.Time) ([]string, error) {
			p.Steps++
			return events, nil
		})
		return err
	})
	return row, err
}

func history(t testing.TB, l *eventlog.Log) []eventlog.Record {
	t.Helper()
	_, err := l.Number(t.Context())
	must(t, err)
	records, err := l.List(t.Context(), 0, 1<<20)
	must(t, err)
	_, err = l.Verify(t.Context())
	must(t, err)
	return records
}
