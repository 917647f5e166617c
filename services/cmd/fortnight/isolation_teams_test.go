package main

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// fill gives a team something of everything, each with a text that tells whose it is.
func (w *world) fill(t *testing.T, team string) {
	t.Helper()
	work, day := secret(workWord, team), w.day
	under := "/v1/teams/" + team + "/"
	write := func(path, body string) {
		w.must(t, http.MethodPost, under+path, strings.ReplaceAll(body, "WORK", work))
	}
	write("challenges?challengeId=direction", `{"statement":"WORK direction","horizonDate":"`+day(700)+`"}`)
	write("metrics?metricId=wait", `{"displayName":"WORK wait","unit":"h","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_PROCESS"}`)
	write("metrics?metricId=shown", `{"displayName":"everybody may know","unit":"h","direction":"DIRECTION_LOWER","kind":"METRIC_KIND_PROCESS"}`)
	write("metrics/wait:import", `{"measurements":[{"time":"`+day(-9)+`T08:00:00Z","value":4},{"time":"`+day(-8)+`T08:00:00Z","value":5}]}`)
	write("targetConditions?targetConditionId=next", `{"challenge":"teams/`+team+`/challenges/direction","achieveByDate":"`+day(60)+`",
		"outcomeMetric":"teams/`+team+`/metrics/wait","outcomeValue":3,"operatingPattern":"WORK pattern"}`)
	write("obstacles?obstacleId=queue", `{"description":"WORK queue"}`)
	write("obstacles?obstacleId=parked", `{"description":"WORK parked"}`)
	write("obstacles?obstacleId=hopeless", `{"description":"WORK hopeless"}`)
	for _, owner := range []string{"mara", "aiko"} {
		write("obstacles?obstacleId=asked-"+owner, `{"description":"WORK asked"}`)
		write("obstacles/asked-"+owner+":escalate", `{"owner":"users/`+owner+`","reason":"WORK reason"}`)
	}
	write("obstacles/queue:makeCurrent", `{}`)
	write("cycles?cycleId=first", `{"displayName":"WORK first","targetCondition":"teams/`+team+`/targetConditions/next",
		"currentCondition":{"metric":"teams/`+team+`/metrics/wait","baselineValue":4.5,"baselineDate":"`+day(-5)+`"},
		"valueStreamFocus":{"step":"WORK step","constraint":true}}`)
	w.experiment(t, team, "told", "everybody may know")
	w.experiment(t, team, "kept", secret(draftWord, team))
	for _, id := range []string{"draft", "locked", "running"} {
		w.experiment(t, team, id, work)
	}
	for _, id := range []string{"told", "kept", "locked", "running"} {
		write("cycles/first/experiments/"+id+":lock", `{}`)
	}
	write("cycles/first:advance", `{"phase":"PHASE_PLAN"}`)
	for id, words := range map[string]string{"told": "everybody may know", "kept": secret(draftWord, team)} {
		write("cycles/first/experiments/"+id+":start", `{}`)
		write("metrics/"+metricOf(id)+":import", `{"measurements":[{"time":"`+w.clock().UTC().Format(time.RFC3339Nano)+`","value":3}]}`)
		write("cycles/first/experiments/"+id+":conclude", `{"happened":"`+words+` happened","learned":"`+words+` was learned"}`)
	}
	write("cycles/first/experiments/running:start", `{}`)
	write("cycles/first:advance", `{"phase":"PHASE_DO","coachReason":"WORK runs on"}`)
	write("cycles/first:advance", `{"phase":"PHASE_CHECK","coachReason":"WORK runs on"}`)
	w.fillRetrospective(t, team)
	write("cycles/first/andons?andonId=red", `{"problem":"WORK problem","where":"main"}`)
	write("valueStreams?valueStreamId=delivery", `{"displayName":"WORK delivery","steps":[{"name":"WORK review","processMinutes":30,"waitMinutes":300},{"name":"release"}]}`)
	write("painfulActivities?painfulActivityId=release", `{"displayName":"WORK release","pain":4,"frequency":"FREQUENCY_MONTHLY","targetFrequency":"FREQUENCY_DAILY"}`)
	write("painfulActivities/release:score", `{"pain":4,"note":"WORK hurts"}`)
	write("coachingSessions?coachingSessionId=monday", `{"coach":"users/mina","learner":"users/jonas","targetConditionAnswer":"WORK target"}`)
	write("capacityEntries?capacityEntryId=2026-01-05", `{"availableHours":40,"improvementHours":6,"note":"WORK note"}`)
	w.fillExperiment(t, team)
	w.awaitThings(t, team)
}

// metricOf is what an experiment is measured by. Everybody sees the chart of what was published.
func metricOf(experiment string) string {
	if experiment == "told" {
		return "shown"
	}
	return "wait"
}

// experiment drafts an experiment whose texts are the given words.
func (w *world) experiment(t *testing.T, team, id, words string) {
	t.Helper()
	w.must(t, http.MethodPost, "/v1/teams/"+team+"/cycles/first/experiments?experimentId="+id, `{"displayName":"`+words+` experiment",
		"obstacle":"teams/`+team+`/obstacles/queue","prediction":{"change":"`+words+` change","metric":"teams/`+team+`/metrics/`+metricOf(id)+`","baselineValue":4.5,
		"expectedValue":3,"byDate":"`+w.day(10)+`","reason":"`+words+` reason","falsification":"`+words+` proof","confidencePercent":55},
		"safeToFail":"`+words+` can be undone"}`)
}

// awaitThings waits for what comes with events: the learnings and a reminder.
func (w *world) awaitThings(t *testing.T, team string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; {
		learnings, _ := w.must(t, http.MethodGet, "/v1/learnings?team=teams/"+team, "").Body["learnings"].([]any)
		for _, learning := range learnings {
			one := learning.(map[string]any)
			if strings.HasSuffix(one["experiment"].(string), "/told") {
				w.things["told "+team] = one["name"].(string)
			} else {
				w.things["draft "+team] = one["name"].(string)
			}
		}
		reminders, _ := w.must(t, http.MethodGet, "/v1/teams/"+team+"/reminders", "").Body["reminders"].([]any)
		if len(reminders) > 0 {
			w.things["reminder "+team] = reminders[0].(map[string]any)["name"].(string)
		}
		if w.things["told "+team] != "" && w.things["draft "+team] != "" && len(reminders) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("events did not arrive: %v", w.things)
		}
		time.Sleep(10 * time.Millisecond) // between two looks, not instead of one
	}
	w.must(t, http.MethodPost, "/v1/"+w.things["told "+team]+":publish", `{}`)
	w.things["revision "+team] = w.firstPublished(t, team)
	w.fillKnowledge(t, team)
}

// leaks are the words of the teams that an answer holds although the caller of a column may not know them.
func leaks(column, text string) []string {
	var found []string
	see := func(who []string, word, team string) {
		if !slices.Contains(who, column) && strings.Contains(text, secret(word, team)) {
			found = append(found, secret(word, team))
		}
	}
	see(knowing, workWord, closedTeam)
	see(knowing, draftWord, closedTeam)
	see(writing, noteWord, closedTeam)
	see(writing, noteWord, openTeam)
	return found
}

// day is a day, given from today.
func (w *world) day(days int) string {
	return w.clock().UTC().AddDate(0, 0, days).Format(time.DateOnly)
}
