package fault_test

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestConstructors(t *testing.T) {
	for name, c := range map[string]struct {
		got  *fault.Error
		want fault.Error
		text string
	}{
		"new with arguments": {
			fault.New(fault.NotFound, "CYCLE_NOT_FOUND", "There is no cycle %q.", "w24"),
			fault.Error{Kind: fault.NotFound, Reason: "CYCLE_NOT_FOUND", Message: `There is no cycle "w24".`},
			`CYCLE_NOT_FOUND: There is no cycle "w24".`,
		},
		"new without arguments keeps percent signs": {
			fault.New(fault.Aborted, "RACE", "95 % done"),
			fault.Error{Kind: fault.Aborted, Reason: "RACE", Message: "95 % done"},
			"RACE: 95 % done",
		},
		"invalid names the field": {
			fault.Invalid("page_size", "NEGATIVE", "Page size is %d.", -1),
			fault.Error{
				Kind: fault.InvalidArgument, Reason: "NEGATIVE", Message: "Page size is -1.",
				Violations: []fault.Violation{{Field: "page_size", Reason: "NEGATIVE", Description: "Page size is -1."}},
			},
			"NEGATIVE: Page size is -1.",
		},
		"unmet lists all": {
			fault.Unmet("GATE", "The gate is closed.", fault.Violation{Field: "a", Reason: "A", Description: "no a"}, fault.Violation{Field: "b", Reason: "B", Description: "no b"}),
			fault.Error{
				Kind: fault.FailedPrecondition, Reason: "GATE", Message: "The gate is closed.",
				Violations: []fault.Violation{{Field: "a", Reason: "A", Description: "no a"}, {Field: "b", Reason: "B", Description: "no b"}},
			},
			"GATE: The gate is closed. [a A: no a] [b B: no b]",
		},
		"metadata and cause": {
			fault.New(fault.Unavailable, "BUSY", "Busy.").With("k", "1").With("k", "2").Because(io.ErrUnexpectedEOF),
			fault.Error{Kind: fault.Unavailable, Reason: "BUSY", Message: "Busy.", Metadata: map[string]string{"k": "2"}, Cause: io.ErrUnexpectedEOF},
			"BUSY: Busy.: unexpected EOF",
		},
	} {
		t.Run(name, func(t *testing.T) {
			if !reflect.DeepEqual(*c.got, c.want) {
				t.Errorf("got %+v, want %+v", *c.got, c.want)
			}
			if c.got.Error() != c.text {
				t.Errorf("text %q, want %q", c.got.Error(), c.text)
			}
		})
	}
}

func TestFrom(t *testing.T) {
	known := fault.New(fault.NotFound, "X_NOT_FOUND", "no x")
	foreign := errors.New("pq: secret driver text")
	for name, c := range map[string]struct {
		err    error
		kind   fault.Kind
		reason string
	}{
		"a fault":         {known, fault.NotFound, "X_NOT_FOUND"},
		"a wrapped fault": {fmt.Errorf("reading: %w", known), fault.NotFound, "X_NOT_FOUND"},
		"anything else":   {foreign, fault.Internal, "INTERNAL"},
	} {
		t.Run(name, func(t *testing.T) {
			got := fault.From(c.err)
			if got.Kind != c.kind || got.Reason != c.reason {
				t.Errorf("got %v %s, want %v %s", got.Kind, got.Reason, c.kind, c.reason)
			}
		})
	}
	if got := fault.From(nil); got != nil {
		t.Errorf("From(nil) = %v, want nil", got)
	}
	if got := fault.From(foreign); got.Message == foreign.Error() || !errors.Is(got, foreign) {
		t.Errorf("a foreign text must stay in the cause: message %q, cause %v", got.Message, got.Cause)
	}
}

func TestKindNames(t *testing.T) {
	seen := map[string]bool{}
	for k := fault.Internal; k <= fault.Unavailable; k++ {
		if s := k.String(); s == "" || seen[s] {
			t.Errorf("kind %d is called %q: empty or used twice", k, s)
		} else {
			seen[s] = true
		}
	}
	if s := (fault.Unavailable + 1).String(); s != "KIND_10" {
		t.Errorf("unknown kind is called %q", s)
	}
}

func TestText(t *testing.T) {
	for want, f := range map[string]*fault.Error{
		"no":             fault.Invalid("name", "BAD", "no"),
		"Not yet. a b":   fault.Unmet("EARLY", "Not yet.", fault.Violation{Description: "a"}, fault.Violation{Description: "b"}),
		"There is none.": fault.New(fault.NotFound, "GONE", "There is none."),
	} {
		if f.Text() != want {
			t.Errorf("%q, want %q", f.Text(), want)
		}
	}
}
