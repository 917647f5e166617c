package demo

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Works tells whether the token still opens the installation at url.
func Works(ctx context.Context, url, token string) bool {
	t := &teller{http: newClient(), url: url, token: token}
	_, err := t.send(ctx, http.MethodGet, "caller", "", nil)
	return err == nil
}

// Tell tells the story to the installation at url (scheme and host), with the token of an admin, around the day that now
// falls on. say is told what happens, in a line each.
func Tell(ctx context.Context, url, token string, now time.Time, say func(line string)) error {
	t := &teller{http: newClient(), url: url, token: token, today: now.UTC()}
	for _, chapter := range []struct {
		says string
		tell func(context.Context) error
	}{
		{"three teams: Payments, Mobile and Platform, with Mina who coaches them", t.teams},
		{"Payments found out why reviews wait, and published it", t.paymentsFirst},
		{"Payments runs its second cycle: an experiment is under way", t.paymentsSecond},
		{"Mobile compares what happened with what it expected: a surprise", t.mobile},
		{"Platform plans its first cycle; the gate still says what is missing", t.platform},
	} {
		say(chapter.says)
		if err := chapter.tell(ctx); err != nil {
			return fmt.Errorf("the demo's story broke off at %q: %w", chapter.says, err)
		}
	}
	return nil
}

func (t *teller) teams(ctx context.Context) error {
	for _, user := range []struct{ id, name string }{{"jonas", "Jonas"}, {"aiko", "Aiko"}, {"lea", "Lea"}} {
		if err := t.post(ctx, "users?userId="+user.id, body{"displayName": user.name}); err != nil {
			return err
		}
	}
	for _, team := range []struct{ id, name, zone, member string }{
		{"payments", "Payments", "Europe/Berlin", "jonas"},
		{"mobile", "Mobile", "Asia/Tokyo", "aiko"},
		{"platform", "Platform", "America/New_York", "lea"},
	} {
		if err := t.post(ctx, "teams?teamId="+team.id, body{"displayName": team.name, "timeZone": team.zone, "improvementCapacityPercent": 15}); err != nil {
			return err
		}
		if err := t.post(ctx, "teams/"+team.id+"/members", body{"user": "users/mina", "role": "TEAM_ROLE_COACH"}); err != nil {
			return err
		}
		if err := t.post(ctx, "teams/"+team.id+"/members", body{"user": "users/" + team.member, "role": "TEAM_ROLE_MEMBER"}); err != nil {
			return err
		}
	}
	return nil
}

// plan is what a team needs before it can predict anything.
type plan struct {
	team, challenge            string
	metric, metricName, unit   string
	outcomeValue               float64
	pattern                    string
	obstacleID, obstacle       string
	cycle, cycleName           string
	start                      int // days from today
	baseline                   float64
	step                       string
	readings                   []float64 // one a day before the cycle
	experiment, experimentName string
	change, reason             string
	expected                   float64
	confidence                 int
}

func (p plan) name(collection, id string) string {
	return "teams/" + p.team + "/" + collection + "/" + id
}
func (p plan) cycleOf() string      { return p.name("cycles", p.cycle) }
func (p plan) experimentOf() string { return p.cycleOf() + "/experiments/" + p.experiment }

// aim sets direction, metric, target condition and obstacle of a team.
func (t *teller) aim(ctx context.Context, p plan) error {
	for _, made := range []struct {
		path    string
		content any
	}{
		{"teams/" + p.team + "/challenges?challengeId=direction", body{"statement": p.challenge, "horizonDate": t.day(540)}},
		{"teams/" + p.team + "/metrics?metricId=" + p.metric, body{
			"displayName": p.metricName, "unit": p.unit, "direction": "DIRECTION_LOWER", "kind": "METRIC_KIND_PROCESS",
		}},
		{p.name("metrics", p.metric) + ":import", t.csv(p.start-len(p.readings), p.readings)},
		{"teams/" + p.team + "/targetConditions?targetConditionId=next", body{
			"challenge": p.name("challenges", "direction"), "achieveByDate": t.day(60),
			"outcomeMetric": p.name("metrics", p.metric), "outcomeValue": p.outcomeValue, "operatingPattern": p.pattern,
		}},
		{"teams/" + p.team + "/obstacles?obstacleId=" + p.obstacleID, body{"description": p.obstacle}},
		{p.name("obstacles", p.obstacleID) + ":makeCurrent", body{}},
	} {
		if err := t.post(ctx, made.path, made.content); err != nil {
			return err
		}
	}
	return nil
}

