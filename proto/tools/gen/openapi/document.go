package main

import (
	"cmp"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

type object = map[string]any

// document is an OpenAPI 3.1 document. The fields stand in the order in which people read them.
type document struct {
	OpenAPI    string                       `yaml:"openapi"`
	Info       object                       `yaml:"info"`
	Servers    []object                     `yaml:"servers"`
	Security   []object                     `yaml:"security"`
	Tags       []object                     `yaml:"tags"`
	Paths      map[string]map[string]object `yaml:"paths"`
	Components components                   `yaml:"components"`
}

type components struct {
	SecuritySchemes map[string]object `yaml:"securitySchemes"`
	Parameters      map[string]object `yaml:"parameters"`
	Headers         map[string]object `yaml:"headers"`
	Responses       map[string]object `yaml:"responses"`
	Schemas         map[string]object `yaml:"schemas"`
}

// statusSchema is the generator's idea of an error body. The gateway answers with problems instead.
const statusSchema = "google.rpc.Status"

func newDocument() *document {
	return &document{
		OpenAPI: "3.1.0",
		Info: object{
			"title":   "Fortnight",
			"version": "1",
			"description": "Two-week improvement cycles: plan, do, check, act. Every resource has a `name` that is also its path " +
				"below `/v1`. Lists are paged with `pageSize` and `pageToken`; an empty `nextPageToken` is the only end. " +
				"Instants are UTC in RFC 3339, days are dates in the team's time zone, 64-bit integers are strings. " +
				"Unknown fields are refused.",
			"license": object{"name": "Apache-2.0", "identifier": "Apache-2.0"},
		},
		Servers:    []object{{"url": "/", "description": "The server that this document came from."}},
		Security:   []object{{"bearer": []string{}}},
		Paths:      map[string]map[string]object{},
		Components: newComponents(),
	}
}

// add takes in what was generated for one contract. Two contracts may share a schema when they agree on it, never a route.
func (d *document) add(p part) error {
	for path, operations := range p.Paths {
		renamed, names, err := nameParameters(path)
		if err != nil {
			return err
		}
		if d.Paths[renamed] == nil {
			d.Paths[renamed] = map[string]object{}
		}
		for verb, operation := range operations {
			if _, taken := d.Paths[renamed][verb]; taken {
				return fmt.Errorf("%s %s is declared twice", strings.ToUpper(verb), renamed)
			}
			renameParameters(operation, names)
			d.Paths[renamed][verb] = operation
		}
	}
	for name, schema := range p.Components.Schemas {
		if known, found := d.Components.Schemas[name]; found && !reflect.DeepEqual(known, schema) {
			return fmt.Errorf("schema %s is declared twice and differently", name)
		}
		d.Components.Schemas[name] = schema
	}
	if len(p.Paths) > 0 {
		d.Tags = append(d.Tags, p.Tags...)
	}
	return nil
}

// finish adds what the gateway does for every operation.
func (d *document) finish(rules map[string]access) error {
	delete(d.Components.Schemas, statusSchema)
	used := map[string]string{}
	for _, path := range slices.Sorted(maps.Keys(d.Paths)) {
		for _, verb := range slices.Sorted(maps.Keys(d.Paths[path])) {
			operation := d.Paths[path][verb]
			generated, _ := operation["operationId"].(string)
			service, id, _ := strings.Cut(generated, "_")
			id, binding, additional := strings.Cut(id, "_") // the generator counts the further bindings of a method from 1
			rule, found := rules[service+"_"+id]
			if !found {
				return fmt.Errorf("%s has no rule that says who may call it", generated)
			}
			if n, err := strconv.Atoi(binding); additional && err == nil {
				id += strconv.Itoa(n + 1)
			}
			if other, taken := used[id]; taken {
				return fmt.Errorf("%s and %s both have a method %s; the reference names operations by method", other, service, id)
			}
			used[id] = service
			operation["operationId"] = id
			d.finishOperation(verb, operation, rule)
		}
	}
	slices.SortFunc(d.Tags, func(a, b object) int { return cmp.Compare(a["name"].(string), b["name"].(string)) })
	return d.dropUnused()
}

// dropUnused removes the schemas that nothing refers to any more, for instance the detail messages of google.rpc.Status,
// and refuses a reference to a schema that is not there.
func (d *document) dropUnused() error {
	const prefix = "#/components/schemas/"
	keep := map[string]bool{}
	var missing []string
	var visit func(any)
	visit = func(node any) {
		switch node := node.(type) {
		case map[string]object:
			for _, child := range node {
				visit(child)
			}
		case object:
			for _, child := range node {
				visit(child)
			}
			reference, _ := node["$ref"].(string)
			name, isSchema := strings.CutPrefix(reference, prefix)
			if isSchema && !keep[name] {
				keep[name] = true
				if d.Components.Schemas[name] == nil {
					missing = append(missing, name)
				}
				visit(d.Components.Schemas[name])
			}
		case []any:
			for _, child := range node {
				visit(child)
			}
		}
	}
	for _, operations := range d.Paths {
		visit(operations)
	}
	visit(d.Components.Responses)
	maps.DeleteFunc(d.Components.Schemas, func(name string, _ object) bool { return !keep[name] })
	if len(missing) > 0 {
		return fmt.Errorf("schemas are referred to and missing: %s", strings.Join(missing, ", "))
	}
	return nil
}
