package main

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
)

// checkPages replays page tokens: a token is good for the caller, the list and the filter that it was made for.
func (w *world) checkPages(t *testing.T) {
	lists := []struct{ list, other, filter string }{
		{"/v1/teams/payments/obstacles", "/v1/teams/orchard/obstacles", ""},
		{"/v1/teams/payments/history", "/v1/teams/orchard/history", "resource=teams/payments/obstacles/queue"},
		{"/v1/teams/payments/cycles/first/experiments", "/v1/teams/orchard/cycles/first/experiments", ""},
		{"/v1/teams/payments/metrics/wait/measurements", "/v1/teams/orchard/metrics/wait/measurements", ""},
		{"/v1/teams/payments/metrics", "/v1/organization/metrics", ""},
		{"/v1/teams/payments/members", "/v1/teams/orchard/members", ""},
		{"/v1/teams/payments/reminders?showAnswered=true", "/v1/teams/orchard/reminders?showAnswered=true", ""},
		{"/v1/learnings", "/v1/learnings?team=teams/payments", "team=teams/orchard"},
		{"/v1/learnings:search?query=everybody", "/v1/learnings:search?query=know", "team=teams/orchard"},
		{"/v1/users", "/v1/teams", ""},
		{"/v1/teams", "/v1/users", ""},
	}
	page := func(column, path, token string) answer {
		join := "?"
		if strings.Contains(path, "?") {
			join = "&"
		}
		if token != "" {
			token = "&pageToken=" + token
		}
		return w.from(t, w.credential(column, closedTeam), http.MethodGet, path+join+"pageSize=1"+token, "")
	}
	for _, l := range lists {
		first := page("member", l.list, "")
		token, _ := first.Body["nextPageToken"].(string)
		if token == "" {
			t.Errorf("GET %s has one page only: %s", l.list, first.Text)
			continue
		}
		if next := page("member", l.list, token); next.Status != http.StatusOK {
			t.Errorf("GET %s: the second page answers %d %s", l.list, next.Status, next.Text)
		}
		if other := page("member", l.other, token); other.Status != http.StatusBadRequest || other.Body["reason"] != "PAGE_TOKEN_INVALID" {
			t.Errorf("GET %s takes a token of %s: %d %s", l.other, l.list, other.Status, other.Text)
		}
		if l.filter != "" {
			join := map[bool]string{true: "&", false: "?"}[strings.Contains(l.list, "?")]
			if other := page("member", l.list+join+l.filter, token); other.Body["reason"] != "PAGE_TOKEN_INVALID" {
				t.Errorf("GET %s takes a token with the filter %s: %d %s", l.list, l.filter, other.Status, other.Text)
			}
		}
		for _, column := range []string{"anonymous", "nobody", "outsider", "removed", "otherBot", "viewer", "coach", "manager", "admin"} {
			got := page(column, l.list, token)
			if got.Status == http.StatusOK {
				t.Errorf("GET %s takes the page token of somebody else from %s: %s", l.list, column, got.Text)
			}
			for _, word := range leaks(column, got.Text) {
				t.Errorf("GET %s with the page token of somebody else tells %s of %s", l.list, column, word)
			}
		}
	}
}

