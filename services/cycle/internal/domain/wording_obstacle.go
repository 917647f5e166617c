package domain

import "strings"

// obstacleChecks are what the description of an obstacle is read for, after the same rules of thumb: an obstacle is removed by
// learning, otherwise it is a to-do, and time is none.
var obstacleChecks = []check{
	{
		"STATES_A_LACK_OF_TIME",
		"time is no obstacle, as nothing can be learned about it; describe what takes the time, or what keeps the step from being taken",
		findLackOfTime,
	},
	{
		"STATES_A_MISSING_SOLUTION",
		"the lack of a remedy is the remedy put the other way round; describe what happens now, so that more than one remedy can be tried",
		findMissingSolution,
	},
	{
		"STATES_A_TASK",
		"a to-do needs no learning, so it can just be done; an obstacle is what is not understood yet: describe what is in the way",
		findTask,
	},
}

var (
	lackOf = []string{
		"no", "lack of", "lacks", "lacking", "shortage of", "short of", "short on", "out of", "insufficient", "not enough", "not much", "too little",
		"hardly any", "need", "needs",
	}
	// ofTime make another thing of the time before them: "no time limit".
	ofTime  = wordsOf("limit limits slot slots zone zones stamp stamps frame frames series tracking window windows box boxes sheet sheets data out")
	having  = wordsOf("have has had find finds get gets got")
	hardly  = wordsOf("not never cannot nobody none hardly")
	amounts = wordsOf("spare enough more much extra free real dedicated the any some")
)

func findLackOfTime(c clause, i int) (int, bool) {
	if last, found := c.phrases(i, []string{"time pressure", "too busy"}); found {
		return last, true
	}
	if c.first && i == 0 && len(c.words) <= 2 && c.at(len(c.words)-1) == "time" && c.is(0, wordsOf("time the our")) {
		return len(c.words) - 1, true
	}
	for _, lead := range lackOf {
		last, found := c.phrase(i, lead)
		if !found || c.at(i-1) == "in" { // "in no time"
			continue
		}
		place := last + 1
		if c.is(place, amounts) {
			place++
		}
		// "needs more time than planned" tells how long something takes
		_, compared := c.any(place+1, len(c.words), wordsOf("than"))
		if c.at(place) == "time" && !c.is(place+1, ofTime) && !compared {
			return place, true
		}
	}
	if c.is(i, having) && c.denied(i) {
		place, found := c.any(i+1, i+3, wordsOf("time"))
		return place, found && !c.is(place+1, ofTime)
	}
	return 0, false
}

// denied tells whether a negation stands close before place i.
func (c clause) denied(i int) bool {
	for before := max(0, i-3); before < i; before++ {
		if c.is(before, hardly) || strings.HasSuffix(c.at(before), "n't") {
			return true
		}
	}
	return false
}

var (
	without = []string{
		"no", "lack of", "lacks", "lacking", "missing", "without", "absence of", "not enough", "too few", "need a", "need an", "need new", "need better",
		"need more", "need another", "need some", "needs a", "needs an", "needs new", "needs better", "needs more", "needs another", "have a", "have any", "have an",
	}
	solutions = wordsOf(
		"tool tools tooling software plugin plugins plug-in app platform framework bot automation dashboard dashboards script scripts licence licences license",
		"licenses template templates pipeline pipelines wiki documentation training environment environments",
	)
	// people are a missing solution where more of them are wanted; "no developer looks at the queue" tells a fact.
	people = wordsOf("people staff headcount developer developers tester testers engineer engineers")
)

func findMissingSolution(c clause, i int) (int, bool) {
	if c.is(i, solutions) {
		last, found := c.phrases(i+1, []string{"is missing", "are missing"})
		return last, found && (last == len(c.words)-1 || c.is(last+1, wordsOf("for in to")))
	}
	for _, lead := range without {
		last, found := c.phrase(i, lead)
		if !found || c.at(i) == "have" && !c.denied(i) {
			continue
		}
		if place, found := c.any(last+1, last+3, solutions); found && !c.acts(place) {
			return place, true
		}
		if strings.Contains(lead, " ") || strings.HasPrefix(lead, "lack") {
			if place, found := c.any(last+1, last+2, people); found {
				return place, true
			}
		}
	}
	return 0, false
}

// acts tells whether the noun at place i only helps to name somebody, or does something itself: "without the platform team", "no script
// finishes before noon".
func (c clause) acts(i int) bool {
	next := c.at(i + 1)
	return c.is(i+1, wordsOf("team teams vendor owner")) || strings.HasSuffix(next, "s") && next != "is" && next != "exists"
}

var (
	// tasks are verbs that begin a to-do. Those that are as often nouns need an article: "update the wiki", not "update times differ".
	tasks = wordsOf(
		"write rewrite fix migrate add remove create delete refactor rename install implement introduce automate configure replace organise organize buy",
		"hire improve reduce investigate ensure clarify make",
	)
	maybeTasks = wordsOf("update upgrade document deploy build test review schedule call release change plan train move check run ask tell restart merge")
	// notDone follow a verb that is none: "write access is missing", "fix versions differ", "fix takes a day".
	notDone = wordsOf(
		"access permission permissions lock locks rights speed throughput latency version versions is are was were takes take took has have had needs need fails depends",
	)
)

func findTask(c clause, i int) (int, bool) {
	if !c.first || i != 0 {
		return 0, false
	}
	at := 0
	for c.is(at, wordsOf("please just first")) {
		at++
	}
	if last, found := c.phrases(at, []string{
		"we need to", "we must", "we should", "need to", "must", "someone should", "somebody should", "the team needs to", "the team should",
	}); found {
		at = last + 1
	}
	switch {
	case c.is(at, tasks):
		return at, !c.is(at+1, notDone)
	case c.is(at, maybeTasks):
		return at, c.is(at+1, determiners)
	}
	return c.phrases(at, []string{"set up", "clean up", "roll out", "talk to", "get rid of"})
}
