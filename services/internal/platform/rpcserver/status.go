package rpcserver

import (
	"context"
	"errors"
	"strings"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Domain is the domain in the ErrorInfo of every status.
const Domain = "fortnight"

var codeOfKind = map[fault.Kind]codes.Code{
	fault.Internal:           codes.Internal,
	fault.InvalidArgument:    codes.InvalidArgument,
	fault.FailedPrecondition: codes.FailedPrecondition,
	fault.Unauthenticated:    codes.Unauthenticated,
	fault.PermissionDenied:   codes.PermissionDenied,
	fault.NotFound:           codes.NotFound,
	fault.AlreadyExists:      codes.AlreadyExists,
	fault.Aborted:            codes.Aborted,
	fault.ResourceExhausted:  codes.ResourceExhausted,
	fault.Unavailable:        codes.Unavailable,
}

var kindOfCode = func() map[codes.Code]fault.Kind {
	kinds := map[codes.Code]fault.Kind{
		codes.OutOfRange: fault.InvalidArgument, codes.Canceled: fault.Unavailable, codes.DeadlineExceeded: fault.Unavailable,
	}
	for kind, code := range codeOfKind {
		kinds[code] = kind
	}
	return kinds
}()

// Outcomes of calls that no rule decided. Their codes have no fault kind of their own, so the reason stands for them.
const (
	reasonDeadline      = "DEADLINE_EXCEEDED"
	reasonCanceled      = "CANCELED"
	reasonUnimplemented = "UNIMPLEMENTED"
)

var codeOfReason = map[string]codes.Code{
	reasonDeadline: codes.DeadlineExceeded, reasonCanceled: codes.Canceled, reasonUnimplemented: codes.Unimplemented,
}

// unexplained gives a fixed text to statuses that do not come from our services: from the transport, from a proxy, or
// from the generated code. Their own text may name addresses.
var unexplained = map[codes.Code]*fault.Error{
	codes.Canceled:           fault.New(fault.Unavailable, reasonCanceled, "The call was cancelled."),
	codes.DeadlineExceeded:   fault.New(fault.Unavailable, reasonDeadline, "The call took too long."),
	codes.Unimplemented:      fault.New(fault.Internal, reasonUnimplemented, "This method is not available here."),
	codes.Unavailable:        fault.New(fault.Unavailable, "UNAVAILABLE", "A service does not answer right now. Try again."),
	codes.ResourceExhausted:  fault.New(fault.ResourceExhausted, "RESOURCE_EXHAUSTED", "The message is too large, or there are too many at once."),
	codes.Unauthenticated:    fault.New(fault.Unauthenticated, "UNAUTHENTICATED", "Sign in first."),
	codes.PermissionDenied:   fault.New(fault.PermissionDenied, "PERMISSION_DENIED", "You may not do this."),
	codes.InvalidArgument:    fault.New(fault.InvalidArgument, "INVALID_ARGUMENT", "The request is not valid."),
	codes.OutOfRange:         fault.New(fault.InvalidArgument, "INVALID_ARGUMENT", "The request is not valid."),
	codes.NotFound:           fault.New(fault.NotFound, "NOT_FOUND", "There is no such thing."),
	codes.AlreadyExists:      fault.New(fault.AlreadyExists, "ALREADY_EXISTS", "It exists already."),
	codes.Aborted:            fault.New(fault.Aborted, "ABORTED", "Somebody else was faster. Read again, then retry."),
	codes.FailedPrecondition: fault.New(fault.FailedPrecondition, "FAILED_PRECONDITION", "The present state does not allow this."),
}

// ToStatus turns an error into the status that callers see: code, ErrorInfo{reason, domain "fortnight", metadata} and, when
// there are violations, BadRequest. The text of an error that is no fault never gets in. ToStatus(nil) is OK.
func ToStatus(err error) *status.Status {
	return statusOf(classify(err))
}

// FromStatus turns an error of a gRPC client back into the fault that the asked service answered with: same kind, reason,
// message, metadata and violations. Errors without our ErrorInfo get a fixed text and err as their cause. FromStatus(nil)
// is nil.
func FromStatus(err error) *fault.Error {
	_, f := classify(err)
	return f
}

// classify finds the code and the fault of any error; the fault is nil for OK.
func classify(err error) (codes.Code, *fault.Error) {
	if err == nil {
		return codes.OK, nil
	}
	var f *fault.Error
	if errors.As(err, &f) && f != nil && (f.Kind != fault.Internal || !ended(err)) {
		return codeOf(f), f
	}
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return codes.DeadlineExceeded, because(unexplained[codes.DeadlineExceeded], err)
	case errors.Is(err, context.Canceled):
		return codes.Canceled, because(unexplained[codes.Canceled], err)
	}
	var from interface{ GRPCStatus() *status.Status }
	if errors.As(err, &from) && from.GRPCStatus() != nil {
		return explain(from.GRPCStatus(), err)
	}
	return codes.Internal, fault.From(err)
}

