package domain_test

import (
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

func TestLikeness(t *testing.T) {
	for _, c := range []struct {
		shared, own, other int
		want               float64
	}{
		{0, 4, 9, 0}, {1, 1, 1, 0}, {1, 2, 2, 0}, {2, 2, 2, 1}, {2, 4, 4, 0.5}, {3, 4, 9, 0.5}, {3, 6, 8, 3 / math.Sqrt(48)}, {8, 8, 24, 8 / math.Sqrt(192)}, {8, 8, 50, 8 / math.Sqrt(192)}, {40, 50, 60, 1},
	} {
		if got := domain.Likeness(c.shared, c.own, c.other); math.Abs(got-c.want) > 1e-12 {
			t.Errorf("%d of %d and %d: %v, want %v", c.shared, c.own, c.other, got, c.want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		own, other := rapid.IntRange(1, 400).Draw(t, "own"), rapid.IntRange(1, 400).Draw(t, "other")
		shared := rapid.IntRange(0, min(own, other)).Draw(t, "shared")
		got := domain.Likeness(shared, own, other)
		switch {
		case got < 0 || got > 1:
			t.Fatalf("%v", got)
		case got != domain.Likeness(shared, other, own):
			t.Fatal("it matters which is which")
		case shared < min(own, other) && domain.Likeness(shared+1, own, other) < got:
			t.Fatal("more words in common make it less alike")
		case got != 1 && own == other && shared == own && shared >= domain.LeastShared:
			t.Fatalf("%d of %d and %d are %v alike", shared, own, other, got)
		}
	})
}

func TestReasonsToOffer(t *testing.T) {
	l := payments(domain.Published)
	l.Tags = []string{"review", "flow"}
	imported := *l
	imported.Team = ""
	obstacle := func(likeness float64, current bool) *domain.LikeObstacle {
		return &domain.LikeObstacle{
			Name: "teams/mobile/obstacles/reviews", Text: "Reviews wait for days.", Current: current, Likeness: likeness, Shared: []string{"reviews", "wait"},
		}
	}
	for name, c := range map[string]struct {
		learning  *domain.Learning
		rules     domain.OfferRules
		candidate domain.Candidate
		want      string
		score     float64
	}{
		"nothing speaks for it":           {l, domain.OfferRules{}, domain.Candidate{}, "", 0},
		"a similar parked obstacle":       {l, domain.OfferRules{}, domain.Candidate{Obstacle: obstacle(0.2, false)}, "OBSTACLE", 0.2},
		"a similar current obstacle":      {l, domain.OfferRules{}, domain.Candidate{Obstacle: obstacle(0.2, true)}, "OBSTACLE", 0.3},
		"one that is not similar enough":  {l, domain.OfferRules{}, domain.Candidate{Obstacle: obstacle(0.19, true)}, "", 0},
		"not by this rule":                {l, domain.OfferRules{Similarity: 0.5}, domain.Candidate{Obstacle: obstacle(0.4, true)}, "", 0},
		"parked ones do not count":        {l, domain.OfferRules{WithoutParked: true}, domain.Candidate{Obstacle: obstacle(0.9, false)}, "", 0},
		"current ones still do":           {l, domain.OfferRules{WithoutParked: true}, domain.Candidate{Obstacle: obstacle(0.9, true)}, "OBSTACLE", 1},
		"the same process":                {l, domain.OfferRules{}, domain.Candidate{Process: "code reviews"}, "PROCESS", 0.3},
		"which is no reason":              {l, domain.OfferRules{WithoutProcess: true}, domain.Candidate{Process: "code reviews"}, "", 0},
		"the same type of constraint":     {l, domain.OfferRules{}, domain.Candidate{Constraint: "waiting"}, "CONSTRAINT_TYPE", 0.3},
		"which is no reason either":       {l, domain.OfferRules{WithoutConstraintType: true}, domain.Candidate{Constraint: "waiting"}, "", 0},
		"a tag is followed":               {l, domain.OfferRules{}, domain.Candidate{Settings: domain.Settings{FollowedTags: []string{"x", "flow"}}}, "FOLLOWED_TAG", 1},
		"the team is followed":            {l, domain.OfferRules{}, domain.Candidate{Settings: domain.Settings{FollowedTeams: []string{"teams/payments"}}}, "FOLLOWED_TEAM", 1},
		"the learning is followed":        {l, domain.OfferRules{}, domain.Candidate{Settings: domain.Settings{FollowedLearnings: []string{l.Name}}}, "FOLLOWED_LEARNING", 1},
		"all at once":                     {l, domain.OfferRules{}, domain.Candidate{Process: "a", Constraint: "b", Obstacle: obstacle(1, true)}, "OBSTACLE PROCESS CONSTRAINT_TYPE", 1.7},
		"a muted tag wins":                {l, domain.OfferRules{}, domain.Candidate{Obstacle: obstacle(1, true), Settings: domain.Settings{FollowedTags: []string{"flow"}, MutedTags: []string{"flow"}}}, "", 0},
		"a muted team wins":               {l, domain.OfferRules{}, domain.Candidate{Process: "a", Settings: domain.Settings{MutedTeams: []string{"teams/payments"}}}, "", 0},
		"the team that learned it":        {l, domain.OfferRules{}, domain.Candidate{Team: "teams/payments", Process: "a"}, "", 0},
		"an imported one is offered, too": {&imported, domain.OfferRules{}, domain.Candidate{Team: "teams/payments", Process: "a"}, "PROCESS", 0.3},
	} {
		t.Run(name, func(t *testing.T) {
			if c.candidate.Team == "" {
				c.candidate.Team = mobile
			}
			reasons, score := c.rules.Complete().Reasons(c.learning, c.candidate)
			var kinds []string
			for _, r := range reasons {
				kinds = append(kinds, string(r.Kind))
				if r.Text == "" || (r.Kind == domain.BecauseObstacle) != (r.Obstacle != "") {
					t.Errorf("%+v", r)
				}
			}
			if got := strings.Join(kinds, " "); got != c.want || math.Abs(score-c.score) > 1e-9 {
				t.Errorf("%q with %v, want %q with %v", got, score, c.want, c.score)
			}
		})
	}
	reasons, _ := domain.OfferRules{}.Complete().Reasons(l, domain.Candidate{Team: mobile, Obstacle: obstacle(1, true)})
	if want := "The team has a similar obstacle, “Reviews wait for days.”; both speak of reviews, wait."; reasons[0].Text != want || reasons[0].Obstacle != "teams/mobile/obstacles/reviews" {
		t.Errorf("%+v", reasons[0])
	}
}

func TestTheObstacleThatIsMostAlikeIsNamed(t *testing.T) {
	a := &domain.LikeObstacle{Name: "a", Likeness: 0.5}
	for name, other := range map[string]*domain.LikeObstacle{
		"more alike":  {Name: "b", Likeness: 0.4, Current: true},
		"first name":  {Name: "b", Likeness: 0.5},
		"not the one": {Name: "a-less", Likeness: 0.49},
	} {
		if domain.MoreLike(a, other) >= 0 || domain.MoreLike(other, a) <= 0 {
			t.Error(name)
		}
	}
	if current := (&domain.LikeObstacle{Name: "z", Likeness: 0.5, Current: true}); domain.MoreLike(current, a) >= 0 {
		t.Error("the current one comes first")
	}
}

func TestRulesHaveDefaults(t *testing.T) {
	rules := domain.OfferRules{}.Complete()
	if rules != (domain.OfferRules{Name: "organization/offerRules", Similarity: 0.2, MaxOpenOffers: 3, AnswerDays: 14}) {
		t.Errorf("%+v", rules)
	}
	if rules.MaxOpen(domain.Settings{}) != 3 || rules.MaxOpen(domain.Settings{MaxOpenOffers: 7}) != 7 {
		t.Error("the team's own number goes first, then that of the rules")
	}
	if len(rules.Edit(func(r *domain.OfferRules) { r.Similarity = 0.2 })) != 0 || len(rules.Edit(func(r *domain.OfferRules) { r.WithoutParked = true })) != 1 {
		t.Error("a change is an event, what changes nothing is none")
	}
}
