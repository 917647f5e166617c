// Package rpc answers the knowledge contract.
package rpc

import (
	"strings"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// Server answers KnowledgeService.
type Server struct{ log *eventlog.Log }

var _ knowledgev1.KnowledgeServiceServer = (*Server)(nil)

// New answers from log.
func New(log *eventlog.Log) *Server { return &Server{log: log} }

// reader says whose drafts a caller may see.
func reader(c caller.Caller) store.Reader {
	r := store.Reader{Principal: c.Subject, Everything: c.Service || c.Admin || c.Manager}
	for team := range c.Teams {
		if c.CanRead(team) {
			r.Teams = append(r.Teams, team)
		}
	}
	return r
}

func teamID(name string) string { return strings.TrimPrefix(name, "teams/") }
