package domain

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
)

// Candidate is a team that a learning may help, with what speaks for it.
type Candidate struct {
	// Team is teams/{team}.
	Team     string
	Settings Settings
	// Obstacle is the one that is most like the learning; nil when none is like it at all.
	Obstacle *LikeObstacle
	// Process is what the team calls the process that is the learning's, Constraint what holds it back and is of the learning's type;
	// empty when it is another one.
	Process, Constraint string
}

// LikeObstacle is an obstacle that has words in common with a learning.
type LikeObstacle struct {
	Name, Text string
	// Current says that the team works on it; others are parked.
	Current  bool
	Likeness float64
	// Shared are the common words as the obstacle has them.
	Shared []string
}

// LeastShared is how many words two texts must have in common at least: a single one is chance.
const LeastShared = 2

// manyWords is how many different words a text counts for at most.
const manyWords = 24

// Likeness is how alike two texts are, from 0 to 1, by their different words: own and other are how many they have, shared how many of
// those both have. It is Ochiai's coefficient (Zoogeographical studies on the soleoid fishes, 1957), shared / √(own · other): the
// geometric mean of the shares of either text that are in the other. So a short obstacle can be like a long learning; a text counts as
// manyWords long at most, because who describes a situation well is not less like it. Every word weighs the same: weights that follow
// the other texts would make what is offered depend on what happened to be known by then.
func Likeness(shared, own, other int) float64 {
	if shared < LeastShared {
		return 0
	}
	return min(1, float64(shared)/math.Sqrt(float64(min(own, manyWords))*float64(min(other, manyWords))))
}

// MoreLike orders obstacles by how much they are like a learning, the most alike one first, the current one before others.
func MoreLike(a, b *LikeObstacle) int {
	current := func(o *LikeObstacle) int { return map[bool]int{true: 1}[o.Current] }
	return cmp.Or(cmp.Compare(b.Likeness, a.Likeness), current(b)-current(a), cmp.Compare(a.Name, b.Name))
}

// What speaks for an offer adds up to its score. What a team asks to be told of counts like an obstacle that is the same; the current
// obstacle counts a little more than a parked one.
const (
	scoreFollowed   = 1
	scoreProcess    = 0.3
	scoreConstraint = 0.3
	scoreCurrent    = 0.1
)

// Reasons are why a learning is offered to a team, none when it is not, and a score for the order in which offers are put to the team.
// The team that learned it is never offered it, and what a team has muted neither, whatever else speaks for it.
func (r OfferRules) Reasons(l *Learning, c Candidate) (reasons []OfferReason, score float64) {
	if c.Team == l.Team || slices.Contains(c.Settings.MutedTeams, l.Team) || slices.ContainsFunc(l.Tags, isIn(c.Settings.MutedTags)) {
		return nil, 0
	}
	add := func(kind OfferReasonKind, weight float64, obstacle, format string, args ...any) {
		reasons = append(reasons, OfferReason{Kind: kind, Text: fmt.Sprintf(format, args...), Obstacle: obstacle})
		score += weight
	}
	if o := c.Obstacle; o != nil && o.Likeness >= r.Similarity && (o.Current || !r.WithoutParked) {
		weight := o.Likeness
		if o.Current {
			weight += scoreCurrent
		}
		add(BecauseObstacle, weight, o.Name, "The team has a similar obstacle, “%s”; both speak of %s.", quoted(o.Text), strings.Join(o.Shared, ", "))
	}
	if c.Process != "" && !r.WithoutProcess {
		add(BecauseProcess, scoreProcess, "", "The team works on the same process, “%s”.", quoted(c.Process))
	}
	if c.Constraint != "" && !r.WithoutConstraintType {
		add(BecauseConstraintType, scoreConstraint, "", "The same kind of thing holds the team back: “%s”.", quoted(c.Constraint))
	}
	if i := slices.IndexFunc(l.Tags, isIn(c.Settings.FollowedTags)); i >= 0 {
		add(BecauseFollowedTag, scoreFollowed, "", "The team follows the tag “%s”.", l.Tags[i])
	}
	if l.Team != "" && slices.Contains(c.Settings.FollowedTeams, l.Team) {
		add(BecauseFollowedTeam, scoreFollowed, "", "The team follows what %s learns.", l.Team)
	}
	if slices.Contains(c.Settings.FollowedLearnings, l.Name) {
		add(BecauseFollowedLearning, scoreFollowed, "", "The team follows this learning.")
	}
	return reasons, score
}

func isIn(list []string) func(string) bool {
	return func(s string) bool { return slices.Contains(list, s) }
}

// MaxOpen is how many open offers the team may have.
func (r OfferRules) MaxOpen(s Settings) int { return cmp.Or(s.MaxOpenOffers, r.MaxOpenOffers) }

// maxQuoted is how many characters of a text a reason repeats.
const maxQuoted = 120

// quoted is what a reason repeats of a text, which may come from another service and be of several lines.
func quoted(text string) string { return cut(Line(text), maxQuoted) }
