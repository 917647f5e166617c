package transcode

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/gateway/internal/exchange"
	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// What protojson says about a body that it cannot read. Its wording is not promised, so everything that is not recognised
// becomes a plain "cannot be read" with the position, and the tests hold the wording of the version in go.mod.
var (
	decodePosition = regexp.MustCompile(`\(line (\d+):(\d+)\): (.*)`)
	decodeUnknown  = regexp.MustCompile(`^unknown field `)
	decodeTwice    = regexp.MustCompile(`^duplicate (field|map key) `)
	decodeOneof    = regexp.MustCompile(`^error parsing .*, oneof .* is already set`)
)

// decodeProblem explains why a body, valid JSON that it is, does not fit its message.
func decodeProblem(text string, x *exchange.Exchange) *problem.Problem {
	if len(x.Body) == 0 || x.Route == nil || x.Route.BodyMessage() == nil {
		return unreadable()
	}
	return DecodeProblem(text, x.Body, x.Route.BodyMessage(), "")
}

func unreadable() *problem.Problem {
	return problem.New(http.StatusBadRequest, codes.InvalidArgument, "REQUEST_UNREADABLE", "The request cannot be read.")
}

// DecodeProblem explains by what protojson said why a text, valid JSON that it is, does not fit its message. Within a larger text, at is the
// path to it, such as `learnings[3].`.
func DecodeProblem(text string, body []byte, message protoreflect.MessageDescriptor, at string) *problem.Problem {
	found := decodePosition.FindStringSubmatch(text)
	if found == nil {
		return unreadable()
	}
	line, _ := strconv.Atoi(found[1])
	column, _ := strconv.Atoi(found[2])
	what := found[3]
	inside := pathAt(body, offsetOf(body, line, column))
	path, where := at+inside, fmt.Sprintf("line %d, column %d", line, column)
	if at != "" {
		where = "line and column there: " + found[1] + ", " + found[2]
	}
	switch {
	case decodeUnknown.MatchString(what):
		return problem.Invalid(path, "UNKNOWN_FIELD", fmt.Sprintf("There is no field %q (%s).", path, where))
	case decodeTwice.MatchString(what):
		return problem.Invalid(path, "DUPLICATE_FIELD", fmt.Sprintf("The field %q is given twice (%s).", path, where))
	case decodeOneof.MatchString(what):
		return problem.Invalid(path, "ONEOF_CONFLICT", fmt.Sprintf("The field %q cannot be given together with another that is given (%s).", path, where))
	}
	if field := fieldAt(message, inside); field != nil {
		expected := Expected(field)
		if field.IsList() && !strings.HasSuffix(inside, "]") {
			expected = "a list, of which each entry is " + expected
		}
		return problem.Invalid(path, "VALUE_INVALID", fmt.Sprintf("The field %q must be %s (%s).", path, expected, where))
	}
	return problem.Invalid(path, "VALUE_INVALID", fmt.Sprintf("The body cannot be read at %s.", where))
}
