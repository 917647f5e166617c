package rpc_test

import (
	"testing"
	"time"

	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/rpc"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const stream = "teams/payments/valueStreams/s"

// Whichever comes first, the constraint that is confirmed or the cycle that works on it: in the end the cycle knows. On
// Postgres the second does not see the first until it is committed; SQLite has one writer.
func TestACycleAndItsConstraintAtOnce(t *testing.T) {
	confirm := func(tx *eventlog.Tx) error {
		_, err := store.UpdateValueStream(tx, stream, "", func(v *domain.ValueStream, now time.Time) ([]domain.Event, error) {
			return v.ConfirmConstraint("Review", "because", "users/mina", now)
		})
		return err
	}
	begin := func(tx *eventlog.Tx) error {
		_, err := store.Cycles.Create(tx, &domain.Cycle{
			Name: cycle, State: domain.CycleActive, Phase: domain.Plan, ValueStreamFocus: &domain.ValueStreamFocus{Step: "Review", ValueStream: stream},
		}, domain.CycleStarted)
		return err
	}
	for name, test := range map[string]struct {
		before, first func(tx *eventlog.Tx) error
		second        func(s *rpc.Server) error
	}{
		"a cycle takes up a constraint that is being confirmed": {begin, confirm, func(s *rpc.Server) error {
			_, err := s.UpdateCycle(t.Context(), &cyclev1.UpdateCycleRequest{Cycle: &cyclev1.Cycle{
				Name: cycle, ValueStreamFocus: &cyclev1.ValueStreamFocus{Step: "Review", ValueStream: stream, Reason: "because"},
			}})
			return err
		}},
		"a constraint is confirmed while a cycle begins on it": {func(*eventlog.Tx) error { return nil }, func(tx *eventlog.Tx) error {
			if err := tx.Lock("teams/payments"); err != nil { // as CreateCycle does
				return err
			}
			return begin(tx)
		}, func(s *rpc.Server) error {
			_, err := s.ConfirmConstraint(caller.With(t.Context(), caller.Caller{Subject: "users/mina"}), &cyclev1.ConfirmConstraintRequest{Name: stream, Step: "Review", Reason: "because"})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			l := testkit.New(t).Log(db.Postgres, "cycle", migrations.FS)
			must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
				v, err := domain.NewValueStream(stream, "Change to customer", []domain.Step{{Name: "Build"}, {Name: "Review"}})
				if err != nil {
					return err
				}
				if _, err := store.CreateValueStream(tx, v); err != nil {
					return err
				}
				return test.before(tx)
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
			must(t, <-second)
			if row, err := store.Cycles.Get(t.Context(), l, cycle); err != nil || !row.Value.ValueStreamFocus.Constraint {
				t.Errorf("the cycle works on %+v, %v", row.Value.ValueStreamFocus, err)
			}
		})
	}
}
