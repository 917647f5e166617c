package domain_test

import (
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// refusal is the reason of an error, empty for none.
func refusal(err error) string {
	if err == nil {
		return ""
	}
	return fault.From(err).Reason
}

func TestNewChallenge(t *testing.T) {
	for _, test := range []struct {
		name           string
		today, horizon domain.Day
		active         string
		want           string
	}{
		{"a day less than 6 months", "2026-06-08", "2026-12-07", "", "HORIZON_OUT_OF_RANGE"},
		{"6 months", "2026-06-08", "2026-12-08", "", ""},
		{"3 years", "2026-06-08", "2029-06-08", "", ""},
		{"a day more than 3 years", "2026-06-08", "2029-06-09", "", "HORIZON_OUT_OF_RANGE"},
		{"6 months later has no such day", "2026-08-31", "2027-03-02", "", "HORIZON_OUT_OF_RANGE"},
		{"so it is one of the next month", "2026-08-31", "2027-03-03", "", ""},
		{"3 years after 29 February", "2028-02-29", "2031-03-01", "", ""},
		{"a day more than that", "2028-02-29", "2031-03-02", "", "HORIZON_OUT_OF_RANGE"},
		{"another is active", "2026-06-08", "2027-06-08", "teams/a/challenges/c", "CHALLENGE_ALREADY_ACTIVE"},
	} {
		c, err := domain.NewChallenge(domain.Challenge{Name: "n", Statement: "s", HorizonDate: test.horizon, Owner: "users/mina"}, test.active, test.today)
		if refusal(err) != test.want {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		if err == nil && *c != (domain.Challenge{Name: "n", Statement: "s", HorizonDate: test.horizon, Owner: "users/mina", State: domain.ChallengeActive}) {
			t.Errorf("%s: %+v", test.name, c)
		}
		if test.want == "CHALLENGE_ALREADY_ACTIVE" && fault.From(err).Metadata["challenge"] != test.active {
			t.Errorf("%s: the active one is not named: %v", test.name, err)
		}
	}
}

func TestEditChallenge(t *testing.T) {
	const today = domain.Day("2027-05-01") // a month before the horizon of what is edited
	by := func(d domain.Day) *domain.TargetCondition {
		return &domain.TargetCondition{Name: "t", AchieveByDate: d}
	}
	for _, test := range []struct {
		name    string
		state   domain.ChallengeState
		change  domain.ChallengeChange
		leading *domain.TargetCondition
		want    string
		events  int
	}{
		{"the statement, long after the horizon was set", domain.ChallengeActive, domain.ChallengeChange{Statement: new("new")}, by("2028-01-01"), "", 1},
		{"nothing", domain.ChallengeActive, domain.ChallengeChange{Statement: new("s"), HorizonDate: new(domain.Day("2027-06-01"))}, nil, "", 0},
		{"no statement", domain.ChallengeActive, domain.ChallengeChange{Statement: new(" ")}, nil, "STATEMENT_MISSING", 0},
		{"the owner", domain.ChallengeActive, domain.ChallengeChange{Owner: new("users/mina")}, nil, "", 1},
		{"nobody owns it", domain.ChallengeActive, domain.ChallengeChange{Owner: new("")}, nil, "", 1},
		{"a horizon too near", domain.ChallengeActive, domain.ChallengeChange{HorizonDate: new(domain.Day("2027-10-31"))}, nil, "HORIZON_OUT_OF_RANGE", 0},
		{"the nearest horizon", domain.ChallengeActive, domain.ChallengeChange{HorizonDate: new(domain.Day("2027-11-01"))}, by("2027-11-01"), "", 1},
		{"a horizon before what leads towards it", domain.ChallengeActive, domain.ChallengeChange{HorizonDate: new(domain.Day("2027-11-01"))}, by("2027-11-02"), "HORIZON_BEFORE_TARGET_CONDITION", 0},
		{"what was met", domain.ChallengeMet, domain.ChallengeChange{Statement: new("new")}, nil, "CHALLENGE_NOT_ACTIVE", 0},
		{"what was replaced", domain.ChallengeReplaced, domain.ChallengeChange{Statement: new("new")}, nil, "CHALLENGE_NOT_ACTIVE", 0},
	} {
		before := domain.Challenge{Name: "c", Statement: "s", HorizonDate: "2027-06-01", Owner: "users/jonas", State: test.state}
		c := before
		events, err := c.Edit(test.change, test.leading, today)
		if refusal(err) != test.want || len(events) != test.events || (c == before) != (test.events == 0) {
			t.Errorf("%s: %v, %v, %+v", test.name, events, err, c)
		}
		if test.events == 1 && events[0] != domain.ChallengeUpdated {
			t.Errorf("%s: %v", test.name, events)
		}
	}
}

func TestCloseChallenge(t *testing.T) {
	for _, test := range []struct {
		name    string
		before  domain.ChallengeState
		as      domain.ChallengeState
		reason  string
		leading string
		want    string
		kept    string
	}{
		{"met", domain.ChallengeActive, domain.ChallengeMet, "", "", "", ""},
		{"met, and how that is known", domain.ChallengeActive, domain.ChallengeMet, " a month of it ", "", "", "a month of it"},
		{"replaced", domain.ChallengeActive, domain.ChallengeReplaced, "the market turned", "", "", "the market turned"},
		{"replaced without a reason", domain.ChallengeActive, domain.ChallengeReplaced, " ", "", "CLOSE_REASON_MISSING", ""},
		{"while something leads towards it", domain.ChallengeActive, domain.ChallengeMet, "", "teams/a/targetConditions/t", "TARGET_CONDITION_STILL_ACTIVE", ""},
		{"again", domain.ChallengeMet, domain.ChallengeReplaced, "x", "", "CHALLENGE_NOT_ACTIVE", ""},
	} {
		c := domain.Challenge{State: test.before}
		events, err := c.Close(test.as, test.reason, test.leading)
		if refusal(err) != test.want || c.StateReason != test.kept {
			t.Errorf("%s: %v, %+v", test.name, err, c)
		}
		if test.want == "" && (c.State != test.as || len(events) != 1 || events[0] != domain.ChallengeClosed) || test.want != "" && (c.State != test.before || events != nil) {
			t.Errorf("%s: %v, %+v", test.name, events, c)
		}
		if test.leading != "" && fault.From(err).Metadata["target_condition"] != test.leading {
			t.Errorf("%s: what leads towards it is not named: %v", test.name, err)
		}
	}
}
