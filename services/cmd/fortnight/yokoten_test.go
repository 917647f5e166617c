package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// A learning goes from the team that made it to the teams that face the same obstacle, is tried there, and what comes of it changes
// what everybody reads: offered, adopted, adapted, declined, replicated, contested.
func TestALearningSpreads(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			s := startOn(t, databaseURL(t, engine))
			c := decided(t, s)
			for _, team := range []string{"packing", "filling", "storing"} {
				plan(t, s, team)
			}
			s.must(t, http.MethodPost, "/v1/teams?teamId=office", `{"displayName":"Office","timeZone":"UTC"}`)
			s.must(t, http.MethodPost, "/v1/teams/office/obstacles?obstacleId=forms", `{"description":"Nobody knows which form to use for a journey"}`)
			c.close(t)

			found := s.until(t, "/v1/learnings:search?query=wider+valve", "raises the flow more")
			learning := found.Body["results"].([]any)[0].(map[string]any)["learning"].(map[string]any)["name"].(string)
			id := strings.TrimPrefix(learning, "learnings/")
			s.untilLevel(t, learning, "GRADE_LEVEL_OBSERVED") // the retrospective may be heard before the experiment
			offers := map[string]string{}
			for _, team := range []string{"packing", "filling", "storing"} {
				offers[team] = "teams/" + team + "/offers/" + id
				offer := s.until(t, "/v1/"+offers[team], "OFFER_STATE_OPEN")
				if !strings.Contains(offer.Text, "OFFER_REASON_KIND_OBSTACLE") || !strings.Contains(offer.Text, "teams/"+team+"/obstacles/narrow") {
					t.Errorf("%s is not told why: %s", team, offer.Text)
				}
			}
			for _, team := range []string{"office", "line"} { // nothing alike, and the origin
				if got := s.must(t, http.MethodGet, "/v1/teams/"+team+"/offers", ""); len(got.Body["offers"].([]any)) > 0 {
					t.Errorf("%s was offered something: %s", team, got.Text)
				}
			}

			refused := s.call(t, s.Token, http.MethodPost, "/v1/"+offers["storing"]+":answer", `{"answer":"ANSWER_DECLINE"}`)
			if refused.Status != http.StatusBadRequest || !strings.Contains(refused.Text, `"text"`) {
				t.Errorf("a decline without a reason: %d %s", refused.Status, refused.Text)
			}
			s.must(t, http.MethodPost, "/v1/"+offers["storing"]+":answer", `{"answer":"ANSWER_DECLINE","text":"Our valves are welded in"}`)

			s.must(t, http.MethodPost, "/v1/"+offers["packing"]+":answer", `{"answer":"ANSWER_ADOPT"}`)
			worked := s.retest(t, "packing", learning, offers["packing"], 51.2, 52.6, 52.4, 53.6, 52.1)
			if worked != "WORKED" {
				t.Errorf("packing found %s", worked)
			}
			if level := s.untilLevel(t, learning, "GRADE_LEVEL_REPLICATED"); level["replications"] != 1.0 {
				t.Errorf("replicated: %v", level)
			}
			s.must(t, http.MethodPost, "/v1/"+offers["filling"]+":answer", `{"answer":"ANSWER_ADAPT","text":"with a valve of plastic"}`)
			if did := s.retest(t, "filling", learning, offers["filling"], 38.1, 39.6, 37.4, 39.0, 38.8); did != "DID_NOT" {
				t.Errorf("filling found %s", did)
			}
			if level := s.untilLevel(t, learning, "GRADE_LEVEL_CONTESTED"); level["supportingTeams"] != 2.0 || level["opposingTeams"] != 1.0 {
				t.Errorf("contested: %v", level)
			}

			spread := s.must(t, http.MethodGet, "/v1/"+learning+":spread", "").Body
			for field, want := range map[string]float64{"offered": 3, "answered": 3, "tried": 2, "worked": 1, "didNot": 1} {
				if spread[field] != want {
					t.Errorf("spread: %s is %v, want %v", field, spread[field], want)
				}
			}
			evidence := s.must(t, http.MethodGet, "/v1/"+learning+"/evidence", "").Text
			for _, want := range []string{"EVIDENCE_KIND_ORIGIN", "EVIDENCE_KIND_REPLICATION", "with a valve of plastic"} {
				if !strings.Contains(evidence, want) {
					t.Errorf("the evidence says nothing of %s: %s", want, evidence)
				}
			}
		})
	}
}

// until asks until the answer holds a text.
func (s *started) until(t *testing.T, path, want string) answer {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		got := s.call(t, s.Token, http.MethodGet, path, "")
		if got.Status == http.StatusOK && strings.Contains(got.Text, want) {
			return got
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never said %q: %d %s", path, want, got.Status, got.Text)
		}
		time.Sleep(5 * time.Millisecond) // between two looks, not instead of one
	}
}

