package domain

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// clause is a part of a text between punctuation marks.
type clause struct {
	source string
	words  []word
	first  bool // whether it is the first of its text
}

// word is a word in lower case, with the place where it stands in the source.
type word struct {
	lower    string
	from, to int
}

// at is the word at place i in lower case; empty when there is none.
func (c clause) at(i int) string {
	if i < 0 || i >= len(c.words) {
		return ""
	}
	return c.words[i].lower
}

// is tells whether the word at place i is one of the set.
func (c clause) is(i int, set words) bool { return i >= 0 && i < len(c.words) && set[c.at(i)] }

// phrase tells whether the words of a phrase stand at place i, and where the last of them stands.
func (c clause) phrase(i int, text string) (last int, found bool) {
	for part := range strings.FieldsSeq(text) {
		if c.at(i) != part {
			return 0, false
		}
		i++
	}
	return i - 1, true
}

// phrases is phrase for the first of several that stands there.
func (c clause) phrases(i int, texts []string) (last int, found bool) {
	for _, text := range texts {
		if last, found := c.phrase(i, text); found {
			return last, true
		}
	}
	return 0, false
}

// any tells whether one of the words from place from up to place upTo is one of the set, and where.
func (c clause) any(from, upTo int, set words) (place int, found bool) {
	for i := max(from, 0); i <= upTo && i < len(c.words); i++ {
		if set[c.at(i)] {
			return i, true
		}
	}
	return 0, false
}

// text is what stands in the source from one word to another.
func (c clause) text(first, last int) string {
	return c.source[c.words[first].from:c.words[last].to]
}

// words is a set of words in lower case.
type words map[string]bool

func wordsOf(texts ...string) words {
	set := words{}
	for _, text := range texts {
		for word := range strings.FieldsSeq(text) {
			set[word] = true
		}
	}
	return set
}

// clausesOf splits a text at punctuation marks and line ends. A mark inside a word or a number, as in 1.5, 9:00 or sign-off, splits
// nothing.
func clausesOf(text string) []clause {
	var clauses []clause
	current, start := clause{source: text, first: true}, -1
	endWord := func(at int) {
		if start >= 0 {
			lower := strings.ReplaceAll(strings.ToLower(text[start:at]), "’", "'")
			current.words = append(current.words, word{lower: lower, from: start, to: at})
			start = -1
		}
	}
	endClause := func() {
		if len(current.words) > 0 {
			clauses, current = append(clauses, current), clause{source: text}
		}
	}
	for at := 0; at < len(text); {
		r, size := utf8.DecodeRuneInString(text[at:])
		next, _ := utf8.DecodeRuneInString(text[at+size:])
		joins := strings.ContainsRune("'’-", r) && inWord(next) || strings.ContainsRune(".:,", r) && unicode.IsDigit(next)
		switch {
		case inWord(r) && start < 0:
			start = at
		case inWord(r) || start >= 0 && joins:
		default:
			endWord(at)
			if r == '\n' || !unicode.IsSpace(r) && !strings.ContainsRune("\"'’“”‘*_`", r) {
				endClause()
			}
		}
		at += size
	}
	endWord(len(text))
	endClause()
	return clauses
}

func inWord(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }

// foreign holds frequent words of other languages which no English text has much of.
var foreign = wordsOf(
	"der das und ist nicht ein eine wir mit für auf werden", "le les des est et une pas nous dans", "el los las una que por para con",
	"il lo gli che di non", "het een niet wij",
)

// common holds frequent words of English.
var common = wordsOf("the a an of is are and to within at on by for with it we every each be has have they their our no not when there")

// inEnglish tells whether a text has more frequent words of English than of other languages, or none of either.
func inEnglish(clauses []clause) bool {
	english, other := 0, 0
	for _, clause := range clauses {
		for _, word := range clause.words {
			if common[word.lower] {
				english++
			}
			if foreign[word.lower] {
				other++
			}
		}
	}
	return english >= other
}
