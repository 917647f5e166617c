package analyze

import (
	"context"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/gateway/internal/form"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/routes"
	"github.com/fortnighthq/fortnight/gateway/internal/transcode"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// ofMetric asks for the chart of a metric. Errors are problems or gRPC statuses.
func (h *Handler) ofMetric(ctx context.Context, name string, query url.Values) (*experimentv1.ProcessBehaviourChart, *experimentv1.Metric, error) {
	request, p := parse(name, query)
	if p != nil {
		return nil, nil, p
	}
	c, err := h.Experiments.AnalyzeMetric(ctx, request)
	if err != nil {
		return nil, nil, err
	}
	metric, err := h.Experiments.GetMetric(ctx, &experimentv1.GetMetricRequest{Name: name})
	return c, metric, err
}

// ofLearning asks for the chart of what happened.
func (h *Handler) ofLearning(ctx context.Context, name string, query url.Values) (*experimentv1.ProcessBehaviourChart, *experimentv1.Metric, error) {
	if p := form.None(query); p != nil {
		return nil, nil, p
	}
	c, err := h.Knowledge.GetLearningChart(ctx, &knowledgev1.GetLearningChartRequest{Name: name})
	return c.GetChart(), c.GetMetric(), err
}

// parse reads the query by the names that JSON has for it.
func parse(name string, query url.Values) (*experimentv1.AnalyzeMetricRequest, *problem.Problem) {
	request := &experimentv1.AnalyzeMetricRequest{}
	seen := map[protoreflect.Name]bool{}
	for _, parameter := range slices.Sorted(maps.Keys(query)) { // the same request gets the same answer
		field := routes.FindField(request.ProtoReflect().Descriptor(), parameter)
		if field == nil || field.Name() == "name" {
			return nil, form.Unknown(parameter)
		}
		if seen[field.Name()] || len(query[parameter]) > 1 {
			return nil, form.Repeated(parameter)
		}
		seen[field.Name()] = true
		if value := query.Get(parameter); !utf8.ValidString(value) || runtime.PopulateFieldFromPath(request, string(field.Name()), value) != nil {
			return nil, problem.Invalid(parameter, "QUERY_PARAMETER_INVALID", fmt.Sprintf("The query parameter %q must be %s.", parameter, transcode.Expected(field)))
		}
	}
	request.Name = name
	return request, nil
}
