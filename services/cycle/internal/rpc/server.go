// Package rpc answers the cycle contract: it converts, asks what must be asked, and makes one write with one rule.
package rpc

import (
	"strings"
	"time"

	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Server answers CycleService.
type Server struct {
	log            *eventlog.Log
	clock          func() time.Time
	identity       identityv1.IdentityServiceClient
	experiments    experimentv1.ExperimentServiceClient
	retrospectives retrospectivev1.RetrospectiveServiceClient
	knowledge      knowledgev1.KnowledgeServiceClient
}

var _ cyclev1.CycleServiceServer = (*Server)(nil)

// New answers from log; conn reaches the services that are asked, and clock tells reads what today is.
func New(log *eventlog.Log, clock func() time.Time, conn func(service string) grpc.ClientConnInterface) *Server {
	return &Server{
		log:            log,
		clock:          clock,
		identity:       identityv1.NewIdentityServiceClient(conn("identity")),
		experiments:    experimentv1.NewExperimentServiceClient(conn("experiment")),
		retrospectives: retrospectivev1.NewRetrospectiveServiceClient(conn("retrospective")),
		knowledge:      knowledgev1.NewKnowledgeServiceClient(conn("knowledge")),
	}
}

// teamOf is the name of the team that a resource lies under.
func teamOf(name string) string {
	return strings.Join(strings.SplitN(name, "/", 3)[:2], "/")
}
