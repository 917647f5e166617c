package mcp

import (
	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// schema is a JSON Schema.
type schema map[string]any

// input is one argument of a tool: a field of the contract with what an assistant has to know about it.
type input struct {
	// field is its name in the contract.
	field       protoreflect.Name
	description string
	required    bool
}

// inputSchema describes arguments by the contract that they are fields of, with its limits: what REST refuses is refused here.
func inputSchema(of protoreflect.MessageDescriptor, inputs []input) schema {
	properties, required := schema{}, []string{}
	for _, in := range inputs {
		field := of.Fields().ByName(in.field)
		described := valueSchema(field, field.IsList(), everyLevel)
		limit(described, rulesOf(field))
		described["description"] = in.description
		properties[field.JSONName()] = described
		if in.required {
			required = append(required, field.JSONName())
		}
	}
	return schema{"type": "object", "properties": properties, "required": required, "additionalProperties": false}
}

// Levels of messages in messages that a schema goes into. Assistants are shown the schemas of all tools at once, so what is deeper
// in an answer is told by its values alone.
const (
	everyLevel   = 8
	answerLevels = 4
)

// outputSchema describes an answer: the message as REST has it, without what is unset, and beside its fields the notice.
func outputSchema(of protoreflect.MessageDescriptor) schema {
	described := messageSchema(of, answerLevels)
	described["properties"].(schema)[noticeField] = schema{"type": "string"}
	described["required"] = []string{noticeField}
	return described
}

func messageSchema(of protoreflect.MessageDescriptor, levels int) schema {
	if of.FullName() == "google.protobuf.Timestamp" {
		return schema{"type": "string", "format": "date-time"}
	}
	if of.FullName().Parent() == "google.protobuf" || levels == 0 {
		return schema{}
	}
	properties := schema{}
	for i := range of.Fields().Len() {
		field := of.Fields().Get(i)
		properties[field.JSONName()] = valueSchema(field, field.IsList(), levels-1)
	}
	return schema{"type": "object", "properties": properties}
}

// valueSchema describes the values of a field as protojson writes them.
func valueSchema(field protoreflect.FieldDescriptor, list bool, levels int) schema {
	switch {
	case field.IsMap():
		return schema{"type": "object"}
	case list:
		return schema{"type": "array", "items": valueSchema(field, false, levels)}
	}
	switch field.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		described := messageSchema(field.Message(), levels)
		if properties, ok := described["properties"].(schema); ok && levels == everyLevel {
			for i := range field.Message().Fields().Len() {
				inner := field.Message().Fields().Get(i)
				limit(properties[inner.JSONName()].(schema), rulesOf(inner))
			}
			described["additionalProperties"] = false
		}
		return described
	case protoreflect.EnumKind:
		names, values := []string{}, field.Enum().Values()
		for i := range values.Len() {
			if values.Get(i).Number() != 0 {
				names = append(names, string(values.Get(i).Name()))
			}
		}
		return schema{"type": "string", "enum": names}
	case protoreflect.BoolKind:
		return schema{"type": "boolean"}
	case protoreflect.FloatKind, protoreflect.DoubleKind:
		return schema{} // a number, or NaN as a text
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind, protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return schema{"type": "integer"}
	default: // texts, and what JSON writes as texts: bytes and 64-bit numbers
		return schema{"type": "string"}
	}
}

func rulesOf(field protoreflect.FieldDescriptor) *validate.FieldRules {
	rules, _ := proto.GetExtension(field.Options(), validate.E_Field).(*validate.FieldRules)
	return rules
}

// limit adds the limits that the contract has for a field.
func limit(described schema, rules *validate.FieldRules) {
	if text := rules.GetString(); text != nil {
		set(described, "minLength", text.MinLen)
		set(described, "maxLength", text.MaxLen)
		set(described, "pattern", text.Pattern)
		if len(text.GetIn()) > 0 {
			described["enum"] = text.GetIn()
		}
	}
	if list := rules.GetRepeated(); list != nil {
		set(described, "maxItems", list.MaxItems)
		set(described, "uniqueItems", list.Unique)
		limit(described["items"].(schema), list.GetItems())
	}
	if number := rules.GetInt32(); number != nil {
		if _, ok := number.GetGreaterThan().(*validate.Int32Rules_Gte); ok {
			described["minimum"] = number.GetGte()
		}
		if _, ok := number.GetLessThan().(*validate.Int32Rules_Lte); ok {
			described["maximum"] = number.GetLte()
		}
	}
}

func set[T any](described schema, keyword string, value *T) {
	if value != nil {
		described[keyword] = *value
	}
}
