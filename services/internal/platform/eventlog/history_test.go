package eventlog_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// of is the n-th event of what has a name in a team.
func of(team, name string, n int64) eventlog.Event {
	id := "teams/" + team + "/" + name
	return eventlog.Event{
		Team: team, AggregateType: "thing", AggregateID: id, AggregateVersion: n, Subject: id, Data: &eventlogv1.Head{Sequence: n, Epoch: name},
	}
}

// told is the changes in short: the end of the id, the version, and the version before.
func told(t *testing.T, changes []eventlog.Change) string {
	t.Helper()
	version := func(data json.RawMessage) string {
		var head struct{ Sequence string }
		if data == nil {
			return "-"
		}
		must(t, json.Unmarshal(data, &head))
		return head.Sequence
	}
	var b strings.Builder
	for _, c := range changes {
		fmt.Fprintf(&b, "%s%d<%s ", strings.TrimPrefix(c.AggregateID, "teams/"+c.Team+"/"), c.AggregateVersion, version(c.Before))
	}
	return strings.TrimSpace(b.String())
}

func pages(t *testing.T, l *eventlog.Log, q eventlog.HistoryQuery, between func()) string {
	t.Helper()
	var all []eventlog.Change
	for {
		page, err := l.History(t.Context(), q)
		must(t, err)
		if len(page) == 0 {
			return told(t, all)
		}
		all, q.Behind = append(all, page...), page[len(page)-1].Place
		between()
	}
}

func TestHistory(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, c *clock) {
		ctx := as(t.Context(), "users/mina")
		must(t, add(ctx, l, of("a", "x", 1), of("a", "x/y", 1)))
		c.add(time.Minute)
		must(t, add(ctx, l, of("b", "x", 1), of("a", "x", 2), of("a", "x2", 1)))
		must(t, add(ctx, l, of("a", "x/y", 2), of("a", "x", 3)))
		const whole = "x3<2 x/y2<1 x21<- x2<1 x/y1<- x1<-"
		for under, want := range map[string]string{
			"": whole, "teams/a": whole, "teams/a/x": "x3<2 x/y2<1 x2<1 x/y1<- x1<-", "teams/a/x/y": "x/y2<1 x/y1<-", "teams/a/%": "", "teams/b": "",
		} {
			for limit := 1; limit <= 7; limit++ {
				q := eventlog.HistoryQuery{Team: "a", Under: under, Limit: limit}
				if got := pages(t, l, q, func() {}); got != want {
					t.Errorf("under %q, %d a page: %q, want %q", under, limit, got, want)
				}
			}
		}
		latest, err := l.History(t.Context(), eventlog.HistoryQuery{Team: "a", Limit: 1})
		must(t, err)
		if r := latest[0]; r.Actor != "users/mina" || !r.Time.Equal(start.Add(time.Minute)) || r.Type != "fortnight.eventlog.v1.Head" || r.Source != "cycle" || r.Redacted {
			t.Errorf("latest %+v", r)
		}
	})
}

// Events without a number are the latest, and what is numbered between two pages is told once. SQLite numbers at once.
func TestHistoryWhileNumbering(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		number := func() {
			_, err := l.Number(t.Context())
			must(t, err)
		}
		for limit := 1; limit <= 6; limit++ {
			for when := range 6 {
				team := fmt.Sprintf("a%d-%d", limit, when)
				must(t, add(t.Context(), l, of(team, "x", 1), of(team, "y", 1)))
				number()
				must(t, add(t.Context(), l, of(team, "x", 2), of(team, "y", 2), of(team, "z", 1)))
				turn := 0
				got := pages(t, l, eventlog.HistoryQuery{Team: team, Limit: limit}, func() {
					if turn++; turn == when {
						number()
						must(t, add(t.Context(), l, of(team, "new", 1))) // which belongs before the first page
					}
				})
				if want := "z1<- y2<1 x2<1 y1<- x1<-"; got != want {
					t.Errorf("%d a page, numbered after %d: %q, want %q", limit, when, got, want)
				}
			}
		}
	})
}

func TestHistoryOfRedacted(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		must(t, add(t.Context(), l, of("a", "x", 1), of("a", "x", 2), of("a", "x", 3)))
		all(t, l)
		must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := tx.Redact(2)
			return err
		}))
		changes, err := l.History(t.Context(), eventlog.HistoryQuery{Team: "a", Limit: 9})
		must(t, err)
		if got := told(t, changes); got != "x3<1 x2<1 x1<-" {
			t.Errorf("history %q", got)
		}
		if changes[0].Redacted || !changes[1].Redacted || string(changes[1].Data) != "{}" {
			t.Errorf("redacted %+v", changes[1])
		}
	})
}

// A page of a long log reads the index of the team, not the log, and sorts nothing.
func TestHistoryPlan(t *testing.T) {
	c := newClock()
	l := open(t, database(t, db.SQLite, c), c)
	for _, q := range []eventlog.HistoryQuery{{}, {Behind: 7}, {Under: "teams/a/x"}, {Under: "teams/a/x", Behind: 7}} {
		q.Team, q.Limit = "a", 50
		text, args, err := eventlog.HistoryText(l, t.Context(), q)
		must(t, err)
		type step struct {
			ID     int    `db:"id"`
			Parent int    `db:"parent"`
			Unused int    `db:"notused"`
			Detail string `db:"detail"`
		}
		plan, err := db.All[step](t.Context(), l.DB().Read(), "explain query plan "+text, args...)
		must(t, err)
		if len(plan) != 3 || !strings.HasPrefix(plan[0].Detail, "SEARCH e USING INDEX event_log_team (team=?") ||
			!strings.HasPrefix(plan[2].Detail, "SEARCH b USING INDEX sqlite_autoindex_event_log_1 (aggregate_type=? AND aggregate_id=? AND aggregate_version<?") {
			t.Errorf("%+v: %+v", q, plan)
		}
	}
}

// A database of an older program gets what the history needs, whatever it has by now.
func TestHistoryOfAnOlderDatabase(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			c := newClock()
			cfg := dbtest.Config(t, engine)
			cfg.Clock = c.now
			older, own := fstest.MapFS{}, fstest.MapFS{}
			for _, e := range dbtest.Engines {
				text, err := fs.ReadFile(eventlog.Migrations, string(e)+"/0001_eventlog.sql")
				must(t, err)
				older[string(e)+"/0001_eventlog.sql"] = &fstest.MapFile{Data: text}
				own[string(e)+"/0010_own.sql"] = &fstest.MapFile{Data: []byte("create table own (name text primary key);")}
			}
			cfg.Migrations = db.Merge(older, own)
			d, err := db.Open(t.Context(), cfg)
			must(t, err)
			must(t, add(t.Context(), open(t, d, c), of("a", "x", 1), of("a", "x", 2)))
			must(t, d.Close())
			cfg.Migrations = db.Merge(eventlog.Migrations, own)
			l := open(t, dbtest.Start(t, cfg), c)
			applied, err := db.All[string](t.Context(), l.DB().Read(), "select name from schema_migrations order by name")
			must(t, err)
			if got := strings.Join(applied, " "); got != "0001_eventlog.sql 0002_history.sql 0010_own.sql" {
				t.Errorf("migrations %s", got)
			}
			changes, err := l.History(t.Context(), eventlog.HistoryQuery{Team: "a", Limit: 9})
			must(t, err)
			if got := told(t, changes); got != "x2<1 x1<-" {
				t.Errorf("history %q", got)
			}
		})
	}
}
