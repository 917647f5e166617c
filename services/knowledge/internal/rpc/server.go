// Package rpc answers the knowledge contract: it converts, asks what must be asked, and makes one write with one rule.
package rpc

import (
	"strings"

	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Server answers KnowledgeService.
type Server struct {
	log         *eventlog.Log
	cycles      cyclev1.CycleServiceClient
	experiments experimentv1.ExperimentServiceClient
	teams       identityv1.IdentityServiceClient
}

var _ knowledgev1.KnowledgeServiceServer = (*Server)(nil)

// New answers from log; conn reaches the services that are asked.
func New(log *eventlog.Log, conn func(service string) grpc.ClientConnInterface) *Server {
	return &Server{
		log: log, cycles: cyclev1.NewCycleServiceClient(conn("cycle")), experiments: experimentv1.NewExperimentServiceClient(conn("experiment")),
		teams: identityv1.NewIdentityServiceClient(conn("identity")),
	}
}

func teamID(name string) string { return strings.TrimPrefix(name, "teams/") }
