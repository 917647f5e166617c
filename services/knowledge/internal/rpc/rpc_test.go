package rpc_test

import (
	"context"
	"testing"
	"time"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
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

var (
	member   = caller.Caller{Subject: "users/mina", Teams: map[string]caller.Role{"payments": caller.Member}}
	viewer   = caller.Caller{Subject: "users/vera", Teams: map[string]caller.Role{"payments": caller.Viewer}}
	stranger = caller.Caller{Subject: "users/sam", Teams: map[string]caller.Role{"search": caller.Coach}}
	manager  = caller.Caller{Subject: "users/max", Manager: true}
	open     = caller.Caller{Subject: "users/olga", OpenTeams: []string{"payments"}}
	system   = caller.Caller{Subject: "services/cycle", Service: true}
)

func as(t *testing.T, c caller.Caller) context.Context { return caller.With(t.Context(), c) }

// serve answers from a base with two drafts of one team; name is the first's.
func serve(t *testing.T) (s *rpc.Server, name string) {
	t.Helper()
	l, err := eventlog.Open(t.Context(), dbtest.Open(t, db.SQLite, db.Merge(eventlog.Migrations, migrations.FS)), "knowledge", nil)
	if err != nil {
		t.Fatal(err)
	}
	err = l.Do(t.Context(), func(tx *eventlog.Tx) error {
		for _, id := range []string{"rota", "flags"} {
			err := store.Learn(tx, "teams/payments/cycles/2026-w24/experiments/"+id, func(x *domain.Learning) []domain.Event {
				if id == "rota" {
					name = x.Name
				}
				return x.Conclude(domain.Conclusion{Learned: "A " + id + " helps.", Tried: "Tried.", Verdict: "AS_PREDICTED"}, time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC))
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return rpc.New(l, neighbours()), name
}

// neighbours are the services that are asked: there are the teams payments and search.
func neighbours() func(string) grpc.ClientConnInterface {
	channel := &inprocgrpc.Channel{}
	identityv1.RegisterIdentityServiceServer(channel, identity{})
	return func(string) grpc.ClientConnInterface { return channel }
}

type identity struct {
	identityv1.UnimplementedIdentityServiceServer
}

func (identity) GetTeam(_ context.Context, req *identityv1.GetTeamRequest) (*identityv1.Team, error) {
	if name := req.GetName(); name == "teams/payments" || name == "teams/search" {
		return &identityv1.Team{Name: name}, nil
	}
	return nil, status.Error(codes.NotFound, "There is no such team.")
}

func publish(t *testing.T, s *rpc.Server, name string) *knowledgev1.Learning {
	t.Helper()
	published, err := s.PublishLearning(as(t, member), &knowledgev1.PublishLearningRequest{Name: name, RequestId: "once"})
	if err != nil {
		t.Fatal(err)
	}
	return published
}

func TestADraftDoesNotExistForOthers(t *testing.T) {
	s, name := serve(t)
	for _, c := range []caller.Caller{member, viewer, system} {
		got, err := s.GetLearning(as(t, c), &knowledgev1.GetLearningRequest{Name: name})
		if err != nil || got.GetState() != knowledgev1.LearningState_LEARNING_STATE_DRAFT {
			t.Errorf("%s gets %v, %v", c.Subject, got, err)
		}
	}
	for what, ask := range map[string]func(ctx context.Context, name string) error{
		"get": func(ctx context.Context, name string) error {
			_, err := s.GetLearning(ctx, &knowledgev1.GetLearningRequest{Name: name})
			return err
		},
		"publish with an etag": func(ctx context.Context, name string) error {
			_, err := s.PublishLearning(ctx, &knowledgev1.PublishLearningRequest{Name: name, Etag: `"x-1"`})
			return err
		},
		"retire": func(ctx context.Context, name string) error {
			_, err := s.RetireLearning(ctx, &knowledgev1.RetireLearningRequest{Name: name, Reason: "No."})
			return err
		},
	} {
		hidden, missing := ask(as(t, stranger), name), ask(as(t, stranger), "learnings/none")
		h, m := fault.From(hidden), fault.From(missing)
		if h == nil || m == nil || h.Kind != fault.NotFound || h.Kind != m.Kind || h.Reason != m.Reason || h.Message != `There is no learning "`+name+`".` ||
			m.Message != `There is no learning "learnings/none".` || len(h.Metadata) != len(m.Metadata) {
			t.Errorf("%s tells a draft from nothing: %v, %v", what, hidden, missing)
		}
	}
	for _, c := range []struct {
		caller caller.Caller
		want   int
	}{{member, 2}, {viewer, 2}, {system, 2}, {manager, 0}, {open, 0}, {stranger, 0}} {
		got, err := s.ListLearnings(as(t, c.caller), &knowledgev1.ListLearningsRequest{Team: "teams/payments"})
		if err != nil || len(got.GetLearnings()) != c.want {
			t.Errorf("%s lists %d learnings, want %d: %v", c.caller.Subject, len(got.GetLearnings()), c.want, err)
		}
	}
}

func TestPublishAndRetire(t *testing.T) {
	s, name := serve(t)
	if _, err := s.PublishLearning(as(t, viewer), &knowledgev1.PublishLearningRequest{Name: name}); fault.From(err).Kind != fault.PermissionDenied {
		t.Errorf("a viewer publishes: %v", err)
	}
	published := publish(t, s, name)
	former := caller.Caller{Subject: member.Subject} // the answer that was given once is not given to who may no longer ask
	if _, err := s.PublishLearning(as(t, former), &knowledgev1.PublishLearningRequest{Name: name, RequestId: "once"}); fault.From(err).Kind != fault.PermissionDenied {
		t.Errorf("who has left the team gets the answer again: %v", err)
	}
	if published.GetState() != knowledgev1.LearningState_LEARNING_STATE_PUBLISHED || published.GetPublishTime() == nil {
		t.Errorf("published: %v", published)
	}
	if again := publish(t, s, name); again.GetEtag() != published.GetEtag() { // the same request: the same answer
		t.Errorf("again: %v", again)
	}
	if _, err := s.PublishLearning(as(t, member), &knowledgev1.PublishLearningRequest{Name: name}); fault.From(err).Reason != "LEARNING_PUBLISHED" {
		t.Errorf("another request: %v", err)
	}
	if got, err := s.GetLearning(as(t, stranger), &knowledgev1.GetLearningRequest{Name: name}); err != nil || got.GetClaim() != "A rota helps." {
		t.Errorf("a stranger gets %v, %v", got, err)
	}
	retire := &knowledgev1.RetireLearningRequest{Name: name, Reason: "It fell back.", Etag: `"stale-1"`}
	if _, err := s.RetireLearning(as(t, stranger), retire); fault.From(err).Kind != fault.PermissionDenied {
		t.Errorf("a stranger retires: %v", err)
	}
	if _, err := s.RetireLearning(as(t, member), retire); fault.From(err).Reason != "ETAG_MISMATCH" {
		t.Errorf("with a stale etag: %v", err)
	}
	retire.Etag = published.GetEtag()
	retired, err := s.RetireLearning(as(t, member), retire)
	if err != nil || retired.GetState() != knowledgev1.LearningState_LEARNING_STATE_RETIRED || retired.GetRetireReason() != "It fell back." {
		t.Errorf("retired: %v, %v", retired, err)
	}
}

func TestSearchFindsWhatIsPublished(t *testing.T) {
	s, name := serve(t)
	find := func(req *knowledgev1.SearchLearningsRequest) *knowledgev1.SearchLearningsResponse {
		t.Helper()
		found, err := s.SearchLearnings(as(t, stranger), req)
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	if found := find(&knowledgev1.SearchLearningsRequest{Query: "rota"}); len(found.GetResults()) != 0 {
		t.Errorf("a draft is found: %v", found)
	}
	publish(t, s, name)
	found := find(&knowledgev1.SearchLearningsRequest{Query: "rota help", Team: "teams/payments"})
	if len(found.GetResults()) != 1 || found.GetResults()[0].GetLearning().GetName() != name || found.GetResults()[0].GetSnippet() != "A «rota» «helps»." ||
		found.GetResults()[0].GetScore() == 0 || found.GetCapped() {
		t.Errorf("found: %v", found)
	}
	if found := find(&knowledgev1.SearchLearningsRequest{Query: "rota", Team: "teams/search"}); len(found.GetResults()) != 0 {
		t.Errorf("in another team: %v", found)
	}
}
