package store

import (
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/words"
)

// The columns of the index, in their order in the table.
const (
	claimColumn = iota
	// labelsColumn holds tags, process, type of constraint, and stack.
	labelsColumn
	situationColumn
	// storyColumn holds what was tried, what happened, where it may not hold, and how to try it.
	storyColumn
	textColumns
)

// weights say how much a word counts in each column: most in the claim.
var weights = [textColumns]float64{2.5, 2, 1.2, 1}

const (
	// maxFieldWords keeps the places of words below 16,384, which is all that Postgres can count. A text of 4,000 letters has at
	// most 2,000 words.
	maxFieldWords = 2000
	// maxRepeats is how often one stem counts in one learning; Postgres keeps no more places than 256.
	maxRepeats = 200
	// gap stands between two texts of a column, so that no phrase goes across, and for a stem that comes too often. Nobody can type it.
	gap = "\ue001"
	// keyMark begins the made-up words. It is for private use and no part of a word, so that no query contains it.
	keyMark = "\ue000"
)

// indexText is a learning as the index has it.
type indexText struct {
	// columns hold stems and gaps, in the order of the text.
	columns [textColumns][]string
	keys    []string
	// stems and plain are the different ones, in order; plain has the stem of each word.
	stems []string
	plain map[string]string
}

// textOf takes a learning apart for the index.
func textOf(l *domain.Learning) indexText {
	t := indexText{plain: map[string]string{}, keys: keysOf(l)}
	counts := map[string]int{}
	add := func(column int, text string) {
		if len(t.columns[column]) > 0 {
			t.columns[column] = append(t.columns[column], gap)
		}
		found := words.Of(text)
		for _, w := range found[:min(len(found), maxFieldWords)] {
			if counts[w.Stem]++; counts[w.Stem] > maxRepeats {
				w.Stem = gap
			} else {
				t.plain[w.Plain] = w.Stem
			}
			t.columns[column] = append(t.columns[column], w.Stem)
		}
	}
	add(claimColumn, l.Claim)
	for _, label := range labelsOf(l) {
		if label != "" {
			add(labelsColumn, label)
		}
	}
	add(situationColumn, l.Situation)
	for _, text := range []string{l.Tried, l.Happened, l.MayNotHold, l.HowToTry} {
		if text != "" {
			add(storyColumn, text)
		}
	}
	t.stems = slices.Sorted(maps.Keys(counts))
	return t
}

// labelsOf are the short texts that say what a learning is about.
func labelsOf(l *domain.Learning) []string {
	return slices.Concat(l.Tags, []string{l.Context.Process, l.Context.ConstraintType}, l.Context.Stack)
}

// textsOf are all texts of a learning that are indexed.
func textsOf(l *domain.Learning) []string {
	return append(labelsOf(l), l.Claim, l.Situation, l.Tried, l.Happened, l.MayNotHold, l.HowToTry)
}

// sameText tells whether both have the same words at the same places.
func sameText(a, b *domain.Learning) bool {
	return a.Claim == b.Claim && a.Situation == b.Situation && a.Tried == b.Tried && a.Happened == b.Happened &&
		a.MayNotHold == b.MayNotHold && a.HowToTry == b.HowToTry && a.Context.Process == b.Context.Process &&
		a.Context.ConstraintType == b.Context.ConstraintType && slices.Equal(a.Context.Stack, b.Context.Stack) &&
		slices.Equal(a.Tags, b.Tags) && a.TeamID() == b.TeamID()
}

// tokens is how long the learning is, with everything that the index counts.
func (t indexText) tokens() int {
	n := len(t.keys)
	for _, c := range t.columns {
		n += len(c)
	}
	return n
}

// documents is 1, and 0 for no learning at all.
func (t indexText) documents() int { return min(len(t.keys), 1) }

// What a made-up word says.
const (
	teamKey = "t"
	tagKey  = "g"
)

// key is the made-up word of a value.
func key(kind, value string) string { return keyMark + kind + hex.EncodeToString([]byte(value)) }

// keysOf are the made-up words of a learning, at least one.
func keysOf(l *domain.Learning) []string {
	keys := []string{key(teamKey, l.TeamID())}
	for _, tag := range l.Tags {
		keys = append(keys, key(tagKey, tag))
	}
	return slices.Compact(slices.Sorted(slices.Values(keys)))
}

// gradeOf is the grade; what has no evidence yet is an anecdote.
func gradeOf(l *domain.Learning) domain.GradeLevel {
	if l.Grade.Level == "" {
		return domain.Anecdote
	}
	return l.Grade.Level
}

// facetsOf is what matches are counted by beside grade and verdict: team and tags, by line.
func facetsOf(l *domain.Learning) string {
	return strings.ReplaceAll(strings.Join(append([]string{l.Team}, l.Tags...), "\n"), "\x00", "")
}

// reversed is a word from its end; empty for words with anything but letters, in which nobody looks for typing errors.
func reversed(word string) string {
	letters := []rune(word)
	for _, c := range letters {
		if !unicode.IsLetter(c) {
			return ""
		}
	}
	slices.Reverse(letters)
	return string(letters)
}

// vector writes the learning as Postgres reads a tsvector: stems with their places, and the column as a weight, A to D. Texts are one
// behind the other with a place free between them, so that no phrase goes across. Stems hold no quotes and no backslashes.
func (t indexText) vector() string {
	places := map[string][]byte{}
	at := 0
	for column, stems := range t.columns {
		for _, stem := range stems {
			if at++; stem == gap {
				continue
			}
			list := places[stem]
			if len(list) > 0 {
				list = append(list, ',')
			}
			places[stem] = append(strconv.AppendInt(list, int64(at), 10), "ABCD"[column])
		}
		at++ // between two columns, too
	}
	var b strings.Builder
	for stem, list := range places {
		b.WriteString("'" + stem + "':")
		b.Write(list)
		b.WriteByte(' ')
	}
	for _, k := range t.keys {
		b.WriteString("'" + k + "' ")
	}
	return b.String()
}
