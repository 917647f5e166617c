package domain

import (
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Learning makes the learning that is not here yet, with the fact that tells of it. It is as old as it is there, and here nobody has
// found it again. Clean it first.
func (f *Foreign) Learning(now time.Time) (*Learning, Event) {
	p := f.Provenance
	p.ImportTime = now
	l := &Learning{
		Name: f.Name(), State: f.State, RetireReason: f.RetireReason, ReviewByDate: f.ReviewByDate, Reviews: f.Reviews,
		HasChart: f.HasChart, Provenance: &p, Since: f.PublishTime, PublishTime: f.PublishTime,
	}
	f.wordInto(l)
	event := l.told()
	return l, event
}

// wordInto words what was not worded by hand here.
func (f *Foreign) wordInto(l *Learning) {
	for _, w := range []struct {
		field string
		take  func()
	}{
		{fieldClaim, func() { l.Claim = f.Claim }},
		{fieldSituation, func() { l.Situation = f.Situation }},
		{fieldContext, func() { l.Context = f.Context }},
		{fieldTags, func() { l.Tags = f.Tags }},
		{fieldTried, func() { l.Tried = f.Tried }},
		{fieldHappened, func() { l.Happened = f.Happened }},
		{fieldMayNotHold, func() { l.MayNotHold = f.MayNotHold }},
		{fieldHowToTry, func() { l.HowToTry = f.HowToTry }},
	} {
		if !slices.Contains(l.Worded, w.field) {
			w.take()
		}
	}
	l.Verdict = f.Verdict
}

// CameBack tells whether what is told elsewhere was learned here, and came back.
func (l *Learning) CameBack(f *Foreign) bool {
	return l.Provenance == nil && l.Name == f.Provenance.Learning && !f.PublishTime.IsZero() &&
		l.PublishTime.Truncate(time.Microsecond).Equal(f.PublishTime)
}

// Outdated tells whether what is told is older than what was imported before.
func (l *Learning) Outdated(f *Foreign) bool {
	return l.Provenance != nil && f.Provenance.ExportTime.Before(l.Provenance.ExportTime)
}

// Follow takes over what has changed there since the learning was imported. What was retired there is retired here, and what was retired
// here stays so; what was worded here by hand is left alone, and so is what is newer here than what is told. Without an event nothing
// has changed. Reason: IMPORTED_LEARNING_NAME_TAKEN.
func (l *Learning) Follow(f *Foreign) ([]Event, error) {
	here := l.Provenance
	if here == nil || !strings.EqualFold(here.Installation, f.Provenance.Installation) || here.Learning != f.Provenance.Learning {
		return nil, fault.New(fault.AlreadyExists, "IMPORTED_LEARNING_NAME_TAKEN", "Another learning is called %q here.", l.Name)
	}
	if l.Outdated(f) {
		return nil, nil
	}
	was := *l
	f.wordInto(l)
	l.ReviewByDate = max(l.ReviewByDate, f.ReviewByDate)
	l.Reviews = together(l.Reviews, f.Reviews)
	l.HasChart = l.HasChart || f.HasChart
	events := []Event{}
	if !sameWords(&was, l) || !sameOrigin(here, &f.Provenance) {
		p := f.Provenance
		p.ImportTime = here.ImportTime
		l.Provenance = &p
		events = append(events, l.told())
	}
	if f.State == Retired && l.State == Published {
		l.State, l.RetireReason = Retired, f.RetireReason
		events = []Event{LearningRetired}
	}
	return events, nil
}

// together are the reviews of both, oldest first.
func together(a, b []Review) []Review {
	all := slices.Clone(a)
	for _, r := range b {
		if !slices.ContainsFunc(all, func(x Review) bool { return x.Text == r.Text && x.Time.Equal(r.Time) }) {
			all = append(all, r)
		}
	}
	slices.SortStableFunc(all, func(x, y Review) int { return x.Time.Compare(y.Time) })
	return all
}

func sameWords(a, b *Learning) bool {
	return len(a.differences(b)) == 0 && a.Verdict == b.Verdict && len(a.Reviews) == len(b.Reviews) && a.HasChart == b.HasChart
}

// sameOrigin tells whether nothing has changed there that the words do not say. When it was exported, and through whom it came, is another
// one each time.
func sameOrigin(a, b *Provenance) bool {
	return a.Team == b.Team && a.Grade.Level == b.Grade.Level && a.Grade.Replications == b.Grade.Replications &&
		a.Grade.Supporting == b.Grade.Supporting && a.Grade.Opposing == b.Grade.Opposing && a.Grade.Explanation == b.Grade.Explanation
}

// SharedSince is since when everybody here can read the learning: what was imported was published earlier, elsewhere.
func (l *Learning) SharedSince() time.Time {
	if l.Provenance != nil {
		return l.Provenance.ImportTime
	}
	return l.PublishTime
}

// Leaving is where a learning comes from when it leaves an installation. What was imported keeps its first origin, and says that it came
// through here. Team is the name of the origin team for people.
func (l *Learning) Leaving(installation, team string, now time.Time) Provenance {
	now = past(now, now)
	if l.Provenance == nil {
		return Provenance{Installation: installation, Learning: l.Name, Team: team, Grade: l.Grade, ExportTime: now}
	}
	p := *l.Provenance
	if !slices.Contains(p.Earlier, installation) {
		p.Earlier = append(slices.Clone(p.Earlier), installation)
	}
	return p
}
