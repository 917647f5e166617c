package main

import (
	"strings"
	"testing"
)

func TestNameParameters(t *testing.T) {
	tests := []struct{ path, want, wrong string }{
		{path: "/v1/teams", want: "/v1/teams"},
		{path: "/v1/teams/{team.name}", want: "/v1/teams/{team}"},
		{path: "/v1/teams/{name}/cycles/{name_1}:advance", want: "/v1/teams/{team}/cycles/{cycle}:advance"},
		{path: "/v1/teams/{parent}/targetConditions", want: "/v1/teams/{team}/targetConditions"},
		{path: "/v1/policies/{name}", want: "/v1/policies/{policy}"},
		{path: "/v1/{name}/{name_1}", wrong: "does not follow a collection"},
		{path: "/v1/teams/{name}/teams/{name_1}", wrong: "appears twice"},
	}
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			got, _, err := nameParameters(test.path)
			if test.wrong != "" {
				if err == nil || !strings.Contains(err.Error(), test.wrong) {
					t.Fatalf("error %v, want one with %q", err, test.wrong)
				}
				return
			}
			if err != nil || got != test.want {
				t.Fatalf("got %q, %v; want %q", got, err, test.want)
			}
		})
	}
}

// cyclePart is what the generator writes for a resource with an etag.
func cyclePart() part {
	schema := object{"$ref": "#/components/schemas/Cycle"}
	content := func() object { return object{"application/json": object{"schema": schema}} }
	answers := func() object {
		return object{"200": object{"content": content()}, "default": object{"content": object{"application/json": object{
			"schema": object{"$ref": "#/components/schemas/" + statusSchema},
		}}}}
	}
	pathParameter := func(name string) any { return object{"name": name, "in": "path"} }
	return part{
		Paths: map[string]map[string]object{
			"/v1/cycles/{name}": {"get": {
				"operationId": "CycleService_GetCycle", "parameters": []any{pathParameter("name")}, "responses": answers(),
			}},
			"/v1/cycles/{cycle.name}": {"patch": {
				"operationId": "CycleService_UpdateCycle",
				"parameters":  []any{pathParameter("cycle.name"), object{"name": "etag", "in": "query"}, object{"name": "requestId", "in": "query"}},
				"requestBody": object{"content": content()}, "responses": answers(),
			}},
		},
		Components: struct {
			Schemas map[string]object `json:"schemas"`
		}{map[string]object{
			"Cycle":      {"properties": object{"etag": object{"type": "string"}}},
			statusSchema: {"properties": object{"details": object{"items": object{"$ref": "#/components/schemas/Any"}}}},
			"Any":        {"type": "object"},
		}},
	}
}

var rules = map[string]access{
	"CycleService_GetCycle":    {Level: "PUBLIC", Text: "Anybody."},
	"CycleService_UpdateCycle": {Level: "TEAM_MEMBER", Text: "Members."},
}

func TestFinish(t *testing.T) {
	document := newDocument()
	if err := document.add(cyclePart()); err != nil {
		t.Fatal(err)
	}
	if err := document.finish(rules); err != nil {
		t.Fatal(err)
	}
	text, err := document.yaml()
	if err != nil {
		t.Fatal(err)
	}
	if len(document.Paths) != 1 {
		t.Errorf("the two spellings of one path were not joined:\n%s", text)
	}
	for _, want := range []string{
		"operationId: GetCycle", "security: []", "#/components/parameters/IfNoneMatch", "#/components/responses/NotModified",
		"#/components/parameters/IfMatch", "#/components/parameters/IdempotencyKey", "#/components/responses/Problem",
		"application/problem+json", "x-fortnight-access: TEAM_MEMBER",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is missing", want)
		}
	}
	for _, gone := range []string{statusSchema, "schemas/Any", "{name}", "{cycle.name}"} {
		if strings.Contains(string(text), gone) {
			t.Errorf("%q is still there", gone)
		}
	}
}

func TestRefusals(t *testing.T) {
	tests := []struct {
		name, want string
		change     func(p *part, rules map[string]access)
	}{
		{"no access rule", "no rule", func(_ *part, rules map[string]access) { delete(rules, "CycleService_GetCycle") }},
		{"missing schema", "missing: Cycle", func(p *part, _ map[string]access) { delete(p.Components.Schemas, "Cycle") }},
		{"one route twice", "declared twice", func(p *part, _ map[string]access) {
			p.Paths["/v1/cycles/{cycle.name}"]["get"] = p.Paths["/v1/cycles/{name}"]["get"]
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p, known := cyclePart(), map[string]access{}
			for id, rule := range rules {
				known[id] = rule
			}
			test.change(&p, known)
			document := newDocument()
			err := document.add(p)
			if err == nil {
				err = document.finish(known)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("error %v, want one with %q", err, test.want)
			}
		})
	}
}
