package wire

import (
	"testing"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

var at = time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)

func row[T any](value T) record.Row[T] {
	return record.Row[T]{Value: &value, Version: 3, Etag: `"e-3"`, CreateTime: at, UpdateTime: at}
}

// wantFull says of every field that is not set, but for those that others than this package fill.
func wantFull(t *testing.T, m protoreflect.Message, others ...protoreflect.Name) {
	t.Helper()
	skip := map[protoreflect.Name]bool{}
	for _, name := range others {
		skip[name] = true
	}
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		switch {
		case skip[f.Name()]:
		case !m.Has(f):
			t.Errorf("%s is not filled", f.FullName())
		case f.IsList() && f.Message() != nil:
			wantFull(t, m.Get(f).List().Get(0).Message(), others...)
		case !f.IsList() && f.Message() != nil && f.Message().FullName() != "google.protobuf.Timestamp":
			wantFull(t, m.Get(f).Message(), others...)
		}
	}
}

func TestEverythingIsTold(t *testing.T) {
	like := domain.Context{Process: "p", ConstraintType: "c", TeamSize: 6, Stack: []string{"go"}}
	grade := domain.Grade{Level: domain.Replicated, Replications: 1, Supporting: 2, Opposing: 1, Explanation: "e", Changed: at}
	learning := domain.Learning{
		Name: "n", Claim: "c", Situation: "s", Context: like, Tags: []string{"t"}, Tried: "t", Happened: "h", MayNotHold: "m", HowToTry: "h",
		Verdict: "v", Team: "teams/t", Cycle: "c", Experiment: "e", State: domain.Retired, Grade: grade, RetireReason: "r",
		ReviewByDate: "2027-01-01", Reviews: []domain.Review{{Text: "t", Time: at}}, HasChart: true, PublishTime: at,
		Provenance: &domain.Provenance{Installation: "i", Learning: "l", Team: "t", Grade: grade, ExportTime: at, Earlier: []string{"e"}},
	}
	wantFull(t, Learning(row(learning)).ProtoReflect(), "review_due", "rendered")
	wantFull(t, Evidence(row(domain.Evidence{
		Name: "n", Kind: domain.Repeat, Team: "t", Experiment: "e", Locked: true, Verdict: "v", Result: domain.DidNot, HoldFinding: domain.Held,
		Context: like, Adaptation: "a", Happened: "h", ConcludeTime: at,
	})).ProtoReflect(), "counts", "why_not")
	offer := domain.Offer{
		Name: "teams/t/offers/l", Claim: "c", OriginTeam: "o", State: domain.Answered,
		Reasons:   []domain.OfferReason{{Kind: domain.BecauseObstacle, Text: "t", Obstacle: "o"}},
		OfferTime: at, AnswerBy: at, Answer: domain.AlreadyDoing, AnswerText: "t", AlreadySince: "2026-01-01", AnswerTime: at,
		Adoption: &domain.Adoption{State: domain.Concluded, Experiment: "e", Problem: "p", Result: domain.Worked, ConcludeTime: at},
	}
	wantFull(t, Offer(row(offer)).ProtoReflect())
	offer.Reasons = append(offer.Reasons, domain.Taken)
	spread := domain.Spread{Offers: []domain.Offer{offer}, Offered: 1, Answered: 1, Tried: 1, Worked: 1, DidNot: 1, CannotTell: 1}
	wantFull(t, Spread(&learning, spread, func(string) bool { return true }).ProtoReflect())
	wantFull(t, Settings(row(domain.Settings{
		Name: "n", PublishRule: domain.ByHand, ReviewMonths: 1, Context: like, MaxOpenOffers: 1, FollowedTags: []string{"t"}, FollowedTeams: []string{"t"},
		FollowedLearnings: []string{"l"}, MutedTags: []string{"t"}, MutedTeams: []string{"t"},
	})).ProtoReflect())
	wantFull(t, OfferRules(row(domain.OfferRules{
		Similarity: 0.5, WithoutParked: true, WithoutProcess: true, WithoutConstraintType: true, MaxOpenOffers: 1, AnswerDays: 1,
	})).ProtoReflect())
	wantFull(t, Suggestion(domain.Suggestion{
		Refuted: true, Score: 1, Reasons: []domain.SuggestionReason{{Kind: domain.SameWords, Text: "t"}},
	}, row(learning)).ProtoReflect(), "review_due", "rendered")
}

