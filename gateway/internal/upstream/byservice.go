package upstream

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
)

// ByService sends a call to the service that the request's field `service` names. It carries the methods that every service
// has, such as those of the event log.
type ByService map[string]grpc.ClientConnInterface

// Invoke makes a unary call.
func (b ByService) Invoke(ctx context.Context, method string, args, reply any, opts ...grpc.CallOption) error {
	request, ok := args.(proto.Message)
	if !ok {
		return status.Error(codes.Internal, "not a protobuf request")
	}
	field := request.ProtoReflect().Descriptor().Fields().ByName("service")
	if field == nil {
		return status.Error(codes.Internal, "the request names no service")
	}
	conn, ok := b[request.ProtoReflect().Get(field).String()]
	if !ok {
		names := make([]string, 0, len(b))
		for name := range b {
			names = append(names, name)
		}
		slices.Sort(names)
		text := "Name one of the services " + strings.Join(names, ", ") + "."
		return problem.New(http.StatusBadRequest, codes.InvalidArgument, "SERVICE_UNKNOWN", text,
			problem.Violation{Field: "service", Reason: "SERVICE_UNKNOWN", Description: text})
	}
	return conn.Invoke(ctx, method, args, reply, opts...)
}

// NewStream is not possible: a stream's first message comes after the choice.
func (b ByService) NewStream(context.Context, *grpc.StreamDesc, string, ...grpc.CallOption) (grpc.ClientStream, error) {
	return nil, status.Error(codes.Unimplemented, "no streams")
}
