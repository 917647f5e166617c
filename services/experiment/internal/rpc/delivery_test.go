package rpc_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const (
	plain    = experimentv1.DeliveryFormat_DELIVERY_FORMAT_PLAIN
	github   = experimentv1.DeliveryFormat_DELIVERY_FORMAT_GITHUB
	gitlab   = experimentv1.DeliveryFormat_DELIVERY_FORMAT_GITLAB
	cdevents = experimentv1.DeliveryFormat_DELIVERY_FORMAT_CDEVENTS
)

// source sets a delivery source of the service checkout up.
func (w *world) source(id string, format experimentv1.DeliveryFormat) *experimentv1.DeliverySource {
	w.t.Helper()
	return ok[*experimentv1.DeliverySource](w.t)(w.client.CreateDeliverySource(w.member(), &experimentv1.CreateDeliverySourceRequest{
		Parent: team, DeliverySourceId: id, DeliverySource: &experimentv1.DeliverySource{Service: "checkout", Environments: []string{"production"}, Format: format},
	}))
}

// deliver sends a body with headers, which are name, value pairs.
func (w *world) deliver(ctx context.Context, source, body string, headers ...string) (*experimentv1.DeliveryReceipt, error) {
	req := &experimentv1.ReceiveDeliveryRequest{Name: source, Body: []byte(body)}
	for i := 0; i < len(headers); i += 2 {
		req.Headers = append(req.Headers, &experimentv1.DeliveryHeader{Name: headers[i], Value: headers[i+1]})
	}
	answer, err := w.client.ReceiveDelivery(ctx, req)
	if err != nil {
		return nil, err
	}
	if len(answer.GetReceipts()) != 1 {
		w.t.Fatalf("%d receipts", len(answer.GetReceipts()))
	}
	return answer.GetReceipts()[0], nil
}

// curl delivers plain JSON with the token of a member, and returns what came of it.
func (w *world) curl(source, body string) string {
	w.t.Helper()
	return receipt(ok[*experimentv1.DeliveryReceipt](w.t)(w.deliver(w.member(), source, body)))
}

// receipt writes a receipt, such as "IGNORED NOT_PRODUCTION" or "ACCEPTED known".
func receipt(r *experimentv1.DeliveryReceipt) string {
	text := strings.TrimPrefix(r.GetDelivery().GetOutcome().String(), "DELIVERY_OUTCOME_") + " " + r.GetDelivery().GetReason()
	if r.GetKnown() {
		text += " known"
	}
	return strings.Join(strings.Fields(text), " ")
}

func hubSignature(secret, body string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	_, _ = mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

// standardSignature are the headers of Standard Webhooks.
func standardSignature(secret, id, body string, at time.Time) []string {
	key, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(secret, "whsec_"))
	if err != nil {
		panic(err)
	}
	stamp := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, key)
	_, _ = mac.Write([]byte(id + "." + stamp + "." + body))
	return []string{"webhook-id", id, "webhook-timestamp", stamp, "webhook-signature", "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))}
}