// checkKeys repeats a request that was answered: as somebody else, and as somebody who may not any more. The answer must not come
// back.
func (w *world) checkKeys(t *testing.T) {
	w.must(t, http.MethodPost, "/v1/users?userId=kim", `{"displayName":"kim"}`)
	member := func(role string) {
		w.call(t, w.Token, http.MethodPost, "/v1/teams/payments/members", `{"user":"users/kim","role":"`+role+`"}`)
	}
	member("TEAM_ROLE_COACH")
	kim := w.token(t, "users/kim", `{"displayName":"kim"}`)
	looking := w.token(t, "users/kim", `{"displayName":"kim looks","scopes":["read"]}`)
	requests := []restRequest{
		{http.MethodPost, "/v1/teams/payments/obstacles", `{"description":"` + secret(workWord, closedTeam) + `"}`},
		{http.MethodPost, "/v1/teams/payments/cycles/first/retrospective/notes", `{"prompt":"PROMPT_HELPED","text":"` + secret(noteWord, closedTeam) + `"}`},
		{http.MethodPatch, "/v1/teams/payments", `{"improvementCapacityPercent":10}`},
		{http.MethodPost, "/v1/" + w.things["told "+closedTeam] + ":retire", `{"reason":"everybody may know"}`},
	}
	inStage("COLLECT")(t, w, closedTeam)
	repeat := func(token string, i int) answer {
		return w.from(t, token, requests[i].method, requests[i].path, requests[i].body, "Idempotency-Key", fmt.Sprintf("kim-%d", i))
	}
	for i, r := range requests {
		if first := repeat(kim, i); first.Status != http.StatusOK {
			t.Errorf("%s %s: %d %s", r.method, r.path, first.Status, first.Text)
		}
		if again := repeat(kim, i); again.Status != http.StatusOK || again.Header.Get("Idempotency-Replayed") != "true" {
			t.Errorf("%s %s again: %d %s", r.method, r.path, again.Status, again.Text)
		}
	}
	refused := func(who, token string) {
		for i, r := range requests {
			got := repeat(token, i)
			if got.Status == http.StatusOK || got.Header.Get("Idempotency-Replayed") != "" || strings.Contains(got.Text, workWord) || strings.Contains(got.Text, noteWord) {
				t.Errorf("%s %s again, as %s: %d %s", r.method, r.path, who, got.Status, got.Text)
			}
		}
	}
	for _, column := range []string{"anonymous", "nobody", "outsider", "otherBot", "removed", "viewer", "readOnly", "manager"} {
		refused(column, w.credential(column, closedTeam))
	}
	refused("the same user with a token for reading", looking)
	w.must(t, http.MethodPatch, "/v1/teams/payments/members/kim", `{"role":"TEAM_ROLE_VIEWER"}`)
	refused("a viewer who was a coach", kim)
	w.must(t, http.MethodDelete, "/v1/teams/payments/members/kim", "")
	refused("one who has left", kim)
	member("TEAM_ROLE_COACH")
	w.must(t, http.MethodPost, "/v1/users/kim:deactivate", `{}`)
	refused("a deactivated user", kim)
}

