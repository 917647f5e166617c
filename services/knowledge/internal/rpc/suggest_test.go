package rpc_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// suggested are the ids of what comes up for a member of the team.
func (p *planners) suggested(req *knowledgev1.SuggestLearningsRequest) string {
	p.t.Helper()
	answer, err := p.ask(callertest.User("mina", "payments", caller.Member), req)
	if err != nil {
		p.t.Fatal(rpcserver.FromStatus(err))
	}
	var ids []string
	for _, s := range answer.GetSuggestions() {
		ids = append(ids, strings.TrimPrefix(s.GetLearning().GetName(), "learnings/"))
	}
	return strings.Join(ids, " ")
}

// told is a published learning of another team.
func told(id, claim string, edits ...func(*domain.Learning)) domain.Learning {
	l := domain.Learning{Name: id, Claim: claim, Team: "teams/search", State: domain.Published, Verdict: "AS_PREDICTED"}
	for _, edit := range edits {
		edit(&l)
	}
	return l
}

func inState(s domain.State) func(*domain.Learning) { return func(l *domain.Learning) { l.State = s } }

func refuted(l *domain.Learning) { l.Verdict = "NOT_AS_PREDICTED" }

// base is what all teams have learned; the last ones speak of the team and of nothing else that anybody asks for here.
var base = []domain.Learning{
	told("rota", "A rota of reviewers ends the waiting for reviews"),
	told("pairs", "Pairing makes reviews superfluous", refuted),
	told("canary", "A canary finds what small changes break", func(l *domain.Learning) { l.Experiment = ownExperiment }),
	told("small", "Small changes are merged sooner"),
	told("mobile", "The build of the app is faster with a cache"),
	told("draft", "Reviews wait because nobody looks", inState(domain.Draft)),
	told("retired", "Reviews wait for days on Fridays", inState(domain.Retired)),
	told("lunch", "A team that eats together stays together"),
	told("music", "A team that sings works better"),
	told("walk", "A team that walks has better ideas"),
	told("plants", "Plants please every team"),
}

func TestSuggestFromWhatIsPlanned(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			p := plan(t, engine, base...)
			for name, c := range map[string]struct {
				req  *knowledgev1.SuggestLearningsRequest
				want string
			}{
				"a text":                              {&knowledgev1.SuggestLearningsRequest{Text: "Reviews are waiting"}, "rota pairs"},
				"words that everybody uses":           {&knowledgev1.SuggestLearningsRequest{Text: "the of and is it"}, ""},
				"a word that many use":                {&knowledgev1.SuggestLearningsRequest{Text: "The team"}, ""},
				"no words":                            {&knowledgev1.SuggestLearningsRequest{Text: "?! –"}, ""},
				"one word of many":                    {&knowledgev1.SuggestLearningsRequest{Text: "The database answers slowly at noon because a cache is missing"}, ""},
				"an obstacle":                         {&knowledgev1.SuggestLearningsRequest{Obstacle: ownObstacle}, "rota"},
				"an experiment without its own":       {&knowledgev1.SuggestLearningsRequest{Experiment: ownExperiment}, "small rota"},
				"against an obstacle that is not yet": {&knowledgev1.SuggestLearningsRequest{Experiment: ownExperiment + "2"}, "small canary"},
				"a page":                              {&knowledgev1.SuggestLearningsRequest{Text: "Reviews are waiting", PageSize: 1}, "pairs"},
			} {
				if got := p.suggested(c.req); got != c.want {
					t.Errorf("%s: %q comes up, want %q", name, got, c.want)
				}
			}
		})
	}
}

