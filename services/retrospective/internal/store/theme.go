package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// Themes of the retrospectives, by id.
var Themes = &record.Collection[domain.Theme, domain.Event]{
	Table: "themes", Type: "theme", Noun: "theme",
	Key: func(t *domain.Theme) record.Key {
		return key(t.Name, 5, string(t.State), t.Name)
	},
	Data:      wire.ThemeEvent,
	Anonymous: func(event domain.Event) bool { return event == domain.AnonymousThemeChanged },
}

// ThemesOf are the themes of a retrospective. Whoever changes them holds the retrospective, see [record.Collection.Hold].
func ThemesOf(tx *eventlog.Tx, retrospective string) ([]record.Row[domain.Theme], error) {
	return Themes.All(context.Background(), tx, tx.Log(), retrospective, string(domain.ThemeStateKept))
}

// eachTheme lets change change every theme of a retrospective but one.
func eachTheme(tx *eventlog.Tx, retrospective, except string, change func(*domain.Theme) []domain.Event) error {
	themes, err := ThemesOf(tx, retrospective)
	if err != nil {
		return err
	}
	for _, row := range themes {
		if row.Value.Name == except {
			continue
		}
		_, err := Themes.Update(tx, row.Value.Name, "", func(t *domain.Theme, _ time.Time) ([]domain.Event, error) { return change(t), nil })
		if err != nil {
			return err
		}
	}
	return nil
}

// TakeNotes takes notes out of all themes of a retrospective but the one that has them now.
func TakeNotes(tx *eventlog.Tx, retrospective, into string, notes []string) error {
	return eachTheme(tx, retrospective, into, func(t *domain.Theme) []domain.Event { return t.Lose(notes) })
}

// FollowNote does to the themes of a retrospective what a change of a note means for them.
func FollowNote(tx *eventlog.Tx, retrospective string, note *domain.Note) error {
	return eachTheme(tx, retrospective, "", func(t *domain.Theme) []domain.Event { return t.Follow(note) })
}

// ThemeLoose makes a theme of every note of a retrospective that is in none: the voting opens, so that votes which were shown before are
// hidden, too.
func ThemeLoose(tx *eventlog.Tx, retrospective string) error {
	ballots, err := ballotsOf(tx, retrospective)
	if err != nil {
		return err
	}
	ballots.Voting = true
	if err := saveBallots(tx, ballots); err != nil {
		return err
	}
	grouped := map[string]bool{}
	err = eachTheme(tx, retrospective, "", func(t *domain.Theme) []domain.Event {
		for _, note := range t.Notes {
			grouped[note] = true
		}
		return t.Conceal()
	})
	if err != nil {
		return err
	}
	notes, err := Notes.All(context.Background(), tx, tx.Log(), retrospective, string(domain.NoteStateWritten))
	if err != nil {
		return err
	}
	for _, note := range notes {
		if grouped[note.Value.Name] {
			continue
		}
		if _, err := Themes.Create(tx, domain.LooseTheme(retrospective+"/themes/"+names.ID(""), note.Value), domain.ThemeChanged); err != nil {
			return err
		}
	}
	return nil
}
