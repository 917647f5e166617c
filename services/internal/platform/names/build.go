package names

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// New reads the contracts of all services in files, usually protoregistry.GlobalFiles. It fails, with all reasons at
// once, when a reference names a type that nobody declares, or when a pattern is none that can be checked.
func New(files *protoregistry.Files) (*Checker, error) {
	b := &builder{resources: map[string][]string{}, shapes: map[string]*shape{}, plans: map[planKey]*plan{}}
	files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		definitions, _ := proto.GetExtension(f.Options(), annotations.E_ResourceDefinition).([]*annotations.ResourceDescriptor)
		for _, d := range definitions {
			b.declare(d)
		}
		b.declareMessages(f.Messages())
		return true
	})
	c := &Checker{plans: map[protoreflect.FullName]*plan{}}
	files.RangeFiles(func(f protoreflect.FileDescriptor) bool {
		for i := range f.Services().Len() {
			methods := f.Services().Get(i).Methods()
			for j := range methods.Len() {
				input := methods.Get(j).Input()
				if b.concerns(input, false, nil) {
					c.plans[input.FullName()] = b.plan(input, false)
				}
			}
		}
		return true
	})
	return c, errors.Join(b.errs...)
}

type planKey struct {
	message  protoreflect.FullName
	creating bool
}

type builder struct {
	resources map[string][]string // patterns by type
	shapes    map[string]*shape
	plans     map[planKey]*plan
	errs      []error
}

func (b *builder) declare(d *annotations.ResourceDescriptor) {
	if d.GetType() != "" {
		b.resources[d.GetType()] = d.GetPattern()
	}
}

func (b *builder) declareMessages(messages protoreflect.MessageDescriptors) {
	for i := range messages.Len() {
		m := messages.Get(i)
		b.declare(resourceOf(m))
		b.declareMessages(m.Messages())
	}
}

func resourceOf(m protoreflect.MessageDescriptor) *annotations.ResourceDescriptor {
	d, _ := proto.GetExtension(m.Options(), annotations.E_Resource).(*annotations.ResourceDescriptor)
	return d
}

// reference returns what a field's value must look like: key is a type, with parentOf or parentsOf before it for child types; ""
// when the field holds no resource name that a caller decides.
func reference(f protoreflect.FieldDescriptor, creating bool) (key string) {
	if f.Kind() != protoreflect.StringKind {
		return ""
	}
	if r, _ := proto.GetExtension(f.Options(), annotations.E_ResourceReference).(*annotations.ResourceReference); r != nil {
		if r.GetChildType() != "" {
			if lists(f.ContainingMessage()) {
				return parentsOf + r.GetChildType()
			}
			return parentOf + r.GetChildType()
		}
		return r.GetType()
	}
	// A resource's own name. On create the server makes it, so whatever is sent is ignored.
	own := resourceOf(f.ContainingMessage())
	if own == nil || creating {
		return ""
	}
	nameField := own.GetNameField()
	if nameField == "" {
		nameField = "name"
	}
	if string(f.Name()) != nameField {
		return ""
	}
	return own.GetType()
}

const (
	parentOf = "parent of "
	// parentsOf is parentOf in the request of a list, which may be about all parents at once: a resource whose pattern is also
	// declared with the segment `-` can be listed so (AIP-159). Nothing else is ever called so.
	parentsOf = "parents of "
	wildcard  = "-"
)

// lists tells whether m is the request of a list: AIP-132 calls such requests List….
func lists(m protoreflect.MessageDescriptor) bool { return strings.HasPrefix(string(m.Name()), "List") }

func outputOnly(f protoreflect.FieldDescriptor) bool {
	behaviors, _ := proto.GetExtension(f.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
	return slices.Contains(behaviors, annotations.FieldBehavior_OUTPUT_ONLY)
}

// creates tells whether what hangs under m is about to be made: AIP-133 calls such requests Create….
func creates(m protoreflect.MessageDescriptor, creating bool) bool {
	return creating || strings.HasPrefix(string(m.Name()), "Create")
}

// concerns tells whether there is anything to check in m or below it.
func (b *builder) concerns(m protoreflect.MessageDescriptor, creating bool, above []protoreflect.FullName) bool {
	if slices.Contains(above, m.FullName()) {
		return false // a message that contains itself; its own fields are looked at already
	}
	above = append(above, m.FullName())
	creating = creates(m, creating)
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		if outputOnly(f) {
			continue
		}
		if reference(f, creating) != "" {
			return true
		}
		if f.Message() != nil && b.concerns(f.Message(), creating, above) {
			return true
		}
	}
	return false
}

func (b *builder) plan(m protoreflect.MessageDescriptor, creating bool) *plan {
	creating = creates(m, creating)
	key := planKey{m.FullName(), creating}
	if p := b.plans[key]; p != nil {
		return p
	}
	p := &plan{}
	b.plans[key] = p // before looking deeper: messages may contain themselves
	for i := range m.Fields().Len() {
		f := m.Fields().Get(i)
		if outputOnly(f) {
			continue
		}
		if ref := reference(f, creating); ref != "" {
			p.names = append(p.names, nameField{f, b.shape(ref, f)})
		}
		if f.Message() == nil || !b.concerns(f.Message(), creating, nil) {
			continue
		}
		if f.IsMap() {
			b.fail("%s: resource names inside of maps are not supported", f.FullName())
			continue
		}
		p.messages = append(p.messages, messageField{f, b.plan(f.Message(), creating)})
	}
	return p
}

// shape returns the shape of a reference; f is only named when it is wrong.
func (b *builder) shape(ref string, f protoreflect.FieldDescriptor) *shape {
	if s := b.shapes[ref]; s != nil {
		return s
	}
	typ, ofParents := strings.CutPrefix(ref, parentsOf)
	typ, ofParent := strings.CutPrefix(typ, parentOf)
	ofParent = ofParent || ofParents
	var texts []string
	if typ == "*" {
		for _, more := range b.resources {
			texts = append(texts, more...)
		}
		slices.Sort(texts)
	} else if texts = b.resources[typ]; len(texts) == 0 {
		b.fail("%s refers to %q, but no message declares that type with a pattern", f.FullName(), typ)
	}
	var patterns []pattern
	for _, text := range texts {
		p, err := parsePattern(text)
		if err != nil {
			if typ != "*" { // not ours to check: any library may have registered it
				b.fail("%s refers to %q: %w", f.FullName(), typ, err)
			}
			continue
		}
		if !ofParents && slices.Contains(p.segments, wildcard) {
			continue
		}
		if ofParent {
			parent, ok := p.parent()
			if !ok {
				continue
			}
			p = parent
		}
		patterns = append(patterns, p)
	}
	if ofParent && len(texts) > 0 && len(patterns) == 0 {
		b.fail("%s refers to the parent of %q, which has none", f.FullName(), typ)
	}
	s := newShape(patterns)
	if typ == "*" {
		s.want = "must be a resource name such as those that the API answers with"
	}
	b.shapes[ref] = s
	return s
}

func (b *builder) fail(format string, args ...any) {
	b.errs = append(b.errs, fmt.Errorf(format, args...))
}
