package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// object is a JSON object that keeps the order of its keys. A value is an *object, a []any, a string, a json.Number, a bool
// or nil.
type object struct {
	keys   []string
	values map[string]any
}

func newObject() *object { return &object{values: map[string]any{}} }

func (o *object) set(key string, value any) {
	if _, there := o.values[key]; !there {
		o.keys = append(o.keys, key)
	}
	o.values[key] = value
}

func (o *object) unset(key string) {
	if _, there := o.values[key]; there {
		delete(o.values, key)
		o.keys = slices.DeleteFunc(o.keys, func(k string) bool { return k == key })
	}
}

// parseJSON reads a JSON object.
func parseJSON(text []byte) (*object, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	value, err := parseValue(decoder)
	if err != nil {
		return nil, err
	}
	o, ok := value.(*object)
	if !ok {
		return nil, fmt.Errorf("the document is no object")
	}
	return o, nil
}

func parseValue(decoder *json.Decoder) (any, error) {
	token, err := decoder.Token()
	if err != nil {
		return nil, err
	}
	switch token {
	case json.Delim('{'):
		o := newObject()
		for decoder.More() {
			key, err := decoder.Token()
			if err != nil {
				return nil, err
			}
			value, err := parseValue(decoder)
			if err != nil {
				return nil, err
			}
			o.set(key.(string), value) // a key is always a string
		}
		_, err := decoder.Token()
		return o, err
	case json.Delim('['):
		list := []any{}
		for decoder.More() {
			value, err := parseValue(decoder)
			if err != nil {
				return nil, err
			}
			list = append(list, value)
		}
		_, err := decoder.Token()
		return list, err
	}
	return token, nil
}

// toJSON writes a value as JSON, keys in their order.
func toJSON(value any) []byte { return appendJSON(nil, value) }

func appendJSON(b []byte, value any) []byte {
	switch v := value.(type) {
	case *object:
		b = append(b, '{')
		for i, key := range v.keys {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(appendJSON(b, key), ':')
			b = appendJSON(b, v.values[key])
		}
		return append(b, '}')
	case []any:
		b = append(b, '[')
		for i, item := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = appendJSON(b, item)
		}
		return append(b, ']')
	case string:
		text, _ := json.Marshal(v) // a string always marshals
		return append(b, text...)
	default:
		return append(b, scalar(v)...)
	}
}

// equal compares two values; the order of keys does not count.
func equal(a, b any) bool {
	switch x := a.(type) {
	case *object:
		y, ok := b.(*object)
		if !ok || len(x.keys) != len(y.keys) {
			return false
		}
		for key, value := range x.values {
			if other, there := y.values[key]; !there || !equal(value, other) {
				return false
			}
		}
		return true
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, equal)
	default:
		return a == b
	}
}

// toYAML writes an object as YAML. The library's own writer escapes every character beyond the sixteen-bit ones, and
// one of these in a text makes a single line of it; here a text of several lines is always a block.
func toYAML(o *object) []byte { return appendObject(nil, o, 0) }

func appendObject(b []byte, o *object, indent int) []byte {
	for i, key := range o.keys {
		if i > 0 || indent == 0 {
			b = appendIndent(b, indent)
		}
		b = append(append(b, word(key)...), ':')
		b = appendField(b, o.values[key], indent)
	}
	return b
}

// appendField writes what stands behind a key that is indented.
func appendField(b []byte, value any, indent int) []byte {
	switch v := value.(type) {
	case *object:
		if len(v.keys) == 0 {
			return append(b, " {}\n"...)
		}
		return appendObject(appendIndent(append(b, '\n'), indent+2), v, indent+2)
	case []any:
		if len(v) == 0 {
			return append(b, " []\n"...)
		}
		b = append(b, '\n')
		for _, item := range v {
			b = append(appendIndent(b, indent+2), '-')
			if inner, ok := item.(*object); ok && len(inner.keys) > 0 {
				b = appendObject(append(b, ' '), inner, indent+4)
				continue
			}
			b = appendField(b, item, indent+2)
		}
		return b
	case string:
		if !isBlock(v) {
			return append(append(append(b, ' '), word(v)...), '\n')
		}
		text, ending := strings.CutSuffix(v, "\n")
		b = append(b, " |"...)
		if !ending {
			b = append(b, '-')
		}
		b = append(b, '\n')
		for line := range strings.SplitSeq(text, "\n") {
			if line != "" {
				b = append(appendIndent(b, indent+2), line...)
			}
			b = append(b, '\n')
		}
		return b
	default:
		return append(append(append(b, ' '), scalar(v)...), '\n')
	}
}

func appendIndent(b []byte, n int) []byte {
	for range n {
		b = append(b, ' ')
	}
	return b
}

func scalar(v any) string {
	switch v := v.(type) {
	case json.Number:
		return v.String()
	case bool:
		if v {
			return "true"
		}
		return "false"
	default:
		return "null"
	}
}

// isBlock tells whether a text can be a literal block and come back as it is, also after an editor took spaces off line ends.
func isBlock(s string) bool {
	if !strings.Contains(s, "\n") || strings.HasSuffix(s, "\n\n") || strings.ContainsFunc(s, func(r rune) bool { return r != '\n' && !printable(r) }) {
		return false
	}
	for i, line := range strings.Split(s, "\n") {
		if i == 0 && (line == "" || line[0] == ' ') || strings.HasSuffix(line, " ") {
			return false
		}
	}
	return true
}

// printable tells whether a character can stand in YAML as it is and be seen.
func printable(r rune) bool {
	return r != utf8.RuneError && r != '\uFEFF' && (r == ' ' || unicode.IsPrint(r) || unicode.Is(unicode.Mn, r) || r == '\u200d')
}

// ambiguous are the words that some reader of YAML takes for something else than a text.
var ambiguous = regexp.MustCompile(`^(?i:null|true|false|yes|no|on|off|y|n)$`)

// word writes a text on one line: as it is when nobody can take it for something else, otherwise quoted.
func word(s string) string {
	first, _ := utf8.DecodeRuneInString(s)
	plain := unicode.IsLetter(first) && !strings.Contains(s, ": ") && !strings.Contains(s, " #") && !strings.HasSuffix(s, ":") &&
		!strings.HasSuffix(s, " ") && !ambiguous.MatchString(s) && !strings.ContainsFunc(s, func(r rune) bool { return !printable(r) })
	if plain {
		return s
	}
	return quote(s)
}

// quote writes a text in double quotes.
func quote(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\r':
			b.WriteString(`\r`)
		case r == '\t':
			b.WriteString(`\t`)
		case printable(r):
			b.WriteRune(r)
		case r > 0xffff:
			fmt.Fprintf(&b, `\U%08x`, r)
		default:
			fmt.Fprintf(&b, `\u%04x`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
