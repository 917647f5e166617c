package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/notification/internal/domain"
	"github.com/fortnighthq/fortnight/services/notification/internal/store"
	"github.com/fortnighthq/fortnight/services/notification/internal/store/migrations"
)

type world struct {
	*testing.T
	*testkit.Kit
	log *eventlog.Log
}

func newWorld(t *testing.T, engine db.Engine) *world {
	t.Helper()
	k := testkit.New(t)
	return &world{T: t, Kit: k, log: k.Log(engine, "notification", migrations.FS)}
}

// each runs fn on both engines.
func each(t *testing.T, fn func(t *testing.T, w *world)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, newWorld(t, engine)) })
	}
}

// do runs a transaction that must succeed.
func (w *world) do(fn func(tx *eventlog.Tx) error) {
	w.Helper()
	if err := w.log.Do(w.Context(), fn); err != nil {
		w.Fatal(err)
	}
}

func (w *world) follow(team string, due ...domain.Due) {
	w.Helper()
	w.do(func(tx *eventlog.Tx) error { return store.Follow(tx, team, due) })
}

func (w *world) zone(team, zone string) {
	w.Helper()
	w.do(func(tx *eventlog.Tx) error { return store.SaveZone(tx, team, zone) })
}

// reminders are the team's, in the list's order: due time, subject, state, version.
func (w *world) reminders(team string) string {
	w.Helper()
	rows, err := store.Reminders.All(w.Context(), w.log.DB().Read(), w.log, "teams/"+team)
	if err != nil {
		w.Fatal(err)
	}
	var lines []string
	for _, row := range rows {
		lines = append(lines, fmt.Sprintf("%s %s %s %d", row.Value.DueTime.UTC().Format("01-02T15:04"), row.Value.Subject, row.Value.State, row.Version))
	}
	return strings.Join(lines, ", ")
}

func action(id, day string, done bool) domain.Due { return domain.ActionDue(id, "x", day, done) }

func TestMigrationsAgree(t *testing.T) {
	if err := db.CheckMigrations(migrations.FS); err != nil {
		t.Error(err)
	}
}

func TestIsNews(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for i, step := range []struct {
			subject string
			version int64
			want    bool
		}{
			{"a", 2, true}, {"a", 2, false}, {"a", 1, false}, {"b", 1, true}, {"a", 5, true}, {"a", 4, false}, {"b", 2, true},
		} {
			w.do(func(tx *eventlog.Tx) error {
				news, err := store.IsNews(tx, step.subject, step.version)
				if news != step.want {
					t.Errorf("step %d, %s version %d: news %v", i, step.subject, step.version, news)
				}
				return err
			})
		}
	})
}

func TestFollow(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		done := action("a", "2026-03-05", true)
		for i, step := range []struct {
			due  []domain.Due
			want string
		}{
			{[]domain.Due{action("b", "2026-03-06", false), action("a", "2026-03-05", false)}, "03-05T09:00 a PENDING 1, 03-06T09:00 b PENDING 1"},
			{[]domain.Due{action("a", "2026-03-05", false)}, "03-05T09:00 a PENDING 1, 03-06T09:00 b PENDING 1"},
			{[]domain.Due{action("a", "2026-03-07", false)}, "03-06T09:00 b PENDING 1, 03-07T09:00 a PENDING 2"},
			{[]domain.Due{done, done}, "03-06T09:00 b PENDING 1, 03-07T09:00 a OBSOLETE 3"},
			{[]domain.Due{action("a", "2026-03-08", false)}, "03-06T09:00 b PENDING 1, 03-07T09:00 a OBSOLETE 3"},
			// Done before it was due: it is there, and nobody is reminded.
			{[]domain.Due{action("c", "2026-03-09", true)}, "03-06T09:00 b PENDING 1, 03-07T09:00 a OBSOLETE 3"},
			{[]domain.Due{action("c", "2026-03-09", false)}, "03-06T09:00 b PENDING 1, 03-07T09:00 a OBSOLETE 3, 03-09T09:00 c OBSOLETE 2"},
		} {
			w.follow("payments", step.due...)
			if got := w.reminders("payments"); got != step.want {
				t.Errorf("step %d: %s, want %s", i, got, step.want)
			}
		}
		var kinds []string
		for _, happening := range testkit.Events(t, w.log) {
			kinds = append(kinds, strings.TrimPrefix(happening.Type, "fortnight.notification.v1.Reminder"))
		}
		if got := strings.Join(kinds, " "); got != "Scheduled Scheduled Scheduled Obsoleted Scheduled Obsoleted" {
			t.Errorf("events %s", got)
		}
		if err := w.log.Do(t.Context(), func(tx *eventlog.Tx) error {
			return store.Follow(tx, "payments", []domain.Due{action("d", "soon", false)})
		}); err == nil {
			t.Error("a day that is none was taken")
		}
	})
}

