// Package rpc answers the knowledge contract.
package rpc

import (
	"strings"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Server answers KnowledgeService.
type Server struct{ log *eventlog.Log }

var _ knowledgev1.KnowledgeServiceServer = (*Server)(nil)

// New answers from log.
func New(log *eventlog.Log) *Server { return &Server{log: log} }

func teamID(name string) string { return strings.TrimPrefix(name, "teams/") }
