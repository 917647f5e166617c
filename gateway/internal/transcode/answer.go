package transcode

import (
	"context"
	"net/http"
	"net/url"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
)

// answerHeaders adds what REST says in headers about an answer: its entity tag and where the next page is.
func answerHeaders(ctx context.Context, w http.ResponseWriter, answer proto.Message) error {
	x := exchange.From(ctx)
	message := answer.ProtoReflect()
	if next := text(message, "next_page_token"); next != "" {
		w.Header().Set("Link", "<"+nextPage(x, next)+`>; rel="next"`)
	}
	etag := text(message, "etag")
	if etag == "" {
		return nil
	}
	w.Header().Set("ETag", etag)
	if x.Route != nil && !x.Route.Unsafe() && MatchesAny(x.IfNoneMatch, etag) {
		w.Header().Del("Content-Type")
		w.WriteHeader(http.StatusNotModified) // net/http drops the body that grpc-gateway writes next
	}
	return nil
}

func text(message protoreflect.Message, name protoreflect.Name) string {
	field := message.Descriptor().Fields().ByName(name)
	if field == nil || field.Kind() != protoreflect.StringKind || field.IsList() {
		return ""
	}
	return message.Get(field).String()
}

// nextPage is the address of the same list, one page on.
func nextPage(x *exchange.Exchange, token string) string {
	query := url.Values{}
	path := "/"
	if x.URL != nil {
		query, path = x.URL.Query(), x.URL.EscapedPath()
	}
	query.Del("page_token")
	query.Set("pageToken", token)
	return x.Base + path + "?" + query.Encode()
}

// answerHeader lets the response headers of a service through that have a meaning in REST.
func answerHeader(key string) (string, bool) {
	if key == "idempotency-replayed" {
		return "Idempotency-Replayed", true
	}
	return "", false
}
