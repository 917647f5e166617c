package store_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store/migrations"
)

var monday = time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)

var tables = db.Merge(eventlog.Migrations, migrations.FS)

func openLog(t testing.TB, d *db.DB) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(t.Context(), d, "knowledge", nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// each runs fn on both engines.
func each(t *testing.T, fn func(t *testing.T, l *eventlog.Log)) {
	t.Helper()
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) { fn(t, openLog(t, d)) })
}

// told is a learning as its two sources tell it.
type told struct {
	team, id, claim, situation, tried, happened, mayNotHold, howToTry string
	// verdict is AS_PREDICTED when empty.
	verdict string
	tags    []string
	context domain.Context
	draft   bool
	at      time.Time
}

func (d told) experiment() string {
	team := d.team
	if team == "" {
		team = "payments"
	}
	return "teams/" + team + "/cycles/2026-w24/experiments/" + d.id
}

// learn saves a learning and returns its name.
func learn(t testing.TB, tx *eventlog.Tx, d told) string {
	t.Helper()
	if d.at.IsZero() {
		d.at = monday
	}
	name := ""
	err := store.Learn(tx, d.experiment(), func(l *domain.Learning) []domain.Event {
		name = l.Name
		return l.Conclude(domain.Conclusion{Experiment: l.Experiment, Learned: d.claim, Tried: d.tried, Happened: d.happened, Verdict: cmp.Or(d.verdict, "AS_PREDICTED")}, d.at)
	})
	if err == nil && !d.draft {
		err = store.Learn(tx, d.experiment(), func(l *domain.Learning) []domain.Event {
			l.Context = d.context
			return l.Distil(domain.Distillate{
				Experiment: l.Experiment, Claim: d.claim, Situation: d.situation, MayNotHold: d.mayNotHold, HowToTry: d.howToTry, Tags: d.tags,
			}, d.at)
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	return name
}

// fill saves learnings and returns their names by experiment id.
func fill(t testing.TB, l *eventlog.Log, all ...told) map[string]string {
	t.Helper()
	names := map[string]string{}
	for some := range slices.Chunk(all, 100) { // a transaction may take 5 s, also on a busy machine
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
			for _, d := range some {
				names[d.id] = learn(t, tx, d)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return names
}

// experimentIDs shortens names of experiments to their ids, in order.
func experimentIDs(experiments []string) string {
	for i, e := range experiments {
		experiments[i] = e[strings.LastIndexByte(e, '/')+1:]
	}
	return strings.Join(experiments, " ")
}

func listed(t *testing.T, l *eventlog.Log, reader store.Reader, q store.ListQuery) (ids, next string) {
	t.Helper()
	rows, next, err := store.List(t.Context(), l, reader, q)
	if err != nil {
		t.Fatal(err)
	}
	var experiments []string
	for _, r := range rows {
		experiments = append(experiments, r.Value.Experiment)
	}
	return experimentIDs(experiments), next
}

func TestMigrationsAgree(t *testing.T) {
	if err := db.CheckMigrations(tables); err != nil {
		t.Error(err)
	}
}

func TestListsHideTheDraftsOfOthers(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l,
			told{team: "payments", id: "old", claim: "a", at: monday},
			told{team: "payments", id: "draft", claim: "b", draft: true, at: monday.Add(time.Hour)},
			told{team: "search", id: "other", claim: "c", at: monday.Add(2 * time.Hour)},
			told{team: "search", id: "other-draft", claim: "d", draft: true, at: monday.Add(3 * time.Hour)},
		)
		for _, c := range []struct {
			name   string
			reader store.Reader
			query  store.ListQuery
			want   string
		}{
			{"everything, latest first", store.Reader{Everything: true}, store.ListQuery{}, "other-draft other draft old"},
			{"a member", store.Reader{Teams: []string{"payments"}}, store.ListQuery{}, "other draft old"},
			{"a member of both", store.Reader{Teams: []string{"payments", "search"}}, store.ListQuery{}, "other-draft other draft old"},
			{"a stranger", store.Reader{}, store.ListQuery{}, "other old"},
			{"one team", store.Reader{Teams: []string{"payments"}}, store.ListQuery{Team: "search"}, "other"},
			{"one cycle", store.Reader{Everything: true}, store.ListQuery{Cycle: "teams/payments/cycles/2026-w24"}, "draft old"},
			{"another cycle", store.Reader{Everything: true}, store.ListQuery{Cycle: "teams/payments/cycles/2026-w22"}, ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				if got, next := listed(t, l, c.reader, c.query); got != c.want || next != "" {
					t.Errorf("got %q, %q, want %q", got, next, c.want)
				}
			})
		}
	})
}

func TestListsArePaged(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		var all []told
		for i := range 7 {
			all = append(all, told{id: fmt.Sprint("e", i), claim: "x", at: monday.Add(time.Duration(i/2) * time.Hour)}) // some at the same time
		}
		fill(t, l, all...)
		reader := store.Reader{Principal: "users/mina", Everything: true}
		whole, _ := listed(t, l, reader, store.ListQuery{})
		var pages []string
		q := store.ListQuery{PageSize: 3}
		for {
			page, next := listed(t, l, reader, q)
			pages = append(pages, page)
			if next == "" {
				break
			}
			q.PageToken = next
		}
		if len(pages) != 3 || strings.Join(pages, " ") != whole || len(strings.Fields(whole)) != 7 {
			t.Errorf("pages %q of %q", pages, whole)
		}
		for name, try := range map[string]struct {
			reader store.Reader
			query  store.ListQuery
		}{
			"of another caller": {store.Reader{Principal: "users/jo", Everything: true}, store.ListQuery{PageToken: q.PageToken}},
			"of another list":   {reader, store.ListQuery{PageToken: q.PageToken, Team: "payments"}},
			"made up":           {reader, store.ListQuery{PageToken: "x"}},
		} {
			if _, _, err := store.List(t.Context(), l, try.reader, try.query); fault.From(err).Reason != "PAGE_TOKEN_INVALID" {
				t.Errorf("a token %s: %v", name, err)
			}
		}
		if _, _, err := store.List(t.Context(), l, reader, store.ListQuery{PageSize: -1}); fault.From(err).Reason != "PAGE_SIZE_INVALID" {
			t.Errorf("a negative page: %v", err)
		}
	})
}

