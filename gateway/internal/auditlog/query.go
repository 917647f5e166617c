package auditlog

import (
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"unicode/utf8"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	"github.com/fortnighthq/fortnight/gateway/internal/routes"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// parse reads the filter, by the names that the list of audit events has for it.
func parse(r *http.Request) (*identityv1.ExportAuditEventsRequest, *problem.Problem) {
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return nil, problem.New(http.StatusBadRequest, codes.InvalidArgument, "QUERY_MALFORMED", "The query is not a list of name=value with & between.")
	}
	request := &identityv1.ExportAuditEventsRequest{}
	seen := map[protoreflect.Name]bool{}
	for _, name := range slices.Sorted(maps.Keys(query)) { // the same request gets the same answer
		field := routes.FindField(request.ProtoReflect().Descriptor(), name)
		if field == nil {
			return nil, problem.Invalid(name, "UNKNOWN_QUERY_PARAMETER", fmt.Sprintf("There is no query parameter %q here.", name))
		}
		if seen[field.Name()] || len(query[name]) > 1 && !field.IsList() {
			return nil, problem.Invalid(name, "QUERY_PARAMETER_REPEATED", fmt.Sprintf("Give the query parameter %q once.", name))
		}
		seen[field.Name()] = true
		for _, value := range query[name] {
			if !utf8.ValidString(value) || runtime.PopulateFieldFromPath(request, string(field.Name()), value) != nil {
				return nil, problem.Invalid(name, "QUERY_PARAMETER_INVALID", fmt.Sprintf("The query parameter %q does not have a value that it can have.", name))
			}
		}
	}
	return request, nil
}
