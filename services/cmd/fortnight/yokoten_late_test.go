package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"
)

// Weeks after a learning was published: a team that said nothing is shown to have said nothing and may still adopt it, and a gain that a
// hold check finds gone opposes the claim, in everybody's eyes.
func TestALearningWeeksLater(t *testing.T) {
	clock := &offset{}
	s := startAt(t, clock.Now, Settings{}, slog.New(slog.DiscardHandler))
	c := decided(t, s)
	plan(t, s, "packing")
	c.close(t)
	id := strings.TrimPrefix(s.until(t, "/v1/learnings:search?query=wider+valve", "raises the flow more").
		Body["results"].([]any)[0].(map[string]any)["learning"].(map[string]any)["name"].(string), "learnings/")
	offer := "/v1/teams/packing/offers/" + id
	s.until(t, offer, "OFFER_STATE_OPEN")

	const weeks = 16 * 24 * time.Hour
	clock.advance(weeks)
	s.until(t, offer, "OFFER_STATE_NO_ANSWER")
	if spread := s.must(t, http.MethodGet, "/v1/learnings/"+id+":spread", "").Body; spread["offered"] != 1.0 || spread["answered"] != 0.0 {
		t.Errorf("without an answer the spread is %v", spread)
	}
	s.must(t, http.MethodPost, offer+":answer", `{"answer":"ANSWER_ADOPT"}`)
	s.until(t, offer, "ADOPTION_STATE_DRAFTED")

	for day := range 10 {
		at := time.Now().UTC().AddDate(0, 0, day+2).Format(time.DateOnly)
		s.must(t, http.MethodPost, "/v1/"+lineTeam+"/metrics/flow/measurements", fmt.Sprintf(`{"time":"%sT00:00:00Z","value":%g}`, at, 47.5+float64(day%3)))
	}
	if got := s.must(t, http.MethodPost, "/v1/"+lineExperiment+":judgeHoldCheck", `{"weeks":2}`); !strings.Contains(got.Text, "HOLD_CHECK_STATE_SLIPPED") {
		t.Fatalf("the gain is gone: %s", got.Text)
	}
	grade := s.untilLevel(t, "learnings/"+id, "GRADE_LEVEL_CONTESTED")
	if grade["supportingTeams"] != 0.0 || grade["opposingTeams"] != 1.0 {
		t.Errorf("the grade is %v", grade)
	}
	if got := s.must(t, http.MethodGet, "/v1/learnings/"+id+"/evidence", ""); !strings.Contains(got.Text, "HOLD_FINDING_SLIPPED") {
		t.Errorf("the evidence does not say why: %s", got.Text)
	}
}
