package rpcserver

import (
	"errors"
	"strconv"
	"strings"
	"sync"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// ReasonValidation is the reason of every request that does not have the shape that its contract declares.
const ReasonValidation = "VALIDATION_FAILED"

// maxViolations bounds an answer; a bulk request may have thousands.
const maxViolations = 100

// validator is one for the process: it compiles the rules of each message once.
var validator = sync.OnceValues(func() (protovalidate.Validator, error) { return protovalidate.New() })

// validate checks the shape of a request: its texts, its resource names and what the contract declares with
// buf.validate; all violations come at once.
func (s *Server) validate(c *call, request proto.Message) error {
	if c.exempt {
		return nil
	}
	m := request.ProtoReflect()
	if !textIsClean(m) { // on its own: other rules cannot be applied to such a text
		return invalid(dirtyTexts(m, "", nil))
	}
	found := s.names.Check(m)
	err := s.validator.Validate(request)
	var violated *protovalidate.ValidationError
	switch {
	case errors.As(err, &violated):
		for _, v := range violated.Violations {
			found = append(found, violation(v, m.Descriptor()))
		}
	case err != nil:
		return err
	}
	if len(found) > 0 {
		return invalid(found)
	}
	return nil
}

// violation tells what is wrong in a message of the given kind. Of the entries of a list the library does not say which field they are of.
func violation(v *protovalidate.Violation, message protoreflect.MessageDescriptor) fault.Violation {
	if v.FieldDescriptor == nil {
		v.FieldDescriptor = fieldOf(message, v.Proto.GetField())
	}
	return fault.Violation{
		Field: protovalidate.FieldPathString(v.Proto.GetField()), Reason: upperSnake(v.Proto.GetRuleId()), Description: wordsOf(v),
	}
}

// fieldOf is the field at the end of a path; nil when the path leaves the message.
func fieldOf(message protoreflect.MessageDescriptor, path *validate.FieldPath) (field protoreflect.FieldDescriptor) {
	for _, at := range path.GetElements() {
		if message == nil {
			return nil
		}
		if field = message.Fields().ByNumber(protoreflect.FieldNumber(at.GetFieldNumber())); field == nil {
			return nil
		}
		message = field.Message()
	}
	return field
}

// upperSnake turns a rule id such as "string.min_len" into STRING_MIN_LEN.
func upperSnake(id string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z':
			return r - 'a' + 'A'
		case r >= 'A' && r <= 'Z' || r >= '0' && r <= '9':
			return r
		}
		return '_'
	}, id)
}

// invalid makes the fault for a request with violations.
func invalid(found []fault.Violation) *fault.Error {
	f := fault.New(fault.InvalidArgument, ReasonValidation, "%s", strings.TrimSpace(found[0].Field+" "+found[0].Description))
	if n := len(found); n > 1 {
		f.Message += ", and " + strconv.Itoa(n-1) + " more"
		_ = f.With("violations", strconv.Itoa(n))
	}
	f.Violations = found[:min(len(found), maxViolations)]
	return f
}
