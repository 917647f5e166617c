package domain

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Foreign is a learning as another installation tells it. Team, cycle, experiment and evidence stay there: none of them can be looked at
// here.
type Foreign struct {
	Claim, Situation, Tried, Happened, MayNotHold, HowToTry string
	Context                                                 Context
	Tags                                                    []string
	Verdict                                                 string
	State                                                   State
	RetireReason, ReviewByDate                              string
	Reviews                                                 []Review
	PublishTime                                             time.Time
	// HasChart says that the chart comes along.
	HasChart   bool
	Provenance Provenance
}

const (
	maxReviews = 1000
	// maxEarlier is through how many installations a learning may have come.
	maxEarlier  = 50
	maxTeamName = 200
	maxHost     = 200
	// originLen is how many digits of a hash keep the learnings of different installations apart. Files from elsewhere can be made by
	// anybody, so it is longer than that of our own experiments.
	originLen = 16
)

var (
	// hostForm is what an installation calls itself: the host of its address, with its port if need be.
	hostForm = regexp.MustCompile(`^[A-Za-z0-9._-]+(:[0-9]+)?$|^\[[0-9A-Fa-f:.]+\](:[0-9]+)?$`)
	idForm   = regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
)

// Name is what the learning is called here. It follows from what it is called there, so that a second import finds it.
func (f *Foreign) Name() string {
	there := f.Provenance.Learning
	return learningID(strings.TrimPrefix(there, "learnings/"), strings.ToLower(f.Provenance.Installation)+"\n"+there, originLen)
}

// Clean brings the learning into the form that ours have, and refuses what ours could not be. Reason: IMPORTED_LEARNING_INVALID.
func (f *Foreign) Clean(now time.Time) error {
	f.tidy(now)
	if err := f.Provenance.clean(now); err != nil {
		return err
	}
	invalid := func(field, text string, args ...any) error {
		return fault.Invalid("learning."+field, "IMPORTED_LEARNING_INVALID", text, args...)
	}
	switch {
	case f.State != Published && f.State != Retired:
		return fault.Invalid("learning.state", "IMPORTED_LEARNING_INVALID", "Only what was published or retired there is taken here.")
	case f.State == Retired && f.RetireReason == "":
		return fault.Invalid("learning.retireReason", "IMPORTED_LEARNING_INVALID", "It was retired there, and does not say why.")
	case said(f.Claim) == 0:
		return invalid("claim", "It claims nothing that can be read.")
	case !slices.Contains([]string{"", "AS_PREDICTED", "NOT_AS_PREDICTED", "CANNOT_TELL"}, f.Verdict):
		return invalid("verdict", "The verdict is AS_PREDICTED, NOT_AS_PREDICTED, CANNOT_TELL or empty.")
	case f.PublishTime.IsZero():
		return invalid("publishTime", "It does not say when it was published.")
	case len(f.Reviews) > maxReviews:
		return invalid("reviews", "It has more than %d reviews.", maxReviews)
	}
	for _, t := range []struct {
		field, text string
		most        int
	}{
		{"claim", f.Claim, maxClaim},
		{"situation", f.Situation, maxText},
		{"tried", f.Tried, maxText},
		{"happened", f.Happened, maxText},
		{"mayNotHold", f.MayNotHold, maxText},
		{"howToTry", f.HowToTry, maxText},
		{"context.process", f.Context.Process, maxProcess},
		{"retireReason", f.RetireReason, maxReason},
	} {
		if utf8.RuneCountInString(t.text) > t.most {
			return invalid(t.field, "The text has more than %d characters.", t.most)
		}
	}
	for _, r := range f.Reviews {
		if r.Text == "" || utf8.RuneCountInString(r.Text) > maxReview || r.Time.IsZero() {
			return invalid("reviews", "A review has a text of at most %d characters, and a time.", maxReview)
		}
	}
	if f.ReviewByDate != "" {
		if _, err := time.Parse(time.DateOnly, f.ReviewByDate); err != nil {
			return invalid("reviewByDate", "%q is no day.", f.ReviewByDate)
		}
	}
	return f.words()
}

