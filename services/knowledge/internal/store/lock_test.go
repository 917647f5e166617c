package store_test

import (
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// Consumers take in many things in one transaction, in whatever order they come; requests and tasks go on meanwhile. Nobody loses a
// transaction to another one for it: one that was tried again was locked out.
func TestWritersNeverLockEachOtherOut(t *testing.T) {
	m := openMarket(t, db.Postgres)
	const things, writers, rounds = 4, 6, 25
	var learnings []string
	m.do(func(tx *eventlog.Tx) error {
		learnings = nil
		for i := range things {
			learnings = append(learnings, learn(t, tx, told{id: fmt.Sprint("e", i), claim: "A rota of reviewers halves the wait."}))
		}
		return nil
	})
	m.teams("a", "a-b", "b")
	steps := []func(tx *eventlog.Tx, i int) error{
		func(tx *eventlog.Tx, i int) error {
			return store.Learn(tx, told{id: fmt.Sprint("e", i)}.experiment(), func(l *domain.Learning) []domain.Event {
				l.Situation += "."
				return []domain.Event{domain.LearningPublished}
			})
		},
		func(tx *eventlog.Tx, i int) error {
			own := fmt.Sprint("teams/b/cycles/w/experiments/x", i)
			at := monday.AddDate(0, 0, rand.IntN(1000))
			return store.Follow(tx, domain.Standing{Experiment: own, Learning: learnings[i], State: domain.Concluded, Verdict: "AS_PREDICTED"}, store.ToldBy{Time: at})
		},
		func(tx *eventlog.Tx, i int) error {
			return store.Note(tx, obstacle("a-b", fmt.Sprint(i), fmt.Sprint("Reviewers wait, rota ", rand.Int()), true), m.clock.Now(), rand.Int64())
		},
		func(tx *eventlog.Tx, i int) error { return store.MakeOffers(tx, learnings[i]) },
		func(tx *eventlog.Tx, i int) error {
			_, err := store.TakeOffer(tx, []string{"teams/a", "teams/a-b"}[i%2], learnings[i])
			return err
		},
		func(tx *eventlog.Tx, _ int) error { return store.FillOffers(tx, "teams/a-b") },
		func(tx *eventlog.Tx, i int) error { return store.TakeBackOffers(tx, learnings[i]) },
		func(tx *eventlog.Tx, i int) error {
			_, err := store.AnswerOffer(tx, domain.OfferName("teams/a", learnings[i]), "", domain.Reply{Answer: domain.Decline, Text: fmt.Sprint(rand.Int())})
			if f := fault.From(err); f != nil && (f.Kind == fault.NotFound || f.Kind == fault.FailedPrecondition) {
				return nil // there is none to answer
			}
			return err
		},
	}
	var begun atomic.Int64
	var group errgroup.Group
	for range writers {
		group.Go(func() error {
			for range rounds {
				err := m.Do(m.Context(), func(tx *eventlog.Tx) error {
					begun.Add(1)
					for range 4 {
						if err := steps[rand.IntN(len(steps))](tx, rand.IntN(things)); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if got := begun.Load(); got != writers*rounds {
		t.Errorf("%d transactions were begun %d times", writers*rounds, got)
	}
}
