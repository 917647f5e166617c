package rpc

import (
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// patience is how long a storyboard waits for other services. Whoever stands before the board gets the rest of it then.
const patience = 2 * time.Second

// GetStoryboard gets the storyboard of a team.
func (s *Server) GetStoryboard(ctx context.Context, req *cyclev1.GetStoryboardRequest) (*cyclev1.Storyboard, error) {
	name := teamOf(req.GetName())
	own, err := store.ReadStoryboard(ctx, s.log, name)
	if err != nil {
		return nil, err
	}
	var known team
	asked := storyboardAnswers{condition: baseline(own)}
	group, asking := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		known, err = s.team(asking, name)
		return err
	})
	group.Go(func() error { return s.askForStoryboard(asking, own, &asked) })
	if err := group.Wait(); err != nil {
		return nil, err
	}
	return storyboard(req.GetName(), own, &asked, known.today(s.clock()), known.zone), nil
}

// storyboard puts the parts together.
func storyboard(name string, own *store.Storyboard, asked *storyboardAnswers, today domain.Day, zone *time.Location) *cyclev1.Storyboard {
	board := &cyclev1.Storyboard{
		Name:             name,
		Date:             string(today),
		Challenge:        part(own.Challenge, wire.Challenge),
		TargetCondition:  part(own.TargetCondition, wire.TargetCondition),
		CurrentCondition: asked.condition,
		CurrentObstacle:  part(own.CurrentObstacle, wire.Obstacle),
		Obstacles:        record.Map(own.Obstacles, wire.Obstacle),
		Cycle:            part(own.Cycle, wire.Cycle),
		NextGate:         asked.gate,
		OpenAndons:       record.Map(own.OpenAndons, wire.Andon),
		NextCycle:        part(own.Next, wire.Cycle),
		UnavailableParts: asked.unavailable(),
	}
	for _, experiment := range asked.experiments {
		board.Experiments = append(board.Experiments, wire.ExperimentRecord(experiment))
	}
	if own.Cycle != nil {
		day, days := own.Cycle.Value.DayOf(today)
		board.Day, board.DayCount = int32(day), int32(days)
	}
	// How old a part is that cannot be told is not known either.
	board.Ages = wire.Ages(slices.DeleteFunc(times(own, asked).Ages(today, zone), func(age domain.Age) bool {
		return slices.Contains(board.GetUnavailableParts(), age.Part)
	}))
	return board
}

// times are when the parts were changed last.
func times(own *store.Storyboard, asked *storyboardAnswers) domain.BoardTimes {
	times := domain.BoardTimes{
		Challenge: changed(own.Challenge), TargetCondition: changed(own.TargetCondition), CurrentObstacle: changed(own.CurrentObstacle),
		Cycle: changed(own.Cycle), Baseline: domain.Day(asked.condition.GetBaseline().GetBaselineDate()),
	}
	if at := asked.condition.GetLatestTime(); at != nil {
		times.LatestReading = at.AsTime()
	}
	for _, experiment := range asked.experiments {
		if at := experiment.GetUpdateTime(); at != nil {
			times.Experiments = append(times.Experiments, at.AsTime())
		}
	}
	return times
}

// baseline is the current condition as the running cycle has it, or nil.
func baseline(own *store.Storyboard) *cyclev1.StoryboardCondition {
	if own.Cycle == nil || own.Cycle.Value.CurrentCondition == nil {
		return nil
	}
	return &cyclev1.StoryboardCondition{Baseline: wire.Cycle(*own.Cycle).GetCurrentCondition()}
}

// part converts a part; one that is not there stays nil.
func part[T, M any](row *record.Row[T], convert func(record.Row[T]) *M) *M {
	if row == nil {
		return nil
	}
	return convert(*row)
}

func changed[T any](row *record.Row[T]) time.Time {
	if row == nil {
		return time.Time{}
	}
	return row.UpdateTime
}
