package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// soon is how long what a closed retrospective brings about in other services may take.
const soon = 2 * time.Second

const (
	lineTeam       = "teams/line"
	lineCycle      = lineTeam + "/cycles/first"
	lineExperiment = lineCycle + "/experiments/valve"
	lineAction     = lineCycle + "/retrospective/actions/order"
)

// closing is a team whose retrospective is about to be closed, and somebody of another team who looks for what was learned.
type closing struct {
	*started
	outsider string // a token
}

// A retrospective that closes is heard by every service that depends on it.
func TestWhatClosingBringsAbout(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			c := decided(t, startOn(t, databaseURL(t, engine)))
			c.close(t)
			c.bringsAbout(t)
		})
	}
	t.Run("killed right after the answer", func(t *testing.T) {
		fortnight, addr := build(t, "fortnight", "."), freePort(t)
		env := []string{"FORTNIGHT_DATA_DIR=" + t.TempDir(), "FORTNIGHT_HTTP_ADDR=" + addr, "FORTNIGHT_BOOTSTRAP_TOKEN=an-admin-token-for-this-test"}
		first := spawn(t, env, fortnight, "serve")
		untilReady(t, "http://"+addr)
		c := decided(t, &started{URL: "http://" + addr, Token: "an-admin-token-for-this-test"})
		c.close(t)
		if err := first.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		<-first.ended
		first.ended <- nil
		spawn(t, env, fortnight, "serve")
		untilReady(t, "http://"+addr)
		c.bringsAbout(t)
		if again := c.close(t); again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("the same request was not answered as before: %v", again.Header)
		}
	})
}

// decided brings a team's first cycle to ACT, and its retrospective to where everything is decided.
func decided(t *testing.T, s *started) *closing {
	t.Helper()
	day := func(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }
	post := func(path, body string) { s.must(t, http.MethodPost, "/v1/"+path, body) }
	post("teams?teamId=line", `{"displayName":"Line","timeZone":"UTC"}`)
	post("teams?teamId=packing", `{"displayName":"Packing","timeZone":"UTC"}`)
	s.member(t, "sam", "line", "TEAM_ROLE_MEMBER")
	c := &closing{started: s, outsider: s.member(t, "pat", "packing", "TEAM_ROLE_MEMBER")}
	post(lineTeam+"/challenges?challengeId=steady", `{"statement":"Every batch flows at 52","horizonDate":"`+day(720)+`"}`)
	post(lineTeam+"/metrics?metricId=flow", `{"displayName":"Flow","unit":"l/min","direction":"DIRECTION_HIGHER","kind":"METRIC_KIND_OUTCOME"}`)
	measure := func(from int, values ...float64) {
		for i, value := range values {
			post(lineTeam+"/metrics/flow/measurements", fmt.Sprintf(`{"time":"%sT00:00:00Z","value":%g}`, day(from+i), value))
		}
	}
	measure(-9, 49.6, 47.6, 49.9, 51.3, 47.8)
	post(lineTeam+"/targetConditions?targetConditionId=t", `{"challenge":"`+lineTeam+`/challenges/steady","achieveByDate":"`+day(30)+
		`","outcomeMetric":"`+lineTeam+`/metrics/flow","outcomeValue":52,"operatingPattern":"The valve is set once per shift"}`)
	post(lineTeam+"/obstacles?obstacleId=narrow", `{"description":"The valve is too narrow at the start of a batch"}`)
	post(lineTeam+"/obstacles/narrow:makeCurrent", `{}`)
	post(lineTeam+"/cycles?cycleId=first", `{"targetCondition":"`+lineTeam+`/targetConditions/t","currentCondition":{"metric":"`+lineTeam+
		`/metrics/flow","baselineValue":49.24,"baselineDate":"`+day(-5)+`"},"valueStreamFocus":{"step":"Filling","constraint":true}}`)
	post(lineCycle+"/experiments?experimentId=valve", `{"displayName":"Wider valve","obstacle":"`+lineTeam+`/obstacles/narrow","prediction":{
		"change":"we widen the valve","metric":"`+lineTeam+`/metrics/flow","baselineValue":49.24,"expectedValue":52,"byDate":"`+day(10)+`","reason":
		"the first minute loses most of the flow","confidencePercent":60,"falsification":"it flows as slowly as before"},"safeToFail":"The old valve is kept"}`)
	post(lineExperiment+":lock", `{}`)
	post(lineCycle+":advance", `{"phase":"PHASE_PLAN"}`)
	post(lineExperiment+":start", `{}`)
	measure(-4, 51.2, 52.6, 52.4, 53.6, 52.1)
	post(lineExperiment+":conclude", `{"happened":"It went up and stayed up","learned":"The valve, not the pump, held the flow back"}`)
	post(lineCycle+":advance", `{"phase":"PHASE_DO"}`)
	post(lineCycle+":advance", `{"phase":"PHASE_CHECK"}`)
	post(lineCycle+"/retrospective:open", `{}`)
	post(lineCycle+"/retrospective:move", `{"stage":"STAGE_DECIDE","currentStage":"STAGE_COLLECT"}`)
	post(lineCycle+"/retrospective/actions?actionId=order", `{"text":"Order wider valves for the other lines","owner":"users/sam","dueDate":"`+day(7)+
		`","expectedEffect":"The second line flows at 52 as well"}`)
	post(lineCycle+"/retrospective/actions?actionId=dream", `{"text":"Build a new hall"}`)
	post(lineCycle+"/retrospective/actions/dream:drop", `{"reason":"Not ours to decide"}`)
	post(lineCycle+"/retrospective:decide", `{"decision":{"experiment":"`+lineExperiment+`","kind":"DECISION_KIND_ADOPT","text":"Every line gets the wider valve"}}`)
	return c
}

