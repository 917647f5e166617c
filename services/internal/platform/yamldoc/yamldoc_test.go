package yamldoc_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/yamldoc"
)

// read reads boxes, as a file with named fields, numbers and a list.
func read(text string) (said string, problems []yamldoc.Problem) {
	r := &yamldoc.Reader{}
	var b strings.Builder
	for _, document := range r.Documents(text) {
		fields, ok := document.Fields()
		if !ok {
			continue
		}
		fields.Only("name", "size", "lids")
		fmt.Fprintf(&b, "%s %d", fields.Must("name").Text(), fields.Get("size").Number())
		for _, lid := range fields.Get("lids").List() {
			fmt.Fprintf(&b, " %s@%d", lid.Text(), lid.Line())
		}
		b.WriteString(";")
	}
	return b.String(), r.Problems()
}

func TestRead(t *testing.T) {
	for text, want := range map[string]string{
		"":                                       "",
		"---\n# nothing\n---\n":                  "",
		"name: a\nsize: 3\n":                     "a 3;",
		"name: a\n---\nname: b\nlids:\n- x\n- y": "a 0;b 0 x@5 y@6;",
		"{name: yes, size: 007, lids: [2026-12-25, ~]}": "yes 7 2026-12-25@1 @1;", // as written, not as YAML takes it
		"name: ' a '\nlids: null\n":                     "a 0;",
		"x: &x [1, 1]\nname: a":                         "a 0;", // with a problem
	} {
		said, problems := read(text)
		if said != want || len(problems) > 0 && !strings.HasPrefix(text, "x:") {
			t.Errorf("%q: %q, want %q; %v", text, said, want, problems)
		}
	}
}

func TestProblems(t *testing.T) {
	for text, want := range map[string]string{
		"name: [":                             "1:1  YAML_SYNTAX",
		"name: a\nsize: 3\n bad\n  : [}":      "3:1  YAML_SYNTAX",
		"- a":                                 "1:1  VALUE_KIND",
		"name: a\nsise: 3":                    "2:1 sise FIELD_UNKNOWN",
		"size: 3":                             "1:1 name FIELD_MISSING",
		"name: ~":                             "1:1 name FIELD_MISSING",
		"name: a\nname: b":                    "2:1 name FIELD_TWICE",
		"name: [a]":                           "1:7 name VALUE_KIND",
		"name: a\nsize: big":                  "2:7 size VALUE_KIND",
		"name: a\nlids: b":                    "2:7 lids VALUE_KIND",
		"name: a\nlids: [b, [c]]":             "2:11 lids[1] VALUE_KIND",
		"name: &a b\nlids: [*a]":              "2:8 lids[0] YAML_ALIAS",
		"name: a\nlids: &l {}\n<<: *l":        "2:7 lids VALUE_KIND",
		"name: a\n? [b]\n: c":                 "2:3  VALUE_KIND",
		strings.Repeat("--- 1\n", 20_001):     "1:1  YAML_SYNTAX",
		"name: a\nsize: 99999999999999999999": "2:7 size VALUE_KIND",
	} {
		_, problems := read(text)
		if len(problems) == 0 {
			t.Errorf("%.40q has no problem", text)
			continue
		}
		p := problems[0]
		if got := fmt.Sprintf("%d:%d %s %s", p.Line, p.Column, p.Field, p.Reason); got != want {
			t.Errorf("%.40q: %s, want %s (%s)", text, got, want, p.Text)
		}
	}
}

func FuzzRead(f *testing.F) {
	f.Add("name: a\nsize: 3\nlids: [x, *y]\n")
	f.Fuzz(func(t *testing.T, text string) {
		_, problems := read(text)
		for _, p := range problems {
			if p.Line < 1 || p.Column < 1 || p.Reason == "" || p.Text == "" {
				t.Fatalf("%+v", p)
			}
		}
	})
}
