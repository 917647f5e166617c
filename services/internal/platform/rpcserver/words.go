package rpcserver

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"buf.build/go/protovalidate"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// words say what is wrong with a value and what would be right, by the id of the rule of buf.validate that it breaks. What the
// library says is for those who write contracts. Rules that the contract words itself (cel) are not in here.
var words = map[string]func(v *protovalidate.Violation) string{
	"required":           says("must be given"),
	"string.min_len":     atLeast("characters", characters),
	"string.max_len":     atMost("characters", characters),
	"string.max_bytes":   atMost("bytes", bytes),
	"bytes.max_len":      atMost("bytes", bytes),
	"repeated.min_items": atLeast("entries", entries),
	"repeated.max_items": atMost("entries", entries),
	"map.max_pairs":      atMost("entries", pairs),
	"repeated.unique":    says("must not have an entry twice"),
	"string.pattern":     func(v *protovalidate.Violation) string { return patternWords(v.RuleValue.String()) },
	"string.in":          func(v *protovalidate.Violation) string { return oneOf(texts(v.RuleValue.List())) },
	"string.email":       says("must be an address such as mina@example.com"),
	"string.email_empty": says("must be an address such as mina@example.com"),
	"string.uuid":        says("must be a UUID such as 6f1c1f0e-9b0a-4f5e-8f57-2f7f6a1b2c3d"),
	"string.uuid_empty":  says("must be a UUID such as 6f1c1f0e-9b0a-4f5e-8f57-2f7f6a1b2c3d"),
	"string.uri":         says("must be an address such as https://fortnight.example/sign-in"),
	"string.uri_empty":   says("must be an address such as https://fortnight.example/sign-in"),
	"enum.defined_only":  chooseOf,
	"enum.not_in":        chooseOf,
	"enum.in":            chooseOf,
	"double.finite":      says("must be a finite number"),
	"gte":                numbers("must be %s or more"),
	"lte":                numbers("must be %s or less"),
	"gt":                 numbers("must be more than %s"),
	"lt":                 numbers("must be less than %s"),
	"gte_lte":            numbers("must be from %s to %s"),
	"gt_lte":             numbers("must be more than %s and at most %s"),
}

// patterns say what a text looks like that a pattern of the contract takes.
var patterns = map[string]string{
	`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`:                                    "must be a day as 2026-12-04",
	`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`:                            "must be an id: 1 to 63 lower-case letters, digits and hyphens, with no hyphen at either end",
	`^[a-z0-9]([a-z0-9-]{0,29}[a-z0-9])?$`:                            "must be 1 to 31 lower-case letters, digits and hyphens, with no hyphen at either end",
	`^[a-z0-9][a-z0-9-]{0,39}$`:                                       "must be 1 to 40 lower-case letters, digits and hyphens, beginning with a letter or a digit",
	`^\S(.*\S)?$`:                                                     "must not be empty, nor begin or end with a space",
	`^(read|write|admin|mcp|bot:[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$`: "must be one of read, write, admin, mcp, or bot: with the id of a team",
}

// wordsOf says what is wrong, in the words of the contract or of the library where there are none here.
func wordsOf(v *protovalidate.Violation) string {
	id := v.Proto.GetRuleId()
	say, known := words[id]
	if !known {
		if _, rule, number := strings.Cut(id, "."); number { // int32.gte and the like
			say, known = words[rule]
		}
	}
	switch {
	case known:
		return say(v)
	case v.Proto.GetMessage() != "":
		return v.Proto.GetMessage()
	}
	return "breaks the rule " + id
}

func says(text string) func(*protovalidate.Violation) string {
	return func(*protovalidate.Violation) string { return text }
}

// counting counts what a rule about lengths is about.
type counting func(value protoreflect.Value) int

func characters(v protoreflect.Value) int { return utf8.RuneCountInString(v.String()) }
func bytes(v protoreflect.Value) int {
	if text, ok := v.Interface().(string); ok {
		return len(text)
	}
	return len(v.Bytes())
}
func entries(v protoreflect.Value) int { return v.List().Len() }
func pairs(v protoreflect.Value) int   { return v.Map().Len() }

func atMost(what string, count counting) func(*protovalidate.Violation) string {
	return func(v *protovalidate.Violation) string {
		return fmt.Sprintf("must have at most %d %s, has %d", v.RuleValue.Uint(), what, count(v.FieldValue))
	}
}

func atLeast(what string, count counting) func(*protovalidate.Violation) string {
	return func(v *protovalidate.Violation) string {
		if v.RuleValue.Uint() == 1 {
			return "must not be empty"
		}
		return fmt.Sprintf("must have at least %d %s, has %d", v.RuleValue.Uint(), what, count(v.FieldValue))
	}
}

// numberText finds the bounds in what the library says: a rule about two of them tells only one as its value.
var numberText = regexp.MustCompile(`-?[0-9]+(\.[0-9]+)?(e[+-]?[0-9]+)?`)

func numbers(format string) func(*protovalidate.Violation) string {
	return func(v *protovalidate.Violation) string {
		found := numberText.FindAllString(v.Proto.GetMessage(), -1)
		if len(found) != strings.Count(format, "%s") {
			return v.Proto.GetMessage()
		}
		bounds := make([]any, len(found))
		for i, text := range found {
			bounds[i] = text
			if n, err := strconv.ParseFloat(text, 64); err == nil {
				bounds[i] = strconv.FormatFloat(n, 'f', -1, 64) // 1e+06 is 1000000
			}
		}
		return fmt.Sprintf(format, bounds...)
	}
}

func patternWords(pattern string) string {
	if text, ok := patterns[pattern]; ok {
		return text
	}
	return "must match " + pattern
}

// chooseOf names the values of an enum that the contract takes, without the zero value, which says nothing.
func chooseOf(v *protovalidate.Violation) string {
	field := v.FieldDescriptor
	if field == nil || field.Enum() == nil {
		return v.Proto.GetMessage()
	}
	var rules *validate.EnumRules
	if of, err := protovalidate.ResolveFieldRules(field); err == nil {
		if rules = of.GetEnum(); field.IsList() {
			rules = of.GetRepeated().GetItems().GetEnum()
		}
	}
	var names []string
	for i, values := 0, field.Enum().Values(); i < values.Len(); i++ {
		n := int32(values.Get(i).Number())
		if n != 0 && !slices.Contains(rules.GetNotIn(), n) && (len(rules.GetIn()) == 0 || slices.Contains(rules.GetIn(), n)) {
			names = append(names, string(values.Get(i).Name()))
		}
	}
	return oneOf(names)
}

func texts(list protoreflect.List) []string {
	names := make([]string, list.Len())
	for i := range names {
		names[i] = list.Get(i).String()
	}
	return slices.DeleteFunc(names, func(s string) bool { return s == "" })
}

func oneOf(names []string) string { return "must be one of " + strings.Join(names, ", ") }
