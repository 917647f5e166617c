package store

import (
	"context"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/words"
)

const (
	// maxTerms and maxWords bound the work that one query can ask for.
	maxTerms = 16
	maxWords = 32
	// minPrefix keeps a single letter from meaning half the dictionary.
	minPrefix = 2
)

// term is one thing that was typed: a word, or words that follow each other.
type term struct {
	words []words.Word
	typed []string
	// quoted says that it must be found as it is, prefix that the last word may be a beginning.
	quoted, prefix bool
}

// parseQuery reads what somebody typed: words, "phrases", and a last word that may be a beginning. Whatever is typed is a query,
// perhaps one without terms. Words that hang together by a hyphen or an apostrophe are a phrase.
func parseQuery(text string) []term {
	var terms []term
	room := maxWords
	add := func(text string, quoted bool) {
		found := words.Of(text)
		if len(found) == 0 || len(terms) == maxTerms || room == 0 {
			return
		}
		found = found[:min(len(found), room)]
		room -= len(found)
		t := term{words: found, quoted: quoted, prefix: !quoted}
		for _, w := range found {
			t.typed = append(t.typed, text[w.Start:w.End])
		}
		terms = append(terms, t)
	}
	rest := strings.ToValidUTF8(text, " ")
	for quoted := false; rest != ""; quoted = !quoted {
		part := rest
		if i := strings.IndexFunc(rest, isQuote); i >= 0 {
			part, rest = rest[:i], strings.TrimLeftFunc(rest[i:], isQuote)
		} else {
			rest = ""
		}
		if quoted {
			add(part, true)
			continue
		}
		for _, field := range strings.FieldsFunc(part, unicode.IsSpace) {
			add(field, false)
		}
	}
	for i, t := range terms {
		last := t.words[len(t.words)-1]
		terms[i].prefix = t.prefix && i == len(terms)-1 && utf8.RuneCountInString(last.Plain) >= minPrefix
	}
	return telling(terms)
}

func isQuote(c rune) bool { return strings.ContainsRune(`"“”„‟«»`, c) }

// telling leaves out words that say nothing, such as "the", unless there are no others, and what was said before.
func telling(terms []term) []term {
	var some []term
	seen := map[string]bool{}
	for _, t := range terms {
		stems := strings.Join(t.stems(), " ")
		common := len(t.words) == 1 && !t.quoted && words.Common(t.words[0].Plain)
		if !common && (t.prefix || !seen[stems]) {
			seen[stems] = true
			some = append(some, t)
		}
	}
	if len(some) == 0 {
		return terms
	}
	return some
}

func (t term) stems() []string {
	stems := make([]string, len(t.words))
	for i, w := range t.words {
		stems[i] = w.Stem
	}
	return stems
}

// phrase is stems that follow each other. They hold letters, digits and marks only, so that neither engine can take them for part of
// its own language.
type phrase []string

// group is what one term stands for: any of the phrases.
type group struct {
	phrases []phrase
	quoted  bool
	// documents is in how many learnings it is at most.
	documents int64
}

// Correction is how a word was read that nothing has.
type Correction struct{ Typed, ReadAs string }

// reading is what the terms stand for in the words that the learnings have.
type reading struct {
	groups      []group
	corrections []Correction
	// missing says that a quoted word was typed that nothing has, nor one like it.
	missing bool
}

// read looks the terms up in the vocabulary.
func read(ctx context.Context, q db.Queryer, terms []term) (reading, error) {
	var stems []string
	beginning := ""
	for _, t := range terms {
		stems = append(stems, t.stems()...)
		if t.prefix {
			beginning = t.words[len(t.words)-1].Plain
		}
	}
	slices.Sort(stems)
	known, begun, err := lookUp(ctx, q, slices.Compact(stems), beginning)
	if err != nil {
		return reading{}, err
	}
	var r reading
	for _, t := range terms {
		g, err := r.readTerm(ctx, q, t, known, begun)
		if err != nil {
			return reading{}, err
		}
		if len(g.phrases) == 0 {
			r.missing = r.missing || t.quoted
			continue
		}
		r.groups = append(r.groups, g)
	}
	return r, nil
}

// readTerm tells what a term stands for; begun is for one that may be a beginning.
func (r *reading) readTerm(ctx context.Context, q db.Queryer, t term, known map[string]int64, begun []stemCount) (group, error) {
	g := group{quoted: t.quoted}
	stems := t.stems()
	last := len(stems) - 1
	if !t.prefix {
		begun = nil
	}
	rarest := int64(-1)
	for i, w := range t.words {
		documents, found := known[w.Stem]
		if !found && (i < last || len(begun) == 0) {
			near, isNear, err := alike(ctx, q, w.Plain)
			if err != nil || !isNear {
				return g, err
			}
			stems[i], documents = near.Stem, near.Documents
			r.corrections = append(r.corrections, Correction{Typed: t.typed[i], ReadAs: near.Word})
		} else if !found {
			continue
		}
		if rarest < 0 || documents < rarest {
			rarest = documents
		}
	}
	if known[stems[last]] > 0 || len(begun) == 0 {
		g.phrases, g.documents = append(g.phrases, stems), max(rarest, 0)
	}
	for _, b := range begun {
		if b.Stem != stems[last] {
			g.phrases = append(g.phrases, append(slices.Clone(stems[:last]), b.Stem))
			g.documents += b.Documents
		}
	}
	return g, nil
}
