package rpc_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/rpc"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const (
	cycle   = "teams/payments/cycles/c"
	current = "teams/payments/obstacles/current"
	next    = "teams/payments/obstacles/next"
)

// nothing answers every question with an empty message: there are no experiments.
type nothing struct{ grpc.ClientConnInterface }

func (nothing) Invoke(context.Context, string, any, any, ...grpc.CallOption) error { return nil }

// On Postgres transactions run side by side, and each sees only what was committed before it looked. Here one has not
// committed yet when a request comes that it matters to. SQLite has one writer.
func TestARequestDuringATransactionThatMatters(t *testing.T) {
	settle := func(tx *eventlog.Tx) error {
		_, err := store.Obstacles.Update(tx, current, "", func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
			return o.Settle(domain.ObstacleOvercome, "")
		})
		return err
	}
	raise := func(tx *eventlog.Tx) error {
		if err := tx.Lock(cycle); err != nil {
			return err
		}
		_, err := store.Andons.Create(tx, &domain.Andon{Name: cycle + "/andons/red", State: domain.AndonOpen}, domain.AndonRaised)
		return err
	}
	end := func(tx *eventlog.Tx) error {
		if err := tx.Lock(cycle); err != nil {
			return err
		}
		_, err := store.Cycles.Update(tx, cycle, "", func(c *domain.Cycle, _ time.Time) ([]domain.Event, error) { return c.Cancel("x") })
		return err
	}
	for name, test := range map[string]struct {
		first  func(tx *eventlog.Tx) error
		second func(s *rpc.Server) error
		reason string
		fields []string
	}{
		"a switch does not park what is being settled": {settle, func(s *rpc.Server) error {
			_, err := s.MakeObstacleCurrent(t.Context(), &cyclev1.MakeObstacleCurrentRequest{Name: next, InsteadOf: current, Reason: "on to the next"})
			return err
		}, "", nil},
		"the gate sees the andon that is being raised": {raise, func(s *rpc.Server) error {
			_, err := s.AdvanceCycle(t.Context(), &cyclev1.AdvanceCycleRequest{Name: cycle, Phase: cyclev1.Phase_PHASE_CHECK})
			return err
		}, "GATE_CRITERIA_UNMET", []string{"andons"}},
		"no andon in a cycle that is ending": {end, func(s *rpc.Server) error {
			_, err := s.CreateAndon(t.Context(), &cyclev1.CreateAndonRequest{Parent: cycle, Andon: &cyclev1.Andon{Problem: "red"}})
			return err
		}, "CYCLE_NOT_RUNNING", nil},
	} {
		t.Run(name, func(t *testing.T) {
			l := testkit.New(t).Log(db.Postgres, "cycle", migrations.FS)
			must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
				for name, state := range map[string]domain.ObstacleState{current: domain.ObstacleCurrent, next: domain.ObstacleParked} {
					if _, err := store.Obstacles.Create(tx, &domain.Obstacle{Name: name, State: state}, domain.ObstacleParkedAgain); err != nil {
						return err
					}
				}
				_, err := store.Cycles.Create(tx, &domain.Cycle{Name: cycle, State: domain.CycleActive, Phase: domain.Check}, domain.CycleStarted)
				return err
			}))
			reached, release := make(chan struct{}), make(chan struct{})
			first, second := make(chan error, 1), make(chan error, 1)
			go func() {
				first <- l.Do(t.Context(), func(tx *eventlog.Tx) error {
					err := test.first(tx)
					close(reached)
					<-release
					return err
				})
			}()
			<-reached
			go func() {
				second <- test.second(rpc.New(l, nil, func(string) grpc.ClientConnInterface { return nothing{} }))
			}()
			testkit.Eventually(t, "the request waits", func() bool {
				waiting, _, err := db.One[int](t.Context(), l.DB().Read(), "select count(*) from pg_locks where not granted")
				return err != nil || waiting > 0 || len(second) > 0
			})
			close(release)
			must(t, <-first)
			if test.reason != "" {
				testkit.Refused(t, <-second, fault.FailedPrecondition, test.reason, test.fields...)
				return
			}
			must(t, <-second)
			if row, err := store.Obstacles.Get(t.Context(), l, current); err != nil || row.Value.State != domain.ObstacleOvercome {
				t.Errorf("the settled obstacle is %+v, %v", row.Value, err)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// Two people star two obstacles at once, both instead of the one that is current: the second is told which one is current now.
func TestTwoStarsAtOnce(t *testing.T) {
	const third = "teams/payments/obstacles/third"
	l := testkit.New(t).Log(db.Postgres, "cycle", migrations.FS)
	must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
		for _, o := range []*domain.Obstacle{
			{Name: current, State: domain.ObstacleCurrent}, domain.NewObstacle(next, "", "i000", "r1"), domain.NewObstacle(third, "", "i001", "r2"),
		} {
			if _, err := store.Obstacles.Create(tx, o, domain.ObstacleParkedAgain); err != nil {
				return err
			}
		}
		return nil
	}))
	s := rpc.New(l, nil, func(string) grpc.ClientConnInterface { return nothing{} })
	answers := make(chan error, 2)
	must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
		if err := tx.Lock("teams/payments"); err != nil { // both wait here, and come out one after the other
			return err
		}
		for _, name := range []string{next, third} {
			go func() {
				_, err := s.MakeObstacleCurrent(t.Context(), &cyclev1.MakeObstacleCurrentRequest{Name: name, InsteadOf: current, Reason: "because"})
				answers <- err
			}()
		}
		testkit.Eventually(t, "both wait", func() bool {
			waiting, _, err := db.One[int](t.Context(), l.DB().Read(), "select count(*) from pg_locks where not granted")
			return err != nil || waiting > 1 || len(answers) > 0
		})
		return nil
	}))
	winner, loser := <-answers, <-answers
	if winner != nil {
		winner, loser = loser, winner
	}
	must(t, winner)
	testkit.Refused(t, loser, fault.Aborted, "OBSTACLE_CURRENT_CHANGED")
	rows, err := store.Obstacles.All(t.Context(), l.DB().Read(), l, "teams/payments")
	must(t, err)
	now := fault.From(loser).Metadata
	if first := rows[0]; first.Value.State != domain.ObstacleCurrent || now["current"] != first.Value.Name || now["current_etag"] != first.Etag {
		t.Errorf("current is %+v with %s, the loser is told %v", first.Value, first.Etag, now)
	}
	if rows[1].Value.Name != current || rows[1].Value.State != domain.ObstacleParked || rows[2].Value.State != domain.ObstacleParked {
		t.Errorf("the lot begins with %+v", rows[1].Value)
	}
}
