package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// experiment is a resource name taken apart.
type experiment struct{ name, team, cycle, id string }

func parseExperiment(name string) (experiment, error) {
	p := strings.Split(name, "/")
	if len(p) != 6 || p[0] != "teams" || p[2] != "cycles" || p[4] != "experiments" || p[1] == "" || p[3] == "" || p[5] == "" {
		return experiment{}, fault.Invalid("experiment", "EXPERIMENT_NAME_INVALID", "%q is not the name of an experiment.", name)
	}
	return experiment{name: name, team: p[1], cycle: p[3], id: p[5]}, nil
}

const (
	maxID   = 63
	hashLen = 8
)

// learning is the name of the experiment's learning. It follows from the experiment's name, so that both sources of a learning
// find the same one; the hash keeps cycles apart that have experiments of one id.
func (e experiment) learning() string {
	sum := sha256.Sum256([]byte(e.name))
	words := e.team + "-" + e.id
	words = strings.TrimRight(words[:min(len(words), maxID-hashLen-1)], "-")
	return "learnings/" + words + "-" + hex.EncodeToString(sum[:])[:hashLen]
}
