package encode_test

import (
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
)

// everyKind is a message with a plain, a repeated and an optional field of every kind, maps with every kind of key, and
// itself.
func everyKind(t *testing.T) protoreflect.MessageDescriptor {
	t.Helper()
	message := &descriptorpb.DescriptorProto{Name: proto.String("Every")}
	number := int32(0)
	add := func(name string, kind descriptorpb.FieldDescriptorProto_Type, label descriptorpb.FieldDescriptorProto_Label, typeName string) *descriptorpb.FieldDescriptorProto {
		number++
		f := &descriptorpb.FieldDescriptorProto{Name: proto.String(name), Number: proto.Int32(number), Type: kind.Enum(), Label: label.Enum()}
		if typeName != "" {
			f.TypeName = proto.String(typeName)
		}
		return f
	}
	for kind := descriptorpb.FieldDescriptorProto_TYPE_DOUBLE; kind <= descriptorpb.FieldDescriptorProto_TYPE_SINT64; kind++ {
		name, typeName := kind.String(), ""
		switch kind {
		case descriptorpb.FieldDescriptorProto_TYPE_GROUP:
			continue // proto3 has none
		case descriptorpb.FieldDescriptorProto_TYPE_MESSAGE:
			typeName = ".every.Every"
		case descriptorpb.FieldDescriptorProto_TYPE_ENUM:
			typeName = ".every.Colour"
		}
		optional := add("optional_"+name, kind, descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, typeName)
		if typeName != ".every.Every" {
			optional.Proto3Optional = proto.Bool(true)
			optional.OneofIndex = proto.Int32(int32(len(message.OneofDecl)))
			message.OneofDecl = append(message.OneofDecl, &descriptorpb.OneofDescriptorProto{Name: proto.String("_optional_" + name)})
		}
		message.Field = append(message.Field, optional,
			add("one_"+name, kind, descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, typeName),
			add("many_"+name, kind, descriptorpb.FieldDescriptorProto_LABEL_REPEATED, typeName))
	}
	for _, kind := range []descriptorpb.FieldDescriptorProto_Type{
		descriptorpb.FieldDescriptorProto_TYPE_STRING, descriptorpb.FieldDescriptorProto_TYPE_INT64,
		descriptorpb.FieldDescriptorProto_TYPE_UINT32, descriptorpb.FieldDescriptorProto_TYPE_BOOL,
	} {
		key := map[descriptorpb.FieldDescriptorProto_Type]string{
			descriptorpb.FieldDescriptorProto_TYPE_STRING: "Text", descriptorpb.FieldDescriptorProto_TYPE_INT64: "Number",
			descriptorpb.FieldDescriptorProto_TYPE_UINT32: "Natural", descriptorpb.FieldDescriptorProto_TYPE_BOOL: "Truth",
		}[kind]
		entry := &descriptorpb.DescriptorProto{
			Name: proto.String("By" + key + "Entry"), Options: &descriptorpb.MessageOptions{MapEntry: proto.Bool(true)},
			Field: []*descriptorpb.FieldDescriptorProto{
				{Name: proto.String("key"), Number: proto.Int32(1), Type: kind.Enum(), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()},
				{Name: proto.String("value"), Number: proto.Int32(2), Type: descriptorpb.FieldDescriptorProto_TYPE_MESSAGE.Enum(), TypeName: proto.String(".every.Every"), Label: descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL.Enum()},
			},
		}
		message.NestedType = append(message.NestedType, entry)
		message.Field = append(message.Field, add("by"+key, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE, descriptorpb.FieldDescriptorProto_LABEL_REPEATED, ".every.Every.By"+key+"Entry"))
	}
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("every.proto"), Package: proto.String("every"), Syntax: proto.String("proto3"),
		MessageType: []*descriptorpb.DescriptorProto{message},
		EnumType: []*descriptorpb.EnumDescriptorProto{{Name: proto.String("Colour"), Value: []*descriptorpb.EnumValueDescriptorProto{
			{Name: proto.String("COLOUR_UNSPECIFIED"), Number: proto.Int32(0)}, {Name: proto.String("COLOUR_RED"), Number: proto.Int32(1)},
		}}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return file.Messages().Get(0)
}
