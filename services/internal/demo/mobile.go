package demo

import (
	"context"
	"time"
)

var mobile = board{
	team: "mobile", zone: "Asia/Tokyo", challenge: "Every build that is green can be shipped within the hour",
	metric: "build-time", metricName: "Build time", unit: "min", outcomeValue: 10,
	source:   "Build server, median of the day",
	pattern:  "A build starts with what changed and takes the rest as it was",
	readings: []float64{21.8, 22.4, 22.9, 21.5, 22.0, 22.6, 21.9, 22.3, 21.7, 22.2},
	process:  "steps-reused", processName: "Build steps that were taken as they were", processUnit: "%",
	valueStream: "commit-to-phone", streamName: "From commit to phone", constraint: "Build",
	steps: []body{
		{"name": "Build", "processMinutes": 22, "waitMinutes": 48, "completeAccuratePercent": 92, "queueLength": 4},
		{"name": "Test on devices", "processMinutes": 35, "waitMinutes": 20, "completeAccuratePercent": 85, "rejectsReturnTo": "Build"},
		{"name": "Sign", "processMinutes": 5, "waitMinutes": 15, "completeAccuratePercent": 100},
		{"name": "Hand to the store", "processMinutes": 10, "waitMinutes": 30, "completeAccuratePercent": 98, "rejectsReturnTo": "Build"},
	},
	obstacles: []note{
		{"cold-start", "Every build starts from nothing"},
		{"flaky-tests", "A test fails now and then, and the whole build is run once more"},
		{"one-signing-key", "Only one machine may sign, and it is often asleep"},
	},
	painful:     []painful{{"store-release", "Hand a release to the store", 4, "MONTHLY", "WEEKLY"}},
	hours:       []float64{30, 30, 24, 30, 30, 30, 30, 18, 30, 30},
	improvement: []float64{4, 3, 2, 5, 4, 4.5, 3, 1, 4, 3},
	cadence:     []time.Weekday{time.Tuesday, time.Friday},
}

func (t *teller) mobile(ctx context.Context) error {
	return inOrder(ctx, t.mobileFirst, t.mobileSecond, t.mobileThird)
}

// mobileFirst gives an idea up: that is a result, too.
func (t *teller) mobileFirst(ctx context.Context) error {
	p := turn{
		board: mobile, obstacle: "cold-start", cycle: "first", cycleName: "Faster machines", start: -42, baseline: 22.1,
		description: "Each build checks everything out and compiles all of it",
		experiment:  "bigger-machines", experimentName: "Bigger machines", change: "builds run on machines with twice the cores",
		reason: "a compiler uses every core that it gets", expected: 14, confidence: 75,
	}
	return inOrder(ctx,
		func(ctx context.Context) error { return t.aim(ctx, p.board, p.start-len(p.readings)) },
		func(ctx context.Context) error { return t.begin(ctx, p) },
		func(ctx context.Context) error { return t.run(ctx, p) },
		func(ctx context.Context) error {
			return t.conclude(ctx, p, -40, []float64{21.7, 22.0, 21.5, 22.3, 21.9, 21.6, 22.1, 21.8},
				"Nothing changed: one core works and the others wait for it",
				"The build is one long chain; more cores do not shorten a chain")
		},
		func(ctx context.Context) error { return t.pass(ctx, p.cycleOf(), "DO") },
		func(ctx context.Context) error { return t.pass(ctx, p.cycleOf(), "CHECK") },
		func(ctx context.Context) error {
			return t.reflect(ctx, p, mobileReflection())
		},
		func(ctx context.Context) error {
			return t.post(ctx, p.cycleOf()+"/retrospective/actions/return-the-machines:complete", body{
				"effect": "ACTION_EFFECT_WORKED", "result": "They went back on the same day; their rent pays for the faster disks",
			})
		},
		func(ctx context.Context) error { return t.pass(ctx, p.cycleOf(), "ACT") },
	)
}

// mobileSecond ends with a coach's reason at its last gate, and leaves the obstacle stuck.
func (t *teller) mobileSecond(ctx context.Context) error {
	p := turn{
		board: mobile, obstacle: "cold-start", cycle: "second", cycleName: "Two builds side by side", start: -27, baseline: 21.9,
		description: "One job builds everything, one thing after the other",
		experiment:  "two-jobs", experimentName: "Two jobs", change: "the app and its tests are built by two jobs side by side",
		reason: "the two halves need little of each other", expected: 14, confidence: 65,
	}
	return inOrder(ctx,
		func(ctx context.Context) error { return t.begin(ctx, p) },
		func(ctx context.Context) error { return t.run(ctx, p) },
		func(ctx context.Context) error {
			return t.conclude(ctx, p, -25, []float64{20.9, 21.3, 20.6, 21.1, 20.8, 21.4, 20.7, 21.0},
				"It became one minute faster: both jobs begin with the same fifteen minutes",
				"Two builds that start from nothing do the same work twice")
		},
		func(ctx context.Context) error { return t.mobileGameDay(ctx, p) },
		func(ctx context.Context) error { return t.pass(ctx, p.cycleOf(), "DO") },
		func(ctx context.Context) error { return t.pass(ctx, p.cycleOf(), "CHECK") },
		func(ctx context.Context) error {
			return t.post(ctx, p.cycleOf()+":advance", body{
				"phase": "PHASE_ACT", "coachReason": "Half the team is at the trade fair; we hold this retrospective together with the next one",
			})
		},
	)
}

func (t *teller) mobileThird(ctx context.Context) error {
	p := turn{
		board: mobile, obstacle: "cold-start", cycle: "third", cycleName: "Builds that remember", start: -11, baseline: 21.0,
		description: "Two jobs build the app and its tests; both start from nothing",
		experiment:  "warm-cache", experimentName: "Warm cache", change: "the build cache is filled every night",
		reason: "most of the time goes into compiling what did not change", expected: 14, confidence: 80,
	}
	return inOrder(ctx,
		func(ctx context.Context) error { return t.begin(ctx, p) },
		func(ctx context.Context) error { return t.run(ctx, p) },
		func(ctx context.Context) error {
			return t.postAll(ctx,
				step{p.in("andons?andonId=disk-full"), body{"problem": "Builds end with “no space left on device”", "where": "the third machine"}},
				step{p.cycleOf() + "/andons/disk-full:resolve", body{"countermeasure": "Caches older than three days are removed at four in the morning, before the new one is filled"}},
				step{p.name("metrics", p.process) + ":import", t.csv(-9, []float64{48, 61, 63, 60, 64, 62, 65, 63})},
			)
		},
		func(ctx context.Context) error {
			return t.conclude(ctx, p, -9, []float64{24.1, 25.0, 24.6, 25.3, 24.4, 24.9, 25.1, 24.7},
				"Builds became slower: fetching the cache takes longer than compiling did",
				"The network between machine and cache is the bottleneck, not the compiler")
		},
		func(ctx context.Context) error { return t.pass(ctx, p.cycleOf(), "DO") },
		func(ctx context.Context) error { return t.keep(ctx, p.board) },
		func(ctx context.Context) error {
			return t.coach(ctx, p.board, t.lastDays(1, p.cadence...)[0], mobileSession(t))
		},
		func(ctx context.Context) error {
			return t.post(ctx, p.cycleOf()+":extend", body{
				"endDate": t.day(5), "reason": "The machines were moved to another room and stood still for two days",
			})
		},
		func(ctx context.Context) error { return t.postpone(ctx, p, "Next to the cache", 5) },
	)
}
