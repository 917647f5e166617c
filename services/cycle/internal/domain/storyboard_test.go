package domain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

func TestAges(t *testing.T) {
	auckland, err := time.LoadLocation("Pacific/Auckland")
	if err != nil {
		t.Fatal(err)
	}
	at := func(day, hour int) time.Time { return time.Date(2026, 3, day, hour, 0, 0, 0, time.UTC) }
	for name, c := range map[string]struct {
		times domain.BoardTimes
		want  []domain.Age
	}{
		"nothing": {domain.BoardTimes{}, nil},
		"everything, in the order of the board": {
			domain.BoardTimes{
				Cycle: at(9, 8), Challenge: at(1, 8), TargetCondition: at(2, 8), CurrentObstacle: at(8, 8), Baseline: "2026-03-03",
				LatestReading: at(7, 8), Experiments: []time.Time{at(4, 8), at(6, 8), at(5, 8)},
			},
			[]domain.Age{
				{"challenge", "2026-03-01", 8},
				{"target_condition", "2026-03-02", 7},
				{"current_condition", "2026-03-07", 2},
				{"current_obstacle", "2026-03-08", 1},
				{"experiments", "2026-03-06", 3},
				{"cycle", "2026-03-09", 0},
			},
		},
		"days are the team's, not the clock's":   {domain.BoardTimes{Challenge: at(8, 10), Cycle: at(8, 11)}, []domain.Age{{"challenge", "2026-03-08", 1}, {"cycle", "2026-03-09", 0}}},
		"a baseline later than every reading":    {domain.BoardTimes{Baseline: "2026-03-05", LatestReading: at(2, 8)}, []domain.Age{{"current_condition", "2026-03-05", 4}}},
		"a baseline that was never read again":   {domain.BoardTimes{Baseline: "2026-03-05"}, []domain.Age{{"current_condition", "2026-03-05", 4}}},
		"a reading without a baseline":           {domain.BoardTimes{LatestReading: at(2, 8)}, nil},
		"a reading that is dated ahead":          {domain.BoardTimes{Baseline: "2026-03-05", LatestReading: at(12, 8)}, []domain.Age{{"current_condition", "2026-03-12", 0}}},
		"a long time, over a change of the zone": {domain.BoardTimes{Challenge: time.Date(2025, 3, 9, 8, 0, 0, 0, time.UTC)}, []domain.Age{{"challenge", "2025-03-09", 365}}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := c.times.Ages("2026-03-09", auckland); !slices.Equal(got, c.want) {
				t.Errorf("ages %v, want %v", got, c.want)
			}
		})
	}
}

func TestDayOf(t *testing.T) {
	c := &domain.Cycle{StartDate: "2026-03-02", EndDate: "2026-03-16"}
	for today, want := range map[domain.Day]int{"2026-02-20": 0, "2026-03-01": 0, "2026-03-02": 1, "2026-03-15": 14, "2026-03-16": 15, "2026-04-01": 31} {
		if day, days := c.DayOf(today); day != want || days != 14 {
			t.Errorf("%s is day %d of %d, want %d of 14", today, day, days, want)
		}
	}
}
