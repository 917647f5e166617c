package demo

import (
	"context"
	"time"
)

var platform = board{
	team: "platform", zone: "America/New_York", challenge: "Nobody waits for an environment",
	metric: "environment-wait", metricName: "Wait for an environment", unit: "h", outcomeValue: 1,
	source:   "Times of the tickets",
	pattern:  "Environments are made on demand and go away by themselves",
	readings: []float64{28, 31, 34, 27, 30, 33, 29, 32, 26, 30},
	process:  "made-on-demand", processName: "Environments that were made without a request", processUnit: "%",
	valueStream: "request-to-environment", streamName: "From request to environment", constraint: "Provision",
	steps: []body{
		{"name": "Request", "processMinutes": 10, "waitMinutes": 0, "completeAccuratePercent": 70},
		{"name": "Approval", "processMinutes": 5, "waitMinutes": 240},
		{"name": "Provision", "processMinutes": 45, "waitMinutes": 1440, "completeAccuratePercent": 85, "rejectsReturnTo": "Request", "queueLength": 14},
		{"name": "Hand-over", "processMinutes": 15, "waitMinutes": 60, "completeAccuratePercent": 95, "rejectsReturnTo": "Provision"},
	},
	obstacles: []note{
		{"queue-without-owner", "Requests for environments lie in a queue that nobody owns in the morning"},
		{"unclear-requests", "Three of ten requests do not say which data the environment needs"},
		{"no-tool", "We have no tool with which people make an environment themselves"},
	},
	painful:     []painful{{"rotate-certificates", "Exchange the certificates", 5, "YEARLY", "MONTHLY"}},
	hours:       []float64{24, 24, 24, 24, 20, 24, 24, 24, 24, 24},
	improvement: []float64{3, 2, 2.5, 0, 1, 2, 3, 0, 2, 1},
	cadence:     []time.Weekday{time.Monday, time.Wednesday, time.Friday},
}

func (t *teller) platform(ctx context.Context) error {
	p := turn{
		board: platform, obstacle: "queue-without-owner", cycle: "first", cycleName: "Environments on demand", start: -1, baseline: 30,
		description: "A request is a ticket; somebody takes it when there is time",
		experiment:  "owner-of-the-day", experimentName: "Owner of the day", change: "one person owns the queue for a day",
		reason: "Payments found that an owner matters more than the number of hands", expected: 12, confidence: 50,
	}
	return inOrder(ctx,
		func(ctx context.Context) error { return t.aim(ctx, p.board, p.start-len(p.readings)) },
		func(ctx context.Context) error {
			return t.post(ctx, p.name("obstacles", p.obstacle)+":link", body{"sameAs": payments.name("obstacles", "nobody-owns-the-queue")})
		},
		func(ctx context.Context) error { return t.begin(ctx, p) },
		func(ctx context.Context) error { return t.keep(ctx, p.board) },
		func(ctx context.Context) error {
			return t.coach(ctx, p.board, t.lastDays(1, p.cadence...)[0], platformSession(t, p))
		},
	)
}
