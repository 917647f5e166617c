package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Reply is what a team says to an offer.
type Reply struct {
	Answer Answer
	// Text is how it is adapted, why it is declined, or what else is to say.
	Text string
	// AlreadySince is a day, YYYY-MM-DD, for AlreadyDoing.
	AlreadySince string
	// Cycle is where the team wants its experiment drafted, for Adopt and Adapt; empty lets Fortnight choose.
	Cycle string
}

// Tries tells whether the answer is to try the learning.
func (a Answer) Tries() bool { return a == Adopt || a == Adapt }

// farthestZone is how far ahead of UTC days begin: a day that began there is not in the future.
const farthestZone = 14 * time.Hour

// checked is the reply with its text cleaned: see Text. Reasons: ADAPTATION_REQUIRED, DECLINE_REASON_REQUIRED, ALREADY_SINCE_REQUIRED,
// ALREADY_SINCE_INVALID, ALREADY_SINCE_IN_FUTURE, ALREADY_SINCE_UNEXPECTED, CYCLE_UNEXPECTED, OTHER_TEAM.
func (r Reply) checked(team string, now time.Time) (Reply, error) {
	r.Text = Text(r.Text)
	switch {
	case r.Answer == Adapt && r.Text == "":
		return r, fault.Invalid("text", "ADAPTATION_REQUIRED", "Say how you adapt it, or adopt it as it is.")
	case r.Answer == Decline && r.Text == "":
		return r, fault.Invalid("text", "DECLINE_REASON_REQUIRED", "Say why you decline it: the reason helps the team that learned it.")
	case r.Answer != AlreadyDoing && r.AlreadySince != "":
		return r, fault.Invalid("already_since_date", "ALREADY_SINCE_UNEXPECTED",
			"A day since when belongs to ALREADY_DOING; leave it out with this answer.")
	case !r.Answer.Tries() && r.Cycle != "":
		return r, fault.Invalid("cycle", "CYCLE_UNEXPECTED", "A cycle belongs to ADOPT and ADAPT; leave it out with this answer.")
	case r.Cycle != "" && !strings.HasPrefix(r.Cycle, team+"/cycles/"):
		return r, fault.Invalid("cycle", "OTHER_TEAM", "Name a cycle of %s: the experiment is drafted there.", team)
	case r.Answer == AlreadyDoing:
		return r, checkSince(r.AlreadySince, now)
	}
	return r, nil
}

func checkSince(date string, now time.Time) error {
	if date == "" {
		return fault.Invalid("already_since_date", "ALREADY_SINCE_REQUIRED", "Say since when you are doing it, as YYYY-MM-DD; about is good enough.")
	}
	day, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return fault.Invalid("already_since_date", "ALREADY_SINCE_INVALID", "%q is no day of the calendar; write YYYY-MM-DD.", date)
	}
	if day.After(now.Add(farthestZone)) {
		return fault.Invalid("already_since_date", "ALREADY_SINCE_IN_FUTURE", "%s is still to come; adopt it if you are going to do it.", date)
	}
	return nil
}

// Reply takes in what the team answers: while the offer waits or is open, late, and again after a change of mind, until the adoption has
// an experiment. The same again is no event. retired says that the learning was retired meanwhile: then it can be declined, not tried.
// Reasons: those of a reply, OFFER_WITHDRAWN, OFFER_ADOPTED, LEARNING_RETIRED.
func (o *Offer) Reply(r Reply, retired bool, now time.Time) ([]Event, error) {
	r, err := r.checked(o.Team(), now)
	said := Reply{Answer: o.Answer, Text: o.AnswerText, AlreadySince: o.AlreadySince, Cycle: o.Cycle}
	switch {
	case err != nil:
		return nil, err
	case o.State == Withdrawn:
		return nil, fault.New(fault.FailedPrecondition, "OFFER_WITHDRAWN", "The learning was retired before you answered; the offer was withdrawn.")
	case o.State == Answered && said == r:
		return nil, nil
	case o.Adoption != nil && (o.Adoption.State != Drafting || o.Adoption.Experiment != ""):
		return nil, o.adopted()
	case retired && r.Answer.Tries():
		return nil, fault.New(fault.FailedPrecondition, "LEARNING_RETIRED", "The learning was retired, and is not tried any more; read there why.")
	}
	o.State, o.Answer, o.AnswerText, o.AlreadySince, o.Cycle, o.AnswerTime = Answered, r.Answer, r.Text, r.AlreadySince, r.Cycle, now
	o.Adoption = nil
	if r.Answer.Tries() {
		o.Adoption = &Adoption{State: Drafting}
	}
	return []Event{OfferAnswered}, nil
}

// adopted refuses another answer, and says what is left to do.
func (o *Offer) adopted() error {
	text := "The answer has an experiment, %s: what it shows is the answer now. Abandon it if you changed your mind."
	switch o.Adoption.State {
	case Abandoned:
		text = "The answer has an experiment, %s, and the team has abandoned it. " +
			"To try it after all, plan another one with the learning in its field `learning`."
	case Concluded:
		text = "The answer has an experiment, %s, and it is concluded: what it showed is the answer now."
	default:
	}
	return fault.New(fault.FailedPrecondition, "OFFER_ADOPTED", text, o.Adoption.Experiment)
}

// NewOffer puts a published learning to a team, or lets it wait while the team has no room for it.
func NewOffer(l *Learning, team string, reasons []OfferReason, score float64, room bool, answerDays int, now time.Time) (*Offer, []Event) {
	o := &Offer{
		Name: OfferName(team, l.Name), Claim: l.Claim, OriginTeam: l.Team, State: Waiting, Reasons: reasons, Score: score, Since: now,
	}
	if room {
		o.open(answerDays, now)
	}
	return o, []Event{OfferMade}
}

// Open puts an offer that waits to the team.
func (o *Offer) Open(answerDays int, now time.Time) []Event {
	if o.State != Waiting {
		return nil
	}
	o.open(answerDays, now)
	return []Event{OfferOpened}
}

func (o *Offer) open(answerDays int, now time.Time) {
	o.State, o.OfferTime, o.AnswerBy = Open, now, now.AddDate(0, 0, answerDays)
}

// TakeUp opens an offer that waits, whatever room there is: the team asked for it. Any other is left as it is.
func (o *Offer) TakeUp(answerDays int, now time.Time) []Event {
	events := o.Open(answerDays, now)
	if len(events) > 0 {
		o.Reasons = append(o.Reasons, Taken)
	}
	return events
}

// Unanswered ends an open offer whose time is over.
func (o *Offer) Unanswered(now time.Time) []Event {
	if o.State != Open || now.Before(o.AnswerBy) {
		return nil
	}
	o.State = NoAnswer
	return []Event{OfferUnanswered}
}

// Withdraw takes back an offer that nobody has answered, because the learning was retired.
func (o *Offer) Withdraw() []Event {
	if o.State != Open && o.State != Waiting {
		return nil
	}
	o.State = Withdrawn
	return []Event{OfferWithdrawn}
}

// Taken is why a learning is put to a team that took it up by itself.
var Taken = OfferReason{Kind: BecauseTaken, Text: "The team took it up by itself."}

// ByRule tells whether the offer was made by the rules alone; only those are held back while there is no room.
func (o *Offer) ByRule() bool {
	return !slices.ContainsFunc(o.Reasons, func(r OfferReason) bool { return r.Kind == BecauseTaken })
}

// CanBeTaken refuses what a team cannot take up. Reasons: LEARNING_NOT_PUBLISHED, LEARNING_RETIRED.
func (l *Learning) CanBeTaken() error {
	if l.State == Draft {
		return fault.New(fault.FailedPrecondition, "LEARNING_NOT_PUBLISHED", "Only a published learning can be taken up.")
	}
	if l.State == Retired {
		return l.retired()
	}
	return nil
}
