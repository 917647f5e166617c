package main

import (
	"fmt"
	"os"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"
)

// The option that says who may call a method, in proto/fortnight/common/v1/options.proto. It is read from the image and
// not from generated Go, because the generated Go does not exist yet when it is generated for the first time.
const accessOption protoreflect.FullName = "fortnight.common.v1.access"

// access says who may call one method.
type access struct {
	Level string // for instance TEAM_MEMBER
	Text  string // the comment of the enum value
}

// readAccess returns the rule of every method that has one, by "Service_Method", the generator's operation id.
func readAccess(image string) (map[string]access, error) {
	raw, err := os.ReadFile(image)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("%s: %w", image, err)
	}
	files, err := protodesc.NewFiles(&set)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", image, err)
	}
	found, err := files.FindDescriptorByName(accessOption)
	if err != nil {
		return nil, fmt.Errorf("%s: no option %s: %w", image, accessOption, err)
	}
	extension, ok := found.(protoreflect.ExtensionDescriptor)
	if !ok || extension.Message() == nil {
		return nil, fmt.Errorf("%s: %s is no message option", image, accessOption)
	}
	rules := map[string]access{}
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		err = addRules(rules, file, extension)
		return err == nil
	})
	return rules, err
}

func addRules(rules map[string]access, file protoreflect.FileDescriptor, extension protoreflect.ExtensionDescriptor) error {
	for i := range file.Services().Len() {
		service := file.Services().Get(i)
		for j := range service.Methods().Len() {
			method := service.Methods().Get(j)
			rule, found, err := ruleOf(method, extension)
			if err != nil {
				return fmt.Errorf("%s: %w", method.FullName(), err)
			}
			if found {
				rules[string(service.Name())+"_"+string(method.Name())] = rule
			}
		}
	}
	return nil
}

func ruleOf(method protoreflect.MethodDescriptor, extension protoreflect.ExtensionDescriptor) (access, bool, error) {
	// This program does not know the option at compile time, so it sits among the unknown fields.
	unknown := method.Options().ProtoReflect().GetUnknown()
	for len(unknown) > 0 {
		number, kind, tagLength := protowire.ConsumeTag(unknown)
		length := protowire.ConsumeFieldValue(number, kind, unknown[max(tagLength, 0):])
		if tagLength < 0 || length < 0 {
			return access{}, false, fmt.Errorf("unreadable options")
		}
		if number == extension.Number() && kind == protowire.BytesType {
			value, _ := protowire.ConsumeBytes(unknown[tagLength:])
			rule, err := decodeRule(value, extension.Message())
			return rule, err == nil, err
		}
		unknown = unknown[tagLength+length:]
	}
	return access{}, false, nil
}

func decodeRule(encoded []byte, kind protoreflect.MessageDescriptor) (access, error) {
	rule := dynamicpb.NewMessage(kind)
	if err := proto.Unmarshal(encoded, rule); err != nil {
		return access{}, err
	}
	allow := kind.Fields().ByName("allow")
	value := allow.Enum().Values().ByNumber(rule.Get(allow).Enum())
	if value == nil {
		return access{}, fmt.Errorf("%s: unknown value of allow", accessOption)
	}
	comment := value.ParentFile().SourceLocations().ByDescriptor(value).LeadingComments
	return access{
		Level: strings.TrimPrefix(string(value.Name()), "ACCESS_"),
		Text:  strings.Join(strings.Fields(comment), " "),
	}, nil
}
