package rpc_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/rpc"
)

// taken is the offer of a published learning that the search team has taken up.
func taken(t *testing.T, s *rpc.Server, learning string) *knowledgev1.Offer {
	t.Helper()
	publish(t, s, learning)
	o, err := s.CreateOffer(as(t, stranger), &knowledgev1.CreateOfferRequest{Parent: "teams/search", Learning: learning, RequestId: "taken"})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestATeamTakesUpALearningAndAnswers(t *testing.T) {
	s, learning := serve(t)
	o := taken(t, s, learning)
	if o.GetName() != "teams/search/offers/"+strings.TrimPrefix(learning, "learnings/") || o.GetLearning() != learning || o.GetOriginTeam() != "teams/payments" ||
		o.GetClaim() != "A rota helps." || o.GetState() != knowledgev1.OfferState_OFFER_STATE_OPEN || len(o.GetReasons()) != 1 ||
		o.GetReasons()[0].GetKind() != knowledgev1.OfferReasonKind_OFFER_REASON_KIND_TAKEN || !o.GetAnswerByTime().AsTime().After(o.GetOfferTime().AsTime()) {
		t.Errorf("taken: %v", o)
	}
	again, err := s.CreateOffer(as(t, stranger), &knowledgev1.CreateOfferRequest{Parent: "teams/search", Learning: learning})
	if err != nil || !proto.Equal(o, again) {
		t.Errorf("taken again: %v, %v", again, err)
	}
	request := &knowledgev1.AnswerOfferRequest{
		Name: o.GetName(), Etag: o.GetEtag(), RequestId: "answer", Answer: knowledgev1.Answer_ANSWER_ADAPT, Text: " By days. ", Cycle: "teams/search/cycles/2026-w26",
	}
	answered, err := s.AnswerOffer(as(t, stranger), request)
	if err != nil || answered.GetState() != knowledgev1.OfferState_OFFER_STATE_ANSWERED || answered.GetAnswerText() != "By days." ||
		answered.GetAdoption().GetState() != knowledgev1.AdoptionState_ADOPTION_STATE_DRAFTING || answered.GetAnswerTime() == nil {
		t.Fatalf("answered: %v, %v", answered, err)
	}
	if replayed, err := s.AnswerOffer(as(t, stranger), request); err != nil || !proto.Equal(replayed, answered) {
		t.Errorf("the same request again: %v, %v", replayed, err)
	}
	_, err = s.AnswerOffer(as(t, stranger), &knowledgev1.AnswerOfferRequest{Name: o.GetName(), Etag: o.GetEtag(), Answer: knowledgev1.Answer_ANSWER_ADOPT})
	if fault.From(err).Reason != "ETAG_MISMATCH" || fault.From(err).Metadata["current_etag"] != answered.GetEtag() {
		t.Errorf("a stale etag: %v", err)
	}
	since := &knowledgev1.AnswerOfferRequest{Name: o.GetName(), Answer: knowledgev1.Answer_ANSWER_ALREADY_DOING, AlreadySinceDate: "2025-11-31"}
	if _, err := s.AnswerOffer(as(t, stranger), since); fault.From(err).Reason != "ALREADY_SINCE_INVALID" {
		t.Errorf("no such day: %v", err)
	}
	since.AlreadySinceDate = "2025-11-30"
	changed, err := s.AnswerOffer(as(t, stranger), since)
	if err != nil || changed.GetAlreadySinceDate() != "2025-11-30" || changed.GetAdoption() != nil || changed.GetAnswerText() != "" {
		t.Errorf("a change of mind: %v, %v", changed, err)
	}
	got, err := s.GetOffer(as(t, stranger), &knowledgev1.GetOfferRequest{Name: o.GetName()})
	if err != nil || !proto.Equal(got, changed) {
		t.Errorf("got %v, %v", got, err)
	}
	if _, err := s.GetOffer(as(t, stranger), &knowledgev1.GetOfferRequest{Name: "teams/search/offers/none"}); fault.From(err).Reason != "OFFER_NOT_FOUND" {
		t.Errorf("no such offer: %v", err)
	}
}

func TestADraftCannotBeTakenUp(t *testing.T) {
	s, learning := serve(t)
	for _, c := range []struct {
		caller caller.Caller
		team   string
		reason string
	}{{stranger, "teams/search", "LEARNING_NOT_FOUND"}, {member, "teams/payments", "LEARNING_NOT_PUBLISHED"}} {
		_, err := s.CreateOffer(as(t, c.caller), &knowledgev1.CreateOfferRequest{Parent: c.team, Learning: learning})
		if fault.From(err).Reason != c.reason {
			t.Errorf("%s: %v", c.caller.Subject, err)
		}
	}
	_, hidden := s.CreateOffer(as(t, stranger), &knowledgev1.CreateOfferRequest{Parent: "teams/search", Learning: learning})
	_, missing := s.CreateOffer(as(t, stranger), &knowledgev1.CreateOfferRequest{Parent: "teams/search", Learning: "learnings/none"})
	if h, m := fault.From(hidden).Message, fault.From(missing).Message; strings.ReplaceAll(h, learning, "") != strings.ReplaceAll(m, "learnings/none", "") {
		t.Errorf("a draft shows: %q, %q", h, m)
	}
}

func TestOffersAreListedByState(t *testing.T) {
	s, learning := serve(t)
	o := taken(t, s, learning)
	for _, c := range []struct {
		parent string
		states []knowledgev1.OfferState
		want   []string
	}{
		{"teams/search", nil, []string{o.GetName()}},
		{"teams/search", []knowledgev1.OfferState{knowledgev1.OfferState_OFFER_STATE_OPEN, knowledgev1.OfferState_OFFER_STATE_WAITING}, []string{o.GetName()}},
		{"teams/search", []knowledgev1.OfferState{knowledgev1.OfferState_OFFER_STATE_ANSWERED}, nil},
		{"teams/payments", nil, nil},
	} {
		list, err := s.ListOffers(as(t, stranger), &knowledgev1.ListOffersRequest{Parent: c.parent, States: c.states})
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, o := range list.GetOffers() {
			names = append(names, o.GetName())
		}
		if !slices.Equal(names, c.want) {
			t.Errorf("%s in %v: %v", c.parent, c.states, names)
		}
	}
}

func TestTheRulesOfOffers(t *testing.T) {
	s, _ := serve(t)
	const name = "organization/offerRules"
	defaults, err := s.GetOfferRules(as(t, manager), &knowledgev1.GetOfferRulesRequest{Name: name})
	if want := (&knowledgev1.OfferRules{Name: name, Similarity: 0.2, MaxOpenOffers: 3, AnswerDays: 14}); err != nil || !proto.Equal(defaults, want) {
		t.Errorf("nobody said anything: %v, %v", defaults, err)
	}
	update := func(rules *knowledgev1.OfferRules, etag string, paths ...string) (*knowledgev1.OfferRules, error) {
		req := &knowledgev1.UpdateOfferRulesRequest{OfferRules: rules, Etag: etag}
		if len(paths) > 0 {
			req.UpdateMask = &fieldmaskpb.FieldMask{Paths: paths}
		}
		return s.UpdateOfferRules(as(t, manager), req)
	}
	if _, err := update(&knowledgev1.OfferRules{Name: name, AnswerDays: 7}, `"made-up"`); fault.From(err).Reason != "ETAG_MISMATCH" {
		t.Errorf("an etag of nothing: %v", err)
	}
	first, err := update(&knowledgev1.OfferRules{Name: name, AnswerDays: 7}, "")
	if err != nil || first.GetAnswerDays() != 7 || first.GetMaxOpenOffers() != 3 || first.GetEtag() == "" || first.GetUpdateTime() == nil {
		t.Fatalf("the first change: %v, %v", first, err)
	}
	second, err := update(&knowledgev1.OfferRules{Name: name, WithoutParked: true, Similarity: 0.4, MaxOpenOffers: 9}, first.GetEtag(), "without_parked", "similarity")
	if err != nil || !second.GetWithoutParked() || second.GetSimilarity() != 0.4 || second.GetMaxOpenOffers() != 3 || second.GetAnswerDays() != 7 {
		t.Errorf("a masked change: %v, %v", second, err)
	}
	if same, err := update(&knowledgev1.OfferRules{Name: name, WithoutParked: true}, ""); err != nil || same.GetEtag() != second.GetEtag() {
		t.Errorf("what holds already is no change: %v, %v", same, err)
	}
	back, err := update(&knowledgev1.OfferRules{Name: name}, second.GetEtag(), "*")
	if err != nil || back.GetSimilarity() != 0.2 || back.GetWithoutParked() || back.GetAnswerDays() != 14 {
		t.Errorf("back to the defaults: %v, %v", back, err)
	}
	if got, err := s.GetOfferRules(as(t, manager), &knowledgev1.GetOfferRulesRequest{Name: name}); err != nil || !proto.Equal(got, back) {
		t.Errorf("got %v, %v", got, err)
	}
	for what, err := range map[string]error{
		"ETAG_MISMATCH":         refusal(update(&knowledgev1.OfferRules{Name: name, AnswerDays: 8}, first.GetEtag())),
		"FIELD_NOT_UPDATABLE":   refusal(update(&knowledgev1.OfferRules{Name: name}, "", "colour")),
		"NOTHING_TO_CHANGE":     refusal(update(&knowledgev1.OfferRules{Name: name}, "")),
		"OFFER_RULES_NOT_FOUND": refusal(update(&knowledgev1.OfferRules{Name: "organization/rules", AnswerDays: 8}, "")),
	} {
		if fault.From(err).Reason != what {
			t.Errorf("want %s, got %v", what, err)
		}
	}
}

func refusal[A any](_ A, err error) error { return err }
