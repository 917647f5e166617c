// Package wire converts between this service's domain and the contracts. It holds no rules.
package wire

import (
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// enum reads a word of the domain as a value of the contract's enum E, whose names begin with prefix; an empty or unknown word is the
// value that says nothing.
func enum[E ~int32, W ~string](values map[string]int32, prefix string, word W) E {
	return E(values[prefix+string(word)])
}

// word reads a value of an enum as the domain's word; empty when nothing is said.
func word[W ~string](value interface {
	protoreflect.Enum
	String() string
}, prefix string,
) W {
	if value.Number() == 0 {
		return ""
	}
	return W(value.String()[len(prefix):])
}

// timestamp is nil for a time that is not set.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// Instant is zero for a timestamp that is not set.
func Instant(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
