package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
)

// publishedMap is the worked example of a value stream, with or without a reject at code review.
func publishedMap(codeReview string) string {
	return `{"displayName":"Change to customer","steps":[
	{"name":"Intake","processMinutes":60,"waitMinutes":2400,"completeAccuratePercent":100},
	{"name":"Refinement","processMinutes":240,"waitMinutes":480,"completeAccuratePercent":100},
	{"name":"Development","processMinutes":480,"waitMinutes":960,"completeAccuratePercent":100},
	{"name":"Code review","processMinutes":60,"waitMinutes":2880` + codeReview + `},
	{"name":"Deploy","processMinutes":30,"waitMinutes":1440,"completeAccuratePercent":100}]}`
}

// at follows keys and indexes into an answer.
func at(value any, path ...any) any {
	for _, part := range path {
		switch part := part.(type) {
		case string:
			object, _ := value.(map[string]any)
			value = object[part]
		case int:
			list, _ := value.([]any)
			if part >= len(list) {
				return nil
			}
			value = list[part]
		}
	}
	return value
}

func TestValueStreamOverREST(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			s := startOn(t, databaseURL(t, engine))
			s.must(t, http.MethodPost, "/v1/teams?teamId=payments", `{"displayName":"Payments","timeZone":"Europe/Berlin"}`)
			jonas := s.member(t, "jonas", "payments", "TEAM_ROLE_MEMBER")
			checkValueStream(t, s, jonas)
			checkPainLadder(t, s, jonas)
			follow(t, s.URL, s.Token, "fortnight.cycle.v1.ValueStreamCreated", "fortnight.cycle.v1.ValueStreamUpdated", "fortnight.cycle.v1.ConstraintConfirmed",
				"fortnight.cycle.v1.PainfulActivityCreated", "fortnight.cycle.v1.PainfulActivityUpdated", "fortnight.cycle.v1.PainfulActivityScored")
		})
	}
}