// checkReferences names things of a closed team in requests about one's own: the answer is the same for what is not there.
func (w *world) checkReferences(t *testing.T) {
	day := w.day(30)
	w.must(t, http.MethodPost, "/v1/teams/mobile/challenges?challengeId=own", `{"statement":"x","horizonDate":"`+w.day(600)+`"}`)
	w.must(t, http.MethodPost, "/v1/teams/mobile/metrics?metricId=own", `{"displayName":"x","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_PROCESS"}`)
	w.must(t, http.MethodPost, "/v1/teams/mobile/cycles?cycleId=own", `{}`)
	w.must(t, http.MethodPost, "/v1/teams/mobile/cycles/own/experiments?experimentId=own", `{"displayName":"x"}`)
	w.must(t, http.MethodPost, "/v1/teams/mobile/obstacles?obstacleId=own", `{"description":"x"}`)
	w.must(t, http.MethodPost, "/v1/users?userId=kai", `{"displayName":"kai"}`)
	w.must(t, http.MethodPost, "/v1/teams/mobile/members", `{"user":"users/kai","role":"TEAM_ROLE_MEMBER"}`)
	w.must(t, http.MethodPost, "/v1/teams/mobile/coachingSessions?coachingSessionId=own", `{"coach":"users/aiko","learner":"users/kai"}`)
	for _, r := range []reference{
		{"POST", "/v1/teams/mobile/targetConditions", `{"challenge":"$","achieveByDate":"` + day + `","outcomeMetric":"teams/mobile/metrics/own","outcomeValue":1,"operatingPattern":"x"}`, "teams/payments/challenges/direction"},
		{"POST", "/v1/teams/mobile/targetConditions", `{"challenge":"teams/mobile/challenges/own","achieveByDate":"` + day + `","outcomeMetric":"$","outcomeValue":1,"operatingPattern":"x"}`, "teams/payments/metrics/wait"},
		{"POST", "/v1/teams/mobile/targetConditions", `{"challenge":"teams/mobile/challenges/own","achieveByDate":"` + day + `","outcomeMetric":"teams/mobile/metrics/own","processMetric":"$","outcomeValue":1,"operatingPattern":"x"}`, "teams/payments/metrics/wait"},
		{"PATCH", "/v1/teams/mobile/cycles/own", `{"targetCondition":"$"}`, "teams/payments/targetConditions/next"},
		{"PATCH", "/v1/teams/mobile/cycles/own", `{"currentCondition":{"metric":"$","baselineValue":1,"baselineDate":"` + w.day(-1) + `"}}`, "teams/payments/metrics/wait"},
		{"POST", "/v1/teams/mobile/cycles", `{"targetCondition":"$"}`, "teams/payments/targetConditions/next"},
		{"POST", "/v1/teams/mobile/cycles/own/experiments", `{"displayName":"x","obstacle":"$"}`, "teams/payments/obstacles/queue"},
		{"POST", "/v1/teams/mobile/cycles/own/experiments", `{"displayName":"x","prediction":{"metric":"$"}}`, "teams/payments/metrics/wait"},
		{"PATCH", "/v1/teams/mobile/cycles/own/experiments/own", `{"obstacle":"$"}`, "teams/payments/obstacles/queue"},
		{"PATCH", "/v1/teams/mobile/cycles/own/experiments/own", `{"prediction":{"metric":"$"}}`, "teams/payments/metrics/wait"},
		{"PATCH", "/v1/teams/mobile/cycles/own/experiments/own", `{"prediction":{"metric":"$"}}`, "teams/payments/metrics/checkout-change-lead-time"},
		{"POST", "/v1/teams/mobile/metrics/own/baselines", `{"decision":{"reason":"$"}}`, "teams/payments/metrics/frozen/baselines/first"},
		{"POST", "/v1/teams/mobile/members", `{"user":"$","role":"TEAM_ROLE_MEMBER"}`, "teams/payments/members/jonas"},
		{"GET", "/v1/learnings?cycle=$", "", "teams/payments/cycles/none-of-yours"},
		{"GET", "/v1/reports/learning?teams=$", "", "teams/payments"},
		{"GET", "/v1/reports/learning?teams=teams/mobile&teams=$", "", "teams/payments"},
		{"GET", "/v1/learnings:search?query=direction&team=$", "", "teams/payments"},
		{"POST", "/v1/teams/mobile/obstacles/own:makeCurrent", `{"insteadOf":"$","reason":"x"}`, "teams/payments/obstacles/queue"},
		{"POST", "/v1/teams/mobile/obstacles/own:move", `{"after":"$"}`, "teams/payments/obstacles/parked"},
		{"POST", "/v1/teams/mobile/obstacles/own:link", `{"sameAs":"$"}`, "teams/payments/obstacles/queue"},
		{"GET", "/v1/teams/mobile/history?resource=$", "", "teams/payments/obstacles/queue"},
		{"GET", "/v1/teams/orchard/history?resource=$", "", "teams/payments/obstacles/queue"},
		{"POST", "/v1/$/andons", `{"problem":"x"}`, "teams/payments"},
		{"PATCH", "/v1/teams/mobile/coachingSessions/own", `{"experiment":"$"}`, "teams/payments/cycles/first/experiments/told"},
	} {
		w.checkReference(t, r)
	}
	// What the organisation measures may be predicted by every team; what another team measures by none, not even by one who may read it.
	w.must(t, http.MethodPatch, "/v1/teams/mobile/cycles/own/experiments/own", `{"prediction":{"metric":"`+sharedMetric+`"}}`)
	for _, metric := range []string{"teams/orchard/metrics/wait", "teams/payments/metrics/wait"} {
		got := w.call(t, w.Token, http.MethodPatch, "/v1/teams/mobile/cycles/own/experiments/own", `{"prediction":{"metric":"`+metric+`"}}`)
		if got.Status != http.StatusBadRequest || got.Body["reason"] != "EXPERIMENT_INVALID" {
			t.Errorf("a team predicts %s: %d %s", metric, got.Status, got.Text)
		}
	}
	w.must(t, http.MethodPost, "/v1/teams/mobile/targetConditions?targetConditionId=own",
		`{"challenge":"teams/mobile/challenges/own","achieveByDate":"`+day+`","outcomeMetric":"teams/mobile/metrics/own","outcomeValue":1,"operatingPattern":"x"}`)
	w.checkReference(t, reference{"PATCH", "/v1/teams/mobile/targetConditions/own", `{"processMetric":"$"}`, "teams/payments/metrics/wait"})
}

// reference is a request of another team, with a $ where a thing of a closed team is named.
type reference struct{ method, path, body, there string }

// checkReference compares the answer about what is there with the answer about what is not.
func (w *world) checkReference(t *testing.T, r reference) {
	t.Helper()
	for _, column := range []string{"outsider", "otherBot"} {
		ask := func(name string) answer {
			return w.from(t, w.credential(column, otherTeam), r.method, strings.ReplaceAll(r.path, "$", name), strings.ReplaceAll(r.body, "$", name))
		}
		missing := missingName(r.there)
		there, none := ask(r.there), ask(missing)
		if plainAnswer(there, r.there) != plainAnswer(none, missing) {
			t.Errorf("%s %s %s tells %s whether there is %s:\n%s\n%s", r.method, r.path, r.body, column, r.there, there.Text, none.Text)
		}
		for _, word := range leaks(column, there.Text) {
			t.Errorf("%s %s with a reference to %s tells %s of %s", r.method, r.path, r.there, column, word)
		}
	}
}
