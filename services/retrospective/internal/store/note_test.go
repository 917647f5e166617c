package store_test

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
)

// writeNote writes a note of Jonas's in a retrospective.
func writeNote(t *testing.T, l *eventlog.Log, r *domain.Retrospective, id, text string) {
	t.Helper()
	write(t, l, func(tx *eventlog.Tx) error {
		note, event, err := domain.NewNote(domain.Note{Name: retro + "/notes/" + id, Prompt: domain.Helped, Text: text},
			domain.Writer{Subject: "users/jonas", Secret: "secret of " + id}, r)
		if err != nil {
			return err
		}
		_, err = store.Notes.Create(tx, note, event)
		return err
	})
}

func changeNote(t *testing.T, l *eventlog.Log, id string, change func(*domain.Note) ([]domain.Event, error)) {
	t.Helper()
	write(t, l, func(tx *eventlog.Tx) error {
		row, err := store.Notes.Update(tx, retro+"/notes/"+id, "", func(n *domain.Note, _ time.Time) ([]domain.Event, error) { return change(n) })
		if err != nil {
			return err
		}
		return store.FollowNote(tx, retro, row.Value)
	})
}

// What tells the author of an anonymous note is neither in its row nor in its events, nor in those of the theme that the note is in. Of a
// withdrawn note the words are nowhere.
func TestNotes(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		for id, anonymous := range map[string]bool{"named": false, "anonymous": true} {
			r := &domain.Retrospective{Name: retro, Stage: domain.Group, Anonymous: anonymous}
			writer := domain.Writer{Subject: "users/jonas", Secret: "secret of " + id}
			writeNote(t, l, r, id, "the rota")
			if anonymous { // the theme of the note is Mina's doing
				if err := l.Do(t.Context(), func(tx *eventlog.Tx) error { return store.ThemeLoose(tx, retro) }); err != nil {
					t.Fatal(err)
				}
			}
			changeNote(t, l, id, func(n *domain.Note) ([]domain.Event, error) { return n.Change(domain.HeldBack, "no rota", writer, r) })
		}
		docs, err := db.All[string](t.Context(), l.DB().Read(), "select doc from notes order by name")
		if err != nil || len(docs) != 2 || strings.Contains(docs[0], "jonas") || strings.Contains(docs[0], "secret of") || !strings.Contains(docs[1], `"author":"users/jonas"`) {
			t.Errorf("rows %q, %v", docs, err)
		}
		for id, anonymous := range map[string]bool{"named": false, "anonymous": true} {
			r := &domain.Retrospective{Name: retro, Stage: domain.Group, Anonymous: anonymous}
			changeNote(t, l, id, func(n *domain.Note) ([]domain.Event, error) {
				return n.Withdraw(domain.Writer{Subject: "users/jonas", Secret: "secret of " + id}, r)
			})
		}
		docs, err = db.All[string](t.Context(), l.DB().Read(), "select doc from notes union all select doc from themes")
		if joined := strings.Join(docs, " "); err != nil || len(docs) < 3 || strings.Contains(joined, "rota") || strings.Contains(joined, "jonas") {
			t.Errorf("rows %q, %v", docs, err)
		}
		actors := map[string]string{}
		for _, r := range testkit.Records(t, l) {
			kind, id := r.Type[strings.LastIndexByte(r.Type, '.')+1:], r.Subject[strings.LastIndexByte(r.Subject, '/')+1:]
			if r.AggregateType == "theme" {
				id = "theme"
			}
			actors[kind+" "+id] += fmt.Sprint(r.Actor, r.Traceparent)
			if strings.Contains(string(r.Data), "rota") {
				t.Errorf("an event holds a note's text: %s", r.Data)
			}
		}
		for _, kind := range []string{"NoteWritten", "NoteChanged", "NoteWithdrawn"} {
			if actors[kind+" named"] != "users/jonas" || actors[kind+" anonymous"] != "" {
				t.Errorf("actors %v", actors)
			}
		}
		if actor, told := actors["ThemeChanged theme"]; !told || actor != "" {
			t.Errorf("actors %v", actors)
		}
	})
}

func TestThemeLoose(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		r := &domain.Retrospective{Name: retro, Stage: domain.Group}
		for _, id := range []string{"a", "b", "c"} {
			writeNote(t, l, r, id, "note "+id)
		}
		changeNote(t, l, "c", func(n *domain.Note) ([]domain.Event, error) {
			return n.Withdraw(domain.Writer{Subject: "users/jonas"}, r)
		})
		for range 2 {
			write(t, l, func(tx *eventlog.Tx) error {
				theme, err := domain.NewTheme(domain.Theme{Name: retro + "/themes/t", Title: "t", Notes: []string{retro + "/notes/b"}}, r)
				if err != nil {
					return err
				}
				if _, found, err := store.Themes.Find(tx, theme.Name); !found {
					if _, err = store.Themes.Create(tx, theme, domain.ThemeChanged); err != nil {
						return err
					}
				} else if err != nil {
					return err
				}
				return store.ThemeLoose(tx, retro)
			})
			rows, err := store.Themes.All(t.Context(), l.DB().Read(), l, retro, string(domain.ThemeStateKept))
			got := map[string][]string{}
			for _, row := range rows {
				got[row.Value.Title] = row.Value.Notes
			}
			if want := map[string][]string{"note a": {retro + "/notes/a"}, "t": {retro + "/notes/b"}}; err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("themes %v, %v; want %v", got, err, want)
			}
		}
	})
}
