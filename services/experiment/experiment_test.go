package experiment_test

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1" // retrospectives refer to users
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/experiment"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog/eventlogrpc"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
)

const (
	cycle = "teams/payments/cycles/2026-w23"
	wait  = "teams/payments/metrics/review-wait"
	rota  = cycle + "/experiments/review-rota"
)

// The whole service, wired as the program wires it: an experiment runs to its end, a retrospective elsewhere adopts it, and
// the hold checks appear.
func TestAdoptionReachesTheExperiment(t *testing.T) {
	clock := func() time.Time { return time.Date(2026, 6, 12, 15, 0, 0, 0, time.UTC) }
	authority := callertest.New(nil)
	server := rpcserver.New(rpcserver.Config{Verifier: authority.Verifier, Logger: slog.New(slog.DiscardHandler)})
	dbtest.NeedFTS5(t)
	s, err := experiment.New(t.Context(), service.Kit{
		Clock:       clock,
		Conn:        func(string) grpc.ClientConnInterface { return rpcserver.Asking(server.Conn()) },
		DatabaseURL: func(name string) string { return "sqlite:" + filepath.Join(t.TempDir(), name+".db") },
		ServiceContext: func(ctx context.Context) context.Context {
			return authority.Context(ctx, callertest.Service(experiment.Name))
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	retrospectives, err := eventlog.Open(t.Context(), dbtest.Open(t, db.SQLite, eventlog.Migrations), "retrospective", nil)
	if err != nil {
		t.Fatal(err)
	}
	s.Register(server)
	cyclev1.RegisterCycleServiceServer(server, cycles{})
	eventlogv1.RegisterEventLogServiceServer(server, eventlogrpc.New(retrospectives))
	if err := errors.Join(server.Check(), s.Ready(t.Context())); err != nil {
		t.Fatal(err)
	}

	running, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(running) }()
	defer func() {
		stop()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	}()

	client := experimentv1.NewExperimentServiceClient(server.Conn())
	ctx := authority.Context(t.Context(), callertest.User("mina", "payments", caller.Member))
	conclude(t, ctx, client, clock())
	err = retrospectives.Do(t.Context(), func(tx *eventlog.Tx) error {
		name := cycle + "/retrospective"
		return tx.Append(eventlog.Event{
			Team: "payments", AggregateType: "retrospective", AggregateID: name, AggregateVersion: 1, Subject: name,
			Data: &retrospectivev1.RetrospectiveClosed{Retrospective: &retrospectivev1.Retrospective{
				Name: name, CloseTime: timestamppb.New(clock()),
				Decisions: []*retrospectivev1.Decision{{Experiment: rota, Kind: retrospectivev1.DecisionKind_DECISION_KIND_ADOPT}},
			}},
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(30 * time.Second)
	for {
		changed := s.Log.Changed()
		e, err := client.GetExperiment(authority.Context(t.Context(), callertest.User("mina", "payments", caller.Member)), &experimentv1.GetExperimentRequest{Name: rota})
		if err != nil {
			t.Fatal(err)
		}
		if h := e.GetHoldChecks(); len(h) > 0 {
			if len(h) != 3 || h[0].GetDueDate() != "2026-06-26" || h[0].GetWeeks() != 2 {
				t.Errorf("hold checks %v", h)
			}
			return
		}
		select {
		case <-changed:
		case <-time.After(time.Until(deadline)):
			t.Fatal("the adoption did not arrive")
		}
	}
}

// conclude runs an experiment to its end.
func conclude(t *testing.T, ctx context.Context, c experimentv1.ExperimentServiceClient, now time.Time) {
	t.Helper()
	_, err := c.CreateMetric(ctx, &experimentv1.CreateMetricRequest{Parent: "teams/payments", MetricId: "review-wait", Metric: &experimentv1.Metric{
		DisplayName: "Review wait", Direction: experimentv1.Direction_DIRECTION_LOWER, Kind: experimentv1.MetricKind_METRIC_KIND_PROCESS,
	}})
	if err == nil {
		_, err = c.CreateExperiment(ctx, &experimentv1.CreateExperimentRequest{Parent: cycle, ExperimentId: "review-rota", Experiment: &experimentv1.Experiment{
			DisplayName: "Review rota", Obstacle: "teams/payments/obstacles/reviews-wait", SafeToFail: "It ends any day.", Prediction: &experimentv1.Prediction{
				Change: "one person reviews", Metric: wait, BaselineValue: new(42.0), ExpectedValue: new(30.0), ByDate: "2026-06-12", Reason: "nobody waits",
				Falsification: "it stays above 40", ConfidencePercent: 70,
			},
		}})
	}
	if err == nil {
		_, err = c.LockExperiment(ctx, &experimentv1.LockExperimentRequest{Name: rota})
	}
	if err == nil {
		_, err = c.StartExperiment(ctx, &experimentv1.StartExperimentRequest{Name: rota})
	}
	if err == nil {
		_, err = c.ImportMeasurements(ctx, &experimentv1.ImportMeasurementsRequest{Name: wait, Measurements: []*experimentv1.Measurement{{Time: timestamppb.New(now), Value: new(29.0)}}})
	}
	if err == nil {
		_, err = c.ConcludeExperiment(ctx, &experimentv1.ConcludeExperimentRequest{Name: rota, Happened: "Reviews waited less.", Learned: "Waiting was the problem."})
	}
	if err != nil {
		t.Fatal(err)
	}
}

// cycles is a cycle service in which every cycle is in DO and one obstacle is current.
type cycles struct {
	cyclev1.UnimplementedCycleServiceServer
}

func (cycles) GetCycle(_ context.Context, req *cyclev1.GetCycleRequest) (*cyclev1.Cycle, error) {
	return &cyclev1.Cycle{Name: req.GetName(), State: cyclev1.CycleState_CYCLE_STATE_ACTIVE, Phase: cyclev1.Phase_PHASE_DO, TimeZone: "Europe/Berlin"}, nil
}

func (cycles) ListObstacles(_ context.Context, req *cyclev1.ListObstaclesRequest) (*cyclev1.ListObstaclesResponse, error) {
	return &cyclev1.ListObstaclesResponse{Obstacles: []*cyclev1.Obstacle{{Name: req.GetParent() + "/obstacles/reviews-wait"}}}, nil
}
