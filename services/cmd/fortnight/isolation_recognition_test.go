package main

import (
	"net/http"
	"strings"
	"testing"
)

// checkRecognition links an obstacle of the open team to one of the closed team. Whoever may not read the closed team sees the same
// as before, in the list, in the counts, in the history and in the events; and a link of their own does not lead there either.
func (w *world) checkRecognition(t *testing.T) {
	const open, closed, own = "teams/orchard/obstacles/queue", "teams/payments/obstacles/queue", "teams/mobile/obstacles/alike"
	w.must(t, http.MethodPost, "/v1/teams/mobile/obstacles?obstacleId=alike", `{"description":"x"}`)
	recognize := func(column, name string) answer {
		return w.from(t, w.credential(column, otherTeam), http.MethodGet, "/v1/"+name+":recognize", "")
	}
	before := map[string]answer{}
	for _, column := range []string{"outsider", "otherBot", "nobody", "removed"} {
		before[column] = recognize(column, open)
	}
	w.must(t, http.MethodPost, "/v1/"+open+":link", `{"sameAs":"`+closed+`"}`)
	defer w.must(t, http.MethodPost, "/v1/"+open+":unlink", `{}`)
	if linked := recognize("admin", open); linked.Body["recurrenceCount"] != 2.0 || linked.Body["teamCount"] != 2.0 {
		t.Errorf("the link is not seen by one who may read both teams: %s", linked.Text)
	}
	for column, was := range before {
		if now := recognize(column, open); now.Status != http.StatusOK || now.Text != was.Text {
			t.Errorf("%s sees a link to a closed team: before %d %s, now %d %s", column, was.Status, was.Text, now.Status, now.Text)
		}
	}
	if got := w.from(t, w.credential("outsider", otherTeam), http.MethodPost, "/v1/"+own+":link", `{"sameAs":"`+open+`"}`); got.Status != http.StatusOK {
		t.Errorf("the outsider cannot link to an open team: %d %s", got.Status, got.Text)
	}
	if chain := recognize("outsider", own); chain.Body["recurrenceCount"] != 2.0 || chain.Body["teamCount"] != 2.0 {
		t.Errorf("a chain of links tells the outsider of a closed team: %s", chain.Text)
	}
	w.checkNotNamed(t)
}

// checkNotNamed looks for the closed team where an outsider may look.
func (w *world) checkNotNamed(t *testing.T) {
	t.Helper()
	for _, path := range []string{"/v1/teams/orchard/obstacles", "/v1/teams/orchard/history", "/v1/teams/mobile/history", "/v1/teams/orchard/storyboard"} {
		got := w.from(t, w.credential("outsider", otherTeam), http.MethodGet, path, "")
		if got.Status != http.StatusOK || strings.Contains(got.Text, "teams/"+closedTeam) {
			t.Errorf("GET %s tells the outsider of the closed team: %d %s", path, got.Status, got.Text)
		}
	}
	w.refresh()
	for _, service := range w.services {
		log := service.EventLog()
		if log.Source() != "cycle" {
			continue
		}
		head, err := log.Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var seen strings.Builder
		if err := w.watch(t.Context(), w.caller(t, "outsider", closedTeam), "cycle", head.Seq, &seen); err != nil {
			t.Fatal(err)
		}
		if text := seen.String(); !strings.Contains(text, "teams/"+openTeam) || strings.Contains(text, "teams/"+closedTeam) {
			t.Errorf("the log of cycle shows the outsider the closed team, or nothing: %.2000s", text)
		}
	}
}
