package rpc_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/rpc"
)

const (
	drafted   = knowledgev1.LearningState_LEARNING_STATE_DRAFT
	published = knowledgev1.LearningState_LEARNING_STATE_PUBLISHED
	retired   = knowledgev1.LearningState_LEARNING_STATE_RETIRED
)

// written drafts a learning of payments by hand.
func written(t *testing.T, s *rpc.Server, id, claim string, tags ...string) *knowledgev1.Learning {
	t.Helper()
	made, err := s.CreateLearning(as(t, member), &knowledgev1.CreateLearningRequest{
		LearningId: id, Learning: &knowledgev1.Learning{Team: "teams/payments", Claim: claim, Tags: tags},
	})
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func setting(t *testing.T, s *rpc.Server, given *knowledgev1.KnowledgeSettings) *knowledgev1.KnowledgeSettings {
	t.Helper()
	given.Name = "teams/payments/knowledgeSettings"
	set, err := s.UpdateKnowledgeSettings(as(t, member), &knowledgev1.UpdateKnowledgeSettingsRequest{KnowledgeSettings: given})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestALearningIsDraftedByHand(t *testing.T) {
	s, _ := serve(t)
	setting(t, s, &knowledgev1.KnowledgeSettings{Context: &knowledgev1.Context{Process: "code review", TeamSize: 6}})
	given := &knowledgev1.Learning{
		Name: "learnings/another", Team: "teams/payments", Claim: "A rota\nhalves \u202ethe wait.", Situation: "**Six** people.", Tags: []string{"review"},
		Context: &knowledgev1.Context{Process: "on call"}, State: published, Verdict: "AS_PREDICTED", Experiment: "teams/payments/cycles/a/experiments/b",
	}
	made, err := s.CreateLearning(as(t, member), &knowledgev1.CreateLearningRequest{LearningId: "rota", Learning: given, RequestId: "once"})
	if err != nil {
		t.Fatal(err)
	}
	if made.GetName() != "learnings/rota" || made.GetState() != drafted || made.GetClaim() != "A rota halves the wait." ||
		made.GetContext().GetProcess() != "on call" ||
		made.GetContext().GetTeamSize() != 6 || made.GetVerdict() != "" || made.GetExperiment() != "" || made.GetRevision() != 1 ||
		made.GetReviewByDate() != "" {
		t.Errorf("made %v", made)
	}
	again, err := s.CreateLearning(as(t, member), &knowledgev1.CreateLearningRequest{LearningId: "rota", Learning: given, RequestId: "once"})
	if err != nil || !proto.Equal(again, made) {
		t.Errorf("again: %v, %v", again, err)
	}
	for reason, req := range map[string]*knowledgev1.CreateLearningRequest{
		"LEARNING_ALREADY_EXISTS": {LearningId: "rota", Learning: given},
		"CLAIM_TOO_SHORT":         {Learning: &knowledgev1.Learning{Team: "teams/payments", Claim: strings.Repeat("\u200b", 10)}},
		"LEARNING_ID_RESERVED":    {LearningId: "rota-0a1b2c3d", Learning: given},
		"LEARNING_TEAM_MISSING":   {Learning: &knowledgev1.Learning{Claim: "A rota halves the wait."}},
	} {
		if _, err := s.CreateLearning(as(t, member), req); fault.From(err).Reason != reason {
			t.Errorf("want %s: %v", reason, err)
		}
	}
	nobody := &knowledgev1.CreateLearningRequest{Learning: &knowledgev1.Learning{Team: "teams/none", Claim: "A rota halves the wait."}}
	if _, err := s.CreateLearning(as(t, member), nobody); err == nil {
		t.Error("a team that is not there learns")
	}
	got, err := s.GetLearning(as(t, viewer), &knowledgev1.GetLearningRequest{Name: "learnings/rota"})
	if err != nil || got.GetRendered().GetSituationHtml() != "<p><strong>Six</strong> people.</p>" ||
		got.GetRendered().GetClaimHtml() != "A rota halves the wait." {
		t.Errorf("rendered %v, %v", got.GetRendered(), err)
	}
}

func TestWhatWasWordedByHandStays(t *testing.T) {
	s, name := serve(t)
	edit := func(c caller.Caller, given *knowledgev1.Learning, etag string, paths ...string) (*knowledgev1.Learning, error) {
		given.Name = name
		return s.UpdateLearning(as(t, c), &knowledgev1.UpdateLearningRequest{Learning: given, Etag: etag, UpdateMask: &fieldmaskpb.FieldMask{Paths: paths}})
	}
	edited, err := edit(member, &knowledgev1.Learning{Claim: "A rota halves the wait.", HowToTry: "Name two.", Tried: "ignored"}, "", "claim", "how_to_try")
	if err != nil || edited.GetClaim() != "A rota halves the wait." || edited.GetHowToTry() != "Name two." || edited.GetTried() != "Tried." ||
		edited.GetRevision() != 2 {
		t.Errorf("edited %v, %v", edited, err)
	}
	if same, err := edit(member, &knowledgev1.Learning{Claim: "A rota halves the wait."}, "", "claim"); err != nil || same.GetRevision() != 2 {
		t.Errorf("the same again: %v, %v", same, err)
	}
	for _, c := range []struct {
		caller caller.Caller
		etag   string
		path   string
		kind   fault.Kind
	}{
		{member, "", "state", fault.InvalidArgument},
		{member, `"stale-1"`, "claim", fault.Aborted},
		{viewer, "", "claim", fault.PermissionDenied},
		{stranger, "", "claim", fault.NotFound},
		{manager, "", "claim", fault.NotFound},
	} {
		if _, err := edit(c.caller, &knowledgev1.Learning{Claim: "Something else altogether."}, c.etag, c.path); fault.From(err) == nil ||
			fault.From(err).Kind != c.kind {
			t.Errorf("%s changes %s with %q: %v", c.caller.Subject, c.path, c.etag, err)
		}
	}
	publish(t, s, name)
	if _, err := s.RetireLearning(as(t, member), &knowledgev1.RetireLearningRequest{Name: name, Reason: "No."}); err != nil {
		t.Fatal(err)
	}
	if _, err := edit(member, &knowledgev1.Learning{Claim: "Something else altogether."}, "", "claim"); fault.From(err).Reason != "LEARNING_RETIRED" {
		t.Errorf("a retired learning: %v", err)
	}
}

func TestReviews(t *testing.T) {
	s, name := serve(t)
	setting(t, s, &knowledgev1.KnowledgeSettings{ReviewMonths: 1})
	review := func(c caller.Caller, text, by string) (*knowledgev1.Learning, error) {
		return s.ReviewLearning(as(t, c), &knowledgev1.ReviewLearningRequest{Name: name, Text: text, ReviewByDate: by})
	}
	if _, err := review(member, "It still holds.", ""); fault.From(err).Reason != "LEARNING_NOT_PUBLISHED" {
		t.Errorf("a draft: %v", err)
	}
	shown := publish(t, s, name)
	day, err := time.Parse(time.DateOnly, shown.GetReviewByDate())
	if err != nil || time.Until(day) > 31*24*time.Hour || time.Until(day) < 26*24*time.Hour || shown.GetReviewDue() {
		t.Errorf("published %v", shown)
	}
	if _, err := review(stranger, "It still holds.", ""); fault.From(err).Kind != fault.PermissionDenied {
		t.Errorf("a stranger: %v", err)
	}
	if _, err := review(member, "It still holds.", "2001-01-01"); fault.From(err).Reason != "REVIEW_BY_DATE_PAST" {
		t.Errorf("a day that is over: %v", err)
	}
	by := time.Now().UTC().AddDate(1, 0, 0).Format(time.DateOnly)
	for n := 1; n <= 2; n++ {
		got, err := review(member, fmt.Sprintf("It still holds, for the %d. time.", n), by)
		if err != nil || got.GetReviewByDate() != by || len(got.GetReviews()) != n || got.GetReviews()[n-1].GetCreateTime() == nil {
			t.Errorf("reviewed: %v, %v", got, err)
		}
	}
}

// revisions are the numbers and events of a learning's revisions as somebody sees them, newest first, read by pages of a size.
func revisions(t *testing.T, s *rpc.Server, c caller.Caller, name string, size int32) (seen []string, err error) {
	t.Helper()
	token := ""
	for {
		page, err := s.ListLearningRevisions(as(t, c), &knowledgev1.ListLearningRevisionsRequest{Parent: name, PageSize: size, PageToken: token})
		if err != nil {
			return nil, err
		}
		for _, r := range page.GetLearningRevisions() {
			one, err := s.GetLearningRevision(as(t, c), &knowledgev1.GetLearningRevisionRequest{Name: r.GetName()})
			if err != nil || !proto.Equal(one, r) {
				t.Errorf("%s alone is %v, not %v: %v", r.GetName(), one, r, err)
			}
			seen = append(seen, fmt.Sprintf("%s %s %q", strings.TrimPrefix(r.GetName(), name+"/revisions/"), r.GetWhat(), r.GetLearning().GetClaim()))
			if want := fmt.Sprintf("%s/revisions/%d", name, r.GetLearning().GetRevision()); want != r.GetName() || r.GetCreateTime() == nil {
				t.Errorf("revision %v", r)
			}
		}
		if token = page.GetNextPageToken(); token == "" {
			return seen, nil
		}
	}
}

func TestEveryRevisionIsKept(t *testing.T) {
	s, name := serve(t)
	say := func(claim string) *knowledgev1.Learning {
		got, err := s.UpdateLearning(as(t, member), &knowledgev1.UpdateLearningRequest{Learning: &knowledgev1.Learning{Name: name, Claim: claim}})
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	say("Secret draft of a claim.")
	if _, err := revisions(t, s, stranger, name, 2); fault.From(err).Kind != fault.NotFound {
		t.Errorf("a stranger sees the revisions of a draft: %v", err)
	}
	publish(t, s, name)
	latest := say("A rota halves the wait.")
	if latest.GetRevision() != 4 {
		t.Errorf("the number of revisions is %d", latest.GetRevision())
	}
	public := []string{`4 LearningPublished "A rota halves the wait."`, `3 LearningPublished "Secret draft of a claim."`}
	all := append(slices.Clone(public), `2 LearningDrafted "Secret draft of a claim."`, `1 LearningDrafted "A rota helps."`)
	for _, size := range []int32{0, 1, 2, 3} {
		for c, want := range map[*caller.Caller][]string{&member: all, &viewer: all, &system: all, &stranger: public, &manager: public, &open: public} {
			if got, err := revisions(t, s, *c, name, size); err != nil || !slices.Equal(got, want) {
				t.Errorf("%s sees %q, want %q: %v", c.Subject, got, want, err)
			}
		}
	}
	for _, number := range []string{"0", "-1", "2", "03", "5", "", "x", "3/4", "9223372036854775807", "99999999999999999999"} {
		req := &knowledgev1.GetLearningRevisionRequest{Name: name + "/revisions/" + number}
		if _, err := s.GetLearningRevision(as(t, stranger), req); fault.From(err).Kind != fault.NotFound {
			t.Errorf("a stranger gets revision %q: %v", number, err)
		}
	}
	page, err := s.ListLearningRevisions(as(t, member), &knowledgev1.ListLearningRevisionsRequest{Parent: name, PageSize: 1})
	if err != nil {
		t.Fatal(err)
	}
	theirs := &knowledgev1.ListLearningRevisionsRequest{Parent: name, PageSize: 1, PageToken: page.GetNextPageToken()}
	if _, err := s.ListLearningRevisions(as(t, stranger), theirs); fault.From(err).Reason != "PAGE_TOKEN_INVALID" {
		t.Errorf("somebody else's page: %v", err)
	}
}

func TestKnowledgeSettings(t *testing.T) {
	s, _ := serve(t)
	const name = "teams/payments/knowledgeSettings"
	get := func(name string) (*knowledgev1.KnowledgeSettings, error) {
		return s.GetKnowledgeSettings(as(t, member), &knowledgev1.GetKnowledgeSettingsRequest{Name: name})
	}
	untold, err := get(name)
	if err != nil || untold.GetPublishRule() != knowledgev1.PublishRule_PUBLISH_RULE_RETROSPECTIVE || untold.GetReviewMonths() != 6 ||
		untold.GetEtag() != "" || untold.GetCreateTime() != nil {
		t.Errorf("untold: %v, %v", untold, err)
	}
	if _, err := get("teams/none/knowledgeSettings"); err == nil {
		t.Error("a team that is not there has settings")
	}
	first := setting(t, s, &knowledgev1.KnowledgeSettings{FollowedTags: []string{"review"}, MaxOpenOffers: 2})
	second := setting(t, s, &knowledgev1.KnowledgeSettings{PublishRule: knowledgev1.PublishRule_PUBLISH_RULE_BY_HAND})
	if first.GetEtag() == "" || second.GetEtag() == first.GetEtag() || second.GetMaxOpenOffers() != 2 || second.GetFollowedTags()[0] != "review" {
		t.Errorf("set %v, then %v", first, second)
	}
	if got, err := get(name); err != nil || !proto.Equal(got, second) {
		t.Errorf("got %v, %v", got, err)
	}
	for reason, req := range map[string]*knowledgev1.UpdateKnowledgeSettingsRequest{
		"TAG_FOLLOWED_AND_MUTED": {KnowledgeSettings: &knowledgev1.KnowledgeSettings{Name: name, MutedTags: []string{"review"}}},
		"OWN_TEAM_NAMED":         {KnowledgeSettings: &knowledgev1.KnowledgeSettings{Name: name, FollowedTeams: []string{"teams/payments"}}},
		"ETAG_MISMATCH":          {KnowledgeSettings: &knowledgev1.KnowledgeSettings{Name: name, ReviewMonths: 2}, Etag: first.GetEtag()},
		"FIELD_NOT_UPDATABLE":    {KnowledgeSettings: second, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"nonsense"}}},
	} {
		if _, err := s.UpdateKnowledgeSettings(as(t, member), req); fault.From(err).Reason != reason {
			t.Errorf("want %s: %v", reason, err)
		}
	}
	early := &knowledgev1.UpdateKnowledgeSettingsRequest{
		KnowledgeSettings: &knowledgev1.KnowledgeSettings{Name: "teams/search/knowledgeSettings", ReviewMonths: 2}, Etag: first.GetEtag(),
	}
	if _, err := s.UpdateKnowledgeSettings(as(t, member), early); fault.From(err).Reason != "ETAG_MISMATCH" {
		t.Errorf("an etag of nothing: %v", err)
	}
}

func TestListsByWhatATeamFollows(t *testing.T) {
	s, name := serve(t)
	for _, id := range []string{"a", "b", "c"} {
		made := written(t, s, "learned-"+id, "A claim in words, "+id+".", "tag-"+id)
		if _, err := s.PublishLearning(as(t, member), &knowledgev1.PublishLearningRequest{Name: made.GetName()}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(ctx context.Context, req *knowledgev1.ListLearningsRequest) (names []string, err error) {
		for {
			page, err := s.ListLearnings(ctx, req)
			if err != nil {
				return nil, err
			}
			for _, l := range page.GetLearnings() {
				names = append(names, strings.TrimPrefix(l.GetName(), "learnings/learned-"))
			}
			if req.PageToken = page.GetNextPageToken(); req.PageToken == "" {
				return names, nil
			}
		}
	}
	got, err := list(as(t, stranger), &knowledgev1.ListLearningsRequest{FollowedBy: "teams/payments", PageSize: 1})
	if fault.From(err) == nil ||
		fault.From(err).Kind != fault.PermissionDenied {
		t.Errorf("a stranger lists what payments follows: %v, %v", got, err)
	}
	if got, err := list(as(t, manager), &knowledgev1.ListLearningsRequest{FollowedBy: "teams/payments"}); err != nil || len(got) != 0 {
		t.Errorf("nothing is followed: %v, %v", got, err)
	}
	setting(t, s, &knowledgev1.KnowledgeSettings{
		FollowedTags: []string{"tag-b", "tag-x"}, FollowedLearnings: []string{"learnings/learned-a", name}, FollowedTeams: []string{"teams/search"},
	})
	for want, req := range map[string]*knowledgev1.ListLearningsRequest{
		"b a":   {FollowedBy: "teams/payments", PageSize: 1},
		"c":     {Tag: "tag-c"},
		"":      {Tag: "tag"},
		"c b a": {States: []knowledgev1.LearningState{published, retired}, LatestChangeFirst: true, PageSize: 2},
	} {
		if got, err := list(as(t, manager), req); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%v lists %q, want %q: %v", req, got, want, err)
		}
	}
	if got, err := list(as(t, member), &knowledgev1.ListLearningsRequest{FollowedBy: "teams/payments", PageSize: 2}); err != nil || len(got) != 3 {
		t.Errorf("with their own draft: %v, %v", got, err)
	}
	if got, err := list(as(t, member), &knowledgev1.ListLearningsRequest{States: []knowledgev1.LearningState{drafted}}); err != nil || len(got) != 2 {
		t.Errorf("drafts: %v, %v", got, err)
	}
	page, err := s.ListLearnings(as(t, manager), &knowledgev1.ListLearningsRequest{PageSize: 1, LatestChangeFirst: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, req := range []*knowledgev1.ListLearningsRequest{
		{}, {Tag: "tag-a", LatestChangeFirst: true}, {States: []knowledgev1.LearningState{published}, LatestChangeFirst: true},
	} {
		req.PageSize, req.PageToken = 1, page.GetNextPageToken()
		if _, err := s.ListLearnings(as(t, manager), req); fault.From(err).Reason != "PAGE_TOKEN_INVALID" {
			t.Errorf("the page of another list: %v", err)
		}
	}
}