func TestSaveZone(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		due := []domain.Due{action("past", "2026-03-03", false), action("done", "2026-03-05", false), action("next", "2026-03-06", false)}
		w.follow("payments", due...)
		w.follow("mobile", due...)
		w.follow("payments", action("done", "2026-03-05", true), domain.AndonDue("red", "x", w.Clock.Now().AddDate(0, 0, 9), false))
		w.Clock.Set(time.Date(2026, 3, 3, 9, 0, 0, 1000, time.UTC))
		// What was scheduled before the zone was heard of goes where it belongs; later only what is still to come moves.
		const still = "03-03T00:00 past PENDING 2, 03-05T00:00 done OBSOLETE 3, "
		for _, step := range []struct{ zone, want string }{
			{"Asia/Tokyo", still + "03-06T00:00 next PENDING 2, 03-11T08:00 red PENDING 1"},
			{"Asia/Tokyo", still + "03-06T00:00 next PENDING 2, 03-11T08:00 red PENDING 1"},
			{"America/New_York", still + "03-06T14:00 next PENDING 3, 03-11T08:00 red PENDING 1"},
		} {
			w.zone("payments", step.zone)
			if got := w.reminders("payments"); got != step.want {
				t.Errorf("%s: %s, want %s", step.zone, got, step.want)
			}
		}
		w.follow("payments", action("later", "2026-03-09", false)) // New York's clocks have moved by then
		if got := w.reminders("payments"); !strings.Contains(got, "03-09T13:00 later PENDING 1") {
			t.Errorf("after the zone: %s", got)
		}
		if got, want := w.reminders("mobile"), "03-03T09:00 past PENDING 1, 03-05T09:00 done PENDING 1, 03-06T09:00 next PENDING 1"; got != want {
			t.Errorf("another team: %s, want %s", got, want)
		}
		if err := w.log.Do(t.Context(), func(tx *eventlog.Tx) error { return store.SaveZone(tx, "mobile", "Mars/Olympus") }); err == nil {
			t.Error("a zone that is none was taken")
		}
	})
}

// The consumers of two sources work side by side. Whichever transaction is first, the other must see what it did. On SQLite
// there is one writer, so this is about Postgres.
func TestSourcesSideBySide(t *testing.T) {
	zone := func(tx *eventlog.Tx) error { return store.SaveZone(tx, "payments", "Asia/Tokyo") }
	scheduled := func(tx *eventlog.Tx) error {
		return store.Follow(tx, "payments", []domain.Due{action("a", "2026-03-05", false)})
	}
	done := func(tx *eventlog.Tx) error {
		return store.Follow(tx, "payments", []domain.Due{action("a", "2026-03-05", true)})
	}
	for name, test := range map[string]struct {
		first, second func(tx *eventlog.Tx) error
		want          string
	}{
		"zone, then due":  {zone, scheduled, "03-05T00:00 a PENDING 1"},
		"due, then zone":  {scheduled, zone, "03-05T00:00 a PENDING 2"},
		"done, then due":  {done, scheduled, "03-05T09:00 a OBSOLETE 2"},
		"due, then done":  {scheduled, done, "03-05T09:00 a OBSOLETE 2"},
		"due, twice over": {scheduled, scheduled, "03-05T09:00 a PENDING 1"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, db.Postgres)
			reached, release, ended := make(chan struct{}), make(chan struct{}), make(chan error, 2)
			var reachedOnce bool
			go func() {
				ended <- w.log.Do(t.Context(), func(tx *eventlog.Tx) error {
					err := test.first(tx)
					if !reachedOnce {
						reachedOnce = true
						close(reached)
					}
					<-release
					return err
				})
			}()
			<-reached
			go func() { ended <- w.log.Do(t.Context(), test.second) }()
			testkit.Eventually(t, "the second waits for the first, or has not seen it", func() bool {
				waiting, _, err := db.One[int](t.Context(), w.log.DB().Read(), "select count(*) from pg_locks where not granted")
				return err != nil || waiting > 0 || len(ended) > 0
			})
			close(release)
			for range 2 {
				if err := <-ended; err != nil {
					t.Fatal(err)
				}
			}
			if got := w.reminders("payments"); got != test.want {
				t.Errorf("reminders %s, want %s", got, test.want)
			}
		})
	}
}
