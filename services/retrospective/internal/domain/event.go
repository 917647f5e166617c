package domain

// Event is a fact about one of this service's aggregates. The store adds the aggregate itself to what is recorded.
type Event string

// The facts that this service records. Each is the name of its data message in the contract.
const (
	RetrospectiveOpened  Event = "RetrospectiveOpened"
	RetrospectiveMoved   Event = "RetrospectiveMoved"
	RetrospectiveDecided Event = "RetrospectiveDecided"
	RetrospectiveClosed  Event = "RetrospectiveClosed"
	NoteWritten          Event = "NoteWritten"
	AnonymousNoteWritten Event = "AnonymousNoteWritten" // recorded as NoteWritten, without an actor
	ActionAgreed         Event = "ActionAgreed"
	ActionCompleted      Event = "ActionCompleted"
)
