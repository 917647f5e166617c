package main

import (
	"net/http"
	"strings"
	"testing"
)

// reflection is the retrospective that the teams of the world hold: it is anonymous, and begins and ends in COLLECT.
const reflection = firstCycle + `/retrospective`

// fillRetrospective gives a team a retrospective with a note, a theme, a decision and a proposed action.
func (w *world) fillRetrospective(t *testing.T, team string) {
	t.Helper()
	at := strings.ReplaceAll(reflection, "$team", team)
	words := strings.NewReplacer("WORK", secret(workWord, team), "NOTE", secret(noteWord, team), "$r", at, "$team", team)
	write := func(path, body string) answer {
		return w.must(t, http.MethodPost, "/v1/"+at+path, words.Replace(body))
	}
	write(":open", `{"anonymous":true}`)
	write("/notes?noteId=first", `{"prompt":"PROMPT_HELPED","text":"NOTE"}`)
	write(":move", `{"stage":"STAGE_GROUP","currentStage":"STAGE_COLLECT"}`)
	write("/themes?themeId=first", `{"title":"NOTE","notes":["$r/notes/first"]}`)
	write(":move", `{"stage":"STAGE_DECIDE","currentStage":"STAGE_GROUP"}`)
	write(":decide", `{"decision":{"experiment":"teams/$team/cycles/first/experiments/told","kind":"DECISION_KIND_ADAPT","text":"WORK decision"}}`)
	write("/actions?actionId=first", `{"text":"WORK action","owner":"users/jonas","dueDate":"`+w.day(3)+`","expectedEffect":"WORK effect"}`)
	write(":move", `{"stage":"STAGE_COLLECT","currentStage":"STAGE_DECIDE"}`)
}

// newInRetrospective makes something in a team's retrospective and returns its name; the secret of a note is kept as $secret.
func newInRetrospective(collection, body string) func(*testing.T, *world, string) string {
	return func(t *testing.T, w *world, team string) string {
		t.Helper()
		made := w.must(t, http.MethodPost, "/v1/"+strings.ReplaceAll(reflection, "$team", team)+"/"+collection, strings.ReplaceAll(body, "$team", team)).Body
		w.things["secret "+team], _ = made["secret"].(string)
		return made["name"].(string)
	}
}

// inStage moves a team's retrospective to a stage; that it is there already is no matter.
func inStage(stage string) func(*testing.T, *world, string) string {
	return func(t *testing.T, w *world, team string) string {
		t.Helper()
		at := "/v1/" + strings.ReplaceAll(reflection, "$team", team)
		now := w.must(t, http.MethodGet, at, "").Body["stage"].(string)
		w.must(t, http.MethodPost, at+":move", `{"stage":"STAGE_`+stage+`","currentStage":"`+now+`"}`)
		return ""
	}
}

// retrospectiveReads are the retrospective service's RPCs that change nothing.
func retrospectiveReads() []isolationCase {
	return []isolationCase{
		{rpc: "retrospective.GetRetrospective", request: `{"name":"` + reflection + `"}`},
		{rpc: "retrospective.GetFactsStrip", request: `{"name":"` + reflection + `/factsStrip"}`},
		{rpc: "retrospective.ListNotes", request: `{"parent":"` + reflection + `"}`},
		{rpc: "retrospective.ListThemes", request: `{"parent":"` + reflection + `"}`},
		{rpc: "retrospective.ListActions", request: `{"parent":"` + reflection + `"}`},
		{rpc: "retrospective.ListActions of a team", request: `{"parent":"teams/$team/cycles/-/retrospective"}`, name: nothingElse},
		{rpc: "retrospective.GetRetrospectiveSettings", request: `{"name":"teams/$team/retrospectiveSettings"}`},
		{rpc: "retrospective.ListGoodDays", request: `{"parent":"teams/$team"}`},
		{rpc: "retrospective.ListGoodWeeks", request: `{"parent":"teams/$team"}`},
	}
}

