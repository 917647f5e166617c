package rpc_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/rpc"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store/migrations"
)

var june = time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)

// commons is a knowledge base that the test fills.
type commons struct {
	*testing.T
	log    *eventlog.Log
	server *rpc.Server
	// learning is one of the team payments, tried by others.
	learning string
}

func newCommons(t *testing.T, engine db.Engine) *commons {
	t.Helper()
	l, err := eventlog.Open(t.Context(), dbtest.Open(t, engine, db.Merge(eventlog.Migrations, migrations.FS)), "knowledge", nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &commons{T: t, log: l, server: rpc.New(l, func(string) grpc.ClientConnInterface { return nil })}
	const origin = "teams/payments/cycles/2026-w24/experiments/rota"
	if b.learning, err = domain.LearningName(origin); err != nil {
		t.Fatal(err)
	}
	b.do(func(tx *eventlog.Tx) error {
		return store.Learn(tx, origin, func(l *domain.Learning) []domain.Event {
			return l.Conclude(domain.Conclusion{Experiment: origin, Learned: "A rota halves the wait.", Happened: "The wait was halved.", Verdict: "NOT_AS_PREDICTED"}, june)
		})
	})
	b.tried(origin, "", 1, "NOT_AS_PREDICTED", true)
	b.tried("teams/payments/cycles/2026-w25/experiments/again", b.learning, 2, "AS_PREDICTED", true)
	b.offered("teams/search", 1, domain.Adapt, "Only on Fridays.")
	b.tried("teams/search/cycles/2026-w25/experiments/rota", b.learning, 3, "AS_PREDICTED", true)
	b.offered("teams/mobile", 0, domain.Adopt, "")
	b.tried("teams/mobile/cycles/2026-w25/experiments/rota", b.learning, 4, "NOT_AS_PREDICTED", false)
	return b
}

func (b *commons) do(write func(*eventlog.Tx) error) {
	b.Helper()
	if err := b.log.Do(b.Context(), write); err != nil {
		b.Fatal(err)
	}
}

// tried tells of an experiment that was concluded so many hours in.
func (b *commons) tried(experiment, learning string, hour int, verdict string, locked bool) {
	b.Helper()
	at := june.Add(time.Duration(hour) * time.Hour)
	s := domain.Standing{
		Experiment: experiment, Learning: learning, State: domain.Concluded, Verdict: verdict, Happened: "What " + experiment + " saw.", StartTime: june, ConcludeTime: at,
	}
	if locked {
		s.LockTime, s.PlanHash = june, "ab12"
	}
	b.do(func(tx *eventlog.Tx) error { return store.Follow(tx, s, store.ToldBy{Time: at, Version: 4}) })
}

// offered makes an offer to a team that was put to it so many hours in, and answered if there is an answer.
func (b *commons) offered(team string, hour int, answer domain.Answer, text string) {
	b.Helper()
	o := &domain.Offer{Name: domain.OfferName(team, b.learning), State: domain.Open, Since: june, OfferTime: june.Add(time.Duration(hour) * time.Hour)}
	if answer != "" {
		o.State, o.Answer, o.AnswerText, o.AnswerTime = domain.Answered, answer, text, june
	}
	if answer == domain.Adopt || answer == domain.Adapt {
		o.Adoption = &domain.Adoption{State: domain.Drafting, Problem: "No cycle."}
	}
	b.do(func(tx *eventlog.Tx) error {
		_, err := store.Offers.Create(tx, o, domain.OfferMade)
		return err
	})
}

func (b *commons) publish() {
	b.Helper()
	b.do(func(tx *eventlog.Tx) error {
		_, err := store.Change(tx, b.learning, "", func(l *domain.Learning, _ time.Time) ([]domain.Event, error) {
			l.State, l.PublishTime = domain.Published, june
			return []domain.Event{domain.LearningPublished}, nil
		})
		return err
	})
}

func (b *commons) evidence(c caller.Caller) []*knowledgev1.Evidence {
	b.Helper()
	answer, err := b.server.ListEvidence(as(b.T, c), &knowledgev1.ListEvidenceRequest{Parent: b.learning})
	if err != nil {
		b.Fatal(err)
	}
	return answer.GetEvidence()
}

func TestListEvidence(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			b := newCommons(t, engine)
			all := b.evidence(member) // a draft: its team's people may look
			if len(all) != 4 {
				t.Fatalf("%d pieces of evidence", len(all))
			}
			for i, want := range []struct {
				kind   knowledgev1.EvidenceKind
				result knowledgev1.Result
				counts bool
				whyNot string
			}{
				{knowledgev1.EvidenceKind_EVIDENCE_KIND_ORIGIN, knowledgev1.Result_RESULT_WORKED, false, "A team counts once"},
				{knowledgev1.EvidenceKind_EVIDENCE_KIND_REPEAT, knowledgev1.Result_RESULT_WORKED, true, ""},
				{knowledgev1.EvidenceKind_EVIDENCE_KIND_REPLICATION, knowledgev1.Result_RESULT_WORKED, true, ""},
				{knowledgev1.EvidenceKind_EVIDENCE_KIND_REPLICATION, knowledgev1.Result_RESULT_DID_NOT, false, "not locked"},
			} {
				got := all[i]
				if got.GetKind() != want.kind || got.GetResult() != want.result || got.GetCounts() != want.counts || (want.whyNot == "") != (got.GetWhyNot() == "") ||
					!strings.Contains(got.GetWhyNot(), want.whyNot) {
					t.Errorf("piece %d: %v", i+1, got)
				}
			}
			learning, err := store.Get(t.Context(), b.log, b.learning)
			if err != nil || learning.Value.Grade.Level != domain.Replicated || learning.Value.Grade.Replications != 1 {
				t.Errorf("the grade says otherwise: %+v, %v", learning.Value, err)
			}

			paged, token := []*knowledgev1.Evidence(nil), ""
			for range 2 {
				page, err := b.server.ListEvidence(as(t, member), &knowledgev1.ListEvidenceRequest{Parent: b.learning, PageSize: 2, PageToken: token})
				if err != nil || len(page.GetEvidence()) != 2 {
					t.Fatalf("a page: %v, %v", page, err)
				}
				paged, token = append(paged, page.GetEvidence()...), page.GetNextPageToken()
			}
			if token != "" || !slices.EqualFunc(all, paged, func(a, b *knowledgev1.Evidence) bool { return proto.Equal(a, b) }) {
				t.Errorf("page by page: %v, then %q", paged, token)
			}
		})
	}
}

