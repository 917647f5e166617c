package transcode

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/gateway/internal/routes"
)

// fieldAt finds the field that a path such as `prediction.expectedValue` or `measurements[2].time` leads to, nil when it
// leads nowhere.
func fieldAt(message protoreflect.MessageDescriptor, path string) protoreflect.FieldDescriptor {
	var field protoreflect.FieldDescriptor
	for name := range strings.SplitSeq(path, ".") {
		if message == nil {
			return nil
		}
		name, _, _ = strings.Cut(name, "[")
		if field = routes.FindField(message, name); field == nil {
			return nil
		}
		message = field.Message()
	}
	return field
}

// Expected says what a value of the field looks like.
func Expected(field protoreflect.FieldDescriptor) string {
	switch field.Kind() {
	case protoreflect.BoolKind:
		return "true or false"
	case protoreflect.EnumKind:
		var names []string
		values := field.Enum().Values()
		for i := range values.Len() {
			if v := values.Get(i); v.Number() != 0 {
				names = append(names, string(v.Name()))
			}
		}
		return "one of " + strings.Join(names, ", ")
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return "a whole number of 32 bits"
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return "a whole number of 64 bits"
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind, protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return "a whole number that is not negative"
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return "a number"
	case protoreflect.BytesKind:
		return "bytes in base64"
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return expectedMessage(field.Message())
	default:
		return "a string"
	}
}

func expectedMessage(message protoreflect.MessageDescriptor) string {
	switch message.FullName() {
	case "google.protobuf.Timestamp":
		return "an instant after RFC 3339, such as 2026-03-09T08:00:00Z"
	case "google.protobuf.Duration":
		return "a duration in seconds, such as 3.5s"
	case "google.protobuf.FieldMask":
		return "names of fields with commas between"
	case "google.protobuf.DoubleValue", "google.protobuf.FloatValue":
		return "a number"
	case "google.protobuf.BoolValue":
		return "true or false"
	case "google.protobuf.StringValue":
		return "a string"
	default:
		return "an object"
	}
}
