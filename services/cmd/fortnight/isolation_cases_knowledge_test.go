package main

import (
	"net/http"
	"strings"
	"testing"
)

// fillKnowledge lets a team say how it gives and takes what is learned, and take up what it published.
func (w *world) fillKnowledge(t *testing.T, team string) {
	t.Helper()
	told := w.things["told "+team]
	w.must(t, http.MethodPatch, "/v1/teams/"+team+"/knowledgeSettings", `{"context":{"process":"`+secret(workWord, team)+` process"}}`)
	offer := w.must(t, http.MethodPost, "/v1/teams/"+team+"/offers", `{"learning":"`+told+`"}`).Body["name"].(string)
	w.things["offer "+team] = offer
	w.must(t, http.MethodPost, "/v1/"+offer+":answer", `{"answer":"ANSWER_DECLINE","text":"`+secret(workWord, team)+` declines"}`)
}

// newLearning drafts a learning by hand and returns its name.
func newLearning(t *testing.T, w *world, team string) string {
	t.Helper()
	return w.must(t, http.MethodPost, "/v1/learnings", `{"team":"teams/`+team+`","claim":"`+secret(draftWord, team)+` claims something"}`).Body["name"].(string)
}

// knowledgeReads are the knowledge service's RPCs that change nothing.
func knowledgeReads() []isolationCase {
	return []isolationCase{
		{rpc: "knowledge.GetLearning of a draft", request: `{"name":"$draft"}`, name: "name"},
		{rpc: "knowledge.GetLearning", request: `{"name":"$told"}`, name: "name"},
		{rpc: "knowledge.GetLearningChart", request: `{"name":"$told"}`, name: "name"},
		{rpc: "knowledge.GetLearningRevision of a draft", request: `{"name":"$draft/revisions/1"}`, name: "name"},
		{rpc: "knowledge.GetLearningRevision", request: `{"name":"$revision"}`, name: "name"},
		{rpc: "knowledge.ListLearningRevisions of a draft", request: `{"parent":"$draft"}`, name: "parent"},
		{rpc: "knowledge.ListLearningRevisions", request: `{"parent":"$told"}`, name: "parent"},
		{rpc: "knowledge.ListLearnings", request: `{"team":"teams/$team"}`},
		{rpc: "knowledge.ListLearnings that a team follows", request: `{"followedBy":"teams/$team"}`, name: "followed_by"},
		{rpc: "knowledge.SearchLearnings", request: `{"query":"everybody know","facets":true,"explain":true}`},
		{rpc: "knowledge.SuggestLearnings", request: `{"text":"everybody may know what the wait comes from"}`},
		{rpc: "knowledge.SuggestLearnings for an obstacle", request: `{"obstacle":"teams/$team/obstacles/queue"}`, name: "obstacle"},
		{rpc: "knowledge.ListEvidence of a draft", request: `{"parent":"$draft"}`, name: "parent"},
		{rpc: "knowledge.ListEvidence", request: `{"parent":"$told"}`, name: "parent"},
		{rpc: "knowledge.GetSpread", request: `{"name":"$told"}`, name: "name"},
		{rpc: "knowledge.GetOffer", request: `{"name":"$offer"}`},
		{rpc: "knowledge.ListOffers", request: `{"parent":"teams/$team"}`},
		{rpc: "knowledge.GetKnowledgeSettings", request: `{"name":"teams/$team/knowledgeSettings"}`},
		{rpc: "knowledge.GetOfferRules", request: `{"name":"organization/offerRules"}`, name: nothingElse},
		{rpc: "knowledge.ExportLearnings", request: `{"installation":"fortnight.example.com"}`},
	}
}

// knowledgeWrites are the knowledge service's RPCs by which teams give and take what is learned.
func knowledgeWrites() []isolationCase {
	writers := []string{"viewer", "readOnly"}
	return []isolationCase{
		{rpc: "knowledge.CreateLearning", request: `{"learning":{"team":"teams/$team","claim":"Something was learned here"}}`},
		{rpc: "knowledge.UpdateLearning of a draft", request: `{"learning":{"name":"$made","claim":"Something else was learned"}}`, before: newLearning, name: "learning.name", known: writers},
		{rpc: "knowledge.UpdateLearning", request: `{"learning":{"name":"$told","howToTry":"Try it"}}`, name: "learning.name", known: columns},
		{rpc: "knowledge.ReviewLearning", request: `{"name":"$told","text":"It still holds, we looked"}`, name: "name", known: columns},
		{rpc: "knowledge.CreateOffer", request: `{"parent":"teams/$team","learning":"$told"}`, name: "parent"},
		{rpc: "knowledge.AnswerOffer", request: `{"name":"$offer","answer":"ANSWER_ALREADY_DOING","alreadySinceDate":"2026-01-05"}`, name: "name"},
		{rpc: "knowledge.UpdateKnowledgeSettings", request: `{"knowledgeSettings":{"name":"teams/$team/knowledgeSettings","reviewMonths":4}}`},
		{rpc: "knowledge.UpdateOfferRules", request: `{"offerRules":{"name":"organization/offerRules","answerDays":20}}`, name: nothingElse},
		{rpc: "knowledge.ImportLearnings", request: `{"learning":{"learning":{"name":"learnings/x","claim":"Something was learned there"},"provenance":{"installation":"x.example.com","learning":"learnings/x"}}}`},
		{rpc: "knowledge.RetireLearning", request: `{"name":"$told","reason":"x"}`, name: "name", known: columns},
		{
			rpc: "knowledge.PublishLearning", request: `{"name":"$draft","etag":"\"stale-1\""}`, name: "name", known: writers,
			refuses: "the etag is stale, so that it stays a draft",
		},
	}
}

// firstPublished is the first revision of a team's published learning that everybody may see.
func (w *world) firstPublished(t *testing.T, team string) string {
	t.Helper()
	revisions, _ := w.must(t, http.MethodGet, "/v1/"+w.things["told "+team]+"/revisions?pageSize=100", "").Body["learningRevisions"].([]any)
	for i := len(revisions) - 1; i >= 0; i-- {
		if r := revisions[i].(map[string]any); strings.HasSuffix(r["what"].(string), "Published") {
			return r["name"].(string)
		}
	}
	t.Fatal("nothing was published")
	return ""
}
