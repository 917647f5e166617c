// Package words takes texts apart into words and their stems. What is searched, what is searched for, and what is compared are all
// taken apart here, so that both engines and every rule see the same words.
package words

import (
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/kljensen/snowball/english"
	"golang.org/x/text/unicode/norm"
)

// maxLetters is longer than any word.
const maxLetters = 64

// Word is one word of a text.
type Word struct {
	// Plain is the word in small letters and without accents, Stem what its forms have in common.
	Plain, Stem string
	// Start and End are where the word is in the text, in bytes.
	Start, End int
}

// Of takes a text apart. Whatever is no letter, digit or mark parts words. Bytes that are not UTF-8 part words, too.
func Of(text string) []Word {
	var all []Word
	Each(text, func(start, end int) {
		if plain := Plain(text[start:end]); plain != "" {
			all = append(all, Word{Plain: plain, Stem: Stem(plain), Start: start, End: end})
		}
	})
	return all
}

// Each tells where the words of a text are, in bytes. For those who need the stems of few of them.
func Each(text string, word func(start, end int)) {
	start := -1
	for i, c := range text {
		in := within(c)
		switch {
		case in && start < 0:
			start = i
		case !in && start >= 0:
			word(start, i)
			start = -1
		}
	}
	if start >= 0 {
		word(start, len(text))
	}
}

// within tells whether a word goes on with c.
func within(c rune) bool {
	if c < utf8.RuneSelf {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
	}
	return c != utf8.RuneError && (unicode.IsLetter(c) || unicode.IsNumber(c) || unicode.IsMark(c))
}

// Plain is a word in small letters and without accents, at most 64 letters of it. It holds nothing that parts words.
func Plain(word string) string {
	if plain, ok := ascii(word); ok {
		return plain
	}
	var b strings.Builder
	letters := 0
	for _, c := range norm.NFKD.String(word) {
		if unicode.Is(unicode.Mn, c) || !within(c) {
			continue
		}
		if letters++; letters > maxLetters {
			break
		}
		b.WriteRune(unicode.ToLower(c))
	}
	return b.String()
}

// ascii is Plain for most words, which need no table.
func ascii(word string) (string, bool) {
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf || !within(rune(word[i])) {
			return "", false
		}
	}
	return strings.ToLower(word[:min(len(word), maxLetters)]), true
}

// known keeps the stems of words that were seen lately: texts say the same words over and over, and a stem costs more than the rest.
var known = struct {
	sync.RWMutex
	stems map[string]string
}{stems: map[string]string{}}

// maxKnown bounds what is kept, to some megabytes.
const maxKnown = 1 << 16

// Stem is what the forms of a plain word have in common: the English (Porter2) stem.
func Stem(plain string) string {
	known.RLock()
	stem, ok := known.stems[plain]
	known.RUnlock()
	if ok {
		return stem
	}
	plain = strings.Clone(plain) // not the whole text that it was cut from
	stem = english.Stem(plain, true)
	known.Lock()
	defer known.Unlock()
	if len(known.stems) >= maxKnown {
		clear(known.stems)
	}
	known.stems[plain] = stem
	return stem
}

// Common tells whether a plain word says nothing about what a text is about, such as "the".
func Common(plain string) bool { return english.IsStopWord(plain) }
