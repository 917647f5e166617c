package domain_test

import (
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"

	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

func TestHint(t *testing.T) {
	members := []string{"Jonas Weber", "jonas", "Zoë Lange", "zoe", "Will O'Neil", "will", "田中", "tanaka", "Mark Ray", "mark", "Jo", "qa-7"}
	for _, test := range []struct {
		name   string
		prompt domain.Prompt
		text   string
		want   string // whom it names
	}{
		{"held back: any name", domain.HeldBack, "We waited for Jonas", "Jonas Weber"},
		{"held back: a name in small letters", domain.HeldBack, "waited for jonas", "Jonas Weber"},
		{"held back: a family name", domain.HeldBack, "Ask Weber.", "Jonas Weber"},
		{"held back: possessive", domain.HeldBack, "Jonas’s branch; JONAS' review", "Jonas Weber"},
		{"held back: mention", domain.HeldBack, "@zoe was away", "Zoë Lange"},
		{"held back: without the accent", domain.HeldBack, "Zoe was away", "Zoë Lange"},
		{"held back: accent in two characters", domain.HeldBack, "Zoe\u0308 was away", "Zoë Lange"},
		{"held back: no blanks between words", domain.HeldBack, "田中さんを待った", "田中"},
		{"held back: short name", domain.HeldBack, "Waited for Jo", "Jo"},
		{"held back: no name", domain.HeldBack, "Reviews took three days", ""},
		{"held back: part of a word", domain.HeldBack, "Jonasville and weberian joy", ""},
		{"held back: a name that is a word", domain.HeldBack, "Will we will do it; we mark it", ""},
		{"held back: that name within a sentence", domain.HeldBack, "Then Mark left", "Mark Ray"},
		{"held back: that name at the beginning, with blame", domain.HeldBack, "Mark broke it", "Mark Ray"},
		{"helped: a name", domain.Helped, "Jonas took the rota. Thank you!", ""},
		{"helped: blame in another sentence", domain.Helped, "Jonas took the rota. The build broke.", ""},
		{"helped: blame in the same sentence", domain.Helped, "All was well. Jonas forgot the rota!", "Jonas Weber"},
		{"surprised: blame", domain.Surprised, "jonas didn't review", "Jonas Weber"},
		{"surprised: blame with a curly apostrophe", domain.Surprised, "Jonas didn’t review", "Jonas Weber"},
		{"surprised: blame without a name", domain.Surprised, "The build never broke", ""},
		{"nothing", domain.HeldBack, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			got := domain.Hint(test.text, test.prompt, members, norm.NFKD.String)
			if test.want == "" && got != "" || test.want != "" && !strings.Contains(got, "names "+test.want+",") {
				t.Errorf("hint %q, want one about %q", got, test.want)
			}
			if got != "" && !strings.Contains(got, "situation") {
				t.Errorf("the hint does not say what to speak of: %q", got)
			}
			if hint := domain.Hint(test.text, test.prompt, nil, norm.NFKD.String); hint != "" {
				t.Errorf("without the names of the members there is a hint: %q", hint)
			}
		})
	}
}
