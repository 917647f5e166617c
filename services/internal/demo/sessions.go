package demo

// paymentsFirstSession is held before the first step: there is nothing yet that one could reflect on.
func paymentsFirstSession(t *teller, p turn) body {
	return body{
		"coach": "users/mina", "learner": "users/jonas",
		"targetConditionAnswer": "A change waits four hours for its review, because two people look at the queue at nine and at two",
		"actualConditionAnswer": "It waits nine hours and a half",
		"obstaclesAnswer":       "Nobody owns the queue in the morning; large changes are put off; a change takes half an hour to build. We take the first",
		"obstacle":              p.name("obstacles", p.obstacle),
		"nextStep":              "Two people own the queue for a day, in turn",
		"nextExpected":          "The wait falls to five hours, because nobody can think that somebody else looks",
		"goAndSeeDate":          t.day(-18),
		"experiment":            p.experimentOf(),
	}
}

// paymentsNextSession is held when the numbers of the first step are in.
func paymentsNextSession(t *teller, p turn) body {
	return body{
		"coach": "users/mina", "learner": "users/jonas",
		"targetConditionAnswer": "A change waits four hours for its review at most",
		"actualConditionAnswer": "It waits between four and five hours",
		"lastStep":              "Two people owned the queue for a day, in turn",
		"expected":              "The wait falls to five hours",
		"happened":              "It fell to five hours on the first day, and below after it",
		"learned":               "An owner for the day matters more than the number of reviewers",
		"obstaclesAnswer":       "The queue has an owner now. We stay with it until we have seen it for two weeks",
		"obstacle":              p.name("obstacles", p.obstacle),
		"nextStep":              "Look at the changes that still wait longer than a day",
		"nextExpected":          "Most of them are large",
		"goAndSeeDate":          t.day(-7),
	}
}

// paymentsThirdSession is the one in which the second experiment was found. Ravi learns to coach; Mina watches him.
func paymentsThirdSession(t *teller, p turn) body {
	return body{
		"coach": "users/ravi", "learner": "users/jonas", "secondCoach": "users/mina",
		"targetConditionAnswer": "A change waits four hours for its review at most, because two people look at the queue at nine and at two",
		"actualConditionAnswer": "It waits four and a half hours; what is large waits until the afternoon",
		"lastStep":              "Two people owned the queue for a day, in turn",
		"expected":              "The wait falls to five hours",
		"happened":              "It fell to four and a half hours, from the first day on",
		"learned":               "An owner for the day matters more than the number of reviewers",
		"obstaclesAnswer":       "Large changes are put off; a change takes half an hour to build; messages hide that one waits. We take the large changes",
		"obstacle":              p.name("obstacles", p.obstacle),
		"nextStep":              "Split changes above 200 lines before they are shown",
		"nextExpected":          "The wait falls to three hours, because a small change is read between two meetings",
		"goAndSeeDate":          t.day(1),
		"experiment":            p.experimentOf(),
	}
}

// mobileSession is a session that came to the threshold of knowledge: nobody knows where the minutes go.
func mobileSession(t *teller) body {
	return body{
		"coach": "users/mina", "learner": "users/aiko",
		"targetConditionAnswer": "A build takes ten minutes, because it starts with what changed and takes the rest as it was",
		"actualConditionAnswer": "It takes 24.7 minutes, although two thirds of its steps are taken as they were",
		"lastStep":              "The cache was filled every night",
		"expected":              "Builds take 14 minutes",
		"happened":              "They take almost 25: three minutes more than before",
		"learned":               "Fetching the cache costs more than it saves",
		"thresholdQuestion":     "COACHING_QUESTION_OBSTACLES",
		"thresholdNote":         "Nobody knows how many of the 25 minutes go into fetching, and how many into compiling",
		"nextStep":              "Take the time of fetching and of compiling apart, on ten builds",
		"nextExpected":          "Fetching takes more than half of it",
		"goAndSeeDate":          t.day(2),
	}
}

// platformSession is a first session: there was no step yet that one could reflect on.
func platformSession(t *teller, p turn) body {
	return body{
		"coach": "users/mina", "learner": "users/lea",
		"targetConditionAnswer": "Whoever needs an environment has one within the hour",
		"actualConditionAnswer": "They wait 30 hours; 14 requests lie in the queue",
		"obstaclesAnswer":       "Nobody owns the queue, and three of ten requests are unclear. We take the queue",
		"obstacle":              p.name("obstacles", p.obstacle),
		"nextStep":              "One person owns the queue for a day",
		"nextExpected":          "The wait falls to twelve hours",
		"goAndSeeDate":          t.day(3),
		"experiment":            p.experimentOf(),
	}
}
