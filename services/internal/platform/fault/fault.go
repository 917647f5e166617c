// Package fault is the one error type that crosses layers in Fortnight. A fault says what kind of failure it is, carries
// a stable UPPER_SNAKE reason that clients may rely on, and a message that is safe to show to anybody. What caused it
// (a driver text, a stack) stays in Cause: it is logged and never sent.
package fault

import (
	"errors"
	"fmt"
	"strings"
)

// Kind says how a caller should react to a failure. The names are those of the gRPC codes they become.
type Kind uint8

// The kinds. Internal is the zero value, so that an unfinished Error never claims to be the caller's mistake.
const (
	// Internal is a failure of the program itself; retrying rarely helps.
	Internal Kind = iota
	// InvalidArgument is a request that can never succeed in any state.
	InvalidArgument
	// FailedPrecondition is a request that the present state refuses; Violations say what is missing.
	FailedPrecondition
	// Unauthenticated is a missing or unusable credential.
	Unauthenticated
	// PermissionDenied is a known caller who may not do this.
	PermissionDenied
	// NotFound is a thing that does not exist, or that the caller may not know of.
	NotFound
	// AlreadyExists is a thing whose name is taken.
	AlreadyExists
	// Aborted is a lost race, such as a stale etag: read again, then retry.
	Aborted
	// ResourceExhausted is a limit that was reached, such as a full disk or a rate limit.
	ResourceExhausted
	// Unavailable is a passing condition: retry the same request later.
	Unavailable
)

var kindNames = [...]string{
	Internal:           "INTERNAL",
	InvalidArgument:    "INVALID_ARGUMENT",
	FailedPrecondition: "FAILED_PRECONDITION",
	Unauthenticated:    "UNAUTHENTICATED",
	PermissionDenied:   "PERMISSION_DENIED",
	NotFound:           "NOT_FOUND",
	AlreadyExists:      "ALREADY_EXISTS",
	Aborted:            "ABORTED",
	ResourceExhausted:  "RESOURCE_EXHAUSTED",
	Unavailable:        "UNAVAILABLE",
}

// String returns the kind in UPPER_SNAKE, as gRPC spells its codes.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("KIND_%d", uint8(k))
}

// Reason and text of every failure that nobody classified.
const (
	reasonInternal  = "INTERNAL"
	messageInternal = "Something went wrong on our side. The error was logged."
)

// Violation is one thing that is wrong with a request or with the state it needs.
type Violation struct {
	// Field is the path of the request field, or of the criterion, such as "experiment.prediction".
	Field string
	// Reason is a stable UPPER_SNAKE word.
	Reason string
	// Description is a sentence for people.
	Description string
	// Link is the path of the API where it is mended, such as "/v1/teams/payments/obstacles"; empty when there is none.
	Link string
}

// Error is a failure as callers see it, plus its cause as the log sees it.
type Error struct {
	Kind Kind
	// Reason is a stable UPPER_SNAKE word; clients may switch on it.
	Reason string
	// Message is a sentence for people; it never holds a driver text.
	Message string
	// Metadata holds further facts for programs, such as current_etag.
	Metadata map[string]string
	// Violations lists everything that is wrong, all at once.
	Violations []Violation
	// Cause is logged, never sent.
	Cause error
}

// New makes a fault. The message is format filled with args, or format itself when there are no args.
func New(kind Kind, reason, format string, args ...any) *Error {
	return &Error{Kind: kind, Reason: reason, Message: sentence(format, args)}
}

// Invalid makes an InvalidArgument fault with one violation, for the given request field.
func Invalid(field, reason, format string, args ...any) *Error {
	message := sentence(format, args)
	return &Error{
		Kind: InvalidArgument, Reason: reason, Message: message,
		Violations: []Violation{{Field: field, Reason: reason, Description: message}},
	}
}

// Unmet makes a FailedPrecondition fault that names every unmet condition at once.
func Unmet(reason, message string, violations ...Violation) *Error {
	return &Error{Kind: FailedPrecondition, Reason: reason, Message: message, Violations: violations}
}

// From finds the fault in err's chain. Any other error becomes an Internal fault with a fixed text and err as its
// cause, so that a foreign text never reaches a caller. From(nil) is nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) && e != nil {
		return e
	}
	return &Error{Kind: Internal, Reason: reasonInternal, Message: messageInternal, Cause: err}
}

// With adds a piece of metadata and returns e.
func (e *Error) With(key, value string) *Error {
	if e.Metadata == nil {
		e.Metadata = map[string]string{}
	}
	e.Metadata[key] = value
	return e
}

// Because sets the cause and returns e.
func (e *Error) Because(cause error) *Error {
	e.Cause = cause
	return e
}

// Text is the message and what the violations add to it, for people whom nobody shows the violations.
func (e *Error) Text() string {
	text := e.Message
	for _, v := range e.Violations {
		if v.Description != e.Message {
			text += " " + v.Description
		}
	}
	return text
}

// Error is for logs: unlike Message it includes the cause.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Reason)
	b.WriteString(": ")
	b.WriteString(e.Message)
	for _, v := range e.Violations {
		if v.Description != e.Message {
			fmt.Fprintf(&b, " [%s %s: %s]", v.Field, v.Reason, v.Description)
		}
	}
	if e.Cause != nil {
		b.WriteString(": ")
		b.WriteString(e.Cause.Error())
	}
	return b.String()
}

// Unwrap returns the cause, for errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.Cause }

func sentence(format string, args []any) string {
	if len(args) == 0 {
		return format
	}
	return fmt.Sprintf(format, args...)
}