// recorded are the readings of a metric of checkout, with the values before.
func (w *world) recorded(metric string) string {
	w.t.Helper()
	list, err := w.client.ListMeasurements(w.member(), &experimentv1.ListMeasurementsRequest{Parent: team + "/metrics/checkout-" + metric})
	if err != nil {
		return status.Code(err).String()
	}
	var lines []string
	for _, m := range list.GetMeasurements() {
		line := fmt.Sprintf("%s=%.4g", m.GetSourceKey(), m.GetValue())
		for _, c := range m.GetCorrections() {
			line += fmt.Sprintf("(was %.4g)", c.GetValueBefore())
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, ", ")
}

func (w *world) wantReadings(metric, want string) {
	w.t.Helper()
	if got := w.recorded(metric); got != want {
		w.t.Errorf("%s: %q, want %q", metric, got, want)
	}
}

func TestDeliverySource(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		made := w.source("curl", plain)
		if !strings.HasPrefix(made.GetSecret(), "whsec_") || made.GetReceivePath() != "/v1/"+team+"/deliverySources/curl:receive" || made.GetEtag() == "" {
			t.Fatalf("%v", made)
		}
		w.source("a-github", github)
		got := ok[*experimentv1.DeliverySource](t)(w.client.GetDeliverySource(w.member(), &experimentv1.GetDeliverySourceRequest{Name: made.GetName()}))
		if got.GetSecret() != "" || got.GetService() != "checkout" || got.GetFormat() != plain || !slices.Equal(got.GetEnvironments(), []string{"production"}) {
			t.Errorf("%v", got)
		}
		list := ok[*experimentv1.ListDeliverySourcesResponse](t)(w.client.ListDeliverySources(w.member(), &experimentv1.ListDeliverySourcesRequest{Parent: team})).GetDeliverySources()
		if len(list) != 2 || list[0].GetName() != team+"/deliverySources/a-github" || list[0].GetSecret() != "" {
			t.Errorf("%v", list)
		}
		rotated := ok[*experimentv1.DeliverySource](t)(w.client.RotateDeliverySecret(w.member(), &experimentv1.RotateDeliverySecretRequest{Name: made.GetName()}))
		if rotated.GetSecret() == made.GetSecret() || !rotated.GetPreviousSecretExpireTime().AsTime().Equal(w.clock.Now().Add(24*time.Hour)) {
			t.Errorf("%v", rotated)
		}
		_, err := w.client.DeleteDeliverySource(w.member(), &experimentv1.DeleteDeliverySourceRequest{Name: made.GetName(), Etag: made.GetEtag()})
		wantFault(t, err, fault.Aborted, "ETAG_MISMATCH")
		ok[any](t)(w.client.DeleteDeliverySource(w.member(), &experimentv1.DeleteDeliverySourceRequest{Name: made.GetName()}))
		for name, err := range map[string]error{
			"get":    second(w.client.GetDeliverySource(w.member(), &experimentv1.GetDeliverySourceRequest{Name: made.GetName()})),
			"delete": second(w.client.DeleteDeliverySource(w.member(), &experimentv1.DeleteDeliverySourceRequest{Name: made.GetName()})),
			"rotate": second(w.client.RotateDeliverySecret(w.member(), &experimentv1.RotateDeliverySecretRequest{Name: made.GetName()})),
			"list":   second(w.client.ListDeliveries(w.member(), &experimentv1.ListDeliveriesRequest{Parent: made.GetName()})),
		} {
			if f := wantFault(t, err, fault.NotFound, "DELIVERY_SOURCE_NOT_FOUND"); f == nil {
				t.Error(name)
			}
		}
		if _, err := w.deliver(w.member(), made.GetName(), "{}"); status.Code(err) != codes.Unauthenticated {
			t.Errorf("a deleted source takes something: %v", err)
		}
		_, err = w.client.CreateDeliverySource(w.member(), &experimentv1.CreateDeliverySourceRequest{
			Parent: team, DeliverySourceId: "curl", DeliverySource: &experimentv1.DeliverySource{Service: "checkout", Environments: []string{"production"}, Format: plain},
		})
		wantFault(t, err, fault.AlreadyExists, "DELIVERY_SOURCE_ALREADY_EXISTS")
		_, err = w.client.CreateDeliverySource(w.member(), &experimentv1.CreateDeliverySourceRequest{
			Parent: team, DeliverySource: &experimentv1.DeliverySource{Service: "checkout", Environments: []string{" "}, Format: plain},
		})
		wantFault(t, err, fault.InvalidArgument, "REQUIRED")
		_, err = w.client.CreateDeliverySource(w.member(), &experimentv1.CreateDeliverySourceRequest{Parent: team, DeliverySource: &experimentv1.DeliverySource{Service: "Check Out"}})
		wantFault(t, err, fault.InvalidArgument, "VALIDATION_FAILED")
		want := []string{"DeliverySourceCreated", "DeliverySourceCreated", "DeliverySecretRotated", "DeliverySourceDeleted"}
		if got := w.events(); !slices.Equal(got, want) {
			t.Errorf("events %q", got)
		}
		var audited []string
		for _, e := range testkit.Audited(t, w.log) {
			audited = append(audited, strings.TrimPrefix(e.GetAction().String(), "AUDIT_ACTION_")+" "+e.GetResource()+" "+e.GetActor())
			if len(e.GetDetails()) > 0 || strings.Contains(e.String(), "whsec_") {
				t.Errorf("%v", e)
			}
		}
		name, hub := made.GetName()+" users/mina", team+"/deliverySources/a-github users/mina"
		if want := []string{
			"DELIVERY_SOURCE_CREATED " + name, "DELIVERY_SOURCE_CREATED " + hub, "DELIVERY_SECRET_ROTATED " + name, "DELIVERY_SOURCE_DELETED " + name,
		}; !slices.Equal(audited, want) {
			t.Errorf("audited %q", audited)
		}
	})
}

func second[T any](_ T, err error) error { return err }

