package domain

// Event is a fact about a learning, its evidence, an offer, or settings. The store adds the resource itself to what is recorded.
type Event string

// The facts that this service records. Each is the name of its data message in the contract. A later change of what a learning says
// is told by the fact of the state that it is in.
const (
	LearningDrafted      Event = "LearningDrafted"
	LearningPublished    Event = "LearningPublished"
	LearningRetired      Event = "LearningRetired"
	LearningReviewed     Event = "LearningReviewed"
	LearningGradeChanged Event = "LearningGradeChanged"

	EvidenceRecorded Event = "EvidenceRecorded"

	OfferMade       Event = "OfferMade"
	OfferOpened     Event = "OfferOpened"
	OfferAnswered   Event = "OfferAnswered"
	OfferUnanswered Event = "OfferUnanswered"
	OfferWithdrawn  Event = "OfferWithdrawn"
	AdoptionMoved   Event = "AdoptionMoved"

	KnowledgeSettingsUpdated Event = "KnowledgeSettingsUpdated"
	OfferRulesUpdated        Event = "OfferRulesUpdated"
)
