package store

import (
	"context"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// ActiveTargetCondition is the name of the team's active target condition, or empty.
func ActiveTargetCondition(tx *eventlog.Tx, team string) (string, error) {
	return nameIn(tx, "target_conditions", team, string(domain.TargetConditionActive))
}

// RunningCycle is the name of the team's running cycle, or empty.
func RunningCycle(tx *eventlog.Tx, team string) (string, error) {
	return nameIn(tx, "cycles", team, string(domain.CycleActive))
}

// DraftedCycle is the name of the team's drafted cycle, or empty.
func DraftedCycle(tx *eventlog.Tx, team string) (string, error) {
	return nameIn(tx, "cycles", team, string(domain.CycleDraft))
}

// InTheWay are the team's obstacles that it has not left behind: the current one, then the parked in their order.
func InTheWay(tx *eventlog.Tx, team string) ([]string, error) {
	return db.All[string](context.Background(), tx, "select name from obstacles where parent = $1 and state in ($2, $3) order by state, sort_key, name",
		team, string(domain.ObstacleCurrent), string(domain.ObstacleParked))
}

// GateEvidence adds to asked what this service's own tables say about the gate of the cycle. q is the transaction, or the
// reading side for a preview.
func GateEvidence(ctx context.Context, q db.Queryer, c *domain.Cycle, asked domain.Evidence) (domain.Evidence, error) {
	team := teamKey(c.Name, "", "").Parent
	challenges, err := names(ctx, q, "challenges", team, string(domain.ChallengeActive))
	if err != nil {
		return asked, err
	}
	asked.ActiveChallenge = len(challenges) > 0
	targets, err := names(ctx, q, "target_conditions", team, string(domain.TargetConditionActive))
	if err != nil {
		return asked, err
	}
	for _, target := range targets {
		if target == c.TargetCondition {
			asked.TargetCondition = &domain.TargetCondition{Name: target, State: domain.TargetConditionActive}
		}
	}
	if asked.CurrentObstacles, err = names(ctx, q, "obstacles", team, string(domain.ObstacleCurrent)); err != nil {
		return asked, err
	}
	if asked.OpenAndons, err = names(ctx, q, "andons", c.Name, string(domain.AndonOpen)); err != nil {
		return asked, err
	}
	if c.ValueStreamFocus != nil && c.ValueStreamFocus.ValueStream != "" {
		asked.ValueStream, err = focused(ctx, q, c.ValueStreamFocus.ValueStream)
	}
	return asked, err
}

func nameIn(tx *eventlog.Tx, table, parent, state string) (string, error) {
	found, err := names(context.Background(), tx, table, parent, state)
	if err != nil || len(found) == 0 {
		return "", err
	}
	return found[0], nil
}

// names lists what lies under parent in a state. table is one of this package's own names, never input.
func names(ctx context.Context, q db.Queryer, table, parent, state string) ([]string, error) {
	return db.All[string](ctx, q, "select name from "+table+" where parent = $1 and state = $2 order by name", parent, state)
}
