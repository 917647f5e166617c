package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func (r *rivals) cycle(t *testing.T) (path string, made answer) {
	t.Helper()
	made = r.ok(t, http.MethodPost, raced+"/cycles", `{}`)
	return "/v1/" + made.Body["name"].(string), made
}

func (r *rivals) cancel(t *testing.T, path string) {
	t.Helper()
	r.ok(t, http.MethodPost, path+":cancel", `{"reason":"the round is over"}`)
}

func raceGate(t *testing.T, r *rivals, _ int) {
	path, made := r.cycle(t)
	gate := func(token, body, etag string) rival {
		return rival{token, http.MethodPost, path + ":advance", body, etag}
	}
	const insist = `{"coachReason":"we go on"}`
	etag := made.Header.Get("ETag")
	winner, loser, _ := one(t, r.meet(t, gate(r.jonas, insist, etag), gate(r.aiko, insist, etag)))
	lost(t, loser, http.StatusPreconditionFailed, "ETAG_MISMATCH", winner.Header.Get("ETag"))
	r.stored(t, path, winner)
	// The etag in the body, and the phase that both believe in, do the same.
	etag = winner.Body["etag"].(string)
	inBody := fmt.Sprintf(`{"coachReason":"we go on","etag":%q}`, etag)
	winner, loser, _ = one(t, r.meet(t, gate(r.jonas, inBody, ""), gate(r.aiko, inBody, "")))
	lost(t, loser, http.StatusConflict, "ETAG_MISMATCH", winner.Header.Get("ETag"))
	believed := `{"coachReason":"we go on","phase":"PHASE_CHECK"}`
	winner, loser, _ = one(t, r.meet(t, gate(r.jonas, believed, ""), gate(r.aiko, believed, "")))
	lost(t, loser, http.StatusConflict, "PHASE_MISMATCH", winner.Header.Get("ETag"))
	r.stored(t, path, winner)
	if passes, _ := winner.Body["gatePasses"].([]any); len(passes) != 3 || winner.Body["phase"] != "PHASE_ACT" {
		t.Errorf("three gates were moved: %s", winner.Text)
	}
	r.cancel(t, path)
}

// cycles lists the cycles that run.
func (r *rivals) cycles(t *testing.T) []any {
	t.Helper()
	list, _ := r.ok(t, http.MethodGet, raced+"/cycles?states=CYCLE_STATE_ACTIVE", "").Body["cycles"].([]any)
	return list
}

func raceStart(t *testing.T, r *rivals, _ int) {
	begin := func(token string) rival { return rival{token, http.MethodPost, raced + "/cycles", `{}`, ""} }
	winner, loser, _ := one(t, r.meet(t, begin(r.jonas), begin(r.aiko)))
	if loser.Body["reason"] != "CYCLE_ALREADY_RUNNING" || at(loser.Body, "metadata", "cycle") != winner.Body["name"] {
		t.Errorf("the loser gets %d %s", loser.Status, loser.Text)
	}
	if now := r.cycles(t); len(now) != 1 || at(now[0], "name") != winner.Body["name"] {
		t.Errorf("running are %v", now)
	}
	r.cancel(t, "/v1/"+winner.Body["name"].(string))
}

// lastGate takes a new cycle to its ACT phase.
func (r *rivals) lastGate(t *testing.T) string {
	t.Helper()
	path, _ := r.cycle(t)
	for _, phase := range []string{"PLAN", "DO", "CHECK"} {
		r.ok(t, http.MethodPost, path+":advance", `{"coachReason":"we go on","phase":"PHASE_`+phase+`"}`)
	}
	return path
}

func raceDraft(t *testing.T, r *rivals, _ int) {
	r.ok(t, http.MethodPost, r.lastGate(t)+":advance", `{"coachReason":"we go on","phase":"PHASE_ACT"}`)
	drafts, _ := r.ok(t, http.MethodGet, raced+"/cycles?states=CYCLE_STATE_DRAFT", "").Body["cycles"].([]any)
	if len(drafts) != 1 {
		t.Fatalf("drafted are %v", drafts)
	}
	draft := "/v1/" + at(drafts[0], "name").(string)
	start := rival{r.jonas, http.MethodPost, draft + ":start", `{}`, ""}
	winner, loser, _ := one(t, r.meet(t, start, rival{r.aiko, http.MethodPost, raced + "/cycles", `{}`, ""}))
	if now := r.cycles(t); loser.Body["reason"] != "CYCLE_ALREADY_RUNNING" || len(now) != 1 || at(now[0], "name") != winner.Body["name"] {
		t.Errorf("the loser gets %s, running are %v", loser.Text, now)
	}
	r.cancel(t, "/v1/"+winner.Body["name"].(string))
	// The draft itself is started once.
	if again := r.call(t, r.jonas, http.MethodPost, draft+":start", `{}`); again.Status == http.StatusOK {
		r.cancel(t, draft)
	}
}

// raceAndon: both may come through, but then the gate was passed before the andon was raised.
func raceAndon(t *testing.T, r *rivals, _ int) {
	path, _ := r.cycle(t)
	answers := r.meet(t, rival{r.jonas, http.MethodPost, path + ":advance", `{"coachReason":"we go on","phase":"PHASE_PLAN"}`, ""},
		rival{r.aiko, http.MethodPost, path + "/andons", `{"problem":"the build is red"}`, ""})
	moved, raised := answers[0], answers[1]
	if raised.Status != http.StatusOK {
		t.Fatalf("raised: %d %s", raised.Status, raised.Text)
	}
	now := r.ok(t, http.MethodGet, path, "")
	if moved.Status != http.StatusOK {
		if moved.Body["reason"] != "GATE_CRITERIA_UNMET" || !strings.Contains(moved.Text, "ANDON_OPEN") || now.Body["phase"] != "PHASE_PLAN" {
			t.Errorf("the gate is shut with %s, the cycle is %s", moved.Text, now.Text)
		}
	} else if order := r.happened(t, path); slices.Index(order, "CycleAdvanced") > slices.Index(order, "AndonRaised") || now.Body["phase"] != "PHASE_DO" {
		t.Errorf("the gate was passed after the andon: %v, the cycle is %s", order, now.Text)
	}
	r.cancel(t, path)
}

// happened are the events of a cycle and what lies below it, the oldest first.
func (r *rivals) happened(t *testing.T, path string) []string {
	t.Helper()
	entries, _ := r.ok(t, http.MethodGet, raced+"/history?pageSize=1000&resource="+strings.TrimPrefix(path, "/v1/"), "").Body["entries"].([]any)
	var events []string
	for _, e := range slices.Backward(entries) {
		events = append(events, at(e, "event").(string))
	}
	return events
}

// raceLastGate: either the andon keeps the cycle from its end, or the cycle is over and has no andons any more.
func raceLastGate(t *testing.T, r *rivals, _ int) {
	path := r.lastGate(t)
	winner, loser, finished := one(t, r.meet(t, rival{r.jonas, http.MethodPost, path + ":advance", `{"coachReason":"we go on","phase":"PHASE_ACT"}`, ""},
		rival{r.aiko, http.MethodPost, path + "/andons", `{"problem":"the build is red"}`, ""}))
	want := "CYCLE_NOT_RUNNING"
	if !finished {
		want = "GATE_CRITERIA_UNMET"
	}
	if loser.Body["reason"] != want {
		t.Errorf("the winner gets %s, the loser %s", winner.Text, loser.Text)
	}
	if !finished {
		r.cancel(t, path)
	}
}
