package domain_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// What a learning says does not depend on the order of its sources, nor on how often they speak, whatever the team's rule is.
func TestOrderDoesNotMatter(t *testing.T) {
	for _, rule := range []domain.PublishRule{"", domain.ByRetrospective, domain.ByConclusion, domain.ByHand} {
		t.Run(string(rule), func(t *testing.T) {
			c, d := conclusion, distillate
			c.Settings.PublishRule, d.Settings.PublishRule = rule, rule
			want := newLearning(t)
			want.Conclude(c, monday)
			want.Distil(d, tuesday)
			rapid.Check(t, func(t *rapid.T) {
				l := newLearning(t)
				var concluded, distilled bool
				for _, fromExperiment := range append(rapid.SliceOf(rapid.Bool()).Draw(t, "from the experiment"), true, false) {
					var events []domain.Event
					first := fromExperiment && !concluded || !fromExperiment && !distilled
					if fromExperiment {
						events, concluded = l.Conclude(c, monday), true
					} else {
						events, distilled = l.Distil(d, tuesday), true
					}
					if first != (len(events) == 1) {
						t.Fatalf("first %v, events %v", first, events)
					}
				}
				if !reflect.DeepEqual(l, want) {
					t.Fatalf("got %+v, want %+v", l, want)
				}
			})
		})
	}
}

