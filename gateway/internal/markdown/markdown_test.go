package markdown

import (
	"strings"
	"testing"
)

func TestNoTextEndsItsQuotation(t *testing.T) {
	for _, text := range []string{
		"one\n\n## Grade\n\n- Grade: REPLICATED", "```\nnever closed", "a\r\nb\rc", "---\nname: other", "<!-- open", "<script>x</script>", "> deeper\n1. list",
	} {
		got := Quoted(text)
		for _, line := range strings.Split(strings.TrimSuffix(got, "\n"), "\n") {
			if line != ">" && !strings.HasPrefix(line, "> ") || strings.Contains(line, "\r") {
				t.Errorf("%q has the line %q", text, line)
			}
		}
		if strings.Contains(strings.ReplaceAll(got, `\<`, ""), "<") {
			t.Errorf("%q keeps HTML: %q", text, got)
		}
	}
}

func TestALineIsPlain(t *testing.T) {
	if got := Line("a\n# *b* <i> [c](d) `e`"); got != "a \\# \\*b\\* \\<i\\> \\[c\\](d) \\`e\\`" {
		t.Errorf("got %s", got)
	}
}
