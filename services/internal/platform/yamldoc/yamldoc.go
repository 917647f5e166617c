// Package yamldoc reads YAML that people write, strictly: every problem says in which line and column it is and which field
// it is about, keys that nobody knows are problems, and so are keys that are there twice. Aliases are refused where they
// would be read, so that a short file cannot stand for a long one.
package yamldoc

import (
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Reasons of problems.
const (
	// ReasonSyntax means that the text is not YAML.
	ReasonSyntax = "YAML_SYNTAX"
	// ReasonAlias means that a value stands for another one.
	ReasonAlias = "YAML_ALIAS"
	// ReasonKind means that a value has another form than what is wanted.
	ReasonKind = "VALUE_KIND"
	// ReasonUnknown means that there is no such field.
	ReasonUnknown = "FIELD_UNKNOWN"
	// ReasonTwice means that a field is there twice.
	ReasonTwice = "FIELD_TWICE"
	// ReasonMissing means that a field is not there.
	ReasonMissing = "FIELD_MISSING"
)

// Problem is something wrong in a file.
type Problem struct {
	Line, Column int
	// Field is the path of the value, such as "users[2].email".
	Field string
	// Reason is a stable UPPER_SNAKE word, Text a sentence that says how to mend it.
	Reason, Text string
}

// Reader collects the problems of one file.
type Reader struct{ problems []Problem }

// Problems are those found so far, in the order of the file.
func (r *Reader) Problems() []Problem {
	slices.SortStableFunc(r.problems, func(a, b Problem) int {
		if a.Line != b.Line {
			return a.Line - b.Line
		}
		return a.Column - b.Column
	})
	return r.problems
}

// Value is a value at its place in a file. The zero value is one that is not there; it is empty in every form.
type Value struct {
	node *yaml.Node
	path string
	r    *Reader
}

// maxDocuments bounds a file of nothing but separators.
const maxDocuments = 20_000

// Documents returns the documents of a text, without those that are empty. After a mistake in the form of the text there are
// no more.
func (r *Reader) Documents(text string) []Value {
	var found []Value
	decoder := yaml.NewDecoder(strings.NewReader(text))
	for range maxDocuments {
		var document yaml.Node
		err := decode(decoder, &document)
		if errors.Is(err, io.EOF) {
			return found
		}
		if err != nil {
			r.problems = append(r.problems, syntax(err))
			return found
		}
		if len(document.Content) == 1 && document.Content[0].Tag != "!!null" {
			found = append(found, Value{node: document.Content[0], r: r})
		}
	}
	r.problems = append(r.problems, Problem{Line: 1, Column: 1, Reason: ReasonSyntax, Text: "the file has too many documents: split it"})
	return nil
}

// decode takes a panic of the parser for a mistake in the text.
func decode(decoder *yaml.Decoder, into *yaml.Node) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("yaml: the parser gave up: %v", p)
		}
	}()
	return decoder.Decode(into)
}

var syntaxLine = regexp.MustCompile(`^yaml: (?:line ([0-9]+): )?(.*)$`)

// syntax tells what the parser says, which knows no column.
func syntax(err error) Problem {
	p := Problem{Line: 1, Column: 1, Reason: ReasonSyntax, Text: "this is not YAML"}
	if m := syntaxLine.FindStringSubmatch(err.Error()); m != nil {
		if line, err := strconv.Atoi(m[1]); err == nil {
			p.Line = line
		}
		p.Text += ": " + m[2]
	}
	return p
}

// There tells whether there is such a value. One that is null is not there.
func (v Value) There() bool { return v.node != nil && v.node.Tag != "!!null" }

// Line is where the value begins.
func (v Value) Line() int {
	if v.node == nil {
		return 0
	}
	return v.node.Line
}

// Path is the path of the value.
func (v Value) Path() string { return v.path }

// Report adds a problem of this value.
func (v Value) Report(reason, format string, args ...any) {
	if v.r == nil {
		return
	}
	p := Problem{Line: 1, Column: 1, Field: v.path, Reason: reason, Text: fmt.Sprintf(format, args...)}
	if v.node != nil {
		p.Line, p.Column = v.node.Line, v.node.Column
	}
	v.r.problems = append(v.r.problems, p)
}

// is tells whether the value is there in the wanted form, and reports one that has another.
func (v Value) is(kind yaml.Kind, want string) bool {
	switch {
	case !v.There():
		return false
	case v.node.Kind == yaml.AliasNode:
		v.Report(ReasonAlias, "write the value out: aliases are not read here")
		return false
	case v.node.Kind != kind:
		v.Report(ReasonKind, "this should be %s", want)
		return false
	}
	return true
}

// Text is a single value as it is written, without spaces around it; "" when there is none.
func (v Value) Text() string {
	if !v.is(yaml.ScalarNode, "a single value") {
		return ""
	}
	return strings.TrimSpace(v.node.Value)
}

// Number is a whole number; 0 when there is none.
func (v Value) Number() int {
	text := v.Text()
	if text == "" {
		return 0
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		v.Report(ReasonKind, "this should be a whole number, not %q", text)
	}
	return n
}

// List are the values of a list.
func (v Value) List() []Value {
	if !v.is(yaml.SequenceNode, "a list") {
		return nil
	}
	values := make([]Value, len(v.node.Content))
	for i, node := range v.node.Content {
		values[i] = Value{node: node, path: v.path + "[" + strconv.Itoa(i) + "]", r: v.r}
	}
	return values
}

// Fields are the fields of a value that has named ones.
type Fields struct {
	of     Value
	keys   []*yaml.Node
	values map[string]Value
}

// Fields reads a value's named fields; false means that it has none.
func (v Value) Fields() (Fields, bool) {
	f := Fields{of: v, values: map[string]Value{}}
	if !v.is(yaml.MappingNode, "a set of named fields") {
		return f, false
	}
	for i := 0; i+1 < len(v.node.Content); i += 2 {
		key := v.node.Content[i]
		value := Value{node: v.node.Content[i+1], path: join(v.path, key.Value), r: v.r}
		at := Value{node: key, path: value.path, r: v.r}
		switch _, twice := f.values[key.Value]; {
		case key.Kind != yaml.ScalarNode:
			at.Report(ReasonKind, "the name of a field is a single word")
		case key.Tag == "!!merge":
			at.Report(ReasonAlias, "write the fields out: aliases are not read here")
		case twice:
			at.Report(ReasonTwice, "the field %s is there twice", key.Value)
		default:
			f.values[key.Value] = value
			f.keys = append(f.keys, key)
		}
	}
	return f, true
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// Get returns a field, which may not be there.
func (f Fields) Get(name string) Value {
	v, there := f.values[name]
	if !there {
		v = Value{path: join(f.of.path, name), r: f.of.r}
	}
	return v
}

// Must returns a field, and reports it when it is not there.
func (f Fields) Must(name string) Value {
	v := f.Get(name)
	if !v.There() {
		at := v
		at.node = f.of.node // where it should be
		at.Report(ReasonMissing, "%s is missing", name)
	}
	return v
}

// Only reports every field that is not one of those named.
func (f Fields) Only(names ...string) {
	for _, key := range f.keys {
		if !slices.Contains(names, key.Value) {
			at := Value{node: key, path: join(f.of.path, key.Value), r: f.of.r}
			at.Report(ReasonUnknown, "there is no field %q here: there are %s", key.Value, strings.Join(names, ", "))
		}
	}
}