// begin starts the team's cycle and drafts its experiment.
func (t *teller) begin(ctx context.Context, p plan) error {
	if err := t.post(ctx, "teams/"+p.team+"/cycles?cycleId="+p.cycle, body{
		"displayName": p.cycleName, "startDate": t.day(p.start),
		"currentCondition": body{"metric": p.name("metrics", p.metric), "baselineValue": p.baseline, "baselineDate": t.day(p.start)},
		"valueStreamFocus": body{"step": p.step, "constraint": true},
	}); err != nil {
		return err
	}
	return t.post(ctx, p.cycleOf()+"/experiments?experimentId="+p.experiment, body{
		"displayName": p.experimentName, "obstacle": p.name("obstacles", p.obstacleID),
		"prediction": body{
			"change": p.change, "metric": p.name("metrics", p.metric), "baselineValue": p.baseline, "expectedValue": p.expected,
			"byDate": t.day(max(p.start+10, 1)), "reason": p.reason, "confidencePercent": p.confidence,
		},
		"safeToFail": "It can be undone the same day",
	})
}

// run locks the prediction, goes through the gate and starts the experiment.
func (t *teller) run(ctx context.Context, p plan) error {
	if err := t.post(ctx, p.experimentOf()+":lock", body{}); err != nil {
		return err
	}
	if err := t.pass(ctx, p.cycleOf(), "PLAN"); err != nil {
		return err
	}
	return t.post(ctx, p.experimentOf()+":start", body{})
}

// conclude brings in the readings since the start, concludes, and goes through the gate after DO.
func (t *teller) conclude(ctx context.Context, p plan, from int, readings []float64, happened, learned string) error {
	if err := t.post(ctx, p.name("metrics", p.metric)+":import", t.csv(from, readings)); err != nil {
		return err
	}
	if err := t.post(ctx, p.experimentOf()+":conclude", body{"happened": happened, "learned": learned}); err != nil {
		return err
	}
	return t.pass(ctx, p.cycleOf(), "DO")
}

// csv lists one reading a day from the day on that lies so many days from today.
func (t *teller) csv(from int, readings []float64) string {
	var lines strings.Builder
	lines.WriteString("time,value\n")
	for i, reading := range readings {
		fmt.Fprintf(&lines, "%sT09:00:00Z,%g\n", t.day(from+i), reading)
	}
	return lines.String()
}

var payments = plan{
	team: "payments", challenge: "A change is with its users on the day that it is finished",
	metric: "review-wait", metricName: "Wait for review", unit: "h", outcomeValue: 4,
	pattern:    "Two people look at the review queue at nine and at two, before they take anything new",
	obstacleID: "nobody-owns-the-queue", obstacle: "Nobody owns the review queue in the morning",
	cycle: "first", cycleName: "Reviews that do not wait", start: -20, baseline: 9.4, step: "Review",
	readings:   []float64{9.1, 10.2, 8.7, 9.9, 9.6, 8.8, 10.4, 9.2, 9.7, 8.9, 9.5, 9.0},
	experiment: "review-rota", experimentName: "Review rota", change: "two people own the queue for a day, in turn",
	reason: "changes wait because everybody thinks that somebody else looks", expected: 5, confidence: 70,
}

func (t *teller) paymentsFirst(ctx context.Context) error {
	p := payments
	retrospective := p.cycleOf() + "/retrospective"
	for _, tell := range []func() error{
		func() error { return t.aim(ctx, p) },
		func() error { return t.begin(ctx, p) },
		func() error { return t.run(ctx, p) },
		func() error {
			return t.conclude(ctx, p, -18, []float64{5.1, 4.6, 4.4, 5.0, 4.2, 4.8, 4.1, 4.5},
				"The wait fell on the first day and stayed below five hours",
				"An owner for the day matters more than the number of reviewers")
		},
		func() error { return t.pass(ctx, p.cycleOf(), "CHECK") },
		func() error { return t.post(ctx, retrospective+":open", body{"anonymous": true}) },
		func() error {
			return t.post(ctx, retrospective+"/notes", body{"prompt": "PROMPT_HELPED", "text": "Knowing whose day it is"})
		},
		func() error {
			return t.post(ctx, retrospective+"/notes", body{"prompt": "PROMPT_SURPRISED", "text": "Large changes became smaller by themselves"})
		},
		func() error { return t.post(ctx, retrospective+":move", body{"stage": "STAGE_DECIDE"}) },
		func() error {
			return t.post(ctx, retrospective+"/actions?actionId=write-it-down", body{
				"text": "Write the rota into the team's handbook", "owner": "users/jonas", "dueDate": t.day(3),
				"expectedEffect": "New people own a day in their first week",
			})
		},
		func() error {
			return t.post(ctx, retrospective+":decide", body{"decision": body{
				"experiment": p.experimentOf(), "kind": "DECISION_KIND_ADOPT", "text": "Two people own the review queue each day; the rota is on the wall",
			}})
		},
		func() error {
			return t.post(ctx, retrospective+":close", body{
				"learnings": []body{{
					"experiment": p.experimentOf(), "claim": "Owning the review queue for a day halves the wait for a review",
					"situation": "A team of seven with about twenty changes a day; may not hold where reviews need a specialist",
					"tags":      []string{"code-review", "queue", "ownership"},
				}},
				"boldestExperiment": p.experimentOf(),
			})
		},
		func() error { return t.pass(ctx, p.cycleOf(), "ACT") },
	} {
		if err := tell(); err != nil {
			return err
		}
	}
	return nil
}

