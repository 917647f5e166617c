package domain

import (
	"reflect"
	"slices"
	"time"
)

// Conclusion is what a concluded experiment contributes. Its texts are not clean yet.
type Conclusion struct {
	Experiment, Learned, Tried, Happened string
	// Verdict is AS_PREDICTED, NOT_AS_PREDICTED or CANNOT_TELL. What was refuted is learned like anything else.
	Verdict string
	// Settings are those of the team.
	Settings Settings
}

// Distillate is what a closed retrospective contributes. Its texts are not clean yet.
type Distillate struct {
	Experiment, Claim, Situation, MayNotHold, HowToTry string
	Tags                                               []string
	// Settings are those of the team.
	Settings Settings
}

// Conclude takes in how the experiment came out, at the given time, in any state. What was worded by hand stays, and so does the claim of
// the retrospective. A draft with a claim is published when the team's rule is ByConclusion. The same again is no event.
func (l *Learning) Conclude(c Conclusion, at time.Time) []Event {
	settings := c.Settings.Complete()
	return l.hear(settings, at, func() {
		if !l.Distilled {
			l.fill(fieldClaim, &l.Claim, cut(Line(c.Learned), maxClaim))
		}
		l.fill(fieldTried, &l.Tried, cut(Text(c.Tried), maxText))
		l.fill(fieldHappened, &l.Happened, cut(Text(c.Happened), maxText))
		l.Verdict = c.Verdict
		if settings.PublishRule != ByConclusion {
			return
		}
		l.publishHeard(settings, at)
		if l.State == Published && at.Before(l.PublishTime) { // the retrospective was heard first
			l.PublishTime = at
			if !slices.Contains(l.Worded, fieldReviewByDate) && len(l.Reviews) == 0 {
				l.ReviewByDate = settings.reviewBy(at)
			}
		}
	})
}

// Distil takes in what the retrospective says, at the given time, in any state. What was worded by hand stays. A draft is published,
// unless the team publishes by hand only: also when the team's rule is ByConclusion, because an experiment that was abandoned has none. A
// distillate that claims nothing is none. The same again is no event.
func (l *Learning) Distil(d Distillate, at time.Time) []Event {
	claim := cut(Line(d.Claim), maxClaim)
	if claim == "" {
		return nil
	}
	settings := d.Settings.Complete()
	return l.hear(settings, at, func() {
		l.Distilled = true
		l.fill(fieldClaim, &l.Claim, claim)
		l.fill(fieldSituation, &l.Situation, cut(Text(d.Situation), maxText))
		l.fill(fieldMayNotHold, &l.MayNotHold, cut(Text(d.MayNotHold), maxText))
		l.fill(fieldHowToTry, &l.HowToTry, cut(Text(d.HowToTry), maxText))
		if !slices.Contains(l.Worded, fieldTags) {
			l.Tags = tags(d.Tags)
		}
		if settings.PublishRule != ByHand {
			l.publishHeard(settings, at)
		}
	})
}

// hear lets a source contribute, and tells what has changed, if anything.
func (l *Learning) hear(s Settings, at time.Time, contribute func()) []Event {
	before := *l
	if l.Since.IsZero() {
		l.Context = l.Context.or(s.Context)
	}
	contribute()
	l.seen(at)
	if reflect.DeepEqual(before, *l) {
		return nil
	}
	return []Event{l.told()}
}

// fill takes over what a source says, unless somebody has worded it by hand.
func (l *Learning) fill(field string, text *string, heard string) {
	if !slices.Contains(l.Worded, field) {
		*text = heard
	}
}

func (l *Learning) publishHeard(s Settings, at time.Time) {
	if l.State == Draft && l.Claim != "" {
		l.publish(s, at)
	}
}

// seen keeps the earliest moment that is known of.
func (l *Learning) seen(at time.Time) {
	if l.Since.IsZero() || at.Before(l.Since) {
		l.Since = at
	}
}
