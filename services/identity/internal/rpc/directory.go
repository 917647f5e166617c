package rpc

import (
	"context"
	"errors"
	"strconv"
	"strings"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/directory"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// undone rolls an import back and carries what it would have done, or why it cannot be done.
type undone struct {
	answer *identityv1.ImportDirectoryResponse
}

// Error says what happened, for whoever meets it by mistake.
func (undone) Error() string { return "the import was rolled back on purpose" }

// ImportDirectory creates and updates teams, people and memberships from a file. What it would do is found out by doing it,
// in a transaction that is then rolled back: so nothing is foretold that could not be done.
func (s *Server) ImportDirectory(ctx context.Context, req *identityv1.ImportDirectoryRequest) (*identityv1.ImportDirectoryResponse, error) {
	wanted, problems := parseDirectory(req)
	if len(problems) > 0 {
		return wire.Directory(nil, problems), nil
	}
	answer, err := eventlog.Write(ctx, s.log, req, func(tx *eventlog.Tx) (*identityv1.ImportDirectoryResponse, error) {
		changes, problems, err := store.ImportDirectory(ctx, tx, wanted)
		if err != nil {
			return nil, err
		}
		answer := wire.Directory(changes, problems)
		if req.GetValidateOnly() || len(problems) > 0 {
			return nil, undone{answer}
		}
		answer.Applied = true
		return answer, audit.Record(tx, audit.Event{
			Action: commonv1.AuditAction_AUDIT_ACTION_DIRECTORY_IMPORTED, Details: importDetails(req, changes),
		})
	})
	var back undone
	if errors.As(err, &back) {
		return back.answer, nil
	}
	return answer, err
}

func parseDirectory(req *identityv1.ImportDirectoryRequest) (domain.Directory, []domain.DirectoryProblem) {
	if req.GetFormat() == identityv1.DirectoryFormat_DIRECTORY_FORMAT_BACKSTAGE {
		return directory.ParseBackstage(req.GetContent(), req.GetGroupTypes())
	}
	return directory.ParseCSV(req.GetContent())
}

// importDetails are what the audit log keeps of an import: the form of the file, and how much became of it.
func importDetails(req *identityv1.ImportDirectoryRequest, changes []domain.DirectoryChange) map[string]string {
	counts := map[domain.DirectoryAction]int{}
	for _, c := range changes {
		counts[c.Action]++
	}
	return map[string]string{
		"format":  strings.ToLower(strings.TrimPrefix(req.GetFormat().String(), "DIRECTORY_FORMAT_")),
		"created": strconv.Itoa(counts[domain.DirectoryCreate]),
		"updated": strconv.Itoa(counts[domain.DirectoryUpdate]),
		"kept":    strconv.Itoa(counts[domain.DirectoryKeep]),
	}
}
