package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

var corpus = []told{
	{
		id: "rota", claim: "A review rota halves the waiting time.", situation: "Six developers in one office.",
		tried: "Two named reviewers each morning.", happened: "Median wait fell from 9.5 to 4.6 hours.", tags: []string{"code-review", "flow"},
	},
	{
		id: "pairing", claim: "Pairing finds defects before they run.", situation: "Legacy payment code.",
		tried: "Pairs on each risky change.", happened: "Reviews became shorter, running tests were fewer.",
	},
	{id: "cafe", team: "search", claim: "Métriques du café: naïve caching fails.", situation: "Ürün ekibi", happened: "The cache was stale."},
	{id: "flags", team: "search-eu", claim: "Feature flags shorten the release.", tried: "Flags with an owner's name.", tags: []string{"release"}},
	{id: "hidden", claim: "A draft about the rota.", draft: true},
}

func search(t testing.TB, l *eventlog.Log, q store.SearchQuery) store.Findings {
	t.Helper()
	found, err := store.Search(t.Context(), l, q)
	if err != nil {
		t.Fatalf("searching %q: %v", q.Text, err)
	}
	return found
}

func foundIDs(found store.Findings) string {
	var experiments []string
	for _, f := range found.Findings {
		experiments = append(experiments, f.Learning.Value.Experiment)
	}
	return experimentIDs(experiments)
}

func TestSearch(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l, corpus...)
		for _, c := range []struct{ name, text, team, want string }{
			{"a word", "rota", "", "rota"},
			{"in capitals", "ROTA", "", "rota"},
			{"of the same stem", "waited", "", "rota"},
			{"a last word that is longer than its stem", "runs", "", "pairing"},
			{"all words must be found", "review flags", "", ""},
			{"in different fields", "wait reviewers", "", "rota"},
			{"a last word as a beginning", "review ro", "", "rota"},
			{"a word that is not the last is no beginning", "ro review", "", ""},
			{"a single letter is no beginning", "r", "", ""},
			{"a phrase", `"review rota"`, "", "rota"},
			{"a phrase in another order", `"rota review"`, "", ""},
			{"a phrase is no beginning", `"review ro"`, "", ""},
			{"a phrase and a word", `"review rota" office`, "", "rota"},
			{"a phrase that was not closed", `office "review rota`, "", "rota"},
			{"typographic quotes", "„review rota“", "", "rota"},
			{"an accent that was not typed", "cafe", "", "cafe"},
			{"an accent that is not there", "röta", "", "rota"},
			{"accents on both sides", "métriques naïve", "", "cafe"},
			{"a tag", "code-review", "", "rota"},
			{"half a tag", "code-rev", "", "rota"},
			{"a number", "4.6", "", "rota"},
			{"an apostrophe", "owner's name", "", "flags"},
			{"in one team", "flags", "search-eu", "flags"},
			{"in another team", "flags", "search", ""},
			{"the name of a team is no text", "search", "", ""},
			{"drafts are not found", "draft", "", ""},
		} {
			t.Run(c.name, func(t *testing.T) {
				found := search(t, l, store.SearchQuery{Text: c.text, Team: c.team})
				if got := foundIDs(found); got != c.want || found.Capped || found.Next != "" {
					t.Errorf("%q finds %q, want %q", c.text, got, c.want)
				}
			})
		}
	})
}

func TestTheClaimWeighsMost(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		filler := strings.Repeat("something else entirely ", 5)
		fill(t, l,
			told{id: "happened", claim: "Another thing. " + filler, happened: "A rota."},
			told{id: "claim", claim: "A rota. " + filler, happened: "Another thing."},
			told{id: "situation", claim: "Another thing. " + filler, situation: "A rota."},
			told{id: "tag", claim: "Another thing. " + filler, tags: []string{"rota"}},
		)
		found := search(t, l, store.SearchQuery{Text: "rota"})
		if got := foundIDs(found); got != "claim tag situation happened" {
			t.Errorf("in the order %q", got)
		}
		for i, f := range found.Findings {
			if i > 0 && f.Score > found.Findings[i-1].Score {
				t.Errorf("score %d is greater than the one before: %v", i, f.Score)
			}
		}
	})
}

func TestSnippetsShowTheMatches(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l, corpus...)
		for text, want := range map[string]string{
			"rota": "«rota»", "waited": "«waiting»", `"median wait"`: "«", "flags": "«flags»",
		} {
			team := ""
			if text == "flags" {
				team = "search-eu" // the word that stands for the team must not show
			}
			found := search(t, l, store.SearchQuery{Text: text, Team: team})
			if len(found.Findings) != 1 || !strings.Contains(strings.ToLower(found.Findings[0].Snippet), want) || strings.ContainsRune(found.Findings[0].Snippet, '\ue000') {
				t.Errorf("%q: %+v", text, found.Findings)
			}
		}
	})
}

