package domain

import (
	"reflect"
	"regexp"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// The fields that can be worded by hand, by their names in the contract.
const (
	fieldClaim        = "claim"
	fieldSituation    = "situation"
	fieldContext      = "context"
	fieldTags         = "tags"
	fieldTried        = "tried"
	fieldHappened     = "happened"
	fieldMayNotHold   = "may_not_hold"
	fieldHowToTry     = "how_to_try"
	fieldReviewByDate = "review_by_date"
)

// WordedFields are the fields that can be worded by hand.
func WordedFields() []string {
	return []string{
		fieldClaim, fieldSituation, fieldContext, fieldTags, fieldTried, fieldHappened, fieldMayNotHold, fieldHowToTry, fieldReviewByDate,
	}
}

// minWords is how many characters a text in words has at least.
const minWords = 10

// derived is what the names of learnings from experiments look like. Nobody else may take such a name: what the experiment teaches would
// become part of what they made.
var derived = regexp.MustCompile(`-[0-9a-f]{8}$`)

// DraftByHand makes a draft of what somebody wrote: name, team, and the fields that can be worded. The settings are those of the team.
// Reasons: LEARNING_TEAM_MISSING, LEARNING_ID_RESERVED, CLAIM_TOO_SHORT, and those of a review-by date.
func (l *Learning) DraftByHand(s Settings, now time.Time) ([]Event, error) {
	if l.Team == "" {
		return nil, fault.Invalid("learning.team", "LEARNING_TEAM_MISSING", "Name the team that learned it.")
	}
	if derived.MatchString(l.Name) {
		return nil, fault.Invalid("learning_id", "LEARNING_ID_RESERVED",
			"An id that ends with a hyphen and eight hexadecimal digits is kept for what comes from an experiment; choose another one.")
	}
	l.Clean()
	if err := enough("learning.claim", "CLAIM_TOO_SHORT", "Say in one sentence what is claimed", l.Claim); err != nil {
		return nil, err
	}
	if l.ReviewByDate != "" {
		if err := checkReviewBy("learning.review_by_date", l.ReviewByDate, now); err != nil {
			return nil, err
		}
	}
	l.Context, l.State = l.Context.or(s.Context), Draft
	l.seen(now)
	return []Event{LearningDrafted}, nil
}

// Edit changes what a draft or a published learning says. The fields that change thereby are worded by hand from then on, so that neither
// experiment nor retrospective changes them any more. Reasons: LEARNING_RETIRED, CLAIM_TOO_SHORT, and those of a review-by date.
func (l *Learning) Edit(change func(*Learning), now time.Time) ([]Event, error) {
	if l.State == Retired {
		return nil, l.retired()
	}
	before := *l
	change(l)
	l.Clean()
	changed := l.differences(&before)
	if len(changed) == 0 {
		return nil, nil
	}
	if slices.Contains(changed, fieldClaim) {
		if err := enough("learning.claim", "CLAIM_TOO_SHORT", "Say in one sentence what is claimed", l.Claim); err != nil {
			return nil, err
		}
	}
	// A draft without a day gets one when it is published.
	if slices.Contains(changed, fieldReviewByDate) && (l.State == Published || l.ReviewByDate != "") {
		if err := checkReviewBy("learning.review_by_date", l.ReviewByDate, now); err != nil {
			return nil, err
		}
	}
	l.Worded = slices.Concat(l.Worded, changed)
	slices.Sort(l.Worded)
	l.Worded = slices.Compact(l.Worded)
	return []Event{l.told()}, nil
}

// differences are the fields in which two learnings say something else.
func (l *Learning) differences(other *Learning) []string {
	says := func(l *Learning) []any {
		return []any{l.Claim, l.Situation, l.Context, l.Tags, l.Tried, l.Happened, l.MayNotHold, l.HowToTry, l.ReviewByDate}
	}
	ours, theirs := says(l), says(other)
	var different []string
	for i, field := range WordedFields() {
		if !reflect.DeepEqual(ours[i], theirs[i]) {
			different = append(different, field)
		}
	}
	return different
}

// Clean cleans every text (see Text), and shortens what is longer than the contract has it. Whatever comes in from somewhere else goes
// through it. What is clean stays as it is.
func (l *Learning) Clean() {
	l.Claim = cut(Line(l.Claim), maxClaim)
	for _, text := range []*string{&l.Situation, &l.Tried, &l.Happened, &l.MayNotHold, &l.HowToTry} {
		*text = cut(Text(*text), maxText)
	}
	l.Tags, l.Context = tags(l.Tags), l.Context.clean()
	l.RetireReason = cut(Text(l.RetireReason), maxReason)
	for i, review := range l.Reviews {
		l.Reviews[i].Text = cut(Text(review.Text), maxReview)
	}
	if p := l.Provenance; p != nil {
		p.Installation, p.Learning, p.Team = Line(p.Installation), Line(p.Learning), Line(p.Team)
	}
}

// or is the context with what is said in another one where it says nothing itself.
func (c Context) or(other Context) Context {
	if c.Process == "" {
		c.Process = other.Process
	}
	if c.ConstraintType == "" {
		c.ConstraintType = other.ConstraintType
	}
	if c.TeamSize == 0 {
		c.TeamSize = other.TeamSize
	}
	if len(c.Stack) == 0 {
		c.Stack = slices.Clone(other.Stack)
	}
	return c
}

func (c Context) clean() Context {
	c.Process, c.Stack, c.TeamSize = cut(Line(c.Process), maxProcess), tags(c.Stack), max(c.TeamSize, 0)
	if !word(c.ConstraintType) {
		c.ConstraintType = ""
	}
	return c
}

// enough refuses a clean text that is too short to say anything, or mere signs, with what it should say.
func enough(field, reason, ask, text string) error {
	if utf8.RuneCountInString(text) < minWords || said(text) < minWords/2 {
		return fault.Invalid(field, reason, "%s: at least %d characters, in words.", ask, minWords)
	}
	return nil
}
