package store_test

import (
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

var corpus = []told{
	{
		id: "rota", claim: "A review rota halves the waiting time.", situation: "Six developers in one office.",
		tried: "Two named reviewers each morning.", happened: "Median wait fell from 9.5 to 4.6 hours.", tags: []string{"code-review", "flow"},
		mayNotHold: "In asynchronous teams.", howToTry: "Put it into the calendar.", context: domain.Context{Process: "Merging changes"},
	},
	{
		id: "pairing", claim: "Pairing finds defects before they run.", situation: "Legacy payment code.",
		tried: "Pairs on each risky change.", happened: "Reviews became shorter, running tests were fewer.",
		context: domain.Context{ConstraintType: "hand-over"},
	},
	{id: "cafe", team: "search", claim: "Métriques du café: naïve caching fails.", situation: "Ürün ekibi 漢字", happened: "The cache was stale."},
	{
		id: "flags", team: "search-eu", claim: "Feature flags shorten the release.", tried: "Flags with an owner's name.", tags: []string{"release"},
		context: domain.Context{Stack: []string{"kubernetes"}},
	},
	{id: "hidden", claim: "A secretive draft about the rota.", draft: true},
}

func search(t testing.TB, l *eventlog.Log, q store.SearchQuery) store.Findings {
	t.Helper()
	found, err := store.Search(t.Context(), l, q)
	if err != nil {
		t.Fatalf("searching %q: %v", q.Text, err)
	}
	return found
}

// grade gives a learning a grade, as its evidence would.
func grade(t testing.TB, l *eventlog.Log, name string, g domain.Grade) {
	t.Helper()
	err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
		_, err := store.Change(tx, name, "", func(x *domain.Learning, _ time.Time) ([]domain.Event, error) {
			x.Grade = g
			return []domain.Event{domain.LearningGradeChanged}, nil
		})
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
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
			{"words in different learnings", "review flags", "", "flags rota pairing"},
			{"a learning with all words comes first", "reviewers shorter", "", "pairing rota"},
			{"in different fields", "wait reviewers", "", "rota pairing"},
			{"a word of where it may not hold", "asynchronous", "", "rota"},
			{"a word of how to try it", "calendar", "", "rota"},
			{"the process", "merging", "", "rota"},
			{"the type of constraint", "hand-over", "", "pairing"},
			{"the stack", "kubernetes", "", "flags"},
			{"a last word as a beginning", "review ro", "", "rota pairing"},
			{"a beginning that is longer than the stem", "calenda", "", "rota"},
			{"a long beginning", "asynchronou", "", "rota"},
			{"a word that is not the last is no beginning", "ro review", "", "rota pairing"},
			{"a single letter is no beginning", "r", "", ""},
			{"a phrase", `"review rota"`, "", "rota"},
			{"a phrase of other forms", `"reviews rotas"`, "", "rota"},
			{"a phrase in another order", `"rota review"`, "", ""},
			{"a phrase is no beginning", `"review ro"`, "", ""},
			{"a phrase goes not across fields", `"time six"`, "", ""},
			{"a phrase goes not across texts of a column", `"morning median"`, "", ""},
			{"a phrase and a word", `"review rota" office`, "", "rota"},
			{"a phrase must be there", `"review rota" office release`, "", "rota"},
			{"a phrase that was not closed", `office "review rota`, "", "rota"},
			{"typographic quotes", "„review rota“", "", "rota"},
			{"an accent that was not typed", "cafe", "", "cafe"},
			{"an accent that is not there", "röta", "", "rota"},
			{"accents on both sides", "métriques naïve", "", "cafe"},
			{"a tag", "code-review", "", "rota"},
			{"half a tag", "code-rev", "", "rota"},
			{"a number", "4.6", "", "rota"},
			{"an apostrophe", "owner's flags", "", "flags"},
			{"words that say nothing are passed over", "what is the rota", "", "rota"},
			{"in one team", "flags", "search-eu", "flags"},
			{"in another team", "flags", "search", ""},
			{"the name of a team is no text", "search", "", ""},
			{"drafts are not found", "secretive", "", ""},
			{"other writing", "漢字", "", "cafe"},
		} {
			t.Run(c.name, func(t *testing.T) {
				found := search(t, l, store.SearchQuery{Text: c.text, Filter: store.Filter{Team: c.team}})
				if got := foundIDs(found); got != c.want || found.Capped || found.Next != "" || len(found.Corrections) > 0 {
					t.Errorf("%q finds %q, want %q; %+v", c.text, got, c.want, found.Corrections)
				}
			})
		}
	})
}

// What nothing has is read as the nearest that something has.
func TestTypingErrors(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l, corpus...)
		fill(t, l, told{id: "tie-b", claim: "Barks."}, told{id: "tie-c", claim: "Carks."},
			told{id: "more", claim: "Sarks one."}, told{id: "more-2", claim: "Sarks two."})
		for _, c := range []struct{ text, want, corrections string }{
			{"revei" + "w rota", "rota pairing", "revei" + "w=review"}, // spelled apart, so that nobody corrects it here
			{"Pairign", "pairing", "Pairign=pairing"},
			{"calandar", "rota", "calandar=calendar"},
			{"asinchronus", "rota", "asinchronus=asynchronous"}, // two errors in a long word
			{`"reviw rota"`, "rota", "reviw=review"},
			{"code-reviw", "rota", "reviw=review"},
			{"rat", "", ""},                         // too short for an error
			{"flegz", "", ""},                       // two errors in a short word
			{"röto", "rota", "röto=rota"},           // typed as it was
			{"xarks", "more-2 more", "xarks=sarks"}, // as near as barks, and in more learnings
			{"rota qqqqqqqq", "rota", ""},
			{`"rota qqqqqqqq"`, "", ""},
			{"12345", "", ""},
		} {
			found := search(t, l, store.SearchQuery{Text: c.text})
			var corrections []string
			for _, x := range found.Corrections {
				corrections = append(corrections, x.Typed+"="+x.ReadAs)
			}
			if got := foundIDs(found); got != c.want || strings.Join(corrections, " ") != c.corrections {
				t.Errorf("%q finds %q read as %q, want %q read as %q", c.text, got, corrections, c.want, c.corrections)
			}
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
			if i > 0 && f.Parts.Score() > found.Findings[i-1].Parts.Score() {
				t.Errorf("score %d is greater than the one before: %v", i, f.Parts.Score())
			}
		}
	})
}