func checkValueStream(t *testing.T, s *started, jonas string) {
	t.Helper()
	const path = "/v1/teams/payments/valueStreams/change"
	ok := func(method, path, body string, headers ...string) answer {
		t.Helper()
		got := s.call(t, jonas, method, path, body, headers...)
		if got.Status != http.StatusOK {
			t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Text)
		}
		return got
	}
	// What arrives at the review is not judged yet: the figures that need it are left out, and the step is named.
	made := ok(http.MethodPost, "/v1/teams/payments/valueStreams?valueStreamId=change", publishedMap(""), "Idempotency-Key", "draw")
	again := ok(http.MethodPost, "/v1/teams/payments/valueStreams?valueStreamId=change", publishedMap(""), "Idempotency-Key", "draw")
	if made.Text != again.Text || again.Header.Get("Idempotency-Replayed") != "true" {
		t.Errorf("drawn again: %s", again.Text)
	}
	figures := at(made.Body, "figures")
	if at(figures, "leadTimeMinutes") != 9030.0 || at(figures, "processTimeMinutes") != 870.0 || at(figures, "rolledCompleteAccuratePercent") != nil ||
		at(figures, "incomplete", 0, "step") != "Code review" || at(figures, "incomplete", 0, "field") != "complete_accurate_percent" {
		t.Errorf("figures of %s", made.Text)
	}
	if got := fmt.Sprintf("%.1f", at(figures, "flowEfficiencyPercent")); got != "9.6" {
		t.Errorf("flow efficiency %s", got)
	}

	etag := made.Header.Get("ETag")
	updated := ok(http.MethodPatch, path, publishedMap(`,"completeAccuratePercent":80,"rejectsReturnTo":"Intake"`), "If-Match", etag)
	figures = at(updated.Body, "figures")
	if at(updated.Body, "version") != 2.0 || at(figures, "expectedReworkMinutes") != 924.0 || at(figures, "reworkAdjustedLeadTimeMinutes") != 9954.0 ||
		at(figures, "rolledCompleteAccuratePercent") != 80.0 || len(at(figures, "incomplete").([]any)) != 0 {
		t.Errorf("figures of %s", updated.Text)
	}
	if late := s.call(t, jonas, http.MethodPatch, path, `{"displayName":"late"}`, "If-Match", etag); late.Status != http.StatusPreconditionFailed {
		t.Errorf("a stale change: %d %s", late.Status, late.Text)
	}

	if got := s.call(t, jonas, http.MethodPost, path+":confirmConstraint", `{"step":"Deploy"}`); got.Status != http.StatusBadRequest || got.Body["reason"] != "CONSTRAINT_REASON_MISSING" {
		t.Errorf("without a reason: %d %s", got.Status, got.Text)
	}
	confirmed := ok(http.MethodPost, path+":confirmConstraint", `{"step":"Code review"}`)
	if at(confirmed.Body, "confirmedConstraint", "confirmedBy") != "users/jonas" || at(confirmed.Body, "suggestedConstraint", "longestQueueSteps", 0) != "Code review" {
		t.Errorf("confirmed %s", confirmed.Text)
	}

	if first := ok(http.MethodGet, path+"/versions/1", ""); at(first.Body, "steps", 3, "completeAccuratePercent") != nil {
		t.Errorf("the first version %s", first.Text)
	}
	if list := ok(http.MethodGet, path+"/versions?pageSize=1", ""); at(list.Body, "valueStreamVersions", 0, "version") != 2.0 || at(list.Body, "nextPageToken") == "" {
		t.Errorf("versions %s", list.Text)
	}
	compared := ok(http.MethodGet, path+":compare?fromVersion=1", "")
	if at(compared.Body, "stepDifferences", 0, "step") != "Code review" || at(compared.Body, "stepDifferences", 1) != nil ||
		!strings.Contains(fmt.Sprint(at(compared.Body, "stepDifferences", 0, "changedFields")), "rejects_return_to") ||
		at(compared.Body, "figureDifferences", 0, "figure") != "VALUE_STREAM_FIGURE_ROLLED_COMPLETE_ACCURATE" {
		t.Errorf("compared %s", compared.Text)
	}

	cycle := ok(http.MethodPost, "/v1/teams/payments/cycles?cycleId=first", `{"valueStreamFocus":{"step":"Code review","valueStream":"teams/payments/valueStreams/change"}}`)
	if at(cycle.Body, "valueStreamFocus", "constraint") != true {
		t.Errorf("the cycle works on the constraint: %s", cycle.Text)
	}
	off := ok(http.MethodPatch, "/v1/teams/payments/cycles/first", `{"valueStreamFocus":{"step":"Deploy","constraint":true,"valueStream":"teams/payments/valueStreams/change"}}`)
	gate := ok(http.MethodGet, "/v1/teams/payments/cycles/first:preview", "")
	if at(off.Body, "valueStreamFocus", "constraint") != false || !strings.Contains(gate.Text, "OFF_CONSTRAINT_REASON_MISSING") {
		t.Errorf("off the constraint: %s, the gate says %s", off.Text, gate.Text)
	}
}

func checkPainLadder(t *testing.T, s *started, jonas string) {
	t.Helper()
	const path = "/v1/teams/payments/painfulActivities/restore"
	made := s.call(t, jonas, http.MethodPost, "/v1/teams/payments/painfulActivities?painfulActivityId=restore",
		`{"displayName":"Restore the database","pain":5,"frequency":"FREQUENCY_YEARLY","targetFrequency":"FREQUENCY_WEEKLY"}`)
	scored := s.call(t, jonas, http.MethodPost, path+":score", `{"pain":3,"frequency":"FREQUENCY_QUARTERLY","note":"scripted"}`)
	if made.Status != http.StatusOK || scored.Status != http.StatusOK || scored.Body["nextFrequency"] != "FREQUENCY_MONTHLY" {
		t.Errorf("made %s, scored %s", made.Text, scored.Text)
	}
	if updated := s.call(t, jonas, http.MethodPatch, path, `{"targetFrequency":"FREQUENCY_DAILY"}`); updated.Status != http.StatusOK || updated.Body["pain"] != 3.0 {
		t.Errorf("updated %d %s", updated.Status, updated.Text)
	}
	scores := s.call(t, jonas, http.MethodGet, path+"/scores", "")
	if at(scores.Body, "painScores", 0, "pain") != 5.0 || at(scores.Body, "painScores", 1, "note") != "scripted" || at(scores.Body, "painScores", 2) != nil {
		t.Errorf("scores %s", scores.Text)
	}
	if ladder := s.call(t, jonas, http.MethodGet, "/v1/teams/payments/painfulActivities", ""); at(ladder.Body, "painfulActivities", 0, "name") != "teams/payments/painfulActivities/restore" {
		t.Errorf("ladder %s", ladder.Text)
	}
}