// untilLevel waits until a learning has a grade, and returns it.
func (s *started) untilLevel(t *testing.T, learning, level string) map[string]any {
	t.Helper()
	return s.until(t, "/v1/"+learning, `"`+level+`"`).Body["grade"].(map[string]any)
}

// plan gives a team a running cycle against a narrow valve.
func plan(t *testing.T, s *started, team string) {
	t.Helper()
	day := func(n int) string { return time.Now().UTC().AddDate(0, 0, n).Format(time.DateOnly) }
	at := "teams/" + team
	post := func(path, body string) {
		s.must(t, http.MethodPost, "/v1/"+path, strings.ReplaceAll(body, "$team", at))
	}
	if s.call(t, s.Token, http.MethodGet, "/v1/"+at, "").Status == http.StatusNotFound {
		post("teams?teamId="+team, `{"displayName":"`+team+`","timeZone":"UTC"}`)
	}
	post(at+"/challenges?challengeId=steady", `{"statement":"Every batch flows at 52","horizonDate":"`+day(720)+`"}`)
	post(at+"/metrics?metricId=flow", `{"displayName":"Flow","unit":"l/min","direction":"DIRECTION_HIGHER","kind":"METRIC_KIND_OUTCOME"}`)
	s.measure(t, team, -9, 49.6, 47.6, 49.9, 51.3, 47.8)
	post(at+"/targetConditions?targetConditionId=t", `{"challenge":"$team/challenges/steady","achieveByDate":"`+day(30)+
		`","outcomeMetric":"$team/metrics/flow","outcomeValue":52,"operatingPattern":"The valve is set once per shift"}`)
	post(at+"/obstacles?obstacleId=narrow", `{"description":"The flow is low because our valve is too narrow"}`)
	post(at+"/obstacles/narrow:makeCurrent", `{}`)
	post(at+"/cycles?cycleId=first", `{"targetCondition":"$team/targetConditions/t","currentCondition":{"metric":"$team/metrics/flow",
		"baselineValue":49.24,"baselineDate":"`+day(-5)+`"},"valueStreamFocus":{"step":"Filling","constraint":true}}`)
}

// measure records one reading a day, from a day on.
func (s *started) measure(t *testing.T, team string, from int, values ...float64) {
	t.Helper()
	for i, value := range values {
		s.must(t, http.MethodPost, "/v1/teams/"+team+"/metrics/flow/measurements", fmt.Sprintf(`{"time":"%sT00:00:00Z","value":%g}`,
			time.Now().UTC().AddDate(0, 0, from+i).Format(time.DateOnly), value))
	}
}

// retest plans, locks, runs and concludes the experiment that an adopted offer has drafted, and returns what it says about the claim.
func (s *started) retest(t *testing.T, team, learning, offer string, values ...float64) string {
	t.Helper()
	drafted := s.until(t, "/v1/"+offer, "ADOPTION_STATE_DRAFTED")
	experiment := drafted.Body["adoption"].(map[string]any)["experiment"].(string)
	got := s.must(t, http.MethodGet, "/v1/"+experiment, "")
	if got.Body["learning"] != learning || !strings.Contains(got.Text, "A wider valve raises the flow") || got.Body["obstacle"] != "teams/"+team+"/obstacles/narrow" {
		t.Errorf("the draft does not try the claim again: %s", got.Text)
	}
	prediction := got.Body["prediction"].(map[string]any)
	s.must(t, http.MethodPatch, "/v1/"+experiment, fmt.Sprintf(`{"prediction":{"change":%q,"metric":"teams/%s/metrics/flow","baselineValue":49.24,
		"expectedValue":52,"byDate":"%s","reason":%q,"confidencePercent":60,"falsification":"it flows as slowly as before"},"safeToFail":"The old valve is kept"}`,
		prediction["change"], team, time.Now().UTC().AddDate(0, 0, 10).Format(time.DateOnly), prediction["reason"]))
	s.must(t, http.MethodPost, "/v1/"+experiment+":lock", `{}`)
	s.must(t, http.MethodPost, "/v1/teams/"+team+"/cycles/first:advance", `{"phase":"PHASE_PLAN"}`)
	s.must(t, http.MethodPost, "/v1/"+experiment+":start", `{}`)
	s.measure(t, team, -4, values...)
	s.must(t, http.MethodPost, "/v1/"+experiment+":conclude", `{"happened":"It was measured for five days","learned":"We know now what a wider valve does here"}`)
	told := s.until(t, "/v1/"+offer, "ADOPTION_STATE_CONCLUDED")
	result, _ := told.Body["adoption"].(map[string]any)["result"].(string)
	return strings.TrimPrefix(result, "RESULT_")
}
