// Package markdown makes HTML of what people wrote, for pages that people trust: no script, no style, no picture, no frame, nothing that
// loads anything. What it makes may stand in any page, also in one without a content security policy.
package markdown

import (
	"bytes"
	"html"
	"regexp"
	"strings"

	"github.com/microcosm-cc/bluemonday"

	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

const (
	// maxBytes is what a text of 4,000 characters has at most. What is longer is no text of a learning, and is not worth the time.
	maxBytes = 16_000
	// maxDepth is how deep things may lie within each other. Nobody writes deeper, and browsers do not show it.
	maxDepth = 24
	// rel keeps a link from lending our name to where it leads, and from telling there where it was found.
	rel = "nofollow noopener noreferrer"
)

// Elements are the elements that Render makes, and no others.
func Elements() []string {
	return []string{
		"a", "blockquote", "br", "code", "del", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong",
		"table", "tbody", "td", "th", "thead", "tr", "ul",
	}
}

// policy is the second lock: were there a hole in how HTML is made, this would still let nothing else out.
var policy = func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements(Elements()...)
	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("rel").Matching(regexp.MustCompile("^" + rel + "$")).OnElements("a")
	p.AllowAttrs("start").Matching(regexp.MustCompile(`^[0-9]{1,9}$`)).OnElements("ol")
	p.AllowURLSchemes(schemes...)
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(false)
	return p
}()

// Render makes HTML of Markdown: CommonMark with tables, strikethrough and addresses that are links by themselves. Headings begin at h3,
// links lead to http, https and mailto only, of a picture its words are shown, and HTML is shown as it was typed. What is longer than
// 16,000 bytes, or lies too deep, is shown as it was typed too. The same text makes the same HTML.
func Render(text string) string {
	text = domain.Visible(text)
	if text == "" {
		return ""
	}
	made, ok := convert(text)
	if !ok {
		made = "<p>" + html.EscapeString(text) + "</p>"
	}
	// Markdown can write any character by its number, so that there may be again what Visible took out.
	return strings.TrimSpace(policy.Sanitize(domain.Visible(made)))
}

// Inline makes HTML of words without markup.
func Inline(text string) string { return html.EscapeString(domain.Line(text)) }

func convert(text string) (string, bool) {
	if len(text) > maxBytes {
		return "", false
	}
	source := []byte(text)
	document := parse(source)
	if deep(document) {
		return "", false
	}
	var out bytes.Buffer
	if err := converter.Renderer().Render(&out, source, document); err != nil {
		return "", false
	}
	return out.String(), true
}
