package main

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// zones are those of the teams; their days differ.
var zones = []string{"UTC", "Europe/Berlin", "America/New_York", "Asia/Tokyo"}

func day(days int) string { return time.Now().UTC().AddDate(0, 0, days).Format(time.DateOnly) }

// found makes a team of the client's own, with a member and a challenge.
func (c *client) found() error {
	user, err := c.create("user", "", "users", map[string]any{"displayName": "User of " + c.name})
	if err != nil {
		return err
	}
	team, err := c.create("team", "", "teams", map[string]any{
		"displayName": "Team of " + user, "timeZone": zones[c.rng.IntN(len(zones))], "cycleDays": 14,
	})
	if err != nil {
		return err
	}
	c.member = user
	if _, err := c.write("member", http.MethodPost, "/v1/"+team+"/members", team+"/members/"+strings.TrimPrefix(user, "users/"), map[string]any{
		"user": user, "role": "TEAM_ROLE_MEMBER",
	}); err != nil {
		return err
	}
	c.challenge, err = c.create("challenge", team, "challenges", map[string]any{"statement": "Ship without waiting", "horizonDate": day(400)})
	if err == nil {
		c.team = team
	}
	return err
}

// story is a whole short cycle of the client's team, with other writes in between: from the target condition to the last
// gate.
func (c *client) story() error {
	s := &story{client: c}
	for _, chapter := range []func() error{s.plan, s.lock, s.do, s.check, s.reflect, s.finish} {
		if err := chapter(); err != nil {
			return err
		}
		for range c.rng.IntN(4) {
			if err := c.filler(); err != nil {
				return err
			}
		}
	}
	return nil
}

type story struct {
	*client
	target, metric, cycle string
	obstacles             []string
	tried, dropped        string // experiments
	adopt                 bool
}

func (s *story) plan() (err error) {
	s.metric, err = s.create("metric", s.team, "metrics", map[string]any{
		"displayName": "Lead time", "unit": "h", "direction": "DIRECTION_LOWER", "kind": "METRIC_KIND_OUTCOME",
	})
	if err != nil {
		return err
	}
	if err := s.measure(s.metric, 10, 40); err != nil {
		return err
	}
	s.target, err = s.create("targetCondition", s.team, "targetConditions", map[string]any{
		"challenge": s.challenge, "achieveByDate": day(40), "outcomeMetric": s.metric, "outcomeValue": 20, "operatingPattern": "Reviews start within the hour",
	})
	if err != nil {
		return err
	}
	for i := range 2 {
		obstacle, err := s.create("obstacle", s.team, "obstacles", map[string]any{"description": fmt.Sprintf("Reviews wait for person %d", i)})
		if err != nil {
			return err
		}
		s.obstacles = append(s.obstacles, obstacle)
		if err := s.makeCurrent(obstacle, "It is the next one"); err != nil {
			return err
		}
	}
	s.cycle, err = s.create("cycle", s.team, "cycles", map[string]any{
		"displayName": "Cycle of " + s.name, "targetCondition": s.target,
		"currentCondition": map[string]any{"metric": s.metric, "baselineValue": 40, "baselineDate": day(0)},
		"valueStreamFocus": map[string]any{"step": "Review", "constraint": true},
	})
	return err
}

func (s *story) lock() (err error) {
	plan := map[string]any{
		"displayName": "Review rota", "obstacle": s.obstacles[1], "safeToFail": "The rota ends any day",
		"prediction": map[string]any{
			"change": "a rota names who reviews today", "metric": s.metric, "baselineValue": 40, "expectedValue": 20,
			"byDate": day(9), "reason": "nobody waits for volunteers", "falsification": "the wait stays above 30 h", "confidencePercent": 60,
		},
	}
	if s.tried, err = s.create("experiment", s.cycle, "experiments", plan); err != nil {
		return err
	}
	if s.dropped, err = s.create("experiment", s.cycle, "experiments", map[string]any{"displayName": "Smaller reviews"}); err != nil {
		return err
	}
	if _, err = s.verb("lock", s.tried, "lock", nil); err != nil {
		return err
	}
	if _, err = s.verb("amend", s.tried, "amend", map[string]any{"text": "Two people a day"}); err != nil {
		return err
	}
	return s.advance("advance", "PHASE_PLAN")
}

func (s *story) advance(kind, phase string) error {
	_, err := s.verb(kind, s.cycle, "advance", map[string]any{"phase": phase})
	return err
}

func (s *story) do() error {
	if _, err := s.verb("startExperiment", s.tried, "start", nil); err != nil {
		return err
	}
	andon, err := s.create("andon", s.cycle, "andons", map[string]any{"problem": "The build is red", "where": "main"})
	if err != nil {
		return err
	}
	if err := s.measure(s.metric, 8, []float64{19, 39, 25}[s.rng.IntN(3)]); err != nil {
		return err
	}
	if _, err := s.verb("resolveAndon", andon, "resolve", map[string]any{"countermeasure": "Rolled back"}); err != nil {
		return err
	}
	_, err = s.verb("conclude", s.tried, "conclude", map[string]any{
		"happened": "The wait changed", "learned": "A rota works while it is short, said " + s.name,
	})
	if err != nil {
		return err
	}
	return s.advance("advance", "PHASE_DO")
}

func (s *story) check() error {
	if _, err := s.verb("abandon", s.dropped, "abandon", map[string]any{"reason": "One thing at a time"}); err != nil {
		return err
	}
	return s.advance("advance", "PHASE_CHECK")
}

