package domain

import (
	"crypto/hmac"
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
	return learningID(e.team+"-"+e.id, e.name, hashLen)
}

// learningID is the name of a learning that follows from a name elsewhere: words for people, and so many digits of its hash.
func learningID(words, elsewhere string, digits int) string {
	words = strings.TrimRight(words[:min(len(words), maxID-digits-1)], "-")
	return "learnings/" + words + "-" + hashOf(elsewhere, digits)
}

// hashOf is the beginning of the hash of a name, of so many hexadecimal digits: an id that follows from the name.
func hashOf(name string, digits int) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:])[:digits]
}

// hiddenLen is how long an id is that follows from a name and must not tell any of its words.
const hiddenLen = 24

// EvidenceName is the name of what an experiment says about the claim of a learning, `learnings/{learning}`. It holds no word of the
// experiment's: not everybody who reads evidence may know which team it comes from.
func EvidenceName(learning, experiment string) string {
	return learning + "/evidence/" + hashOf(experiment, hiddenLen)
}

// HiddenEvidenceName is what a piece of evidence, `learnings/{learning}/evidence/{evidence}`, is called to those who may not know which
// team it comes from. Its own name follows from the experiment's: who can guess how a team names its experiments could tell by it. This
// one cannot be computed without the key of the installation.
func HiddenEvidenceName(installation []byte, name string) string {
	mac := hmac.New(sha256.New, installation)
	mac.Write([]byte("evidence:" + name))
	learning, _, _ := strings.Cut(name, "/evidence/")
	return learning + "/evidence/" + hex.EncodeToString(mac.Sum(nil))[:hiddenLen]
}

// LearningName is the name of the learning that is made of an experiment. Reason: EXPERIMENT_NAME_INVALID.
func LearningName(experiment string) (string, error) {
	e, err := parseExperiment(experiment)
	if err != nil {
		return "", err
	}
	return e.learning(), nil
}

// TeamOf is the team, `teams/{team}`, that a resource lies under.
func TeamOf(name string) string {
	parts := strings.SplitN(name, "/", 3)
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

// isLearning tells whether a text is the name of a learning, `learnings/{learning}`.
func isLearning(name string) bool {
	id, ok := strings.CutPrefix(name, "learnings/")
	return ok && id != "" && !strings.Contains(id, "/")
}
