package domain

import "strings"

// patternChecks are what an operating pattern is read for. The rules of thumb are those of the improvement kata (Mike Rother): a target
// condition describes a state as if it were there already, not a negative one, with no solution in it and without verbs such as reduce.
var patternChecks = []check{
	{
		"STATES_AN_ACTIVITY",
		`an activity has no end at which it is achieved; describe how the work runs then, for instance "a review starts within the hour" instead of "reduce the wait"`,
		findActivity,
	},
	{
		"STATES_A_SOLUTION",
		"a solution leaves nothing to be learned; describe what is then so, and let experiments find out how to get there",
		findSolution,
	},
	{
		"STATES_AN_ABSENCE",
		"nobody can go and see what is absent; describe what happens instead",
		findAbsence,
	},
	{
		"STATES_THE_FUTURE",
		"describe the condition as if it were there already, in the present tense",
		findFuture,
	},
}

var (
	determiners = wordsOf("the a an our all its their this these that those every each any my your")
	// leaders may stand before a verb that begins a clause.
	leaders = wordsOf("and or then please first finally also always just")
	// commanders stand before a verb that says what somebody is to do.
	commanders = wordsOf("we will shall should must please let's to")
	// nounTo stand before a "to" that no verb follows.
	nounTo = wordsOf("due thanks owing prior response according")

	activities = wordsOf(
		"reduce improve increase decrease minimise minimize maximise maximize optimise optimize shorten eliminate accelerate enhance streamline halve boost lessen cut",
	)
	goingOn = wordsOf(
		"reducing improving increasing decreasing minimising minimizing maximising maximizing optimising optimizing shortening eliminating",
		"accelerating enhancing streamlining halving boosting cutting",
	)
	// cuttable is what a team cuts without reducing anything.
	cuttable = wordsOf("release releases branch branches tag tags version versions scope")

	remedies = wordsOf("introduce implement install buy purchase hire adopt automate outsource")
	// workItems are what a team implements in its daily work.
	workItems = wordsOf("story stories card cards ticket tickets item items change changes feature features")
	tools     = wordsOf("tool tools tooling software plugin plugins plug-in plug-ins app apps platform platforms framework frameworks bot bots")
)

// commanded tells whether a verb at place i says what somebody is to do: it begins its clause, or follows "we", "to" and the like.
func (c clause) commanded(i int) bool {
	for i > 0 && (c.is(i-1, leaders) || strings.HasSuffix(c.at(i-1), "ly")) {
		i--
	}
	return i == 0 || c.is(i-1, commanders) && !(c.at(i-1) == "to" && c.is(i-2, nounTo))
}

func findActivity(c clause, i int) (int, bool) {
	switch {
	case c.is(i, goingOn):
		return i, i == 0 && c.is(i+1, determiners) // "increasing load is worked off" tells of the load
	case !c.commanded(i):
		return 0, false
	case c.is(i, activities):
		_, release := c.any(i+1, i+3, cuttable)
		noun := c.at(i+1) == "in" || c.at(i+1) == "of"
		return i, !noun && !(c.at(i) == "cut" && release)
	}
	return c.phrases(i, []string{"speed up", "speed things up", "get rid of"})
}

func findSolution(c clause, i int) (int, bool) {
	if c.at(i) == "new" {
		return c.any(i+1, i+2, tools)
	}
	if !c.commanded(i) {
		return 0, false
	}
	switch at := c.at(i); {
	case at == "implement":
		_, daily := c.any(i+1, i+3, workItems)
		return i, !daily
	case c.is(i, remedies):
		return i, true
	case at == "use":
		return c.any(i+1, i+4, tools)
	case at == "migrate":
		return c.any(i+1, i+5, wordsOf("to"))
	}
	return c.phrase(i, "roll out")
}

var (
	// subordinate words begin a condition or tell of something else than the state: "stops when the build is not green".
	subordinate = wordsOf("if when whenever unless until once while because that which who whom whose what whether where why how")
	// limits make a number of a negation: "not later than", "no more than", "never more than".
	limits = wordsOf("later more less fewer longer before until earlier sooner only just matter")
	nobody = wordsOf("nobody nothing none no-one cannot")
	idioms = wordsOf("exception exceptions fail delay hesitation interruption anybody anyone somebody someone")
)

func findAbsence(c clause, i int) (int, bool) {
	if _, aside := c.any(0, i-1, subordinate); aside {
		return 0, false
	}
	next := c.at(i + 1)
	after := min(i+1, len(c.words)-1)
	switch at := c.at(i); at {
	case "no":
		// "no more waiting" and "no longer" are absences, "no more than three" is a limit
		if (next == "more" || next == "longer") && c.at(i+2) != "than" {
			return after, true
		}
		return after, next != "" && !limits[next] && !digit(next)
	case "not":
		return after, !limits[next] && !c.is(i-1, wordsOf("if or why"))
	case "never":
		return after, !limits[next]
	case "without":
		return after, next != "" && !idioms[next] && !strings.HasSuffix(next, "ing") // "without being asked" says how something is done
	default:
		return i, nobody[at] && next != "but" || strings.HasSuffix(at, "n't")
	}
}

func findFuture(c clause, i int) (int, bool) {
	if _, relative := c.any(i-3, i-1, wordsOf("what who which whether how where that as")); relative {
		return 0, false
	}
	switch at := c.at(i); at {
	case "will":
		// at the beginning it is a name or a question
		return i, i > 0 && !c.is(i-1, wordsOf("at good free the a own")) && !strings.HasSuffix(c.at(i-1), "'s")
	case "shall":
		return i, true
	case "should":
		return i, i > 0 // "should the build break, …" is a condition
	case "going":
		return i + 1, c.at(i+1) == "to" && c.is(i-1, wordsOf("is are be am"))
	default:
		return i, strings.HasSuffix(at, "'ll")
	}
}

func digit(word string) bool { return word != "" && word[0] >= '0' && word[0] <= '9' }
