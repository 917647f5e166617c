package main

import (
	"strings"
)

// finishOperation adds what the gateway does for an operation: the caller rule, problems, and the headers for repeats and
// for changes under a condition.
func (d *document) finishOperation(verb string, operation object, rule access) {
	operation["x-fortnight-access"] = rule.Level
	description, _ := operation["description"].(string)
	operation["description"] = strings.TrimSpace(description + "\n\nWho may call it: " + lowerFirst(rule.Text))
	if rule.Level == "PUBLIC" {
		operation["security"] = []object{}
	}
	responses := operation["responses"].(object)
	responses["default"] = object{"$ref": "#/components/responses/Problem"}
	success, _ := responses["200"].(object)
	answersTagged := success != nil && d.hasProperty(success, "etag")
	if verb == "get" {
		if answersTagged {
			addHeader(success, "ETag", "ETag")
			addParameter(operation, "IfNoneMatch")
			responses["304"] = object{"$ref": "#/components/responses/NotModified"}
		}
		return
	}
	if answersTagged {
		addHeader(success, "ETag", "ETag")
	}
	if d.asks(operation, "requestId") {
		addParameter(operation, "IdempotencyKey")
		if success != nil {
			addHeader(success, "Idempotency-Replayed", "IdempotencyReplayed")
		}
	}
	if d.asks(operation, "etag") {
		addParameter(operation, "IfMatch")
	}
}

// asks tells whether a request has a field, be it in the query or in a body that is the request itself. A field of a
// resource in the body does not count: the gateway maps headers to fields of the request.
func (d *document) asks(operation object, field string) bool {
	for _, parameter := range parametersOf(operation) {
		if parameter["in"] == "query" && parameter["name"] == field {
			return true
		}
	}
	body, _ := operation["requestBody"].(object)
	properties, _ := schemaOf(body)["properties"].(object)
	return properties[field] != nil
}

// hasProperty tells whether the JSON of a response or a body is an object with the property.
func (d *document) hasProperty(holder object, property string) bool {
	schema := schemaOf(holder)
	if reference, found := schema["$ref"].(string); found {
		schema = d.Components.Schemas[strings.TrimPrefix(reference, "#/components/schemas/")]
	}
	properties, _ := schema["properties"].(object)
	return properties[property] != nil
}

func schemaOf(holder object) object {
	content, _ := holder["content"].(object)
	media, _ := content["application/json"].(object)
	schema, _ := media["schema"].(object)
	return schema
}

func addParameter(operation object, name string) {
	list, _ := operation["parameters"].([]any)
	operation["parameters"] = append(list, object{"$ref": "#/components/parameters/" + name})
}

func addHeader(response object, header, component string) {
	headers, _ := response["headers"].(object)
	if headers == nil {
		headers = object{}
		response["headers"] = headers
	}
	headers[header] = object{"$ref": "#/components/headers/" + component}
}

func lowerFirst(text string) string {
	if text == "" {
		return text
	}
	return strings.ToLower(text[:1]) + text[1:]
}

func newComponents() components {
	text := func(description string) object { return object{"type": "string", "description": description} }
	header := func(name, description string) object {
		return object{"name": name, "in": "header", "required": false, "description": description, "schema": object{"type": "string"}}
	}
	return components{
		SecuritySchemes: map[string]object{
			"bearer": {"type": "http", "scheme": "bearer", "description": "An API token. It is shown once, when it is made."},
		},
		Parameters: map[string]object{
			"IdempotencyKey": header("Idempotency-Key", "Makes a repeat safe. The same key with the same request gives the first answer again; "+
				"with another request it is refused with 422, and with 409 while the first is still running."),
			"IfMatch":     header("If-Match", "The entity tag that the change is meant for. 412 when the resource has another one by now."),
			"IfNoneMatch": header("If-None-Match", "The entity tag that the client already has. 304 when it is still the current one."),
		},
		Headers: map[string]object{
			"ETag":                {"description": "The entity tag, with its quotes; the same as `etag` in the body.", "schema": object{"type": "string"}},
			"IdempotencyReplayed": {"description": "`true` when this is the stored answer to an earlier request with the same key.", "schema": object{"type": "string"}},
		},
		Responses: map[string]object{
			"NotModified": {"description": "The client already has the current state."},
			"Problem": {
				"description": "What went wrong, after RFC 9457.",
				"content": object{"application/problem+json": object{
					"schema": object{"$ref": "#/components/schemas/Problem"},
				}},
			},
		},
		Schemas: map[string]object{
			"Problem": {
				"type":        "object",
				"description": "A problem after RFC 9457. Decide by `reason`; it never changes its meaning.",
				"required":    []string{"type", "title", "status", "code", "reason"},
				"properties": object{
					"type":     text("A page that explains the reason, served by this server."),
					"title":    text("One line, the same for every occurrence of the reason."),
					"status":   object{"type": "integer", "description": "The HTTP status."},
					"detail":   text("What happened this time, for people."),
					"instance": text("Identifies this occurrence; name it when you report it."),
					"code":     text("The gRPC code, for instance `FAILED_PRECONDITION`."),
					"reason":   text("The stable reason in upper snake case, for instance `ETAG_MISMATCH`."),
					"domain":   text("Who defines the reason: `fortnight`."),
					"metadata": object{"type": "object", "description": "What in the detail is variable.", "additionalProperties": object{"type": "string"}},
					"violations": object{
						"type": "array", "description": "All that is wrong with the request or missing for it, at once.",
						"items": object{"type": "object", "properties": object{
							"field":       text("The path of the field, empty for the request as a whole."),
							"reason":      text("The stable reason in upper snake case."),
							"description": text("What is expected, for people."),
							"link":        text("The path of this API where it is mended; left out when there is none."),
						}},
					},
				},
			},
		},
	}
}
