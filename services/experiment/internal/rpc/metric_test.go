package rpc_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func waitMetric(id string) *experimentv1.CreateMetricRequest {
	return &experimentv1.CreateMetricRequest{Parent: team, MetricId: id, Metric: &experimentv1.Metric{
		DisplayName: "Review wait", Unit: "h", Direction: experimentv1.Direction_DIRECTION_LOWER, Kind: experimentv1.MetricKind_METRIC_KIND_PROCESS,
	}}
}

func TestCreateAndGetMetric(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		created := ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
		want := waitMetric("").GetMetric()
		want.Name, want.Etag, want.CreateTime, want.UpdateTime = wait, created.GetEtag(), created.GetCreateTime(), created.GetUpdateTime()
		if !proto.Equal(created, want) || created.GetEtag() == "" || !created.GetCreateTime().AsTime().Equal(w.clock.Now()) {
			t.Errorf("created %v", created)
		}
		if got := ok[*experimentv1.Metric](t)(w.client.GetMetric(w.member(), &experimentv1.GetMetricRequest{Name: wait})); !proto.Equal(got, created) {
			t.Errorf("got %v, want %v", got, created)
		}
		_, err := w.client.CreateMetric(w.member(), waitMetric("review-wait"))
		wantFault(t, err, fault.AlreadyExists, "METRIC_ALREADY_EXISTS")
		_, err = w.client.GetMetric(w.member(), &experimentv1.GetMetricRequest{Name: team + "/metrics/none"})
		wantFault(t, err, fault.NotFound, "METRIC_NOT_FOUND")
		if made := ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric(""))); len(made.GetName()) != len(team+"/metrics/")+36 {
			t.Errorf("made name %q", made.GetName())
		}
		if got := w.events(); !slices.Equal(got, []string{"MetricCreated", "MetricCreated"}) {
			t.Errorf("events %v", got)
		}
	})
}

func TestCreateMetricRefuses(t *testing.T) {
	w := newWorld(t, db.SQLite)
	for name, c := range map[string]struct {
		edit func(*experimentv1.CreateMetricRequest)
		want []string
	}{
		"blank name":   {func(r *experimentv1.CreateMetricRequest) { r.Metric.DisplayName = "  " }, []string{"metric.display_name REQUIRED"}},
		"empty name":   {func(r *experimentv1.CreateMetricRequest) { r.Metric.DisplayName = "" }, []string{"metric.display_name REQUIRED"}},
		"no direction": {func(r *experimentv1.CreateMetricRequest) { r.Metric.Direction = 0 }, []string{"metric.direction REQUIRED"}},
		"odd kind":     {func(r *experimentv1.CreateMetricRequest) { r.Metric.Kind = 9 }, []string{"metric.kind ENUM_DEFINED_ONLY"}},
		"bad id":       {func(r *experimentv1.CreateMetricRequest) { r.MetricId = "Wait!" }, []string{"metric_id STRING_PATTERN"}},
		"no metric":    {func(r *experimentv1.CreateMetricRequest) { r.Metric = nil }, []string{"metric REQUIRED"}},
	} {
		t.Run(name, func(t *testing.T) {
			req := waitMetric("review-wait")
			c.edit(req)
			_, err := w.client.CreateMetric(w.member(), req)
			reason := "VALIDATION_FAILED"
			if strings.HasSuffix(c.want[0], " REQUIRED") && name != "no metric" { // a PATCH may leave these out, so the rule asks for them
				reason = "METRIC_INVALID"
			}
			wantFault(t, err, fault.InvalidArgument, reason, c.want...)
		})
	}
	if got := w.events(); got != nil {
		t.Errorf("events %v", got)
	}
}

func TestListMetrics(t *testing.T) {
	w := newWorld(t, db.SQLite)
	for _, id := range []string{"c", "a", "b"} {
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric(id)))
	}
	first := ok[*experimentv1.ListMetricsResponse](t)(w.client.ListMetrics(w.member(), &experimentv1.ListMetricsRequest{Parent: team, PageSize: 2}))
	rest := ok[*experimentv1.ListMetricsResponse](t)(w.client.ListMetrics(w.member(), &experimentv1.ListMetricsRequest{Parent: team, PageSize: 2, PageToken: first.GetNextPageToken()}))
	var got []string
	for _, m := range append(first.GetMetrics(), rest.GetMetrics()...) {
		got = append(got, m.GetName())
	}
	if want := []string{team + "/metrics/a", team + "/metrics/b", team + "/metrics/c"}; !slices.Equal(got, want) || rest.GetNextPageToken() != "" {
		t.Errorf("listed %v, then %q", got, rest.GetNextPageToken())
	}
	_, err := w.client.ListMetrics(w.member(), &experimentv1.ListMetricsRequest{Parent: team, PageToken: "2"})
	wantFault(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID")
}

func TestCreateMetricOnce(t *testing.T) {
	w := newWorld(t, db.SQLite)
	req := waitMetric("")
	req.RequestId = "k1"
	first := ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), req))
	if !replayed(t, func(option grpc.CallOption) error {
		again, err := w.client.CreateMetric(w.member(), req, option)
		if err == nil && !proto.Equal(again, first) {
			t.Errorf("answered %v, then %v", first, again)
		}
		return err
	}) {
		t.Error("the second answer is not marked as a repetition")
	}
	req.Metric.Unit = "d"
	_, err := w.client.CreateMetric(w.member(), req)
	wantFault(t, err, fault.InvalidArgument, "IDEMPOTENCY_KEY_REUSED")
	if got := w.events(); len(got) != 1 {
		t.Errorf("events %v", got)
	}
}

// Who may do what is declared in the contract; this is that it holds here.
func TestAccess(t *testing.T) {
	w := newWorld(t, db.SQLite)
	ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
	get, create := &experimentv1.GetMetricRequest{Name: wait}, waitMetric("another")
	for name, c := range map[string]struct {
		who          caller.Caller
		reads, write bool
	}{
		"viewer":              {callertest.User("vera", "payments", caller.Viewer), true, false},
		"coach":               {callertest.User("carl", "payments", caller.Coach), true, true},
		"manager":             {callertest.Manager("max"), true, false},
		"member of elsewhere": {callertest.User("eve", "search", caller.Coach), false, false},
		"service":             {callertest.Service("cycle"), true, true},
	} {
		t.Run(name, func(t *testing.T) {
			create.MetricId = "m-" + name[:2]
			_, err := w.client.GetMetric(w.as(c.who), get)
			if (err == nil) != c.reads {
				t.Errorf("reading: %v", err)
			}
			_, err = w.client.CreateMetric(w.as(c.who), create)
			if (err == nil) != c.write {
				t.Errorf("writing: %v", err)
			}
		})
	}
	if _, err := w.client.GetMetric(t.Context(), get); err == nil {
		t.Error("nobody in particular may read")
	} else {
		wantFault(t, err, fault.Unauthenticated, "UNAUTHENTICATED")
	}
}