func (t *teller) paymentsSecond(ctx context.Context) error {
	p := payments
	p.cycle, p.cycleName, p.start, p.baseline = "second", "Smaller changes", -6, 4.5
	p.obstacleID, p.obstacle = "large-changes", "Large changes are put off until the afternoon"
	p.experiment, p.experimentName = "small-changes", "Changes below 200 lines"
	p.change, p.reason, p.expected, p.confidence = "changes above 200 lines are split before they are shown", "a small change is read between two meetings", 3, 55
	if err := t.post(ctx, p.name("obstacles", "nobody-owns-the-queue")+":settle", body{"state": "OBSTACLE_STATE_OVERCOME"}); err != nil {
		return err
	}
	if err := t.post(ctx, "teams/payments/obstacles?obstacleId="+p.obstacleID, body{"description": p.obstacle}); err != nil {
		return err
	}
	if err := t.post(ctx, p.name("obstacles", p.obstacleID)+":makeCurrent", body{}); err != nil {
		return err
	}
	if err := t.begin(ctx, p); err != nil {
		return err
	}
	if err := t.run(ctx, p); err != nil {
		return err
	}
	return t.post(ctx, p.name("metrics", p.metric)+":import", t.csv(-4, []float64{4.3, 3.9, 3.6, 3.8}))
}

func (t *teller) mobile(ctx context.Context) error {
	p := plan{
		team: "mobile", challenge: "Every build that is green can be shipped within the hour",
		metric: "build-time", metricName: "Build time", unit: "min", outcomeValue: 10,
		pattern:    "The build starts with what changed and reuses the rest",
		obstacleID: "cold-start", obstacle: "Every build starts from nothing",
		cycle: "first", cycleName: "Builds that remember", start: -11, baseline: 22.1, step: "Build",
		readings:   []float64{21.8, 22.4, 22.9, 21.5, 22.0, 22.6, 21.9, 22.3, 21.7, 22.2},
		experiment: "warm-cache", experimentName: "Warm cache", change: "the build cache is filled every night",
		reason: "most of the time goes into compiling what did not change", expected: 14, confidence: 80,
	}
	for _, tell := range []func() error{
		func() error { return t.aim(ctx, p) },
		func() error { return t.begin(ctx, p) },
		func() error { return t.run(ctx, p) },
		func() error {
			return t.conclude(ctx, p, -9, []float64{24.1, 25.0, 24.6, 25.3, 24.4, 24.9, 25.1, 24.7},
				"Builds became slower: fetching the cache takes longer than compiling did",
				"The network between runner and cache is the bottleneck, not the compiler")
		},
	} {
		if err := tell(); err != nil {
			return err
		}
	}
	return nil
}

func (t *teller) platform(ctx context.Context) error {
	p := plan{
		team: "platform", challenge: "Nobody waits for an environment",
		metric: "environment-wait", metricName: "Wait for an environment", unit: "h", outcomeValue: 1,
		pattern:    "Environments are made on demand and go away by themselves",
		obstacleID: "queue-without-owner", obstacle: "Requests for environments lie in a queue that nobody owns",
		cycle: "first", cycleName: "Environments on demand", start: 0, baseline: 30, step: "Provision",
		readings:   []float64{28, 31, 34, 27, 30, 33, 29, 32, 26, 30},
		experiment: "owner-of-the-day", experimentName: "Owner of the day", change: "one person owns the queue for a day",
		reason: "Payments found that an owner matters more than the number of hands", expected: 12, confidence: 50,
	}
	if err := t.aim(ctx, p); err != nil {
		return err
	}
	return t.begin(ctx, p)
}
