package problem

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
)

// Reasons that decide about the HTTP status.
const (
	reasonEtagMismatch         = "ETAG_MISMATCH"
	reasonKeyReused            = "IDEMPOTENCY_KEY_REUSED"
	reasonPreconditionRequired = "PRECONDITION_REQUIRED"
	reasonDiskFull             = "DISK_FULL"
	reasonRequestRunning       = "REQUEST_RUNNING"
)

// statusClientClosed is what the logs show when the client went away; nobody receives it.
const statusClientClosed = 499

// FromStatus makes a problem of what a service, or the way to it, answered. Only a status that carries our own ErrorInfo is
// shown with its text: any other text comes from a library and may tell addresses or worse.
func FromStatus(st *status.Status, x *exchange.Exchange) *Problem {
	p := &Problem{Code: CodeName(st.Code()), Domain: Domain}
	var links []*errdetails.Help_Link
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == Domain {
				p.Reason, p.Detail, p.Metadata = d.GetReason(), st.Message(), d.GetMetadata()
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				p.Violations = append(p.Violations, Violation{
					Field: FieldPath(v.GetField(), x), Reason: v.GetReason(), Description: v.GetDescription(),
				})
			}
		case *errdetails.Help:
			links = d.GetLinks()
		case *errdetails.RetryInfo:
			p.RetryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	if len(links) == len(p.Violations) { // one for each, in order
		for i, link := range links {
			p.Violations[i].Link = link.GetUrl()
		}
	}
	p.Detail = withFieldPath(p.Detail, st, x)
	if p.Reason == "" {
		p.Reason, p.Detail = CodeName(st.Code()), plainDetail(st.Code())
		p.Violations = nil
	}
	p.Status = httpStatus(st.Code(), p.Reason, x)
	again := p.Status == http.StatusTooManyRequests || p.Status == http.StatusServiceUnavailable || p.Reason == reasonRequestRunning
	if p.RetryAfter == 0 && again {
		p.RetryAfter = time.Second
	}
	return p
}

// withFieldPath names the field with which a text begins as the client has named it.
func withFieldPath(text string, st *status.Status, x *exchange.Exchange) string {
	for _, detail := range st.Details() {
		if bad, ok := detail.(*errdetails.BadRequest); ok && len(bad.GetFieldViolations()) > 0 {
			field := bad.GetFieldViolations()[0].GetField()
			if rest, begins := strings.CutPrefix(text, field+" "); begins && field != "" {
				return cmp.Or(FieldPath(field, x), "The body") + " " + rest
			}
		}
	}
	return text
}

func httpStatus(code codes.Code, reason string, x *exchange.Exchange) int {
	switch reason {
	case reasonEtagMismatch:
		if x.EtagFromHeader {
			return http.StatusPreconditionFailed
		}
		return http.StatusConflict
	case reasonKeyReused:
		return http.StatusUnprocessableEntity
	case reasonPreconditionRequired:
		return http.StatusPreconditionRequired
	case reasonDiskFull:
		return http.StatusInsufficientStorage
	case reasonRequestRunning:
		return http.StatusConflict
	}
	switch code {
	case codes.InvalidArgument, codes.FailedPrecondition, codes.OutOfRange:
		return http.StatusBadRequest
	case codes.Unauthenticated:
		return http.StatusUnauthorized
	case codes.PermissionDenied:
		return http.StatusForbidden
	case codes.NotFound:
		return http.StatusNotFound
	case codes.AlreadyExists, codes.Aborted:
		return http.StatusConflict
	case codes.ResourceExhausted:
		return http.StatusTooManyRequests
	case codes.Unimplemented:
		return http.StatusNotImplemented
	case codes.Unavailable:
		return http.StatusServiceUnavailable
	case codes.DeadlineExceeded:
		return http.StatusGatewayTimeout
	case codes.Canceled:
		return statusClientClosed
	default:
		return http.StatusInternalServerError
	}
}

func plainDetail(code codes.Code) string {
	switch code {
	case codes.Unauthenticated:
		return "This needs a valid credential."
	case codes.PermissionDenied:
		return "The caller may not do this."
	case codes.NotFound:
		return "There is no such resource."
	case codes.Unavailable:
		return "A part of Fortnight cannot be reached at the moment. Try again."
	case codes.DeadlineExceeded:
		return "The answer took too long. Whether the request had an effect is not known; repeat it with the same Idempotency-Key."
	case codes.ResourceExhausted:
		return "Too much is asked at the moment. Try again later."
	case codes.InvalidArgument:
		return "The request cannot be understood."
	case codes.Unimplemented:
		return "This server cannot do that."
	default:
		return "Something went wrong that is not the client's fault. The operator finds it in the log by the request id."
	}
}

// FieldPath is a field of the request message as the REST client knows it: lowerCamelCase, and from the body's root on when
// the body is a field of the request.
func FieldPath(field string, x *exchange.Exchange) string {
	if x.Route != nil && x.Route.Body != "" && x.Route.Body != "*" {
		if field == x.Route.Body {
			return ""
		}
		field = strings.TrimPrefix(field, x.Route.Body+".")
	}
	var b strings.Builder
	upper := false
	for _, c := range field {
		switch {
		case c == '_':
			upper = true
			continue
		case upper && c >= 'a' && c <= 'z':
			b.WriteRune(c - 'a' + 'A')
		default:
			b.WriteRune(c)
		}
		upper = false
	}
	return b.String()
}
