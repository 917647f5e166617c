// Package names checks the shape of resource names in requests, as the contracts declare it with google.api.resource and
// google.api.resource_reference. Whether a field must be there is not its business: an empty name passes.
package names

import (
	"strconv"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// ReasonMalformed is the reason of every violation found here.
const ReasonMalformed = "RESOURCE_NAME_MALFORMED"

// Checker knows the resource names in every request message. It is made once and is safe for concurrent use.
type Checker struct {
	plans map[protoreflect.FullName]*plan
}

// plan lists what there is to check in one message.
type plan struct {
	names    []nameField
	messages []messageField
}

type nameField struct {
	field protoreflect.FieldDescriptor
	shape *shape
}

type messageField struct {
	field protoreflect.FieldDescriptor
	plan  *plan
}

// Check returns a violation for every resource name in the request that does not have its declared shape. Field paths are
// those of the proto, such as "box.lids[2]".
func (c *Checker) Check(request protoreflect.Message) []fault.Violation {
	p := c.plans[request.Descriptor().FullName()]
	if p == nil {
		return nil
	}
	return p.check(request, nil, nil)
}

// path is where a message is; it is only written out when something is wrong.
type path struct {
	parent *path
	field  protoreflect.FieldDescriptor
	index  int // -1 when not in a list
}

func (p *path) String() string {
	if p == nil {
		return ""
	}
	s := string(p.field.Name())
	if p.index >= 0 {
		s += "[" + strconv.Itoa(p.index) + "]"
	}
	if p.parent == nil {
		return s
	}
	return p.parent.String() + "." + s
}

func (p *plan) check(m protoreflect.Message, at *path, found []fault.Violation) []fault.Violation {
	for _, n := range p.names {
		if !n.field.IsList() {
			found = n.check(m.Get(n.field).String(), at, -1, found)
			continue
		}
		list := m.Get(n.field).List()
		for i := range list.Len() {
			found = n.check(list.Get(i).String(), at, i, found)
		}
	}
	for _, f := range p.messages {
		if !m.Has(f.field) {
			continue
		}
		if !f.field.IsList() {
			found = f.plan.check(m.Get(f.field).Message(), &path{at, f.field, -1}, found)
			continue
		}
		list := m.Get(f.field).List()
		for i := range list.Len() {
			found = f.plan.check(list.Get(i).Message(), &path{at, f.field, i}, found)
		}
	}
	return found
}

func (n nameField) check(name string, at *path, index int, found []fault.Violation) []fault.Violation {
	if name == "" || n.shape.accepts(name) {
		return found
	}
	where := path{at, n.field, index}
	return append(found, fault.Violation{Field: where.String(), Reason: ReasonMalformed, Description: n.shape.want})
}