// The story of one service, told with curl: in order, late, twice, elsewhere, and with incidents.
func TestDeliveriesBecomeReadings(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		w.clock.add(-25 * 24 * time.Hour) // Thursday, 7 May
		curl := w.source("curl", plain).GetName()
		deployed := func(id, at, more string) string {
			return `{"event":"deployed","service":"checkout","environment":"production","deployment":"` + id + `","time":"2026-05-` + at + `:00:00Z"` + more + `}`
		}
		w.wantReadings("change-lead-time", "NotFound")
		for _, c := range []struct{ body, want string }{
			{deployed("1", "04T10", `,"commit_time":"2026-05-04T08:00:00Z"`), "ACCEPTED"},
			{deployed("1", "04T10", `,"commit_time":"2026-05-04T08:00:00Z"`), "ACCEPTED known"},
			{deployed("3", "06T10", ``), "ACCEPTED NO_LEAD_TIME"},
			{strings.Replace(deployed("9", "06T10", ``), "production", "staging", 1), "IGNORED NOT_PRODUCTION"},
			{strings.Replace(deployed("9", "06T10", ``), "checkout", "search", 1), "IGNORED OTHER_SERVICE"},
			{`{"event":"deployed"`, "REFUSED BODY_INVALID"},
			{`{"event":"deployed"`, "REFUSED BODY_INVALID"}, // looked at again
		} {
			if got := w.curl(curl, c.body); got != c.want {
				t.Errorf("%s: %s, want %s", c.body, got, c.want)
			}
		}
		w.wantReadings("change-lead-time", "deployment 1 (curl)=2")
		w.wantReadings("deployment-frequency", "deployment 3 (curl)=48")
		w.wantReadings("failed-deployment-recovery-time", "NotFound")
		w.wantReadings("change-fail-rate", "NotFound") // nobody has told of an incident yet
		w.clock.add(5 * 24 * time.Hour)                // Tuesday, 12 May
		w.curl(curl, `{"event":"incident_opened","time":"2026-05-06T12:00:00Z","incident":"a","environment":"production"}`)
		w.curl(curl, `{"event":"incident_resolved","time":"2026-05-06T15:00:00Z","incident":"a"}`)
		w.wantReadings("failed-deployment-recovery-time", "incident a (curl)=3")
		w.wantReadings("change-fail-rate", "week 2026-W19=50")
		w.wantReadings("deployment-rework-rate", "NotFound")
		// Late: a deployment in between, to which the incident belongs, and that was not planned.
		w.curl(curl, deployed("2", "06T11", `,"unplanned":true,"commit_time":"2026-05-06T10:00:00Z"`))
		w.wantReadings("change-lead-time", "deployment 1 (curl)=2, deployment 2 (curl)=1")
		w.wantReadings("deployment-frequency", "deployment 3 (curl)=48, deployment 2 (curl)=1")
		w.wantReadings("change-fail-rate", "week 2026-W19=33.33(was 50)")
		w.wantReadings("deployment-rework-rate", "week 2026-W19=33.33")
		checkListedDeliveries(t, w, curl)
		checkDeliveryMetrics(t, w, curl)
		checkExplanation(t, w)
	})
}

func checkListedDeliveries(t *testing.T, w *world, source string) {
	t.Helper()
	var got []string
	for token := ""; ; {
		page := ok[*experimentv1.ListDeliveriesResponse](t)(w.client.ListDeliveries(w.member(), &experimentv1.ListDeliveriesRequest{Parent: source, PageSize: 2, PageToken: token}))
		for _, d := range page.GetDeliveries() {
			got = append(got, d.GetType()+" "+receipt(&experimentv1.DeliveryReceipt{Delivery: d}))
			if (d.GetReason() == "") != (d.GetDescription() == "") || d.GetDeliveryId() == "" || !d.GetReceiveTime().IsValid() {
				t.Errorf("%v", d)
			}
		}
		if token = page.GetNextPageToken(); token == "" {
			break
		}
	}
	want := []string{
		"deployed ACCEPTED", "incident_resolved ACCEPTED", "incident_opened ACCEPTED", "REFUSED BODY_INVALID",
		"deployed IGNORED OTHER_SERVICE", "deployed IGNORED NOT_PRODUCTION", "deployed ACCEPTED NO_LEAD_TIME", "deployed ACCEPTED",
	}
	for i := range got {
		got[i] = strings.TrimSpace(got[i])
	}
	if !slices.Equal(got, want) {
		t.Errorf("deliveries %q", got)
	}
}

func checkDeliveryMetrics(t *testing.T, w *world, source string) {
	t.Helper()
	const lead = team + "/metrics/checkout-change-lead-time"
	m := ok[*experimentv1.Metric](t)(w.client.GetMetric(w.member(), &experimentv1.GetMetricRequest{Name: lead}))
	if m.GetComputedBy() != source || m.GetUnit() != "h" || m.GetDirection() != experimentv1.Direction_DIRECTION_LOWER || !m.GetFloorAtZero() {
		t.Errorf("%v", m)
	}
	_, err := w.client.CreateMeasurement(w.member(), &experimentv1.CreateMeasurementRequest{
		Parent: lead, Measurement: &experimentv1.Measurement{Time: timestamppb.New(w.clock.Now()), Value: new(1.0)},
	})
	wantFault(t, err, fault.FailedPrecondition, "METRIC_COMPUTED")
}

