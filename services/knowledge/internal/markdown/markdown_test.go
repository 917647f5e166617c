package markdown_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/markdown"
)

// hostile is the corpus: what people try, by what it is.
func hostile(t testing.TB) map[string]string {
	t.Helper()
	raw, err := os.ReadFile("testdata/hostile.json")
	if err != nil {
		t.Fatal(err)
	}
	var corpus map[string]string
	if err := json.Unmarshal(raw, &corpus); err != nil {
		t.Fatal(err)
	}
	return corpus
}

// inert says what is wrong with HTML that shall do nothing but say something.
func inert(made string) (wrong []string) {
	nodes, err := html.ParseFragment(strings.NewReader(made), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		return []string{err.Error()}
	}
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch n.Type {
		case html.TextNode:
			if domain.Visible(n.Data) != n.Data {
				wrong = append(wrong, fmt.Sprintf("the text %q hides something", n.Data))
			}
		case html.ElementNode:
			wrong = append(wrong, element(n)...)
		default:
			wrong = append(wrong, fmt.Sprintf("there is a node of the type %d: %q", n.Type, n.Data))
		}
		for c := range n.ChildNodes() {
			walk(c)
		}
	}
	for _, n := range nodes {
		walk(n)
	}
	return wrong
}

func element(n *html.Node) (wrong []string) {
	if !slices.Contains(markdown.Elements(), n.Data) || n.Namespace != "" {
		wrong = append(wrong, "there is an element "+n.Namespace+" "+n.Data)
	}
	has := map[string]string{}
	for _, a := range n.Attr {
		has[a.Key] = a.Val
		switch {
		case n.Data == "a" && a.Key == "rel" && a.Val == "nofollow noopener noreferrer":
		case n.Data == "ol" && a.Key == "start" && strings.Trim(a.Val, "0123456789") == "":
		case n.Data == "a" && a.Key == "href":
			// A browser takes spaces and control characters out of an address before it reads the scheme.
			u, err := url.Parse(a.Val)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "mailto" ||
				strings.ContainsFunc(a.Val, func(c rune) bool { return c <= ' ' }) {
				wrong = append(wrong, "a link leads to "+a.Val)
			}
		default:
			wrong = append(wrong, fmt.Sprintf("%s has the attribute %s=%q", n.Data, a.Key, a.Val))
		}
	}
	if n.Data == "a" && (has["href"] == "" || has["rel"] == "") {
		wrong = append(wrong, "a link lacks an address or what it is to us")
	}
	return wrong
}

// check renders a text and says what is wrong with it.
func check(t testing.TB, text string) string {
	t.Helper()
	made := markdown.Render(text)
	for _, wrong := range inert(made) {
		t.Errorf("%s\nof %q\nbecomes %q", wrong, text, made)
	}
	if again := markdown.Render(text); again != made {
		t.Errorf("%q becomes %q, and then %q", text, made, again)
	}
	line := markdown.Inline(text)
	for _, wrong := range inert(line) {
		t.Errorf("%s\nof the line %q\nbecomes %q", wrong, text, line)
	}
	if strings.ContainsAny(line, "<>\n") {
		t.Errorf("the line %q becomes %q", text, line)
	}
	return made
}

func TestHostileTextIsInert(t *testing.T) {
	for name, text := range hostile(t) {
		t.Run(name, func(t *testing.T) {
			made := check(t, text)
			for _, forbidden := range []string{"<script", "<img", "<svg", "<iframe", "<!--", "<style", "javascript:\"", "href=\"javascript", "href=\"data"} {
				if strings.Contains(strings.ToLower(made), forbidden) {
					t.Errorf("there is %s in %q", forbidden, made)
				}
			}
		})
	}
}

// The check can tell: what nobody has cleaned does not pass it.
func TestTheCheckCanTell(t *testing.T) {
	for _, text := range []string{
		"<script>boo()</script>", "<img src=x onerror=boo()>", `<a href="javascript:boo()" rel="nofollow noopener noreferrer">x</a>`, `<p id="x">x</p>`,
		`<a href="https://ok.example/">x</a>`, "<!-- x -->", "<p>pay \u202e0001</p>", `<a href=" javascript:boo()" rel="nofollow noopener noreferrer">x</a>`,
		"<svg><p>x</p></svg>", `<ol start="-1"></ol>`,
	} {
		if len(inert(text)) == 0 {
			t.Errorf("%q passes", text)
		}
	}
}

