package transcode

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/routes"
)

// checkQuery refuses query parameters that the route would ignore or cannot read. grpc-gateway passes over unknown ones in
// silence, so that a misspelt filter would return everything.
func checkQuery(r *http.Request, route *routes.Route) *problem.Problem {
	if r.URL.RawQuery == "" {
		return nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "QUERY_MALFORMED", "The query is not a list of name=value with & between.")
	}
	names := make([]string, 0, len(query))
	for name := range query {
		names = append(names, name)
	}
	slices.Sort(names) // the same request gets the same answer
	seen := map[string]bool{}
	for _, name := range names {
		path, field := parameter(route, name)
		if field == nil {
			text := fmt.Sprintf("There is no query parameter %q here.", name)
			if inBody := bodyField(route, name); inBody != "" {
				text += fmt.Sprintf(" %q is a field of the body: say it in the JSON object.", inBody)
			}
			return problem.Invalid(name, "UNKNOWN_QUERY_PARAMETER", text)
		}
		if seen[path] || len(query[name]) > 1 && !field.IsList() {
			return problem.Invalid(name, "QUERY_PARAMETER_REPEATED", fmt.Sprintf("Give the query parameter %q once.", name))
		}
		seen[path] = true
		for _, value := range query[name] {
			if !utf8.ValidString(value) || runtime.PopulateFieldFromPath(dynamicpb.NewMessage(route.Desc.Input()), path, value) != nil {
				return problem.Invalid(name, "QUERY_PARAMETER_INVALID", fmt.Sprintf("The query parameter %q must be %s.", name, Expected(field)))
			}
		}
	}
	return nil
}

// parameter finds the request field that a query parameter sets; nil when it sets none.
func parameter(route *routes.Route, name string) (string, protoreflect.FieldDescriptor) {
	field := fieldAt(route.Desc.Input(), name)
	if field == nil || strings.ContainsRune(name, '[') || field.IsMap() || field.Message() != nil && !leafMessage(field.Message()) {
		return "", nil
	}
	path := routes.ContractPath(route.Desc.Input(), name)
	switch {
	case slices.Contains(route.PathFields, path):
		return "", nil
	case route.Body == "*":
		return "", nil
	case route.Body != "" && (path == route.Body || strings.HasPrefix(path, route.Body+".")):
		return "", nil
	}
	return path, field
}

// bodyField is the JSON name of a field that belongs into the body, when somebody has put it into the query; "" when there is none.
func bodyField(route *routes.Route, name string) string {
	if route.Body == "" || slices.Contains(route.PathFields, routes.ContractPath(route.Desc.Input(), name)) {
		return ""
	}
	name = strings.TrimPrefix(name, route.Body+".")
	field := fieldAt(route.BodyMessage(), name)
	if field == nil || strings.ContainsAny(name, "[.") {
		return ""
	}
	return field.JSONName()
}

// leafMessage tells whether a message is written as one value.
func leafMessage(message protoreflect.MessageDescriptor) bool {
	return message.ParentFile().Package() == "google.protobuf"
}
