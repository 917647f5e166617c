package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

func TestCoachingOverREST(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			s := startOn(t, databaseURL(t, engine))
			s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments","timeZone":"UTC","improvementCapacityPercent":20,
				"workingDays":["WEEKDAY_MONDAY","WEEKDAY_TUESDAY","WEEKDAY_WEDNESDAY","WEEKDAY_THURSDAY","WEEKDAY_FRIDAY","WEEKDAY_SATURDAY","WEEKDAY_SUNDAY"]}`)
			jonas := s.member(t, "jonas", "payments", "TEAM_ROLE_MEMBER")
			s.member(t, "mina", "payments", "TEAM_ROLE_COACH")
			checkCoaching(t, s, jonas)
			checkCapacity(t, s, jonas)
			follow(t, s.URL, s.Token, "fortnight.cycle.v1.CoachingSessionCreated", "fortnight.cycle.v1.CoachingSessionUpdated", "fortnight.cycle.v1.CoachingSessionHeld",
				"fortnight.cycle.v1.CoachingCadenceUpdated", "fortnight.cycle.v1.CapacityEntryCreated", "fortnight.cycle.v1.CapacityEntryUpdated")
		})
	}
}

// checkCoaching holds two sessions: one before the team ever tried something, and one whose reflection waits for facts.
func checkCoaching(t *testing.T, s *started, jonas string) {
	t.Helper()
	const sessions = "/v1/teams/payments/coachingSessions"
	today := s.clock().UTC().Format(time.DateOnly)
	ok := func(method, path, body string, headers ...string) answer {
		t.Helper()
		got := s.call(t, jonas, method, path, body, headers...)
		if got.Status != http.StatusOK {
			t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Text)
		}
		return got
	}
	refused := func(status int, reason, method, path, body string, headers ...string) answer {
		t.Helper()
		got := s.call(t, jonas, method, path, body, headers...)
		if got.Status != status || got.Body["reason"] != reason {
			t.Errorf("%s %s: %d %s, want %d %s", method, path, got.Status, got.Text, status, reason)
		}
		return got
	}
	ok(http.MethodPost, "/v1/teams/payments/obstacles?obstacleId=queue", `{"description":"Reviews wait"}`)
	ok(http.MethodPost, "/v1/teams/payments/obstacles/queue:makeCurrent", `{}`)
	refused(http.StatusBadRequest, "NOT_A_COACH", http.MethodPost, sessions, `{"coach":"users/jonas","learner":"users/mina"}`)

	first := ok(http.MethodPost, sessions+"?coachingSessionId=first", `{"coach":"users/mina","learner":"users/jonas"}`, "Idempotency-Key", "open")
	if again := ok(http.MethodPost, sessions+"?coachingSessionId=first", `{"coach":"users/mina","learner":"users/jonas"}`, "Idempotency-Key", "open"); again.Text != first.Text {
		t.Errorf("opened again: %s", again.Text)
	}
	early := refused(http.StatusBadRequest, "ANSWER_OUT_OF_ORDER", http.MethodPatch, sessions+"/first", `{"nextStep":"ask"}`)
	if !strings.Contains(early.Text, "target_condition_answer comes first") {
		t.Errorf("the question that comes first is not named: %s", early.Text)
	}
	rest := `"obstaclesAnswer":"the queue","nextStep":"ask who reads","nextExpected":"a name a day","goAndSeeDate":"` + today + `"`
	answered := ok(http.MethodPatch, sessions+"/first", `{"targetConditionAnswer":"12 h","actualConditionAnswer":"19 h",`+rest+`}`, "If-Match", first.Header.Get("ETag"))
	if answered.Body["reflectionState"] != "REFLECTION_STATE_SKIPPED" || answered.Body["obstacle"] != "teams/payments/obstacles/queue" {
		t.Errorf("answered %s", answered.Text)
	}
	if late := s.call(t, jonas, http.MethodPost, sessions+"/first:hold", `{}`, "If-Match", first.Header.Get("ETag")); late.Status != http.StatusPreconditionFailed {
		t.Errorf("held on a stale view: %d %s", late.Status, late.Text)
	}
	if held := ok(http.MethodPost, sessions+"/first:hold", `{}`); held.Body["state"] != "COACHING_SESSION_STATE_HELD" {
		t.Errorf("held %s", held.Text)
	}

	// An experiment starts: the next session cannot go past the card before its facts are in.
	ok(http.MethodPost, "/v1/teams/payments/metrics?metricId=wait", `{"displayName":"Wait","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_PROCESS"}`)
	ok(http.MethodPost, "/v1/teams/payments/cycles?cycleId=first", `{}`)
	ok(http.MethodPost, "/v1/teams/payments/cycles/first/experiments?experimentId=rota", `{"displayName":"A rota","obstacle":"teams/payments/obstacles/queue",
		"safeToFail":"It can be undone","prediction":{"change":"one person reads each day","metric":"teams/payments/metrics/wait","baselineValue":19,
		"expectedValue":12,"byDate":"`+s.clock().UTC().AddDate(0, 0, 7).Format(time.DateOnly)+`","reason":"nobody feels asked","falsification":"it waits as long","confidencePercent":60}}`)
	ok(http.MethodPost, "/v1/teams/payments/cycles/first/experiments/rota:lock", `{}`)
	s.must(t, http.MethodPost, "/v1/teams/payments/cycles/first:advance", `{"phase":"PHASE_PLAN","coachReason":"we have no target condition yet"}`)
	started := ok(http.MethodPost, "/v1/teams/payments/cycles/first/experiments/rota:start", `{}`)
	ok(http.MethodPost, sessions+"?coachingSessionId=second", `{"coach":"users/mina","learner":"users/jonas","targetConditionAnswer":"12 h","actualConditionAnswer":"19 h"}`)
	locked := refused(http.StatusBadRequest, "REFLECTION_LOCKED", http.MethodPatch, sessions+"/second", `{`+rest+`}`)
	if !strings.Contains(locked.Text, "teams/payments/cycles/first/experiments/rota") {
		t.Errorf("the experiment is not named: %s", locked.Text)
	}
	ok(http.MethodPost, "/v1/teams/payments/metrics/wait:import", `{"measurements":[{"time":"`+started.Body["startTime"].(string)+`","value":18}]}`)
	reflected := ok(http.MethodPatch, sessions+"/second", `{"lastStep":"a rota","expected":"12 h","happened":"18 h","learned":"the rota is not known",`+rest+`}`)
	if reflected.Body["reflectionState"] != "REFLECTION_STATE_UNLOCKED" || reflected.Body["reflectedExperiment"] != "teams/payments/cycles/first/experiments/rota" {
		t.Errorf("reflected %s", reflected.Text)
	}
	ok(http.MethodPost, sessions+"/second:hold", `{}`)
	list := ok(http.MethodGet, sessions, "")
	if at(list.Body, "coachingSessions", 1, "state") != "COACHING_SESSION_STATE_HELD" || at(list.Body, "coachingSessions", 2) != nil {
		t.Errorf("listed %s", list.Text)
	}

	health := ok(http.MethodGet, "/v1/teams/payments/coachingCadence:measure?startDate="+today, "")
	if at(health.Body, "plannedDays") != 1.0 || at(health.Body, "heldDays") != 1.0 || at(health.Body, "heldSessions") != 2.0 {
		t.Errorf("health %s", health.Text)
	}
	for _, word := range []string{"users/", "mina", "jonas", "coach\"", "learner"} {
		if strings.Contains(health.Text, word) {
			t.Errorf("the health of the cadence tells of %s: %s", word, health.Text)
		}
	}
	ok(http.MethodPatch, "/v1/teams/payments/coachingCadence", `{"weekdays":["WEEKDAY_MONDAY"]}`)
	if cadence := ok(http.MethodGet, "/v1/teams/payments/coachingCadence", ""); at(cadence.Body, "weekdays", 0) != "WEEKDAY_MONDAY" || cadence.Header.Get("ETag") == "" {
		t.Errorf("cadence %s", cadence.Text)
	}
}

func checkCapacity(t *testing.T, s *started, jonas string) {
	t.Helper()
	const entries = "/v1/teams/payments/capacityEntries"
	today, yesterday := s.clock().UTC().Format(time.DateOnly), s.clock().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
	made := s.call(t, jonas, http.MethodPost, entries, `{"availableHours":40,"improvementHours":0}`)
	if made.Status != http.StatusOK || made.Body["name"] != "teams/payments/capacityEntries/"+today || made.Body["plannedPercent"] != 20.0 {
		t.Errorf("entered %d %s", made.Status, made.Text)
	}
	put := s.call(t, jonas, http.MethodPatch, entries+"/"+yesterday+"?allowMissing=true", `{"availableHours":20,"improvementHours":6}`)
	changed := s.call(t, jonas, http.MethodPatch, entries+"/"+today, `{"improvementHours":3}`, "If-Match", made.Header.Get("ETag"))
	if put.Status != http.StatusOK || changed.Status != http.StatusOK || changed.Body["availableHours"] != 40.0 {
		t.Errorf("put %s, changed %s", put.Text, changed.Text)
	}
	sum := s.call(t, jonas, http.MethodGet, entries+":summarize?startDate="+s.clock().UTC().AddDate(0, 0, -2).Format(time.DateOnly), "")
	missing, _ := sum.Body["missingDates"].([]any)
	if sum.Body["plannedHours"] != 12.0 || sum.Body["improvementHours"] != 9.0 || sum.Body["improvementPercent"] != 15.0 ||
		!slices.Equal(missing, []any{s.clock().UTC().AddDate(0, 0, -2).Format(time.DateOnly)}) {
		t.Errorf("sum %s", sum.Text)
	}
	if list := s.call(t, jonas, http.MethodGet, entries+"?endDate="+yesterday, ""); at(list.Body, "capacityEntries", 0, "improvementHours") != 6.0 || at(list.Body, "capacityEntries", 1) != nil {
		t.Errorf("listed %s", list.Text)
	}
	if got := s.call(t, jonas, http.MethodGet, entries+"/2020-01-01", ""); got.Status != http.StatusNotFound {
		t.Errorf("a day without an entry: %d %s", got.Status, got.Text)
	}
}
