package docs

import (
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fortnighthq/fortnight/gateway/internal/openapi"
)

// refName is the name of the schema that a node refers to, directly or through allOf.
func refName(node *yaml.Node) string {
	if ref := text(node, "$ref"); ref != "" {
		return ref[strings.LastIndex(ref, "/")+1:]
	}
	if all := items(openapi.Get(node, "allOf")); len(all) == 1 {
		return refName(all[0])
	}
	return ""
}

// fieldSchema is refName that also looks into lists.
func fieldSchema(node *yaml.Node) string {
	if name := refName(node); name != "" {
		return name
	}
	return refName(openapi.Get(node, "items"))
}

// short is a schema's name without its package: Cycle for fortnight.cycle.v1.Cycle.
func short(name string) string { return name[strings.LastIndex(name, ".")+1:] }

// typeName says what a value is, in a word or two.
func (d reader) typeName(node *yaml.Node) string {
	if name := refName(node); name != "" {
		return short(name)
	}
	kind, format := text(node, "type"), text(node, "format")
	switch {
	case kind == "array":
		return "list of " + d.typeName(openapi.Get(node, "items"))
	case kind == "object" && openapi.Get(node, "additionalProperties") != nil:
		return "map of " + d.typeName(openapi.Get(node, "additionalProperties"))
	case format == "date-time":
		return "instant"
	case format == "date":
		return "day"
	case kind == "string" && format == "int64":
		return "integer as string"
	case kind == "":
		return "any"
	default:
		return kind
	}
}

// values are the values of an enum that may be sent.
func (d reader) values(node *yaml.Node) []string {
	node = d.resolve(unwrap(node))
	var values []string
	for _, value := range items(openapi.Get(node, "enum")) {
		if !strings.HasSuffix(value.Value, "_UNSPECIFIED") {
			values = append(values, value.Value)
		}
	}
	return values
}

// unwrap takes an allOf of one off, which only carries a description or readOnly beside a $ref.
func unwrap(node *yaml.Node) *yaml.Node {
	if all := items(openapi.Get(node, "allOf")); len(all) == 1 {
		return all[0]
	}
	return node
}
