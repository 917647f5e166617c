package domain_test

import (
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// aim is an active challenge whose horizon is a year after the day on which the tests play.
var aim = &domain.Challenge{Name: "c", State: domain.ChallengeActive, HorizonDate: "2027-06-08"}

func TestNewTargetCondition(t *testing.T) {
	const today = domain.Day("2026-06-08")
	for _, test := range []struct {
		name      string
		by        domain.Day
		reason    string
		coach     bool
		challenge *domain.Challenge
		active    string
		want      string
		kept      string
	}{
		{"a day less than a week", "2026-06-14", "", true, aim, "", "ACHIEVE_BY_OUT_OF_RANGE", ""},
		{"a week", "2026-06-15", "", false, aim, "", "", ""},
		{"3 months", "2026-09-08", "", false, aim, "", "", ""},
		{"a day more than 3 months", "2026-09-09", "", true, aim, "", "ACHIEVE_BY_OUT_OF_RANGE", ""},
		{"a reason of blanks", "2026-09-09", "  ", true, aim, "", "ACHIEVE_BY_OUT_OF_RANGE", ""},
		{"a reason that is not needed", "2026-09-08", "why not", true, aim, "", "", ""},
		{"a member's reason that is not needed", "2026-06-15", "why not", false, aim, "", "", ""},
		{"a coach insists on more", "2026-09-09", " the fair ", true, aim, "", "", "the fair"},
		{"a coach insists on less", "2026-06-09", "the fair", true, aim, "", "", "the fair"},
		{"a coach insists on today", "2026-06-08", "the fair", true, aim, "", "ACHIEVE_BY_OUT_OF_RANGE", ""},
		{"a coach insists on the horizon", "2027-06-08", "the fair", true, aim, "", "", "the fair"},
		{"a coach insists on a day after the horizon", "2027-06-09", "the fair", true, aim, "", "ACHIEVE_BY_OUT_OF_RANGE", ""},
		{"a member insists", "2026-09-09", "the fair", false, aim, "", "COACH_NEEDED", ""},
		{"no challenge", "2026-07-01", "", false, nil, "", "CHALLENGE_NOT_ACTIVE", ""},
		{"the challenge was met", "2026-07-01", "", false, &domain.Challenge{State: domain.ChallengeMet}, "", "CHALLENGE_NOT_ACTIVE", ""},
		{"another is active", "2026-07-01", "", false, aim, "t", "TARGET_CONDITION_ALREADY_ACTIVE", ""},
	} {
		got, err := domain.NewTargetCondition(domain.TargetCondition{
			AchieveByDate: test.by, AchieveByReason: test.reason, OutcomeMetric: "o", OperatingPattern: "p",
		}, test.challenge, test.active, test.coach, today)
		if refusal(err) != test.want {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
		if err == nil && (got.AchieveByReason != test.kept || got.State != domain.TargetConditionActive || got.AchieveByDate != test.by) {
			t.Errorf("%s: %+v", test.name, got)
		}
		if test.want == "COACH_NEEDED" && fault.From(err).Kind != fault.PermissionDenied {
			t.Errorf("%s: %v", test.name, err)
		}
	}
}

func TestEditTargetCondition(t *testing.T) {
	const today = domain.Day("2026-06-08")
	day := func(d domain.Day) *domain.Day { return &d }
	inside := domain.TargetCondition{Name: "t", AchieveByDate: "2026-06-10", OutcomeMetric: "o", OperatingPattern: "p", ProcessMetric: "m", State: domain.TargetConditionActive} // set weeks ago
	outside := inside
	outside.AchieveByDate, outside.AchieveByReason = "2026-12-01", "the fair"
	done := inside
	done.State = domain.TargetConditionAchieved
	for _, test := range []struct {
		name   string
		before domain.TargetCondition
		change domain.TargetConditionChange
		coach  bool
		want   string
		edit   func(t *domain.TargetCondition) // what is another afterwards; nil for nothing
	}{
		{"the pattern, days before the date", inside, domain.TargetConditionChange{OperatingPattern: new("q"), AchieveByDate: day("2026-06-10")}, false, "", func(t *domain.TargetCondition) { t.OperatingPattern = "q" }},
		{"the value and the metric", inside, domain.TargetConditionChange{OutcomeValue: new(4.5), ProcessMetric: new("")}, false, "", func(t *domain.TargetCondition) { t.OutcomeValue, t.ProcessMetric = 4.5, "" }},
		{"no pattern", inside, domain.TargetConditionChange{OperatingPattern: new(" ")}, false, "OPERATING_PATTERN_MISSING", nil},
		{"nothing", inside, domain.TargetConditionChange{OperatingPattern: new("p"), AchieveByReason: new("")}, false, "", nil},
		{"a reason nobody needs", inside, domain.TargetConditionChange{AchieveByReason: new("why not")}, false, "", nil},
		{"a date inside", inside, domain.TargetConditionChange{AchieveByDate: day("2026-09-08")}, false, "", func(t *domain.TargetCondition) { t.AchieveByDate = "2026-09-08" }},
		{"a date outside", inside, domain.TargetConditionChange{AchieveByDate: day("2026-09-09")}, true, "ACHIEVE_BY_OUT_OF_RANGE", nil},
		{"a member insists", inside, domain.TargetConditionChange{AchieveByDate: day("2026-09-09"), AchieveByReason: new("x")}, false, "COACH_NEEDED", nil},
		{"a coach insists", inside, domain.TargetConditionChange{AchieveByDate: day("2026-09-09"), AchieveByReason: new("x")}, true, "", func(t *domain.TargetCondition) { t.AchieveByDate, t.AchieveByReason = "2026-09-09", "x" }},
		{"further with the reason of another date", outside, domain.TargetConditionChange{AchieveByDate: day("2027-01-01")}, false, "ACHIEVE_BY_OUT_OF_RANGE", nil},
		{"further, with that reason sent again", outside, domain.TargetConditionChange{AchieveByDate: day("2027-01-01"), AchieveByReason: new("the fair")}, false, "COACH_NEEDED", nil},
		{"past the horizon", outside, domain.TargetConditionChange{AchieveByDate: day("2027-06-09"), AchieveByReason: new("the fair")}, true, "ACHIEVE_BY_OUT_OF_RANGE", nil},
		{"back inside", outside, domain.TargetConditionChange{AchieveByDate: day("2026-09-01"), AchieveByReason: new("the fair")}, false, "", func(t *domain.TargetCondition) { t.AchieveByDate, t.AchieveByReason = "2026-09-01", "" }},
		{"sent back as it was read", outside, domain.TargetConditionChange{AchieveByDate: day("2026-12-01"), AchieveByReason: new("the fair"), OperatingPattern: new("q")}, false, "", func(t *domain.TargetCondition) { t.OperatingPattern = "q" }},
		{"a coach puts the reason otherwise", outside, domain.TargetConditionChange{AchieveByReason: new("the fair in May")}, true, "", func(t *domain.TargetCondition) { t.AchieveByReason = "the fair in May" }},
		{"a member puts the reason otherwise", outside, domain.TargetConditionChange{AchieveByReason: new("because")}, false, "COACH_NEEDED", nil},
		{"a coach takes the reason away", outside, domain.TargetConditionChange{AchieveByReason: new(" ")}, true, "ACHIEVE_BY_REASON_KEPT", nil},
		{"what was achieved", done, domain.TargetConditionChange{OperatingPattern: new("q")}, true, "TARGET_CONDITION_NOT_ACTIVE", nil},
	} {
		got, want := test.before, test.before
		if test.edit != nil {
			test.edit(&want)
		}
		events, err := got.Edit(test.change, aim, test.coach, today)
		if refusal(err) != test.want || got != want {
			t.Errorf("%s: %v, got %+v", test.name, err, got)
		}
		if changed := test.edit != nil; changed != (len(events) == 1) || changed && events[0] != domain.TargetConditionUpdated {
			t.Errorf("%s: events %v", test.name, events)
		}
	}
}

func TestCloseTargetCondition(t *testing.T) {
	for _, test := range []struct {
		name       string
		before, as domain.TargetConditionState
		reason     string
		want       string
	}{
		{"achieved", domain.TargetConditionActive, domain.TargetConditionAchieved, "", ""},
		{"achieved, and what shows it", domain.TargetConditionActive, domain.TargetConditionAchieved, "ten days of it", ""},
		{"replaced", domain.TargetConditionActive, domain.TargetConditionReplaced, "learned better", ""},
		{"replaced without a reason", domain.TargetConditionActive, domain.TargetConditionReplaced, "\t", "CLOSE_REASON_MISSING"},
		{"again", domain.TargetConditionReplaced, domain.TargetConditionAchieved, "", "TARGET_CONDITION_NOT_ACTIVE"},
	} {
		c := domain.TargetCondition{State: test.before}
		events, err := c.Close(test.as, test.reason)
		if refusal(err) != test.want {
			t.Errorf("%s: %v", test.name, err)
		}
		if test.want == "" && (c.State != test.as || c.StateReason != test.reason || len(events) != 1 || events[0] != domain.TargetConditionClosed) || test.want != "" && c.State != test.before {
			t.Errorf("%s: %v, %+v", test.name, events, c)
		}
	}
}
