package store_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store/migrations"
)

const retro = "teams/payments/cycles/2026-w10/retrospective"

// each runs fn on both engines.
func each(t *testing.T, fn func(t *testing.T, l *eventlog.Log)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, testkit.New(t).Log(engine, "retrospective", migrations.FS)) })
	}
}

// write runs a transaction of Jonas's that must succeed.
func write(t *testing.T, l *eventlog.Log, fn func(tx *eventlog.Tx) error) {
	t.Helper()
	if err := l.Do(caller.With(t.Context(), caller.Caller{Subject: "users/jonas"}), fn); err != nil {
		t.Fatal(err)
	}
}

func TestMigrationsAgree(t *testing.T) {
	if err := db.CheckMigrations(migrations.FS); err != nil {
		t.Error(err)
	}
}

func TestActions(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		const other = "teams/payments/cycles/2026-w1/retrospective"
		for i, action := range []struct{ retrospective, id, day string }{{retro, "b", "2026-03-20"}, {other, "x", "2026-01-01"}, {retro, "a", "2026-03-21"}, {retro, "c", "2026-03-20"}} {
			write(t, l, func(tx *eventlog.Tx) error {
				_, err := store.Actions.Create(tx, &domain.Action{Name: action.retrospective + "/actions/" + action.id, DueDate: action.day, State: domain.ActionOpen}, domain.ActionAgreed)
				if err != nil {
					return err
				}
				n, err := store.CountActions(tx, action.retrospective)
				if want := []int{1, 1, 2, 3}[i]; n != want {
					t.Errorf("after %d: %d actions, want %d", i, n, want)
				}
				return err
			})
		}
		rows, err := store.Actions.All(t.Context(), l.DB().Read(), l, retro, string(domain.ActionOpen))
		if err != nil {
			t.Fatal(err)
		}
		var order []string
		for _, row := range rows {
			order = append(order, row.Value.Name[len(retro+"/actions/"):])
		}
		if got := strings.Join(order, " "); got != "b c a" {
			t.Errorf("by due date: %s", got)
		}
	})
}

// What tells the author of an anonymous note is neither in its row nor in its event, on either engine.
func TestNotes(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		for id, anonymous := range map[string]bool{"named": false, "anonymous": true} {
			r := &domain.Retrospective{Name: retro, Stage: domain.Collect, Anonymous: anonymous}
			write(t, l, func(tx *eventlog.Tx) error {
				note, event, err := domain.NewNote(domain.Note{Name: retro + "/notes/" + id, Prompt: domain.Helped, Text: "the rota", Author: "users/jonas"}, r)
				if err != nil {
					return err
				}
				_, err = store.Notes.Create(tx, note, event)
				return err
			})
		}
		docs, err := db.All[string](t.Context(), l.DB().Read(), "select doc from notes order by name")
		if err != nil || len(docs) != 2 || strings.Contains(docs[0], "jonas") || !strings.Contains(docs[1], `"author":"users/jonas"`) {
			t.Errorf("rows %q, %v", docs, err)
		}
		actors := map[string]string{}
		for _, r := range testkit.Records(t, l) {
			actors[r.Subject[len(retro+"/notes/"):]] = fmt.Sprint(r.Actor, r.Traceparent)
			if strings.Contains(string(r.Data), "rota") {
				t.Errorf("an event holds a note's text: %s", r.Data)
			}
		}
		if want := map[string]string{"named": "users/jonas", "anonymous": ""}; !reflect.DeepEqual(actors, want) {
			t.Errorf("actors %v, want %v", actors, want)
		}
	})
}

// Everything of a retrospective is kept as it was.
func TestARetrospectiveIsReadAsItWasWritten(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		var written *domain.Retrospective
		write(t, l, func(tx *eventlog.Tx) error {
			now := tx.Now()
			written = &domain.Retrospective{
				Name: retro, Stage: domain.Closed, Anonymous: true, BoldestExperiment: "x", CloseTime: &now,
				Facts:     []domain.Fact{{Experiment: "x", Expected: "\"quoted\" ✓", Happened: "y", Verdict: "AS_PREDICTED"}},
				Decisions: []domain.Decision{{Experiment: "x", Kind: domain.Adopt, Text: "always"}},
				Learnings: []domain.DistilledLearning{{Experiment: "x", Claim: "it holds", Situation: "here", Tags: []string{"a", "b"}}},
			}
			_, err := store.Retrospectives.Create(tx, written, domain.RetrospectiveClosed)
			return err
		})
		row, err := store.Retrospectives.Get(t.Context(), l, retro)
		if err != nil || !reflect.DeepEqual(row.Value, written) || row.Version != 1 {
			t.Errorf("read %+v, %v, want %+v", row.Value, err, written)
		}
	})
}
