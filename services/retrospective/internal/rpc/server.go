// Package rpc answers the retrospective contract: it converts, asks what must be asked, and makes one write with one rule.
package rpc

import (
	"context"

	"google.golang.org/grpc"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/known"
)

// Server answers RetrospectiveService.
type Server struct {
	log *eventlog.Log
	// key is the key of the installation, kept outside of the databases: what must be recognised and never looked up is hashed with it.
	key []byte
	// known are those who tapped, as long as the process runs.
	known *known.People
	// asService lets what is asked with a context be asked by this service and not by the caller. Methods with hide_caller ask others so:
	// the log of who is asked would otherwise name who wrote a note, beside the request id of the note.
	asService   func(context.Context) context.Context
	members     identityv1.IdentityServiceClient
	cycles      cyclev1.CycleServiceClient
	experiments experimentv1.ExperimentServiceClient
}

var _ retrospectivev1.RetrospectiveServiceServer = (*Server)(nil)

// New answers from log; conn reaches the services that are asked, asService puts the credential of this service on what is asked with
// the context, key is the key of the installation, and people are those who are known to have tapped.
func New(log *eventlog.Log, conn func(service string) grpc.ClientConnInterface, asService func(context.Context) context.Context, key []byte, people *known.People) *Server {
	return &Server{
		log:         log,
		key:         key,
		known:       people,
		asService:   asService,
		members:     identityv1.NewIdentityServiceClient(conn("identity")),
		cycles:      cyclev1.NewCycleServiceClient(conn("cycle")),
		experiments: experimentv1.NewExperimentServiceClient(conn("experiment")),
	}
}
