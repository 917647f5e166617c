package domain_test

import (
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

// said is what the warnings say: each reason with the words that were found.
func said(warnings []domain.Warning) string {
	var all []string
	for _, w := range warnings {
		all = append(all, w.Reason+" "+w.Words)
	}
	return strings.Join(all, "; ")
}

func TestWordingOfAnOperatingPattern(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		// What a team would write that has understood it. None of it warns.
		{"Reviews start within the hour.", ""},
		{"The reduced queue is worked off by noon.", ""},
		{"Two people look at the queue at 9:00 and at 14:00.", ""},
		{"Two people look at the queue without being asked.", ""}, // how something is done, not what is absent
		{"twice a day", ""},
		{"A change waits no longer than one hour, and no more than 3 changes wait.", ""}, // limits are numbers
		{"Reviews are answered not later than noon; never more than 3 are open.", ""},
		{"The line stops when the build is not green.", ""}, // a condition in a positive state
		{"Cards that are not ready go back to the author.", ""},
		{"Should the build break, the pair that broke it stops and mends it.", ""},
		{"We cut a release every day at 10.", ""},
		{"We cut scope with the product owner every Monday.", ""},
		{"We implement each story in pairs.", ""},
		{"We use the checklist on every change.", ""},
		{"We deploy every change on the day it is merged.", ""},
		{"Increasing load is worked off by the second pair.", ""},
		{"An increase in load is seen within 1.5 hours.", ""},
		{"Increase in the queue calls the coach.", ""},
		{"The pair reacts to increase of the queue, due to increase in load.", ""},
		{"Everybody knows what should happen next.", ""},
		{"The tester picks the next card at will.", ""},
		{"Every change is reviewed, without exception.", ""},
		{"Whether or not the build is green, somebody looks at it.", ""},
		{"The buyer confirms the installation on the same day.", ""},
		{"Introduced changes are measured for two weeks.", ""},
		{"Die Prüfung beginnt, das Team will nicht warten und wir reduce nichts.", ""}, // not in English

		// Activities.
		{"Reduce the wait for a review", "STATES_AN_ACTIVITY Reduce"},
		{"We want to improve quality", "STATES_AN_ACTIVITY improve"},
		{"- increase the share of small changes", "STATES_AN_ACTIVITY increase"},
		{"Minimise rework; optimize the hand-over", "STATES_AN_ACTIVITY Minimise, optimize"},
		{"In the mornings, speed up the reviews", "STATES_AN_ACTIVITY speed up"},
		{"Cut lead time to a day", "STATES_AN_ACTIVITY Cut"},
		{"Continuously decrease the queue", "STATES_AN_ACTIVITY decrease"},
		{"Reducing the number of open changes", "STATES_AN_ACTIVITY Reducing"},
		{"The pair meets daily to shorten the queue", "STATES_AN_ACTIVITY shorten"},

		// Solutions.
		{"Introduce a rota", "STATES_A_SOLUTION Introduce"},
		{"We implement a review bot", "STATES_A_SOLUTION implement"},
		{"We migrate the tests to containers", "STATES_A_SOLUTION migrate the tests to"},
		{"Buy more runners, and hire a tester", "STATES_A_SOLUTION Buy, hire"},
		{"We use a tool that assigns reviews", "STATES_A_SOLUTION use a tool"},
		{"Reviews are handed out by a new review tool", "STATES_A_SOLUTION new review tool"},
		{"Roll out trunk-based development", "STATES_A_SOLUTION Roll out"},

		// Absences.
		{"There are no open reviews over night", "STATES_AN_ABSENCE no open"},
		{"Reviews no longer pile up", "STATES_AN_ABSENCE no longer"},
		{"No more waiting", "STATES_AN_ABSENCE No more"},
		{"The build is never red", "STATES_AN_ABSENCE never red"},
		{"Changes don’t wait", "STATES_AN_ABSENCE don’t"},
		{"Releases go out without manual steps, and nobody waits", "STATES_AN_ABSENCE without manual, nobody"},
		{"Changes do not wait", "STATES_AN_ABSENCE not wait"},

		// The future, and everything at once.
		{"Reviews will start within the hour", "STATES_THE_FUTURE will"},
		{"Two people should look at the queue", "STATES_THE_FUTURE should"},
		{"The team is going to look twice a day; we'll pair", "STATES_THE_FUTURE going to, we'll"},
		{
			"We will reduce the queue, introduce a rota, and the build is not red.",
			"STATES_AN_ACTIVITY reduce; STATES_A_SOLUTION introduce; STATES_AN_ABSENCE not red; STATES_THE_FUTURE will",
		},
	} {
		got := domain.TargetConditionWarnings(&domain.TargetCondition{OperatingPattern: test.text, ProcessMetric: "m"})
		if said(got) != test.want {
			t.Errorf("%q: %q, want %q", test.text, said(got), test.want)
		}
		for _, w := range got {
			if w.Field != "operating_pattern" || w.Description == "" {
				t.Errorf("%q: %+v", test.text, w)
			}
		}
	}
}