func checkExplanation(t *testing.T, w *world) {
	t.Helper()
	explain := func(metric, key string, at time.Time) (*experimentv1.MeasurementExplanation, error) {
		return w.client.ExplainMeasurement(w.member(), &experimentv1.ExplainMeasurementRequest{Name: team + "/metrics/" + metric, SourceKey: key, Time: timestamppb.New(at)})
	}
	monday := time.Date(2026, 5, 11, 0, 0, 0, 0, time.UTC)
	got := ok[*experimentv1.MeasurementExplanation](t)(explain("checkout-change-fail-rate", "week 2026-W19", monday))
	if m := got.GetMeasurement(); len(m.GetCorrections()) != 1 || !strings.Contains(m.GetCorrections()[0].GetReason(), "deployed sha256-") {
		t.Errorf("%v", m)
	}
	if len(got.GetDeployments()) != 3 || len(got.GetIncidents()) != 1 {
		t.Fatalf("%v", got)
	}
	link := got.GetIncidents()[0].GetCausedBy()
	if link.GetDeployment() != "2" || link.GetBasis() != experimentv1.LinkBasis_LINK_BASIS_GUESSED || link.GetDetail() == "" {
		t.Errorf("%v", link)
	}
	if d := got.GetDeployments()[2]; d.GetDeployment() != "2" || !d.GetFailed() || !d.GetUnplanned() || d.GetRollback() || d.GetDeliverySource() == "" || d.GetDeliveryId() == "" {
		t.Errorf("%v", d)
	}
	_, err := explain("checkout-change-fail-rate", "week 2026-W18", monday)
	wantFault(t, err, fault.NotFound, "MEASUREMENT_NOT_FOUND")
	ok[any](t)(w.client.CreateMetric(w.member(), &experimentv1.CreateMetricRequest{Parent: team, MetricId: "by-hand-change-lead-time", Metric: &experimentv1.Metric{
		DisplayName: "By hand", Direction: experimentv1.Direction_DIRECTION_LOWER, Kind: experimentv1.MetricKind_METRIC_KIND_PROCESS,
	}}))
	_, err = explain("by-hand-change-lead-time", "x", monday)
	wantFault(t, err, fault.FailedPrecondition, "METRIC_NOT_COMPUTED")
}

// The same id with another payload is refused, and changes nothing; the same payload, however it is written, is known.
func TestDeliveryIDUsedAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		curl, cd := w.source("curl", plain).GetName(), w.source("cd", cdevents).GetName()
		send := func(body, want string) *experimentv1.DeliveryReceipt {
			t.Helper()
			got := ok[*experimentv1.DeliveryReceipt](t)(w.deliver(w.member(), curl, body, "idempotency-key", "build-1"))
			if receipt(got) != want {
				t.Errorf("%s: %s, want %s", body, receipt(got), want)
			}
			return got
		}
		send(`{"event":"deployed"`, "REFUSED BODY_INVALID")
		send(`{"event":"deployed","environment":"production","deployment":"1","time":"2026-05-04T10:00:00Z","commit_time":"2026-05-04T08:00:00Z"}`, "ACCEPTED")
		send(`{"time":"2026-05-04T10:00:00Z", "deployment":"1","environment":"production","event":"deployed","commit_time":"2026-05-04T08:00:00Z"}`, "ACCEPTED known")
		refused := send(`{"event":"deployed","environment":"production","deployment":"2","time":"2026-05-04T10:00:00Z","commit_time":"2026-05-04T08:00:00Z"}`, "REFUSED DELIVERY_ID_REUSED")
		if text := refused.GetDelivery().GetDescription(); !strings.Contains(text, "2026-06-01T09:00:00Z") || !strings.Contains(text, "an id of its own") {
			t.Errorf("no way out: %s", text)
		}
		w.wantReadings("change-lead-time", "deployment 1 (curl)=2")
		list := ok[*experimentv1.ListDeliveriesResponse](t)(w.client.ListDeliveries(w.member(), &experimentv1.ListDeliveriesRequest{Parent: curl})).GetDeliveries()
		if len(list) != 1 || list[0].GetOutcome() != experimentv1.DeliveryOutcome_DELIVERY_OUTCOME_ACCEPTED {
			t.Errorf("%v", list)
		}
		event := `{"specversion":"1.0","id":"1","source":"/ci","type":"dev.cdevents.service.deployed.0.2.0","data":{"context":{"id":"1","source":"/ci","type":"dev.cdevents.service.deployed.0.2.0","timestamp":"2026-05-05T1%d:00:00Z"},"subject":{"id":"checkout","content":{"environment":{"id":"production"}}}}}`
		batch := fmt.Sprintf("["+event+","+event+","+event+"]", 0, 1, 0)
		answer := ok[*experimentv1.ReceiveDeliveryResponse](t)(w.client.ReceiveDelivery(w.member(), &experimentv1.ReceiveDeliveryRequest{
			Name: cd, Headers: []*experimentv1.DeliveryHeader{{Name: "content-type", Value: "application/cloudevents-batch+json"}}, Body: []byte(batch),
		}))
		for i, want := range []string{"ACCEPTED NO_LEAD_TIME", "REFUSED DELIVERY_ID_REUSED", "ACCEPTED NO_LEAD_TIME known"} {
			if got := receipt(answer.GetReceipts()[i]); got != want {
				t.Errorf("event %d of the batch: %s, want %s", i, got, want)
			}
		}
	})
}

