package retrospective_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// writesAsJonas writes two notes as Jonas, changes one, in a theme of Mina's making, withdraws the other, and is refused. It returns the
// note that stays.
func (w *world) writesAsJonas() *retrospectivev1.Note {
	w.Helper()
	note, err := w.note("the rota held")
	w.must(err)
	other, err := w.note("the rota was too long")
	w.must(err)
	w.move(vote)
	w.move(group)
	_, err = w.UpdateNote(w.jonas(), &retrospectivev1.UpdateNoteRequest{
		Note: &retrospectivev1.Note{Name: note.GetName(), Text: "the rota held us", Secret: note.GetSecret()}, RequestId: "change",
		UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"text"}},
	})
	w.must(err)
	_, err = w.WithdrawNote(w.jonas(), &retrospectivev1.WithdrawNoteRequest{Name: other.GetName(), Secret: other.GetSecret(), RequestId: "withdraw"})
	w.must(err)
	_, err = w.WithdrawNote(w.jonas(), &retrospectivev1.WithdrawNoteRequest{Name: other.GetName(), Secret: "wrong", RequestId: "again"})
	if reason(err) == "" {
		w.Error("withdrawn twice")
	}
	w.move(vote)
	listed, err := w.ListThemes(w.mina(), &retrospectivev1.ListThemesRequest{Parent: retro})
	w.must(err)
	w.votesAsJonas(strings.TrimPrefix(listed.GetThemes()[0].GetName(), retro+"/themes/"))
	return note
}

// votesAsJonas votes as Jonas, changes the votes, and is refused.
func (w *world) votesAsJonas(theme string) *retrospectivev1.Ballot {
	w.Helper()
	ballot, err := w.CastVotes(w.jonas(), &retrospectivev1.CastVotesRequest{Name: retro, Themes: []string{retro + "/themes/" + theme}, RequestId: "vote"})
	w.must(err)
	_, err = w.vote(w.jonas(), ballot.GetSecret(), theme, theme)
	w.must(err)
	for _, secret := range []string{"", "wrong"} {
		if _, err = w.vote(w.jonas(), secret, theme); reason(err) == "" {
			w.Error("voted twice")
		}
	}
	return ballot
}

// published waits until the broker has every event.
func (w *world) published() {
	w.Helper()
	events := int64(len(testkit.Records(w.T, w.service.Log)))
	testkit.Eventually(w.T, "the broker has the events", func() bool { return w.service.Relay().Status().Published >= events })
}

// newWorldIn is a world on an engine, and a function that returns all that it keeps: its files, and on Postgres the rows of all tables.
func newWorldIn(t *testing.T, engine db.Engine) (*world, func() string) {
	t.Helper()
	if engine == db.SQLite {
		w := newWorld(t)
		return w, w.files
	}
	address := newDatabase(t)
	w := newWorldWith(t, func(kit *service.Kit) { kit.DatabaseURL = func(string) string { return address } })
	server := dbtest.Start(t, db.Config{URL: address, Schema: "reader"})
	return w, func() string {
		tables, err := db.All[string](t.Context(), server.Read(), "select table_name::text from information_schema.tables where table_schema = 'retrospective'")
		if err != nil || len(tables) < 10 {
			t.Fatalf("tables %v, %v", tables, err)
		}
		var all strings.Builder
		all.WriteString(w.files()) // the broker's
		for _, table := range tables {
			rows, err := db.All[string](t.Context(), server.Read(), "select t::text from retrospective."+table+" t")
			w.must(err)
			all.WriteString(strings.Join(rows, "\n"))
		}
		return all.String()
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