func TestChangesAreSavedWithTheirEvents(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		d := told{id: "rota", claim: "A rota halves the wait."}
		name := fill(t, l, d)["rota"]
		fill(t, l, d) // again: nothing new
		row, err := store.Get(t.Context(), l, name)
		if err != nil || row.Version != 2 || row.Value.State != domain.Published {
			t.Fatalf("%+v, %v", row, err)
		}
		err = l.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := store.Change(tx, name, `"stale-1"`, func(*domain.Learning, time.Time) ([]domain.Event, error) { return nil, nil })
			return err
		})
		if fault.From(err).Reason != "ETAG_MISMATCH" {
			t.Errorf("a stale etag: %v", err)
		}
		if _, err := l.Number(t.Context()); err != nil {
			t.Fatal(err)
		}
		events, err := l.List(t.Context(), 0, 10)
		if err != nil || len(events) != 2 || events[0].Type != "fortnight.knowledge.v1.LearningDrafted" || events[1].Type != "fortnight.knowledge.v1.LearningPublished" ||
			events[1].Team != "payments" || events[1].Subject != name {
			t.Errorf("events %+v, %v", events, err)
		}
		if _, err := store.Get(t.Context(), l, "learnings/none"); fault.From(err).Error() != domain.NotFound("learnings/none").Error() {
			t.Errorf("what is not there differs from what is hidden: %v", err)
		}
		err = l.Do(t.Context(), func(tx *eventlog.Tx) error {
			return store.Learn(tx, "no experiment", func(*domain.Learning) []domain.Event { return nil })
		})
		if fault.From(err).Reason != "EXPERIMENT_NAME_INVALID" {
			t.Errorf("a wrong name: %v", err)
		}
	})
}
