package main

import (
	"context"
	"net"

	"github.com/grpc-ecosystem/grpc-gateway/v2/runtime"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
)

// echoDir, given to -floor, serves the other floor: grpc-gateway before a gRPC server in the same process that answers without
// a database. It is what the contract's road costs when nothing is at its end.
const echoDir = "echo"

type echo struct {
	cyclev1.UnimplementedCycleServiceServer
}

// GetObstacle answers with the name it was asked for.
func (echo) GetObstacle(_ context.Context, request *cyclev1.GetObstacleRequest) (*cyclev1.Obstacle, error) {
	return &cyclev1.Obstacle{
		Name: request.GetName(), Description: description(0), State: cyclev1.ObstacleState_OBSTACLE_STATE_PARKED,
		Etag: etag(1), CreateTime: timestamppb.Now(), UpdateTime: timestamppb.Now(),
	}, nil
}

func serveEcho() error {
	listener := bufconn.Listen(1 << 20)
	server := grpc.NewServer()
	cyclev1.RegisterCycleServiceServer(server, echo{})
	go func() { _ = server.Serve(listener) }()
	defer server.Stop()
	conn, err := grpc.NewClient("passthrough:///echo", grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	mux := runtime.NewServeMux(runtime.WithWriteContentLength())
	if err := cyclev1.RegisterCycleServiceHandler(context.Background(), mux, conn); err != nil {
		return err
	}
	return serveUntilAsked(mux)
}
