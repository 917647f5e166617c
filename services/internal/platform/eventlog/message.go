package eventlog

import (
	"errors"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Message is the event's data as the message that its type names. It is nil for a type that this program does not know:
// a later version's service may be running beside it, and its events are none of our business. Fields that this program
// does not know are left out.
func (r Record) Message() (proto.Message, error) {
	kind, err := protoregistry.GlobalTypes.FindMessageByName(protoreflect.FullName(r.Type))
	if errors.Is(err, protoregistry.NotFound) {
		return nil, nil //nolint:nilnil // documented: nothing to apply is no error
	}
	if err != nil {
		return nil, fault.From(err)
	}
	data := kind.New().Interface()
	if err := (protojson.UnmarshalOptions{DiscardUnknown: true}).Unmarshal(r.Data, data); err != nil {
		return nil, fault.New(fault.InvalidArgument, "EVENT_DATA_INVALID", "the data of the event is no %s", r.Type).Because(err)
	}
	return data, nil
}