func TestEvidenceHidesTheTeamsThatTheCallerMayNotRead(t *testing.T) {
	b := newCommons(t, db.SQLite)
	b.publish()
	told := func(c caller.Caller) string {
		text := ""
		for _, e := range b.evidence(c) {
			for _, said := range []bool{e.GetTeam() != "", e.GetExperiment() != "", e.GetHappened() != "", e.GetAdaptation() != ""} {
				text += map[bool]string{true: "x", false: "-"}[said]
			}
			text += " "
		}
		return text
	}
	nobody := caller.Caller{Subject: "users/nora"}
	for _, c := range []struct {
		caller caller.Caller
		want   string
	}{
		{manager, "xxx- xxx- xxxx xxx- "},
		{member, "xxx- xxx- ---- ---- "},   // of payments: sees what payments did
		{stranger, "xxx- xx-- xxxx ---- "}, // of search: its own, and where it was learned
		{nobody, "xxx- xx-- ---- ---- "},
	} {
		if got := told(c.caller); got != c.want {
			t.Errorf("%s is told %s, want %s", c.caller.Subject, got, c.want)
		}
	}
	// Not by the back door of its name, nor in words.
	for _, e := range b.evidence(nobody)[2:] {
		if text := fmt.Sprint(e); strings.Contains(text, "search") || strings.Contains(text, "mobile") || strings.Contains(text, "rota") && !strings.Contains(b.learning, "rota") {
			t.Errorf("it is told all the same: %s", text)
		}
	}
}

// What a team has reworded before it published it is not told by the evidence all the same.
func TestWhatHappenedIsToldInThePublishedWords(t *testing.T) {
	b := newCommons(t, db.SQLite)
	b.do(func(tx *eventlog.Tx) error {
		_, err := store.Change(tx, b.learning, "", func(l *domain.Learning, now time.Time) ([]domain.Event, error) {
			return l.Edit(func(l *domain.Learning) { l.Happened, l.Context.Process = "It got better.", "code review" }, now)
		})
		return err
	})
	b.publish()
	if e := b.evidence(stranger)[0]; e.GetHappened() != "It got better." || e.GetContext().GetProcess() != "code review" {
		t.Errorf("others are told %v", e)
	}
	if got := b.evidence(member)[0].GetHappened(); !strings.HasPrefix(got, "What teams/payments/") {
		t.Errorf("the team itself is told %q", got)
	}
}

