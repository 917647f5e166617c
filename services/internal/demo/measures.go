package demo

import (
	"context"
	"fmt"
)

// freeze makes a baseline of readings of the team's metric.
func (t *teller) freeze(ctx context.Context, p turn, id, reason string, window body) error {
	return t.post(ctx, p.name("metrics", p.metric)+"/baselines?baselineId="+id, body{"window": window, "decision": body{"reason": reason}})
}

// paymentsDeliveries are two weeks of a service's pipeline: one deployment went wrong, and was put right within two hours.
func (t *teller) paymentsDeliveries(ctx context.Context, b board) error {
	source := b.name("deliverySources", "pipeline")
	steps := []step{{b.in("deliverySources?deliverySourceId=pipeline"), body{
		"service": "checkout", "environments": []string{"production"}, "format": "DELIVERY_FORMAT_PLAIN",
	}}}
	for i, deployed := range []struct {
		day   int
		hours int // from the commit to production
	}{{-13, 26}, {-12, 30}, {-10, 25}, {-9, 22}, {-6, 27}, {-5, 9}, {-4, 7}, {-2, 8}} {
		steps = append(steps, step{source + ":receive", body{
			"event": "deployed", "time": t.at(deployed.day, 15), "commit_time": t.at(deployed.day, 15-deployed.hours), "environment": "production",
			"deployment": fmt.Sprint(31 + i), "commit": fmt.Sprintf("%07x", 0xc0ffee1+i),
		}})
	}
	return t.postAll(ctx, append(steps,
		step{source + ":receive", body{"event": "incident_opened", "time": t.at(-6, 16), "environment": "production", "incident": "double-charge", "deployment": "35"}},
		step{source + ":receive", body{"event": "incident_resolved", "time": t.at(-6, 18), "environment": "production", "incident": "double-charge"}},
	)...)
}

// mobileGameDay takes a build machine away on purpose, on a morning that the team chose. The system did not hold: a find.
func (t *teller) mobileGameDay(ctx context.Context, p turn) error {
	gameDay := p.cycleOf() + "/experiments/lost-machine"
	probe := func(met bool) body {
		return body{"steady_state_met": met, "probes": []body{{"activity": body{"type": "probe", "name": "build time"}, "status": "succeeded", "tolerance_met": met}}}
	}
	return t.postAll(ctx,
		step{p.cycleOf() + "/experiments?experimentId=lost-machine", body{
			"displayName": "A build machine is lost", "obstacle": p.name("obstacles", p.obstacle),
			"prediction": body{
				"change": "one of the three build machines is stopped at nine", "byDate": t.day(1), "reason": "two machines are enough for the builds of a morning",
				"falsification": "A build takes longer than half an hour", "confidencePercent": 75,
			},
			"safeToFail": "The machine is started again within minutes",
			"gameDay": body{
				"steadyState": body{"hypothesis": "A build is done within half an hour", "probe": p.name("metrics", p.metric), "upper": 30},
				"prediction":  "GAME_DAY_PREDICTION_HOLDS", "method": "Stop one of three machines and start ten builds",
				"blastRadius": "The builds of one morning; no release is due", "abortCondition": "A build takes longer than an hour",
				"rollback": "Start the machine again",
			},
		}},
		step{gameDay + ":lock", body{}},
		step{gameDay + ":start", body{}},
		step{gameDay + ":importJournal", body{
			"chaoslib-version": "1.44.0", "status": "completed", "deviated": true, "duration": 3600, // without times: they would lie before the lock, which is now
			"steady_states": body{"before": probe(true), "after": probe(false), "during": []body{}},
			"run": []body{
				{"activity": body{"type": "action", "name": "stop one machine"}, "status": "succeeded"},
				{"activity": body{"type": "action", "name": "start ten builds"}, "status": "succeeded"},
			},
			"rollbacks": []body{{"activity": body{"type": "action", "name": "start the machine"}, "status": "succeeded"}},
		}},
		step{gameDay + ":conclude", body{
			"happened": "The test job waited for the machine of its build job, and half the jobs for each other: 44 minutes",
			"learned":  "Two jobs that belong together need two machines at once; when one is away, builds block each other",
		}},
	)
}
