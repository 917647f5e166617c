package routes

import (
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// FindField finds a field by the name that it has in JSON or in the contract, nil when there is none.
func FindField(message protoreflect.MessageDescriptor, name string) protoreflect.FieldDescriptor {
	if f := message.Fields().ByJSONName(name); f != nil {
		return f
	}
	return message.Fields().ByName(protoreflect.Name(name))
}

// ContractPath writes a path of fields, such as `prediction.expectedValue`, with the names of the contract. From a name that
// is unknown on it stays as it is.
func ContractPath(message protoreflect.MessageDescriptor, path string) string {
	names := strings.Split(path, ".")
	for i, name := range names {
		if message == nil {
			break
		}
		field := FindField(message, name)
		if field == nil {
			break
		}
		names[i], message = string(field.Name()), field.Message()
	}
	return strings.Join(names, ".")
}
