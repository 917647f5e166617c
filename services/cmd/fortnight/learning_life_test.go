package main

import (
	"net/http"
	"strings"
	"testing"
)

// TestTheLifeOfALearning drafts, words, publishes, looks at again and retires a learning over REST, and reads how it came to be.
func TestTheLifeOfALearning(t *testing.T) {
	s := start(t)
	for _, team := range []string{"payments", "search"} {
		s.must(t, http.MethodPost, "/v1/teams?teamId="+team, `{"displayName":"`+team+`"}`)
	}
	member, stranger := s.member(t, "mina", "payments", "TEAM_ROLE_MEMBER"), s.member(t, "sam", "search", "TEAM_ROLE_MEMBER")
	call := func(token, method, path, body string, status int, phrases ...string) answer {
		t.Helper()
		got := s.call(t, token, method, path, body)
		if got.Status != status {
			t.Fatalf("%s %s: %d %s", method, path, got.Status, got.Text)
		}
		for _, phrase := range phrases {
			if !strings.Contains(strings.ReplaceAll(got.Text, " ", ""), strings.ReplaceAll(phrase, " ", "")) {
				t.Errorf("%s %s: %q is not in %s", method, path, phrase, got.Text)
			}
		}
		return got
	}
	const path, refused, missing = "/v1/learnings/rota", http.StatusForbidden, http.StatusNotFound
	call(member, http.MethodPatch, "/v1/teams/payments/knowledgeSettings", `{"context":{"process":"code review"},"followedTags":["review"]}`, http.StatusOK, `"reviewMonths":6`)
	call(member, http.MethodPatch, "/v1/teams/payments/knowledgeSettings", `{"mutedTags":["review"]}`, http.StatusBadRequest, "TAG_FOLLOWED_AND_MUTED", "mutedTags")
	call(stranger, http.MethodGet, "/v1/teams/payments/knowledgeSettings", "", refused)

	const draft = `{"team":"teams/payments","claim":"A rota halves the wait.","situation":"Two of *six*.","tags":["review"]}`
	call(stranger, http.MethodPost, "/v1/learnings?learningId=rota", draft, refused)
	call(member, http.MethodPost, "/v1/learnings?learningId=rota-0a1b2c3d", draft, http.StatusBadRequest, "LEARNING_ID_RESERVED", "learningId")
	call(member, http.MethodPost, "/v1/learnings?learningId=rota", draft, http.StatusOK, `"process":"code review"`)
	call(stranger, http.MethodGet, path, "", missing)
	call(stranger, http.MethodGet, path+"/revisions", "", missing)
	call(member, http.MethodPatch, path, `{"claim":"Helps.       "}`, http.StatusBadRequest, "CLAIM_TOO_SHORT")
	call(member, http.MethodPatch, path, `{"mayNotHold":"In teams of two."}`, http.StatusOK, `"revision":2`)
	call(member, http.MethodPost, path+":review", `{"text":"It still holds."}`, http.StatusBadRequest, "LEARNING_NOT_PUBLISHED")
	call(member, http.MethodPost, path+":publish", `{}`, http.StatusOK, "LEARNING_STATE_PUBLISHED", `"reviewByDate"`)
	call(member, http.MethodPost, path+":review", `{"text":"It still holds.","reviewByDate":"2001-01-01"}`, http.StatusBadRequest, "REVIEW_BY_DATE_PAST", "reviewByDate")
	call(member, http.MethodPost, path+":review", `{"text":"It still holds."}`, http.StatusOK, `"revision":4`)
	call(stranger, http.MethodPost, path+":retire", `{"reason":"No."}`, refused)
	call(stranger, http.MethodGet, path, "", http.StatusOK, `"situationHtml":"`, "em", "six")

	all := call(member, http.MethodGet, path+"/revisions", "", http.StatusOK, "LearningReviewed", "LearningDrafted").Body["learningRevisions"].([]any)
	public := call(stranger, http.MethodGet, path+"/revisions", "", http.StatusOK, "LearningPublished").Body["learningRevisions"].([]any)
	if len(all) != 4 || len(public) != 2 {
		t.Errorf("the team sees %d revisions, others %d", len(all), len(public))
	}
	call(stranger, http.MethodGet, path+"/revisions/3", "", http.StatusOK, `"what":"LearningPublished"`)
	call(stranger, http.MethodGet, path+"/revisions/2", "", missing)
	call(member, http.MethodGet, "/v1/learnings?followedBy=teams/payments&tag=review&states=LEARNING_STATE_PUBLISHED&latestChangeFirst=true", "", http.StatusOK, "learnings/rota")
	call(stranger, http.MethodGet, "/v1/learnings?followedBy=teams/payments", "", refused)
	call(member, http.MethodPost, path+":retire", `{"reason":"It fell back."}`, http.StatusOK, "It fell back.")
	call(member, http.MethodPatch, path, `{"claim":"A rota helps after all."}`, http.StatusBadRequest, "LEARNING_RETIRED")
}