// A reading that no event speaks for any more leaves the chart; what it was and why stays, and it comes back when events speak for it again.
func TestReadingsAreWithdrawn(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		curl := w.source("curl", plain).GetName()
		opened := `{"event":"incident_opened","time":"2026-05-06T12:00:00Z","incident":"a","environment":"production","deployment":"1"}`
		w.curl(curl, opened)
		w.curl(curl, `{"event":"incident_resolved","time":"2026-05-06T15:00:00Z","incident":"a"}`)
		w.wantReadings("failed-deployment-recovery-time", "incident a (curl)=3") // of a deployment that nobody has told of
		w.curl(curl, `{"event":"deployed","environment":"production","deployment":"1","time":"2026-05-06T13:00:00Z"}`)
		w.wantReadings("failed-deployment-recovery-time", "") // it ran only after the incident began
		const recovery = team + "/metrics/checkout-failed-deployment-recovery-time"
		chart := ok[*experimentv1.ProcessBehaviourChart](t)(w.client.AnalyzeMetric(w.member(), &experimentv1.AnalyzeMetricRequest{Name: recovery}))
		if len(chart.GetPoints()) != 0 {
			t.Errorf("the chart has %v", chart.GetPoints())
		}
		explain := func() *experimentv1.MeasurementExplanation {
			return ok[*experimentv1.MeasurementExplanation](t)(w.client.ExplainMeasurement(w.member(), &experimentv1.ExplainMeasurementRequest{
				Name: recovery, SourceKey: "incident a (curl)", Time: timestamppb.New(time.Date(2026, 5, 6, 15, 0, 0, 0, time.UTC)),
			}))
		}
		gone := explain()
		if told := w.corrected(); len(told) != 1 || !told[0].GetWithdrawn() || told[0].GetMeasurement().GetValue() != 3 {
			t.Errorf("told %v", told)
		}
		before := gone.GetMeasurement().GetCorrections()
		if len(before) != 1 || before[0].GetValueBefore() != 3 || !strings.Contains(before[0].GetReason(), "deployed sha256-") ||
			!strings.HasPrefix(gone.GetRule(), "This reading was withdrawn") || gone.GetIncidents()[0].GetCausedBy() != nil {
			t.Errorf("%v", gone)
		}
		w.curl(curl, `{"event":"deployed","environment":"production","deployment":"0","time":"2026-05-06T11:00:00Z"}`)
		w.wantReadings("failed-deployment-recovery-time", "incident a (curl)=3(was 3)")
		if back := explain(); strings.Contains(back.GetRule(), "withdrawn") || back.GetIncidents()[0].GetCausedBy().GetDeployment() != "0" {
			t.Errorf("%v", back)
		}
	})
}

// corrected are the events that tell of readings that were corrected or withdrawn.
func (w *world) corrected() (told []*experimentv1.MeasurementCorrected) {
	w.t.Helper()
	w.events() // numbers them
	for _, r := range ok[[]eventlog.Record](w.t)(w.log.List(w.t.Context(), 0, 1000)) {
		if strings.HasSuffix(r.Type, ".MeasurementCorrected") {
			e := &experimentv1.MeasurementCorrected{}
			if err := protojson.Unmarshal(r.Data, e); err != nil {
				w.t.Fatal(err)
			}
			told = append(told, e)
		}
	}
	return told
}

