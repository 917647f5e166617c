package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// inLot are a team's parked obstacles. The bounds are what the index of the list goes by.
const inLot = " from obstacles where parent = $1 and sort_key >= '1' and sort_key < '2'"

// ParkingLot is the team's parked obstacles in their order.
func ParkingLot(tx *eventlog.Tx, team string) ([]domain.Place, error) {
	return db.All[domain.Place](context.Background(), tx, "select name, substr(sort_key, 2) as rank"+inLot+" order by sort_key, name", team)
}

// RankAtFront is a rank before all of the team's parked obstacles, for the one named. The team is locked.
func RankAtFront(tx *eventlog.Tx, team, name string) (string, error) {
	first, err := endOfLot(tx, " order by sort_key, name limit 1", team)
	if err != nil {
		return "", err
	}
	if rank, ok := domain.RankBetween("", first); ok {
		return rank, nil
	}
	return makeRoom(tx, team, name, func(int) int { return 0 })
}

// RankAtEnd is a rank behind all of the team's parked obstacles, for the one named. The team is locked.
func RankAtEnd(tx *eventlog.Tx, team, name string) (string, error) {
	last, err := endOfLot(tx, " order by sort_key desc, name desc limit 1", team)
	if err != nil {
		return "", err
	}
	if rank, ok := domain.RankBetween(last, ""); ok {
		return rank, nil
	}
	return makeRoom(tx, team, name, func(parked int) int { return parked })
}

func endOfLot(tx *eventlog.Tx, order, team string) (string, error) {
	rank, _, err := db.One[string](context.Background(), tx, "select substr(sort_key, 2)"+inLot+order, team)
	return rank, err
}

// makeRoom gives the whole lot new ranks and returns the one that is left for the obstacle named.
func makeRoom(tx *eventlog.Tx, team, name string, at func(parked int) int) (string, error) {
	lot, err := ParkingLot(tx, team)
	if err != nil {
		return "", err
	}
	places := domain.Arrange(lot, name, at(len(lot)))
	return domain.RankIn(places, name, ""), MoveOthers(tx, places, name)
}

// MoveOthers gives parked obstacles their places, the one named left out.
func MoveOthers(tx *eventlog.Tx, places []domain.Place, except string) error {
	for _, place := range places {
		if place.Name == except {
			continue
		}
		if _, err := Obstacles.Update(tx, place.Name, "", func(o *domain.Obstacle, _ time.Time) ([]domain.Event, error) {
			return o.Move(place.Rank)
		}); err != nil {
			return err
		}
	}
	return nil
}
