package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
)

var errUnmet = errors.New("unmet")

// A retrospective agrees on the actions that it has looked at, while others change them: on Postgres, too, where writes run at once.
func TestActionsStandStillWhileTheyAreAgreedOn(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		for round := range 25 {
			name := fmt.Sprintf("teams/payments/cycles/c%d/retrospective", round)
			write(t, l, func(tx *eventlog.Tx) error {
				if _, err := store.Retrospectives.Create(tx, &domain.Retrospective{Name: name, Stage: domain.Decide}, domain.RetrospectiveOpened); err != nil {
					return err
				}
				_, err := store.Actions.Create(tx, &domain.Action{Name: name + "/actions/a", Owner: "users/mina", State: domain.ActionStateProposed}, domain.ActionProposed)
				return err
			})
			var group sync.WaitGroup
			for _, do := range []func(tx *eventlog.Tx) error{
				func(tx *eventlog.Tx) error {
					_, err := store.Close(tx, name, "", func(r *domain.Retrospective, actions []*domain.Action, _ time.Time) ([]domain.Event, error) {
						for _, a := range actions {
							if a.Owner == "" {
								return nil, errUnmet
							}
						}
						r.Stage = domain.Closed
						return []domain.Event{domain.RetrospectiveClosed}, nil
					})
					return err
				},
				func(tx *eventlog.Tx) error {
					_, err := store.UpdateAction(tx, name+"/actions/a", "", func(a *domain.Action, _ time.Time) ([]domain.Event, error) {
						if a.State != domain.ActionStateProposed {
							return nil, nil
						}
						a.Owner = ""
						return []domain.Event{domain.ActionChanged}, nil
					})
					return err
				},
				func(tx *eventlog.Tx) error {
					held, err := store.Retrospectives.Hold(tx, name)
					if err != nil || held.Value.Stage == domain.Closed {
						return err
					}
					_, err = store.Actions.Create(tx, &domain.Action{Name: name + "/actions/b", Owner: "users/mina", State: domain.ActionStateProposed}, domain.ActionProposed)
					return err
				},
			} {
				group.Go(func() {
					err := l.Do(t.Context(), do)
					if err != nil && !errors.Is(err, errUnmet) && !errors.Is(fault.From(err).Cause, errUnmet) {
						t.Errorf("round %d: %v", round, err)
					}
				})
			}
			group.Wait()
			r, err := store.Retrospectives.Get(t.Context(), l, name)
			if err != nil {
				t.Fatal(err)
			}
			rows, err := store.Actions.All(t.Context(), l.DB().Read(), l, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				if r.Value.Stage == domain.Closed && (row.Value.State != domain.ActionStateOpen || row.Value.Owner == "") {
					t.Errorf("round %d: agreed on %+v", round, row.Value)
				}
			}
		}
	})
}
