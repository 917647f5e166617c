package store_test

import (
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// A team of the time before there was but one active challenge may have several: the first by name is said to be active, and each of
// them knows what leads towards it.
func TestActiveChallenge(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		check := func(challenge, wantActive, wantLeading string) {
			t.Helper()
			do(t, l, func(tx *eventlog.Tx) error {
				active, err := store.ActiveChallenge(tx, team)
				if err != nil {
					return err
				}
				leading, err := store.TargetConditionTowards(tx, challenge)
				if err != nil {
					return err
				}
				name := ""
				if leading != nil {
					name = leading.Name
				}
				if active != wantActive || name != wantLeading {
					t.Errorf("active %q, towards %s leads %q; want %q, %q", active, challenge, name, wantActive, wantLeading)
				}
				return nil
			})
		}
		fill(t, l, team, map[string]string{"challenges/met": "MET"})
		fill(t, l, "teams/payments-2", map[string]string{"challenges/other": "ACTIVE"})
		check(team+"/challenges/met", "", "")
		fill(t, l, team, map[string]string{"challenges/b": "ACTIVE", "challenges/a": "ACTIVE"})
		check(team+"/challenges/a", team+"/challenges/a", "")
		do(t, l, func(tx *eventlog.Tx) error {
			for id, state := range map[string]domain.TargetConditionState{"before": domain.TargetConditionAchieved, "next": domain.TargetConditionActive} {
				towards := map[string]string{"before": "a", "next": "b"}[id]
				c := &domain.TargetCondition{Name: team + "/targetConditions/" + id, Challenge: team + "/challenges/" + towards, State: state}
				if _, err := store.TargetConditions.Create(tx, c, domain.TargetConditionCreated); err != nil {
					return err
				}
			}
			return nil
		})
		check(team+"/challenges/a", team+"/challenges/a", "")
		check(team+"/challenges/b", team+"/challenges/a", team+"/targetConditions/next")
	})
}
