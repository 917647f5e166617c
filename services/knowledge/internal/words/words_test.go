package words

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestTextsAreTakenApart(t *testing.T) {
	for text, want := range map[string]string{
		"The rota's Reviews":     "the=the rota=rota s=s reviews=review",
		"Métriques naïve":        "metriques=metriqu naive=naiv",
		"code-review 4.6 ½":      "code=code review=review 4=4 6=6 12=12",
		"a\x00b \xff c":          "a=a b=b c=c",
		"İstanbul ﬁne 漢字 \u0301": "istanbul=istanbul fine=fine 漢字=漢字",
		"\ue000t7061 «x»":        "t7061=t7061 x=x",
		"":                       "",
	} {
		var got []string
		for _, w := range Of(text) {
			got = append(got, w.Plain+"="+w.Stem)
			if w.Start >= w.End || Plain(text[w.Start:w.End]) != w.Plain {
				t.Errorf("%q: %+v", text, w)
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if long := Plain(strings.Repeat("é", 100)); utf8.RuneCountInString(long) != maxLetters || len(Plain(strings.Repeat("A", 100))) != maxLetters {
		t.Errorf("a long word has %d letters", len(long))
	}
}

func TestTypingErrorsAreCounted(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"review", "review", 0},
		{"rveiew", "review", 1},
		{"revew", "review", 1},
		{"revieww", "review", 1},
		{"xeview", "review", 1},
		{"reviex", "review", 1},
		{"erveiw", "review", 2},
		{"ca", "abc", 3},
		{"rota", "xyzw", 3},
		{"a", "abcdef", 3},
		{"été", "ete", 2},
		{"漢字", "字漢", 1},
	} {
		if got := Errors(c.a, c.b, 2); got != c.want {
			t.Errorf("%q, %q: %d, want %d", c.a, c.b, got, c.want)
		}
		if got := Errors(c.b, c.a, 2); got != c.want {
			t.Errorf("%q, %q: %d, want %d", c.b, c.a, got, c.want)
		}
	}
}

func FuzzOf(f *testing.F) {
	for _, seed := range []string{"The rota's Reviews", "İﷺ⑴½", "\xff\x00", "𝔯𝔬𝔱𝔞 नमस्ते"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, w := range Of(text) {
			for _, s := range []string{w.Plain, w.Stem} {
				if s == "" || !utf8.ValidString(s) || strings.IndexFunc(s, func(c rune) bool { return !within(c) }) >= 0 {
					t.Fatalf("%q gives %q", text, s)
				}
			}
		}
	})
}