// Whatever the order in which deliveries come, charts and explanations are the same.
func TestOrderOfDeliveriesNeverMatters(t *testing.T) {
	w := newWorld(t, db.SQLite)
	n := 0
	rapid.Check(t, func(t *rapid.T) {
		type delivery struct{ source, body string }
		var all []delivery
		id := func(label string) string { return strconv.Itoa(rapid.IntRange(1, 5).Draw(t, label)) }
		at := func() string {
			return time.Date(2026, 5, 4, rapid.IntRange(0, 14*24).Draw(t, "hour"), 0, 0, 0, time.UTC).Format(time.RFC3339)
		}
		for range rapid.IntRange(3, 14).Draw(t, "deliveries") {
			body := `"environment":"production","time":"` + at() + `"`
			switch rapid.IntRange(0, 4).Draw(t, "kind") {
			case 0, 1:
				body = `{"event":"deployed","deployment":"` + id("deployment") + `","commit_time":"` + at() + `",` + body + "}"
			case 2:
				body = `{"event":"rolledback","deployment":"` + id("deployment") + `",` + body + "}"
			case 3:
				body = `{"event":"incident_opened","incident":"` + id("incident") + `",` + body + "}"
				if rapid.Bool().Draw(t, "declared") {
					body = strings.TrimSuffix(body, "}") + `,"deployment":"` + id("deployment") + `"}`
				}
			default:
				body = `{"event":"incident_resolved","incident":"` + id("incident") + `",` + body + "}"
			}
			all = append(all, delivery{rapid.SampledFrom([]string{"ci", "pager"}).Draw(t, "source"), body})
		}
		told := func(order []delivery) string {
			n++
			service := fmt.Sprint("s", n)
			for _, id := range []string{"ci", "pager"} {
				ok[any](w.t)(w.client.CreateDeliverySource(w.member(), &experimentv1.CreateDeliverySourceRequest{
					Parent: team, DeliverySourceId: id + service, DeliverySource: &experimentv1.DeliverySource{Service: service, Environments: []string{"production"}, Format: plain},
				}))
			}
			for _, d := range order {
				ok[any](w.t)(w.deliver(w.member(), team+"/deliverySources/"+d.source+service, d.body))
			}
			return strings.ReplaceAll(w.explained(service), service, "")
		}
		want := told(all)
		if got := told(rapid.Permutation(all).Draw(t, "order")); got != want {
			t.Fatalf("got\n%s\nwant\n%s", got, want)
		}
	})
}

// explained are the readings of a service with what they rest on, without what arrival decides: times of recording, corrections.
func (w *world) explained(service string) string {
	var lines []string
	for _, metric := range []string{"change-lead-time", "deployment-frequency", "failed-deployment-recovery-time", "change-fail-rate", "deployment-rework-rate"} {
		name := team + "/metrics/" + service + "-" + metric
		list, err := w.client.ListMeasurements(w.member(), &experimentv1.ListMeasurementsRequest{Parent: name, PageSize: 1000})
		if err != nil {
			continue // a metric with no readings may have been made on the way
		}
		for _, m := range list.GetMeasurements() {
			e := ok[*experimentv1.MeasurementExplanation](w.t)(w.client.ExplainMeasurement(w.member(), &experimentv1.ExplainMeasurementRequest{
				Name: name, SourceKey: m.GetSourceKey(), Time: m.GetTime(),
			}))
			e.Measurement.Corrections, e.Measurement.RecordTime = nil, nil
			lines = append(lines, string(ok[[]byte](w.t)(protojson.Marshal(e))))
		}
	}
	return strings.ReplaceAll(strings.Join(lines, "\n"), `": "`, `":"`)
}

// A metric of the same name that people record is left alone, and the delivery says so.
func TestMetricByHandIsLeftAlone(t *testing.T) {
	w := newWorld(t, db.SQLite)
	ok[any](t)(w.client.CreateMetric(w.member(), &experimentv1.CreateMetricRequest{Parent: team, MetricId: "checkout-change-lead-time", Metric: &experimentv1.Metric{
		DisplayName: "By hand", Direction: experimentv1.Direction_DIRECTION_LOWER, Kind: experimentv1.MetricKind_METRIC_KIND_PROCESS,
	}}))
	curl := w.source("curl", plain).GetName()
	got := w.curl(curl, `{"event":"deployed","environment":"production","time":"2026-05-04T10:00:00Z","commit_time":"2026-05-04T08:00:00Z"}`)
	if got != "ACCEPTED METRIC_BY_HAND" {
		t.Errorf("the receipt says %s", got)
	}
	w.wantReadings("change-lead-time", "")
	w.wantReadings("deployment-frequency", "")
	list := ok[*experimentv1.ListDeliveriesResponse](t)(w.client.ListDeliveries(w.member(), &experimentv1.ListDeliveriesRequest{Parent: curl})).GetDeliveries()
	if len(list) != 1 || list[0].GetReason() != "METRIC_BY_HAND" || list[0].GetOutcome() != experimentv1.DeliveryOutcome_DELIVERY_OUTCOME_ACCEPTED {
		t.Errorf("%v", list)
	}
}