func TestSuggestSaysWhy(t *testing.T) {
	like := domain.Context{Process: "Code review", ConstraintType: "waiting", Stack: []string{"go"}}
	alike := func(l *domain.Learning) { l.Context, l.Tags = like, []string{"code-review", "mobile"} }
	p := plan(t, db.SQLite, told("a", "A rota ends the waiting", refuted), told("b", "A rota ends the waiting", alike), told("c", "A rota ends the waiting", alike, refuted))
	err := p.log.Do(t.Context(), func(tx *eventlog.Tx) error {
		_, err := store.Settings.Create(tx, &domain.Settings{Name: store.SettingsName("teams/payments"), Context: like}, domain.KnowledgeSettingsUpdated)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	member := callertest.User("mina", "payments", caller.Member)
	answer, err := p.ask(member, &knowledgev1.SuggestLearningsRequest{Text: "A rota ends the waiting in code review", Team: "teams/payments"})
	if err != nil || len(answer.GetSuggestions()) != 3 {
		t.Fatalf("answer %v, %v", answer, err)
	}
	first, last := answer.GetSuggestions()[0], answer.GetSuggestions()[2]
	if first.GetLearning().GetName() != "learnings/b" || first.GetLearning().GetClaim() != "A rota ends the waiting" || first.GetRefuted() ||
		last.GetLearning().GetName() != "learnings/a" || !last.GetRefuted() || first.GetScore() <= last.GetScore() || last.GetScore() <= 0 {
		t.Errorf("answer %v", answer)
	}
	var kinds []knowledgev1.SuggestionReasonKind
	for _, r := range first.GetReasons() {
		if kinds = append(kinds, r.GetKind()); r.GetText() == "" {
			t.Errorf("%v says nothing", r.GetKind())
		}
	}
	if !slices.Equal(kinds, []knowledgev1.SuggestionReasonKind{
		knowledgev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_WORDS, knowledgev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_PROCESS,
		knowledgev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_CONSTRAINT_TYPE, knowledgev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_TAG,
		knowledgev1.SuggestionReasonKind_SUGGESTION_REASON_KIND_STACK,
	}) {
		t.Errorf("reasons %v", first.GetReasons())
	}
	// Without the team nothing is known of its work but what the text says.
	answer, err = p.ask(member, &knowledgev1.SuggestLearningsRequest{Text: "A rota"})
	if err != nil || len(answer.GetSuggestions()) != 3 || len(answer.GetSuggestions()[0].GetReasons()) != 1 {
		t.Errorf("answer %v, %v", answer, err)
	}
	// The team of an obstacle is the one that plans.
	answer, err = p.ask(member, &knowledgev1.SuggestLearningsRequest{Obstacle: ownObstacle})
	if err != nil || len(answer.GetSuggestions()) != 2 || len(answer.GetSuggestions()[0].GetReasons()) != 4 {
		t.Errorf("answer %v, %v", answer, err)
	}
}

func TestSuggestRefuses(t *testing.T) {
	p := plan(t, db.SQLite, base...)
	member, other := callertest.User("mina", "payments", caller.Member), callertest.User("sam", "search", caller.Coach)
	for name, c := range map[string]struct {
		caller caller.Caller
		req    *knowledgev1.SuggestLearningsRequest
		kind   fault.Kind
		reason string
	}{
		"nothing given":              {member, &knowledgev1.SuggestLearningsRequest{Text: " ", Team: "teams/payments"}, fault.InvalidArgument, "SUGGEST_NOTHING_GIVEN"},
		"an obstacle that is none":   {member, &knowledgev1.SuggestLearningsRequest{Text: "reviews", Obstacle: ownObstacle + "2"}, fault.NotFound, "OBSTACLE_NOT_FOUND"},
		"an experiment that is none": {member, &knowledgev1.SuggestLearningsRequest{Text: "reviews", Experiment: "teams/payments/cycles/c/experiments/e"}, fault.NotFound, "EXPERIMENT_NOT_FOUND"},
		"another team's obstacle":    {other, &knowledgev1.SuggestLearningsRequest{Text: "reviews", Obstacle: ownObstacle}, fault.PermissionDenied, "PERMISSION_DENIED"},
		"another team's experiment":  {other, &knowledgev1.SuggestLearningsRequest{Text: "reviews", Experiment: ownExperiment}, fault.PermissionDenied, "PERMISSION_DENIED"},
		"another team":               {other, &knowledgev1.SuggestLearningsRequest{Text: "reviews", Team: "teams/payments"}, fault.PermissionDenied, "PERMISSION_DENIED"},
		"nobody":                     {caller.Caller{}, &knowledgev1.SuggestLearningsRequest{Text: "reviews"}, fault.Unauthenticated, "UNAUTHENTICATED"},
	} {
		answer, err := p.ask(c.caller, c.req)
		if f := rpcserver.FromStatus(err); f == nil || f.Kind != c.kind || f.Reason != c.reason {
			t.Errorf("%s: answered %v, %v", name, answer, err)
		}
	}
}

// Who gave a text gets an answer to that when the other services are down; who gave none is told so.
func TestSuggestWhileOthersAreDown(t *testing.T) {
	p := plan(t, db.SQLite, base...)
	p.down = fault.New(fault.Unavailable, "DATABASE_BUSY", "The database is busy; try again.").Because(errors.New("locked"))
	for _, req := range []*knowledgev1.SuggestLearningsRequest{{Obstacle: ownObstacle}, {Experiment: ownExperiment}} {
		_, err := p.ask(callertest.User("mina", "payments", caller.Member), req)
		if f := rpcserver.FromStatus(err); f == nil || f.Kind != fault.Unavailable || f.Reason != "SUGGEST_SOURCE_UNAVAILABLE" || !strings.Contains(f.Message, "say it in text") {
			t.Errorf("%v: %v", req, f)
		}
		req.Text = "Reviews are waiting"
		if got := p.suggested(req); got != "rota pairs" {
			t.Errorf("%v: %q comes up", req, got)
		}
	}
}

// A refuted learning comes up also when more than are looked at have nearer words.
func TestSuggestFindsTheRefutedBehindAllOthers(t *testing.T) {
	many := []domain.Learning{told("refuted", "A rota did not end the waiting of these reviews", refuted)}
	for range 110 {
		many = append(many, told("x"+string(rune('a'+len(many)/20))+string(rune('a'+len(many)%20)), "A rota of reviewers ends waiting, queues and handovers"))
	}
	p := plan(t, db.SQLite, many...)
	if got := strings.Fields(p.suggested(&knowledgev1.SuggestLearningsRequest{Text: "A rota of reviewers against waiting, queues and handovers"})); len(got) != 5 || got[4] != "refuted" {
		t.Errorf("%v come up", got)
	}
}
