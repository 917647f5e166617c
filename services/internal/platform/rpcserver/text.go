package rpcserver

import (
	"fmt"
	"unicode/utf8"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Reasons of texts that are refused everywhere. Over TCP the decoder would refuse broken UTF-8 as well, but in process
// nothing is decoded; and a NUL or another control character has no place in a text, a log line or a database column.
const (
	reasonNotUTF8 = "TEXT_NOT_UTF8"
	reasonControl = "TEXT_CONTROL_CHARACTER"
)

// badText returns why a text is refused, or "".
func badText(s string) string {
	for i := range len(s) {
		if c := s[i]; c < ' ' && c != '\n' && c != '\r' && c != '\t' || c == 0x7f {
			return reasonControl
		}
	}
	if !utf8.ValidString(s) {
		return reasonNotUTF8
	}
	return ""
}

// textIsClean tells whether every text in m and below may be used.
func textIsClean(m protoreflect.Message) bool {
	clean := true
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		eachText(f, v, func(_, text string) { clean = clean && badText(text) == "" },
			func(_ string, m protoreflect.Message) { clean = clean && textIsClean(m) })
		return clean
	})
	return clean
}

// dirtyTexts returns a violation for every text in m and below that is refused.
func dirtyTexts(m protoreflect.Message, prefix string, found []fault.Violation) []fault.Violation {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		at := prefix + string(f.Name())
		eachText(f, v, func(where, text string) {
			switch reason := badText(text); reason {
			case reasonNotUTF8:
				found = append(found, fault.Violation{Field: at + where, Reason: reason, Description: "must be valid UTF-8"})
			case reasonControl:
				found = append(found, fault.Violation{Field: at + where, Reason: reason, Description: "must not hold control characters other than line breaks and tabs"})
			}
		}, func(where string, m protoreflect.Message) { found = dirtyTexts(m, at+where+".", found) })
		return true
	})
	return found
}

// eachText visits the texts and messages of one field; where is the index or key in a list or map.
func eachText(f protoreflect.FieldDescriptor, v protoreflect.Value, text func(where, text string), message func(where string, m protoreflect.Message)) {
	one := func(kind protoreflect.Kind, v protoreflect.Value, where func() string) {
		switch kind {
		case protoreflect.StringKind:
			if badText(v.String()) != "" { // spares writing out where for all others
				text(where(), v.String())
			}
		case protoreflect.MessageKind, protoreflect.GroupKind:
			message(where(), v.Message())
		default: // numbers and bytes
		}
	}
	switch {
	case f.IsMap():
		v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
			where := func() string { return fmt.Sprintf("[%q]", k.String()) }
			one(f.MapKey().Kind(), k.Value(), where)
			one(f.MapValue().Kind(), v, where)
			return true
		})
	case f.IsList():
		for i := range v.List().Len() {
			one(f.Kind(), v.List().Get(i), func() string { return fmt.Sprintf("[%d]", i) })
		}
	default:
		one(f.Kind(), v, func() string { return "" })
	}
}
