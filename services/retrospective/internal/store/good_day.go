package store

import (
	"cmp"
	"context"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// dueAtOnce bounds how many days or weeks one look finds.
const dueAtOnce = 100

// GoodDays are the closed days of the teams, the latest first.
var GoodDays = &record.Collection[domain.GoodDay, domain.Event]{
	Table: "good_days", Type: "good_day", Noun: "good day",
	Key: func(d *domain.GoodDay) record.Key {
		return key(d.Name, 2, "", lastPart(d.Name))
	},
	Data:       wire.GoodDayEvent,
	Descending: true,
	Anonymous:  func(domain.Event) bool { return true },
}

// DayTap is a tap for a day. Secret is that of the tap that it replaces; empty at the first time.
type DayTap struct {
	Day, Mark, Secret string
	Tap               domain.Tap
	// Zone is the team's.
	Zone *time.Location
}

// TapDay keeps a tap in the one row that its day has, without an event. secretKey is the key of the installation.
func TapDay(tx *eventlog.Tx, secretKey []byte, given DayTap) (*domain.OpenGoodDay, error) {
	now := tx.Now()
	team, _, err := domain.GoodDayOf(given.Day)
	if err != nil {
		return nil, err
	}
	day, err := OpenGoodDay(tx, secretKey, given.Day)
	if err != nil {
		return nil, err
	}
	if day == nil {
		if _, closed, err := GoodDays.Find(tx, given.Day); err != nil || closed {
			return nil, cmp.Or(err, domain.ClosedGoodDay(given.Day, now, given.Zone))
		}
		settings, err := SettingsOf(tx, team)
		if err != nil {
			return nil, err
		}
		if day, err = domain.BeginGoodDay(given.Day, settings.Causes, now, given.Zone); err != nil {
			return nil, err
		}
	}
	if given.Secret == "" {
		err = day.Take(given.Mark, given.Tap, now, given.Zone)
	} else {
		err = day.Replace(given.Mark, given.Secret, given.Tap, now, given.Zone)
	}
	if err != nil {
		return nil, err
	}
	return day, saveOpen(tx, secretKey, "open_good_days", day.Name, day.CloseTime, day)
}

// OpenGoodDay is the day as long as it is open, or nil. Until the transaction ends nobody else taps or closes it. What another key sealed
// is lost.
func OpenGoodDay(tx *eventlog.Tx, secretKey []byte, name string) (*domain.OpenGoodDay, error) {
	return open[domain.OpenGoodDay](tx, secretKey, "open_good_days", name)
}

// CloseGoodDay publishes a day in the place of its marks and taps.
func CloseGoodDay(tx *eventlog.Tx, d *domain.GoodDay) error {
	if _, err := tx.Exec("delete from open_good_days where name = $1", d.Name); err != nil {
		return err
	}
	_, err := GoodDays.Create(tx, d, domain.GoodDayClosed)
	return err
}

// LoseGoodDay deletes an open day that cannot be read: it was sealed with a key that is lost.
func LoseGoodDay(tx *eventlog.Tx, name string) error {
	_, err := tx.Exec("delete from open_good_days where name = $1", name)
	return err
}

// DueGoodDays are the names of the open days whose time is up, the oldest first.
func DueGoodDays(ctx context.Context, q db.Queryer, now time.Time) ([]string, error) {
	return db.All[string](ctx, q, "select name from open_good_days where close_time <= $1 order by close_time, name limit $2", db.Micros(now), dueAtOnce)
}

// open reads the document of something that is open, from one of the two tables.
func open[T any](tx *eventlog.Tx, secretKey []byte, table, name string) (*T, error) {
	if err := tx.Lock(name); err != nil {
		return nil, err
	}
	sealed, found, err := db.One[string](context.Background(), tx, "select doc from "+table+" where name = $1", name)
	doc := new(T)
	if err != nil || !found || !unseal(secretKey, name, sealed, doc) {
		return nil, err
	}
	return doc, nil
}

func saveOpen(tx *eventlog.Tx, secretKey []byte, table, name string, closed time.Time, doc any) error {
	sealed, err := seal(secretKey, name, doc)
	if err != nil {
		return err
	}
	_, err = tx.Exec("insert into "+table+" (name, close_time, doc) values ($1, $2, $3)"+
		" on conflict (name) do update set close_time = excluded.close_time, doc = excluded.doc", name, db.Micros(closed), sealed)
	return err
}

func lastPart(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }
