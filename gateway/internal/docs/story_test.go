package docs

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"

	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/notification/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
)

// bodied are the messages that the bodies hold, by operation.
func bodied(t *testing.T) map[string]protoreflect.MessageDescriptor {
	t.Helper()
	found := map[string]protoreflect.MessageDescriptor{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "fortnight.") {
			return true
		}
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				method := methods.Get(j)
				rule, _ := proto.GetExtension(method.Options(), annotations.E_Http).(*annotations.HttpRule)
				operation := string(method.Name())
				for n, binding := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
					if n > 0 {
						operation = fmt.Sprint(method.Name(), n+1)
					}
					switch body := binding.GetBody(); body {
					case "":
					case "*":
						found[operation] = method.Input()
					default:
						found[operation] = method.Input().Fields().ByName(protoreflect.Name(body)).Message()
					}
				}
			}
		}
		return true
	})
	return found
}

func TestTheExamplesFitTheContracts(t *testing.T) {
	messages := bodied(t)
	now := time.Date(2026, 6, 8, 23, 0, 0, 0, time.UTC)
	for operation, message := range messages {
		body, ok := bodies[operation]
		if !ok {
			t.Errorf("%s has no example", operation)
			continue
		}
		sent := dynamicpb.NewMessage(message)
		if err := protojson.Unmarshal([]byte(dated(body, now)), sent); err != nil {
			t.Errorf("%s: %v", operation, err)
			continue
		}
		for i := range message.Fields().Len() {
			field := message.Fields().Get(i)
			behaviors, _ := proto.GetExtension(field.Options(), annotations.E_FieldBehavior).([]annotations.FieldBehavior)
			if slices.Contains(behaviors, annotations.FieldBehavior_REQUIRED) && !sent.Has(field) && field.Name() != "name" && field.Name() != "parent" && !strings.HasPrefix(operation, "Update") {
				t.Errorf("%s: the example lacks %s", operation, field.Name())
			}
		}
	}
	for operation := range bodies {
		if messages[operation] == nil && operation != "SpeakAsAssistant" { // which speaks a protocol of others
			t.Errorf("%s has an example and no body", operation)
		}
	}
}

func TestDaysOfExamples(t *testing.T) {
	now := time.Date(2026, 12, 30, 23, 30, 0, 0, time.FixedZone("", -2*3600))
	if got := dated(`"day+0" "day+10T09:00:00Z" day+`, now); got != `"2026-12-31" "2027-01-10T09:00:00Z" day+` {
		t.Errorf("got %s", got)
	}
}

func TestShellQuote(t *testing.T) {
	if got := shellQuote(`it's $(id) "x"`); got != `'it'\''s $(id) "x"'` {
		t.Errorf("got %s", got)
	}
}
