package transcode

import (
	"bytes"
	"encoding/json"
	"net/http"
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/routes"
)

// fieldCSV is the request field that a text/csv body becomes.
const fieldCSV protoreflect.Name = "csv"

// csvBody writes a CSV body as the JSON body that means the same. The query holds what else a JSON body could hold.
func csvBody(r *http.Request, route *routes.Route, body []byte) ([]byte, *problem.Problem) {
	fields := map[string]any{}
	for key, values := range r.URL.Query() {
		field := routes.FindField(route.Desc.Input(), key)
		switch field.Kind() {
		case protoreflect.BoolKind:
			fields[key], _ = strconv.ParseBool(values[0]) // the query was checked before
		default:
			fields[key] = values[0]
		}
	}
	fields[string(fieldCSV)] = string(bytes.TrimPrefix(body, []byte("\ufeff"))) // spreadsheets write a byte order mark
	made, err := json.Marshal(fields)
	if err != nil { // strings and booleans always marshal
		return nil, problem.Invalid(string(fieldCSV), "CSV_INVALID", "The body cannot be read as CSV.")
	}
	return made, nil
}

// isCSV tells whether the request's body is CSV for a route that takes it.
func isCSV(r *http.Request, route *routes.Route) bool {
	if route.Body != "*" || route.RequestField(fieldCSV) == nil {
		return false
	}
	media, p := mediaType(r, route)
	return p == nil && media == typeCSV
}

// csvParameter tells whether a query parameter may stand beside a CSV body: a scalar of the request that neither the path
// nor the body holds.
func csvParameter(field protoreflect.FieldDescriptor) bool {
	return field.Name() != fieldCSV && !field.IsList() && !field.IsMap() &&
		(field.Kind() == protoreflect.BoolKind || field.Kind() == protoreflect.StringKind)
}
