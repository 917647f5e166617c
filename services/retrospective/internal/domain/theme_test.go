package domain_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

func TestThemes(t *testing.T) {
	r := retrospectiveIn(domain.Group, false)
	theme := func(name string, votes *int, notes ...string) *domain.Theme {
		return &domain.Theme{Name: name, Title: name, Notes: notes, Votes: votes, State: domain.ThemeStateKept}
	}
	a, b := theme("a", new(2), "n1", "n2"), theme("b", new(3), "n3")
	if _, err := a.Merge(b, r); err != nil || !slices.Equal(a.Notes, []string{"n1", "n2", "n3"}) || *a.Votes != 5 || *b.Votes != 3 {
		t.Errorf("merged %+v, %v", a, err)
	}
	split, events, err := a.Split("c", "rest", []string{"n3", "n1"}, r)
	if err != nil || len(events) != 1 || !slices.Equal(a.Notes, []string{"n2"}) || *a.Votes != 5 || split.Votes != nil || !slices.Equal(split.Notes, []string{"n3", "n1"}) {
		t.Errorf("split %+v into %+v, %v", a, split, err)
	}
	if _, err := b.Delete(r); err != nil || !reflect.DeepEqual(b, &domain.Theme{Name: "b", Title: "b", State: domain.ThemeStateDeleted}) {
		t.Errorf("deleted %+v, %v", b, err)
	}
	if c := theme("c", nil); len(first(c.Merge(theme("d", nil), r))) != 1 || c.Votes != nil {
		t.Errorf("merged without votes: %+v", c)
	}
	_, err = a.Merge(a, r)
	checkReason(t, err, "SAME_THEME")
	_, _, err = a.Split("d", "rest", []string{"n2", "n1"}, r)
	checkReason(t, err, "NOTE_NOT_IN_THEME")
	for what, err := range map[string]error{
		"new":    second(domain.NewTheme(domain.Theme{Title: " "}, r)),
		"rename": second(a.Rename("\t", r)),
		"split":  third(a.Split("d", " ", []string{"n2"}, r)),
	} {
		t.Run(what, func(t *testing.T) { checkReason(t, err, "TITLE_EMPTY") })
	}
}

func TestTheStagesOfThemes(t *testing.T) {
	for stage, want := range map[domain.Stage]struct{ rename, rest string }{
		domain.Collect: {"STAGE_MISMATCH", "STAGE_MISMATCH"}, domain.Group: {"", ""}, domain.Vote: {"", "STAGE_MISMATCH"},
		domain.Decide: {"STAGE_MISMATCH", "STAGE_MISMATCH"}, domain.Closed: {"RETROSPECTIVE_CLOSED", "RETROSPECTIVE_CLOSED"},
	} {
		t.Run(string(stage), func(t *testing.T) {
			r := retrospectiveIn(stage, false)
			theme := func() *domain.Theme { return &domain.Theme{Name: "a", Title: "a", Notes: []string{"n"}} }
			for what, result := range map[string]struct {
				err  error
				want string
			}{
				"rename":  {second(theme().Rename("b", r)), want.rename},
				"new":     {second(domain.NewTheme(domain.Theme{Title: "a"}, r)), want.rest},
				"regroup": {second(theme().Regroup([]string{"m"}, r)), want.rest},
				"merge":   {second(theme().Merge(&domain.Theme{Name: "b"}, r)), want.rest},
				"split":   {third(theme().Split("b", "b", []string{"n"}, r)), want.rest},
				"delete":  {second(theme().Delete(r)), want.rest},
			} {
				if result.want != "" {
					checkReason(t, result.err, result.want)
				} else if result.err != nil {
					t.Errorf("%s: %v", what, result.err)
				}
			}
		})
	}
}

// A theme that was made of a note's words has no words that the note has not.
func TestAThemeFollowsTheNoteThatItQuotes(t *testing.T) {
	long := "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen"
	for _, test := range []struct {
		name  string
		theme domain.Theme
		note  domain.Note
		title string
		notes []string
		told  bool
	}{
		{"changed", domain.Theme{Title: "the rota", Quotes: "n", Notes: []string{"n"}}, domain.Note{Name: "n", Text: long}, "one two three four five six seven eight nine ten eleven twelve thirteen…", []string{"n"}, true},
		{"withdrawn", domain.Theme{Title: "the rota", Quotes: "n", Notes: []string{"m", "n"}}, domain.Note{Name: "n", State: domain.NoteStateWithdrawn}, "A withdrawn note", []string{"m"}, true},
		{"withdrawn after it left", domain.Theme{Title: "the rota", Quotes: "n", Notes: []string{"m"}}, domain.Note{Name: "n", State: domain.NoteStateWithdrawn}, "A withdrawn note", []string{"m"}, true},
		{"withdrawn, a title of the team", domain.Theme{Title: "rotas", Notes: []string{"n"}}, domain.Note{Name: "n", State: domain.NoteStateWithdrawn}, "rotas", nil, true},
		{"changed, a title of the team", domain.Theme{Title: "rotas", Notes: []string{"n"}}, domain.Note{Name: "n", Text: "x"}, "rotas", []string{"n"}, false},
		{"another note", domain.Theme{Title: "the rota", Quotes: "n", Notes: []string{"n"}}, domain.Note{Name: "m", Text: "x"}, "the rota", []string{"n"}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			theme := test.theme
			events := theme.Follow(&test.note)
			if theme.Title != test.title || len(theme.Notes) != len(test.notes) || !slices.Equal(theme.Notes, test.notes) {
				t.Errorf("%+v", theme)
			}
			if told := slices.Equal(events, []domain.Event{domain.AnonymousThemeChanged}); told != test.told || !test.told && len(events) > 0 {
				t.Errorf("events %v", events)
			}
		})
	}
	loose := domain.LooseTheme("t", &domain.Note{Name: "n", Text: "the\n rota"})
	if loose.Title != "the rota" || loose.Quotes != "n" || !slices.Equal(loose.Notes, []string{"n"}) {
		t.Errorf("loose %+v", loose)
	}
	if _, err := loose.Delete(retrospectiveIn(domain.Group, false)); err != nil || loose.Title != "" {
		t.Errorf("the words outlast the theme: %+v, %v", loose, err)
	}
}

func first[A any](a A, _ error) A               { return a }
func second[A any](_ A, err error) error        { return err }
func third[A, B any](_ A, _ B, err error) error { return err }
