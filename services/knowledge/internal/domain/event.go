package domain

// Event is a fact about a learning. The store adds the learning itself to what is recorded.
type Event string

// The facts that this service records. Each is the name of its data message in the contract. A later change of what a
// learning says is told by the fact of the state that it is in.
const (
	LearningDrafted   Event = "LearningDrafted"
	LearningPublished Event = "LearningPublished"
	LearningRetired   Event = "LearningRetired"
)
