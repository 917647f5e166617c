package rpc

import (
	"slices"
	"strings"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/updatemask"
)

// planFields are the fields of a draft that an update can change. Those of the prediction can be named one by one, which is
// also what the gateway does with a PATCH.
var planFields = []struct {
	path string
	set  func(to, from *domain.Experiment)
}{
	{"display_name", func(to, from *domain.Experiment) { to.DisplayName = from.DisplayName }},
	{"obstacle", func(to, from *domain.Experiment) { to.Obstacle = from.Obstacle }},
	{"safe_to_fail", func(to, from *domain.Experiment) { to.SafeToFail = from.SafeToFail }},
	{"prediction", func(to, from *domain.Experiment) { to.Prediction = from.Prediction }},
	{"prediction.change", func(to, from *domain.Experiment) { to.Prediction.Change = from.Prediction.Change }},
	{"prediction.metric", func(to, from *domain.Experiment) { to.Prediction.Metric = from.Prediction.Metric }},
	{"prediction.baseline_value", func(to, from *domain.Experiment) { to.Prediction.BaselineValue = from.Prediction.BaselineValue }},
	{"prediction.expected_value", func(to, from *domain.Experiment) { to.Prediction.ExpectedValue = from.Prediction.ExpectedValue }},
	{"prediction.by_date", func(to, from *domain.Experiment) { to.Prediction.ByDate = from.Prediction.ByDate }},
	{"prediction.reason", func(to, from *domain.Experiment) { to.Prediction.Reason = from.Prediction.Reason }},
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
	if err != nil || !slices.Contains(paths, "prediction") {
		return paths, err
	}
	// Of a prediction that is set only in part, only that part is meant.
	paths = slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return p == "prediction" })
	m := e.GetPrediction().ProtoReflect()
	for _, path := range allowed {
		field, inside := strings.CutPrefix(path, "prediction.")
		if inside && m.Has(m.Descriptor().Fields().ByTextName(field)) {
			paths = append(paths, path)
		}
	}
	return paths, nil
}