// tidy cleans the texts as those of our own learnings are, and keeps times in what the database can keep.
func (f *Foreign) tidy(now time.Time) {
	f.Claim, f.Context.Process = Line(f.Claim), Line(f.Context.Process)
	if len(f.Tags) == 0 { // as it is read from the database
		f.Tags = nil
	}
	if len(f.Context.Stack) == 0 {
		f.Context.Stack = nil
	}
	for _, text := range []*string{&f.Situation, &f.Tried, &f.Happened, &f.MayNotHold, &f.HowToTry, &f.RetireReason} {
		*text = Text(*text)
	}
	if f.State == Published {
		f.RetireReason = ""
	}
	f.PublishTime = past(f.PublishTime, now)
	for i := range f.Reviews {
		f.Reviews[i].Text, f.Reviews[i].Time = Text(f.Reviews[i].Text), past(f.Reviews[i].Time, now)
	}
	f.Provenance.Team = Line(f.Provenance.Team)
	f.Provenance.Grade.Explanation = cut(Line(f.Provenance.Grade.Explanation), maxReason)
}

// words checks what is compared word by word.
func (f *Foreign) words() error {
	for _, list := range []struct {
		field string
		words []string
	}{{"tags", f.Tags}, {"context.stack", f.Context.Stack}} {
		if !slices.Equal(list.words, tags(list.words)) {
			return fault.Invalid("learning."+list.field, "IMPORTED_LEARNING_INVALID",
				"There are at most %d words, each of them once, of small letters, digits and hyphens.", maxWords)
		}
	}
	if c := f.Context; c.ConstraintType != "" && !word(c.ConstraintType) || c.TeamSize < 0 || c.TeamSize > 1000 {
		return fault.Invalid("learning.context", "IMPORTED_LEARNING_INVALID",
			"The type of constraint is one word of small letters, digits and hyphens, the team has at most 1,000 people.")
	}
	return nil
}

// past is a time in whole microseconds, in UTC; zero for one before 1970, which no clock has shown. The clock of another installation may be
// ahead of ours; nothing here happens in the future.
func past(t, now time.Time) time.Time {
	if t.After(now) {
		t = now
	}
	if t.Unix() < 0 {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

func (p *Provenance) clean(now time.Time) error {
	p.ExportTime, p.Grade.Changed = past(p.ExportTime, now), past(p.Grade.Changed, now)
	invalid := func(field, text string, args ...any) error {
		return fault.Invalid("provenance."+field, "IMPORTED_LEARNING_INVALID", text, args...)
	}
	learning, named := strings.CutPrefix(p.Learning, "learnings/")
	switch {
	case len(p.Installation) > maxHost || !hostForm.MatchString(p.Installation):
		return invalid("installation", "It does not say which installation it comes from, by the host of its address.")
	case !named || !idForm.MatchString(learning):
		return invalid("learning", "It does not say what it is called there.")
	case utf8.RuneCountInString(p.Team) > maxTeamName:
		return invalid("team", "The name of the team has more than %d characters.", maxTeamName)
	case p.ExportTime.IsZero():
		return invalid("exportTime", "It does not say when it was exported.")
	case len(p.Earlier) > maxEarlier:
		return invalid("earlier", "It came through more than %d installations.", maxEarlier)
	case p.Grade.Replications < 0 || p.Grade.Supporting < 0 || p.Grade.Opposing < 0:
		return invalid("grade", "Numbers of teams are not negative.")
	}
	for _, e := range p.Earlier {
		if len(e) > maxHost || !hostForm.MatchString(e) {
			return invalid("earlier", "%q is not the host of an installation.", e)
		}
	}
	return nil
}
