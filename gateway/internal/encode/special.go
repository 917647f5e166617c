package encode

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func appendCompact(b, text []byte) ([]byte, error) {
	var compact bytes.Buffer
	if err := json.Compact(&compact, text); err != nil {
		return nil, err
	}
	return append(b, compact.Bytes()...), nil
}

// timestamp writes an instant in UTC after RFC 3339, with 0, 3, 6 or 9 digits behind the second.
func timestamp(b []byte, m protoreflect.Message) ([]byte, error) {
	stamp, ok := m.Interface().(*timestamppb.Timestamp)
	if !ok || stamp.CheckValid() != nil {
		return byProtojson(b, m) // which says what is wrong
	}
	b = append(b, '"')
	b = time.Unix(stamp.GetSeconds(), int64(stamp.GetNanos())).UTC().AppendFormat(b, "2006-01-02T15:04:05.000000000")
	for range 3 {
		if !bytes.HasSuffix(b, []byte("000")) {
			break
		}
		b = b[:len(b)-3]
	}
	return append(bytes.TrimSuffix(b, []byte(".")), 'Z', '"'), nil
}

// appendMap writes a map in the order that protojson has: false before true, numbers by size, texts by bytes.
func (f *field) appendMap(b []byte, entries protoreflect.Map) ([]byte, error) {
	keys := make([]protoreflect.MapKey, 0, entries.Len())
	entries.Range(func(key protoreflect.MapKey, _ protoreflect.Value) bool {
		keys = append(keys, key)
		return true
	})
	slices.SortFunc(keys, compareKeys)
	value := newField(f.desc.MapValue())
	b = append(b, '{')
	for i, key := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendText(b, key.String()); err != nil {
			return nil, err
		}
		if b, err = value.appendValue(append(b, ':'), entries.Get(key)); err != nil {
			return nil, err
		}
	}
	return append(b, '}'), nil
}

func compareKeys(x, y protoreflect.MapKey) int {
	switch x.Interface().(type) {
	case int32, int64:
		return cmp.Compare(x.Int(), y.Int())
	case uint32, uint64:
		return cmp.Compare(x.Uint(), y.Uint())
	}
	return strings.Compare(x.String(), y.String()) // "false" is before "true"
}
