// Package archive writes what a service keeps of a team as files that read well in version control, and restores it from them.
//
// A resource is a file, `cycles/2026-w24.yaml`: its times, its document and a digest. Its events are another one,
// `history/cycles/2026-w24.yaml`: each is told as the difference to the one before. Files that a person changed, or that a
// merge mixed up, do not come in: history is what happened.
//
// A service says once which collections it keeps, see Of and Kept.
package archive

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Part is what one service keeps of a team's board.
type Part struct {
	// Log is the service's event log, with its database.
	Log *eventlog.Log
	// Kinds are the collections, in the order in which they are restored.
	Kinds []Kind
}

// File is a file of a team's folder. Path has slashes.
type File struct {
	Path    string
	Content []byte
}

// Reasons of refusals.
const (
	// ReasonUnknown means that the folder holds a file that the service does not know.
	ReasonUnknown = "ARCHIVE_FILE_UNKNOWN"
	// ReasonInvalid means that a file cannot be read.
	ReasonInvalid = "ARCHIVE_FILE_INVALID"
	// ReasonInconsistent means that a document, its history and its digest do not belong together.
	ReasonInconsistent = "ARCHIVE_INCONSISTENT"
	// ReasonConflict means that the team has something else already.
	ReasonConflict = "ARCHIVE_CONFLICT"
	// ReasonTooLarge means that there is more than an import takes.
	ReasonTooLarge = "ARCHIVE_TOO_LARGE"
)

const (
	// maxFile bounds a file, except tables, maxTotal all files together, and maxFiles their number.
	maxFile, maxTotal, maxFiles = 8 << 20, 64 << 20, 50_000
	// maxProblems is how many problems one answer tells.
	maxProblems = 100

	historyFolder = "history/"
	yamlEnding    = ".yaml"
	csvEnding     = ".csv"
)

// problem is something wrong with a file; line 0 means the file as a whole.
func problem(path string, line int, reason, text string) fault.Violation {
	if line > 0 {
		path += ":" + itoa(line)
	}
	return fault.Violation{Field: path, Reason: reason, Description: text}
}

// refuse is the refusal of an import with its problems; nil when there are none. The first problem gives the reason.
func refuse(problems []fault.Violation) error {
	if len(problems) == 0 {
		return nil
	}
	kind, text := fault.InvalidArgument, "Nothing was imported: mend the files that are named, or take them again from where they were exported."
	reason := problems[0].Reason
	if reason == ReasonConflict {
		kind, text = fault.AlreadyExists, "Nothing was imported: the team has other contents than the files. Import into an installation without this board, or take the files of its own export."
	}
	if len(problems) > maxProblems {
		problems = problems[:maxProblems]
		text += " These are the first " + itoa(maxProblems) + " problems."
	}
	return &fault.Error{Kind: kind, Reason: reason, Message: text, Violations: problems}
}

// kindOf finds the collection that a name below the team belongs to.
func (p *Part) kindOf(below string) *Kind {
	for i := range p.Kinds {
		if p.Kinds[i].matches(below) {
			return &p.Kinds[i]
		}
	}
	return nil
}

// teamOf is the id in `teams/{team}`.
func teamOf(name string) string { return strings.TrimPrefix(name, "teams/") }
