// Package delivery takes what forges, pipelines and monitoring systems send: the body and the headers that vouch for it go on as they
// came, because the signature is that of the bytes. Whether it is genuine, and what it says, the service decides.
package delivery

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/encode"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/limit"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/transcode"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

const (
	// maxBody is the largest delivery, in bytes, as the contract has it.
	maxBody = 1 << 20
	// maxHeader is the longest value of a header that goes on, in bytes.
	maxHeader = 4096
	// reasonReused is that of an event whose id was used for another one.
	reasonReused = "DELIVERY_ID_REUSED"
	// maxTrusted bounds the memory of who has sent something good.
	maxTrusted = 10_000
)

// forwarded are the headers that go on, in lower case.
var forwarded = []string{
	"content-type", "idempotency-key", "webhook-id", "webhook-timestamp", "webhook-signature",
	"x-github-event", "x-github-delivery", "x-hub-signature-256", "x-gitlab-event", "x-gitlab-event-uuid", "x-gitlab-token",
	"ce-id", "ce-source", "ce-type", "ce-time",
}

// Config is what the door needs.
type Config struct {
	Experiments experimentv1.ExperimentServiceClient
	Entrance    *credential.Entrance
	// Failures counts what was no good by the addresses that it came from. It is not that of signing in: a webhook whose secret was mistyped
	// must keep nobody out who works behind the same address.
	Failures *limit.Failures
}

// Handler takes deliveries.
type Handler struct {
	Config

	mu sync.Mutex
	// trusted are the senders of something good. They are let in also when others behind the same address guess: the forges send everybody's
	// webhooks from the same addresses.
	trusted map[sender]struct{}
}

// sender is who sends to a source, as far as it can be told.
type sender struct {
	source  string
	address limit.Key
}

// New makes the handler.
func New(config Config) *Handler { return &Handler{Config: config, trusted: map[sender]struct{}{}} }

// Takes tells whether a path is one of a source that deliveries are sent to.
func Takes(path string) bool {
	_, ok := sourceOf(path)
	return ok
}

// sourceOf is the source that a path is for.
func sourceOf(path string) (name string, ok bool) {
	name, ok = strings.CutSuffix(strings.TrimPrefix(path, "/v1/"), ":receive")
	parts := strings.Split(name, "/")
	return name, ok && strings.HasPrefix(path, "/v1/") && len(parts) == 4 && parts[0] == "teams" && parts[2] == "deliverySources"
}

// ServeHTTP takes a delivery: 202 when it is new, be it counted or ignored, 200 when all of it came before, 400 when it cannot be read,
// 409 when its id was used for something else.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, p := h.take(w, r)
	if p == nil {
		p = refusal(answer)
	}
	if p != nil {
		problem.Write(w, r, p)
		return
	}
	body, err := encode.JSON(answer)
	if err != nil {
		problem.Write(w, r, problem.FromStatus(status.Convert(err), exchange.From(r.Context())))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(statusOf(answer))
	_, _ = w.Write(body) //nolint:gosec // JSON, and said to be; a sender that has gone needs no answer
}

func (h *Handler) take(w http.ResponseWriter, r *http.Request) (*experimentv1.ReceiveDeliveryResponse, *problem.Problem) {
	if r.Method != http.MethodPost {
		return nil, transcode.NotAllowed(r.Method, http.MethodPost)
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, problem.New(http.StatusUnsupportedMediaType, codes.InvalidArgument, "CONTENT_ENCODING_UNSUPPORTED", "Send the body as it is, without Content-Encoding.")
	}
	if _, p := h.Entrance.Admit(w, r); p != nil {
		return nil, p
	}
	name, _ := sourceOf(r.URL.Path)
	from := sender{name, limit.OfAddress(exchange.From(r.Context()).Address)}
	if !h.trusts(from) {
		if wait := h.Failures.Held(from.address); wait > 0 {
			p := problem.New(http.StatusTooManyRequests, codes.ResourceExhausted, "DELIVERIES_THROTTLED",
				"Too much came from this address that nothing vouched for. What was good before goes on working; anything else has to wait.")
			p.RetryAfter = wait
			return nil, p
		}
	}
	body, p := read(w, r)
	if p != nil {
		return nil, p
	}
	answer, err := h.Experiments.ReceiveDelivery(r.Context(), &experimentv1.ReceiveDeliveryRequest{Name: name, Headers: headers(r), Body: body})
	switch {
	case err == nil:
		h.trust(from)
		return answer, nil
	case status.Code(err) == codes.Unauthenticated:
		h.Failures.Note(from.address)
	}
	return nil, problem.FromStatus(status.Convert(err), exchange.From(r.Context()))
}

func read(w http.ResponseWriter, r *http.Request) ([]byte, *problem.Problem) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooMuch *http.MaxBytesError
	switch {
	case errors.As(err, &tooMuch):
		return nil, problem.New(http.StatusRequestEntityTooLarge, codes.InvalidArgument, "BODY_TOO_LARGE", "A delivery may have 1 MiB at most.")
	case err != nil:
		return nil, problem.New(http.StatusBadRequest, codes.InvalidArgument, "BODY_UNREADABLE", "The body ended before it was complete.")
	}
	return body, nil
}

func headers(r *http.Request) []*experimentv1.DeliveryHeader {
	var list []*experimentv1.DeliveryHeader
	for _, name := range forwarded {
		if value := r.Header.Get(name); value != "" && len(value) <= maxHeader && utf8.ValidString(value) {
			list = append(list, &experimentv1.DeliveryHeader{Name: name, Value: value})
		}
	}
	return list
}

// refusal is the problem of a delivery that cannot be read. A batch is answered with what came of each of its events, unless none can.
func refusal(answer *experimentv1.ReceiveDeliveryResponse) *problem.Problem {
	var first *experimentv1.DeliveryReceipt
	for _, receipt := range answer.GetReceipts() {
		if receipt.GetDelivery().GetOutcome() != experimentv1.DeliveryOutcome_DELIVERY_OUTCOME_REFUSED {
			return nil
		}
		if first == nil {
			first = receipt
		}
	}
	d := first.GetDelivery()
	if d.GetReason() == reasonReused {
		return problem.New(http.StatusConflict, codes.AlreadyExists, reasonReused, d.GetDescription())
	}
	return problem.Invalid(first.GetField(), d.GetReason(), d.GetDescription())
}

func statusOf(answer *experimentv1.ReceiveDeliveryResponse) int {
	for _, receipt := range answer.GetReceipts() {
		if !receipt.GetKnown() {
			return http.StatusAccepted
		}
	}
	return http.StatusOK
}

func (h *Handler) trusts(s sender) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.trusted[s]
	return ok
}

func (h *Handler) trust(s sender) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.trusted[s] = struct{}{}
	for other := range h.trusted {
		if len(h.trusted) <= maxTrusted {
			return
		}
		delete(h.trusted, other)
	}
}
