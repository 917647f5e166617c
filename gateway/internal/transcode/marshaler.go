package transcode

import (
	"io"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/gateway/internal/encode"
)

// marshaler is JSON as the interface promises it: lowerCamelCase, enums by name, unknown fields refused. Fields with their
// default value are written, so that a reader sees which fields there are; a message that is not set is left out.
type marshaler struct{ runtime.JSONPb }

func newMarshaler() *marshaler {
	return &marshaler{runtime.JSONPb{MarshalOptions: protojson.MarshalOptions{EmitDefaultValues: true}}}
}

// Marshal writes a message without white space.
func (m *marshaler) Marshal(v any) ([]byte, error) {
	if message, ok := v.(proto.Message); ok {
		return encode.JSON(message)
	}
	return m.JSONPb.Marshal(v)
}

// NewDecoder reads one message. The body was checked before, so there is nothing behind it.
func (m *marshaler) NewDecoder(r io.Reader) runtime.Decoder {
	return runtime.DecoderFunc(func(v any) error {
		body, err := io.ReadAll(r)
		if err != nil {
			return err
		}
		if len(body) == 0 {
			return io.EOF // which the generated code takes as an empty message
		}
		if message, ok := v.(proto.Message); ok {
			return m.UnmarshalOptions.Unmarshal(body, message)
		}
		return m.Unmarshal(body, v)
	})
}
