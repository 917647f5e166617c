package wire

import (
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
)

const directoryAction = "DIRECTORY_ACTION_"

// Directory converts what an import did, or would do, to the contract.
func Directory(changes []domain.DirectoryChange, problems []domain.DirectoryProblem) *identityv1.ImportDirectoryResponse {
	out := &identityv1.ImportDirectoryResponse{}
	for _, p := range problems {
		out.Problems = append(out.Problems, &identityv1.DirectoryProblem{
			Line: line(p.Line), Column: p.Column, Reason: p.Reason, Description: p.Description,
		})
	}
	if len(problems) > 0 {
		return out // what came before the problems was not done
	}
	for _, c := range changes {
		out.Changes = append(out.Changes, &identityv1.DirectoryChange{
			Line: line(c.Line), Resource: c.Resource,
			Action: identityv1.DirectoryAction(identityv1.DirectoryAction_value[directoryAction+string(c.Action)]),
		})
	}
	return out
}

// line is a line's number. A file is far too short for one that does not fit.
func line(n int) int32 {
	const most = 1 << 30
	return int32(min(max(n, 0), most))
}