// retrospectiveWrites are the retrospective service's RPCs by which a team reflects.
func retrospectiveWrites() []isolationCase {
	const note = `{"prompt":"PROMPT_HELPED","text":"x"}`
	theme := newInRetrospective("themes", `{"title":"x"}`)
	return []isolationCase{
		{rpc: "retrospective.UpdateRetrospectiveSettings", request: `{"retrospectiveSettings":{"name":"teams/$team/retrospectiveSettings","votesPerMember":4}}`},
		{rpc: "retrospective.TapDay", request: `{"name":"teams/$team/goodDays/$day+0","mood":"MOOD_GOOD"}`, known: writing},
		{rpc: "retrospective.OpenRetrospective", request: `{"name":"` + reflection + `"}`, refuses: "it is open"},
		{rpc: "retrospective.RefetchFacts", request: `{"name":"` + reflection + `/factsStrip"}`},
		{rpc: "retrospective.HandOverRetrospective", request: `{"name":"` + reflection + `","facilitator":"users/jonas"}`},
		{rpc: "retrospective.CreateNote", request: `{"parent":"` + reflection + `","note":` + note + `}`, before: inStage("COLLECT")},
		{rpc: "retrospective.UpdateNote", request: `{"note":{"name":"$made","text":"y","secret":"$secret"}}`, before: newInRetrospective("notes", note)},
		{rpc: "retrospective.WithdrawNote", request: `{"name":"$made","secret":"$secret"}`, before: newInRetrospective("notes", note)},
		{rpc: "retrospective.MoveRetrospective", request: `{"name":"` + reflection + `","stage":"STAGE_GROUP","currentStage":"STAGE_COLLECT"}`},
		{rpc: "retrospective.CreateTheme", request: `{"parent":"` + reflection + `","theme":{"title":"x"}}`, before: inStage("GROUP")},
		{rpc: "retrospective.UpdateTheme", request: `{"theme":{"name":"$made","title":"y"}}`, before: theme},
		{rpc: "retrospective.MergeTheme", request: `{"name":"` + reflection + `/themes/first","other":"$made"}`, before: theme},
		{rpc: "retrospective.SplitTheme", request: `{"name":"` + reflection + `/themes/first","title":"x","notes":["` + reflection + `/notes/first"]}`},
		{rpc: "retrospective.DeleteTheme", request: `{"name":"$made"}`, before: theme},
		{rpc: "retrospective.CastVotes", request: `{"name":"` + reflection + `","themes":["` + reflection + `/themes/first"]}`, before: inStage("VOTE"), known: writing},
		{rpc: "retrospective.CreateAction", request: `{"parent":"` + reflection + `","action":{"text":"x","owner":"users/jonas","dueDate":"$day+3","expectedEffect":"x"}}`},
		{rpc: "retrospective.UpdateAction", request: `{"action":{"name":"` + reflection + `/actions/first","text":"y"}}`},
		{rpc: "retrospective.CompleteAction", request: `{"name":"` + reflection + `/actions/first","effect":"ACTION_EFFECT_WORKED","result":"x"}`, refuses: "it is proposed"},
		{rpc: "retrospective.MakeObstacle", request: `{"name":"` + reflection + `/actions/first"}`},
		{rpc: "retrospective.DraftExperiment", request: `{"name":"` + reflection + `/actions/first","cycle":"` + firstCycle + `"}`},
		{rpc: "retrospective.DropAction", request: `{"name":"` + reflection + `/actions/first","reason":"x"}`},
		{
			rpc:     "retrospective.DecideRetrospective",
			request: `{"name":"` + reflection + `","decision":{"experiment":"` + firstCycle + `/experiments/told","kind":"DECISION_KIND_ADAPT","text":"x"}}`,
			before:  inStage("DECIDE"),
		},
		{rpc: "retrospective.CloseRetrospective", request: `{"name":"` + reflection + `"}`, refuses: "a learning is missing"},
		{rpc: "retrospective.AmendRetrospective", request: `{"name":"` + reflection + `","text":"x"}`, refuses: "it is not closed"},
	}
}
