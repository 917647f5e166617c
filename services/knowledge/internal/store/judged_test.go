package store_test

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// lines reads a judged file: fields between bars.
func lines(t testing.TB, file string) [][]string {
	t.Helper()
	text, err := os.ReadFile("testdata/judged/" + file)
	if err != nil {
		t.Fatal(err)
	}
	var all [][]string
	for line := range strings.SplitSeq(string(text), "\n") {
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		fields := strings.Split(line, " | ")
		for i, f := range fields {
			fields[i] = strings.TrimSpace(f)
		}
		all = append(all, fields)
	}
	return all
}

// judgedCorpus are the judged learnings, published an hour apart.
func judgedCorpus(t testing.TB) []told {
	t.Helper()
	var all []told
	for i, f := range lines(t, "learnings.txt") {
		all = append(all, told{
			id: f[0], team: f[1], tags: strings.Split(f[2], ", "), claim: f[3], situation: f[4], tried: f[5], happened: f[6],
			at: monday.Add(time.Duration(i) * time.Hour),
		})
	}
	return all
}

// ndcg is the normalised discounted cumulative gain of the first ten (Järvelin and Kekäläinen, 2002, with the gain 2^relevance − 1).
func ndcg(found []string, judged map[string]int) float64 {
	gain := func(relevance, place int) float64 {
		return (math.Exp2(float64(relevance)) - 1) / math.Log2(float64(place)+2)
	}
	got, best := 0.0, 0.0
	for i, id := range found[:min(len(found), 10)] {
		got += gain(judged[id], i)
	}
	var all []int
	for _, relevance := range judged {
		all = append(all, relevance)
	}
	slices.SortFunc(all, func(a, b int) int { return cmp.Compare(b, a) })
	for i, relevance := range all[:min(len(all), 10)] {
		best += gain(relevance, i)
	}
	return got / best
}

// goodness adds up nDCG@10 over queries: of the search, and of plain bm25 asked for any of the words and for all.
type goodness struct{ queries, ours, anyWord, allWords float64 }

func (g *goodness) add(ours, anyWord, allWords float64) {
	g.queries, g.ours, g.anyWord, g.allWords = g.queries+1, g.ours+ours, g.anyWord+anyWord, g.allWords+allWords
}

func (g *goodness) String() string {
	return fmt.Sprintf("nDCG@10 over %.0f queries: ours %.4f; plain bm25 of any word %.4f, of all words %.4f",
		g.queries, g.ours/g.queries, g.anyWord/g.queries, g.allWords/g.queries)
}

// TestJudgedQueries prints how good the search is beside FTS5's own bm25 with porter stems, asked for any of the words and for all: the
// better of the two is what must be reached. Every second query is held out: weights and thresholds are not chosen by those, so that they tell
// whether the others were learned by heart.
func TestJudgedQueries(t *testing.T) {
	queries := lines(t, "queries.txt")
	if len(queries) < 60 {
		t.Fatalf("%d queries are judged", len(queries))
	}
	plain := openLog(t, dbtest.Open(t, db.SQLite, tables))
	names := fill(t, plain, judgedCorpus(t)...)
	plainIndex(t, plain)
	ids := map[int64]string{}
	for id, name := range names {
		n, _, err := db.One[int64](t.Context(), plain.DB().Read(), "select id from learnings_indexed where name = $1", name)
		if err != nil {
			t.Fatal(err)
		}
		ids[n] = id
	}
	byPlain := func(text, between string) (found []string) {
		hits, err := db.All[ranked](t.Context(), plain.DB().Read(), plainQuery, plainMatch(text, between))
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			found = append(found, ids[h.ID])
		}
		return found
	}
	each(t, func(t *testing.T, l *eventlog.Log) {
		fill(t, l, judgedCorpus(t)...)
		var all, chosenBy, heldOut goodness
		for i, q := range queries {
			judged := map[string]int{}
			for _, field := range strings.Fields(q[1]) {
				id, relevance, _ := strings.Cut(field, "=")
				judged[id], _ = strconv.Atoi(relevance)
			}
			found := strings.Fields(foundIDs(search(t, l, store.SearchQuery{Text: q[0], PageSize: 10})))
			ours, anyWord, allWords := ndcg(found, judged), ndcg(byPlain(q[0], " OR "), judged), ndcg(byPlain(q[0], " AND "), judged)
			all.add(ours, anyWord, allWords)
			if i%2 == 0 {
				chosenBy.add(ours, anyWord, allWords)
			} else {
				heldOut.add(ours, anyWord, allWords)
			}
			t.Logf("%-55s ours %.3f  any %.3f  all %.3f", q[0], ours, anyWord, allWords)
		}
		t.Logf("%s\nthe half that may be chosen by: %s\nthe held-out half: %s", &all, &chosenBy, &heldOut)
		for _, g := range []*goodness{&all, &heldOut} {
			if g.ours < max(g.anyWord, g.allWords) {
				t.Errorf("plain bm25 is better: %s", g)
			}
		}
	})
}
