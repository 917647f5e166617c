package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// reader reads one file and collects what is wrong with it.
type reader struct {
	path     string
	problems []fault.Violation
	lines    map[string]int // where a field stands first, by its name
}

func (r *reader) report(line int, format string, args ...any) {
	r.problems = append(r.problems, problem(r.path, line, ReasonInvalid, fmt.Sprintf(format, args...)))
}

// value reads the one value of a file; nil after a problem.
func (r *reader) value(content []byte) any {
	if !utf8.Valid(content) {
		r.report(0, "the file is not UTF-8")
		return nil
	}
	decoder := yaml.NewDecoder(strings.NewReader(string(content)))
	document, err := decode(decoder)
	if err != nil {
		r.syntax(err)
		return nil
	}
	if _, err := decode(decoder); !errors.Is(err, io.EOF) {
		r.report(0, "the file should hold one document")
		return nil
	}
	r.lines = map[string]int{}
	value := r.convert(document.Content[0])
	if len(r.problems) > 0 {
		return nil
	}
	return value
}

// decode takes a panic of the parser for a mistake in the text.
func decode(decoder *yaml.Decoder) (node yaml.Node, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: the parser gave up: %v", p)
		}
	}()
	err = decoder.Decode(&node)
	return node, err
}

var syntaxLine = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?(.*)$`)

func (r *reader) syntax(err error) {
	if m := syntaxLine.FindStringSubmatch(err.Error()); m != nil {
		line, _ := strconv.Atoi(m[1]) // 0 when it says none
		r.report(line, "this is not YAML: %s", m[2])
		return
	}
	r.report(0, "the file is empty")
}

var jsonNumber = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)

func (r *reader) convert(n *yaml.Node) any {
	if n.Style&yaml.TaggedStyle != 0 || n.Anchor != "" || n.Kind == yaml.AliasNode {
		r.report(n.Line, "tags, anchors and aliases are not read here")
		return nil
	}
	if n.Kind == yaml.MappingNode {
		return r.object(n)
	}
	if n.Kind == yaml.SequenceNode {
		list := make([]any, len(n.Content))
		for i, item := range n.Content {
			list[i] = r.convert(item)
		}
		return list
	}
	switch n.ShortTag() {
	case "!!null":
		return nil
	case "!!bool":
		if n.Value == "true" || n.Value == "false" {
			return n.Value == "true"
		}
	case "!!int", "!!float":
		if jsonNumber.MatchString(n.Value) {
			return json.Number(n.Value)
		}
		r.report(n.Line, "write the number %s in decimal digits, or the text in quotes", n.Value)
		return nil
	}
	return n.Value
}

func (r *reader) object(n *yaml.Node) *object {
	o := newObject()
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		if key.Kind != yaml.ScalarNode || key.Tag == "!!merge" {
			r.report(key.Line, "the name of a field is a single word")
			continue
		}
		if _, twice := o.values[key.Value]; twice {
			r.report(key.Line, "the field %s is there twice", key.Value)
		}
		if _, seen := r.lines[key.Value]; !seen {
			r.lines[key.Value] = key.Line
		}
		o.set(key.Value, r.convert(n.Content[i+1]))
	}
	return o
}

// fields reads an object that has only the fields named.
func (r *reader) fields(value any, where string, names ...string) *object {
	o, ok := value.(*object)
	if !ok {
		if len(r.problems) == 0 {
			r.report(0, "%s should have the fields %s", where, strings.Join(names, ", "))
		}
		return nil
	}
	for _, key := range o.keys {
		known := false
		for _, name := range names {
			known = known || name == key
		}
		if !known {
			r.report(r.lines[key], "there is no field %q here: there are %s", key, strings.Join(names, ", "))
		}
	}
	return o
}

// text reads a field that is a text; "" when it is not there.
func (r *reader) text(o *object, name string) string {
	value, there := o.values[name]
	s, ok := value.(string)
	if there && !ok {
		r.report(r.lines[name], "%s should be a text", name)
	}
	return s
}

// number reads a field that is a whole number; 0 when it is not there.
func (r *reader) number(o *object, name string) int64 {
	value, there := o.values[name]
	digits, _ := value.(json.Number)
	n, err := digits.Int64()
	if there && (err != nil || n < 1) {
		r.report(r.lines[name], "%s should be a positive whole number", name)
	}
	return n
}

// instant reads a field that is an instant in whole microseconds.
func (r *reader) instant(o *object, name string) time.Time {
	at, err := time.Parse(time.RFC3339Nano, r.text(o, name))
	if err != nil || !at.Equal(at.Truncate(time.Microsecond)) || at.UTC().Year() < 1 || at.UTC().Year() > 9999 {
		r.report(r.lines[name], "%s should be an instant such as 2026-06-08T09:00:00Z, in whole microseconds", name)
	}
	return at.UTC()
}

// unknownField finds the field in the message of a decoder that refused it.
var unknownField = regexp.MustCompile(`unknown field "?([^"\s]+?)"?(?:\s|$)`)

// refused reports a document that its decoder did not take, where the field stands that it names.
func (r *reader) refused(what string, err error) {
	line := 0
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		line = r.lines[wrong.Field[strings.LastIndexByte(wrong.Field, '.')+1:]]
	} else if m := unknownField.FindStringSubmatch(err.Error()); m != nil {
		line = r.lines[m[1]]
	}
	r.report(line, "%s cannot be read: %v", what, err)
}
