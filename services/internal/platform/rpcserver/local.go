package rpcserver

import (
	"context"
	"errors"
	"io"

	"github.com/fullstorydev/grpchan/inprocgrpc"
	"google.golang.org/grpc"
)

// local is the in-process channel, mended where it differs from gRPC: when a server refuses a stream before the client
// has sent its one request, gRPC's SendMsg says nothing and RecvMsg tells why, but the channel's SendMsg returns io.EOF,
// and the refusal would look like the orderly end of the stream.
type local struct {
	*inprocgrpc.Channel
	server *Server
}

func (l local) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	stream, err := l.Channel.NewStream(ctx, desc, method, options...)
	if err != nil || desc.ClientStreams {
		return stream, err
	}
	return localStream{stream}, nil
}

type localStream struct{ grpc.ClientStream }

func (s localStream) SendMsg(request any) error {
	if err := s.ClientStream.SendMsg(request); !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}
