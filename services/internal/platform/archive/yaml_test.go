package archive

import (
	"encoding/json"
	"strings"
	"testing"
)

// read reads YAML as an import does.
func read(t *testing.T, content string) (*object, []string) {
	t.Helper()
	r := &reader{path: "f.yaml"}
	value := r.value([]byte(content))
	var problems []string
	for _, p := range r.problems {
		problems = append(problems, p.Field+" "+p.Description)
	}
	o, _ := value.(*object)
	return o, problems
}

var texts = []string{
	"", " ", "yes", "No", "~", "null", "1e3", "0x1f", "2026-06-08", "12:30", "- a", "? b", "a: b", "a:", "a #b", "#a", "'a'", `"a"`, `\`, "%a", "@a", "`a`", "!a", "&a", "*a", "{a", "[a]",
	"a\nb", "a\nb\n", "a\nb\n\n", "\na", " a\nb", "a\n  b\n\nc", "a \nb", "a\tb", "\ta\nb", "a\n\tb", "a\r\nb", "a\rb", "a\u2028b\nc", "a\u0085b", "\ufeffa", "👩‍👩‍👧\nünï", "\U000e0001\na", "--- a\n--- b", "...\n", "a\n# b",
	"\x00\x01\x7f", "<<", "=", "é", "Ω: x", strings.Repeat("long ", 2000), strings.Repeat("l\n", 500), "\u200d", "\u0301a", "a\u00a0b", "\ufffd",
}

func TestATextComesBackAsItIs(t *testing.T) {
	for _, text := range texts {
		o := newObject()
		inner := newObject()
		inner.set("b", text)
		inner.set("list", []any{text, []any{text, []any{}}, newObject(), map1("x", text)})
		o.set("a", inner)
		o.set("z", text)
		if text != "" {
			o.set("k"+strings.Trim(text[:min(len(text), 60)], "\U000e0001\ufeff👩"), text)
		}
		written := toYAML(o)
		back, problems := read(t, string(written))
		if len(problems) > 0 || !equal(o, back) {
			t.Errorf("%q came back as %s %q from\n%s", text, toJSON(back), problems, written)
		}
		// Version control may change line ends, and says nothing.
		back, problems = read(t, strings.ReplaceAll(string(written), "\n", "\r\n"))
		if len(problems) > 0 || !equal(o, back) {
			t.Errorf("%q, with line ends of Windows, came back as %s %q", text, toJSON(back), problems)
		}
	}
}

func map1(key string, value any) *object {
	o := newObject()
	o.set(key, value)
	return o
}

func FuzzText(f *testing.F) {
	for _, text := range texts {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.ToValidUTF8(text, "")
		back, problems := read(t, string(toYAML(map1("a", []any{map1("b", text)}))))
		if len(problems) > 0 || !equal(map1("a", []any{map1("b", text)}), back) {
			t.Errorf("%q came back as %s %q", text, toJSON(back), problems)
		}
	})
}

func TestValuesComeBackAsTheyAre(t *testing.T) {
	const document = `{"n":1,"f":-0.1,"e":1e+300,"big":12345678901234567890,"t":true,"no":false,"nil":null,"o":{},"l":[],"deep":{"l":[{"a":[1,{"b":"c"}]}]}}`
	o, err := parseJSON([]byte(document))
	if err != nil {
		t.Fatal(err)
	}
	back, problems := read(t, string(toYAML(o)))
	if len(problems) > 0 || string(toJSON(back)) != document {
		t.Errorf("came back as %s %q", toJSON(back), problems)
	}
}

func TestWhatIsNotRead(t *testing.T) {
	for content, want := range map[string]string{
		"a: 1\na: 2\n":       "f.yaml:2 the field a is there twice",
		"a: &x 1\nb: *x\n":   "f.yaml:1 tags, anchors and aliases",
		"a: !!str 1\n":       "f.yaml:1 tags, anchors and aliases",
		"a: 0x1f\n":          "f.yaml:1 write the number 0x1f",
		"a: {b: .inf}\n":     "f.yaml:1 write the number .inf",
		"a:\n  - b\n c: d\n": "f.yaml:2 this is not YAML",
		"<<: {a: 1}\n":       "f.yaml:1 the name of a field",
		"a: 1\n---\nb: 2\n":  "f.yaml the file should hold one document",
		"":                   "f.yaml the file is empty",
		"a: \xff\n":          "f.yaml the file is not UTF-8",
		"? [a]\n: b\n":       "f.yaml:1 the name of a field",
		"a: \"\\ud83d\"\n":   "f.yaml this is not YAML",
	} {
		if _, problems := read(t, content); len(problems) == 0 || !strings.HasPrefix(problems[0], want) {
			t.Errorf("%q: %q, want %s", content, problems, want)
		}
	}
}

// What one payload became step by step, the entries lead to.
func TestDifferencesFold(t *testing.T) {
	steps := []string{
		`{}`, `{"a":{"b":1,"c":[1,2],"d":{"e/f":"x","~":1}},"g":"h"}`, `{"a":{"b":2,"d":{"~":1}}}`, `{"a":{"d":{}},"g":{"i":null}}`, `{"a":1}`, `{"a":{"b":{}}}`, `{"a":[{"b":1}]}`, `{}`, `{"z":true}`,
	}
	folded, before := newObject(), newObject()
	for _, step := range steps {
		after, err := parseJSON([]byte(step))
		if err != nil {
			t.Fatal(err)
		}
		entry := newObject()
		set, unset := difference(before, after, "")
		entry.set("set", set)
		entry.set("unset", append([]any{}, unset...))
		r := &reader{lines: map[string]int{}}
		if folded = r.fold(folded, entry); len(r.problems) > 0 || !equal(folded, after) {
			t.Errorf("%s: folded to %s by %s %v", step, toJSON(folded), toJSON(entry), r.problems)
		}
		before = after
	}
	r := &reader{lines: map[string]int{}}
	for _, wrong := range []string{`{"unset":["x"]}`, `{"unset":["a/b"]}`, `{"unset":[1]}`, `{"unset":"a"}`, `{"set":[]}`} {
		entry, _ := parseJSON([]byte(wrong))
		r.problems = nil
		if r.fold(newObject(), entry); len(r.problems) == 0 {
			t.Errorf("%s is taken", wrong)
		}
	}
}

func TestThePayloadMayKnowLess(t *testing.T) {
	for _, c := range []struct {
		told, made string
		want       bool
	}{
		{`{"a":1}`, `{"a":1,"b":2}`, true},
		{`{"a":{"b":[{"c":1}]}}`, `{"a":{"b":[{"c":1,"d":2}]}}`, true},
		{`{"a":1}`, `{"a":2}`, false},
		{`{"a":1}`, `{}`, false},
		{`{"a":[1]}`, `{"a":[1,2]}`, false},
		{`{"a":{}}`, `{"a":1}`, false},
	} {
		told, _ := parseJSON([]byte(c.told))
		made, _ := parseJSON([]byte(c.made))
		if got := agrees(told, made); got != c.want {
			t.Errorf("%s and %s: %v", c.told, c.made, got)
		}
	}
}

func TestEveryStringIsJSON(t *testing.T) {
	for _, text := range texts {
		var back string
		if err := json.Unmarshal(toJSON(text), &back); err != nil || back != strings.ToValidUTF8(text, "\ufffd") {
			t.Errorf("%q: %q %v", text, back, err)
		}
	}
}
