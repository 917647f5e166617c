package rpc

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// planFields are the fields of a draft that an update can change. Those of the prediction and of the game day can be named one
// by one, which is also what the gateway does with a PATCH.
var planFields = []struct {
	path string
	set  func(to, from *domain.Experiment)
}{
	{"display_name", func(to, from *domain.Experiment) { to.DisplayName = from.DisplayName }},
	{"obstacle", func(to, from *domain.Experiment) { to.Obstacle = from.Obstacle }},
	{"safe_to_fail", func(to, from *domain.Experiment) { to.SafeToFail = from.SafeToFail }},
	{"learning", func(to, from *domain.Experiment) { to.Learning = from.Learning }},
	{"game_day", func(to, from *domain.Experiment) { to.GameDay = from.GameDay }},
	{"game_day.steady_state", inGameDay(func(to, from *domain.GameDay) { to.SteadyState = from.SteadyState })},
	{"game_day.steady_state.hypothesis", inGameDay(func(to, from *domain.GameDay) { to.SteadyState.Hypothesis = from.SteadyState.Hypothesis })},
	{"game_day.steady_state.probe", inGameDay(func(to, from *domain.GameDay) { to.SteadyState.Probe = from.SteadyState.Probe })},
	{"game_day.steady_state.lower", inGameDay(func(to, from *domain.GameDay) { to.SteadyState.Lower = from.SteadyState.Lower })},
	{"game_day.steady_state.upper", inGameDay(func(to, from *domain.GameDay) { to.SteadyState.Upper = from.SteadyState.Upper })},
	{"game_day.prediction", inGameDay(func(to, from *domain.GameDay) { to.Prediction = from.Prediction })},
	{"game_day.method", inGameDay(func(to, from *domain.GameDay) { to.Method = from.Method })},
	{"game_day.blast_radius", inGameDay(func(to, from *domain.GameDay) { to.BlastRadius = from.BlastRadius })},
	{"game_day.abort_condition", inGameDay(func(to, from *domain.GameDay) { to.AbortCondition = from.AbortCondition })},
	{"game_day.rollback", inGameDay(func(to, from *domain.GameDay) { to.Rollback = from.Rollback })},
	{"prediction", func(to, from *domain.Experiment) { to.Prediction = from.Prediction }},
	{"prediction.change", func(to, from *domain.Experiment) { to.Prediction.Change = from.Prediction.Change }},
	{"prediction.metric", func(to, from *domain.Experiment) { to.Prediction.Metric = from.Prediction.Metric }},
	{"prediction.baseline_value", func(to, from *domain.Experiment) { to.Prediction.BaselineValue = from.Prediction.BaselineValue }},
	{"prediction.expected_value", func(to, from *domain.Experiment) { to.Prediction.ExpectedValue = from.Prediction.ExpectedValue }},
	{"prediction.expected_upper_value", func(to, from *domain.Experiment) {
		to.Prediction.ExpectedUpperValue = from.Prediction.ExpectedUpperValue
	}},
	{"prediction.by_date", func(to, from *domain.Experiment) { to.Prediction.ByDate = from.Prediction.ByDate }},
	{"prediction.reason", func(to, from *domain.Experiment) { to.Prediction.Reason = from.Prediction.Reason }},
	{"prediction.falsification", func(to, from *domain.Experiment) { to.Prediction.Falsification = from.Prediction.Falsification }},
	{"prediction.confidence_percent", func(to, from *domain.Experiment) { to.Prediction.ConfidencePercent = from.Prediction.ConfidencePercent }},
}

// planEdit returns the edit that a request asks for.
func planEdit(req *experimentv1.UpdateExperimentRequest) (func(*domain.Experiment), error) {
	paths, err := maskedPaths(req.GetUpdateMask(), req.GetExperiment())
	if err != nil {
		return nil, err
	}
	from := wire.ExperimentFrom(req.GetExperiment().GetName(), "", req.GetExperiment())
	return func(to *domain.Experiment) {
		for _, f := range planFields {
			if slices.Contains(paths, f.path) {
				f.set(to, from)
			}
		}
	}, nil
}

// maskedPaths returns the fields to change: those of the mask, or, without one, those that are set.
func maskedPaths(mask *fieldmaskpb.FieldMask, e *experimentv1.Experiment) ([]string, error) {
	var allowed []string
	for _, f := range planFields {
		allowed = append(allowed, f.path)
	}
	if len(mask.GetPaths()) > 0 {
		return updatemask.Paths(mask, e, allowed...)
	}
	paths, err := updatemask.Paths(nil, e, allowed...)
	if err != nil {
		return nil, err
	}
	// Of a message that is set only in part, only that part is meant.
	for parent, set := range map[string]protoreflect.Message{"prediction": e.GetPrediction().ProtoReflect(), "game_day": e.GetGameDay().ProtoReflect()} {
		if !slices.Contains(paths, parent) {
			continue
		}
		paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p == parent })
		for _, path := range allowed {
			field, inside := strings.CutPrefix(path, parent+".")
			if inside && !strings.Contains(field, ".") && set.Has(set.Descriptor().Fields().ByTextName(field)) {
				paths = append(paths, path)
			}
		}
	}
	return paths, nil
}
