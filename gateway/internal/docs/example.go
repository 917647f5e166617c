package docs

import (
	"encoding/json"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/fortnighthq/fortnight/gateway/internal/openapi"
)

// maxDepth ends examples of messages that hold themselves.
const maxDepth = 6

// example writes a value of the schema, indented. What only the server sets is left out of what is sent, and so are the
// fields that headers stand for.
func (d reader) example(node *yaml.Node, sent bool) string {
	var b strings.Builder
	d.write(&b, node, "", "", sent, 0)
	return b.String()
}

func (d reader) write(b *strings.Builder, node *yaml.Node, name, indent string, sent bool, depth int) {
	node = d.resolve(unwrap(node))
	values := d.values(node)
	switch kind := text(node, "type"); {
	case len(values) > 0:
		b.WriteString(quote(values[0]))
	case kind == "object" && depth < maxDepth:
		d.writeObject(b, node, indent, sent, depth)
	case kind == "object":
		b.WriteString("{}")
	case kind == "array" && depth < maxDepth:
		b.WriteByte('[')
		d.write(b, openapi.Get(node, "items"), strings.TrimSuffix(name, "s"), indent, sent, depth+1)
		b.WriteByte(']')
	case kind == "array":
		b.WriteString("[]")
	case kind == "boolean":
		b.WriteString("true")
	case kind == "integer":
		b.WriteString("1")
	case kind == "number":
		b.WriteString("4.5")
	default:
		b.WriteString(quote(d.word(node, name)))
	}
}

func (d reader) writeObject(b *strings.Builder, node *yaml.Node, indent string, sent bool, depth int) {
	b.WriteByte('{')
	first := true
	d.eachPair(openapi.Get(node, "properties"), func(key string, property *yaml.Node) {
		if sent && (text(property, "readOnly") == "true" || key == "name" || slices.Contains([]string{"etag", "requestId"}, key)) {
			return
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString("\n" + indent + "  " + quote(key) + ": ")
		d.write(b, property, key, indent+"  ", sent, depth+1)
	})
	if !first {
		b.WriteString("\n" + indent)
	}
	b.WriteByte('}')
}

// word is a text that fits a field by its name or format.
func (d reader) word(node *yaml.Node, name string) string {
	switch format := text(node, "format"); {
	case format == "date-time":
		return "2026-06-08T08:00:00Z"
	case format == "int64":
		return "1"
	case name == "etag":
		return `"3f2a91c0-7"`
	case name == "email":
		return "mina@example.com"
	case name == "timeZone":
		return "Europe/Berlin"
	case strings.HasSuffix(strings.ToLower(name), "date") || strings.HasSuffix(name, "Day"):
		return "2026-06-19"
	case strings.HasSuffix(name, "Token"):
		return ""
	default:
		return "text"
	}
}

func quote(s string) string {
	text, err := json.Marshal(s)
	if err != nil { // strings always marshal
		return `""`
	}
	return string(text)
}
