package retrospective_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// named are the names of notes with the given ids.
func named(ids ...string) []string {
	names := make([]string, len(ids))
	for i, id := range ids {
		names[i] = retro + "/notes/" + id
	}
	return names
}

// grouped is a world in GROUP with the notes n1 to n4.
func grouped(t *testing.T) *world {
	t.Helper()
	w := openedAs(t, false)
	for i := range 4 {
		_, err := w.CreateNote(w.jonas(), &retrospectivev1.CreateNoteRequest{
			Parent: retro, NoteId: fmt.Sprint("n", i+1), Note: &retrospectivev1.Note{Prompt: helped, Text: fmt.Sprint("note ", i+1)},
		})
		w.must(err)
	}
	w.move(group)
	return w
}

func (w *world) theme(id string, notes ...string) (*retrospectivev1.Theme, error) {
	return w.CreateTheme(w.mina(), &retrospectivev1.CreateThemeRequest{
		Parent: retro, ThemeId: id, Theme: &retrospectivev1.Theme{Title: "theme " + id, Notes: named(notes...)},
	})
}

// themes are the titles of the themes with the ids of their notes and their votes.
func (w *world) themes() string {
	w.Helper()
	listed, err := w.ListThemes(w.mina(), &retrospectivev1.ListThemesRequest{Parent: retro})
	w.must(err)
	var all []string
	for _, theme := range listed.GetThemes() {
		text := theme.GetTitle() + ":"
		for _, note := range theme.GetNotes() {
			text += " " + strings.TrimPrefix(note, retro+"/notes/")
		}
		if theme.Votes != nil {
			text += fmt.Sprint(" =", theme.GetVotes())
		}
		all = append(all, text)
	}
	return strings.Join(all, "; ")
}

func (w *world) has(themes string) {
	w.Helper()
	if got := w.themes(); got != themes {
		w.Errorf("themes %q, want %q", got, themes)
	}
}

func TestANoteIsInOneThemeAtMost(t *testing.T) {
	w := grouped(t)
	_, err := w.theme("a", "n1", "n2")
	w.must(err)
	b, err := w.theme("b", "n3", "n2")
	w.must(err)
	w.has("theme a: n1; theme b: n3 n2")
	_, err = w.UpdateTheme(w.mina(), &retrospectivev1.UpdateThemeRequest{Theme: &retrospectivev1.Theme{Name: retro + "/themes/a", Title: "waiting", Notes: named("n1", "n3", "n4")}})
	w.must(err)
	w.has("waiting: n1 n3 n4; theme b: n2")
	_, err = w.UpdateTheme(w.mina(), &retrospectivev1.UpdateThemeRequest{Theme: &retrospectivev1.Theme{Name: b.GetName(), Title: "late"}, Etag: b.GetEtag()})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH") // it lost a note
	split, err := w.SplitTheme(w.mina(), &retrospectivev1.SplitThemeRequest{Name: retro + "/themes/a", Title: "rest", Notes: named("n4")})
	if err != nil || split.GetTitle() != "rest" || !slices.Equal(split.GetNotes(), named("n4")) {
		t.Errorf("split %v, %v", split, err)
	}
	merge := &retrospectivev1.MergeThemeRequest{Name: b.GetName(), Other: split.GetName(), RequestId: "once"}
	for range 2 {
		merged, err := w.MergeTheme(w.mina(), merge)
		if err != nil || !slices.Equal(merged.GetNotes(), named("n2", "n4")) {
			t.Errorf("merged %v, %v", merged, err)
		}
	}
	w.has("waiting: n1 n3; theme b: n2 n4")
	_, err = w.DeleteTheme(w.mina(), &retrospectivev1.DeleteThemeRequest{Name: b.GetName()})
	w.must(err)
	_, err = w.WithdrawNote(w.jonas(), &retrospectivev1.WithdrawNoteRequest{Name: retro + "/notes/n3"})
	w.must(err)
	w.has("waiting: n1")
	w.move(vote)
	w.has("note 2: n2; note 4: n4; waiting: n1")
	w.move(collect)
	w.move(vote)
	w.has("note 2: n2; note 4: n4; waiting: n1")
	_, err = w.UpdateTheme(w.mina(), &retrospectivev1.UpdateThemeRequest{Theme: &retrospectivev1.Theme{Name: retro + "/themes/a", Title: "reviews", Notes: named("n1")}})
	w.must(err)
	w.has("note 2: n2; note 4: n4; reviews: n1")
}

