package store

import (
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/words"
)

// passageWords is how long a snippet is.
const passageWords = 24

// marker shows where phrases stand in texts, the same on both engines.
type marker struct {
	phrases []phrase
	// of is the group of each phrase, groups how many there are.
	of     []int
	groups int
	// initials are the first letters of the stems: a stem begins like its word, so most words need not be stemmed.
	initials map[rune]bool
}

func newMarker(groups []group) marker {
	m := marker{groups: len(groups), initials: map[rune]bool{}}
	for i, g := range groups {
		m.phrases = append(m.phrases, g.phrases...)
		for _, p := range g.phrases {
			m.of = append(m.of, i)
			for _, stem := range p {
				first, _ := utf8.DecodeRuneInString(stem)
				m.initials[first] = true
			}
		}
	}
	return m
}

// passage is a part of a text in which phrases stand.
type passage struct {
	text       string
	spans      [][2]int // of the words, in bytes
	marked     []bool
	start, end int // words
	// different is of how many groups there is a phrase.
	different int
}

// snippet is the passage of a learning that shows something of most groups, with the matches between « and ». Of like ones it is the first,
// beginning with the claim; without any it is the beginning of the claim.
func (m marker) snippet(l *domain.Learning) string {
	var best passage
	for _, text := range []string{
		l.Claim, l.Situation, l.Tried, l.Happened, l.MayNotHold, l.HowToTry, strings.Join(l.Tags, ", "),
		strings.Join(append([]string{l.Context.Process, l.Context.ConstraintType}, l.Context.Stack...), ", "),
	} {
		p := m.passage(readable(text))
		if p.different > best.different || best.text == "" {
			best = p
		}
		if best.different == m.groups {
			break
		}
	}
	return best.String()
}

func (m marker) passage(text string) passage {
	p := passage{text: text}
	var stems []string
	words.Each(text, func(start, end int) {
		p.spans = append(p.spans, [2]int{start, end})
		stems = append(stems, m.stem(text[start:end]))
	})
	p.marked = make([]bool, len(stems))
	p.end = min(len(stems), passageWords)
	// Where phrases of a group stand, as the first word and the one behind the last.
	where := make([][][2]int, m.groups)
	for i := range stems {
		if stems[i] == "" {
			continue
		}
		for n, phrase := range m.phrases {
			if !stands(phrase, stems[i:]) {
				continue
			}
			where[m.of[n]] = append(where[m.of[n]], [2]int{i, i + len(phrase)})
			for k := range phrase {
				p.marked[i+k] = true
			}
		}
	}
	for i, marked := range p.marked {
		if !marked {
			continue
		}
		different, last := 0, i
		for _, stand := range where {
			found := false
			for _, s := range stand {
				if s[0] >= i && s[1] <= i+passageWords {
					found = true
					last = max(last, s[1]-1)
				}
			}
			if found {
				different++
			}
		}
		if different > p.different {
			p.different = different
			p.start = max(0, i-(passageWords-(last-i+1))/2)
			p.end = min(len(stems), p.start+passageWords)
			p.start = max(0, p.end-passageWords)
		}
	}
	return p
}

// stem is empty for a word that no phrase can have.
func (m marker) stem(word string) string {
	plain := words.Plain(word)
	if first, _ := utf8.DecodeRuneInString(plain); !m.initials[first] {
		return ""
	}
	return words.Stem(plain)
}

func stands(p phrase, stems []string) bool {
	if len(p) > len(stems) {
		return false
	}
	for i, stem := range p {
		if stems[i] != stem {
			return false
		}
	}
	return true
}

// String is the passage with its marks, and an ellipsis where the text goes on.
func (p passage) String() string {
	if len(p.spans) == 0 {
		return p.text[:min(len(p.text), 200)]
	}
	var b strings.Builder
	at := 0
	if p.start > 0 {
		at = p.spans[p.start][0]
		b.WriteString("…")
	}
	for i := p.start; i < p.end; i++ {
		if p.marked[i] {
			b.WriteString(p.text[at:p.spans[i][0]] + "«" + p.text[p.spans[i][0]:p.spans[i][1]] + "»")
			at = p.spans[i][1]
		}
	}
	if p.end == len(p.spans) {
		return b.String() + p.text[at:]
	}
	return b.String() + p.text[at:p.spans[p.end-1][1]] + "…"
}

var (
	links = regexp.MustCompile(`!?\[([^\]]*)\]\([^)\s]*(?:\s+"[^"]*")?\)`)
	// dropped are characters by which Markdown marks what is between them.
	dropped = strings.NewReplacer("*", "", "`", "", "~~", "")
	// quotes keep a text from holding the marks of a snippet.
	quotes = strings.NewReplacer("«", "‹", "»", "›")
)

// readable is a Markdown text as one line of its words, without most of its marks.
func readable(text string) string {
	if strings.Contains(text, "](") {
		text = links.ReplaceAllString(text, "$1")
	}
	if strings.ContainsAny(text, "\n#>*`~-+|_=") {
		var b strings.Builder
		for line := range strings.SplitSeq(text, "\n") {
			b.WriteString(unmarked(line))
			b.WriteByte(' ')
		}
		text = dropped.Replace(b.String())
	}
	if strings.ContainsAny(text, "«»") {
		text = quotes.Replace(text)
	}
	return strings.Join(strings.Fields(text), " ")
}

// unmarked is a line without what marks it as a heading, a quotation, or an item of a list; nothing is left of a rule.
func unmarked(line string) string {
	line = strings.TrimSpace(line)
	if strings.Trim(line, "-=_*|: ") == "" {
		return ""
	}
	head, rest, found := strings.Cut(line, " ")
	number := strings.TrimRight(head, ".)")
	switch {
	case !found:
	case strings.Trim(head, "#") == "", head == ">", head == "-", head == "*", head == "+",
		len(number) == len(head)-1 && number != "" && strings.Trim(number, "0123456789") == "":
		return unmarked(rest)
	}
	return line
}
