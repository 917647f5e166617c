package transcode

import (
	"fmt"
	"net/http"
	"regexp"
	"strconv"

	"google.golang.org/grpc/codes"

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
	found := decodePosition.FindStringSubmatch(text)
	if found == nil || len(x.Body) == 0 || x.Route == nil || x.Route.BodyMessage() == nil {
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "REQUEST_UNREADABLE", "The request cannot be read.")
	}
	line, _ := strconv.Atoi(found[1])
	column, _ := strconv.Atoi(found[2])
	what := found[3]
	path := pathAt(x.Body, offsetOf(x.Body, line, column))
	at := fmt.Sprintf("line %d, column %d", line, column)
	switch {
	case decodeUnknown.MatchString(what):
		return problem.Invalid(path, "UNKNOWN_FIELD", fmt.Sprintf("There is no field %q (%s).", path, at))
	case decodeTwice.MatchString(what):
		return problem.Invalid(path, "DUPLICATE_FIELD", fmt.Sprintf("The field %q is given twice (%s).", path, at))
	case decodeOneof.MatchString(what):
		return problem.Invalid(path, "ONEOF_CONFLICT", fmt.Sprintf("The field %q cannot be given together with another that is given (%s).", path, at))
	}
	if field := fieldAt(x.Route.BodyMessage(), path); field != nil {
		return problem.Invalid(path, "VALUE_INVALID", fmt.Sprintf("The field %q must be %s (%s).", path, Expected(field), at))
	}
	return problem.Invalid(path, "VALUE_INVALID", fmt.Sprintf("The body cannot be read at %s.", at))
}
