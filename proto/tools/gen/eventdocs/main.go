// Command eventdocs writes what a reader of events needs, out of the contracts: docs/events.md for people and an AsyncAPI
// 3.0 document for programs. An event is a message with the audience option.
//
// Usage: eventdocs -image IMAGE -markdown FILE -asyncapi FILE
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
)

// The option that makes a message an event, and the enum of its values, in proto/fortnight/common/v1/options.proto.
const (
	audienceOption protoreflect.FullName = "fortnight.common.v1.audience"
	audienceEnum   protoreflect.FullName = "fortnight.common.v1.Audience"
)

// event is one event type.
type event struct {
	Service  string // for instance cycle
	Type     string // for instance fortnight.cycle.v1.CycleStarted
	Name     string // for instance CycleStarted
	Text     string // the comment of the message
	Audience string // for instance TEAM_READERS
	Data     []field
}

// field is one field of an event's data.
type field struct{ Name, Kind, Text string }

func main() {
	image := flag.String("image", "", "the contracts as buf builds them, binary, with comments")
	markdown := flag.String("markdown", "", "the Markdown file to write")
	asyncAPI := flag.String("asyncapi", "", "the AsyncAPI file to write")
	flag.Parse()
	if *image == "" || *markdown == "" || *asyncAPI == "" {
		flag.Usage()
		os.Exit(2)
	}
	if err := run(*image, *markdown, *asyncAPI); err != nil {
		fmt.Fprintln(os.Stderr, "eventdocs:", err)
		os.Exit(1)
	}
}

func run(image, markdown, asyncAPI string) error {
	files, err := readImage(image)
	if err != nil {
		return err
	}
	events, audiences, err := collect(files)
	if err != nil {
		return err
	}
	if err := os.WriteFile(markdown, []byte(writeMarkdown(events, audiences)), 0o644); err != nil {
		return err
	}
	return os.WriteFile(asyncAPI, []byte(writeAsyncAPI(events)), 0o644)
}

func readImage(path string) (*protoregistry.Files, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var set descriptorpb.FileDescriptorSet
	if err := proto.Unmarshal(raw, &set); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return protodesc.NewFiles(&set)
}

// collect finds the events, by service and in the order of their contract, and the comments of the audiences.
func collect(files *protoregistry.Files) ([]event, map[string]string, error) {
	option, err := files.FindDescriptorByName(audienceOption)
	if err != nil {
		return nil, nil, err
	}
	values, err := files.FindDescriptorByName(audienceEnum)
	if err != nil {
		return nil, nil, err
	}
	number := option.(protoreflect.FieldDescriptor).Number()
	enum := values.(protoreflect.EnumDescriptor).Values()
	audiences := map[string]string{}
	for i := range enum.Len() {
		audiences[audienceName(enum.Get(i))] = comment(enum.Get(i))
	}
	var events []event
	files.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		for i := range file.Messages().Len() {
			message := file.Messages().Get(i)
			if value, found := audienceOf(message, number); found {
				events = append(events, eventOf(message, audienceName(enum.ByNumber(value))))
			}
		}
		return true
	})
	slices.SortStableFunc(events, func(a, b event) int { return strings.Compare(a.Service, b.Service) })
	if len(events) == 0 {
		return nil, nil, fmt.Errorf("the contracts hold no event")
	}
	return events, audiences, nil
}

// audienceOf reads the option, which this program does not know at compile time, from the unknown fields.
func audienceOf(message protoreflect.MessageDescriptor, option protowire.Number) (protoreflect.EnumNumber, bool) {
	for unknown := message.Options().ProtoReflect().GetUnknown(); len(unknown) > 0; {
		number, kind, tag := protowire.ConsumeTag(unknown)
		length := protowire.ConsumeFieldValue(number, kind, unknown[max(tag, 0):])
		if tag < 0 || length < 0 {
			return 0, false
		}
		if number == option && kind == protowire.VarintType {
			value, _ := protowire.ConsumeVarint(unknown[tag:])
			return protoreflect.EnumNumber(value), true
		}
		unknown = unknown[tag+length:]
	}
	return 0, false
}

func eventOf(message protoreflect.MessageDescriptor, audience string) event {
	found := event{
		Service: strings.Split(string(message.FullName()), ".")[1], Type: string(message.FullName()), Name: string(message.Name()),
		Text: comment(message), Audience: audience,
	}
	for i := range message.Fields().Len() {
		f := message.Fields().Get(i)
		kind := f.Kind().String()
		if f.Message() != nil {
			kind = string(f.Message().Name())
		} else if f.Enum() != nil {
			kind = string(f.Enum().Name())
		}
		found.Data = append(found.Data, field{Name: f.JSONName(), Kind: kind, Text: comment(f)})
	}
	return found
}

func audienceName(value protoreflect.EnumValueDescriptor) string {
	return strings.TrimPrefix(string(value.Name()), "AUDIENCE_")
}

func comment(d protoreflect.Descriptor) string {
	return strings.Join(strings.Fields(d.ParentFile().SourceLocations().ByDescriptor(d).LeadingComments), " ")
}
