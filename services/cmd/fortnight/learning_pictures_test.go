package main

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"
)

// What one team has learned others see as pictures and in their feed readers, although they may not read the numbers of the team.
func TestPicturesAndFeedOfALearning(t *testing.T) {
	s := start(t)
	runScript(t, s.URL, s.Token)
	s.must(t, http.MethodPost, "/v1/teams?teamId=outsiders", `{"displayName":"Outsiders"}`)
	outsider := s.member(t, "olga", "outsiders", "TEAM_ROLE_MEMBER")
	get := func(path string, headers ...string) answer {
		t.Helper()
		return s.call(t, outsider, http.MethodGet, path, "", headers...)
	}
	mustGet := func(path, media string, headers ...string) string {
		t.Helper()
		got := get(path, headers...)
		if got.Status != http.StatusOK || !strings.HasPrefix(got.Header.Get("Content-Type"), media) {
			t.Fatalf("%s: %d %s %s", path, got.Status, got.Header.Get("Content-Type"), got.Text)
		}
		return got.Text
	}

	// The learning is told by the event, and its chart comes a moment later.
	list := s.until(t, "/v1/learnings?team=teams/filling-test", `"hasChart":true`).Body["learnings"].([]any)
	learning := list[0].(map[string]any)["name"].(string)
	experiment := s.must(t, http.MethodGet, "/v1/"+learning, "").Body["experiment"].(string)
	judged := s.must(t, http.MethodGet, "/v1/"+experiment, "").Body
	metric := judged["prediction"].(map[string]any)["metric"].(string)
	if got := get("/v1/" + metric + ":analyze"); got.Status != http.StatusForbidden {
		t.Fatalf("the outsider may read the metric: %d %s", got.Status, got.Text)
	}

	chart := mustGet("/v1/"+learning+":chart", "image/svg+xml", "Accept", "image/svg+xml")
	if !strings.Contains(chart, "<desc>") || !strings.Contains(chart, "natural process limits") {
		t.Errorf("the chart says nothing: %s", chart)
	}
	if table := mustGet("/v1/"+learning+":chart?format=csv", "text/csv"); strings.Count(table, "\n") != 1+10 { // the baseline, and what came of it
		t.Errorf("the table holds %s", table)
	}
	limits, kept := judged["outcome"].(map[string]any)["limits"].(map[string]any), get("/v1/" + learning + ":chart").Body["chart"].(map[string]any)["limits"].(map[string]any)
	for _, which := range []string{"centre", "upper", "lower", "count", "firstTime", "lastTime"} {
		if kept[which] != limits[which] {
			t.Errorf("the chart has %s %v, the experiment was judged by %v", which, kept[which], limits[which])
		}
	}
	if page := mustGet("/v1/"+learning+":chart", "text/html", "Accept", "text/html"); !strings.Contains(page, `class="fn-chart"`) || !strings.Contains(page, "<table>") {
		t.Errorf("the page holds %s", page)
	}
	if png := mustGet("/v1/"+learning+":chart?format=png", "image/png"); !strings.HasPrefix(png, "\x89PNG") {
		t.Error("the picture is no PNG")
	}
	spread := mustGet("/v1/"+learning+":spread", "image/svg+xml", "Accept", "image/svg+xml")
	if !strings.Contains(spread, "filling-test") || !strings.Contains(spread, "Grade: ") {
		t.Errorf("the spread holds %s", spread)
	}

	shown := "Basic " + base64.StdEncoding.EncodeToString([]byte("olga:"+outsider))
	var feed struct {
		Entries []struct {
			Title   string `xml:"title"`
			Author  string `xml:"author>name"`
			Content string `xml:"content"`
		} `xml:"entry"`
	}
	for _, scope := range []string{"", "?team=teams/filling-test", "?learning=" + learning} {
		got := s.call(t, "", http.MethodGet, "/v1/learnings:feed"+scope, "", "Authorization", shown)
		if err := xml.Unmarshal([]byte(got.Text), &feed); got.Status != http.StatusOK || err != nil {
			t.Fatalf("feed %s: %d %v %s", scope, got.Status, err, got.Text)
		}
		if e := feed.Entries; len(e) == 0 || !strings.Contains(e[0].Title, "A wider valve raises the flow rate") || e[0].Author != "filling-test" || e[0].Content == "" {
			t.Errorf("feed %s: %s", scope, got.Text)
		}
		feed.Entries = nil
		if again := s.call(t, "", http.MethodGet, "/v1/learnings:feed"+scope, "", "Authorization", shown, "If-None-Match", got.Header.Get("ETag")); again.Status != http.StatusNotModified {
			t.Errorf("feed %s again: %d", scope, again.Status)
		}
	}
	if got := s.call(t, "", http.MethodGet, "/v1/learnings:feed?followedBy=teams/filling-test", "", "Authorization", shown); got.Status != http.StatusForbidden {
		t.Errorf("what another team follows: %d %s", got.Status, got.Text)
	}
	if got := s.call(t, "", http.MethodGet, "/v1/learnings", "", "Authorization", shown); got.Status != http.StatusUnauthorized {
		t.Errorf("elsewhere a password is let in: %d", got.Status)
	}
}
