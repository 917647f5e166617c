package rpc

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

// mayRead decides whether a caller may see a team, given by its resource name, in a report. What is told of a team is what it has
// published and counted, so whoever may read the team may; there is nothing else to do with a report.
func mayRead(c caller.Caller, team string) bool {
	id, ok := strings.CutPrefix(team, "teams/")
	return ok && c.CanRead(id)
}
