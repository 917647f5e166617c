package transfer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/gateway/internal/encode"
	"github.com/fortnighthq/fortnight/gateway/internal/form"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

const (
	// importTime is how long an import may take, its way here included.
	importTime = 10 * time.Minute
	// maxLearning is how large a learning is that the service takes.
	maxLearning = 2 << 20
)

// Import serves POST of ImportPath.
func (h *Handler) Import(w http.ResponseWriter, r *http.Request) {
	if _, p := h.Entrance.Admit(w, r); p != nil {
		problem.Write(w, r, p)
		return
	}
	if !begin(w, r, &h.imports) {
		return
	}
	defer h.imports.Add(-1)
	answer, err := h.bring(w, r)
	var text []byte
	if err == nil {
		text, err = encode.JSON(answer)
	}
	if err != nil {
		w.Header().Set("Connection", "close") // the rest of the body is not read
		refused(w, r, err)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	form.Write(w, form.JSON, text)
}

// bring reads the document twice: once to see that all of it can be read, and once to send it. So a document of another form, or one that
// was cut off, brings nothing.
func (h *Handler) bring(w http.ResponseWriter, r *http.Request) (*knowledgev1.ImportLearningsResponse, error) {
	only, packed, err := asked(r)
	if err != nil {
		return nil, err
	}
	control := http.NewResponseController(w)
	deadline := time.Now().Add(importTime) //nolint:forbidigo // the network's clock, not the product's
	_ = control.SetReadDeadline(deadline)
	_ = control.SetWriteDeadline(deadline)
	ctx, cancel := context.WithTimeout(r.Context(), importTime)
	defer cancel()
	// Whoever may not import learns it before a body is read for them.
	if _, err := h.send(ctx, nil, true); err != nil {
		return nil, err
	}
	from, err := receive(w, r, packed)
	if err != nil {
		return nil, err
	}
	in, err := from()
	if err != nil {
		return nil, err
	}
	if err := read(in, func(int, *knowledgev1.ExportedLearning) error { return nil }); err != nil {
		return nil, err
	}
	return h.send(ctx, from, only)
}

// asked reads the headers and the query.
func asked(r *http.Request) (only, packed bool, err error) {
	unsupported := func(reason, text string) error {
		return problem.New(http.StatusUnsupportedMediaType, codes.InvalidArgument, reason, text)
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return false, false, unsupported("CONTENT_ENCODING_UNSUPPORTED", "Send the body as it is, without Content-Encoding.")
	}
	media, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	charset := parameters["charset"]
	if err != nil || media != form.JSON.Media && media != zipped.Media || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return false, false, unsupported("MEDIA_TYPE_UNSUPPORTED",
			"Send the document of an export with Content-Type: application/json, or its zip with application/zip.")
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return false, false, malformed()
	}
	for name, values := range query {
		switch {
		case name != "validateOnly" && name != "validate_only":
			return false, false, form.Unknown(name)
		case len(values) > 1 || len(query) > 1:
			return false, false, form.Repeated(name)
		}
		if only, err = strconv.ParseBool(values[0]); err != nil {
			return false, false, problem.Invalid(name, "QUERY_PARAMETER_INVALID", fmt.Sprintf("The query parameter %q must be true or false.", name))
		}
	}
	return only, media == zipped.Media, nil
}

// receive reads the body.
func receive(w http.ResponseWriter, r *http.Request, packed bool) (source, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooMuch *http.MaxBytesError
	switch {
	case errors.As(err, &tooMuch):
		return nil, problem.New(http.StatusRequestEntityTooLarge, codes.InvalidArgument, "BODY_TOO_LARGE",
			"Nothing was imported: the body is larger than 64 MiB. Send the zip, a tenth of the document, or fewer learnings at a time.")
	case err != nil:
		return nil, problem.New(http.StatusBadRequest, codes.InvalidArgument, "BODY_UNREADABLE",
			"Nothing was imported: the body did not arrive as a whole.")
	case packed:
		return unpack(body)
	}
	return func() (io.Reader, error) { return bytes.NewReader(body), nil }, nil
}

// errHeard ends reading when the service has heard enough.
var errHeard = errors.New("transfer: the service has answered")

// send brings the learnings to the service, none without a source.
func (h *Handler) send(ctx context.Context, from source, only bool) (*knowledgev1.ImportLearningsResponse, error) {
	ctx, cancel := context.WithCancel(ctx) // ends the stream when it is left
	defer cancel()
	stream, err := h.Knowledge.ImportLearnings(ctx)
	if err != nil {
		return nil, err
	}
	var large []*knowledgev1.RefusedLearning
	if from != nil {
		in, err := from()
		if err != nil {
			return nil, err
		}
		err = read(in, func(_ int, l *knowledgev1.ExportedLearning) error {
			l.Evidence = nil // it stays where it can be looked at
			if proto.Size(l) > maxLearning {
				large = append(large, &knowledgev1.RefusedLearning{Learning: l.GetLearning().GetName(), Reason: "The learning is larger than 2 MiB."})
				return nil
			}
			if stream.Send(&knowledgev1.ImportLearningsRequest{Learning: l, ValidateOnly: only}) != nil {
				return errHeard // its answer says why
			}
			return nil
		})
		if err != nil && !errors.Is(err, errHeard) {
			return nil, err
		}
	}
	answer, err := stream.CloseAndRecv()
	if err != nil {
		return nil, err
	}
	answer.Refused = append(answer.Refused, large...)
	return answer, nil
}
