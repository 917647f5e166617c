package encode_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/dynamicpb"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"
	"google.golang.org/protobuf/types/known/timestamppb"
	"google.golang.org/protobuf/types/known/wrapperspb"

	"github.com/fortnighthq/fortnight/gateway/internal/encode"
	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/notification/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/report/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
)

// compare wants the same bytes from protojson, once its white space is gone, which differs from build to build on purpose.
func compare(t *testing.T, m proto.Message) {
	t.Helper()
	loose, wantErr := protojson.MarshalOptions{EmitDefaultValues: true}.Marshal(m)
	got, err := encode.JSON(m)
	if (err != nil) != (wantErr != nil) {
		t.Fatalf("%s: error %v, protojson's %v", m.ProtoReflect().Descriptor().FullName(), err, wantErr)
	}
	if err != nil {
		return
	}
	var want bytes.Buffer
	if err := json.Compact(&want, loose); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.Bytes()) {
		t.Fatalf("%s:\n got %s\nwant %s", m.ProtoReflect().Descriptor().FullName(), got, want.Bytes())
	}
}

var texts = []string{
	"", "plain", "\"quoted\" \\ back", "line\nbreak\ttab\r\b\f", "\x00\x01\x1f\x7f", "<a href='x'>&amp;</a>", "Grüße, 東京, 🎉, \u2028\u2029\ufffd",
	strings.Repeat("long ", 300),
}

var numbers = []float64{
	0, math.Copysign(0, -1), 1, -1.5, 1e-6, 9.9e-7, 1e-7, 1.25e-10, 1e20, 1e21, 123456789.125, 1e100, 5e-324, math.MaxFloat64, math.Pi,
	math.NaN(), math.Inf(1), math.Inf(-1), 4.2,
}

// fill puts values into a message by chance, deep down to the given depth.
func fill(r *rand.Rand, m protoreflect.Message, depth int) {
	switch x := m.Interface().(type) {
	case *timestamppb.Timestamp:
		x.Seconds = r.Int64N(253402300799)
		x.Nanos = []int32{0, 1, 1000, 1_000_000, 120_000_000, 999_999_999, 123_456_000}[r.IntN(7)]
		return
	case *durationpb.Duration:
		x.Seconds = r.Int64N(1000)
		return
	case *fieldmaskpb.FieldMask:
		x.Paths = []string{"display_name", "start_date"}
		return
	case *structpb.Struct:
		x.Fields = map[string]*structpb.Value{"b": structpb.NewNumberValue(1.5), "a": structpb.NewStringValue("x")}
		return
	case *structpb.Value:
		x.Kind = &structpb.Value_StringValue{StringValue: "x"}
		return
	}
	if m.Descriptor().FullName() == "google.protobuf.Any" {
		return
	}
	for i := range m.Descriptor().Fields().Len() {
		f := m.Descriptor().Fields().Get(i)
		if r.IntN(4) == 0 || f.Message() != nil && depth == 0 {
			continue
		}
		switch {
		case f.IsList():
			list := m.Mutable(f).List()
			for range r.IntN(3) {
				if f.Message() != nil {
					fill(r, list.AppendMutable().Message(), depth-1)
				} else {
					list.Append(scalar(r, f))
				}
			}
		case f.IsMap():
			entries := m.Mutable(f).Map()
			for range r.IntN(12) {
				key := scalar(r, f.MapKey()).MapKey()
				if f.MapValue().Message() != nil {
					fill(r, entries.Mutable(key).Message(), depth-1)
				} else {
					entries.Set(key, scalar(r, f.MapValue()))
				}
			}
		case f.Message() != nil:
			fill(r, m.Mutable(f).Message(), depth-1)
		default:
			m.Set(f, scalar(r, f))
		}
	}
}

func scalar(r *rand.Rand, f protoreflect.FieldDescriptor) protoreflect.Value {
	switch f.Kind() {
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(r.IntN(2) == 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(r.IntN(f.Enum().Values().Len() + 2))) // now and then an unknown one
	case protoreflect.Int32Kind, protoreflect.Sint32Kind, protoreflect.Sfixed32Kind:
		return protoreflect.ValueOfInt32(int32(r.Uint32()))
	case protoreflect.Uint32Kind, protoreflect.Fixed32Kind:
		return protoreflect.ValueOfUint32(r.Uint32())
	case protoreflect.Int64Kind, protoreflect.Sint64Kind, protoreflect.Sfixed64Kind:
		return protoreflect.ValueOfInt64(int64(r.Uint64()))
	case protoreflect.Uint64Kind, protoreflect.Fixed64Kind:
		return protoreflect.ValueOfUint64(r.Uint64())
	case protoreflect.FloatKind:
		return protoreflect.ValueOfFloat32(float32(numbers[r.IntN(len(numbers))]))
	case protoreflect.DoubleKind:
		return protoreflect.ValueOfFloat64(numbers[r.IntN(len(numbers))])
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes([]byte(texts[r.IntN(len(texts))]))
	default:
		return protoreflect.ValueOfString(texts[r.IntN(len(texts))])
	}
}

// ours lists every message of the contracts.
func ours() (all []protoreflect.MessageType) {
	protoregistry.GlobalTypes.RangeMessages(func(mt protoreflect.MessageType) bool {
		if strings.HasPrefix(string(mt.Descriptor().FullName()), "fortnight.") {
			all = append(all, mt)
		}
		return true
	})
	return all
}

func TestJSONEqualsProtojsonForEveryMessage(t *testing.T) {
	if len(ours()) < 100 {
		t.Fatalf("only %d messages", len(ours()))
	}
	r := rand.New(rand.NewPCG(1, 2))
	for _, mt := range ours() {
		compare(t, mt.New().Interface())
		for range 50 {
			m := mt.New()
			fill(r, m, 4)
			compare(t, m.Interface())
		}
	}
}

// The contracts use few kinds of fields; protobuf's own test of JSON is not at hand, so a descriptor with all kinds stands in.
func TestJSONEqualsProtojsonForEveryKind(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		m := dynamicpb.NewMessage(everyKind(t))
		fill(r, m, 1)
		compare(t, m)
	}
}

func TestJSONOfWellKnownTypes(t *testing.T) {
	for _, m := range []proto.Message{
		timestamppb.Now(), &timestamppb.Timestamp{}, &timestamppb.Timestamp{Seconds: -62135596800}, &timestamppb.Timestamp{Seconds: 253402300800},
		&timestamppb.Timestamp{Nanos: -1}, durationpb.New(1500), &fieldmaskpb.FieldMask{Paths: []string{"a_b", "c"}},
		wrapperspb.Double(1.5), wrapperspb.Int64(7), structpb.NewNullValue(), &cyclev1.Obstacle{Description: "broken \xff"},
	} {
		compare(t, m)
	}
}

func BenchmarkJSON(b *testing.B) {
	page := &cyclev1.ListObstaclesResponse{NextPageToken: "token"}
	for range 30 {
		page.Obstacles = append(page.Obstacles, &cyclev1.Obstacle{
			Name: "teams/payments/obstacles/nobody-owns-the-queue", Description: "Nobody owns the review queue in the morning",
			State: cyclev1.ObstacleState_OBSTACLE_STATE_PARKED, Etag: `"3f2a91c0-7"`, CreateTime: timestamppb.Now(), UpdateTime: timestamppb.Now(),
		})
	}
	b.Run("encode", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := encode.JSON(page); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("protojson", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := (protojson.MarshalOptions{EmitDefaultValues: true}).Marshal(page); err != nil {
				b.Fatal(err)
			}
		}
	})
}
