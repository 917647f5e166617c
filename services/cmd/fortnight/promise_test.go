package main

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
)

// The promise to users: no number belongs to a person, and no team is ranked. It is kept by the contracts themselves: a
// message that names a person has no number in it or below it, and nothing can be ordered by a value.
func TestNoNumberPerPersonAndNoRanking(t *testing.T) {
	messages := 0
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if strings.HasPrefix(string(file.Package()), "fortnight.") {
			eachMessage(file.Messages(), func(m protoreflect.MessageDescriptor) {
				messages++
				if person := personIn(m); person != "" {
					if number := numberIn(m, nil); number != "" {
						t.Errorf("%s names a person in %s and holds a number in %s", m.FullName(), person, number)
					}
				}
				for i := range m.Fields().Len() {
					if name := string(m.Fields().Get(i).Name()); slices.Contains([]string{"order_by", "rank", "ranking", "position", "league"}, name) {
						t.Errorf("%s.%s could rank", m.FullName(), name)
					}
				}
			})
		}
		return true
	})
	if messages < 100 {
		t.Errorf("only %d messages were looked at", messages)
	}
}

func TestThePromiseCanBeBroken(t *testing.T) {
	file, err := protoregistry.GlobalFiles.FindDescriptorByName("fortnight.retrospective.v1.Action")
	if err != nil {
		t.Fatal(err)
	}
	if personIn(file.(protoreflect.MessageDescriptor)) != "owner" {
		t.Error("the owner of an action is not seen as a person")
	}
	limits, err := protoregistry.GlobalFiles.FindDescriptorByName("fortnight.experiment.v1.ProcessBehaviourChart")
	if err != nil {
		t.Fatal(err)
	}
	if numberIn(limits.(protoreflect.MessageDescriptor), nil) == "" {
		t.Error("no number is seen in a chart")
	}
}

func eachMessage(messages protoreflect.MessageDescriptors, look func(protoreflect.MessageDescriptor)) {
	for i := range messages.Len() {
		look(messages.Get(i))
		eachMessage(messages.Get(i).Messages(), look)
	}
}

// personIn is the field that names a person: by reference to a user, or by its name.
func personIn(m protoreflect.MessageDescriptor) string {
	for i := range m.Fields().Len() {
		field := m.Fields().Get(i)
		reference, _ := proto.GetExtension(field.Options(), annotations.E_ResourceReference).(*annotations.ResourceReference)
		if reference.GetType() == "fortnight.dev/User" || slices.Contains([]string{"author", "actor", "owner", "learner", "member_name"}, string(field.Name())) {
			return string(field.Name())
		}
	}
	return ""
}

// numberIn is the path of a number in the message or below it. Enums and times are no numbers about somebody.
func numberIn(m protoreflect.MessageDescriptor, above []protoreflect.FullName) string {
	if slices.Contains(above, m.FullName()) || strings.HasPrefix(string(m.FullName()), "google.") {
		return ""
	}
	for i := range m.Fields().Len() {
		field := m.Fields().Get(i)
		if field.Name() == "page_size" { // how much of a list is wanted
			continue
		}
		switch field.Kind() {
		case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.BoolKind, protoreflect.EnumKind:
		case protoreflect.MessageKind, protoreflect.GroupKind:
			if inner := numberIn(field.Message(), append(above, m.FullName())); inner != "" {
				return string(field.Name()) + "." + inner
			}
		default:
			return string(field.Name())
		}
	}
	return ""
}
