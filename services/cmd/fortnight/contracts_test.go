package main

import (
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
)

// message is an empty message of the generated type.
func message(t *testing.T, descriptor protoreflect.MessageDescriptor) proto.Message {
	t.Helper()
	found, err := protoregistry.GlobalTypes.FindMessageByName(descriptor.FullName())
	if err != nil {
		t.Fatal(err)
	}
	return found.New().Interface()
}

func eachMethod(try func(protoreflect.MethodDescriptor, *commonv1.AccessRule)) {
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "fortnight.") {
			return true
		}
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				try(methods.Get(j), ruleOf(methods.Get(j)))
			}
		}
		return true
	})
}

func ruleOf(method protoreflect.MethodDescriptor) *commonv1.AccessRule {
	rule, _ := proto.GetExtension(method.Options(), commonv1.E_Access).(*commonv1.AccessRule)
	return rule
}
