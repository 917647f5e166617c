package domain

import (
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Prompt is one of the three prompts that notes answer.
type Prompt string

// The prompts.
const (
	Helped    Prompt = "HELPED"
	HeldBack  Prompt = "HELD_BACK"
	Surprised Prompt = "SURPRISED"
)

// NoteState tells whether a note is there.
type NoteState string

// The states of a note.
const (
	NoteStateWritten   NoteState = "WRITTEN"
	NoteStateWithdrawn NoteState = "WITHDRAWN"
)

// Note is a note under one of the prompts. Author is empty for ever when the retrospective is anonymous; whoever has the secret of
// SecretHash may then change the note.
type Note struct {
	Name       string    `json:"name"`
	Prompt     Prompt    `json:"prompt"`
	Text       string    `json:"text,omitempty"`
	Author     string    `json:"author,omitempty"`
	SecretHash string    `json:"secretHash,omitempty"`
	State      NoteState `json:"state"`
}

// Writer is who wants to change a note. Of an anonymous note only the secret is looked at, of a named one only the subject.
type Writer struct {
	Subject, Secret string
}

// NewNote writes a note, in COLLECT or GROUP. Of an anonymous note the author goes nowhere, so neither the note nor its event names one;
// what it has instead is the hash of a secret.
func NewNote(note Note, w Writer, r *Retrospective) (*Note, Event, error) {
	if err := r.takesNotes(); err != nil {
		return nil, "", err
	}
	if err := note.check(); err != nil {
		return nil, "", err
	}
	note.State = NoteStateWritten
	if r.Anonymous {
		note.Author, note.SecretHash = "", HashSecret(w.Secret)
		return &note, AnonymousNoteWritten, nil
	}
	note.Author, note.SecretHash = w.Subject, ""
	return &note, NoteWritten, nil
}

// Change gives a note another prompt or text.
func (n *Note) Change(prompt Prompt, text string, w Writer, r *Retrospective) ([]Event, error) {
	if err := n.mayChange(w, r); err != nil {
		return nil, err
	}
	changed := *n
	changed.Prompt, changed.Text = prompt, text
	if err := changed.check(); err != nil {
		return nil, err
	}
	if changed == *n {
		return nil, nil
	}
	*n = changed
	if r.Anonymous {
		return []Event{AnonymousNoteChanged}, nil
	}
	return []Event{NoteChanged}, nil
}

// Withdraw takes a note back. Nothing of it stays but its name, which is not given again, and its prompt.
func (n *Note) Withdraw(w Writer, r *Retrospective) ([]Event, error) {
	if err := n.mayChange(w, r); err != nil {
		return nil, err
	}
	*n = Note{Name: n.Name, Prompt: n.Prompt, State: NoteStateWithdrawn}
	if r.Anonymous {
		return []Event{AnonymousNoteWithdrawn}, nil
	}
	return []Event{NoteWithdrawn}, nil
}

func (n *Note) check() error {
	if !slices.Contains(prompts, n.Prompt) {
		return fault.Invalid("note.prompt", "PROMPT_MISSING", "say which prompt the note answers: PROMPT_HELPED, PROMPT_HELD_BACK or PROMPT_SURPRISED")
	}
	return fault.InWords("note.text", "NOTE_EMPTY", "write what happened", &n.Text)
}

// mayChange refuses whoever did not write the note, and everybody after GROUP.
func (n *Note) mayChange(w Writer, r *Retrospective) error {
	if n.State == NoteStateWithdrawn {
		return fault.New(fault.NotFound, "NOTE_NOT_FOUND", "There is no note %q.", n.Name)
	}
	if err := r.takesNotes(); err != nil {
		return err
	}
	switch {
	case r.Anonymous && !isSecretOf(n.SecretHash, w.Secret):
		return fault.New(fault.PermissionDenied, "NOTE_SECRET_WRONG",
			"an anonymous note is changed and withdrawn with the secret that its writer was given with it; send that in secret, it cannot be found again")
	case !r.Anonymous && (w.Subject == "" || n.Author != w.Subject):
		return fault.New(fault.PermissionDenied, "NOT_THE_AUTHOR", "a note is changed by its author only; write a note of your own")
	}
	return nil
}

func (r *Retrospective) takesNotes() error { return r.within(Collect, Group) }

// within refuses what belongs to other stages than the one that the retrospective is in.
func (r *Retrospective) within(stages ...Stage) error {
	if err := r.open(); err != nil {
		return err
	}
	if slices.Contains(stages, r.Stage) {
		return nil
	}
	names := make([]string, len(stages))
	for i, stage := range stages {
		names[i] = string(stage)
	}
	return fault.New(fault.FailedPrecondition, "STAGE_MISMATCH", "this belongs to %s, the retrospective is in %s; move it first (:move)",
		strings.Join(names, " or "), r.Stage).With("stage", string(r.Stage))
}