// A word of the domain that the contract writes otherwise would be told as nothing.
func TestEveryWordIsOneOfTheContract(t *testing.T) {
	for _, c := range []struct {
		enum  protoreflect.Enum
		words []string
	}{
		{knowledgev1.LearningState(0), list(domain.Draft, domain.Published, domain.Retired)},
		{knowledgev1.GradeLevel(0), list(domain.Anecdote, domain.Observed, domain.Replicated, domain.Contested)},
		{knowledgev1.EvidenceKind(0), list(domain.Origin, domain.Repeat, domain.Replication)},
		{knowledgev1.Result(0), list(domain.Worked, domain.DidNot, domain.CannotTell)},
		{knowledgev1.HoldFinding(0), list(domain.Held, domain.Slipped)},
		{knowledgev1.OfferState(0), list(domain.Waiting, domain.Open, domain.Answered, domain.NoAnswer, domain.Withdrawn)},
		{knowledgev1.Answer(0), list(domain.Adopt, domain.Adapt, domain.Decline, domain.AlreadyDoing)},
		{knowledgev1.AdoptionState(0), list(domain.Drafting, domain.Drafted, domain.Running, domain.Concluded, domain.Abandoned)},
		{knowledgev1.OfferReasonKind(0), list(domain.BecauseObstacle, domain.BecauseProcess, domain.BecauseConstraintType, domain.BecauseFollowedTag,
			domain.BecauseFollowedTeam, domain.BecauseFollowedLearning, domain.BecauseTaken)},
		{knowledgev1.SuggestionReasonKind(0), list(domain.SameWords, domain.SameProcess, domain.SameConstraintType, domain.SameTag, domain.SameStack)},
		{knowledgev1.PublishRule(0), list(domain.ByRetrospective, domain.ByConclusion, domain.ByHand)},
	} {
		values := c.enum.Descriptor().Values()
		prefix := string(values.Get(0).Name())
		prefix = prefix[:len(prefix)-len("UNSPECIFIED")]
		if values.Len() != len(c.words)+1 {
			t.Errorf("%s has %d values, and the domain %q", c.enum.Descriptor().Name(), values.Len()-1, c.words)
		}
		for _, word := range c.words {
			if values.ByName(protoreflect.Name(prefix+word)) == nil {
				t.Errorf("%s has no %q", c.enum.Descriptor().Name(), prefix+word)
			}
		}
	}
}

func list[W ~string](words ...W) []string {
	all := make([]string, len(words))
	for i, w := range words {
		all[i] = string(w)
	}
	return all
}

func TestEveryFieldThatCanBeChangedIsChanged(t *testing.T) {
	like := &knowledgev1.Context{Process: "p"}
	learning := domain.Learning{}
	LearningChange(&knowledgev1.Learning{
		Claim: "c", Situation: "s", Context: like, Tags: []string{"t"}, Tried: "t", Happened: "h", MayNotHold: "m", HowToTry: "h", ReviewByDate: "d",
	}, domain.WordedFields())(&learning)
	if l := learning; l.Claim == "" || l.Situation == "" || l.Context.Process == "" || len(l.Tags) == 0 || l.Tried == "" || l.Happened == "" ||
		l.MayNotHold == "" || l.HowToTry == "" || l.ReviewByDate == "" {
		t.Errorf("the learning is %+v", l)
	}
	settings := domain.Settings{}
	SettingsChange(&knowledgev1.KnowledgeSettings{
		PublishRule: knowledgev1.PublishRule_PUBLISH_RULE_BY_HAND, ReviewMonths: 1, Context: like, MaxOpenOffers: 1, FollowedTags: []string{"t"},
		FollowedTeams: []string{"t"}, FollowedLearnings: []string{"l"}, MutedTags: []string{"t"}, MutedTeams: []string{"t"},
	}, SettingsFields())(&settings)
	if s := settings; s.PublishRule != domain.ByHand || s.ReviewMonths != 1 || s.Context.Process == "" || s.MaxOpenOffers != 1 ||
		len(s.FollowedTags)+len(s.FollowedTeams)+len(s.FollowedLearnings)+len(s.MutedTags)+len(s.MutedTeams) != 5 {
		t.Errorf("the settings are %+v", s)
	}
	rules := domain.OfferRules{}
	want := domain.OfferRules{Similarity: 0.5, WithoutParked: true, WithoutProcess: true, WithoutConstraintType: true, MaxOpenOffers: 1, AnswerDays: 1}
	OfferRulesChange(OfferRules(row(want)), OfferRulesFields())(&rules)
	if rules != want {
		t.Errorf("the rules are %+v", rules)
	}
}

// How an experiment stands is read whole, and what is not told yet is nothing.
func TestStanding(t *testing.T) {
	got := Standing(&experimentv1.Experiment{
		Name: "e", Learning: "l", State: experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING,
		Outcome: &experimentv1.Outcome{Verdict: experimentv1.Verdict_VERDICT_CANNOT_TELL, Happened: "h"},
		HoldChecks: []*experimentv1.HoldCheck{
			{Weeks: 2, State: experimentv1.HoldCheckState_HOLD_CHECK_STATE_HELD},
			{Weeks: 6, State: experimentv1.HoldCheckState_HOLD_CHECK_STATE_SLIPPED},
			{Weeks: 12, State: experimentv1.HoldCheckState_HOLD_CHECK_STATE_PENDING},
		},
	})
	if got.Experiment != "e" || got.Learning != "l" || got.State != domain.Running || got.Verdict != "CANNOT_TELL" || got.Happened != "h" ||
		!got.LockTime.IsZero() || !got.ConcludeTime.IsZero() || len(got.HoldChecks) != 3 ||
		got.HoldChecks[0].Finding != domain.Held || got.HoldChecks[1].Finding != domain.Slipped || got.HoldChecks[2].Finding != "" {
		t.Errorf("it stands %+v", got)
	}
}
