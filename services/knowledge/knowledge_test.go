package knowledge_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/bus"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog/eventlogrpc"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/knowledge"
)

func sourceLog(t *testing.T, name string) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(t.Context(), dbtest.Open(t, db.SQLite, eventlog.Migrations), name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// The whole way: an experiment is concluded, its cycle's retrospective closed, and another team finds the learning.
func TestWhatOneTeamLearnedAnotherFinds(t *testing.T) {
	experiments, retrospectives := sourceLog(t, "experiment"), sourceLog(t, "retrospective")
	channel := &inprocgrpc.Channel{}
	eventlogv1.RegisterEventLogServiceServer(channel, eventlogrpc.New(experiments, retrospectives))
	broker, err := bus.Open(t.Context(), bus.Config{StoreDir: t.TempDir(), MaxStore: 256 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(broker.Close)
	s, err := knowledge.New(t.Context(), service.Kit{
		Bus: broker, Clock: time.Now, ServiceContext: func(ctx context.Context) context.Context { return ctx },
		Conn:        func(string) grpc.ClientConnInterface { return channel },
		DatabaseURL: func(name string) string { return "sqlite:" + filepath.Join(t.TempDir(), name+".db") },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.Register(channel)
	ctx, cancel := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		if err := s.Run(ctx); err != nil {
			t.Errorf("Run: %v", err)
		}
	}()
	t.Cleanup(func() {
		cancel()
		<-stopped
		if err := s.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	relays := make(chan error, 2)
	for _, l := range []*eventlog.Log{experiments, retrospectives} {
		go func() { relays <- bus.NewRelay(broker, l, nil).Run(ctx) }()
	}
	t.Cleanup(func() { cancel(); <-relays; <-relays })

	name := "teams/payments/cycles/2026-w24/experiments/review-rota"
	append1 := func(l *eventlog.Log, e eventlog.Event) {
		t.Helper()
		e.AggregateID, e.AggregateVersion, e.Team = name, 1, "payments"
		if err := l.Do(ctx, func(tx *eventlog.Tx) error { return tx.Append(e) }); err != nil {
			t.Fatal(err)
		}
	}
	append1(experiments, eventlog.Event{AggregateType: "experiment", Data: &experimentv1.ExperimentConcluded{
		Experiment: &experimentv1.Experiment{Name: name, Outcome: &experimentv1.Outcome{Learned: "Names help.", Happened: "Faster."}},
	}})
	append1(retrospectives, eventlog.Event{AggregateType: "retrospective", Data: &retrospectivev1.RetrospectiveClosed{
		Retrospective: &retrospectivev1.Retrospective{Learnings: []*retrospectivev1.DistilledLearning{{Experiment: name, Claim: "A rota halves the wait."}}},
	}})

	client := knowledgev1.NewKnowledgeServiceClient(channel)
	tick, deadline := time.NewTicker(5*time.Millisecond), time.After(60*time.Second)
	defer tick.Stop()
	for {
		found, err := client.SearchLearnings(ctx, &knowledgev1.SearchLearningsRequest{Query: "rota"})
		if err != nil {
			t.Fatal(err)
		}
		if r := found.GetResults(); len(r) == 1 && r[0].GetLearning().GetHappened() == "Faster." {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("found %v", found)
		}
	}
	if err := s.Ready(ctx); err != nil {
		t.Errorf("Ready: %v", err)
	}
}
