package demo

import (
	"context"
	"time"
)

var payments = board{
	team: "payments", zone: "Europe/Berlin", challenge: "A change is with its users on the day that it is finished",
	metric: "review-wait", metricName: "Wait for review", unit: "h", outcomeValue: 4,
	source:   "Script over the changes of the day, median",
	pattern:  "Two people look at the review queue at nine and at two, before they take anything new",
	readings: []float64{9.1, 10.2, 8.7, 9.9, 9.6, 8.8, 10.4, 9.2, 9.7, 8.9, 9.5, 9.0},
	process:  "queue-looks", processName: "Looks at the review queue", processUnit: "per day",
	valueStream: "change-to-customer", streamName: "From idea to customer", steps: paymentsSteps(564), constraint: "Review",
	obstacles: []note{
		{"nobody-owns-the-queue", "Nobody owns the review queue in the morning"},
		{"large-changes", "Large changes are put off until the afternoon"},
		{"no-place-to-try", "A reviewer builds a change for half an hour before it can be tried"},
		{"too-many-messages", "Among two hundred messages a day nobody sees that a change waits"},
		{"security-on-thursdays", "Changes to payment forms wait for a security review that is held on Thursdays only"},
	},
	painful: []painful{
		{"restore", "Restore the database from the backup", 5, "YEARLY", "MONTHLY"},
		{"friday-release", "Release on a Friday", 3, "WEEKLY", "SEVERAL_TIMES_A_DAY"},
	},
	hours:       []float64{42, 40, 42, 36, 42, 42, 30, 42, 42, 40},
	improvement: []float64{7, 5.5, 6, 4, 8, 6.5, 3, 6, 5, 6},
	cadence:     []time.Weekday{time.Monday, time.Thursday},
}

// paymentsSteps are the steps of the value stream with the wait for review that was measured.
func paymentsSteps(reviewWait int) []body {
	return []body{
		{"name": "Intake", "processMinutes": 30, "waitMinutes": 240, "completeAccuratePercent": 90},
		{"name": "Development", "processMinutes": 360, "waitMinutes": 180, "completeAccuratePercent": 95},
		{"name": "Review", "processMinutes": 45, "waitMinutes": reviewWait, "completeAccuratePercent": 80, "rejectsReturnTo": "Development", "queueLength": 9},
		{"name": "Release", "processMinutes": 20, "waitMinutes": 120, "completeAccuratePercent": 98, "rejectsReturnTo": "Development"},
	}
}

func (t *teller) paymentsFirst(ctx context.Context) error {
	p := turn{
		board: payments, obstacle: "nobody-owns-the-queue", cycle: "first", cycleName: "Reviews that do not wait", start: -20, baseline: 9.4,
		description: "A change is shown in the team's channel; whoever has time takes it",
		experiment:  "review-rota", experimentName: "Review rota", change: "two people own the queue for a day, in turn",
		reason: "changes wait because everybody thinks that somebody else looks", expected: 5, confidence: 70,
	}
	days := t.lastDays(6, p.cadence...)
	return inOrder(ctx,
		func(ctx context.Context) error { return t.aim(ctx, p.board, p.start-len(p.readings)) },
		func(ctx context.Context) error {
			return t.freeze(ctx, p, "first", "Twelve days before anybody owned the queue", body{"firstPoints": 12})
		},
		func(ctx context.Context) error { return t.begin(ctx, p) },
		func(ctx context.Context) error { return t.coach(ctx, p.board, days[5], paymentsFirstSession(t, p)) },
		func(ctx context.Context) error { return t.run(ctx, p) },
		func(ctx context.Context) error {
			return t.conclude(ctx, p, -18, []float64{5.1, 4.6, 4.4, 5.0, 4.2, 4.8, 4.1, 4.5},
				"The wait fell on the first day and stayed below five hours",
				"An owner for the day matters more than the number of reviewers")
		},
		func(ctx context.Context) error { return t.coach(ctx, p.board, days[3], paymentsNextSession(t, p)) },
		func(ctx context.Context) error { return t.pass(ctx, p.cycleOf(), "DO") },
		func(ctx context.Context) error { return t.pass(ctx, p.cycleOf(), "CHECK") },
		func(ctx context.Context) error {
			return t.reflect(ctx, p, paymentsReflection())
		},
		func(ctx context.Context) error {
			return t.post(ctx, p.name("obstacles", p.obstacle)+":settle", body{
				"state": "OBSTACLE_STATE_OVERCOME", "reason": "The queue has had an owner every morning for two weeks",
			})
		},
		func(ctx context.Context) error { return t.pass(ctx, p.cycleOf(), "ACT") },
	)
}

