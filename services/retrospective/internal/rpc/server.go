// Package rpc answers the retrospective contract: it converts, asks what must be asked, and makes one write with one rule.
package rpc

import (
	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	_ "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1" // an action's owner is a user: the form of that name is declared there
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Server answers RetrospectiveService.
type Server struct {
	log         *eventlog.Log
	cycles      cyclev1.CycleServiceClient
	experiments experimentv1.ExperimentServiceClient
}

var _ retrospectivev1.RetrospectiveServiceServer = (*Server)(nil)

// New answers from log; conn reaches the services that the facts come from.
func New(log *eventlog.Log, conn func(service string) grpc.ClientConnInterface) *Server {
	return &Server{
		log:         log,
		cycles:      cyclev1.NewCycleServiceClient(conn("cycle")),
		experiments: experimentv1.NewExperimentServiceClient(conn("experiment")),
	}
}
