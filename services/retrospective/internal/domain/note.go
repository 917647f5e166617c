package domain

// Prompt is one of the three prompts that notes answer.
type Prompt string

// The prompts.
const (
	Helped    Prompt = "HELPED"
	HeldBack  Prompt = "HELD_BACK"
	Surprised Prompt = "SURPRISED"
)

// Note is a note under one of the prompts. Author is empty for ever when the retrospective is anonymous.
type Note struct {
	Name   string `json:"name"`
	Prompt Prompt `json:"prompt"`
	Text   string `json:"text"`
	Author string `json:"author,omitempty"`
}

// NewNote writes a note while the retrospective collects. Of an anonymous note the author goes nowhere, so neither the
// note nor its event names one.
func NewNote(note Note, r *Retrospective) (*Note, Event, error) {
	if err := r.in(Collect); err != nil {
		return nil, "", err
	}
	if r.Anonymous {
		note.Author = ""
		return &note, AnonymousNoteWritten, nil
	}
	return &note, NoteWritten, nil
}
