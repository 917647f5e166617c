package domain

// Event is a fact about one of this service's aggregates. The store adds the aggregate itself to what is recorded.
type Event string

// The facts that this service records. Each is the name of its data message in the contract.
const (
	RetrospectiveOpened           Event = "RetrospectiveOpened"
	RetrospectiveMoved            Event = "RetrospectiveMoved"
	RetrospectiveHandedOver       Event = "RetrospectiveHandedOver"
	RetrospectiveDecided          Event = "RetrospectiveDecided"
	RetrospectiveClosed           Event = "RetrospectiveClosed"
	RetrospectiveAmended          Event = "RetrospectiveAmended"
	AnonymousRetrospectiveAmended Event = "AnonymousRetrospectiveAmended" // recorded as RetrospectiveAmended, without an actor
	FactsRefetched                Event = "FactsRefetched"
	NoteWritten                   Event = "NoteWritten"
	AnonymousNoteWritten          Event = "AnonymousNoteWritten" // recorded as NoteWritten, without an actor
	NoteChanged                   Event = "NoteChanged"
	AnonymousNoteChanged          Event = "AnonymousNoteChanged" // recorded as NoteChanged, without an actor
	NoteWithdrawn                 Event = "NoteWithdrawn"
	AnonymousNoteWithdrawn        Event = "AnonymousNoteWithdrawn" // recorded as NoteWithdrawn, without an actor
	ThemeChanged                  Event = "ThemeChanged"
	AnonymousThemeChanged         Event = "AnonymousThemeChanged" // recorded as ThemeChanged, without an actor: it follows a change of a note
	ThemeDeleted                  Event = "ThemeDeleted"
	ActionProposed                Event = "ActionProposed"
	ActionChanged                 Event = "ActionChanged"
	ActionAgreed                  Event = "ActionAgreed"
	ActionCompleted               Event = "ActionCompleted"
	ActionDropped                 Event = "ActionDropped"
	SettingsUpdated               Event = "RetrospectiveSettingsUpdated"
	GoodDayClosed                 Event = "GoodDayClosed"
)
