// Package encode writes messages as JSON, as protojson does with EmitDefaultValues and without its white space, at a fraction of
// the cost: what a kind of message looks like is worked out once and kept, and nothing is sorted or formatted anew for each one.
// The tests compare the two byte for byte over every message of the contracts.
package encode

import (
	"encoding/base64"
	"errors"
	"math"
	"strconv"
	"sync"
	"sync/atomic"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// JSON returns the message as one line of JSON: lowerCamelCase, enums by name, 64-bit numbers in quotes, unset fields without
// presence by their default values.
func JSON(message proto.Message) ([]byte, error) {
	m := message.ProtoReflect()
	p := planOf(m.Descriptor())
	b, err := p.append(make([]byte, 0, p.size.Load()+256), m)
	p.size.Store(int64(len(b)))
	return b, err
}

var errNotUTF8 = errors.New("encode: a text is not valid UTF-8")

// plan is how the messages of one type are written.
type plan struct {
	fields  []field
	special func(b []byte, m protoreflect.Message) ([]byte, error) // for the types with a form of their own
	size    atomic.Int64                                           // of the last one, as a guess for the next
}

type field struct {
	desc     protoreflect.FieldDescriptor
	name     string // with its quotes and the colon behind
	presence bool   // left out when it is not set
	list     bool
	entries  bool // a map
	kind     protoreflect.Kind
	enum     map[protoreflect.EnumNumber]string // names in quotes
}

var plans sync.Map // protoreflect.MessageDescriptor → *plan

func planOf(d protoreflect.MessageDescriptor) *plan {
	if known, ok := plans.Load(d); ok {
		return known.(*plan)
	}
	p := &plan{}
	switch {
	case d.FullName() == "google.protobuf.Timestamp":
		p.special = timestamp
	case d.ParentFile().Package() == "google.protobuf":
		p.special = byProtojson
	default:
		for i := range d.Fields().Len() {
			p.fields = append(p.fields, newField(d.Fields().Get(i)))
		}
	}
	known, _ := plans.LoadOrStore(d, p)
	return known.(*plan)
}

func newField(d protoreflect.FieldDescriptor) field {
	f := field{
		desc: d, name: strconv.Quote(d.JSONName()) + ":", kind: d.Kind(), list: d.IsList(), entries: d.IsMap(),
		presence: d.HasPresence(),
	}
	if d.Kind() == protoreflect.EnumKind {
		f.enum = map[protoreflect.EnumNumber]string{}
		values := d.Enum().Values()
		for i := values.Len() - 1; i >= 0; i-- { // of two names for one number the first counts
			f.enum[values.Get(i).Number()] = strconv.Quote(string(values.Get(i).Name()))
		}
		if d.Enum().FullName() == "google.protobuf.NullValue" {
			f.enum[0] = "null"
		}
	}
	return f
}

func (p *plan) append(b []byte, m protoreflect.Message) ([]byte, error) {
	if p.special != nil {
		return p.special(b, m)
	}
	b = append(b, '{')
	start := len(b)
	for i := range p.fields {
		f := &p.fields[i]
		if f.presence && !m.Has(f.desc) {
			continue
		}
		if len(b) > start {
			b = append(b, ',')
		}
		b = append(b, f.name...)
		var err error
		switch value := m.Get(f.desc); {
		case f.list:
			b, err = f.appendList(b, value.List())
		case f.entries:
			b, err = f.appendMap(b, value.Map())
		default:
			b, err = f.appendValue(b, value)
		}
		if err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func (f *field) appendList(b []byte, list protoreflect.List) ([]byte, error) {
	b = append(b, '[')
	for i := range list.Len() {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = f.appendValue(b, list.Get(i)); err != nil {
			return nil, err
		}
	}
	return append(b, ']'), nil
}

func (f *field) appendValue(b []byte, value protoreflect.Value) ([]byte, error) {
	switch f.kind {
	case protoreflect.StringKind:
		return appendText(b, value.String())
	case protoreflect.BoolKind:
		return strconv.AppendBool(b, value.Bool()), nil
	case protoreflect.EnumKind:
		if name, ok := f.enum[value.Enum()]; ok {
			return append(b, name...), nil
		}
		return strconv.AppendInt(b, int64(value.Enum()), 10), nil
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return strconv.AppendInt(b, value.Int(), 10), nil
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return strconv.AppendUint(b, value.Uint(), 10), nil
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return append(strconv.AppendInt(append(b, '"'), value.Int(), 10), '"'), nil
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return append(strconv.AppendUint(append(b, '"'), value.Uint(), 10), '"'), nil
	case protoreflect.FloatKind:
		return appendFloat(b, value.Float(), 32), nil
	case protoreflect.DoubleKind:
		return appendFloat(b, value.Float(), 64), nil
	case protoreflect.BytesKind:
		return append(base64.StdEncoding.AppendEncode(append(b, '"'), value.Bytes()), '"'), nil
	default:
		return planOf(f.desc.Message()).append(b, value.Message())
	}
}

// appendText writes a text as protojson does: only quotes, backslashes and control characters are escaped.
func appendText(b []byte, text string) ([]byte, error) {
	const hexDigits = "0123456789abcdef"
	if !utf8.ValidString(text) {
		return nil, errNotUTF8
	}
	b = append(b, '"')
	done := 0
	for i := range len(text) {
		c := text[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, text[done:i]...)
		done = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		default:
			b = append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return append(append(b, text[done:]...), '"'), nil
}

// appendFloat writes a number as ECMAScript and protojson do: large and small ones with an exponent, of one digit at least.
func appendFloat(b []byte, number float64, bits int) []byte {
	switch {
	case math.IsNaN(number):
		return append(b, `"NaN"`...)
	case math.IsInf(number, 1):
		return append(b, `"Infinity"`...)
	case math.IsInf(number, -1):
		return append(b, `"-Infinity"`...)
	}
	format := byte('f')
	if size := math.Abs(number); size != 0 {
		if bits == 32 && (float32(size) < 1e-6 || float32(size) >= 1e21) || bits == 64 && (size < 1e-6 || size >= 1e21) {
			format = 'e'
		}
	}
	b = strconv.AppendFloat(b, number, format, -1, bits)
	if n := len(b); format == 'e' && n >= 4 && b[n-4] == 'e' && b[n-3] == '-' && b[n-2] == '0' {
		b[n-2] = b[n-1]
		b = b[:n-1]
	}
	return b
}

var options = protojson.MarshalOptions{EmitDefaultValues: true}

// byProtojson leaves a message to protojson, for types that are rare in answers.
func byProtojson(b []byte, m protoreflect.Message) ([]byte, error) {
	text, err := options.Marshal(m.Interface())
	if err != nil {
		return nil, err
	}
	return appendCompact(b, text)
}
