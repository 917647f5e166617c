package upstream

import (
	"net/http"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/routes"
)

const (
	fieldRequestID protoreflect.Name = "request_id"
	fieldEtag      protoreflect.Name = "etag"
)

// prepare moves what REST says in headers into the request message.
func prepare(x *exchange.Exchange, route *routes.Route, request protoreflect.Message) *problem.Problem {
	if p := putIdempotencyKey(x, route, request); p != nil {
		return p
	}
	tidyMask(x, route, request)
	return putEtag(x, route, request)
}

func putIdempotencyKey(x *exchange.Exchange, route *routes.Route, request protoreflect.Message) *problem.Problem {
	if x.IdempotencyKey == "" || !route.Unsafe() {
		return nil // what changes nothing can be repeated as it is
	}
	field := route.RequestField(fieldRequestID)
	if field == nil {
		// Ignoring the key would let the client believe that a repeat is safe.
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "IDEMPOTENCY_KEY_UNSUPPORTED",
			"This method cannot keep its answer, so a repeat is not safe: send the request without Idempotency-Key, once.")
	}
	if given := request.Get(field).String(); given != "" && given != x.IdempotencyKey {
		return problem.Invalid("requestId", "IDEMPOTENCY_KEY_CONFLICT", "The header Idempotency-Key and requestId differ. Send one of them.")
	}
	request.Set(field, protoreflect.ValueOfString(x.IdempotencyKey))
	return nil
}

func hasRequestID(route *routes.Route, request protoreflect.Message) bool {
	field := route.RequestField(fieldRequestID)
	return field != nil && request.Get(field).String() != ""
}

func putEtag(x *exchange.Exchange, route *routes.Route, request protoreflect.Message) *problem.Problem {
	field := route.RequestField(fieldEtag)
	if x.IfMatchGiven && field == nil {
		// Ignoring the header would turn a conditional request into an unconditional one.
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "IF_MATCH_UNSUPPORTED", "This method does not know If-Match.")
	}
	if field == nil {
		return nil
	}
	given := request.Get(field).String()
	switch {
	case x.IfMatch == "":
		if inBody := bodyEtag(route, request); given == "" && inBody != "" {
			request.Set(field, protoreflect.ValueOfString(inBody))
		}
	case given != "" && given != x.IfMatch:
		return problem.Invalid("etag", "IF_MATCH_CONFLICT", "The header If-Match and etag differ. Send one of them.")
	default:
		request.Set(field, protoreflect.ValueOfString(x.IfMatch))
		x.EtagFromHeader = true
	}
	return nil
}

// bodyEtag is the etag of the resource in the body. A client that reads, changes and sends back a resource sends the etag
// along, and means it (AIP-154).
func bodyEtag(route *routes.Route, request protoreflect.Message) string {
	if route.Body == "" || route.Body == "*" {
		return ""
	}
	field := request.Descriptor().Fields().ByName(protoreflect.Name(route.Body))
	if !request.Has(field) {
		return ""
	}
	resource := request.Get(field).Message()
	etag := resource.Descriptor().Fields().ByName(fieldEtag)
	if etag == nil || etag.Kind() != protoreflect.StringKind {
		return ""
	}
	return resource.Get(etag).String()
}