func TestTheIndexFollowsTheLearning(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		name := fill(t, l, told{id: "one", claim: "Alpha helps."}, told{id: "two", claim: "Alpha hurts."})["one"]
		change := func(rule func(*domain.Learning, time.Time) ([]domain.Event, error)) {
			t.Helper()
			err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
				_, err := store.Change(tx, name, "", rule)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		expect := func(text, want string) {
			t.Helper()
			if got := foundIDs(search(t, l, store.SearchQuery{Text: text})); got != want {
				t.Errorf("%q finds %q, want %q", text, got, want)
			}
		}
		change(func(x *domain.Learning, now time.Time) ([]domain.Event, error) {
			return x.Distil(domain.Distillate{Claim: "Beta helps."}, now), nil
		})
		expect("alpha", "two")
		expect("beta", "one")
		change(func(x *domain.Learning, _ time.Time) ([]domain.Event, error) { return x.Retire("Beta does not help.") })
		expect("beta", "")
		expect("alpha", "two")
		// A transaction that fails leaves the index as it was.
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
			learn(t, tx, told{id: "three", claim: "Gamma."})
			return fault.New(fault.Aborted, "TEST", "No.")
		})
		if fault.From(err).Reason != "TEST" {
			t.Fatal(err)
		}
		expect("gamma", "")
	})
}

func TestSearchesArePaged(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		var all []told
		for i := range 25 {
			all = append(all, told{id: fmt.Sprintf("e%02d", i), claim: "Identical words.", team: fmt.Sprint("team", i%2)})
		}
		fill(t, l, all...)
		q := store.SearchQuery{Text: "identical", PageSize: 10, Principal: "users/mina"}
		seen := map[string]bool{}
		for pages := 0; ; pages++ {
			found := search(t, l, q)
			for _, f := range found.Findings {
				seen[f.Learning.Value.Name] = true
			}
			if found.Next == "" {
				if len(seen) != 25 || pages != 2 {
					t.Errorf("%d learnings in %d pages", len(seen), pages+1)
				}
				break
			}
			q.PageToken = found.Next
		}
		for name, change := range map[string]func(*store.SearchQuery){
			"caller": func(q *store.SearchQuery) { q.Principal = "users/jo" },
			"text":   func(q *store.SearchQuery) { q.Text = "words" },
			"team":   func(q *store.SearchQuery) { q.Team = "team1" },
			"token":  func(q *store.SearchQuery) { q.PageToken += "A" },
		} {
			other := q
			change(&other)
			if _, err := store.Search(t.Context(), l, other); fault.From(err).Reason != "PAGE_TOKEN_INVALID" {
				t.Errorf("a token for another %s: %v", name, err)
			}
		}
		if n := len(search(t, l, store.SearchQuery{Text: "identical"}).Findings); n != 20 {
			t.Errorf("a page has %d without a wish", n)
		}
		if n := len(search(t, l, store.SearchQuery{Text: "identical", PageSize: 1 << 30, Team: "team1"}).Findings); n != 12 {
			t.Errorf("%d learnings of a team", n)
		}
		if _, err := store.Search(t.Context(), l, store.SearchQuery{Text: "identical", PageSize: -1}); fault.From(err).Reason != "PAGE_SIZE_INVALID" {
			t.Errorf("a negative page: %v", err)
		}
	})
}

func TestTheAnswerSaysWhenItWasCapped(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		all := make([]told, 0, 2001)
		for i := range 2000 {
			all = append(all, told{id: fmt.Sprint("e", i), claim: "Identical words."})
		}
		all[0].claim = "Identical words are rare."
		fill(t, l, all...)
		if search(t, l, store.SearchQuery{Text: "identical"}).Capped {
			t.Error("2,000 matches were capped")
		}
		fill(t, l, told{id: "one-more", claim: "Identical words."})
		found := search(t, l, store.SearchQuery{Text: "identical"})
		if !found.Capped || len(found.Findings) != 20 {
			t.Errorf("2,001 matches: capped %v, %d found", found.Capped, len(found.Findings))
		}
		if found := search(t, l, store.SearchQuery{Text: "identical rare"}); found.Capped || foundIDs(found) != "e0" {
			t.Errorf("narrower words: capped %v, found %q", found.Capped, foundIDs(found))
		}
	})
}

var hostile = []string{
	"", " ", `"`, `""`, `"""`, "*", "rota*", `rota"*`, "(", ")", "rota OR", "AND", "NOT", "NEAR(rota wait, 2)", "claim:rota", "{claim}:rota", "-rota", "^rota",
	"rota)", "';drop table learnings;--", `\`, `rota\`, `'`, "rota' | 'x", "rota:*", "!rota", "rota & ", "<->", "rota <-> x", "\x00", "ro\x00ta", "\xff\xfe", "ro\xffta",
	"\ue000", "\ue0007061796d656e7473", "\u0301", "é", "ﬁ", "İ", "ß", "漢字", "नमस्ते", "𝔯𝔬𝔱𝔞", "👩‍💻", "½", "the", "the and of", "\"the\"",
	strings.Repeat("a", 400), strings.Repeat("a ", 200), strings.Repeat(`"a" `, 100), strings.Repeat("(", 400), strings.Repeat("rota ", 80), strings.Repeat("é", 100),
	"«»", "„“", "a\u200bb", "rota\u00ad", "$1", "%s", "{{.}}", "<b>",
}

func TestNothingThatIsTypedIsAnError(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l, corpus...)
		for _, text := range hostile {
			for _, team := range []string{"", "payments", `"`, "'"} {
				for _, f := range search(t, l, store.SearchQuery{Text: text, Team: team}).Findings {
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
		found, err := store.Search(t.Context(), l, store.SearchQuery{Text: text, Team: team})
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