func (s *story) reflect() error {
	retrospective := s.cycle + "/retrospective"
	if _, err := s.verb("retrospective", retrospective, "open", map[string]any{"anonymous": s.rng.IntN(2) == 0}); err != nil {
		return err
	}
	var note string
	for _, prompt := range []string{"PROMPT_HELPED", "PROMPT_HELD_BACK", "PROMPT_SURPRISED"} {
		var err error
		if note, err = s.create("note", retrospective, "notes", map[string]any{"prompt": prompt, "text": "A note of " + s.name}); err != nil {
			return err
		}
	}
	if err := s.moveRetrospective(retrospective, "STAGE_COLLECT", "STAGE_GROUP"); err != nil {
		return err
	}
	if _, err := s.create("theme", retrospective, "themes", map[string]any{"title": "What surprised us", "notes": []any{note}}); err != nil {
		return err
	}
	if err := s.moveRetrospective(retrospective, "STAGE_GROUP", "STAGE_DECIDE"); err != nil {
		return err
	}
	kind := []string{"DECISION_KIND_ADOPT", "DECISION_KIND_ADAPT", "DECISION_KIND_ABANDON"}[s.rng.IntN(3)]
	s.adopt = kind == "DECISION_KIND_ADOPT"
	_, err := s.verb("decide", retrospective, "decide", map[string]any{
		"decision": map[string]any{"experiment": s.tried, "kind": kind, "text": "We go on with it"},
	})
	if err != nil {
		return err
	}
	action, err := s.create("action", retrospective, "actions", map[string]any{
		"text": "Write the rota down", "owner": s.member, "dueDate": day(7), "expectedEffect": "Everybody knows",
	})
	if err != nil {
		return err
	}
	_, err = s.verb("closeRetrospective", retrospective, "close", map[string]any{
		"learnings": []any{map[string]any{"experiment": s.tried, "claim": "A rota halves the wait, said " + s.tried, "tags": []any{"review"}}},
	})
	if err != nil {
		return err
	}
	_, err = s.verb("completeAction", action, "complete", map[string]any{
		"effect": "ACTION_EFFECT_WORKED", "result": "It hangs on the wall",
	})
	return err
}

func (s *story) moveRetrospective(retrospective, from, to string) error {
	_, err := s.verb("moveRetrospective", retrospective, "move", map[string]any{"stage": to, "currentStage": from})
	return err
}

// finish passes the last gate. For what is adopted it needs what the consumers of other services have done by then, so the
// client waits for the gate to open, as people would, and writes other things meanwhile.
func (s *story) finish() error {
	for s.adopt && s.working.Err() == nil {
		a, err := s.rest.get(s.asking, "/v1/"+s.cycle+":preview")
		if err != nil {
			return err
		}
		if open, _ := a.body["open"].(bool); open {
			break
		}
		if err := s.filler(); err != nil {
			return err
		}
	}
	if err := s.advance("finish", "PHASE_ACT"); err != nil {
		return err
	}
	if _, err := s.verb("escalate", s.obstacles[1], "escalate", map[string]any{"owner": "users/admin", "reason": "It is not ours"}); err != nil {
		return err
	}
	_, err := s.verb("closeTargetCondition", s.target, "close", map[string]any{"state": "TARGET_CONDITION_STATE_ACHIEVED"})
	return err
}

// filler is a write outside of the story; some go to the team that all clients share.
func (c *client) filler() error {
	c.fillers++
	switch c.fillers % 3 {
	case 0:
		_, err := c.create("obstacle", c.team, "obstacles", map[string]any{"description": "Something to be learned past, " + c.name})
		return err
	case 1:
		obstacle, err := c.create("obstacle", sharedTeam, "obstacles", map[string]any{"description": "Everybody's, by " + c.name})
		if err != nil {
			return err
		}
		return c.makeCurrent(obstacle, c.name+" thinks so")
	default:
		metric, err := c.create("metric", sharedTeam, "metrics", map[string]any{
			"displayName": "Queue", "direction": "DIRECTION_LOWER", "kind": "METRIC_KIND_PROCESS",
		})
		if err != nil {
			return err
		}
		return c.measure(metric, 1+c.rng.IntN(20), 12)
	}
}

// makeCurrent switches a team to an obstacle. The clients do not ask which one is current: the refusal names it, and in the team that
// all share another client may be faster every time, which is a good answer as well.
func (c *client) makeCurrent(obstacle, reason string) error {
	insteadOf := ""
	for range 5 {
		answer, err := c.verb("makeCurrent", obstacle, "makeCurrent", map[string]any{"insteadOf": insteadOf, "reason": reason})
		if !errors.Is(err, errOvertaken) {
			return err
		}
		insteadOf = text(answer, "metadata", "current")
	}
	return nil
}

// measure imports n new readings around a value. Each has a time of its own, so all of them are new, however often the
// request is sent.
func (c *client) measure(metric string, n int, around float64) error {
	readings := make([]any, n)
	for i := range readings {
		if now := time.Now().UTC().Truncate(time.Millisecond); now.After(c.points) {
			c.points = now
		}
		c.points = c.points.UTC().Truncate(time.Millisecond).Add(time.Millisecond)
		readings[i] = map[string]any{"time": c.points.Format(time.RFC3339Nano), "value": around + float64(c.rng.IntN(5))}
	}
	answer, err := c.verb("import", metric, "import", map[string]any{"measurements": readings})
	if err != nil {
		return err
	}
	if imported, _ := answer["imported"].(float64); int(imported) != n {
		c.findings.add("idempotency", "%d new readings of %s: the answer counts %v as new and %v as repeated", n, metric, answer["imported"], answer["repeated"])
	}
	return nil
}
