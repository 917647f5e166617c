package store_test

import (
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// What the next cycle takes over comes as the parking lot has it, and of the own team only.
func TestWhatIsCarriedOver(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		const team = "teams/payments"
		drafted, inTheWay := "", []string(nil)
		look := func() {
			do(t, l, func(tx *eventlog.Tx) (err error) {
				if drafted, err = store.DraftedCycle(tx, team); err != nil {
					return err
				}
				inTheWay, err = store.InTheWay(tx, team)
				return err
			})
		}
		fill(t, l, "teams/mobile", map[string]string{"cycles/theirs": "DRAFT", "obstacles/theirs": "CURRENT"})
		fill(t, l, team, map[string]string{"cycles/running": "ACTIVE", "obstacles/overcome": "OVERCOME", "obstacles/escalated": "ESCALATED"})
		if look(); drafted != "" || len(inTheWay) != 0 {
			t.Errorf("a team without any has %q and %v", drafted, inTheWay)
		}
		fill(t, l, team, map[string]string{"cycles/next": "DRAFT", "obstacles/zone": "CURRENT"})
		do(t, l, func(tx *eventlog.Tx) error {
			for name, rank := range map[string]string{"alarm": "n", "queue": "g"} {
				parked := &domain.Obstacle{Name: team + "/obstacles/" + name, Description: name, State: domain.ObstacleParked, Rank: rank}
				if _, err := store.Obstacles.Create(tx, parked, domain.ObstacleParkedAgain); err != nil {
					return err
				}
			}
			return nil
		})
		want := []string{team + "/obstacles/zone", team + "/obstacles/queue", team + "/obstacles/alarm"}
		if look(); drafted != team+"/cycles/next" || !slices.Equal(inTheWay, want) {
			t.Errorf("drafted is %q, in the way are %v, want %v", drafted, inTheWay, want)
		}
	})
}
