package domain_test

import (
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

const theSecret = "a secret of the writer"

func retrospectiveIn(stage domain.Stage, anonymous bool) *domain.Retrospective {
	return &domain.Retrospective{Name: "r", Stage: stage, Anonymous: anonymous, VotesPerMember: 3}
}

func aNote(t *testing.T, anonymous bool) *domain.Note {
	t.Helper()
	note, _, err := domain.NewNote(domain.Note{Name: "n", Prompt: domain.Helped, Text: "the rota"},
		domain.Writer{Subject: "users/mina", Secret: theSecret}, retrospectiveIn(domain.Collect, anonymous))
	if err != nil {
		t.Fatal(err)
	}
	return note
}

func TestAnAnonymousNoteHasASecretAndNoAuthor(t *testing.T) {
	for _, anonymous := range []bool{true, false} {
		writer := domain.Writer{Subject: "users/mina", Secret: theSecret}
		note, event, err := domain.NewNote(domain.Note{Name: "n", Prompt: domain.Helped, Text: " the rota ", Author: "users/jonas", SecretHash: "x"},
			writer, retrospectiveIn(domain.Collect, anonymous))
		want := domain.Note{Name: "n", Prompt: domain.Helped, Text: "the rota", State: domain.NoteStateWritten}
		wantEvent := domain.NoteWritten
		if anonymous {
			want.SecretHash, wantEvent = domain.HashSecret(theSecret), domain.AnonymousNoteWritten
		} else {
			want.Author = "users/mina"
		}
		if err != nil || *note != want || event != wantEvent {
			t.Errorf("anonymous %t: %+v, %s, %v; want %+v", anonymous, note, event, err, want)
		}
	}
	_, _, err := domain.NewNote(domain.Note{Prompt: domain.Helped, Text: " \n"}, domain.Writer{}, retrospectiveIn(domain.Collect, false))
	checkReason(t, err, "NOTE_EMPTY")
	_, _, err = domain.NewNote(domain.Note{Text: "the rota"}, domain.Writer{}, retrospectiveIn(domain.Collect, false))
	checkReason(t, err, "PROMPT_MISSING")
}

func TestWhoMayChangeANote(t *testing.T) {
	author, other := "users/mina", "users/jonas"
	tests := []struct {
		name      string
		anonymous bool
		stage     domain.Stage
		writer    domain.Writer
		want      string
	}{
		{"the author", false, domain.Collect, domain.Writer{Subject: author}, ""},
		{"the author while notes are grouped", false, domain.Group, domain.Writer{Subject: author}, ""},
		{"the author while votes are cast", false, domain.Vote, domain.Writer{Subject: author}, "STAGE_MISMATCH"},
		{"the author after that", false, domain.Decide, domain.Writer{Subject: author}, "STAGE_MISMATCH"},
		{"the author at last", false, domain.Closed, domain.Writer{Subject: author}, "RETROSPECTIVE_CLOSED"},
		{"somebody else", false, domain.Collect, domain.Writer{Subject: other}, "NOT_THE_AUTHOR"},
		{"nobody", false, domain.Collect, domain.Writer{}, "NOT_THE_AUTHOR"},
		{"somebody else with a secret", false, domain.Collect, domain.Writer{Subject: other, Secret: theSecret}, "NOT_THE_AUTHOR"},
		{"the secret", true, domain.Group, domain.Writer{Subject: other, Secret: theSecret}, ""},
		{"the author without the secret", true, domain.Group, domain.Writer{Subject: author}, "NOTE_SECRET_WRONG"},
		{"another secret", true, domain.Group, domain.Writer{Subject: author, Secret: theSecret + "!"}, "NOTE_SECRET_WRONG"},
		{"the secret too late", true, domain.Vote, domain.Writer{Secret: theSecret}, "STAGE_MISMATCH"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			changed, withdrawn, before := aNote(t, test.anonymous), aNote(t, test.anonymous), aNote(t, test.anonymous)
			r := retrospectiveIn(test.stage, test.anonymous)
			change, changeErr := changed.Change(domain.HeldBack, "no rota", test.writer, r)
			withdraw, withdrawErr := withdrawn.Withdraw(test.writer, r)
			if test.want != "" {
				checkReason(t, changeErr, test.want)
				checkReason(t, withdrawErr, test.want)
				if *changed != *before || *withdrawn != *before {
					t.Errorf("a refusal changed the note: %+v, %+v", changed, withdrawn)
				}
				return
			}
			events := []domain.Event{domain.NoteChanged, domain.NoteWithdrawn}
			if test.anonymous {
				events = []domain.Event{domain.AnonymousNoteChanged, domain.AnonymousNoteWithdrawn}
			}
			if got := slices.Concat(change, withdraw); changeErr != nil || withdrawErr != nil || !slices.Equal(got, events) {
				t.Fatalf("events %v, %v, %v; want %v", got, changeErr, withdrawErr, events)
			}
			if changed.Prompt != domain.HeldBack || changed.Text != "no rota" || changed.Author != before.Author || changed.SecretHash != before.SecretHash {
				t.Errorf("changed to %+v", changed)
			}
			if want := (domain.Note{Name: "n", Prompt: domain.Helped, State: domain.NoteStateWithdrawn}); *withdrawn != want {
				t.Errorf("of a withdrawn note there is %+v", withdrawn)
			}
			_, err := withdrawn.Change(domain.Helped, "back", test.writer, r)
			checkReason(t, err, "NOTE_NOT_FOUND")
		})
	}
}

// A note from before there were secrets is changed by nobody.
func TestANoteWithoutASecretHasNone(t *testing.T) {
	note := &domain.Note{Name: "n", Text: "x"}
	for _, secret := range []string{"", "x"} {
		_, err := note.Withdraw(domain.Writer{Secret: secret}, retrospectiveIn(domain.Collect, true))
		checkReason(t, err, "NOTE_SECRET_WRONG")
	}
}

func TestAChangeOfNothingIsNone(t *testing.T) {
	note := aNote(t, false)
	events, err := note.Change(note.Prompt, note.Text+" ", domain.Writer{Subject: "users/mina"}, retrospectiveIn(domain.Group, false))
	if err != nil || len(events) != 0 {
		t.Errorf("events %v, %v", events, err)
	}
}

func TestMarks(t *testing.T) {
	key := []byte("the key of the installation")
	mark := domain.Mark(key, "ballot", "r", "users/mina")
	if len(mark) != 32 || mark != domain.Mark(key, "ballot", "r", "users/mina") {
		t.Errorf("mark %q", mark)
	}
	for _, other := range []string{
		domain.Mark([]byte("another key"), "ballot", "r", "users/mina"), domain.Mark(key, "tap", "r", "users/mina"),
		domain.Mark(key, "ballot", "s", "users/mina"), domain.Mark(key, "ballot", "r", "users/jonas"), domain.Mark(nil, "ballot", "r", "users/mina"),
	} {
		if other == mark {
			t.Error("two marks are the same")
		}
	}
}
