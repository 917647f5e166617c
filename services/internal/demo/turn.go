package demo

import (
	"context"
	"fmt"
)

// turn is one cycle of a team with its experiment.
type turn struct {
	board
	obstacle                   string
	cycle, cycleName           string
	start                      int // days from today
	baseline                   float64
	description                string // how the work runs at the baseline
	experiment, experimentName string
	change, reason             string
	expected                   float64
	confidence                 int
}

func (p turn) cycleOf() string      { return p.name("cycles", p.cycle) }
func (p turn) experimentOf() string { return p.cycleOf() + "/experiments/" + p.experiment }

// begin starts the team's cycle and drafts its experiment.
func (t *teller) begin(ctx context.Context, p turn) error {
	return t.postAll(ctx,
		step{p.in("cycles?cycleId=" + p.cycle), body{
			"displayName": p.cycleName, "startDate": t.day(p.start),
			"currentCondition": body{
				"metric": p.name("metrics", p.metric), "baselineValue": p.baseline, "baselineDate": t.day(p.start), "description": p.description,
			},
			"valueStreamFocus": body{"step": p.constraint, "valueStream": p.name("valueStreams", p.valueStream)},
		}},
		step{p.cycleOf() + "/experiments?experimentId=" + p.experiment, body{
			"displayName": p.experimentName, "obstacle": p.name("obstacles", p.obstacle),
			"prediction": body{
				"change": p.change, "metric": p.name("metrics", p.metric), "baselineValue": p.baseline, "expectedValue": p.expected,
				"byDate": t.day(max(p.start+10, 1)), "reason": p.reason, "confidencePercent": p.confidence,
				"falsification": fmt.Sprintf("It still stands at %g on that day", p.baseline),
			},
			"safeToFail": "It can be undone the same day",
		}},
	)
}

// run locks the prediction, goes through the gate and starts the experiment.
func (t *teller) run(ctx context.Context, p turn) error {
	if err := t.post(ctx, p.experimentOf()+":lock", body{}); err != nil {
		return err
	}
	if err := t.pass(ctx, p.cycleOf(), "PLAN"); err != nil {
		return err
	}
	return t.post(ctx, p.experimentOf()+":start", body{})
}

// conclude brings in the readings since the start and concludes.
func (t *teller) conclude(ctx context.Context, p turn, from int, readings []float64, happened, learned string) error {
	return t.postAll(ctx,
		step{p.name("metrics", p.metric) + ":import", t.csv(from, readings)},
		step{p.experimentOf() + ":conclude", body{"happened": happened, "learned": learned}},
	)
}
