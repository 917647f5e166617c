package main

import (
	"encoding/csv"
	"net/http"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// What one installation has learned is found in another one, with where it comes from and with its chart; it is offered there to those who
// face the same, and what changes in the first is brought along by the next import.
func TestLearningsTravelFromOneProgramToAnother(t *testing.T) {
	from, to := start(t), startOn(t, databaseURL(t, db.Postgres))
	decided(t, from).close(t)
	found := from.until(t, "/v1/learnings:search?query=wider+valve", "raises the flow more")
	there := at(found.Body["results"].([]any)[0], "learning").(map[string]any)["name"].(string)
	from.until(t, "/v1/"+there, `"hasChart":true`)
	plan(t, to, "packing")

	export := func(s *started, format string) string {
		t.Helper()
		return s.must(t, http.MethodGet, "/v1/learnings:export?format="+format, "").Text
	}
	bring := func(s *started, media, body, query string) map[string]any {
		t.Helper()
		got := s.call(t, s.Token, http.MethodPost, "/v1/learnings:import"+query, body, "Content-Type", media)
		if got.Status != http.StatusOK {
			t.Fatalf("the import is answered %d %s", got.Status, got.Text)
		}
		return got.Body
	}
	packed := export(from, "zip")
	if tried := bring(to, "application/zip", packed, "?validateOnly=true"); len(tried["created"].([]any)) != 1 || len(to.must(t, http.MethodGet, "/v1/learnings", "").Body["learnings"].([]any)) != 0 {
		t.Errorf("tried: %v", tried)
	}
	made := bring(to, "application/zip", packed, "")
	if created := made["created"].([]any); len(created) != 1 || len(made["refused"].([]any)) != 0 {
		t.Fatalf("imported: %v", made)
	}
	here := made["created"].([]any)[0].(string)

	result := to.until(t, "/v1/learnings:search?query=wider+valve", "raises the flow more")
	learning := at(result.Body["results"].([]any)[0], "learning").(map[string]any)
	origin, _ := learning["provenance"].(map[string]any)
	if learning["name"] != here || origin["installation"] != strings.TrimPrefix(from.URL, "http://") || origin["learning"] != there || learning["team"] != "" ||
		at(origin["grade"], "level") != "GRADE_LEVEL_OBSERVED" || at(learning["grade"], "level") != "GRADE_LEVEL_ANECDOTE" {
		t.Errorf("found there: %v", learning)
	}
	picture := to.must(t, http.MethodGet, "/v1/"+here+":chart?format=svg", "")
	if !strings.HasPrefix(picture.Text, "<svg") || picture.Header.Get("Content-Type") != "image/svg+xml" {
		t.Errorf("the chart is %v %s", picture.Header, picture.Text)
	}
	to.until(t, "/v1/teams/packing/offers/"+strings.TrimPrefix(here, "learnings/"), "OFFER_STATE_OPEN")

	document := export(from, "json")
	for name, again := range map[string]map[string]any{
		"the same":             bring(to, "application/json", document, ""),
		"what came back":       bring(from, "application/json", export(to, "json"), ""),
		"what was never gone":  bring(from, "application/zip", packed, ""),
		"what came through it": bring(to, "application/zip", export(to, "zip"), ""),
	} {
		if again["unchanged"] != 1.0 || len(again["created"].([]any))+len(again["updated"].([]any))+len(again["refused"].([]any)) != 0 {
			t.Errorf("%s: %v", name, again)
		}
	}
	from.must(t, http.MethodPost, "/v1/"+there+":retire", `{"reason":"The pump was exchanged"}`)
	if updated := bring(to, "application/json", export(from, "json"), "")["updated"].([]any); len(updated) != 1 || updated[0] != here {
		t.Errorf("updated: %v", updated)
	}
	to.until(t, "/v1/"+here, "The pump was exchanged")

	files, _ := unzipped(t, []byte(export(to, "zip")))
	id := strings.TrimPrefix(here, "learnings/")
	rows, err := csv.NewReader(strings.NewReader(files["learnings.csv"])).ReadAll()
	if err != nil || len(rows) != 2 || rows[1][0] != here || !strings.HasPrefix(files["charts/"+id+".svg"], "<svg") || !strings.Contains(files["learnings/"+id+".md"], "RETIRED") {
		t.Errorf("exported again: %v %q", err, files)
	}
	if text := export(to, "markdown"); !strings.Contains(text, "# Learnings of ") {
		t.Errorf("as a document: %s", text)
	}
	member := to.member(t, "jonas", "packing", "TEAM_ROLE_MEMBER")
	if got := to.call(t, member, http.MethodPost, "/v1/learnings:import", document); got.Status != http.StatusForbidden {
		t.Errorf("a member imports: %d %s", got.Status, got.Text)
	}
	if got := to.call(t, member, http.MethodGet, "/v1/learnings:export?format=csv", ""); got.Status != http.StatusOK || !strings.Contains(got.Text, here) {
		t.Errorf("a member exports: %d %s", got.Status, got.Text)
	}
	if got := to.call(t, "", http.MethodGet, "/v1/learnings:export", ""); got.Status != http.StatusUnauthorized {
		t.Errorf("a stranger exports: %d %s", got.Status, got.Text)
	}
	testkit.Eventually(t, "both exports are in the audit log", func() bool {
		return strings.Contains(to.must(t, http.MethodGet, "/v1/auditEvents?actions=AUDIT_ACTION_EXPORTED&resource=learnings", "").Text, "users/jonas")
	})
}
