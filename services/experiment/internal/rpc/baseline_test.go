package rpc_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// golden is the data set of twelve without a signal: mean 41.75, limits about 24.5 and 59.
var golden = []float64{42, 38, 45, 40, 39, 47, 41, 44, 36, 43, 40, 46}

// at is the time of the nth reading of daily.
func at(n int) *timestamppb.Timestamp {
	return timestamppb.New(time.Date(2026, 5, 1+n, 9, 0, 0, 0, time.UTC))
}

// freezing is a request for a baseline of the first twelve readings.
func freezing(id string) *experimentv1.CreateBaselineRequest {
	return &experimentv1.CreateBaselineRequest{Parent: wait, BaselineId: id, Baseline: &experimentv1.Baseline{
		Window: &experimentv1.BaselineWindow{FirstPoints: 12}, Decision: &experimentv1.BaselineDecision{Reason: " Before the rota "},
	}}
}

func (w *world) freeze(req *experimentv1.CreateBaselineRequest) *experimentv1.Baseline {
	w.t.Helper()
	return ok[*experimentv1.Baseline](w.t)(w.client.CreateBaseline(w.member(), req))
}

func (w *world) analyze(req *experimentv1.AnalyzeMetricRequest) *experimentv1.ProcessBehaviourChart {
	w.t.Helper()
	req.Name = wait
	return ok[*experimentv1.ProcessBehaviourChart](w.t)(w.client.AnalyzeMetric(w.member(), req))
}

// Whatever is measured later, comes late, or is corrected in the window: the limits stay what they were.
func TestAFrozenBaselineStays(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			w := measured(t, engine)
			w.wantImport(daily(golden...), 12, 0)
			before := w.analyze(&experimentv1.AnalyzeMetricRequest{}).GetLimits()
			created := w.freeze(freezing("first"))
			if created.GetName() != wait+"/baselines/first" || !proto.Equal(created.GetLimits(), before) || created.GetProvisional() ||
				!created.GetStartTime().AsTime().Equal(at(0).AsTime()) {
				t.Errorf("frozen %v, limits before %v", created, before)
			}
			if d := created.GetDecision(); d.GetReason() != "Before the rota" || d.GetDecider() != "users/mina" || !d.GetDecideTime().AsTime().Equal(w.clock.Now()) {
				t.Errorf("decided %v", d)
			}

			w.wantImport(daily(append(slices.Clone(golden), 90, 95, 12)...), 3, 12)
			late := &experimentv1.ImportMeasurementsRequest{Name: wait, Measurements: []*experimentv1.Measurement{{Time: at(3), Value: new(80.0), SourceKey: "late"}}}
			w.wantImport(late, 1, 0)
			ok[*experimentv1.Measurement](t)(w.client.CorrectMeasurement(w.member(), &experimentv1.CorrectMeasurementRequest{
				Name: wait, Time: at(5), ValueBefore: new(47.0), Value: new(74.0), Reason: "Digits were swapped",
			}))

			got := ok[*experimentv1.Baseline](t)(w.client.GetBaseline(w.member(), &experimentv1.GetBaselineRequest{Name: created.GetName()}))
			if !proto.Equal(got, created) {
				t.Errorf("the baseline is now %v, was %v", got, created)
			}
			c := w.analyze(&experimentv1.AnalyzeMetricRequest{BaselinePoints: 4})
			if s := c.GetSegments(); len(s) != 1 || s[0].GetBaseline() != created.GetName() || !proto.Equal(s[0].GetLimits(), before) || !proto.Equal(c.GetLimits(), before) {
				t.Errorf("segments %v", s)
			}
			var values []float64
			for _, p := range c.GetPoints() {
				values = append(values, p.GetValue())
			}
			if want := []float64{42, 38, 45, 40, 80, 39, 74, 41, 44, 36, 43, 40, 46, 90, 95, 12}; !slices.Equal(values, want) {
				t.Errorf("the late point and the correction are not shown: %v", values)
			}
			if got := w.events(); !slices.Contains(got, "BaselineFrozen") {
				t.Errorf("events %v", got)
			}
		})
	}
}

