// Package store keeps the reminders, and what they depend on of other services' facts.
package store

import (
	"context"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/notification/internal/domain"
	"github.com/fortnighthq/fortnight/services/notification/internal/wire"
)

// Reminders of the teams, earliest first.
var Reminders = &record.Collection[domain.Reminder, domain.Event]{
	Table: "reminders", Type: "reminder", Noun: "reminder",
	Key: func(r *domain.Reminder) record.Key {
		parts := strings.Split(r.Name, "/")
		return record.Key{Name: r.Name, Parent: "teams/" + parts[1], Team: parts[1], State: string(r.State), SortKey: SortKey(r.DueTime)}
	},
	Data: wire.ReminderEvent,
}

// SortKey puts reminders into the order of their due times.
func SortKey(due time.Time) string { return due.UTC().Format("2006-01-02T15:04:05Z") }

// Follow brings the team's reminders in line with due.
func Follow(tx *eventlog.Tx, team string, due []domain.Due) error {
	if err := lock(tx, team); err != nil {
		return err
	}
	zone, err := teamZone(tx, team)
	if err != nil {
		return err
	}
	for _, point := range due {
		if err := follow(tx, point.Name(team), point, zone); err != nil {
			return err
		}
	}
	return nil
}

// lock keeps the events of other sources waiting: what they say of the same team, each must see of the other.
func lock(tx *eventlog.Tx, team string) error { return tx.Lock("reminders of " + team) }

func follow(tx *eventlog.Tx, name string, due domain.Due, zone *time.Location) error {
	at, err := due.Time(zone)
	if err != nil {
		return err
	}
	_, found, err := Reminders.Find(tx, name)
	if err != nil {
		return err
	}
	if !found {
		return schedule(tx, name, due, at)
	}
	_, err = Reminders.Update(tx, name, "", func(r *domain.Reminder, _ time.Time) ([]domain.Event, error) {
		return r.Follow(due, at), nil
	})
	return err
}

// schedule makes the reminder of a due point. A matter that is done before its due point is known (they may come from
// different services, in any order) is remembered until then.
func schedule(tx *eventlog.Tx, name string, due domain.Due, at time.Time) error {
	if due.Done {
		_, err := tx.Exec("insert into settled (name) values ($1) on conflict (name) do nothing", name)
		return err
	}
	settled, err := tx.Exec("delete from settled where name = $1", name)
	if err != nil {
		return err
	}
	reminder, events := domain.NewReminder(name, due, at, settled > 0)
	_, err = Reminders.Create(tx, reminder, events...)
	return err
}

// IsNews tells whether an event about a resource, with the resource's version after it, is later than all that were
// applied, and notes it. An event that is replayed late is no news.
func IsNews(tx *eventlog.Tx, subject string, version int64) (bool, error) {
	changed, err := tx.Exec(`insert into followed (subject, version) values ($1, $2)
		on conflict (subject) do update set version = excluded.version where excluded.version > followed.version`, subject, version)
	return changed > 0, err
}

// SaveZone keeps a team's zone, and moves the team's reminders into it: those that are still to come, and, when it is the first
// that is heard of the zone, all that were scheduled meanwhile.
func SaveZone(tx *eventlog.Tx, team, zone string) error {
	if err := lock(tx, team); err != nil {
		return err
	}
	location, err := time.LoadLocation(zone)
	if err != nil {
		return err
	}
	_, known, err := db.One[string](context.Background(), tx, "select time_zone from team_zones where team = $1", team)
	if err != nil {
		return err
	}
	if _, err := tx.Exec(`insert into team_zones (team, time_zone) values ($1, $2)
		on conflict (team) do update set time_zone = excluded.time_zone`, team, zone); err != nil {
		return err
	}
	reminders, err := db.All[string](context.Background(), tx, "select name from reminders where parent = $1 order by name", "teams/"+team)
	if err != nil {
		return err
	}
	for _, name := range reminders {
		if _, err := Reminders.Update(tx, name, "", func(r *domain.Reminder, now time.Time) ([]domain.Event, error) {
			if !known {
				return r.Place(location)
			}
			return r.Rezone(location, now)
		}); err != nil {
			return err
		}
	}
	return nil
}

// teamZone is the team's zone; UTC until identity's event about the team has arrived, which then moves the reminders.
func teamZone(tx *eventlog.Tx, team string) (*time.Location, error) {
	zone, found, err := db.One[string](context.Background(), tx, "select time_zone from team_zones where team = $1", team)
	if err != nil || !found {
		return time.UTC, err
	}
	return time.LoadLocation(zone)
}
