// Package routes knows the REST routes: what the google.api.http annotations of the contracts say, and the facts about a
// method's messages that the gateway needs at each request.
package routes

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
)

// Route is one HTTP method on one path template, bound to one RPC.
type Route struct {
	// Method is the HTTP method.
	Method string
	// Template is the path template, for instance `/v1/{name=teams/*/cycles/*}:advance`.
	Template string
	// RPC is the full gRPC method name, for instance `/fortnight.cycle.v1.CycleService/AdvanceCycle`.
	RPC string
	// Desc describes the RPC.
	Desc protoreflect.MethodDescriptor
	// Body is the request field that the body is, `*` for the whole request, "" for a route without a body.
	Body string
	// PathFields are the request fields that the path binds, for instance `cycle.name`.
	PathFields []string

	path *regexp.Regexp
	verb string // what follows the colon of the template, "" without one
}

// Unsafe tells whether the route changes anything.
func (r *Route) Unsafe() bool { return r.Method != http.MethodGet }

// HidesCaller tells whether nothing may be kept that tells who called.
func (r *Route) HidesCaller() bool {
	rule, _ := proto.GetExtension(r.Desc.Options(), commonv1.E_Access).(*commonv1.AccessRule)
	return rule.GetHideCaller()
}

// RequestField returns the top-level string field of the request, nil when there is none of that name.
func (r *Route) RequestField(name protoreflect.Name) protoreflect.FieldDescriptor {
	return stringField(r.Desc.Input(), name)
}

// BodyMessage describes the message that the body holds, nil for a route without a body.
func (r *Route) BodyMessage() protoreflect.MessageDescriptor {
	switch r.Body {
	case "":
		return nil
	case "*":
		return r.Desc.Input()
	}
	return r.Desc.Input().Fields().ByName(protoreflect.Name(r.Body)).Message()
}

// Shape is the route's method and path with every variable part written as `*`, to compare with other lists of routes.
func (r *Route) Shape() string {
	return r.Method + " " + variable.ReplaceAllString(r.Template, "$1")
}

// Table is all routes of the gateway.
type Table struct {
	routes     []*Route
	byTemplate map[string]*Route
	byRPC      map[string]*Route
	harmless   map[string]bool
	tree       node
}

// New reads the routes of the services out of their descriptors.
func New(services ...protoreflect.ServiceDescriptor) (*Table, error) {
	t := &Table{byTemplate: map[string]*Route{}, byRPC: map[string]*Route{}, harmless: map[string]bool{}}
	for _, service := range services {
		for i := range service.Methods().Len() {
			method := service.Methods().Get(i)
			if options, ok := method.Options().(*descriptorpb.MethodOptions); ok {
				t.harmless[fullName(method)] = options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS
			}
			rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
			if rule == nil {
				continue
			}
			for _, binding := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
				route, err := newRoute(method, binding)
				if err != nil {
					return nil, err
				}
				if double, ok := t.byTemplate[route.Method+" "+route.Template]; ok {
					return nil, fmt.Errorf("%s and %s have the same route %s %s", double.RPC, route.RPC, route.Method, route.Template)
				}
				t.byTemplate[route.Method+" "+route.Template] = route
				t.byRPC[route.RPC] = route
				t.routes = append(t.routes, route)
				t.tree.add(route)
			}
		}
	}
	return t, nil
}

// All returns every route.
func (t *Table) All() []*Route { return t.routes }

// ByRPC finds the route of a full gRPC method name.
func (t *Table) ByRPC(rpc string) (*Route, bool) {
	r, ok := t.byRPC[rpc]
	return r, ok
}

// ChangesNothing tells whether the contract of a method says that it changes nothing, by full gRPC method name.
func (t *Table) ChangesNothing(rpc string) bool { return t.harmless[rpc] }

func fullName(method protoreflect.MethodDescriptor) string {
	return fmt.Sprintf("/%s/%s", method.Parent().FullName(), method.Name())
}

// Allowed returns the HTTP methods that a path has, sorted; none for an unknown path.
func (t *Table) Allowed(path string) []string {
	var allowed []string
	for _, r := range t.routes {
		if r.path.MatchString(path) {
			allowed = append(allowed, r.Method)
			if r.Method == http.MethodGet {
				allowed = append(allowed, http.MethodHead)
			}
		}
	}
	slices.Sort(allowed)
	return slices.Compact(allowed)
}

var variable = regexp.MustCompile(`\{[^=}]+=([^}]+)\}`)

func newRoute(method protoreflect.MethodDescriptor, rule *annotations.HttpRule) (*Route, error) {
	r := &Route{
		RPC:  fullName(method),
		Desc: method,
		Body: rule.GetBody(),
	}
	switch p := rule.GetPattern().(type) {
	case *annotations.HttpRule_Get:
		r.Method, r.Template = http.MethodGet, p.Get
	case *annotations.HttpRule_Post:
		r.Method, r.Template = http.MethodPost, p.Post
	case *annotations.HttpRule_Patch:
		r.Method, r.Template = http.MethodPatch, p.Patch
	case *annotations.HttpRule_Put:
		r.Method, r.Template = http.MethodPut, p.Put
	case *annotations.HttpRule_Delete:
		r.Method, r.Template = http.MethodDelete, p.Delete
	default:
		return nil, fmt.Errorf("%s has a route of an unknown kind", r.RPC)
	}
	if r.Body != "" && r.Body != "*" {
		if f := method.Input().Fields().ByName(protoreflect.Name(r.Body)); f == nil || f.Message() == nil || f.IsList() {
			return nil, fmt.Errorf("%s names a body %q that is no message of its request", r.RPC, r.Body)
		}
	}
	// A bare {name} is {name=*}.
	r.Template = regexp.MustCompile(`\{([^=}]+)\}`).ReplaceAllString(r.Template, "{$1=*}")
	for _, v := range regexp.MustCompile(`\{([^=}]+)=`).FindAllStringSubmatch(r.Template, -1) {
		r.PathFields = append(r.PathFields, v[1])
	}
	shape := variable.ReplaceAllString(r.Template, "$1")
	if strings.Contains(shape, "**") {
		return nil, fmt.Errorf("%s has a route with **, which the gateway does not know", r.RPC)
	}
	r.path = regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(shape), `\*`, "[^/:]+") + "$")
	return r, nil
}

func stringField(m protoreflect.MessageDescriptor, name protoreflect.Name) protoreflect.FieldDescriptor {
	if f := m.Fields().ByName(name); f != nil && f.Kind() == protoreflect.StringKind && !f.IsList() {
		return f
	}
	return nil
}