// close closes the retrospective, always with the same request.
func (c *closing) close(t *testing.T) answer {
	t.Helper()
	got := c.call(t, c.Token, http.MethodPost, "/v1/"+lineCycle+"/retrospective:close", `{"learnings":[{"experiment":"`+lineExperiment+
		`","claim":"A wider valve raises the flow more than a stronger pump","tags":["valve"]}]}`, "Idempotency-Key", `"close"`)
	if got.Status != http.StatusOK {
		t.Fatalf("closing: %d %s", got.Status, got.Text)
	}
	return got
}

// bringsAbout expects what follows from the close, soon.
func (c *closing) bringsAbout(t *testing.T) {
	t.Helper()
	ready := time.Now()
	get := func(token, path, want string) func() (bool, answer) {
		return func() (bool, answer) {
			got := c.call(t, token, http.MethodGet, "/v1/"+path, "")
			return got.Status == http.StatusOK && strings.Contains(got.Text, want), got
		}
	}
	for _, follows := range []struct {
		what string
		is   func() (bool, answer)
	}{
		{"the action is open", func() (bool, answer) {
			got := c.call(t, c.Token, http.MethodGet, "/v1/"+lineTeam+"/cycles/-/retrospective/actions?states=ACTION_STATE_OPEN", "")
			return slices.Equal(namesIn(got.Body["actions"]), []string{lineAction}), got
		}},
		{"another team finds what was learned", get(c.outsider, "learnings:search?query=wider+valve", "raises the flow more than a stronger pump")},
		{"the action is due", get(c.Token, lineTeam+"/reminders?pageSize=1000", "Order wider valves for the other lines")},
		{"hold checks are scheduled", func() (bool, answer) {
			got := c.call(t, c.Token, http.MethodGet, "/v1/"+lineExperiment, "")
			checks, _ := got.Body["holdChecks"].([]any)
			return len(checks) == 3, got
		}},
	} {
		for {
			is, got := follows.is()
			if is {
				break
			}
			if time.Since(ready) > soon {
				t.Fatalf("%s: not within %s: %s", follows.what, soon, got.Text)
			}
		}
	}
	t.Logf("everything followed within %s", time.Since(ready).Round(time.Millisecond))
	if got := c.call(t, c.Token, http.MethodGet, "/v1/"+lineTeam+"/reminders?pageSize=1000", ""); strings.Contains(got.Text, "new hall") {
		t.Errorf("what was dropped is due: %s", got.Text)
	}
	c.must(t, http.MethodPost, "/v1/"+lineCycle+":advance", `{"phase":"PHASE_ACT"}`)
	drafts, _ := c.must(t, http.MethodGet, "/v1/"+lineTeam+"/cycles?states=CYCLE_STATE_DRAFT", "").Body["cycles"].([]any)
	if len(drafts) != 1 {
		t.Fatalf("drafts: %v", drafts)
	}
	carried, _ := drafts[0].(map[string]any)["carryOver"].(map[string]any)
	if open, _ := carried["openActions"].([]any); len(open) != 1 || open[0] != lineAction {
		t.Errorf("carried over %v", carried)
	}
}

// namesIn are the names of a list in an answer.
func namesIn(list any) []string {
	var names []string
	rows, _ := list.([]any)
	for _, row := range rows {
		name, _ := row.(map[string]any)["name"].(string)
		names = append(names, name)
	}
	return names
}