func TestWhatMarkdownBecomes(t *testing.T) {
	const rel = ` rel="nofollow noopener noreferrer"`
	for text, want := range map[string]string{
		"":                                 "",
		" \u200b\n":                        "",
		"One *two* **three** `four` ~~5~~": "<p>One <em>two</em> <strong>three</strong> <code>four</code> <del>5</del></p>",
		"a\nb  \nc":                        "<p>a\nb<br>\nc</p>",
		"# A\n\n### B\n\n###### C":         "<h3>A</h3>\n<h5>B</h5>\n<h6>C</h6>",
		"3. a\n4. b":                       "<ol start=\"3\">\n<li>a</li>\n<li>b</li>\n</ol>",
		"[x](https://ok.example/?a=1&b=2)": `<p><a href="https://ok.example/?a=1&amp;b=2"` + rel + `>x</a></p>`,
		"See https://ok.example/x.":        `<p>See <a href="https://ok.example/x"` + rel + `>https://ok.example/x</a>.</p>`,
		"mina@ok.example":                  `<p><a href="mailto:mina@ok.example"` + rel + `>mina@ok.example</a></p>`,
		"ftp://ok.example/x":               "<p>ftp://ok.example/x</p>",
		"[x](/sign-out)":                   "<p>x</p>",
		"![the *chart*](https://ok.example/x.png)": "<p>the <em>chart</em></p>",
		"a List<T> & <b>more</b>":                  "<p>a List&lt;T&gt; &amp; &lt;b&gt;more&lt;/b&gt;</p>",
		"```go\na < b\n```":                        "<pre><code>a &lt; b\n</code></pre>",
		"|a|b|\n|:-|-:|\n|1|2|":                    "<table>\n<thead>\n<tr>\n<th>a</th>\n<th>b</th>\n</tr>\n</thead>\n<tbody>\n<tr>\n<td>1</td>\n<td>2</td>\n</tr>\n</tbody>\n</table>",
		strings.Repeat("> ", 30) + "deep":          "<p>" + strings.Repeat("&gt; ", 30) + "deep</p>",
		"\u0633\u0644\u0627\u0645 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f4bb": "<p>\u0633\u0644\u0627\u0645 \u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645 \U0001f469\u200d\U0001f4bb</p>",
	} {
		if got := markdown.Render(text); got != want {
			t.Errorf("%q becomes\n%q, want\n%q", text, got, want)
		}
	}
	if got := markdown.Inline(" *A* <b>\n\"rota\" \u202ehelps "); got != "*A* &lt;b&gt; &#34;rota&#34; helps" {
		t.Errorf("a line becomes %q", got)
	}
}

// bombs are texts that ask for more work than their length.
func bombs() map[string]string {
	all := map[string]string{}
	for _, piece := range []string{
		">", "[", "*", "`", "_a*", "- ", "1. ", "> - ", "**a ", "[a](", "![", "[]", "~~", "<", "&", "|a|\n|-|\n", "[a]: ", "a@", "www.a.", "*a_ ", "\n> ", "(", "]", "\\", "x\n[a]: b\n",
	} {
		all[piece] = piece
	}
	return all
}

func TestWorkIsBounded(t *testing.T) {
	const patience = 30 * time.Second // hundreds of times what it takes; only work that grows without bound needs so long
	for name, piece := range bombs() {
		for _, size := range []int{4_000, 16_000, 1 << 20} {
			start := time.Now()
			text := strings.Repeat(piece, size/len(piece))
			made := markdown.Render(text)
			if took := time.Since(start); took > patience {
				t.Errorf("%d bytes of %q take %v", size, name, took)
			}
			if wrong := inert(made[:min(len(made), 1<<16)]); size < 1<<20 && len(wrong) > 0 {
				t.Errorf("%d bytes of %q: %v", size, name, wrong[0])
			}
		}
	}
}

func FuzzRender(f *testing.F) {
	for _, text := range hostile(f) {
		f.Add(text)
	}
	for _, piece := range bombs() {
		f.Add(strings.Repeat(piece, 40))
	}
	f.Fuzz(func(t *testing.T, text string) {
		made := check(t, text)
		// A browser that writes out what it has read, and reads it again, finds the same.
		first := written(t, made)
		if second := written(t, first); second != first {
			t.Errorf("%q is written as %q, and then as %q", made, first, second)
		}
		for _, wrong := range inert(first) {
			t.Errorf("written again: %s in %q", wrong, first)
		}
	})
}

// written is HTML as a program writes it that has read it.
func written(t testing.TB, made string) string {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(made), &html.Node{Type: html.ElementNode, Data: "body", DataAtom: atom.Body})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, n := range nodes {
		if err := html.Render(&b, n); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}
