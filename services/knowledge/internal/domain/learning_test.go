package domain_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

const experiment = "teams/payments/cycles/2026-w24/experiments/review-rota"

var (
	monday  = time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)
	tuesday = monday.AddDate(0, 0, 1)

	conclusion = domain.Conclusion{Experiment: experiment, Learned: "Learned.", Tried: "Tried.", Happened: "Happened.", Verdict: "NOT_AS_PREDICTED"}
	distillate = domain.Distillate{
		Experiment: experiment, Claim: "A rota halves the wait.", Situation: "Small team.", MayNotHold: "In large ones.", HowToTry: "Name two.", Tags: []string{"review"},
	}
)

func learning(t testing.TB, state domain.State) *domain.Learning {
	t.Helper()
	l, err := domain.New(experiment)
	if err != nil {
		t.Fatal(err)
	}
	l.Conclude(conclusion, monday)
	if state == domain.Draft {
		return l
	}
	if _, err := l.Publish(domain.Settings{}, monday); err != nil {
		t.Fatal(err)
	}
	if state == domain.Retired {
		if _, err := l.Retire("It does not hold."); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

func TestStates(t *testing.T) {
	publish := func(l *domain.Learning) ([]domain.Event, error) { return l.Publish(domain.Settings{}, tuesday) }
	retire := func(l *domain.Learning) ([]domain.Event, error) { return l.Retire(" It fell back. ") }
	wordless := func(l *domain.Learning) ([]domain.Event, error) {
		l.Claim = " "
		return l.Publish(domain.Settings{}, tuesday)
	}
	noReason := func(l *domain.Learning) ([]domain.Event, error) { return l.Retire(" \n") }
	for _, c := range []struct {
		name   string
		from   domain.State
		do     func(*domain.Learning) ([]domain.Event, error)
		to     domain.State
		event  domain.Event
		reason string
	}{
		{"publish a draft", domain.Draft, publish, domain.Published, domain.LearningPublished, ""},
		{"publish again", domain.Published, publish, domain.Published, "", "LEARNING_PUBLISHED"},
		{"publish what was retired", domain.Retired, publish, domain.Retired, "", "LEARNING_RETIRED"},
		{"publish without a claim", domain.Draft, wordless, domain.Draft, "", "LEARNING_WITHOUT_CLAIM"},
		{"retire a draft", domain.Draft, retire, domain.Draft, "", "LEARNING_NOT_PUBLISHED"},
		{"retire", domain.Published, retire, domain.Retired, domain.LearningRetired, ""},
		{"retire again", domain.Retired, retire, domain.Retired, "", "LEARNING_RETIRED"},
		{"retire without a reason", domain.Published, noReason, domain.Published, "", "RETIRE_REASON_REQUIRED"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := learning(t, c.from)
			events, err := c.do(l)
			if c.reason != "" {
				if f := fault.From(err); f == nil || f.Reason != c.reason || len(events) != 0 {
					t.Errorf("got %v, %v", events, err)
				}
			} else if err != nil || len(events) != 1 || events[0] != c.event {
				t.Errorf("got %v, %v", events, err)
			}
			if l.State != c.to {
				t.Errorf("the state is %s", l.State)
			}
		})
	}
	if l := learning(t, domain.Draft); !l.PublishTime.IsZero() {
		t.Error("a draft has a time of publishing")
	}
	l := learning(t, domain.Published)
	if _, err := retire(l); err != nil || l.RetireReason != "It fell back." || !l.PublishTime.Equal(monday) {
		t.Errorf("retired: %+v, %v", l, err)
	}
}

func TestWhatTheSourcesContribute(t *testing.T) {
	t.Run("the retrospective publishes a draft and words its claim", func(t *testing.T) {
		l := learning(t, domain.Draft)
		if events := l.Distil(distillate, tuesday); len(events) != 1 || events[0] != domain.LearningPublished {
			t.Errorf("events %v", events)
		}
		if l.Claim != distillate.Claim || l.Tried != conclusion.Tried || !l.PublishTime.Equal(tuesday) || !l.Since.Equal(monday) {
			t.Errorf("%+v", l)
		}
	})
	t.Run("the experiment that comes late fills what is empty and publishes nothing back", func(t *testing.T) {
		l, err := domain.New(experiment)
		if err != nil {
			t.Fatal(err)
		}
		l.Distil(distillate, tuesday)
		if events := l.Conclude(conclusion, monday); len(events) != 1 || events[0] != domain.LearningPublished {
			t.Errorf("events %v", events)
		}
		if l.State != domain.Published || l.Claim != distillate.Claim || l.Happened != conclusion.Happened || l.Verdict != conclusion.Verdict {
			t.Errorf("%+v", l)
		}
	})
	t.Run("what was retired stays retired", func(t *testing.T) {
		l := learning(t, domain.Retired)
		if events := l.Distil(distillate, tuesday); len(events) != 1 || events[0] != domain.LearningRetired || l.State != domain.Retired {
			t.Errorf("%v, %s", events, l.State)
		}
	})
}

func TestNames(t *testing.T) {
	l := learning(t, domain.Draft)
	if l.Name != "learnings/payments-review-rota-7a4acf9a" || l.Team != "teams/payments" || l.TeamID() != "payments" || l.Cycle != "teams/payments/cycles/2026-w24" {
		t.Errorf("%+v", l)
	}
	for _, wrong := range []string{
		"", "teams", "teams/a/cycles/b", "teams/a/cycles/b/experiments/", "teams//cycles/b/experiments/c", "teams/a/cycles//experiments/c",
		"x/a/cycles/b/experiments/c", "teams/a/cycles/b/andons/c", "teams/a/cycles/b/experiments/c/d",
	} {
		if _, err := domain.New(wrong); fault.From(err).Reason != "EXPERIMENT_NAME_INVALID" {
			t.Errorf("%q: %v", wrong, err)
		}
	}
	legal := regexp.MustCompile(`^learnings/[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	id := rapid.StringMatching(`[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?`)
	rapid.Check(t, func(t *rapid.T) {
		team, cycle, other, id := id.Draw(t, "team"), id.Draw(t, "cycle"), id.Draw(t, "other cycle"), id.Draw(t, "experiment")
		one, err := domain.New("teams/" + team + "/cycles/" + cycle + "/experiments/" + id)
		if err != nil {
			t.Fatal(err)
		}
		if !legal.MatchString(one.Name) {
			t.Fatalf("%q is no legal name", one.Name)
		}
		two, err := domain.New("teams/" + team + "/cycles/" + other + "/experiments/" + id)
		if err != nil || (cycle != other) != (one.Name != two.Name) || !strings.HasPrefix(one.Name, "learnings/"+team[:1]) {
			t.Fatalf("%q and %q: %v", one.Name, two.Name, err)
		}
	})
}