func TestForgedDeliveries(t *testing.T) {
	w := newWorld(t, db.SQLite)
	body := `{"event":"deployed","environment":"production","time":"2026-05-04T10:00:00Z"}`
	curl, hub, lab := w.source("curl", plain), w.source("hub", github), w.source("lab", gitlab)
	w.clock.add(time.Minute)
	rotated := ok[*experimentv1.DeliverySource](t)(w.client.RotateDeliverySecret(w.member(), &experimentv1.RotateDeliverySecretRequest{Name: lab.GetName()}))
	now := w.clock.Now()
	push := `{"commits":[]}`
	hubHeaders := []string{"x-github-event", "push"}
	anonymous := t.Context()
	for name, c := range map[string]struct {
		ctx          context.Context
		source, body string
		headers      []string
		want         bool
	}{
		"a member's token":               {w.member(), curl.GetName(), body, nil, true},
		"a bot's token":                  {w.as(caller.Caller{Subject: "teams/payments/tokens/ci", Teams: map[string]caller.Role{"payments": caller.Member}}), curl.GetName(), body, nil, true},
		"a token for reading":            {w.as(caller.Caller{Subject: "users/mina", Teams: map[string]caller.Role{"payments": caller.Member}, ReadOnly: true}), curl.GetName(), body, nil, false},
		"a viewer's token":               {w.as(callertest.User("vera", "payments", caller.Viewer)), curl.GetName(), body, nil, false},
		"another team's token":           {w.as(callertest.User("otto", "search", caller.Coach)), curl.GetName(), body, nil, false},
		"nothing":                        {anonymous, curl.GetName(), body, nil, false},
		"a signature":                    {anonymous, curl.GetName(), body, standardSignature(curl.GetSecret(), "1", body, now), true},
		"an old signature":               {anonymous, curl.GetName(), body, standardSignature(curl.GetSecret(), "2", body, now.Add(-6*time.Minute)), false},
		"another source's signature":     {anonymous, curl.GetName(), body, standardSignature(lab.GetSecret(), "3", body, now), false},
		"an altered body":                {anonymous, curl.GetName(), body + " ", standardSignature(curl.GetSecret(), "4", body, now), false},
		"GitHub's signature":             {anonymous, hub.GetName(), push, append(slices.Clone(hubHeaders), "x-hub-signature-256", hubSignature(hub.GetSecret(), push)), true},
		"GitHub's, of another body":      {anonymous, hub.GetName(), push + " ", append(slices.Clone(hubHeaders), "x-hub-signature-256", hubSignature(hub.GetSecret(), push)), false},
		"a member's token for GitHub":    {w.member(), hub.GetName(), push, hubHeaders, false},
		"GitLab's token":                 {anonymous, lab.GetName(), `{"object_kind":"push"}`, []string{"x-gitlab-token", rotated.GetSecret()}, true},
		"GitLab's token before":          {anonymous, lab.GetName(), `{"object_kind":"push"}`, []string{"x-gitlab-token", lab.GetSecret()}, true},
		"GitLab's token, altered":        {anonymous, lab.GetName(), `{"object_kind":"push"}`, []string{"x-gitlab-token", lab.GetSecret() + "="}, false},
		"an unknown source":              {w.member(), team + "/deliverySources/none", body, nil, false},
		"an unknown source, with a hash": {anonymous, team + "/deliverySources/none", body, standardSignature(curl.GetSecret(), "5", body, now), false},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.deliver(c.ctx, c.source, c.body, c.headers...)
			if c.want {
				ok[any](t)(nil, err)
				return
			}
			f := wantFault(t, err, fault.Unauthenticated, "DELIVERY_NOT_AUTHENTIC")
			if strings.Contains(f.Message, c.source) || len(f.Metadata) > 0 {
				t.Errorf("the refusal tells %q", f.Message)
			}
		})
	}
	w.clock.add(24 * time.Hour)
	_, err := w.deliver(anonymous, lab.GetName(), `{"object_kind":"push"}`, "x-gitlab-token", lab.GetSecret())
	wantFault(t, err, fault.Unauthenticated, "DELIVERY_NOT_AUTHENTIC")
	// Nothing that was refused has left anything behind: what nobody vouches for is not kept.
	list := ok[*experimentv1.ListDeliveriesResponse](t)(w.client.ListDeliveries(w.member(), &experimentv1.ListDeliveriesRequest{Parent: hub.GetName()})).GetDeliveries()
	if len(list) != 1 || list[0].GetReason() != "NO_COMMITS" {
		t.Errorf("%v", list)
	}
}

