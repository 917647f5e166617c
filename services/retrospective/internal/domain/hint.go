package domain

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// blamingWords make a sentence with a name in it one that may blame, whatever the prompt. They are compared by their beginnings where
// they end in "*".
var blamingWords = []string{
	"always", "never", "again", "fault", "blame*", "fail*", "forgot*", "forget*", "broke*", "break*", "ignor*", "lazy", "careless*",
	"sloppy", "incompetent*", "useless", "stupid*", "guilty", "mistake*", "messed", "screwed", "ruin*", "wreck*", "neglect*", "refus*",
	"block*", "delay*", "late", "slow*", "missed", "misses", "should've", "shouldn't", "should", "didn't", "doesn't", "don't", "won't",
	"wouldn't", "couldn't", "hadn't", "wasn't", "annoy*", "irritat*", "unprepared", "unreliable", "disorganised", "disorganized",
	"caus*", "because",
}

// everydayNames are names that are words as well. Such a word is a name when it has a capital within a sentence; at its beginning, where
// every word has one, when the sentence may blame.
var everydayNames = []string{
	"an", "art", "best", "bill", "black", "brown", "case", "chance", "chase", "cook", "dawn", "day", "do", "faith", "field", "good", "grace",
	"grant", "green", "guy", "hand", "hope", "in", "joy", "june", "king", "lane", "little", "long", "love", "mark", "may", "miles", "moon",
	"page", "park", "penny", "price", "ray", "rich", "rose", "rush", "short", "sky", "small", "so", "son", "sue", "summer", "to", "wade",
	"white", "will", "wood", "young",
}

// Hint is a gentle word to the writer of a note that may be read as blaming a member, empty for other notes: under HELD_BACK when it
// names one, elsewhere when it names one in the same sentence as a blaming word. members are the names of the team's members as they are
// shown, such as "Jonas Weber", and what else they go by, such as their ids. It knows the blaming words of English only. A hint says
// what to speak of instead; the note is taken as it is. decompose splits letters from their accents (Unicode's NFKD), which is beyond the
// standard library.
func Hint(text string, prompt Prompt, members []string, decompose func(string) string) string {
	for _, sentence := range sentences(decompose(text)) {
		if prompt != HeldBack && !blames(sentence) {
			continue
		}
		for _, member := range members {
			if names(sentence, wordsOf(decompose(member))) {
				return "This note names " + member + ", and may be read as blame. Speak of the situation instead: what happened, and what in the " +
					"way we work made it likely? Everybody did the best they could with what they knew. The note is kept as you wrote it; " +
					"you can change it."
			}
		}
	}
	return ""
}

// sentences are the words of each sentence of a text.
func sentences(text string) [][]string {
	var all [][]string
	for sentence := range strings.FieldsFuncSeq(text, func(r rune) bool { return strings.ContainsRune(".!?;:\n。！？", r) }) {
		if words := wordsOf(sentence); len(words) > 0 {
			all = append(all, words)
		}
	}
	return all
}

// wordsOf are the words of a decomposed text, without accents. "Jonas's" is "Jonas" and "s"; "didn't" stays one.
func wordsOf(text string) []string {
	plain := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Mn, r):
			return -1
		case r == '’':
			return '\''
		}
		return r
	}, text)
	var words []string
	for word := range strings.FieldsFuncSeq(plain, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) && r != '\'' }) {
		if word = strings.Trim(word, "'"); word == "" {
			continue
		}
		if name, s, _ := strings.Cut(word, "'"); strings.EqualFold(s, "s") {
			word = name
		}
		words = append(words, word)
	}
	return words
}

func blames(sentence []string) bool {
	return slices.ContainsFunc(sentence, func(word string) bool {
		word = strings.ToLower(word)
		return slices.ContainsFunc(blamingWords, func(blaming string) bool {
			beginning, open := strings.CutSuffix(blaming, "*")
			return word == blaming || open && strings.HasPrefix(word, beginning)
		})
	})
}

// names tells whether a sentence names a member: by the whole name or by one of its parts.
func names(sentence, parts []string) bool {
	for _, part := range parts {
		for i, word := range sentence {
			if isName(word, part, i > 0 || blames(sentence)) {
				return true
			}
		}
	}
	return false
}

// isName tells whether a word is a name; telling says that a capital would tell.
func isName(word, name string, telling bool) bool {
	if unspaced(name) {
		return utf8.RuneCountInString(name) > 1 && strings.Contains(word, name)
	}
	if !strings.EqualFold(word, name) || utf8.RuneCountInString(name) < 2 || strings.IndexFunc(name, unicode.IsLetter) < 0 {
		return false
	}
	if slices.Contains(everydayNames, strings.ToLower(name)) {
		initial, _ := utf8.DecodeRuneInString(word)
		return telling && unicode.IsUpper(initial)
	}
	return true
}

// unspaced tells whether a name is written in a script that has no blanks between words, so that it stands within others.
func unspaced(name string) bool {
	return strings.ContainsFunc(name, func(r rune) bool {
		return unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Hangul)
	})
}
