package retrospective_test

import (
	"context"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// Jonas does nothing but write one note. When it is anonymous, no file of the database and the broker may hold his name:
// no row, no event, no answer kept for a repeated request. The log never tells who wrote a note.
func TestTheAuthorOfAnAnonymousNoteIsNowhere(t *testing.T) {
	for name, anonymous := range map[string]bool{"anonymous": true, "named": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{Anonymous: anonymous})
			w.must(err)
			note, err := w.note("the rota held")
			w.must(err)
			again, err := w.note("the rota held") // the answer is kept, so it must not tell either
			w.must(err)
			author := "users/jonas"
			if anonymous {
				author = ""
			}
			if note.GetAuthor() != author || again.GetAuthor() != author || again.GetName() != note.GetName() {
				t.Errorf("answered %v, then %v", note, again)
			}
			listed, err := w.ListNotes(w.mina(), &retrospectivev1.ListNotesRequest{Parent: retro})
			if err != nil || len(listed.GetNotes()) != 1 || listed.GetNotes()[0].GetAuthor() != author {
				t.Errorf("listed %v, %v", listed, err)
			}
			records := testkit.Records(t, w.service.Log)
			if event := records[len(records)-1]; len(records) != 2 || event.Subject != note.GetName() || event.Actor != author ||
				event.Traceparent != "" || strings.Contains(string(event.Data), "rota held") {
				t.Errorf("events %+v", records)
			}
			testkit.Eventually(t, "the broker has the events", func() bool { return w.service.Relay().Status().Published >= 2 })
			files := w.files()
			if !strings.Contains(files, "the rota held") || !strings.Contains(files, "users/mina") {
				t.Fatal("the files are not those of the service: a search in them proves nothing")
			}
			if found := strings.Contains(files, "jonas"); found == anonymous {
				t.Errorf("the files hold the author: %v", found)
			}
			if log := w.Output(); !strings.Contains(log, "users/mina") || strings.Contains(log, "jonas") {
				t.Error("the log names who wrote a note, or is not the service's")
			}
		})
	}
}

func TestNotesAreTheTeams(t *testing.T) {
	w := opened(t, collect)
	_, err := w.note("x")
	w.must(err)
	tests := []struct {
		name                      string
		who                       caller.Caller
		readsNotes, writes, reads bool
	}{
		{"member", callertest.User("kim", "payments", caller.Member), true, true, true},
		{"viewer", callertest.User("vera", "payments", caller.Viewer), false, false, true},
		{"manager", callertest.Manager("max"), false, false, true},
		{"member of another team", callertest.User("olga", "mobile", caller.Coach), false, false, false},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			ctx := w.As(test.who)
			for what, call := range map[string]struct {
				let bool
				do  func(context.Context) error
			}{
				"list notes": {test.readsNotes, func(ctx context.Context) error {
					_, err := w.ListNotes(ctx, &retrospectivev1.ListNotesRequest{Parent: retro})
					return err
				}},
				"write a note": {test.writes, func(ctx context.Context) error {
					_, err := w.CreateNote(ctx, &retrospectivev1.CreateNoteRequest{Parent: retro, Note: &retrospectivev1.Note{Prompt: 1, Text: "x"}})
					return err
				}},
				"list actions": {test.reads, func(ctx context.Context) error {
					_, err := w.ListActions(ctx, &retrospectivev1.ListActionsRequest{Parent: retro})
					return err
				}},
			} {
				err := call.do(ctx)
				if call.let && err != nil {
					t.Errorf("may not %s: %v", what, err)
				}
				if !call.let {
					testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
				}
			}
		})
	}
}

// files is what lies in the directory of the database and the broker.
func (w *world) files() string {
	w.Helper()
	var all strings.Builder
	err := filepath.WalkDir(w.dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		all.Write(content)
		return err
	})
	w.must(err)
	return all.String()
}
