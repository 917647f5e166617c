package rpc_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

func TestSearchAnswersWhatWasAskedFor(t *testing.T) {
	s, name := serve(t)
	published := publish(t, s, name)
	find := func(req *knowledgev1.SearchLearningsRequest) *knowledgev1.SearchLearningsResponse {
		t.Helper()
		found, err := s.SearchLearnings(as(t, stranger), req)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	plain := find(&knowledgev1.SearchLearningsRequest{Query: "rotta"})
	if len(plain.GetResults()) != 1 || len(plain.GetFacets()) != 0 || plain.GetResults()[0].GetScoreParts() != nil {
		t.Fatalf("%v", plain)
	}
	if c := plain.GetCorrections(); len(c) != 1 || c[0].GetTyped() != "rotta" || c[0].GetReadAs() != "rota" {
		t.Errorf("corrections %v", c)
	}
	full := find(&knowledgev1.SearchLearningsRequest{Query: "rota", Facets: true, Explain: true})
	r := full.GetResults()[0]
	if p := r.GetScoreParts(); p.GetText() <= 0 || p.GetEvidence() <= 0 || p.GetFreshness() <= 0 || r.GetScore() != p.GetText()*p.GetEvidence()*p.GetFreshness() {
		t.Errorf("parts %v of %v", p, r.GetScore())
	}
	facets := map[string]string{}
	for _, f := range full.GetFacets() {
		for _, v := range f.GetValues() {
			facets[f.GetField()] += fmt.Sprint(v.GetValue(), v.GetCount(), " ")
		}
	}
	if facets["team"] != "teams/payments1 " || facets["grade"] == "" {
		t.Errorf("facets %v", facets)
	}
	at := published.GetPublishTime().AsTime()
	level := r.GetLearning().GetGrade().GetLevel()
	for what, c := range map[string]struct {
		req  *knowledgev1.SearchLearningsRequest
		want int
	}{
		"its grade":       {&knowledgev1.SearchLearningsRequest{Grades: []knowledgev1.GradeLevel{level}}, 1},
		"another grade":   {&knowledgev1.SearchLearningsRequest{Grades: []knowledgev1.GradeLevel{knowledgev1.GradeLevel_GRADE_LEVEL_CONTESTED}}, 0},
		"another verdict": {&knowledgev1.SearchLearningsRequest{Verdicts: []string{"CANNOT_TELL"}}, 0},
		"another tag":     {&knowledgev1.SearchLearningsRequest{Tags: []string{"none"}}, 0},
		"since then":      {&knowledgev1.SearchLearningsRequest{PublishedAfter: timestamppb.New(at)}, 1},
		"later":           {&knowledgev1.SearchLearningsRequest{PublishedAfter: timestamppb.New(at.Add(time.Microsecond))}, 0},
		"before then":     {&knowledgev1.SearchLearningsRequest{PublishedBefore: timestamppb.New(at)}, 0},
	} {
		c.req.Query = "rota"
		if n := len(find(c.req).GetResults()); n != c.want {
			t.Errorf("%s: %d results", what, n)
		}
	}
}
