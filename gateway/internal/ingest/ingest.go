// Package ingest takes files of measurements of any length, as the body of a request, and hands them on as they arrive: a slow
// service slows the client down, and nobody holds the whole file.
package ingest

import (
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/fortnighthq/fortnight/gateway/internal/credential"
	"github.com/fortnighthq/fortnight/gateway/internal/encode"
	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/patience"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

// partSize is how many bytes go into one message.
const partSize = 256 << 10

var formats = map[string]experimentv1.MeasurementFormat{
	"text/csv":             experimentv1.MeasurementFormat_MEASUREMENT_FORMAT_CSV,
	"application/x-ndjson": experimentv1.MeasurementFormat_MEASUREMENT_FORMAT_NDJSON,
}

// The names of one query parameter: the JSON name and the contract's own, as everywhere in the API.
const (
	validateOnly      = "validateOnly"
	snakeValidateOnly = "validate_only"
)

// Config is what the import needs.
type Config struct {
	Experiments experimentv1.ExperimentServiceClient
	Entrance    *credential.Entrance
	// ReadTimeout is how long a client may be silent in the middle of a file.
	ReadTimeout time.Duration
	// MaxBytes is the size of the largest file.
	MaxBytes int64
}

// Handler takes files of measurements.
type Handler struct{ Config }

// New makes the handler.
func New(config Config) *Handler { return &Handler{config} }

// Takes tells whether a request brings a file of measurements, be it of a type that is not taken; JSON is a call like any other.
func Takes(r *http.Request) bool {
	return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, ":import") && strings.Contains(r.URL.Path, "/metrics/") && !isJSON(r)
}

func isJSON(r *http.Request) bool {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	return err == nil && media == "application/json"
}

func format(r *http.Request) experimentv1.MeasurementFormat {
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if charset := parameters["charset"]; err != nil || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return experimentv1.MeasurementFormat_MEASUREMENT_FORMAT_UNSPECIFIED
	}
	return formats[media]
}

// ServeHTTP imports the body.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	answer, p := h.run(w, r)
	if p != nil {
		w.Header().Set("Connection", "close") // the rest of the file is not read
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
	_, _ = w.Write(body) //nolint:gosec // JSON, and a client that has gone needs no answer
}

func (h *Handler) run(w http.ResponseWriter, r *http.Request) (*experimentv1.ImportMeasurementsResponse, *problem.Problem) {
	if _, p := h.Entrance.Admit(w, r); p != nil {
		return nil, p
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return nil, problem.New(http.StatusUnsupportedMediaType, codes.InvalidArgument, "CONTENT_ENCODING_UNSUPPORTED", "Send the body as it is, without Content-Encoding.")
	}
	if format(r) == 0 { // before the query, which a call with JSON does not have
		return nil, problem.New(http.StatusUnsupportedMediaType, codes.InvalidArgument, "MEDIA_TYPE_UNSUPPORTED",
			"Send `Content-Type: application/json`, `text/csv` or `application/x-ndjson`, in UTF-8.")
	}
	first, p := parse(r)
	if p != nil {
		return nil, p
	}
	if r.ContentLength > h.MaxBytes { // before anything of it was read and staged
		return nil, h.tooLarge("Nothing was imported. Split it.")
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	stream, err := h.Experiments.StreamMeasurements(ctx)
	if err != nil {
		return nil, problem.FromStatus(status.Convert(err), exchange.From(ctx))
	}
	body := patience.Reader(w, http.MaxBytesReader(w, r.Body, h.MaxBytes), h.ReadTimeout)
	if p := h.forward(stream, first, body); p != nil {
		return nil, p
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return nil, problem.FromStatus(status.Convert(err), exchange.From(ctx))
	}
	return answer, nil
}

// forward sends the file on, part by part. When the service has heard enough, it is left at that.
func (h *Handler) forward(stream grpc.ClientStreamingClient[experimentv1.StreamMeasurementsRequest, experimentv1.ImportMeasurementsResponse],
	message *experimentv1.StreamMeasurementsRequest, body io.Reader,
) *problem.Problem {
	what := "Nothing was imported. Split it."
	if message.GetMode() == experimentv1.ImportMode_IMPORT_MODE_VALID_LINES && !message.GetValidateOnly() {
		what = "Lines from its beginning may have been imported. Split it and send all parts: what is there already is left alone."
	}
	for {
		part := make([]byte, partSize)
		n, err := io.ReadFull(body, part)
		message.Content = part[:n]
		if n > 0 || message.GetFormat() != 0 {
			if heard := stream.Send(message) == nil; !heard {
				return nil // the service's own answer says why
			}
		}
		message = &experimentv1.StreamMeasurementsRequest{Name: message.GetName()}
		var tooMuch *http.MaxBytesError
		switch {
		case err == nil:
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF) && n < partSize && complete(body):
			return nil
		case errors.As(err, &tooMuch):
			return h.tooLarge(what)
		default:
			return problem.New(http.StatusBadRequest, codes.InvalidArgument, "BODY_UNREADABLE", "The body ended before it was complete.")
		}
	}
}

// tooLarge says what came of the file, and what to do with it.
func (h *Handler) tooLarge(what string) *problem.Problem {
	return problem.New(http.StatusRequestEntityTooLarge, codes.InvalidArgument, "BODY_TOO_LARGE",
		"A file of measurements may have "+strconv.FormatInt(h.MaxBytes, 10)+" bytes at most. "+what)
}

// complete tells whether a short read was the end of the body and not of the connection.
func complete(body io.Reader) bool {
	n, err := body.Read(make([]byte, 1))
	return n == 0 && errors.Is(err, io.EOF)
}

// parse reads the path and the query.
func parse(r *http.Request) (*experimentv1.StreamMeasurementsRequest, *problem.Problem) {
	name := strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v1/"), ":import")
	parts := strings.Split(name, "/")
	team := len(parts) == 4 && parts[0] == "teams" && parts[2] == "metrics"
	organization := len(parts) == 3 && parts[0] == "organization" && parts[1] == "metrics"
	if !team && !organization || strings.Contains(r.URL.EscapedPath(), "%") {
		return nil, problem.New(http.StatusNotFound, codes.NotFound, "NOT_FOUND", "There is nothing at this path.")
	}
	request := &experimentv1.StreamMeasurementsRequest{Name: name, Format: format(r)}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, codes.InvalidArgument, "QUERY_MALFORMED", "The query is not a list of name=value with & between.")
	}
	for field, values := range query {
		if len(values) > 1 || field == snakeValidateOnly && query.Has(validateOnly) {
			return nil, problem.Invalid(field, "QUERY_PARAMETER_REPEATED", "Give the query parameter "+strconv.Quote(field)+" once.")
		}
		switch field {
		case "mode":
			mode, ok := experimentv1.ImportMode_value[values[0]]
			if !ok {
				return nil, problem.Invalid(field, "QUERY_PARAMETER_INVALID", "The query parameter \"mode\" must be IMPORT_MODE_ALL_OR_NOTHING or IMPORT_MODE_VALID_LINES.")
			}
			request.Mode = experimentv1.ImportMode(mode)
		case validateOnly, snakeValidateOnly:
			if request.ValidateOnly, err = strconv.ParseBool(values[0]); err != nil {
				return nil, problem.Invalid(field, "QUERY_PARAMETER_INVALID", "The query parameter "+strconv.Quote(field)+" must be true or false.")
			}
		default:
			return nil, problem.Invalid(field, "UNKNOWN_QUERY_PARAMETER", "There is no query parameter "+strconv.Quote(field)+" here.")
		}
	}
	return request, nil
}
