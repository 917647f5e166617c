package domain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// concluded is an experiment as it stands at its end, the plan locked before the start.
func concluded(change ...func(*domain.Standing)) domain.Standing {
	s := domain.Standing{
		Experiment: experiment, State: domain.Concluded, LockTime: monday, StartTime: monday, PlanHash: "ab12",
		Verdict: "NOT_AS_PREDICTED", Happened: "Faster.\u202e", ConcludeTime: tuesday,
	}
	for _, c := range change {
		c(&s)
	}
	return s
}

func TestTheClaimsOfAnExperiment(t *testing.T) {
	own, err := domain.LearningName(experiment)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name   string
		change func(*domain.Standing)
		want   []string
	}{
		{"its own", func(*domain.Standing) {}, []string{own}},
		{"and what it tries again", func(s *domain.Standing) { s.Learning = claim }, []string{own, claim}},
		{"itself again", func(s *domain.Standing) { s.Learning = own }, []string{own}},
		{"no name of a learning", func(s *domain.Standing) { s.Learning = "learnings/a/evidence/b" }, []string{own}},
		{"nothing yet", func(s *domain.Standing) { s.State, s.Learning = domain.Running, claim }, nil},
		{"nothing any more", func(s *domain.Standing) { s.State, s.Learning = domain.Abandoned, claim }, nil},
	} {
		if got, err := concluded(c.change).Claims(); err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v", c.name, got, err)
		}
	}
	if _, err := (domain.Standing{Experiment: "teams/payments"}).Claims(); err == nil {
		t.Error("what is no experiment has claims")
	}
}

func TestLockedMeansBeforeTheStart(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*domain.Standing)
		want   bool
	}{
		"before":           {func(s *domain.Standing) { s.LockTime = monday.Add(-time.Hour) }, true},
		"at the start":     {func(*domain.Standing) {}, true},
		"after":            {func(s *domain.Standing) { s.LockTime = monday.Add(time.Microsecond) }, false},
		"never":            {func(s *domain.Standing) { s.LockTime = time.Time{} }, false},
		"without a hash":   {func(s *domain.Standing) { s.PlanHash = "" }, false},
		"never started":    {func(s *domain.Standing) { s.StartTime = time.Time{} }, false},
		"nothing is known": {func(s *domain.Standing) { *s = domain.Standing{} }, false},
	} {
		if got := concluded(c.change).Locked(); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestEvidenceOfAnExperiment(t *testing.T) {
	own, err := domain.LearningName(experiment)
	if err != nil {
		t.Fatal(err)
	}
	of := func(team, experiment string) *domain.Learning {
		return &domain.Learning{Name: claim, Team: team, Experiment: experiment}
	}
	for _, c := range []struct {
		name     string
		learning string
		origin   *domain.Learning
		verdict  string
		kind     domain.EvidenceKind
		result   domain.Result
	}{
		{"its own, refuted", own, nil, "NOT_AS_PREDICTED", domain.Origin, domain.Worked},
		{"its own", own, of("teams/payments", experiment), "AS_PREDICTED", domain.Origin, domain.Worked},
		{"its own that cannot tell", own, nil, "CANNOT_TELL", domain.Origin, domain.CannotTell},
		{"a learning that names it", claim, of("teams/payments", experiment), "NOT_AS_PREDICTED", domain.Origin, domain.Worked},
		{"of the team that learned it", claim, of("teams/payments", "x"), "AS_PREDICTED", domain.Repeat, domain.Worked},
		{"which finds otherwise", claim, of("teams/payments", "x"), "NOT_AS_PREDICTED", domain.Repeat, domain.DidNot},
		{"of another team", claim, of("teams/search", "x"), "NOT_AS_PREDICTED", domain.Replication, domain.DidNot},
		{"of another team that cannot tell", claim, of("teams/search", "x"), "CANNOT_TELL", domain.Replication, domain.CannotTell},
		{"without a verdict", claim, of("teams/search", "x"), "", domain.Replication, domain.CannotTell},
		{"of what was imported", claim, of("", ""), "AS_PREDICTED", domain.Replication, domain.Worked},
	} {
		e := domain.NewEvidence(c.learning, c.origin, concluded(func(s *domain.Standing) { s.Verdict = c.verdict }))
		if e.Kind != c.kind || e.Result != c.result || e.Verdict != c.verdict || e.Team != "teams/payments" || !e.Locked || e.Happened != "Faster." {
			t.Errorf("%s: %+v", c.name, e)
		}
	}
}

func TestEvidenceThatCameBeforeItsLearning(t *testing.T) {
	e := domain.NewEvidence(claim, nil, concluded())
	if e.Kind != domain.Replication || e.Result != domain.DidNot {
		t.Fatalf("at first: %+v", e)
	}
	if events := e.Belong(&domain.Learning{Name: claim, Team: "teams/search"}); len(events) != 0 {
		t.Errorf("of another team: %v", events)
	}
	if events := e.Belong(&domain.Learning{Name: claim, Team: "teams/payments"}); len(events) != 1 || e.Kind != domain.Repeat || e.Result != domain.DidNot {
		t.Errorf("of the same team: %v, %+v", events, e)
	}
	if events := e.Belong(&domain.Learning{Name: claim, Team: "teams/payments", Experiment: experiment}); len(events) != 1 || e.Kind != domain.Origin || e.Result != domain.Worked {
		t.Errorf("learned in it: %v, %+v", events, e)
	}
}

func TestTheLastHoldCheckThatCouldTell(t *testing.T) {
	e := domain.NewEvidence(claim, nil, concluded())
	for _, c := range []struct {
		checks []domain.HoldCheck
		want   domain.HoldFinding
		told   int
	}{
		{nil, "", 0},
		{[]domain.HoldCheck{{Weeks: 2}, {Weeks: 6}, {Weeks: 12}}, "", 0},
		{[]domain.HoldCheck{{Weeks: 2, Finding: domain.Held}, {Weeks: 6}, {Weeks: 12}}, domain.Held, 1},
		{[]domain.HoldCheck{{Weeks: 2, Finding: domain.Held}, {Weeks: 6, Finding: domain.Held}}, domain.Held, 0},
		{[]domain.HoldCheck{{Weeks: 12, Finding: domain.Slipped}, {Weeks: 2, Finding: domain.Held}, {Weeks: 6}}, domain.Slipped, 1},
		{[]domain.HoldCheck{{Weeks: 2, Finding: domain.Slipped}, {Weeks: 6, Finding: domain.Held}, {Weeks: 12}}, domain.Held, 1},
	} {
		events := e.Tell(concluded(func(s *domain.Standing) { s.HoldChecks = c.checks }))
		if e.HoldFinding != c.want || len(events) != c.told {
			t.Errorf("%v: %q, %v", c.checks, e.HoldFinding, events)
		}
	}
}

// The name of evidence is shown to people who may not know which team it comes from.
func TestTheNameOfEvidenceTellsNoTeam(t *testing.T) {
	name := domain.EvidenceName("learnings/a", experiment)
	if name != domain.EvidenceName("learnings/a", experiment) || name == domain.EvidenceName("learnings/a", experiment+"x") {
		t.Errorf("%q does not follow from the experiment", name)
	}
	if len(name) != len("learnings/a/evidence/")+24 || name[:21] != "learnings/a/evidence/" {
		t.Errorf("the name is %q", name)
	}
}
