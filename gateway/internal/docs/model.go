package docs

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fortnighthq/fortnight/gateway/internal/openapi"
)

// group is the operations of one tag.
type group struct {
	Name, Description string
	Operations        []operation
}

// operation is one method on one path.
type operation struct {
	ID, Method, Path, Summary, Description string
	Public                                 bool
	Parameters                             []parameter
	Request                                *body
	Answer                                 *body
	curl                                   curlParts
}

type parameter struct {
	Name, In, Type, Description string
	Required                    bool
}

// body is what is sent or answered: its fields, and an example.
type body struct {
	Type    string
	Fields  []field
	Example string
	// Schema is the name of the schema for a link, "" when it has none.
	Schema string
}

type field struct {
	Name, Type, Description string
	Required, ReadOnly      bool
	// Schema is the name of the field's own schema, "" when it has none.
	Schema string
	Values []string
}

// schema is one named message.
type schema struct {
	Name, Short, Description string
	Fields                   []field
	Values                   []string
}

// reader reads the parts of a document that the page shows.
type reader struct{ root *yaml.Node }

func (d reader) groups() []group {
	var groups []group
	byName := map[string]int{}
	for _, tag := range items(openapi.Get(d.root, "tags")) {
		name := text(tag, "name")
		byName[name] = len(groups)
		groups = append(groups, group{Name: title(name), Description: text(tag, "description")})
	}
	d.eachPair(openapi.Get(d.root, "paths"), func(path string, methods *yaml.Node) {
		d.eachPair(methods, func(method string, node *yaml.Node) {
			for _, tag := range items(openapi.Get(node, "tags")) {
				if i, ok := byName[tag.Value]; ok {
					groups[i].Operations = append(groups[i].Operations, d.operation(method, path, node))
				}
			}
		})
	})
	return slices.DeleteFunc(groups, func(g group) bool { return len(g.Operations) == 0 })
}

// title is a tag as a heading: CycleService is Cycle.
func title(tag string) string {
	return strings.TrimSuffix(tag, "Service")
}

func (d reader) operation(method, path string, node *yaml.Node) operation {
	o := operation{
		ID: text(node, "operationId"), Method: strings.ToUpper(method), Path: path,
		Summary: text(node, "summary"), Description: text(node, "description"),
		Public: openapi.Get(node, "security") != nil && len(items(openapi.Get(node, "security"))) == 0,
	}
	for _, p := range items(openapi.Get(node, "parameters")) {
		p = d.resolve(p)
		o.Parameters = append(o.Parameters, parameter{
			Name: text(p, "name"), In: text(p, "in"), Type: d.typeName(openapi.Get(p, "schema")),
			Description: text(p, "description"), Required: text(p, "required") == "true",
		})
	}
	o.Request = d.body(openapi.Get(node, "requestBody"), true)
	if example, ok := bodies[o.ID]; ok && o.Request != nil {
		o.Request.Example = example
	}
	o.Answer = d.body(openapi.Get(node, "responses", "200"), false)
	o.curl = newCurlParts(o)
	return o
}

// body reads the first media type of a request or an answer.
func (d reader) body(node *yaml.Node, sent bool) *body {
	content := openapi.Get(d.resolve(node), "content")
	if content == nil || len(content.Content) < 2 {
		return nil
	}
	media, shape := content.Content[0].Value, openapi.Get(content.Content[1], "schema")
	b := &body{Type: media, Schema: refName(shape)}
	b.Fields = d.fields(shape)
	if media == "application/json" {
		b.Example = d.example(shape, sent)
	}
	return b
}

func (d reader) fields(node *yaml.Node) []field {
	node = d.resolve(node)
	required := map[string]bool{}
	for _, name := range items(openapi.Get(node, "required")) {
		required[name.Value] = true
	}
	var fields []field
	d.eachPair(openapi.Get(node, "properties"), func(name string, property *yaml.Node) {
		fields = append(fields, field{
			Name: name, Type: d.typeName(property), Description: text(property, "description"),
			Required: required[name], ReadOnly: text(property, "readOnly") == "true",
			Schema: fieldSchema(property), Values: d.values(property),
		})
	})
	return fields
}

func (d reader) schemas() []schema {
	var schemas []schema
	d.eachPair(openapi.Get(d.root, "components", "schemas"), func(name string, node *yaml.Node) {
		schemas = append(schemas, schema{
			Name: name, Short: short(name), Description: text(node, "description"), Fields: d.fields(node), Values: d.values(node),
		})
	})
	slices.SortFunc(schemas, func(a, b schema) int { return strings.Compare(a.Short, b.Short) })
	return schemas
}

// eachPair visits the keys of a mapping in their order.
func (d reader) eachPair(node *yaml.Node, visit func(key string, value *yaml.Node)) {
	if node == nil || node.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		visit(node.Content[i].Value, node.Content[i+1])
	}
}

// resolve follows $ref to what is meant.
func (d reader) resolve(node *yaml.Node) *yaml.Node {
	for range 10 { // more would be a circle
		ref := text(node, "$ref")
		if ref == "" {
			return node
		}
		node = openapi.Get(d.root, strings.Split(strings.TrimPrefix(ref, "#/"), "/")...)
	}
	return node
}

func items(node *yaml.Node) []*yaml.Node {
	if node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	return node.Content
}

func text(node *yaml.Node, key string) string {
	if value := openapi.Get(node, key); value != nil {
		return value.Value
	}
	return ""
}