func TestASecondBaselineComesLater(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
		w.wantImport(daily(append(slices.Clone(golden), 20, 22, 19, 21, 23, 20)...), 18, 0)
		second := freezing("second")
		second.Baseline.Window = &experimentv1.BaselineWindow{FirstTime: at(12), LastTime: at(17)}
		first := w.freeze(freezing("first"))
		b := w.freeze(second)
		if !b.GetStartTime().AsTime().Equal(at(12).AsTime()) || b.GetLimits().GetCount() != 6 || !b.GetLimits().GetLastTime().AsTime().Equal(at(17).AsTime()) {
			t.Errorf("the second is %v", b)
		}
		for name, start := range map[string]*timestamppb.Timestamp{"as early": at(12), "earlier": at(3), "the first reading": nil} {
			third := freezing("third")
			third.Baseline.StartTime = start
			_, err := w.client.CreateBaseline(w.member(), third)
			t.Log(name)
			wantFault(t, err, fault.InvalidArgument, "BASELINE_NOT_LATER", "baseline.start_time BASELINE_NOT_LATER")
		}

		c := w.analyze(&experimentv1.AnalyzeMetricRequest{})
		s := c.GetSegments()
		if len(s) != 2 || s[0].GetBaseline() != first.GetName() || s[0].GetEndPoint() != 12 || s[1].GetBaseline() != b.GetName() || s[1].GetFirstPoint() != 12 || s[1].GetEndPoint() != 18 {
			t.Errorf("segments %v", s)
		}
		if len(c.GetSignals()) != 0 || !proto.Equal(c.GetLimits(), b.GetLimits()) {
			t.Errorf("signals %v, limits %v", c.GetSignals(), c.GetLimits())
		}

		var names []string
		req := &experimentv1.ListBaselinesRequest{Parent: wait, PageSize: 1}
		for {
			page := ok[*experimentv1.ListBaselinesResponse](t)(w.client.ListBaselines(w.member(), req))
			for _, b := range page.GetBaselines() {
				names = append(names, b.GetName())
			}
			if req.PageToken = page.GetNextPageToken(); req.GetPageToken() == "" {
				break
			}
		}
		if !slices.Equal(names, []string{first.GetName(), b.GetName()}) {
			t.Errorf("listed %v", names)
		}
	})
}

func TestCreateBaselineRefuses(t *testing.T) {
	w := measured(t, db.SQLite)
	w.wantImport(daily(golden...), 12, 0)
	for name, c := range map[string]struct {
		change func(r *experimentv1.CreateBaselineRequest)
		kind   fault.Kind
		reason string
		want   []string
	}{
		"three readings": {func(r *experimentv1.CreateBaselineRequest) { r.Baseline.Window.FirstPoints = 3 }, fault.InvalidArgument, "BASELINE_INVALID", []string{"baseline.window BASELINE_TOO_SHORT"}},
		"a window without readings, and a blank reason": {func(r *experimentv1.CreateBaselineRequest) {
			r.Baseline.Window = &experimentv1.BaselineWindow{FirstTime: at(40)}
			r.Baseline.Decision.Reason = "  "
		}, fault.InvalidArgument, "BASELINE_INVALID", []string{"baseline.decision.reason BASELINE_REASON_MISSING", "baseline.window BASELINE_TOO_SHORT"}},
		"no decision": {func(r *experimentv1.CreateBaselineRequest) { r.Baseline.Decision = nil }, fault.InvalidArgument, "VALIDATION_FAILED", []string{"baseline.decision REQUIRED"}},
		"no instant": {func(r *experimentv1.CreateBaselineRequest) {
			r.Baseline.StartTime = &timestamppb.Timestamp{Seconds: 1 << 60}
		}, fault.InvalidArgument, "TIME_INVALID", []string{"baseline.start_time TIME_INVALID"}},
		"in the future": {func(r *experimentv1.CreateBaselineRequest) {
			r.Baseline.StartTime = at(90)
		}, fault.InvalidArgument, "BASELINE_IN_FUTURE", []string{"baseline.start_time BASELINE_IN_FUTURE"}},
		"no metric": {func(r *experimentv1.CreateBaselineRequest) { r.Parent = team + "/metrics/none" }, fault.NotFound, "METRIC_NOT_FOUND", nil},
	} {
		t.Run(name, func(t *testing.T) {
			r := freezing("first")
			c.change(r)
			_, err := w.client.CreateBaseline(w.member(), r)
			wantFault(t, err, c.kind, c.reason, c.want...)
		})
	}
	if got := w.events(); slices.Contains(got, "BaselineFrozen") {
		t.Errorf("refused requests left %v", got)
	}
	_, err := w.client.GetBaseline(w.member(), &experimentv1.GetBaselineRequest{Name: wait + "/baselines/first"})
	wantFault(t, err, fault.NotFound, "BASELINE_NOT_FOUND")
	_, err = w.client.ListBaselines(w.member(), &experimentv1.ListBaselinesRequest{Parent: team + "/metrics/none"})
	wantFault(t, err, fault.NotFound, "METRIC_NOT_FOUND")

	again := freezing("first")
	again.RequestId = "k1"
	created := w.freeze(again)
	if !replayed(t, func(option grpc.CallOption) error {
		same, err := w.client.CreateBaseline(w.member(), again, option)
		if err == nil && !proto.Equal(same, created) {
			t.Errorf("answered %v, then %v", created, same)
		}
		return err
	}) {
		t.Error("not marked as a repetition")
	}
	later := freezing("first")
	later.Baseline.StartTime = timestamppb.New(w.clock.Now()) // as late as it may be
	_, err = w.client.CreateBaseline(w.member(), later)
	wantFault(t, err, fault.AlreadyExists, "BASELINE_ALREADY_EXISTS")
}

