package retrospective_test

import (
	"context"
	"slices"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// made is what the others were asked to make, by name, and who asked.
type made struct {
	cycles      []*cyclev1.Cycle
	obstacles   map[string]*cyclev1.CreateObstacleRequest
	experiments map[string]*experimentv1.CreateExperimentRequest
	askedBy     []string
	// lost makes what is asked for, and answers as if it had not: the connection broke in between.
	lost bool
	// refused answers that the caller may not.
	refused bool
}

// make makes something under a name once; the others are told that it is there.
func (m *made) make(ctx context.Context, there bool, make func()) error {
	m.askedBy = append(m.askedBy, caller.From(ctx).Subject)
	if m.refused {
		return fault.New(fault.PermissionDenied, "PERMISSION_DENIED", "you may not")
	}
	if there {
		return fault.New(fault.AlreadyExists, "ALREADY_EXISTS", "it is there")
	}
	make()
	if m.lost {
		return status.Error(codes.Unavailable, "lost")
	}
	return nil
}

func (o *others) CreateObstacle(ctx context.Context, req *cyclev1.CreateObstacleRequest) (*cyclev1.Obstacle, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := req.GetParent() + "/obstacles/" + req.GetObstacleId()
	return &cyclev1.Obstacle{Name: name}, o.made.make(ctx, o.made.obstacles[name] != nil, func() {
		if o.made.obstacles == nil {
			o.made.obstacles = map[string]*cyclev1.CreateObstacleRequest{}
		}
		o.made.obstacles[name] = req
	})
}

func (o *others) CreateExperiment(ctx context.Context, req *experimentv1.CreateExperimentRequest) (*experimentv1.Experiment, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	name := req.GetParent() + "/experiments/" + req.GetExperimentId()
	return &experimentv1.Experiment{Name: name}, o.made.make(ctx, o.made.experiments[name] != nil, func() {
		if o.made.experiments == nil {
			o.made.experiments = map[string]*experimentv1.CreateExperimentRequest{}
		}
		o.made.experiments[name] = req
	})
}

func (o *others) GetExperiment(_ context.Context, req *experimentv1.GetExperimentRequest) (*experimentv1.Experiment, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.made.experiments[req.GetName()] == nil {
		return nil, fault.New(fault.NotFound, "EXPERIMENT_NOT_FOUND", "none")
	}
	return &experimentv1.Experiment{Name: req.GetName()}, nil
}

func (o *others) ListCycles(_ context.Context, req *cyclev1.ListCyclesRequest) (*cyclev1.ListCyclesResponse, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	answer := &cyclev1.ListCyclesResponse{}
	for _, c := range o.made.cycles {
		if req.GetParent() == team && slices.Contains(req.GetStates(), c.GetState()) {
			answer.Cycles = append(answer.Cycles, c)
		}
	}
	return answer, nil
}
