// Package markdown writes what people wrote into Markdown of our own, so that no text of theirs can end or pretend what stands around it.
package markdown

import (
	"regexp"
	"strings"

	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

var (
	// marks are what has a meaning in a line of Markdown.
	marks = regexp.MustCompile("[\\\\`*_{}\\[\\]<>#|~&]")
	// tag is where HTML may begin.
	tag = regexp.MustCompile(`<([A-Za-z/!?])`)
)

// Line is a plain text as one line of Markdown.
func Line(text string) string {
	return marks.ReplaceAllString(strings.Join(strings.Fields(text), " "), `\$0`)
}

// Quoted is Markdown as a quotation, and without HTML.
func Quoted(text string) string {
	var b strings.Builder
	for line := range strings.Lines(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(tag.ReplaceAllString(text, `\<$1`))) {
		b.WriteString(strings.TrimRight("> "+strings.TrimSuffix(line, "\n"), " ") + "\n")
	}
	return b.String()
}

// Part is a text of a learning with its title; the text is empty where nothing was said.
type Part struct{ Title, Text string }

// WhatHappened is the title of the part that a chart belongs to.
const WhatHappened = "What happened"

// Parts are the texts of a learning below its claim, in the order that they are read in.
func Parts(l *knowledgev1.Learning) []Part {
	return []Part{
		{"Situation", l.GetSituation()},
		{"What was tried", l.GetTried()},
		{WhatHappened, l.GetHappened()},
		{"Where it may not hold", l.GetMayNotHold()},
		{"How to try it", l.GetHowToTry()},
		{"Why it was retired", l.GetRetireReason()},
	}
}
