package store_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

var hostile = []string{
	"", " ", `"`, `""`, `"""`, "*", "rota*", `rota"*`, "(", ")", "rota OR", "AND", "NOT", "NEAR(rota wait, 2)",
	"claim:rota", "{claim}:rota", "-rota", "^rota",
	"rota)", "';drop table learnings;--", `\`, `rota\`, `'`, "rota' | 'x", "rota:*", "!rota", "rota & ", "<->",
	"rota <-> x", "\x00", "ro\x00ta", "\xff\xfe", "ro\xffta",
	"\ue000", "\ue0007061796d656e7473", "\u0301", "é", "ﬁ", "İ", "ß", "漢字", "नमस्ते", "𝔯𝔬𝔱𝔞", "👩‍💻", "½", "the", "the and of", "\"the\"",
	strings.Repeat("a", 400), strings.Repeat("a ", 200), strings.Repeat(`"a" `, 100),
	strings.Repeat("(", 400), strings.Repeat("rota ", 80), strings.Repeat("é", 100),
	"«»", "„“", "a\u200bb", "rota\u00ad", "$1", "%s", "{{.}}", "<b>",
}

func TestNothingThatIsTypedIsAnError(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l, corpus...)
		for _, text := range hostile {
			for _, team := range []string{"", "payments", `"`, "'"} {
				filter := store.Filter{Team: team, Tags: []string{team}[:len(team)%2]}
				for _, f := range search(t, l, store.SearchQuery{Text: text, Filter: filter, Facets: true}).Findings {
					if f.Learning.Value.State != domain.Published {
						t.Errorf("%q finds a draft", text)
					}
				}
			}
		}
	})
}

// Texts of learnings come from people, too.
func TestAnyTextCanBeIndexed(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		for i, text := range hostile {
			text = strings.ToValidUTF8(text, "") // as the contract's strings are
			fill(t, l, told{id: fmt.Sprint("e", i), claim: "marker " + text, situation: text, tried: text, happened: text})
		}
		if n := len(search(t, l, store.SearchQuery{Text: "marker", PageSize: 100}).Findings); n != len(hostile) {
			t.Errorf("%d learnings are found of %d", n, len(hostile))
		}
	})
}

func FuzzSearch(f *testing.F) {
	l := openLog(f, dbtest.Open(f, db.SQLite, tables))
	fill(f, l, corpus...)
	for _, text := range hostile {
		f.Add(text, "payments")
	}
	f.Fuzz(func(t *testing.T, text, team string) {
		found, err := store.Search(t.Context(), l, store.SearchQuery{Text: text, Filter: store.Filter{Team: team}, Facets: true})
		if err != nil {
			t.Fatalf("searching %q in %q: %v", text, team, err)
		}
		for _, f := range found.Findings {
			if f.Learning.Value.State != domain.Published || team != "" && f.Learning.Value.TeamID() != team {
				t.Fatalf("%q in %q finds %+v", text, team, f.Learning.Value)
			}
		}
	})
}
