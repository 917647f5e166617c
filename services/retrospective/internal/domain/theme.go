package domain

import (
	"fmt"
	"slices"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// ThemeState tells whether a theme is there.
type ThemeState string

// The states of a theme.
const (
	ThemeStateKept    ThemeState = "KEPT"
	ThemeStateDeleted ThemeState = "DELETED"
)

const (
	// quoteLength is how many characters of a note become the title of a theme at most.
	quoteLength = 80
	// withdrawnTitle is the title of a theme that was the words of a note which was withdrawn.
	withdrawnTitle = "A withdrawn note"
)

// Theme is notes that belong together. A note is in one theme at most.
type Theme struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	// Quotes is the note whose first words are the title; empty when the team chose the title. What becomes of the note becomes of its
	// words here, and no event tells them.
	Quotes string `json:"quotes,omitempty"`
	// Notes are the names of its notes, in the order in which they came.
	Notes []string `json:"notes,omitempty"`
	// Votes is how many votes are shown; nil when none are.
	Votes *int `json:"votes,omitempty"`
	// Earlier is what was shown before the voting was opened again, until it ends.
	Earlier *int       `json:"earlier,omitempty"`
	State   ThemeState `json:"state"`
}

// NewTheme groups notes under a title, in GROUP.
func NewTheme(theme Theme, r *Retrospective) (*Theme, error) {
	if err := r.groups(); err != nil {
		return nil, err
	}
	if err := fault.InWords("theme.title", "TITLE_EMPTY", "say in a few words what the notes have in common", &theme.Title); err != nil {
		return nil, err
	}
	theme.State = ThemeStateKept
	return &theme, nil
}

// LooseTheme is the theme of a note that is in none: its title is the note's first words.
func LooseTheme(name string, note *Note) *Theme {
	return &Theme{Name: name, Title: firstWords(note.Text, quoteLength), Quotes: note.Name, Notes: []string{note.Name}, State: ThemeStateKept}
}

// Rename gives a theme another title, in GROUP or VOTE.
func (t *Theme) Rename(title string, r *Retrospective) ([]Event, error) {
	if err := r.within(Group, Vote); err != nil {
		return nil, err
	}
	if err := fault.InWords("theme.title", "TITLE_EMPTY", "say in a few words what the notes have in common", &title); err != nil {
		return nil, err
	}
	if t.Title == title {
		return nil, nil
	}
	t.Title, t.Quotes = title, ""
	return []Event{ThemeChanged}, nil
}

// Regroup gives a theme other notes, in GROUP. Those that were in another theme have to leave it, see Lose.
func (t *Theme) Regroup(notes []string, r *Retrospective) ([]Event, error) {
	if err := r.open(); err != nil || slices.Equal(t.Notes, notes) { // who renames a theme may send it back as it was read
		return nil, err
	}
	if err := r.groups(); err != nil {
		return nil, err
	}
	t.Notes = notes
	return []Event{ThemeChanged}, nil
}

// Lose takes notes out of a theme that are now in another one.
func (t *Theme) Lose(notes []string) []Event {
	had := len(t.Notes)
	t.Notes = slices.DeleteFunc(t.Notes, func(note string) bool { return slices.Contains(notes, note) })
	if len(t.Notes) == had {
		return nil
	}
	return []Event{ThemeChanged}
}

// Follow does to a theme what a change of a note means for it: a withdrawn note leaves, and a title that quotes the note changes with it.
// Whoever changed the note is not told by the theme either.
func (t *Theme) Follow(note *Note) []Event {
	title := t.Title
	if t.Quotes == note.Name {
		if title = firstWords(note.Text, quoteLength); note.State == NoteStateWithdrawn {
			title, t.Quotes = withdrawnTitle, ""
		}
	}
	left := note.State == NoteStateWithdrawn && len(t.Lose([]string{note.Name})) > 0
	if title == t.Title && !left {
		return nil
	}
	t.Title = title
	return []Event{AnonymousThemeChanged}
}

// Merge takes over the notes and the shown votes of another theme, in GROUP; the other one ends with Delete. Ballots follow, see
// Ballots.Merge.
func (t *Theme) Merge(other *Theme, r *Retrospective) ([]Event, error) {
	if err := r.groups(); err != nil {
		return nil, err
	}
	if t.Name == other.Name {
		return nil, fault.Invalid("other", "SAME_THEME", "a theme cannot be joined to itself; name another one")
	}
	t.Notes = append(t.Notes, other.Notes...)
	if other.Votes != nil {
		sum := *other.Votes
		if t.Votes != nil {
			sum += *t.Votes
		}
		t.Votes = &sum
	}
	return []Event{ThemeChanged}, nil
}

// Split makes a theme of some notes of this one, in GROUP. The votes stay here.
func (t *Theme) Split(name, title string, notes []string, r *Retrospective) (*Theme, []Event, error) {
	if err := r.groups(); err != nil {
		return nil, nil, err
	}
	if err := fault.InWords("title", "TITLE_EMPTY", "say in a few words what the notes have in common", &title); err != nil {
		return nil, nil, err
	}
	for i, note := range notes {
		if !slices.Contains(t.Notes, note) {
			return nil, nil, fault.Invalid(fmt.Sprintf("notes[%d]", i), "NOTE_NOT_IN_THEME", "%s is not in this theme; list the themes to see which notes each has", note)
		}
	}
	return &Theme{Name: name, Title: title, Notes: notes, State: ThemeStateKept}, t.Lose(notes), nil
}

// Delete ends a theme, in GROUP. Its notes stay, in no theme; its votes are gone, also from the ballots, see Ballots.Delete.
func (t *Theme) Delete(r *Retrospective) ([]Event, error) {
	if err := r.groups(); err != nil {
		return nil, err
	}
	gone := Theme{Name: t.Name, State: ThemeStateDeleted}
	if t.Quotes == "" { // the words of a note would outlast it here
		gone.Title = t.Title
	}
	*t = gone
	return []Event{ThemeDeleted}, nil
}

// Conceal hides the shown votes while the voting is open again.
func (t *Theme) Conceal() []Event {
	if t.Votes == nil {
		return nil
	}
	t.Votes, t.Earlier = nil, t.Votes
	return []Event{ThemeChanged}
}

// Count shows a new count, or again the one from before when there is none, nil.
func (t *Theme) Count(votes *int) []Event {
	before := t.Votes
	switch {
	case votes != nil:
		t.Votes = votes
	case t.Earlier != nil:
		t.Votes = t.Earlier
	}
	concealed := t.Earlier != nil
	t.Earlier = nil
	if !concealed && (before == t.Votes || before != nil && *before == *t.Votes) {
		return nil
	}
	return []Event{ThemeChanged}
}

func (r *Retrospective) groups() error { return r.within(Group) }
