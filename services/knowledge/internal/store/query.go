package store

import (
	"strings"
	"unicode"
)

const (
	// maxTerms and maxWords bound the work that one query can ask for.
	maxTerms = 16
	maxWords = 32
	// maxWord is longer than any word, in characters.
	maxWord = 64
	// minPrefix keeps a single letter from meaning half the dictionary.
	minPrefix = 2
)

// term is one thing that must be found: a word, or words that follow each other. Words hold letters, digits and marks only, so
// that neither engine can take them for part of its own language.
type term struct {
	words []string
	// prefix says that the last word may be a beginning.
	prefix bool
}

// parseQuery reads what somebody typed: words, "phrases", and a last word that may be a beginning. Whatever is typed is a query,
// perhaps one without terms. Words that hang together by a hyphen or an apostrophe are a phrase.
func parseQuery(text string) []term {
	var terms []term
	room := maxWords
	add := func(text string, open bool) {
		if words := wordsOf(text); len(words) > 0 && len(terms) < maxTerms && room > 0 {
			words = words[:min(len(words), room)]
			room -= len(words)
			terms = append(terms, term{words: words, prefix: open})
		}
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
			add(part, false)
			continue
		}
		for _, field := range strings.Fields(part) {
			add(field, true)
		}
	}
	for i, t := range terms {
		last := t.words[len(t.words)-1]
		terms[i].prefix = t.prefix && i == len(terms)-1 && len([]rune(last)) >= minPrefix
	}
	return terms
}

func isQuote(c rune) bool { return strings.ContainsRune(`"“”„‟«»`, c) }

func inWord(c rune) bool { return unicode.IsLetter(c) || unicode.IsNumber(c) || unicode.IsMark(c) }

// wordsOf splits a text where no word goes on.
func wordsOf(text string) []string {
	words := strings.FieldsFunc(text, func(c rune) bool { return !inWord(c) })
	for i, w := range words {
		if r := []rune(w); len(r) > maxWord {
			words[i] = string(r[:maxWord])
		}
	}
	return words
}
