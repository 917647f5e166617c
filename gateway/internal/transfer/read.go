package transfer

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/transcode"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// maxText is how long one learning may be as JSON, its evidence included.
const maxText = 16 << 20

// read reads a document, and hands on its learnings one by one, with their places. It holds one at a time. The error is a problem, or one
// of each.
func read(in io.Reader, each func(n int, l *knowledgev1.ExportedLearning) error) error {
	r := &reader{in: in, each: each, known: map[string]bool{}}
	r.json = json.NewDecoder(r)
	err := r.document()
	var syntax *json.SyntaxError
	var value *json.UnmarshalTypeError
	var refused *problem.Problem
	switch {
	case err == nil, errors.As(err, &refused):
		return err
	case r.handed != nil:
		return r.handed
	case errors.As(err, &syntax):
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "JSON_INVALID",
			fmt.Sprintf("Nothing was imported: the document is not valid JSON at byte %d: %s.", syntax.Offset, syntax.Error()))
	case errors.As(err, &value):
		return unknown(r.at, "it must be a "+value.Type.String())
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "JSON_INVALID", "Nothing was imported: the document ends before it is complete.")
	}
	return unknown(r.at, "it cannot be read")
}

// reader reads a document token by token.
type reader struct {
	in   io.Reader
	json *json.Decoder
	each func(n int, l *knowledgev1.ExportedLearning) error
	// left is how much may still be read for one value.
	left int
	// at is the place that is read, known what was there before.
	at    string
	known map[string]bool
	// handed is what came back of a learning that was handed on.
	handed error
}

var errTooLong = errors.New("transfer: a value is too long")

// Read reads for the decoder, which would hold a value of any length.
func (r *reader) Read(into []byte) (int, error) {
	if r.left <= 0 {
		return 0, errTooLong
	}
	n, err := r.in.Read(into[:min(len(into), r.left)])
	r.left -= n
	return n, err
}

func (r *reader) document() error {
	if err := r.delimiter('{', "the document must be a JSON object"); err != nil {
		return err
	}
	for {
		r.left = maxText
		r.at = ""
		if !r.json.More() {
			break
		}
		token, err := r.json.Token()
		if err != nil {
			return r.tooLong(err)
		}
		r.at, _ = token.(string)
		if r.known[r.at] {
			return problem.Invalid(r.at, "DUPLICATE_FIELD", fmt.Sprintf("Nothing was imported: the field %q is given twice.", r.at))
		}
		r.known[r.at] = true
		if err := r.field(); err != nil {
			return r.tooLong(err)
		}
	}
	r.at = ""
	if _, err := r.json.Token(); err != nil { // the end of the object
		return r.tooLong(err)
	}
	for _, field := range []string{"format", "version", "learnings"} {
		if !r.known[field] {
			return unknown(field, "it is missing")
		}
	}
	if _, err := r.json.Token(); !errors.Is(err, io.EOF) {
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "JSON_INVALID", "Nothing was imported: something follows the end of the document.")
	}
	return nil
}

func (r *reader) tooLong(err error) error {
	if errors.Is(err, errTooLong) {
		return problem.Invalid(r.at, "VALUE_INVALID", fmt.Sprintf("Nothing was imported: %q is longer than 16 MiB.", r.at))
	}
	return err
}

// field reads the value of the field at which the document is.
func (r *reader) field() error {
	switch r.at {
	case "format":
		var is string
		if err := r.json.Decode(&is); err != nil || is != documentFormat {
			return orUnknown(err, r.at, "it must be "+strconv.Quote(documentFormat))
		}
	case "version":
		var is json.Number
		if err := r.json.Decode(&is); err != nil || is != "1" {
			return orUnknown(err, r.at, "this installation reads version 1; a later one needs a later version of Fortnight")
		}
	case "installation", "exportTime":
		var is string // for people: each learning says it for itself
		return r.json.Decode(&is)
	case "learnings":
		return r.learnings()
	default:
		return problem.Invalid(r.at, "UNKNOWN_FIELD", fmt.Sprintf("Nothing was imported: a document has no field %q.", r.at))
	}
	return nil
}

func (r *reader) learnings() error {
	if err := r.delimiter('[', "it must be a list"); err != nil {
		return err
	}
	for n := 0; ; n++ {
		r.left, r.at = maxText, "learnings["+strconv.Itoa(n)+"]"
		if !r.json.More() {
			break
		}
		var text json.RawMessage
		if err := r.json.Decode(&text); err != nil {
			return err
		}
		l := &knowledgev1.ExportedLearning{}
		if len(text) == 0 || text[0] != '{' {
			return problem.Invalid(r.at, "VALUE_INVALID", fmt.Sprintf("Nothing was imported: %q must be an object.", r.at))
		}
		if err := protojson.Unmarshal(text, l); err != nil {
			p := transcode.DecodeProblem(err.Error(), text, l.ProtoReflect().Descriptor(), r.at+".")
			p.Detail = "Nothing was imported: " + p.Detail
			return p
		}
		if r.handed = r.each(n, l); r.handed != nil {
			return r.handed
		}
	}
	_, err := r.json.Token() // the end of the list
	return err
}

// delimiter reads the beginning of an object or list.
func (r *reader) delimiter(want json.Delim, otherwise string) error {
	r.left = maxText
	token, err := r.json.Token()
	if err == nil && token != want {
		return unknown(r.at, otherwise)
	}
	return err
}

func orUnknown(err error, field, text string) error {
	var value *json.UnmarshalTypeError
	if err != nil && !errors.As(err, &value) {
		return err
	}
	return unknown(field, text)
}

// unknown refuses a document that is none of ours.
func unknown(field, text string) *problem.Problem {
	where := strconv.Quote(field) + ": "
	if field == "" {
		where = ""
	}
	p := problem.Invalid(field, "LEARNINGS_DOCUMENT_UNKNOWN", where+text+".")
	p.Detail = "Nothing was imported: " + p.Detail + " Send what GET " + ExportPath + " answers."
	return p
}
