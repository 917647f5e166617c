package domain

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"unicode"
)

const (
	// alikePercent is from which share of common words on two obstacles are shown as perhaps the same.
	alikePercent = 50
	// maxAlike is how many of them are shown.
	maxAlike = 100
	// maxWord is how many characters of a word count, so that a word stays a short key.
	maxWord = 64
)

// stopWords say nothing about what is in the way.
var stopWords = map[string]bool{
	"a": true, "an": true, "and": true, "are": true, "as": true, "at": true, "be": true, "by": true, "for": true, "from": true, "has": true,
	"have": true, "in": true, "is": true, "it": true, "of": true, "on": true, "or": true, "our": true, "that": true, "the": true, "their": true,
	"they": true, "this": true, "to": true, "too": true, "us": true, "was": true, "we": true, "with": true,
}

// ObstacleText is what an obstacle is recognised by. Team is an id.
type ObstacleText struct {
	Name       string `db:"name"`
	Team       string `db:"team"`
	Recurrence string `db:"recurrence"`
	Plain      string `db:"plain"`
}

// Same is an obstacle that is the same as another one, as a person said, or may be.
type Same struct {
	Name    string
	Percent int
	Linked  bool
}

// Sames are linked ones first, then by likeness.
type Sames []Same

// Names are the names of all.
func (s Sames) Names() []string {
	names := make([]string, len(s))
	for i, same := range s {
		names[i] = same.Name
	}
	return names
}

// Recognize chooses from texts those of obstacles that are linked to the own one or alike, in teams that the caller may read. Of
// those that are only alike it keeps the most alike ones.
func Recognize(own ObstacleText, texts []ObstacleText, canRead func(team string) bool) Sames {
	words, seen := Words(own.Plain), map[string]bool{own.Name: true}
	var linked, alike Sames
	for _, text := range texts {
		if seen[text.Name] || !canRead(text.Team) {
			continue
		}
		seen[text.Name] = true
		percent, enough := Likeness(words, Words(text.Plain))
		same := Same{Name: text.Name, Percent: percent, Linked: text.Recurrence == own.Recurrence}
		if same.Linked {
			linked = append(linked, same)
		} else if enough {
			alike = append(alike, same)
		}
	}
	for _, list := range []Sames{linked, alike} {
		slices.SortFunc(list, func(a, b Same) int { return cmp.Or(b.Percent-a.Percent, strings.Compare(a.Name, b.Name)) })
	}
	return append(linked, alike[:min(len(alike), maxAlike)]...)
}

// Recurrence is how often an obstacle was met.
type Recurrence struct{ Times, Teams, OutlastedCycles int }

// CountRecurrence counts an obstacle and those that are linked to it.
func CountRecurrence(obstacles ...*Obstacle) Recurrence {
	teams, count := map[string]bool{}, Recurrence{Times: len(obstacles)}
	for _, o := range obstacles {
		teams[strings.Join(strings.SplitN(o.Name, "/", 3)[:2], "/")] = true
		count.OutlastedCycles += len(o.OutlastedCycles)
	}
	count.Teams = len(teams)
	return count
}

// RecurrenceID is the obstacle's recurrence id. One that was never given any has one of its own, in which its name cannot be read.
func (o *Obstacle) RecurrenceID() string {
	if o.Recurrence != "" {
		return o.Recurrence
	}
	sum := sha256.Sum256([]byte(o.Name))
	return hex.EncodeToString(sum[:16])
}

// Link makes the obstacle the same as all that have the recurrence id.
func (o *Obstacle) Link(recurrence string) []Event {
	if o.RecurrenceID() == recurrence {
		return nil
	}
	o.Recurrence = recurrence
	return []Event{ObstacleLinked}
}

// Unlink gives the obstacle a recurrence id of its own. It does so whether others have the old one or not: what the caller may not
// read must not show in the answer.
func (o *Obstacle) Unlink(recurrence string) []Event {
	o.Recurrence = recurrence
	return []Event{ObstacleUnlinked}
}

// PlainText is a text, in Unicode's form NFKC, without what differs by habit: capitals, punctuation and blanks.
func PlainText(text string) string {
	return strings.Join(strings.FieldsFunc(strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Cf, r) { // invisible, such as a soft hyphen
			return -1
		}
		return unicode.ToLower(r)
	}, text), func(r rune) bool { return unicode.IsPunct(r) || unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// Words are the different words of a plain text, sorted, without those that say nothing; all of them when none says anything.
func Words(plain string) []string {
	all := strings.Fields(plain)
	for i, word := range all {
		if letters := []rune(word); len(letters) > maxWord {
			all[i] = string(letters[:maxWord])
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	if telling := slices.DeleteFunc(slices.Clone(all), func(word string) bool { return stopWords[word] }); len(telling) > 0 {
		return telling
	}
	return all
}

// Likeness is the share of the different words of two texts that both have, in percent, and whether it is enough to ask a person.
func Likeness(a, b []string) (percent int, alike bool) {
	common := 0
	for _, word := range a {
		if _, found := slices.BinarySearch(b, word); found {
			common++
		}
	}
	together := len(a) + len(b) - common
	if together == 0 {
		return 0, false
	}
	percent = 100 * common / together
	return percent, percent >= alikePercent
}

// Telling is how many words of n are enough to find every text that is alike: at least half of them are in such a text.
func Telling(n int) int { return n - (n*alikePercent+99)/100 + 1 }