// A bot of the team may freeze and is named; who only reads may not. What the organisation measures is for managers.
func TestWhoFreezesBaselines(t *testing.T) {
	w := measured(t, db.SQLite)
	w.wantImport(daily(golden...), 12, 0)
	for name, c := range map[string]caller.Caller{
		"a viewer": callertest.User("vera", "payments", caller.Viewer), "another team": callertest.User("otto", "search", caller.Member),
	} {
		_, err := w.client.CreateBaseline(w.as(c), freezing("first"))
		t.Log(name)
		wantFault(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
	}
	bot := w.as(caller.Caller{Subject: "teams/payments/tokens/slack", Teams: map[string]caller.Role{"payments": caller.Member}})
	b := ok[*experimentv1.Baseline](t)(w.client.CreateBaseline(bot, freezing("first")))
	if b.GetDecision().GetDecider() != "teams/payments/tokens/slack" {
		t.Errorf("decided %v", b.GetDecision())
	}

	const lead = "organization/metrics/lead"
	manager := w.as(callertest.Manager("maria"))
	create := waitMetric("lead")
	create.Parent = "organization"
	ok[*experimentv1.Metric](t)(w.client.CreateMetric(manager, create))
	readings := daily(golden...)
	readings.Name = lead
	ok[*experimentv1.ImportMeasurementsResponse](t)(w.client.ImportMeasurements(manager, readings))
	freeze := freezing("")
	freeze.Parent = lead
	_, err := w.client.CreateBaseline(w.member(), freeze)
	wantFault(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
	b = ok[*experimentv1.Baseline](t)(w.client.CreateBaseline(manager, freeze))
	if !strings.HasPrefix(b.GetName(), lead+"/baselines/") {
		t.Errorf("name %q", b.GetName())
	}
	ok[*experimentv1.Baseline](t)(w.client.GetBaseline(w.member(), &experimentv1.GetBaselineRequest{Name: b.GetName()}))
	if list := ok[*experimentv1.ListBaselinesResponse](t)(w.client.ListBaselines(w.member(), &experimentv1.ListBaselinesRequest{Parent: lead})); len(list.GetBaselines()) != 1 {
		t.Errorf("listed %v", list)
	}
}

// Of several baselines that are frozen at once for the same time one comes into force.
func TestBaselinesFrozenAtOnce(t *testing.T) {
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			w := measured(t, engine)
			w.wantImport(daily(golden...), 12, 0)
			var group sync.WaitGroup
			errs := make([]error, 8)
			for i := range errs {
				group.Go(func() {
					_, errs[i] = w.client.CreateBaseline(w.member(), freezing(""))
				})
			}
			group.Wait()
			frozen := 0
			for _, err := range errs {
				if err == nil {
					frozen++
				} else {
					wantFault(t, err, fault.InvalidArgument, "BASELINE_NOT_LATER")
				}
			}
			if frozen != 1 {
				t.Errorf("%d were frozen", frozen)
			}
		})
	}
}
