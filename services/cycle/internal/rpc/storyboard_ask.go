package rpc

import (
	"cmp"
	"context"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// cyclesAskedAtOnce bounds how many questions about cycles one storyboard has open.
const cyclesAskedAtOnce = 4

// storyboardAnswers is what the other services say for a storyboard. A part is away when one that it needs does not answer.
type storyboardAnswers struct {
	experiments     []*experimentv1.Experiment
	experimentsAway bool
	condition       *cyclev1.StoryboardCondition
	conditionAway   bool
	gate            *cyclev1.Gate
	gateAway        bool
}

// unavailable names the parts that are away.
func (a *storyboardAnswers) unavailable() []string {
	var parts []string
	for _, part := range []struct {
		name string
		away bool
	}{{domain.PartExperiments, a.experimentsAway}, {domain.PartCurrentCondition, a.conditionAway}, {domain.PartNextGate, a.gateAway}} {
		if part.away {
			parts = append(parts, part.name)
		}
	}
	return parts
}

// askForStoryboard asks everything at once, each part on its own: one that does not come leaves the others alone.
func (s *Server) askForStoryboard(ctx context.Context, own *store.Storyboard, answers *storyboardAnswers) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		found, err := s.experimentingRecord(ctx, own)
		answers.experiments = found
		return orAway(&answers.experimentsAway, err)
	})
	if answers.condition != nil {
		group.Go(func() error { return orAway(&answers.conditionAway, s.readCondition(ctx, answers.condition)) })
	}
	if own.Cycle != nil {
		group.Go(func() error {
			gate, err := s.PreviewGate(ctx, &cyclev1.PreviewGateRequest{Name: own.Cycle.Value.Name})
			answers.gate = gate
			return orAway(&answers.gateAway, err)
		})
	}
	return group.Wait()
}

// orAway notes that a service does not answer, or not in time; what else is wrong stays an error.
func orAway(away *bool, err error) error {
	if err == nil || fault.From(err).Kind != fault.Unavailable {
		return err
	}
	*away = true
	return nil
}

// experimentingRecord asks for the experiments of the running cycle and for those against the current obstacle, the latest first.
func (s *Server) experimentingRecord(ctx context.Context, own *store.Storyboard) ([]*experimentv1.Experiment, error) {
	cycles := cyclesToAsk(own)
	found := make([][]*experimentv1.Experiment, len(cycles))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(cyclesAskedAtOnce)
	for i, cycle := range cycles {
		group.Go(func() (err error) {
			found[i], err = s.experimentsOf(ctx, cycle)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	var wanted []*experimentv1.Experiment
	for i, cycle := range cycles {
		running := own.Cycle != nil && own.Cycle.Value.Name == cycle
		for _, x := range found[i] {
			if running || x.GetObstacle() == own.CurrentObstacle.Value.Name {
				wanted = append(wanted, x)
			}
		}
	}
	slices.SortStableFunc(wanted, func(a, b *experimentv1.Experiment) int {
		return cmp.Or(b.GetCreateTime().AsTime().Compare(a.GetCreateTime().AsTime()), cmp.Compare(a.GetName(), b.GetName()))
	})
	return wanted, nil
}

// cyclesToAsk are the running cycle and those that can have an experiment against the current obstacle: the drafted one, and
// the past ones that were not over before there was the obstacle.
func cyclesToAsk(own *store.Storyboard) []string {
	var cycles []string
	if own.Cycle != nil {
		cycles = append(cycles, own.Cycle.Value.Name)
	}
	if own.CurrentObstacle == nil {
		return cycles
	}
	if own.Next != nil {
		cycles = append(cycles, own.Next.Value.Name)
	}
	for _, past := range own.Past {
		if !past.UpdateTime.Before(own.CurrentObstacle.CreateTime) {
			cycles = append(cycles, past.Value.Name)
		}
	}
	return cycles
}

// readCondition asks what the metric is called and reads. A metric that is not there has neither.
func (s *Server) readCondition(ctx context.Context, condition *cyclev1.StoryboardCondition) error {
	name := condition.GetBaseline().GetMetric()
	var metric *experimentv1.Metric
	var chart *experimentv1.ProcessBehaviourChart
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() (err error) {
		metric, err = s.experiments.GetMetric(ctx, &experimentv1.GetMetricRequest{Name: name})
		return err
	})
	group.Go(func() (err error) {
		chart, err = s.experiments.AnalyzeMetric(ctx, &experimentv1.AnalyzeMetricRequest{
			Name: name, StartTime: sinceBaseline(condition.GetBaseline().GetBaselineDate()),
		})
		return err
	})
	if err := group.Wait(); err != nil && fault.From(err).Kind != fault.NotFound {
		return err
	}
	wire.Read(condition, metric, chart)
	return nil
}

// sinceBaseline is from when on readings are asked for: only the latest is shown, and a metric may have a history of years. The day
// is one of the team's zone, which may begin up to a day before that of UTC. Without a day all readings are asked for.
func sinceBaseline(day string) *timestamppb.Timestamp {
	at, err := time.Parse(time.DateOnly, day)
	if err != nil {
		return nil
	}
	return timestamppb.New(at.AddDate(0, 0, -1))
}
