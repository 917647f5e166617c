// Package openapi holds the description of the REST interface: openapi.yaml, generated from the contracts, and gateway.yaml,
// which adds what the gateway serves itself.
package openapi

import (
	"bytes"
	_ "embed"
	"fmt"

	"go.yaml.in/yaml/v3"
)

//go:embed openapi.yaml
var generated []byte

//go:embed gateway.yaml
var added []byte

// Document is the whole description.
type Document struct {
	// Root is the document as a mapping, in the order that it is served in.
	Root *yaml.Node
	// YAML and JSON are the document as it is served.
	YAML, JSON []byte
}

// Load reads and joins the two parts.
func Load() (*Document, error) {
	root, err := parse(generated)
	if err != nil {
		return nil, fmt.Errorf("openapi.yaml: %w", err)
	}
	more, err := parse(added)
	if err != nil {
		return nil, fmt.Errorf("gateway.yaml: %w", err)
	}
	merge(root, more)
	limit(root)
	text, err := encode(root)
	if err != nil {
		return nil, err
	}
	var json bytes.Buffer
	if err := writeJSON(&json, root); err != nil {
		return nil, err
	}
	return &Document{Root: root, YAML: text, JSON: json.Bytes()}, nil
}

func parse(text []byte) (*yaml.Node, error) {
	var document yaml.Node
	if err := yaml.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	if len(document.Content) != 1 || document.Content[0].Kind != yaml.MappingNode {
		return nil, fmt.Errorf("not one mapping")
	}
	root := document.Content[0]
	root.HeadComment = "" // says how the file was made, which no reader of the served document needs
	return root, nil
}

func encode(root *yaml.Node) ([]byte, error) {
	var b bytes.Buffer
	encoder := yaml.NewEncoder(&b)
	encoder.SetIndent(2)
	if err := encoder.Encode(root); err != nil {
		return nil, err
	}
	err := encoder.Close()
	return b.Bytes(), err
}

// merge adds more to base: mappings by key, lists at their end; a value that both have stays as it is in base.
func merge(base, more *yaml.Node) {
	if base.Kind == yaml.SequenceNode && more.Kind == yaml.SequenceNode {
		base.Content = append(base.Content, more.Content...)
		return
	}
	if base.Kind != yaml.MappingNode || more.Kind != yaml.MappingNode {
		return
	}
	for i := 0; i+1 < len(more.Content); i += 2 {
		if value := Get(base, more.Content[i].Value); value != nil {
			merge(value, more.Content[i+1])
		} else {
			base.Content = append(base.Content, more.Content[i], more.Content[i+1])
		}
	}
}

// limit says of every operation what it answers when somebody asks too much, which the gateway decides for all alike.
func limit(root *yaml.Node) {
	paths := Get(root, "paths")
	for i := 1; paths != nil && i < len(paths.Content); i += 2 {
		methods := paths.Content[i]
		for j := 1; j < len(methods.Content); j += 2 {
			responses := Get(methods.Content[j], "responses")
			if responses == nil || Get(responses, "429") != nil {
				continue
			}
			merge(responses, &yaml.Node{Kind: yaml.MappingNode, Content: []*yaml.Node{
				{Kind: yaml.ScalarNode, Value: "429", Style: yaml.DoubleQuotedStyle},
				{Kind: yaml.MappingNode, Content: []*yaml.Node{
					{Kind: yaml.ScalarNode, Value: "$ref"},
					{Kind: yaml.ScalarNode, Value: "#/components/responses/TooManyRequests"},
				}},
			}})
		}
	}
}

// Get follows keys into nested mappings; nil where there is nothing.
func Get(node *yaml.Node, keys ...string) *yaml.Node {
	for _, key := range keys {
		if node = child(node, key); node == nil {
			return nil
		}
	}
	return node
}

func child(node *yaml.Node, key string) *yaml.Node {
	if node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := 0; i+1 < len(node.Content); i += 2 {
		if node.Content[i].Value == key {
			return node.Content[i+1]
		}
	}
	return nil
}
