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

// reflection is a retrospective: two notes, what is decided about the experiment, and what others may learn from it.
type reflection struct {
	helped, surprised string
	action            note
	actionEffect      string
	decision, text    string
	claim, situation  string
	tags              []string
}

// reflect holds the retrospective of a cycle in ACT.
func (t *teller) reflect(ctx context.Context, p turn, r reflection, owner string) error {
	retrospective := p.cycleOf() + "/retrospective"
	return t.postAll(ctx,
		step{retrospective + ":open", body{"anonymous": true}},
		step{retrospective + "/notes", body{"prompt": "PROMPT_HELPED", "text": r.helped}},
		step{retrospective + "/notes", body{"prompt": "PROMPT_SURPRISED", "text": r.surprised}},
		step{retrospective + ":move", body{"stage": "STAGE_DECIDE"}},
		step{retrospective + "/actions?actionId=" + r.action.id, body{
			"text": r.action.text, "owner": "users/" + owner, "dueDate": t.day(3), "expectedEffect": r.actionEffect,
		}},
		step{retrospective + ":decide", body{"decision": body{
			"experiment": p.experimentOf(), "kind": "DECISION_KIND_" + r.decision, "text": r.text,
		}}},
		step{retrospective + ":close", body{
			"learnings":         []body{{"experiment": p.experimentOf(), "claim": r.claim, "situation": r.situation, "tags": r.tags}},
			"boldestExperiment": p.experimentOf(),
		}},
	)
}