// The forges' own shapes: a push tells when the commit was made, a deployment that it runs; whoever sends it again under another id, which no
// signature covers, changes nothing.
func TestForgesBecomeReadings(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		read := func(name string) string {
			text, err := os.ReadFile("../domain/testdata/delivery/" + name)
			if err != nil {
				t.Fatal(err)
			}
			return string(text)
		}
		hub, lab := w.source("hub", github), w.source("lab", gitlab)
		send := func(event, id, body, want string) {
			t.Helper()
			got, err := w.deliver(t.Context(), hub.GetName(), body, "x-github-event", event, "x-github-delivery", id, "x-hub-signature-256", hubSignature(hub.GetSecret(), body))
			if err != nil || receipt(got) != want {
				t.Errorf("%s %s: %v, %v, want %s", event, id, got, err, want)
			}
		}
		status, push := read("github_deployment_status.json"), read("github_push.json")
		send("deployment_status", "d-1", status, "ACCEPTED NO_LEAD_TIME")
		w.wantReadings("change-lead-time", "") // when the commit was made is not known, and not guessed
		send("push", "p-1", push, "ACCEPTED")
		w.wantReadings("change-lead-time", "deployment 145988746 (hub)=5")
		send("deployment_status", "d-1", status, "ACCEPTED NO_LEAD_TIME known")
		send("deployment_status", "d-2", status, "ACCEPTED")
		send("deployment_status", "d-3", strings.Replace(status, `"state": "success"`, `"state": "inactive"`, 1), "IGNORED STATE_NOT_SUCCESS")
		w.wantReadings("change-lead-time", "deployment 145988746 (hub)=5")
		// GitLab deploys the same service on the same day, 4 hours and a half later: both sources are of one service.
		body := read("gitlab_deployment.json")
		got, err := w.deliver(t.Context(), lab.GetName(), body, standardSignature(lab.GetSecret(), "w-1", body, w.clock.Now())...)
		if err != nil || receipt(got) != "ACCEPTED" {
			t.Errorf("%v %v", got, err)
		}
		w.wantReadings("deployment-frequency", "deployment 15 (lab)=4.485")
	})
}

// A batch of CloudEvents is taken event by event.
func TestBatchOfCloudEvents(t *testing.T) {
	w := newWorld(t, db.SQLite)
	source := w.source("cd", cdevents).GetName()
	text, err := os.ReadFile("../domain/testdata/delivery/cdevents.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	var events []string
	for i, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		events = append(events, fmt.Sprintf(`{"specversion":"1.0","id":"%d","source":"/ci","type":"x","data":%s}`, i, line))
	}
	req := &experimentv1.ReceiveDeliveryRequest{
		Name: source, Headers: []*experimentv1.DeliveryHeader{{Name: "content-type", Value: "application/cloudevents-batch+json"}},
		Body: []byte("[" + strings.Join(append(events, events[0]), ",") + "]"),
	}
	got := ok[*experimentv1.ReceiveDeliveryResponse](t)(w.client.ReceiveDelivery(w.member(), req)).GetReceipts()
	if len(got) != len(events)+1 || receipt(got[0]) != "ACCEPTED NO_LEAD_TIME" || receipt(got[len(got)-1]) != "ACCEPTED NO_LEAD_TIME known" {
		t.Errorf("%d receipts: %v", len(got), got)
	}
	again := ok[*experimentv1.ReceiveDeliveryResponse](t)(w.client.ReceiveDelivery(w.member(), req)).GetReceipts()
	for _, r := range again {
		if !r.GetKnown() {
			t.Errorf("%v", r)
		}
	}
	w.wantReadings("deployment-frequency", "deployment 00000000-0000-4000-8000-000000000002 (cd /ci)=0, deployment 00000000-0000-4000-8000-000000000003 (cd /ci)=0, deployment 00000000-0000-4000-8000-000000000004 (cd /ci)=0")
	req.Body = make([]byte, 1<<20+1)
	_, err = w.client.ReceiveDelivery(w.member(), req)
	wantFault(t, err, fault.InvalidArgument, "VALIDATION_FAILED")
}

// Deliveries that come at once, some of them twice, count once each.
func TestDeliveriesAtOnce(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		curl := w.source("curl", plain).GetName()
		const days = 12
		var group errgroup.Group
		for i := range 2 * days {
			day := i%days + 1
			group.Go(func() error {
				body := fmt.Sprintf(`{"event":"deployed","environment":"production","deployment":"%02d","time":"2026-05-%02dT10:00:00Z"}`, day, day)
				_, err := w.deliver(w.member(), curl, body)
				return err
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		var want []string
		for day := 2; day <= days; day++ {
			want = append(want, fmt.Sprintf("deployment %02d (curl)=24", day))
		}
		got := regexp.MustCompile(`\(was [^)]*\)`).ReplaceAllString(w.recorded("deployment-frequency"), "")
		if got != strings.Join(want, ", ") {
			t.Errorf("%s", got)
		}
		list := ok[*experimentv1.ListDeliveriesResponse](t)(w.client.ListDeliveries(w.member(), &experimentv1.ListDeliveriesRequest{Parent: curl})).GetDeliveries()
		if len(list) != days {
			t.Errorf("%d deliveries", len(list))
		}
	})
}
