// Package rpctest is a small contract without product words for the tests of the plumbing: every kind of access rule,
// every shape of resource name, unary and streaming methods. It exists as descriptors only; messages are dynamic.
package rpctest

import (
	"context"
	_ "embed"
	"fmt"

	"buf.build/gen/go/bufbuild/protovalidate/protocolbuffers/go/buf/validate"
	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
)

// The services of the contract.
const (
	// BoxService has an access rule on every method.
	BoxService = "rpctest.v1.BoxService"
	// LooseService has a method without one.
	LooseService = "rpctest.v1.LooseService"
)

//go:embed rpctest.textpb
var text []byte

// File is the contract. It is registered in protoregistry.GlobalFiles.
var File = load()

func load() protoreflect.FileDescriptor {
	// The options in the text are extensions, which must be linked in to be read.
	_ = []protoreflect.ExtensionType{commonv1.E_Access, annotations.E_Http, annotations.E_Resource, annotations.E_ResourceReference, annotations.E_FieldBehavior, validate.E_Field}
	file := &descriptorpb.FileDescriptorProto{}
	if err := prototext.Unmarshal(text, file); err != nil {
		panic(fmt.Errorf("rpctest.textpb: %w", err))
	}
	fd, err := protodesc.NewFile(file, protoregistry.GlobalFiles)
	if err != nil {
		panic(fmt.Errorf("rpctest.textpb: %w", err))
	}
	if err := protoregistry.GlobalFiles.RegisterFile(fd); err != nil {
		panic(err)
	}
	return fd
}

// Method returns a method by its short name, such as "GetBox".
func Method(name string) protoreflect.MethodDescriptor {
	for i := range File.Services().Len() {
		if m := File.Services().Get(i).Methods().ByName(protoreflect.Name(name)); m != nil {
			return m
		}
	}
	panic("rpctest has no method " + name)
}

// Path returns the method's path on the wire, such as "/rpctest.v1.BoxService/GetBox".
func Path(method string) string {
	m := Method(method)
	return fmt.Sprintf("/%s/%s", m.Parent().FullName(), m.Name())
}

// Request returns the method's request filled from JSON; it panics when the JSON does not fit.
func Request(method, json string) proto.Message {
	return message(Method(method).Input(), json)
}

// Response returns an empty answer of the method.
func Response(method string) proto.Message {
	return message(Method(method).Output(), "{}")
}

func message(md protoreflect.MessageDescriptor, json string) proto.Message {
	m := dynamicpb.NewMessage(md)
	if err := protojson.Unmarshal([]byte(json), m); err != nil {
		panic(fmt.Errorf("%s: %w", md.FullName(), err))
	}
	return m
}

// Handler answers all methods. Unary methods get their request and return an answer. Streaming methods get stream and
// no request.
type Handler func(ctx context.Context, method string, request proto.Message, stream grpc.ServerStream) (proto.Message, error)

// Register registers handler as the named service.
func Register(r grpc.ServiceRegistrar, service string, handler Handler) {
	sd := File.Services().ByName(protoreflect.FullName(service).Name())
	desc := &grpc.ServiceDesc{ServiceName: service, HandlerType: (*any)(nil)}
	for i := range sd.Methods().Len() {
		m := sd.Methods().Get(i)
		name := string(m.Name())
		if m.IsStreamingClient() || m.IsStreamingServer() {
			desc.Streams = append(desc.Streams, grpc.StreamDesc{
				StreamName: name, ClientStreams: m.IsStreamingClient(), ServerStreams: m.IsStreamingServer(),
				Handler: func(_ any, stream grpc.ServerStream) error {
					_, err := handler(stream.Context(), name, nil, stream)
					return err
				},
			})
			continue
		}
		desc.Methods = append(desc.Methods, grpc.MethodDesc{
			MethodName: name,
			Handler: func(_ any, ctx context.Context, decode func(any) error, interceptor grpc.UnaryServerInterceptor) (any, error) {
				request := dynamicpb.NewMessage(m.Input())
				if err := decode(request); err != nil {
					return nil, err
				}
				call := func(ctx context.Context, request any) (any, error) {
					return handler(ctx, name, request.(proto.Message), nil)
				}
				if interceptor == nil {
					return call(ctx, request)
				}
				return interceptor(ctx, request, &grpc.UnaryServerInfo{FullMethod: Path(name)}, call)
			},
		})
	}
	r.RegisterService(desc, struct{}{})
}
