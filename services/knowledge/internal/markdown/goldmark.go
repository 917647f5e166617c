package markdown

import (
	"net/url"
	"slices"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/parser"
	"github.com/yuin/goldmark/renderer"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
)

// topHeading is what a heading of the first level becomes: the pages that show learnings have headings of their own above.
const (
	topHeading    = 3
	lowestHeading = 6
)

// schemes are where links may lead.
var schemes = []string{"http", "https", "mailto"}

// converter knows no HTML: without its parsers what looks like a tag is text.
var converter = goldmark.New(
	goldmark.WithParser(parser.NewParser(
		parser.WithBlockParsers(
			util.Prioritized(parser.NewSetextHeadingParser(), 100),
			util.Prioritized(parser.NewThematicBreakParser(), 200),
			util.Prioritized(parser.NewListParser(), 300),
			util.Prioritized(parser.NewListItemParser(), 400),
			util.Prioritized(parser.NewCodeBlockParser(), 500),
			util.Prioritized(parser.NewATXHeadingParser(), 600),
			util.Prioritized(parser.NewFencedCodeBlockParser(), 700),
			util.Prioritized(parser.NewBlockquoteParser(), 800),
			util.Prioritized(parser.NewParagraphParser(), 1000),
		),
		parser.WithInlineParsers(
			util.Prioritized(parser.NewCodeSpanParser(), 100),
			util.Prioritized(parser.NewLinkParser(), 200),
			util.Prioritized(parser.NewAutoLinkParser(), 300),
			util.Prioritized(parser.NewEmphasisParser(), 500),
		),
		parser.WithParagraphTransformers(parser.DefaultParagraphTransformers()...),
	)),
	goldmark.WithExtensions(
		extension.NewTable(extension.WithTableCellAlignMethod(extension.TableCellAlignNone)),
		extension.Strikethrough,
		extension.NewLinkify(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"})),
	),
	goldmark.WithRendererOptions(renderer.WithNodeRenderers(util.Prioritized(links{}, 100))),
)

// parse reads a text, with its headings where they belong.
func parse(source []byte) ast.Node {
	document := converter.Parser().Parse(text.NewReader(source))
	_ = ast.Walk(document, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if heading, ok := n.(*ast.Heading); ok && entering {
			heading.Level = min(heading.Level+topHeading-1, lowestHeading)
		}
		return ast.WalkContinue, nil
	})
	return document
}

// deep tells whether something lies deeper than maxDepth.
func deep(document ast.Node) bool {
	depth, deepest := 0, 0
	_ = ast.Walk(document, func(_ ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			depth--
			return ast.WalkContinue, nil
		}
		depth++
		if deepest = max(deepest, depth); deepest > maxDepth {
			return ast.WalkStop, nil
		}
		return ast.WalkContinue, nil
	})
	return deepest > maxDepth
}

// links renders everything that has an address.
type links struct{}

// RegisterFuncs says what is rendered here.
func (links) RegisterFuncs(r renderer.NodeRendererFuncRegisterer) {
	r.Register(ast.KindLink, func(w util.BufWriter, _ []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		link, _ := n.(*ast.Link)
		address := string(util.URLEscape(link.Destination, true))
		if !leads(address) || within(n) {
			return ast.WalkContinue, nil
		}
		if entering {
			open(w, address)
		} else {
			_, _ = w.WriteString("</a>")
		}
		return ast.WalkContinue, nil
	})
	r.Register(ast.KindAutoLink, func(w util.BufWriter, source []byte, n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		link, _ := n.(*ast.AutoLink)
		address, label := string(util.URLEscape(link.URL(source), false)), util.EscapeHTML(link.Label(source))
		if link.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(address), "mailto:") {
			address = "mailto:" + address
		}
		if !leads(address) || within(n) {
			_, _ = w.Write(label)
			return ast.WalkContinue, nil
		}
		open(w, address)
		_, _ = w.Write(label)
		_, _ = w.WriteString("</a>")
		return ast.WalkContinue, nil
	})
	// A picture would be loaded from elsewhere. Its words are its children.
	r.Register(ast.KindImage, func(util.BufWriter, []byte, ast.Node, bool) (ast.WalkStatus, error) { return ast.WalkContinue, nil })
}

func open(w util.BufWriter, address string) {
	_, _ = w.WriteString(`<a href="`)
	_, _ = w.Write(util.EscapeHTML([]byte(address)))
	_, _ = w.WriteString(`" rel="` + rel + `">`)
}

// leads tells whether an address is one that links may lead to.
func leads(address string) bool {
	u, err := url.Parse(address)
	return err == nil && slices.Contains(schemes, u.Scheme) && (u.Scheme == "mailto" || u.Host != "")
}

// within tells whether a node lies in a link that is shown: a link in a link is none.
func within(n ast.Node) bool {
	for n = n.Parent(); n != nil; n = n.Parent() {
		if link, ok := n.(*ast.Link); ok && leads(string(util.URLEscape(link.Destination, true))) {
			return true
		}
	}
	return false
}
