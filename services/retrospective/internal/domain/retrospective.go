// Package domain holds the rules of retrospectives: stages, notes, themes, actions, decisions and what is needed to close; and of good
// days.
package domain

import (
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Retrospective is the retrospective of one cycle. It names a person, the facilitator: nothing in it may count what people did.
type Retrospective struct {
	Name      string `json:"name"`
	Stage     Stage  `json:"stage"`
	Anonymous bool   `json:"anonymous,omitempty"`
	// Facilitator is `users/{user}`; empty when the team had neither member nor coach.
	Facilitator string `json:"facilitator,omitempty"`
	// StageEndTime is when the stage's time is up; nil when it stands open without an end. Being late shuts nobody out.
	StageEndTime *time.Time `json:"stageEndTime,omitempty"`

	// What the team's settings said at the opening, with the defaults.
	MovesByTime    bool           `json:"movesByTime,omitempty"`
	StageHours     []StageHours   `json:"stageHours,omitempty"`
	Prompts        []WordedPrompt `json:"prompts"`
	VotesPerMember int            `json:"votesPerMember"`

	FactsStrip        FactsStrip          `json:"factsStrip"`
	Decisions         []Decision          `json:"decisions,omitempty"`
	Learnings         []DistilledLearning `json:"learnings,omitempty"`
	BoldestExperiment string              `json:"boldestExperiment,omitempty"`
	CloseTime         *time.Time          `json:"closeTime,omitempty"`
	Amendments        []Amendment         `json:"amendments,omitempty"`
}

// Amendment is a dated addition to a closed retrospective. Author is empty for ever when the retrospective is anonymous.
type Amendment struct {
	Text       string    `json:"text"`
	CreateTime time.Time `json:"createTime"`
	Author     string    `json:"author,omitempty"`
}

// CycleFact is what this service needs to know of the cycle.
type CycleFact struct {
	Running bool
	Phase   string // PLAN, DO, CHECK, ACT
}

// Opening is how a retrospective is opened.
type Opening struct {
	Name string
	// Anonymous is nil when the settings decide.
	Anonymous *bool
	// Facilitator is empty when the role goes round.
	Facilitator string
	// StageEndTime is nil when the settings decide.
	StageEndTime *time.Time
	// Members are the members and coaches of the team, `users/{user}` by id; LastFacilitator led the team's retrospective before.
	Members         []string
	LastFacilitator string
}

// Open starts the retrospective of a cycle that is in its ACT phase, with facts and settings frozen at that moment. Reasons:
// CYCLE_NOT_IN_ACT, FACILITATOR_NOT_MEMBER, STAGE_END_OUT_OF_RANGE.
func Open(o Opening, cycle CycleFact, facts FactsStrip, settings Settings, now time.Time) (*Retrospective, error) {
	switch {
	case !cycle.Running:
		return nil, fault.New(fault.FailedPrecondition, "CYCLE_NOT_IN_ACT",
			"a retrospective is opened in the ACT phase of a running cycle; this cycle does not run: it is a draft, or has ended").With("phase", cycle.Phase)
	case cycle.Phase != "ACT":
		return nil, fault.New(fault.FailedPrecondition, "CYCLE_NOT_IN_ACT",
			"a retrospective is opened in the ACT phase of a running cycle; advance the cycle first (:advance)").With("phase", cycle.Phase)
	}
	settings = settings.Complete()
	r := &Retrospective{
		Name: o.Name, Anonymous: settings.Anonymous, FactsStrip: facts, MovesByTime: settings.MoveByTime, StageHours: settings.StageHours,
		Prompts: settings.Prompts, VotesPerMember: settings.VotesPerMember, Facilitator: o.Facilitator,
	}
	if o.Anonymous != nil {
		r.Anonymous = *o.Anonymous
	}
	if r.Facilitator == "" {
		r.Facilitator = nextFacilitator(o.Members, o.LastFacilitator)
	} else if err := facilitates(r.Facilitator, o.Members); err != nil {
		return nil, err
	}
	if err := r.enter(Collect, o.StageEndTime, now); err != nil {
		return nil, err
	}
	return r, nil
}

// nextFacilitator is the one of members, who are in the order of their ids, that comes after the last facilitator, who may have left the
// team; after the last of them comes the first. Empty when there is nobody.
func nextFacilitator(members []string, last string) string {
	for _, member := range members {
		if member > last {
			return member
		}
	}
	if len(members) == 0 {
		return ""
	}
	return members[0]
}

// HandOver makes another member or coach of the team the facilitator. Anybody may do it, also for themselves.
func (r *Retrospective) HandOver(facilitator string, members []string) ([]Event, error) {
	if err := r.open(); err != nil {
		return nil, err
	}
	if err := facilitates(facilitator, members); err != nil || facilitator == r.Facilitator {
		return nil, err
	}
	r.Facilitator = facilitator
	return []Event{RetrospectiveHandedOver}, nil
}

func facilitates(user string, members []string) error {
	if slices.Contains(members, user) {
		return nil
	}
	return fault.Invalid("facilitator", "FACILITATOR_NOT_MEMBER", "%s is neither member nor coach of the team; name somebody who is", user)
}

// MaxAmendments is how many amendments a retrospective takes.
const MaxAmendments = 100

// Amend adds a dated text to a closed retrospective. Who wrote it goes nowhere when the retrospective is anonymous.
func (r *Retrospective) Amend(text, author string, now time.Time) ([]Event, error) {
	if r.Stage != Closed {
		return nil, fault.New(fault.FailedPrecondition, "RETROSPECTIVE_OPEN",
			"only a closed retrospective is amended; this one is in %s: write a note, propose an action or decide instead", r.Stage).With("stage", string(r.Stage))
	}
	if err := fault.InWords("text", "TEXT_MISSING", "write what is to be added", &text); err != nil {
		return nil, err
	}
	if len(r.Amendments) >= MaxAmendments {
		return nil, fault.New(fault.FailedPrecondition, "TOO_MANY_AMENDMENTS",
			"a retrospective takes %d amendments; take it to the team's next retrospective", MaxAmendments)
	}
	if r.Anonymous {
		r.Amendments = append(r.Amendments, Amendment{Text: text, CreateTime: now})
		return []Event{AnonymousRetrospectiveAmended}, nil
	}
	r.Amendments = append(r.Amendments, Amendment{Text: text, CreateTime: now, Author: author})
	return []Event{RetrospectiveAmended}, nil
}