func (t *teller) paymentsSecond(ctx context.Context) error {
	p := turn{
		board: payments, obstacle: "large-changes", cycle: "second", cycleName: "Smaller changes", start: -6, baseline: 4.5,
		description: "Two people own the queue for a day; small changes are read in the morning, large ones after lunch",
		experiment:  "small-changes", experimentName: "Changes below 200 lines",
		change: "changes above 200 lines are split before they are shown", reason: "a small change is read between two meetings",
		expected: 3, confidence: 55,
	}
	days := t.lastDays(2, p.cadence...)
	return inOrder(ctx,
		func(ctx context.Context) error { return t.keep(ctx, p.board) },
		func(ctx context.Context) error { return t.paymentsBoard(ctx, p) },
		func(ctx context.Context) error { return t.paymentsDeliveries(ctx, p.board) },
		func(ctx context.Context) error {
			return t.freeze(ctx, p, "with-an-owner", "The queue has an owner each day: a decision to adopt, and a known cause", body{"firstTime": t.day(-18) + "T00:00:00Z"})
		},
		func(ctx context.Context) error { return t.begin(ctx, p) },
		func(ctx context.Context) error { return t.coach(ctx, p.board, days[1], paymentsThirdSession(t, p)) },
		func(ctx context.Context) error { return t.run(ctx, p) },
		func(ctx context.Context) error {
			return t.post(ctx, p.name("metrics", p.metric)+":import", t.csv(-4, []float64{4.3, 3.9, 3.6, 3.8}))
		},
		func(ctx context.Context) error { return t.paymentsToday(ctx, p) },
		func(ctx context.Context) error {
			return t.tapToday(ctx, p.board, tap{"mina", "GOOD", "finished-work"}, tap{"jonas", "GOOD", "help"}, tap{"ravi", "BAD", "interruptions"})
		},
		func(ctx context.Context) error { return t.postpone(ctx, p, "Reviews in the afternoon", 8) },
	)
}

// paymentsBoard is what Payments changes on its board between two cycles.
func (t *teller) paymentsBoard(ctx context.Context, p turn) error {
	if err := t.postAll(ctx,
		step{p.name("obstacles", p.obstacle) + ":makeCurrent", body{}},
		step{p.name("obstacles", "too-many-messages") + ":move", body{}},
		step{p.name("obstacles", "security-on-thursdays") + ":escalate", body{
			"owner": "users/sofia", "answerByDate": t.day(8),
			"reason": "The reviewers belong to another department; only their head can give us a second day",
		}},
		step{p.name("metrics", p.process) + ":import", t.csv(-18, []float64{0, 2, 2, 1, 2, 2, 2, 1, 2, 2, 2, 2, 2, 1, 2, 2, 2, 2})},
		step{p.name("painfulActivities", "restore") + ":score", body{
			"pain": 4, "frequency": "FREQUENCY_QUARTERLY", "note": "The steps are in a script now; only the password was missing",
		}},
	); err != nil {
		return err
	}
	return t.patch(ctx, p.name("valueStreams", p.valueStream), body{"steps": paymentsSteps(270)})
}

// paymentsToday is what happens on the day that the demo is looked at: somebody pulls the cord, and a session is open whose
// reflection waits for the facts.
func (t *teller) paymentsToday(ctx context.Context, p turn) error {
	return t.postAll(ctx,
		step{p.in("andons?andonId=broken-build"), body{"problem": "The build is red and nobody knows why", "where": "main, since this morning"}},
		step{p.in("coachingSessions?coachingSessionId=" + t.day(0)), body{
			"coach": "users/mina", "learner": "users/jonas",
			"targetConditionAnswer": "A change waits four hours for its review at most",
			"actualConditionAnswer": "It waited 3.8 hours yesterday",
		}},
	)
}

// postpone names the team's drafted cycle and lets it begin on a Monday once the running one is over.
func (t *teller) postpone(ctx context.Context, p turn, cycleName string, from int) error {
	draft, err := t.drafted(ctx, p.team)
	if err != nil {
		return err
	}
	return t.patch(ctx, draft, body{"displayName": cycleName, "startDate": t.mondayFrom(from)})
}
