package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// progress is up to when the weeks of a service have their readings; zero when nothing was ever computed.
func progress(tx *eventlog.Tx, s deliveryService) (time.Time, error) {
	micros, found, err := db.One[int64](noContext, tx, "select week_time from delivery_progress where team = $1 and service = $2", s.Team, s.Name)
	if err != nil || !found {
		return time.Time{}, err
	}
	return db.Time(micros), nil
}

// setProgress notes that all weeks that are over have their readings.
func setProgress(tx *eventlog.Tx, s deliveryService) error {
	_, err := tx.Exec(`insert into delivery_progress (team, service, week_time) values ($1, $2, $3)
		on conflict (team, service) do update set week_time = excluded.week_time where excluded.week_time > delivery_progress.week_time`,
		s.Team, s.Name, db.Micros(domain.WeekStart(tx.Now())))
	return err
}

// CompleteWeeks writes the readings of the weeks that have ended since anything was told of a service: a week is over whether or not an event
// comes after it.
func CompleteWeeks(ctx context.Context, l *eventlog.Log) error {
	due, err := db.All[deliveryService](ctx, l.DB().Read(), "select team, service from delivery_progress where week_time < $1 order by team, service",
		db.Micros(domain.WeekStart(l.Now())))
	if err != nil {
		return err
	}
	for _, s := range due {
		if err := l.Do(ctx, func(tx *eventlog.Tx) error { return completeWeeks(tx, s) }); err != nil {
			return err
		}
	}
	return nil
}

func completeWeeks(tx *eventlog.Tx, s deliveryService) error {
	if err := s.lock(tx); err != nil {
		return err
	}
	since, err := progress(tx, s)
	if err != nil {
		return err
	}
	influence, err := influenceOf(tx, s, nil, since)
	if err != nil {
		return err
	}
	for _, k := range []domain.DeliveryMetric{domain.ChangeFailRate, domain.ReworkRate} {
		m, err := FindMetric(tx, k.NameOf(s.Team, s.Name))
		if err != nil {
			return err
		}
		if m == nil || !m.FromDeliveries() {
			continue
		}
		places, wanted := influence.readings(k, tx.Now())
		if err := amend(tx, m.Name, places, wanted, "Computed anew: the week is over."); err != nil {
			return err
		}
	}
	return setProgress(tx, s)
}