func newLearning(t rapid.TB) *domain.Learning {
	l, err := domain.New(experiment)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// texts are the fields that a learning has texts in, and what each source says about them; empty where it says nothing.
var texts = map[string]struct {
	of                   func(*domain.Learning) *string
	concluded, distilled string
}{
	"claim":        {func(l *domain.Learning) *string { return &l.Claim }, conclusion.Learned, distillate.Claim},
	"situation":    {func(l *domain.Learning) *string { return &l.Situation }, "", distillate.Situation},
	"tried":        {func(l *domain.Learning) *string { return &l.Tried }, conclusion.Tried, ""},
	"happened":     {func(l *domain.Learning) *string { return &l.Happened }, conclusion.Happened, ""},
	"may_not_hold": {func(l *domain.Learning) *string { return &l.MayNotHold }, "", distillate.MayNotHold},
	"how_to_try":   {func(l *domain.Learning) *string { return &l.HowToTry }, "", distillate.HowToTry},
}

// What was worded by hand last is what is said; else what the retrospective says; else what the experiment says. Whatever comes when.
func TestWhoseWordsWin(t *testing.T) {
	names := []string{"claim", "situation", "tried", "happened", "may_not_hold", "how_to_try"}
	rapid.Check(t, func(t *rapid.T) {
		l := newLearning(t)
		byHand := map[string]string{}
		var concluded, distilled bool
		for i, step := range rapid.SliceOfN(rapid.SampledFrom([]string{"conclude", "distil", "edit", "edit"}), 1, 12).Draw(t, "steps") {
			switch step {
			case "conclude":
				l.Conclude(conclusion, monday)
				concluded = true
			case "distil":
				l.Distil(distillate, tuesday)
				distilled = true
			case "edit":
				name := rapid.SampledFrom(names).Draw(t, "field")
				words := fmt.Sprintf("Worded by hand for the %d. time.", i)
				if rapid.Bool().Draw(t, "nothing") && name != "claim" {
					words = ""
				}
				before := *texts[name].of(l)
				events, err := l.Edit(func(l *domain.Learning) { *texts[name].of(l) = words }, tuesday)
				if err != nil || (len(events) == 1) != (before != words) {
					t.Fatalf("%q instead of %q: %v, %v", words, before, events, err)
				}
				if before != words {
					byHand[name] = words
				}
			}
		}
		for name, field := range texts {
			want := ""
			if concluded {
				want = field.concluded
			}
			if distilled && field.distilled != "" {
				want = field.distilled
			}
			if words, worded := byHand[name]; worded {
				want = words
			}
			if got := *field.of(l); got != want {
				t.Fatalf("%s is %q, want %q", name, got, want)
			}
			if _, worded := byHand[name]; worded != slices.Contains(l.Worded, name) {
				t.Fatalf("%s: worded %v", name, l.Worded)
			}
		}
		if distilled != (l.State == domain.Published) {
			t.Fatalf("the state is %s", l.State)
		}
	})
}

func TestPublishRule(t *testing.T) {
	for _, c := range []struct {
		rule                 domain.PublishRule
		concluded, distilled domain.State
		reviewBy             string
	}{
		{"", domain.Draft, domain.Published, "2026-09-09"},
		{domain.ByRetrospective, domain.Draft, domain.Published, "2026-09-09"},
		{domain.ByConclusion, domain.Published, domain.Published, "2026-09-08"},
		{domain.ByHand, domain.Draft, domain.Draft, ""},
	} {
		t.Run(string(c.rule), func(t *testing.T) {
			s := domain.Settings{PublishRule: c.rule, ReviewMonths: 3}
			l, conclusion, distillate := newLearning(t), conclusion, distillate
			conclusion.Settings, distillate.Settings = s, s
			if l.Conclude(conclusion, monday); l.State != c.concluded || l.Verdict != "NOT_AS_PREDICTED" {
				t.Errorf("after the conclusion: %+v", l)
			}
			if l.Distil(distillate, tuesday); l.State != c.distilled {
				t.Errorf("after the retrospective: %s", l.State)
			}
			if l.ReviewByDate != c.reviewBy {
				t.Errorf("to be looked at again by %q, want %q", l.ReviewByDate, c.reviewBy)
			}
		})
	}
	t.Run("without a claim nothing is published", func(t *testing.T) {
		l, c := newLearning(t), conclusion
		c.Settings.PublishRule, c.Learned = domain.ByConclusion, "\u200b \u202e"
		if events := l.Conclude(c, monday); len(events) != 1 || events[0] != domain.LearningDrafted || l.Claim != "" {
			t.Errorf("%v of %+v", events, l)
		}
		d := distillate
		d.Claim = "\u00ad\u2060"
		if events := l.Distil(d, tuesday); len(events) != 0 || l.State != domain.Draft || l.Situation != "" {
			t.Errorf("%v of %+v", events, l)
		}
	})
	t.Run("a conclusion that comes late was first", func(t *testing.T) {
		l, c, d := newLearning(t), conclusion, distillate
		c.Settings.PublishRule, d.Settings.PublishRule = domain.ByConclusion, domain.ByConclusion
		l.Distil(d, tuesday)
		if _, err := l.Edit(func(l *domain.Learning) { l.ReviewByDate = "2027-01-01" }, tuesday); err != nil {
			t.Fatal(err)
		}
		if l.Conclude(c, monday); !l.PublishTime.Equal(monday) || l.ReviewByDate != "2027-01-01" {
			t.Errorf("%+v", l)
		}
	})
}

func TestTheContextOfTheTeam(t *testing.T) {
	team := domain.Context{Process: "code review", ConstraintType: "waiting", TeamSize: 6, Stack: []string{"go"}}
	c := conclusion
	c.Settings.Context = team
	l := newLearning(t)
	if l.Conclude(c, monday); !reflect.DeepEqual(l.Context, team) {
		t.Errorf("%+v", l.Context)
	}
	c.Settings.Context.Process = "incident response"
	if l.Conclude(c, monday); l.Context.Process != "code review" {
		t.Error("a learning that is there changes with the settings")
	}
	said := &domain.Learning{Name: "learnings/x", Team: "teams/payments", Claim: "A rota halves the wait.", Context: domain.Context{Process: "on call", TeamSize: 3}}
	if _, err := said.DraftByHand(c.Settings, monday); err != nil || said.Context.Process != "on call" || said.Context.TeamSize != 3 ||
		said.Context.ConstraintType != "waiting" {
		t.Errorf("%+v, %v", said.Context, err)
	}
}

// What arrives as an event cannot be refused, and becomes what the contract has.
func TestHeardTextsAreCleanAndShort(t *testing.T) {
	hostile := rapid.Custom(func(t *rapid.T) string {
		return strings.Repeat(rapid.String().Draw(t, "piece"), rapid.SampledFrom([]int{1, 3, 700, 5000}).Draw(t, "times"))
	})
	rapid.Check(t, func(t *rapid.T) {
		l := newLearning(t)
		l.Conclude(domain.Conclusion{Learned: hostile.Draw(t, "learned"), Tried: hostile.Draw(t, "tried"), Happened: hostile.Draw(t, "happened")}, monday)
		l.Distil(domain.Distillate{
			Claim: hostile.Draw(t, "claim"), Situation: hostile.Draw(t, "situation"), Tags: []string{"review", "review", "", "-x", "A", strings.Repeat("a", 41)},
		}, tuesday)
		for name, field := range texts {
			text := *field.of(l)
			limit := 4000
			if name == "claim" {
				limit = 500
			}
			if n := utf8.RuneCountInString(text); n > limit || !utf8.ValidString(text) || domain.Visible(text) != text || text != strings.TrimSpace(text) {
				t.Fatalf("%s has %d characters: %q", name, n, text[:min(len(text), 80)])
			}
		}
		if l.Distilled && !slices.Equal(l.Tags, []string{"review"}) {
			t.Fatalf("tags %q", l.Tags)
		}
		again := *l
		if again.Clean(); !reflect.DeepEqual(&again, l) {
			t.Fatalf("cleaned again: %+v, was %+v", &again, l)
		}
	})
}
