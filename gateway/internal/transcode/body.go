package transcode

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/routes"
)

const typeJSON = "application/json"

// readBody reads the request's body, at most limit bytes, and checks what can be checked without knowing the message: its
// media type, its encoding and its syntax.
func readBody(w http.ResponseWriter, r *http.Request, route *routes.Route, limit int64) ([]byte, *problem.Problem) {
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, unsupported("CONTENT_ENCODING_UNSUPPORTED", "Send the body as it is, without Content-Encoding.")
	}
	if r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	body, p := readAll(w, r, limit)
	if p != nil {
		return nil, p
	}
	body = bytes.TrimSpace(body)
	if len(body) == 0 {
		return nil, nil
	}
	if route.Body == "" {
		return nil, problem.New(http.StatusBadRequest, codes.InvalidArgument, "BODY_NOT_ALLOWED",
			"This method has no body; it would be ignored. Send the values in the path, the query or a header.")
	}
	if p := checkMediaType(r, route); p != nil {
		return nil, p
	}
	if !utf8.Valid(body) {
		return nil, problem.New(http.StatusBadRequest, codes.InvalidArgument, "BODY_NOT_UTF8", "The body is not valid UTF-8.")
	}
	if p := checkSyntax(body); p != nil {
		return nil, p
	}
	return body, nil
}

func readAll(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, *problem.Problem) {
	if r.ContentLength > limit {
		w.Header().Set("Connection", "close") // the rest is not read
		return nil, tooLarge(limit)
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooMuch *http.MaxBytesError
	switch {
	case err == nil:
	case errors.As(err, &tooMuch):
		return nil, tooLarge(limit)
	default:
		return nil, problem.New(http.StatusBadRequest, codes.InvalidArgument, "BODY_UNREADABLE", "The body ended before it was complete.")
	}
	return body, nil
}

func tooLarge(limit int64) *problem.Problem {
	return problem.New(http.StatusRequestEntityTooLarge, codes.InvalidArgument, "BODY_TOO_LARGE",
		fmt.Sprintf("The body may be %d bytes at most. Split the request.", limit))
}

func checkMediaType(r *http.Request, route *routes.Route) *problem.Problem {
	types := r.Header.Values("Content-Type")
	if len(types) == 1 {
		media, params, err := mime.ParseMediaType(types[0])
		charset, named := params["charset"]
		if err == nil && media == typeJSON && (!named || strings.EqualFold(charset, "utf-8")) {
			return nil
		}
	}
	accepted := "Send `Content-Type: application/json`"
	if strings.HasSuffix(route.Template, "/metrics/*}:import") { // files of measurements do not come here
		accepted += ", `text/csv` or `application/x-ndjson`"
	}
	return unsupported("MEDIA_TYPE_UNSUPPORTED", accepted+", in UTF-8.")
}

func unsupported(reason, detail string) *problem.Problem {
	return problem.New(http.StatusUnsupportedMediaType, codes.InvalidArgument, reason, detail)
}

func checkSyntax(body []byte) *problem.Problem {
	if !json.Valid(body) {
		var syntax *json.SyntaxError
		var raw json.RawMessage
		detail := "The body is not valid JSON."
		if err := json.Unmarshal(body, &raw); errors.As(err, &syntax) {
			line, column := position(body, int(syntax.Offset)-1)
			detail = fmt.Sprintf("The body is not valid JSON at line %d, column %d: %s.", line, column, syntax.Error())
		}
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "JSON_INVALID", detail)
	}
	if body[0] != '{' {
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "JSON_NOT_OBJECT", "The body must be a JSON object.")
	}
	return nil
}
