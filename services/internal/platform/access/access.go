// Package access decides who may call what. The rules are declared in the contracts, as the option
// fortnight.common.v1.access of each method; the decision is one pure function.
package access

import (
	"fmt"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Reasons of refusals.
const (
	// ReasonUnauthenticated means that nobody has signed in.
	ReasonUnauthenticated = "UNAUTHENTICATED"
	// ReasonDenied means that the caller may not do this, whether or not the thing exists.
	ReasonDenied = "PERMISSION_DENIED"
)

// Rule says who may call one method.
type Rule struct {
	// Allow is the kind of caller that is let in.
	Allow commonv1.Access
	// Field is the path of the request field whose resource name decides, such as "parent" or "cycle.name"; empty when
	// Allow needs none.
	Field string
	// HideCaller says that the log leaves out who called.
	HideCaller bool
	// Organization says that the method is also for what belongs to the organisation as a whole.
	Organization bool
	// Reads says that the method changes nothing, so that a credential for reading is enough.
	Reads bool

	path []protoreflect.FieldDescriptor
}

// RuleOf reads the rule of a method. It fails when the method has none, or one that could never be decided.
func RuleOf(m protoreflect.MethodDescriptor) (Rule, error) {
	option, _ := proto.GetExtension(m.Options(), commonv1.E_Access).(*commonv1.AccessRule)
	r := Rule{Allow: option.GetAllow(), Field: option.GetResourceField(), HideCaller: option.GetHideCaller(), Organization: option.GetOrganization(), Reads: reads(m)}
	if _, known := commonv1.Access_name[int32(r.Allow)]; !known || r.Allow == commonv1.Access_ACCESS_UNSPECIFIED {
		return Rule{}, fmt.Errorf("%s does not say who may call it: set the option fortnight.common.v1.access", m.FullName())
	}
	if needs := r.needsResource(); needs != (r.Field != "") {
		if needs {
			return Rule{}, fmt.Errorf("%s: %s needs a resource_field", m.FullName(), r.Allow)
		}
		return Rule{}, fmt.Errorf("%s: %s looks at no resource, but resource_field is %q", m.FullName(), r.Allow, r.Field)
	}
	if r.Field == "" {
		return r, nil
	}
	message := m.Input()
	parts := strings.Split(r.Field, ".")
	for i, part := range parts {
		var field protoreflect.FieldDescriptor
		if message != nil {
			field = message.Fields().ByName(protoreflect.Name(part))
		}
		if field == nil || field.IsList() || field.IsMap() || (i == len(parts)-1 && field.Kind() != protoreflect.StringKind) {
			return Rule{}, fmt.Errorf("%s: resource_field %q is no string field of %s", m.FullName(), r.Field, m.Input().FullName())
		}
		r.path = append(r.path, field)
		message = field.Message()
	}
	return r, nil
}

func (r Rule) needsResource() bool {
	switch r.Allow {
	case commonv1.Access_ACCESS_SELF, commonv1.Access_ACCESS_TEAM_READER, commonv1.Access_ACCESS_TEAM_MEMBER, commonv1.Access_ACCESS_TEAM_COACH:
		return true
	default:
		return false
	}
}

// reads tells whether a method changes nothing: it says so, or its REST form is a GET, or it is called like one that
// reads.
func reads(d protoreflect.MethodDescriptor) bool {
	if options, ok := d.Options().(*descriptorpb.MethodOptions); ok {
		if options.GetIdempotencyLevel() == descriptorpb.MethodOptions_NO_SIDE_EFFECTS {
			return true
		}
		if rule, _ := proto.GetExtension(options, annotations.E_Http).(*annotations.HttpRule); rule != nil {
			return rule.GetGet() != ""
		}
	}
	return slices.ContainsFunc([]string{"Get", "List", "Watch", "Search", "Suggest", "Check", "Export"}, func(verb string) bool {
		return strings.HasPrefix(string(d.Name()), verb)
	})
}

// NeedsRequest tells whether the rule can only be decided once the request is there.
func (r Rule) NeedsRequest() bool { return len(r.path) > 0 }

// Resource returns the resource name in the request that decides, or "".
func (r Rule) Resource(request protoreflect.Message) string {
	if len(r.path) == 0 {
		return ""
	}
	last := len(r.path) - 1
	for _, field := range r.path[:last] {
		request = request.Get(field).Message() // an empty, read-only message when it is not set
	}
	return request.Get(r.path[last]).String()
}

// Allowed decides whether c may call a method with rule r on the thing that resource names. It is pure, and closed: what
// it does not know is denied.
func Allowed(r Rule, c caller.Caller, resource string) bool {
	if r.Allow == commonv1.Access_ACCESS_PUBLIC {
		return true
	}
	if c.Anonymous() || c.ReadOnly && !r.Reads {
		return false
	}
	if r.Organization && (resource == organization || strings.HasPrefix(resource, organization+"/")) {
		return r.Reads || c.Manager || c.Admin || c.Service
	}
	switch r.Allow {
	case commonv1.Access_ACCESS_SIGNED_IN:
		return true
	case commonv1.Access_ACCESS_SELF:
		if user, ok := idIn(resource, "users/"); ok {
			return c.Is(user) || c.Admin
		}
		team, ok := idIn(resource, "teams/")
		return ok && (c.Admin || c.Teams[team] == caller.Coach)
	case commonv1.Access_ACCESS_TEAM_READER:
		team, ok := idIn(resource, "teams/")
		return ok && c.CanRead(team)
	case commonv1.Access_ACCESS_TEAM_MEMBER:
		team, ok := idIn(resource, "teams/")
		return ok && c.CanWrite(team)
	case commonv1.Access_ACCESS_TEAM_COACH:
		team, ok := idIn(resource, "teams/")
		return ok && c.CanCoach(team)
	case commonv1.Access_ACCESS_ADMIN:
		return c.Admin
	case commonv1.Access_ACCESS_SERVICE:
		return c.Service
	default:
		return false
	}
}

// organization is the parent of what belongs to the organisation as a whole.
const organization = "organization"

// idIn returns the id that follows the collection at the beginning of a resource name.
func idIn(resource, collection string) (string, bool) {
	rest, ok := strings.CutPrefix(resource, collection)
	if !ok {
		return "", false
	}
	id, _, _ := strings.Cut(rest, "/")
	return id, id != ""
}

// Check is Allowed for a whole request, with the refusal as a *fault.Error: Unauthenticated for an anonymous caller,
// else PermissionDenied in words that do not tell whether the thing exists.
func (r Rule) Check(c caller.Caller, request protoreflect.Message) error {
	resource := r.Resource(request)
	if Allowed(r, c, resource) {
		return nil
	}
	return r.refusal(c, resource)
}

// CheckCaller is Check for rules that do not need the request. For those that do it only refuses anonymous callers.
func (r Rule) CheckCaller(c caller.Caller) error {
	if r.NeedsRequest() && !c.Anonymous() || Allowed(r, c, "") {
		return nil
	}
	return r.refusal(c, "")
}

func (r Rule) refusal(c caller.Caller, resource string) error {
	if c.Anonymous() {
		return fault.New(fault.Unauthenticated, ReasonUnauthenticated, "Sign in first: send Authorization: Bearer and an API token.")
	}
	if r.Field == "" {
		return fault.New(fault.PermissionDenied, ReasonDenied, "You may not do this.")
	}
	if resource == "" {
		return fault.New(fault.PermissionDenied, ReasonDenied, "You may not do this: the request names nothing in %s.", r.Field).With("field", r.Field)
	}
	if len(resource) > maxShown {
		resource = strings.ToValidUTF8(resource[:maxShown], "") + "…"
	}
	return fault.New(fault.PermissionDenied, ReasonDenied, "You may not do this with %q, or it does not exist.", resource).
		With("field", r.Field).With("resource", strings.ToValidUTF8(resource, "\uFFFD"))
}

// maxShown is how many bytes of a name are repeated to its sender.
const maxShown = 200
