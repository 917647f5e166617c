package domain

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// leastBallots is how many people's votes make a count that may be shown, and by how many people's votes two shown counts differ.
const leastBallots = 3

// Ballot is what somebody voted. Themes holds a name once for every vote, in the order of the names.
type Ballot struct {
	SecretHash string   `json:"secretHash"`
	Themes     []string `json:"themes,omitempty"`
}

// Ballots is all that is kept of the voting in a retrospective, until it closes: one document, in which marks and ballots are sorted each
// by a random value of their own. Nothing in it tells which mark belongs to which ballot, and nothing tells when or in what order.
type Ballots struct {
	Retrospective string `json:"retrospective"`
	// Marks are those who have voted, see Mark.
	Marks   []string `json:"marks,omitempty"`
	Ballots []Ballot `json:"ballots,omitempty"`
	// Shown is what the ballots said each time that a count was shown, by their secrets' hashes.
	Shown []map[string][]string `json:"shown,omitempty"`
	// Voting says that the voting is open: what is cast now is not counted yet.
	Voting bool `json:"voting,omitempty"`
	// Withheld says that a later count was not shown, and that the earlier one stays.
	Withheld bool `json:"withheld,omitempty"`
	// Lost says that there were ballots which cannot be read any more, and with them what was shown: no count is safe to show.
	Lost bool `json:"lost,omitempty"`
}

// LostBallots are ballots in the place of those that cannot be read any more.
func LostBallots(retrospective string) *Ballots {
	return &Ballots{Retrospective: retrospective, Voting: true, Withheld: true, Lost: true}
}

// Cast takes the ballot of somebody who has not voted yet, in VOTE: a vote for each of themes, which may name one more than once. exists
// tells whether there is a theme of that name.
func (b *Ballots) Cast(mark, secret string, themes []string, exists func(string) bool, r *Retrospective) error {
	if err := b.checkVotes(themes, exists, r); err != nil {
		return err
	}
	at, voted := slices.BinarySearch(b.Marks, mark)
	if voted {
		return fault.New(fault.FailedPrecondition, "ALREADY_VOTED",
			"you have voted; to change your votes, send the secret of your ballot, which cannot be found again")
	}
	b.Marks = slices.Insert(b.Marks, at, mark)
	b.Ballots = append(b.Ballots, Ballot{SecretHash: HashSecret(secret), Themes: slices.Sorted(slices.Values(themes))})
	slices.SortFunc(b.Ballots, func(x, y Ballot) int { return cmp.Compare(x.SecretHash, y.SecretHash) })
	return nil
}

// Replace puts other votes on the ballot of a secret, in VOTE.
func (b *Ballots) Replace(secret string, themes []string, exists func(string) bool, r *Retrospective) error {
	if err := b.checkVotes(themes, exists, r); err != nil {
		return err
	}
	for i := range b.Ballots {
		if isSecretOf(b.Ballots[i].SecretHash, secret) {
			b.Ballots[i].Themes = slices.Sorted(slices.Values(themes))
			return nil
		}
	}
	return fault.New(fault.PermissionDenied, "BALLOT_SECRET_WRONG",
		"no ballot of this retrospective has this secret; send the one that came with yours, or none if you have not voted yet")
}

// Merge lets a theme's votes count for the theme that it was joined to.
func (b *Ballots) Merge(from, into string) {
	b.rewrite(func(theme string) string {
		if theme == from {
			return into
		}
		return theme
	})
}

// Delete takes a theme's votes off the ballots.
func (b *Ballots) Delete(theme string) {
	b.rewrite(func(other string) string {
		if other == theme {
			return ""
		}
		return other
	})
}

// rewrite renames themes on the ballots, and on those that were shown, so that the two stay comparable; "" takes the vote away.
func (b *Ballots) rewrite(rename func(string) string) {
	renamed := func(themes []string) []string {
		var left []string
		for _, theme := range themes {
			if theme = rename(theme); theme != "" {
				left = append(left, theme)
			}
		}
		slices.Sort(left)
		return left
	}
	for i := range b.Ballots {
		b.Ballots[i].Themes = renamed(b.Ballots[i].Themes)
	}
	for _, shown := range b.Shown {
		for hash, themes := range shown {
			shown[hash] = renamed(themes)
		}
	}
}

// Tally ends the voting, if it is open: it counts the votes by theme, and tells whether the counts may be shown. They may when three
// ballots at least have votes and differ from the count shown last, and when for every count shown before, three differ or none. Whoever
// takes two shown counts from one another is then left with the votes of three people at least. What may be shown counts as shown.
func (b *Ballots) Tally() (counts map[string]int, shown bool) {
	if !b.Voting {
		return nil, false
	}
	b.Voting = false
	now := make(map[string][]string, len(b.Ballots))
	counts = map[string]int{}
	for _, ballot := range b.Ballots {
		now[ballot.SecretHash] = ballot.Themes
		for _, theme := range ballot.Themes {
			counts[theme]++
		}
	}
	if b.Withheld = !b.mayShow(now); b.Withheld {
		return nil, false
	}
	b.Shown = append(b.Shown, now)
	return counts, true
}

func (b *Ballots) mayShow(now map[string][]string) bool {
	if b.Lost || differing(now, nil) < leastBallots {
		return false
	}
	for i, before := range b.Shown {
		n, last := differing(now, before), i == len(b.Shown)-1
		if n < leastBallots && (last || n > 0) {
			return false
		}
	}
	return true
}

// differing is how many ballots have other votes. A ballot that is not there has none.
func differing(now, before map[string][]string) int {
	n := 0
	for hash, themes := range now {
		if !slices.Equal(themes, before[hash]) {
			n++
		}
	}
	return n
}

// checkVotes refuses votes that are too many, for no theme, or not cast in VOTE.
func (b *Ballots) checkVotes(themes []string, exists func(string) bool, r *Retrospective) error {
	if err := r.within(Vote); err != nil {
		return err
	}
	if most := r.votes(); len(themes) > most {
		return fault.Invalid("themes", "TOO_MANY_VOTES", "every member has %d votes, these are %d; choose", most, len(themes))
	}
	for i, theme := range themes {
		if !exists(theme) {
			return fault.Invalid(fmt.Sprintf("themes[%d]", i), "THEME_NOT_FOUND", "%s is no theme of this retrospective; list its themes", theme)
		}
	}
	b.Voting = true
	return nil
}

func (r *Retrospective) votes() int { return cmp.Or(r.VotesPerMember, defaultVotesPerMember) }

// WhyNoVotes says why the votes of a retrospective are not shown, or are those of an earlier voting; empty when they are what was voted.
// shown tells whether there are any to be seen.
func (b *Ballots) WhyNoVotes(stage Stage, shown bool) string {
	switch {
	case stage == Vote:
		return "The voting is open; the votes are shown when it has ended."
	case b.Lost:
		return "The ballots cannot be read any more, because the key of the installation is another one; no later votes are shown."
	case !shown && !b.Withheld && (stage == Collect || stage == Group):
		return "Nobody has voted yet: themes are voted on in VOTE."
	case !shown:
		return "Votes are shown when at least three people have voted."
	case b.Withheld:
		return "These are the votes of the earlier voting; later ones are shown when at least three people have changed theirs."
	default:
		return ""
	}
}
