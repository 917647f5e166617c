package store

import (
	"context"
	"slices"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// pastCycles bounds how many cycles that are over a storyboard looks at: half a year of two-week cycles.
const pastCycles = 12

// Storyboard is what this service's own tables say for a storyboard. Nil is a part that is not there.
type Storyboard struct {
	Challenge       *record.Row[domain.Challenge]
	TargetCondition *record.Row[domain.TargetCondition]
	CurrentObstacle *record.Row[domain.Obstacle]
	// Obstacles are the parked, then the escalated, as the parking lot has them.
	Obstacles []record.Row[domain.Obstacle]
	// Cycle is the running one, Next the drafted one, Past what is over, the latest first.
	Cycle, Next *record.Row[domain.Cycle]
	Past        []record.Row[domain.Cycle]
	// OpenAndons are the running cycle's.
	OpenAndons []record.Row[domain.Andon]
}

// One statement reads one state of all the tables: no part is older than another.
const selectStoryboard = "select part, " + record.Columns + ` from (
	select 'challenge' as part, sort_key, name, ` + record.Columns + ` from challenges where parent = $1 and state = $2
	union all select 'target_condition', sort_key, name, ` + record.Columns + ` from target_conditions where parent = $1 and state = $3
	union all select 'obstacle', sort_key, name, ` + record.Columns + ` from obstacles where parent = $1 and state in ($4, $5, $6)
	union all select 'cycle', sort_key, name, ` + record.Columns + ` from cycles where parent = $1 and state in ($7, $8)
	union all select 'andon', sort_key, name, ` + record.Columns + ` from andons
		where state = $9 and parent in (select name from cycles where parent = $1 and state = $7)
	union all select * from (
		select 'past', sort_key, name, ` + record.Columns + ` from cycles where parent = $1 and state in ($10, $11)
		order by sort_key desc, name desc limit $12
	) past
) parts order by part, sort_key, name`

// ReadStoryboard reads a team's part of its storyboard.
func ReadStoryboard(ctx context.Context, l *eventlog.Log, team string) (*Storyboard, error) {
	type row struct {
		Part string `db:"part"`
		record.Stored
	}
	rows, err := db.All[row](ctx, l.DB().Read(), selectStoryboard, team, string(domain.ChallengeActive), string(domain.TargetConditionActive),
		string(domain.ObstacleCurrent), string(domain.ObstacleParked), string(domain.ObstacleEscalated),
		string(domain.CycleActive), string(domain.CycleDraft), string(domain.AndonOpen), string(domain.CycleDone), string(domain.CycleStopped), pastCycles)
	if err != nil {
		return nil, err
	}
	board := &Storyboard{}
	for _, r := range rows {
		if err := board.add(l, r.Part, r.Stored); err != nil {
			return nil, err
		}
	}
	slices.Reverse(board.Past)
	return board, nil
}

func (b *Storyboard) add(l *eventlog.Log, part string, s record.Stored) error {
	switch part {
	case "challenge":
		return keepOne(&b.Challenge, Challenges, l, s)
	case "target_condition":
		return keepOne(&b.TargetCondition, TargetConditions, l, s)
	case "obstacle":
		row, err := Obstacles.Read(l, s)
		if err == nil && row.Value.State == domain.ObstacleCurrent {
			b.CurrentObstacle = &row
		} else {
			b.Obstacles = append(b.Obstacles, row)
		}
		return err
	case "andon":
		row, err := Andons.Read(l, s)
		b.OpenAndons = append(b.OpenAndons, row)
		return err
	}
	row, err := Cycles.Read(l, s)
	switch {
	case err != nil:
	case part == "past":
		b.Past = append(b.Past, row)
	case row.Value.State == domain.CycleActive:
		b.Cycle = &row
	default:
		b.Next = &row
	}
	return err
}

func keepOne[T, E any](part **record.Row[T], collection *record.Collection[T, E], l *eventlog.Log, s record.Stored) error {
	row, err := collection.Read(l, s)
	*part = &row
	return err
}
