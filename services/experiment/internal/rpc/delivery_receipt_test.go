package rpc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

// A receipt names the member that is wrong, and says of an event that counts what does not come of it; the list of deliveries says so, too.
func TestReceipts(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		curl, cd := w.source("curl", plain).GetName(), w.source("cd", cdevents).GetName()
		for _, c := range []struct{ source, body, want, words string }{
			{curl, `{"event":"deployed","environment":"production"}`, "REFUSED TIME_MISSING time", "Say in `time`"},
			{curl, `[1]`, "REFUSED BODY_INVALID", "The body is a list; send one object."},
			{cd, `{"event":"deployed","environment":"production"}`, "REFUSED OTHER_FORMAT", "DELIVERY_FORMAT_PLAIN"},
			{curl, `{"event":"deployed","environment":"production","deployment":"1","time":"2026-05-04T10:00:00Z","commit_time":"2026-05-05T10:00:00Z"}`, "ACCEPTED NO_LEAD_TIME", "after it was deployed"},
			{curl, `{"event":"deployed","environment":"production","deployment":"1","time":"2026-05-04T10:00:00Z","commit_time":"2026-05-04T09:00:00Z"}`, "ACCEPTED", ""},
			{curl, `{"event":"deployed","environment":"production","time":"2026-05-04T11:00:00Z","commit_time":"2026-05-04T10:00:00Z"}`, "ACCEPTED DEPLOYMENT_UNNAMED", "names no `deployment`"},
		} {
			got := ok[*experimentv1.DeliveryReceipt](t)(w.deliver(w.member(), c.source, c.body))
			if text := strings.TrimSpace(receipt(got) + " " + got.GetField()); text != c.want || !strings.Contains(got.GetDelivery().GetDescription(), c.words) {
				t.Errorf("%s: %s: %s", c.body, text, got.GetDelivery().GetDescription())
			}
		}
		lead := w.recorded("change-lead-time")
		if !strings.HasPrefix(lead, "deployment 1 (curl)=1, deployment sha256-") {
			t.Errorf("the wrong time of a commit was not mended: %s", lead)
		}
		list := ok[*experimentv1.ListDeliveriesResponse](t)(w.client.ListDeliveries(w.member(), &experimentv1.ListDeliveriesRequest{Parent: curl})).GetDeliveries()
		var reasons []string
		for _, d := range list {
			reasons = append(reasons, d.GetReason())
		}
		if !slices.Equal(reasons, []string{"DEPLOYMENT_UNNAMED", "", "NO_LEAD_TIME", "BODY_INVALID", "TIME_MISSING"}) {
			t.Errorf("%q", reasons)
		}
	})
}

// The end of an incident that could belong to several counts for none: the receipt says so, and so does the explanation.
func TestEndOfSeveralIncidents(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		mon, other, pager := w.source("mon", plain).GetName(), w.source("other", plain).GetName(), w.source("pager", plain).GetName()
		opened := `{"event":"incident_opened","incident":"a","environment":"production","time":"2026-05-06T12:00:00Z"}`
		w.curl(mon, `{"event":"deployed","environment":"production","deployment":"1","time":"2026-05-06T10:00:00Z","commit_time":"2026-05-06T09:00:00Z"}`)
		ended := `{"event":"incident_resolved","incident":"a","time":"2026-05-06T15:00:00Z"}`
		if got := w.curl(pager, ended); got != "ACCEPTED INCIDENT_NOT_OPENED" {
			t.Error(got)
		}
		w.curl(mon, opened)
		w.wantReadings("failed-deployment-recovery-time", "incident a (mon)=3")
		w.curl(other, opened) // now the end could be that of two
		w.wantReadings("failed-deployment-recovery-time", "")
		got := ok[*experimentv1.DeliveryReceipt](t)(w.deliver(w.member(), pager, strings.Replace(ended, "T15", "T16", 1)))
		if receipt(got) != "ACCEPTED INCIDENT_END_UNRESOLVED" || !strings.Contains(got.GetDelivery().GetDescription(), "by mon and by other") {
			t.Errorf("%v", got)
		}
		explained := ok[*experimentv1.MeasurementExplanation](t)(w.client.ExplainMeasurement(w.member(), &experimentv1.ExplainMeasurementRequest{
			Name: team + "/metrics/checkout-failed-deployment-recovery-time", SourceKey: "incident a (mon)", Time: timestamppb.New(time.Date(2026, 5, 6, 15, 0, 0, 0, time.UTC)),
		}))
		i := explained.GetIncidents()[0]
		if i.GetResolveTime() != nil || !strings.Contains(i.GetEndDetail(), "an end that pager told could belong to several") {
			t.Errorf("%v", explained)
		}
		w.curl(mon, ended) // its own end
		w.wantReadings("failed-deployment-recovery-time", "incident a (mon)=3(was 3)")
	})
}
