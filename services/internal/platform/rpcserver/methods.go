package rpcserver

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"buf.build/go/protovalidate"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/fortnighthq/fortnight/services/internal/platform/access"
)

// exempt lists the services that need no access rule: they tell nothing about anybody, and anybody may ask them.
var exempt = map[string]bool{
	"grpc.health.v1.Health":                    true,
	"grpc.reflection.v1.ServerReflection":      true,
	"grpc.reflection.v1alpha.ServerReflection": true,
}

// shared are the contracts that any service may answer beside its own.
var shared = map[string]bool{"eventlog": true, "archive": true}

// method is what is known of a registered method before it is called.
type method struct {
	name   string // fortnight.cycle.v1.CycleService/GetCycle
	exempt bool
	rule   access.Rule
	broken error  // why the rule cannot be used
	reads  bool   // changes nothing
	owner  string // the service whose contract it is, "cycle"; empty when every service has it
	input  protoreflect.MessageDescriptor

	handle         grpc.MethodHandler // of a unary method
	implementation any
}

// learn looks up the contract of every method of a service.
func (s *Server) learn(desc *grpc.ServiceDesc, implementation any) {
	for _, m := range desc.Methods {
		s.learnMethod(desc.ServiceName, m.MethodName)
		known := s.methods["/"+desc.ServiceName+"/"+m.MethodName]
		known.handle, known.implementation = m.Handler, implementation
	}
	for _, m := range desc.Streams {
		s.learnMethod(desc.ServiceName, m.StreamName)
	}
}

func (s *Server) learnMethod(service, name string) {
	m := &method{name: service + "/" + name, exempt: exempt[service], reads: exempt[service]}
	s.methods["/"+m.name] = m
	if m.exempt {
		return
	}
	d, err := protoregistry.GlobalFiles.FindDescriptorByName(protoreflect.FullName(service + "." + name))
	descriptor, ok := d.(protoreflect.MethodDescriptor)
	if err != nil || !ok {
		m.broken = fmt.Errorf("%s has no contract in this program", m.name)
		return
	}
	m.input = descriptor.Input()
	m.rule, m.broken = access.RuleOf(descriptor)
	m.reads = m.rule.Reads
	if owner := strings.Split(service, "."); len(owner) > 1 && !shared[owner[1]] {
		m.owner = owner[1]
	}
}

// checkRules returns what is wrong with the contracts of the registered methods. It also compiles the validation rules,
// so that a wrong one shows now, and the first call is as fast as the next.
func (s *Server) checkRules() []error {
	var errs []error
	for _, path := range slices.Sorted(maps.Keys(s.methods)) {
		m := s.methods[path]
		if m.broken != nil {
			errs = append(errs, m.broken)
		}
		if m.input == nil || s.validator == nil {
			continue
		}
		var compilation *protovalidate.CompilationError
		if err := s.validator.Validate(dynamicpb.NewMessage(m.input)); errors.As(err, &compilation) {
			errs = append(errs, fmt.Errorf("%s: %w", m.input.FullName(), err))
		}
	}
	return errs
}