func TestWithoutAProcessMetric(t *testing.T) {
	got := domain.TargetConditionWarnings(&domain.TargetCondition{OperatingPattern: "Reviews start within the hour."})
	if len(got) != 1 || got[0].Reason != "PROCESS_METRIC_MISSING" || got[0].Field != "process_metric" || got[0].Words != "" || got[0].Description == "" {
		t.Errorf("got %+v", got)
	}
}

func TestWordingOfAnObstacle(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"the queue", ""},
		{"Nobody knows which reviews wait since when.", ""},
		{"The wait time varies between 1 h and 3 days.", ""},
		{"The build takes too much time: 40 minutes.", ""},
		{"There is no time limit for a review.", ""},
		{"Deploys run at the same time.", ""},
		{"Reviews need more time than planned.", ""},
		{"No wait time is measured.", ""},
		{"No script finishes before noon.", ""},
		{"Nothing goes live without the platform team.", ""},
		{"The tool shows yesterday's numbers.", ""},
		{"We need to wait for two approvals.", ""},
		{"No developer looks at the queue before noon.", ""},
		{"Nobody sees that the dashboard is missing data.", ""},
		{"Write access is granted by one person only.", ""},
		{"Update times differ between stores.", ""},
		{"Review takes 19 h.", ""},
		{"Fix versions are guessed.", ""},
		{"The pair that writes the tests is not the one that runs them.", ""},
		{"In no time the queue is full again.", ""},
		{"Es fehlt die Zeit, und das Team ist nicht da, no time", ""}, // not in English

		{"Time", "STATES_A_LACK_OF_TIME Time"},
		{"We have no time for reviews", "STATES_A_LACK_OF_TIME no time"},
		{"lack of time", "STATES_A_LACK_OF_TIME lack of time"},
		{"There is not enough time to pair.", "STATES_A_LACK_OF_TIME not enough time"},
		{"The team doesn't have the time.", "STATES_A_LACK_OF_TIME have the time"},
		{"Nobody finds time for the queue.", "STATES_A_LACK_OF_TIME finds time"},
		{"Everybody is too busy.", "STATES_A_LACK_OF_TIME too busy"},
		{"We need more time", "STATES_A_LACK_OF_TIME need more time"},

		{"There is no ticket tool", "STATES_A_MISSING_SOLUTION no ticket tool"},
		{"Lack of documentation", "STATES_A_MISSING_SOLUTION Lack of documentation"},
		{"We need a better dashboard", "STATES_A_MISSING_SOLUTION need a better dashboard"},
		{"missing test automation", "STATES_A_MISSING_SOLUTION missing test automation"},
		{"A staging environment is missing.", "STATES_A_MISSING_SOLUTION environment is missing"},
		{"We don't have a review bot.", "STATES_A_MISSING_SOLUTION have a review bot"},
		{"Not enough developers", "STATES_A_MISSING_SOLUTION Not enough developers"},

		{"Write the release notes", "STATES_A_TASK Write"},
		{"fix flaky tests", "STATES_A_TASK fix"},
		{"Update the wiki", "STATES_A_TASK Update"},
		{"We need to migrate the database.", "STATES_A_TASK We need to migrate"},
		{"- Set up a second runner", "STATES_A_TASK Set up"},
		{"Please ask the vendor", "STATES_A_TASK Please ask"},
		{"Buy a tool because there is no time", "STATES_A_LACK_OF_TIME no time; STATES_A_TASK Buy"},
	} {
		got := domain.ObstacleWarnings(test.text)
		if said(got) != test.want {
			t.Errorf("%q: %q, want %q", test.text, said(got), test.want)
		}
		for _, w := range got {
			if w.Field != "description" || w.Description == "" {
				t.Errorf("%q: %+v", test.text, w)
			}
		}
	}
}

// Whatever the text is: nothing panics, each reason comes once, and the words that are told stand in the text.
func FuzzWording(f *testing.F) {
	for _, seed := range []string{"Reduce the wait, to improve.", "no", "not", "without", "time", "\xff’s\x00", "new\ntool", "İ will NOT ﬁx", "we'll 1.", "a'’-", "needs a"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		pattern := domain.TargetConditionWarnings(&domain.TargetCondition{OperatingPattern: text, ProcessMetric: "m"})
		for _, warnings := range [][]domain.Warning{pattern, domain.ObstacleWarnings(text)} {
			seen := map[string]bool{}
			for _, w := range warnings {
				if seen[w.Reason] || w.Words == "" {
					t.Errorf("%q: %+v", text, w)
				}
				seen[w.Reason] = true
				for words := range strings.SplitSeq(w.Words, ", ") {
					if !strings.Contains(text, words) {
						t.Errorf("%q: %q is not in the text", text, words)
					}
				}
			}
		}
	})
}