// Evidence of a team that may not be read does not tell what the team calls its work, nor has it a name that others could compute.
func TestHiddenEvidenceHasNoWordOfItsTeam(t *testing.T) {
	b := newCommons(t, db.SQLite)
	b.do(func(tx *eventlog.Tx) error {
		_, err := store.Settings.Create(tx, &domain.Settings{
			Name: "teams/office/knowledgeSettings", Context: domain.Context{Process: "travel of the board", ConstraintType: "waiting", TeamSize: 4},
		}, domain.KnowledgeSettingsUpdated)
		return err
	})
	const experiment = "teams/office/cycles/2026-w26/experiments/rota"
	b.tried(experiment, b.learning, 5, "AS_PREDICTED", true)
	b.publish()
	last := func(c caller.Caller) *knowledgev1.Evidence { all := b.evidence(c); return all[len(all)-1] }
	if e := last(manager); e.GetContext().GetProcess() != "travel of the board" || e.GetName() != domain.EvidenceName(b.learning, experiment) {
		t.Errorf("a manager is told %v", e)
	}
	e := last(stranger)
	if e.GetContext().GetProcess() != "" || e.GetContext().GetConstraintType() != "waiting" || e.GetContext().GetTeamSize() != 4 {
		t.Errorf("others are told of the context: %v", e.GetContext())
	}
	if e.GetName() == domain.EvidenceName(b.learning, experiment) || !strings.HasPrefix(e.GetName(), b.learning+"/evidence/") || last(stranger).GetName() != e.GetName() {
		t.Errorf("others are told the name %s", e.GetName())
	}
}

func TestADraftsEvidenceAndSpreadAreNobodysBusiness(t *testing.T) {
	b := newCommons(t, db.SQLite)
	for _, c := range []caller.Caller{stranger, manager, open, {}} {
		for _, name := range []string{b.learning, "learnings/none"} {
			_, listed := b.server.ListEvidence(as(t, c), &knowledgev1.ListEvidenceRequest{Parent: name})
			_, spread := b.server.GetSpread(as(t, c), &knowledgev1.GetSpreadRequest{Name: name})
			for _, err := range []error{listed, spread} {
				if f := fault.From(err); f == nil || f.Error() != domain.NotFound(name).Error() {
					t.Errorf("%s asks for %s: %v", c.Subject, name, err)
				}
			}
		}
	}
	if _, err := b.server.GetSpread(as(t, member), &knowledgev1.GetSpreadRequest{Name: b.learning}); fault.From(err) == nil || fault.From(err).Reason != "LEARNING_NOT_PUBLISHED" {
		t.Errorf("a draft has spread: %v", err)
	}
}

func TestGetSpread(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			b := newCommons(t, engine)
			b.publish()
			b.offered("teams/office", 2, domain.Decline, "We have no reviews.")
			b.do(func(tx *eventlog.Tx) error {
				_, err := store.Offers.Create(tx, &domain.Offer{Name: domain.OfferName("teams/waiting", b.learning), State: domain.Waiting, Since: june}, domain.OfferMade)
				if err != nil {
					return err
				}
				_, err = store.Offers.Create(tx, &domain.Offer{Name: domain.OfferName("teams/waiting", "learnings/other"), State: domain.Open, Since: june, OfferTime: june}, domain.OfferMade)
				return err
			})
			got, err := b.server.GetSpread(as(t, stranger), &knowledgev1.GetSpreadRequest{Name: b.learning})
			if err != nil {
				t.Fatal(err)
			}
			if got.GetClaim() != "A rota halves the wait." || got.GetOriginTeam() != "teams/payments" || got.GetPublishTime() == nil ||
				got.GetGrade().GetLevel() != knowledgev1.GradeLevel_GRADE_LEVEL_REPLICATED {
				t.Errorf("of what: %v", got)
			}
			if got.GetOffered() != 3 || got.GetAnswered() != 3 || got.GetTried() != 2 || got.GetWorked() != 1 || got.GetDidNot() != 1 || got.GetCannotTell() != 0 {
				t.Errorf("the numbers: %v", got)
			}
			search, mobile, office := got.GetTeams()[0], got.GetTeams()[1], got.GetTeams()[2] // those that may not be read come last
			if search.GetTeam() != "teams/search" || search.GetAnswerText() != "Only on Fridays." || search.GetAdoption().GetExperiment() == "" ||
				search.GetAdoption().GetResult() != knowledgev1.Result_RESULT_WORKED {
				t.Errorf("its own team: %v", search)
			}
			if office.GetTeam() != "" || office.GetAnswerText() != "" || office.GetAnswer() != knowledgev1.Answer_ANSWER_DECLINE {
				t.Errorf("a team that may not be read: %v", office)
			}
			if mobile.GetTeam() != "" || mobile.GetAdoption().GetExperiment() != "" || mobile.GetAdoption().GetResult() != knowledgev1.Result_RESULT_DID_NOT {
				t.Errorf("another: %v", mobile)
			}
			if text := fmt.Sprint(mobile, office); strings.Contains(text, "mobile") || strings.Contains(text, "office") {
				t.Errorf("it is told all the same: %s", text)
			}
			all, err := b.server.GetSpread(as(t, manager), &knowledgev1.GetSpreadRequest{Name: b.learning})
			if err != nil || all.GetTeams()[2].GetTeam() != "teams/office" || all.GetTeams()[2].GetAnswerText() != "We have no reviews." {
				t.Errorf("a manager: %v, %v", all, err)
			}
		})
	}
}