func TestThemesRefuse(t *testing.T) {
	w := grouped(t)
	for _, id := range []string{"a", "b", "gone"} {
		_, err := w.theme(id)
		w.must(err)
	}
	a, gone := retro+"/themes/a", retro+"/themes/gone"
	_, err := w.DeleteTheme(w.mina(), &retrospectivev1.DeleteThemeRequest{Name: gone})
	w.must(err)
	_, err = w.WithdrawNote(w.jonas(), &retrospectivev1.WithdrawNoteRequest{Name: retro + "/notes/n4"})
	w.must(err)
	elsewhere := strings.Replace(a, "2026-w10", "2026-w8", 1)
	update := func(name string, notes ...string) error {
		_, err := w.UpdateTheme(w.mina(), &retrospectivev1.UpdateThemeRequest{Theme: &retrospectivev1.Theme{Name: name, Title: "x", Notes: notes}})
		return err
	}
	merge := func(name, other string) error {
		_, err := w.MergeTheme(w.mina(), &retrospectivev1.MergeThemeRequest{Name: name, Other: other})
		return err
	}
	split := func(name string, notes ...string) error {
		_, err := w.SplitTheme(w.mina(), &retrospectivev1.SplitThemeRequest{Name: name, Title: "x", Notes: notes})
		return err
	}
	_, twice := w.theme("gone")
	before, recorded := w.themes(), w.events()
	for name, test := range map[string]struct {
		err    error
		kind   fault.Kind
		reason string
		fields []string
	}{
		"a name twice":              {twice, fault.AlreadyExists, "THEME_ALREADY_EXISTS", nil},
		"no such note":              {update(a, named("n1", "none")...), fault.InvalidArgument, "NOTE_NOT_FOUND", []string{"theme.notes[1]"}},
		"a withdrawn note":          {update(a, named("n4")...), fault.InvalidArgument, "NOTE_NOT_FOUND", []string{"theme.notes[0]"}},
		"a note from elsewhere":     {update(a, strings.Replace(named("n1")[0], "payments", "mobile", 1)), fault.InvalidArgument, "NOTE_NOT_FOUND", []string{"theme.notes[0]"}},
		"a deleted theme":           {update(gone), fault.NotFound, "THEME_NOT_FOUND", nil},
		"no such theme":             {update(retro + "/themes/none"), fault.NotFound, "THEME_NOT_FOUND", nil},
		"joined to itself":          {merge(a, a), fault.InvalidArgument, "SAME_THEME", []string{"other"}},
		"joined to a deleted one":   {merge(a, gone), fault.NotFound, "THEME_NOT_FOUND", nil},
		"joined from elsewhere":     {merge(a, elsewhere), fault.InvalidArgument, "THEME_NOT_IN_RETROSPECTIVE", []string{"other"}},
		"split off what it has not": {split(a, named("n1")...), fault.InvalidArgument, "NOTE_NOT_IN_THEME", []string{"notes[0]"}},
	} {
		t.Run(name, func(t *testing.T) { testkit.Refused(t, test.err, test.kind, test.reason, test.fields...) })
	}
	if w.themes() != before || w.events() != recorded {
		t.Errorf("refusals made %q of %q, events %s", w.themes(), before, w.events())
	}
	w.move(collect)
	_, early := w.theme("c")
	w.move(vote)
	_, late := w.DeleteTheme(w.mina(), &retrospectivev1.DeleteThemeRequest{Name: a})
	for _, err := range []error{early, late, merge(a, retro+"/themes/b"), update(a, named("n1")...)} {
		testkit.Refused(t, err, fault.FailedPrecondition, "STAGE_MISMATCH")
	}
}
