package store

import (
	"context"
	"encoding/json"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// GoodWeeks are the closed weeks of the teams, the latest first. They have no events: what people wrote goes no further.
var GoodWeeks = &record.Collection[domain.GoodWeek, domain.Event]{
	Table: "good_weeks", Type: "good_week", Noun: "good week",
	Key: func(w *domain.GoodWeek) record.Key {
		return key(w.Name, 2, "", lastPart(w.Name))
	},
	Descending: true,
}

// OpenGoodWeek is the week as long as it is open, or nil.
func OpenGoodWeek(tx *eventlog.Tx, secretKey []byte, name string) (*domain.OpenGoodWeek, error) {
	return open[domain.OpenGoodWeek](tx, secretKey, "open_good_weeks", name)
}

// SaveOpenGoodWeek keeps an open week.
func SaveOpenGoodWeek(tx *eventlog.Tx, secretKey []byte, w *domain.OpenGoodWeek) error {
	return saveOpen(tx, secretKey, "open_good_weeks", w.Name, w.CloseTime, w)
}

// GoodWeekClosed tells whether a week is published. Nothing is added to it then: who compares the two answers would see what one day added.
func GoodWeekClosed(tx *eventlog.Tx, name string) (bool, error) {
	_, found, err := GoodWeeks.Find(tx, name)
	return found, err
}

// CloseGoodWeek publishes a week in the place of what was kept of it.
func CloseGoodWeek(tx *eventlog.Tx, w *domain.GoodWeek) error {
	if _, err := tx.Exec("delete from open_good_weeks where name = $1", w.Name); err != nil {
		return err
	}
	doc, err := json.Marshal(w)
	if err != nil {
		return fault.From(err)
	}
	k := GoodWeeks.Key(w)
	_, err = tx.Exec(`insert into good_weeks (name, parent, team, state, sort_key, version, doc, create_time, update_time)
		values ($1, $2, $3, $4, $5, 1, $6, $7, $7) on conflict (name) do nothing`,
		k.Name, k.Parent, k.Team, k.State, k.SortKey, string(doc), db.Micros(tx.Now()))
	return err
}

// GoodDaysOf are the closed days of a week.
func GoodDaysOf(tx *eventlog.Tx, week string) ([]*domain.GoodDay, error) {
	team, monday, sunday := daysOf(week)
	return goodDaysBetween(tx, team, monday, sunday)
}

// goodDaysBetween are the closed days of a team, `teams/{team}`, from the first to the last day, YYYY-MM-DD, both included.
func goodDaysBetween(tx *eventlog.Tx, team, first, last string) ([]*domain.GoodDay, error) {
	rows, err := GoodDays.Select(context.Background(), tx, tx.Log(),
		"select "+record.Columns+" from good_days where parent = $1 and sort_key between $2 and $3 order by sort_key",
		team, first, last)
	days := make([]*domain.GoodDay, len(rows))
	for i, row := range rows {
		days[i] = row.Value
	}
	return days, err
}

// HasOpenGoodDays tells whether a day of a week is still open.
func HasOpenGoodDays(tx *eventlog.Tx, week string) (bool, error) {
	team, monday, sunday := daysOf(week)
	_, found, err := db.One[string](context.Background(), tx, "select name from open_good_days where name between $1 and $2 limit 1",
		team+"/goodDays/"+monday, team+"/goodDays/"+sunday)
	return found, err
}

func daysOf(week string) (team, monday, sunday string) {
	team, id, _ := strings.Cut(week, "/goodWeeks/")
	monday, sunday = domain.DaysOfWeek(id)
	return team, monday, sunday
}

// DueGoodWeeks are the names of the open weeks whose time is up. Close the days that are due first.
func DueGoodWeeks(ctx context.Context, q db.Queryer, now time.Time) ([]string, error) {
	return db.All[string](ctx, q, "select name from open_good_weeks where close_time <= $1 order by close_time, name limit $2", db.Micros(now), dueAtOnce)
}
