package clock

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/known"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
)

// GoodDays closes the days, and then the weeks, whose time is up, each in a transaction of its own: one that cannot be closed is tried again,
// and holds no other up. secretKey is the key of the installation, people are those who are known to have tapped.
func GoodDays(secretKey []byte, people *known.People) Task {
	g := goodDays{secretKey, people}
	return Task{"close good days", func(ctx context.Context, log *eventlog.Log) error {
		err := errors.Join(g.each(ctx, log, store.DueGoodDays, g.closeDay), g.each(ctx, log, store.DueGoodWeeks, g.closeWeek))
		people.ForgetOld(log.Now())
		return err
	}}
}

type goodDays struct {
	secretKey []byte
	people    *known.People
}

// closeDay publishes a day, or withholds it, and deletes its marks and taps. Another process may have closed it meanwhile.
func (g goodDays) closeDay(tx *eventlog.Tx, name string) error {
	day, err := store.OpenGoodDay(tx, g.secretKey, name)
	if err != nil {
		return err
	}
	if day == nil {
		return store.LoseGoodDay(tx, name)
	}
	if err := g.addToWeek(tx, day); err != nil {
		return err
	}
	return store.CloseGoodDay(tx, day.Close())
}

func (g goodDays) addToWeek(tx *eventlog.Tx, day *domain.OpenGoodDay) error {
	week, err := store.OpenGoodWeek(tx, g.secretKey, day.Week)
	if err != nil {
		return err
	}
	if closed, err := store.GoodWeekClosed(tx, day.Week); err != nil || closed {
		return err
	}
	if week == nil {
		week = domain.BeginGoodWeek(day)
	}
	if day.Close().Published() {
		named, writers := g.people.Count(day)
		week.Add(day, named, writers, rand.Text)
	}
	return store.SaveOpenGoodWeek(tx, g.secretKey, week)
}

// closeWeek publishes a week, unless a day of it is still open: the team has moved to a zone where it ends later.
func (g goodDays) closeWeek(tx *eventlog.Tx, name string) error {
	week, err := store.OpenGoodWeek(tx, g.secretKey, name)
	if err != nil {
		return err
	}
	if waits, err := store.HasOpenGoodDays(tx, name); err != nil || waits {
		return cmp.Or(err, errWaits)
	}
	if week == nil { // sealed with a key that is lost, or closed by another process: its days are told, and nothing else
		week = &domain.OpenGoodWeek{Name: name}
	}
	days, err := store.GoodDaysOf(tx, name)
	if err != nil {
		return err
	}
	return store.CloseGoodWeek(tx, week.Close(days))
}

// errWaits ends the transaction of a week that waits for a day.
var errWaits = errors.New("clock: a day of the week is open")

// each does what is to be done for each that is due, and forgets who tapped.
func (g goodDays) each(ctx context.Context, log *eventlog.Log, due due, do func(*eventlog.Tx, string) error) error {
	names, err := due(ctx, log.DB().Read(), log.Now())
	if err != nil {
		return err
	}
	var failed error
	for _, name := range names {
		switch err := log.Do(ctx, func(tx *eventlog.Tx) error { return do(tx, name) }); {
		case err == nil:
			g.people.Forget(name)
		case !errors.Is(err, errWaits):
			failed = err
		}
	}
	return failed
}

// due lists the names of what is due.
type due func(ctx context.Context, q db.Queryer, now time.Time) ([]string, error)