// ended tells whether an error only says that the caller's time was up.
func ended(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled)
}

func codeOf(f *fault.Error) codes.Code {
	if code, ok := codeOfReason[f.Reason]; ok && (f.Kind == fault.Unavailable || f.Kind == fault.Internal) {
		return code
	}
	if code, ok := codeOfKind[f.Kind]; ok {
		return code
	}
	return codes.Internal
}

// explain reads the fault out of a status.
func explain(st *status.Status, err error) (codes.Code, *fault.Error) {
	f := &fault.Error{Message: st.Message()}
	known := false
	var links []*errdetails.Help_Link
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == Domain {
				known = true
				f.Reason, f.Metadata = d.GetReason(), d.GetMetadata()
			}
		case *errdetails.BadRequest:
			for _, v := range d.GetFieldViolations() {
				f.Violations = append(f.Violations, fault.Violation{Field: v.GetField(), Reason: v.GetReason(), Description: v.GetDescription()})
			}
		case *errdetails.Help:
			links = d.GetLinks()
		}
	}
	if len(links) == len(f.Violations) { // one for each, in order
		for i, link := range links {
			f.Violations[i].Link = link.GetUrl()
		}
	}
	if known {
		f.Kind = kindOfCode[st.Code()] // an unknown code is Internal, the zero kind
		return codeOf(f), f
	}
	if fixed, ok := unexplained[st.Code()]; ok {
		return st.Code(), because(fixed, err)
	}
	return codes.Internal, fault.From(err)
}

func because(f *fault.Error, cause error) *fault.Error {
	copied := *f
	copied.Cause = cause
	return &copied
}

// statusOf writes a fault as a status. Text that is no UTF-8 would make the details impossible to encode.
func statusOf(code codes.Code, f *fault.Error) *status.Status {
	if f == nil {
		return status.New(code, "")
	}
	st := status.New(code, clean(f.Message))
	info := &errdetails.ErrorInfo{Reason: clean(f.Reason), Domain: Domain}
	if len(f.Metadata) > 0 {
		info.Metadata = make(map[string]string, len(f.Metadata))
		for k, v := range f.Metadata {
			info.Metadata[clean(k)] = clean(v)
		}
	}
	details := []protoadapt.MessageV1{info}
	if len(f.Violations) > 0 {
		bad := &errdetails.BadRequest{}
		for _, v := range f.Violations {
			bad.FieldViolations = append(bad.FieldViolations, &errdetails.BadRequest_FieldViolation{
				Field: clean(v.Field), Reason: clean(v.Reason), Description: clean(v.Description),
			})
		}
		details = append(details, bad)
		if help := helpFor(f.Violations); help != nil {
			details = append(details, help)
		}
	}
	detailed, err := st.WithDetails(details...)
	if err != nil { // only an OK status cannot have details
		return st
	}
	return detailed
}

// helpFor tells where each violation is mended, an empty address where that is not said; nil when it is said for none.
func helpFor(violations []fault.Violation) *errdetails.Help {
	help, said := &errdetails.Help{}, false
	for _, v := range violations {
		said = said || v.Link != ""
		help.Links = append(help.Links, &errdetails.Help_Link{Description: clean(v.Reason), Url: clean(v.Link)})
	}
	if !said {
		return nil
	}
	return help
}

func clean(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }
