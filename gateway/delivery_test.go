package gateway_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

const receivePath = "/v1/teams/payments/deliverySources/hub:receive"

func receipts(known bool, outcomes ...experimentv1.DeliveryOutcome) *experimentv1.ReceiveDeliveryResponse {
	answer := &experimentv1.ReceiveDeliveryResponse{}
	for _, outcome := range outcomes {
		answer.Receipts = append(answer.Receipts, &experimentv1.DeliveryReceipt{Known: known, Delivery: &experimentv1.Delivery{DeliveryId: "d", Outcome: outcome, Reason: "BODY_INVALID"}})
	}
	return answer
}

const (
	accepted = experimentv1.DeliveryOutcome_DELIVERY_OUTCOME_ACCEPTED
	ignored  = experimentv1.DeliveryOutcome_DELIVERY_OUTCOME_IGNORED
	unread   = experimentv1.DeliveryOutcome_DELIVERY_OUTCOME_REFUSED
)

func TestDeliveriesGoOnAsTheyCame(t *testing.T) {
	w := newWorld(t)
	var got *experimentv1.ReceiveDeliveryRequest
	w.experiment.receive = func(r *experimentv1.ReceiveDeliveryRequest) (*experimentv1.ReceiveDeliveryResponse, error) {
		got = r
		return receipts(false, accepted), nil
	}
	body := "{\"a\": \"\xff\x00\"}\r\n "
	a := w.do("POST", receivePath, body, "Authorization", "", "Content-Type", "text/odd; x=y", "X-Hub-Signature-256", "sha256=00", "X-GitHub-Delivery", "d-1",
		"Ce-Source", "caf\xe9", "Webhook-Id", strings.Repeat("x", 4097), "Cookie", "a=b", "X-Elsewhere", "1")
	if a.StatusCode != http.StatusAccepted || !strings.Contains(a.body, "DELIVERY_OUTCOME_ACCEPTED") {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	headers := map[string]string{}
	for _, h := range got.GetHeaders() {
		headers[h.GetName()] = h.GetValue()
	}
	if got.GetName() != "teams/payments/deliverySources/hub" || string(got.GetBody()) != body || len(headers) != 3 ||
		headers["content-type"] != "text/odd; x=y" || headers["x-hub-signature-256"] != "sha256=00" || headers["x-github-delivery"] != "d-1" {
		t.Errorf("%v", got)
	}
}

func TestAnswersToDeliveries(t *testing.T) {
	for _, c := range []struct {
		name   string
		answer *experimentv1.ReceiveDeliveryResponse
		status int
	}{
		{"counted", receipts(false, accepted), http.StatusAccepted},
		{"ignored", receipts(false, ignored), http.StatusAccepted},
		{"known", receipts(true, ignored), http.StatusOK},
		{"refused", receipts(false, unread), http.StatusBadRequest},
		{"a batch of which one can be read", receipts(false, unread, accepted), http.StatusAccepted},
		{"a batch of which none can", receipts(false, unread, unread), http.StatusBadRequest},
	} {
		w := newWorld(t)
		w.experiment.receive = func(*experimentv1.ReceiveDeliveryRequest) (*experimentv1.ReceiveDeliveryResponse, error) {
			return c.answer, nil
		}
		a := w.do("POST", receivePath, "{}", "Authorization", "")
		if a.StatusCode != c.status {
			t.Errorf("%s: %d %s", c.name, a.StatusCode, a.body)
		}
		if c.status == http.StatusBadRequest {
			a.wantProblem(t, c.status, "BODY_INVALID")
		}
	}
	w := newWorld(t)
	w.experiment.receive = func(*experimentv1.ReceiveDeliveryRequest) (*experimentv1.ReceiveDeliveryResponse, error) {
		answer := receipts(false, unread)
		answer.Receipts[0].Field = "commit_time"
		return answer, nil
	}
	if a := w.do("POST", receivePath, "{}", "Authorization", ""); !strings.Contains(a.body, `"field":"commit_time"`) {
		t.Errorf("the violation does not name the member: %s", a.body)
	}
	w = newWorld(t)
	w.do("PUT", receivePath, "{}").wantProblem(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
	w.do("POST", receivePath, strings.Repeat("x", 1<<20+1)).wantProblem(t, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
	w.do("POST", receivePath, "{}", "Content-Encoding", "gzip").wantProblem(t, http.StatusUnsupportedMediaType, "CONTENT_ENCODING_UNSUPPORTED")
	if w.count() != 0 {
		t.Error("a service was asked")
	}
}

// Who sends what nothing vouches for has to wait. Who has sent something good to the source from the same address has not, and neither has
// who signs in there.
func TestForgedDeliveriesAreHeldBack(t *testing.T) {
	const here, there = "203.0.113.1", "203.0.113.2"
	w, _ := limited(t, func(c *gateway.Config) { c.SignInFailures = 3 })
	asked := 0
	w.experiment.receive = func(r *experimentv1.ReceiveDeliveryRequest) (*experimentv1.ReceiveDeliveryResponse, error) {
		asked++
		if string(r.GetBody()) == "good" {
			return receipts(false, accepted), nil
		}
		return nil, fail(codes.Unauthenticated, "DELIVERY_NOT_AUTHENTIC", "Nothing vouches for it.")
	}
	send := func(path, body, from string) answer {
		return w.do("POST", path, body, "Authorization", "", "X-Forwarded-For", from)
	}
	other := strings.Replace(receivePath, "hub", "lab", 1)
	if a := send(receivePath, "good", here); a.StatusCode != http.StatusAccepted {
		t.Fatalf("%d %s", a.StatusCode, a.body)
	}
	for range 3 {
		send(other, "forged", here).wantProblem(t, http.StatusUnauthorized, "DELIVERY_NOT_AUTHENTIC")
	}
	before := asked
	a := send(other, "good", here)
	a.wantProblem(t, http.StatusTooManyRequests, "DELIVERIES_THROTTLED")
	a.wantRetryAfter(t, 590, 600)
	if asked != before {
		t.Error("the service was asked about somebody who is held back")
	}
	for name, a := range map[string]answer{"the good sender": send(receivePath, "good", here), "another address": send(other, "good", there)} {
		if a.StatusCode != http.StatusAccepted {
			t.Errorf("%s: %d %s", name, a.StatusCode, a.body)
		}
	}
	w.identity.set("fn_io", "caller-token-of-io")
	w.do("GET", cyclePath, "", "X-Forwarded-For", here, "Authorization", "Bearer fn_io").wantOK(t)
}
