// Package rpc answers the experiment contract: it converts, asks what must be asked, and makes one write with one rule.
package rpc

import (
	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Server answers ExperimentService.
type Server struct {
	log       *eventlog.Log
	cycles    cyclev1.CycleServiceClient
	knowledge knowledgev1.KnowledgeServiceClient
	// secretKey is what the secrets of delivery sources are made from; it lies outside of the database.
	secretKey []byte
}

var _ experimentv1.ExperimentServiceServer = (*Server)(nil)

// New answers from log; conn reaches the cycle service, which knows cycles and obstacles, and the knowledge service, which knows whether
// something was tried before; secretKey is what secrets are made from.
func New(log *eventlog.Log, conn func(service string) grpc.ClientConnInterface, secretKey []byte) *Server {
	return &Server{
		log: log, secretKey: secretKey,
		cycles: cyclev1.NewCycleServiceClient(conn("cycle")), knowledge: knowledgev1.NewKnowledgeServiceClient(conn("knowledge")),
	}
}

// convert applies one conversion to every item.
func convert[T, M any](items []T, one func(T) M) []M {
	messages := make([]M, 0, len(items))
	for _, item := range items {
		messages = append(messages, one(item))
	}
	return messages
}
