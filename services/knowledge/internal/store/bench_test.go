package store_test

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
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

// benchLearnings is 100,000, or what BENCH_LEARNINGS says.
func benchLearnings(b *testing.B) int {
	b.Helper()
	n, err := strconv.Atoi(os.Getenv("BENCH_LEARNINGS"))
	if err != nil {
		return 100_000
	}
	return n
}

// invented is a language of so many words, of which the nth comes 1/n as often as the first, as in any language.
type invented struct {
	words  []string
	random *rand.Rand
	spread float64
}

func newInvented(count int) *invented {
	v := &invented{random: rand.New(rand.NewPCG(1, 2)), spread: math.Log(float64(count))}
	syllables := []string{"ba", "de", "ki", "lo", "mu", "na", "pe", "ri", "so", "tu", "va", "zo", "gra", "ste", "fli", "cho"}
	for i := range count {
		word := ""
		for n := i + 16*16; n > 0; n /= 16 {
			word += syllables[n%16]
		}
		v.words = append(v.words, word)
	}
	return v
}

func (v *invented) word() string {
	return v.words[min(int(math.Exp(v.random.Float64()*v.spread)), len(v.words)-1)]
}

func (v *invented) text(words int) string {
	all := make([]string, words)
	for i := range all {
		all[i] = v.word()
	}
	return strings.Join(all, " ") + "."
}

// benchLearning is one of a base of texts of about 60 words, in which some words hang in every second learning, every tenth, and so on.
func benchLearning(language *invented, i int) *domain.Learning {
	l, err := domain.New(fmt.Sprintf("teams/team%d/cycles/c/experiments/e%d", i%200, i))
	if err != nil {
		panic(err)
	}
	l.Claim = language.text(12)
	for _, share := range []struct {
		n    int
		word string
	}{{2, "half"}, {10, "tenth"}, {33, "thirtieth"}, {100, "hundredth"}, {1000, "thousandth"}, {10000, "myriadth"}} {
		if i%share.n == 0 {
			l.Claim += " " + share.word
		}
	}
	l.Situation, l.Tried, l.Happened, l.Verdict = language.text(16), language.text(12), language.text(20), "AS_PREDICTED"
	l.Tags = []string{"tag-" + language.words[i%50]}
	l.State, l.Since = domain.Published, monday.Add(time.Duration(i)*time.Second)
	l.PublishTime = l.Since
	return l
}

// benchBase is an empty database, or the file that BENCH_BASE names, which is kept for the next run.
func benchBase(b *testing.B) *db.DB {
	b.Helper()
	cfg := dbtest.Config(b, db.SQLite)
	cfg.Migrations = tables
	if file := os.Getenv("BENCH_BASE"); file != "" {
		cfg.URL = "sqlite:" + file
	}
	return dbtest.Start(b, cfg)
}

// benchLog is a base whose rows were put into the table, and whose index is made by Rebuild.
func benchLog(b *testing.B) *eventlog.Log {
	b.Helper()
	l := openLog(b, benchBase(b))
	if n, _, err := db.One[int](b.Context(), l.DB().Read(), "select documents from search_index"); err != nil || n == benchLearnings(b) {
		return l
	}
	language := newInvented(30_000)
	const step = 2000
	begun := time.Now()
	for from := 0; from < benchLearnings(b); from += step {
		var some []*domain.Learning
		for i := from; i < from+step; i++ {
			some = append(some, benchLearning(language, i))
		}
		patiently(b, func() error {
			return l.DB().Write(b.Context(), func(tx *db.Tx) error {
				for _, x := range some {
					doc, err := json.Marshal(x)
					if err != nil {
						return err
					}
					if _, err := tx.Exec(`insert into learnings (name, parent, team, state, sort_key, version, doc, create_time, update_time)
						values ($1, $2, $3, $4, $5, 1, $6, 0, 0) on conflict do nothing`,
						x.Name, x.Cycle, x.TeamID(), string(x.State), fmt.Sprintf("%020d", x.Since.UnixMicro()), string(doc)); err != nil {
						return err
					}
				}
				return nil
			})
		})
	}
	fmt.Printf("%d learnings put into the table in %v\n", benchLearnings(b), time.Since(begun).Round(time.Second))
	begun = time.Now()
	patiently(b, func() error { return store.Rebuild(b.Context(), l) })
	fmt.Printf("and indexed in %v\n", time.Since(begun).Round(time.Second))
	return l
}

// plainIndex is what SQLite does by itself: the same texts in an FTS5 table, stemmed by its porter.
func plainIndex(b testing.TB, l *eventlog.Log) {
	b.Helper()
	exec := func(query string, args ...any) (changed int64) {
		patiently(b, func() error {
			return l.DB().Write(b.Context(), func(tx *db.Tx) (err error) {
				changed, err = tx.Exec(query, args...)
				return err
			})
		})
		return changed
	}
	exec(`create virtual table if not exists plain using fts5 (claim, situation, tried, happened, may_not_hold, how_to_try, tags,
		tokenize = 'porter unicode61')`)
	same, _, err := db.One[bool](b.Context(), l.DB().Read(), "select (select count(*) from plain_docsize) = (select documents from search_index)")
	if err != nil || same {
		return
	}
	const step = 2000
	for from := 0; exec(`insert or replace into plain (rowid, claim, situation, tried, happened, may_not_hold, how_to_try, tags)
		select i.id, doc ->> 'claim', doc ->> 'situation', doc ->> 'tried', doc ->> 'happened', doc ->> 'mayNotHold', doc ->> 'howToTry', doc ->> 'tags'
		from learnings_indexed i cross join learnings l on i.name = l.name where i.id > $1 and i.id <= $1 + $2`, from, step) > 0; from += step {
	}
}

// patiently repeats a write that a busy machine was too slow for.
func patiently(b testing.TB, write func() error) {
	b.Helper()
	for {
		err := write()
		if err == nil {
			return
		}
		if fault.From(err).Reason != "OUTCOME_UNKNOWN" {
			b.Fatal(err)
		}
	}
}

// ranked is a row of the plain query.
type ranked struct {
	ID    int64   `db:"id"`
	Score float64 `db:"score"`
}

// plainQuery is the textbook's: the best 20 of all matches by bm25.
const plainQuery = "select rowid as id, rank as score from plain where plain match $1 order by rank limit 20"

// plainMatch is the same text in FTS5's language.
func plainMatch(text, between string) string {
	if strings.HasPrefix(text, `"`) {
		return text
	}
	return `"` + strings.Join(strings.Fields(text), `"`+between+`"`) + `"`
}

// benchQueries are words of every frequency, alone and together.
func benchQueries(language *invented) []string {
	all := []string{"half", "tenth", "thirtieth", "hundredth", "thousandth", "myriadth", "tenth thirtieth", "half tenth", "hundredth half"}
	for _, n := range []int{0, 3, 10, 30, 100, 300, 1000, 3000, 10000} {
		all = append(all, language.words[n])
	}
	for _, n := range [][]int{{5, 20}, {10, 40}, {20, 200}, {50, 80}, {3, 1000}, {2, 8, 30}, {10, 20, 40}, {1, 4, 9, 16}} {
		text := ""
		for _, i := range n {
			text += language.words[i] + " "
		}
		all = append(all, strings.TrimSpace(text))
	}
	return append(all, `"`+language.words[0]+" "+language.words[1]+`"`, `"`+language.words[3]+" "+language.words[9]+`"`)
}

// BenchmarkSearchBesidePlain is what a search costs beside the plain query of the same text in the same run: the medians of both, by turns, and
// their ratio. The plain query answers with ids and scores only, and takes no word for a beginning.
func BenchmarkSearchBesidePlain(b *testing.B) {
	l := benchLog(b)
	begun := time.Now()
	plainIndex(b, l)
	fmt.Printf("the plain index took %v\n", time.Since(begun).Round(time.Second))
	var searches, plains, ratios []float64
	for _, text := range benchQueries(newInvented(30_000)) {
		match := plainMatch(text, " AND ")
		var ours, theirs []float64
		found := 0
		for begun := time.Now(); len(ours) < 9 && time.Since(begun) < 5*time.Second || time.Since(begun) < 300*time.Millisecond && len(ours) < 101; {
			at := time.Now()
			if _, err := db.All[ranked](b.Context(), l.DB().Read(), plainQuery, match); err != nil {
				b.Fatal(err)
			}
			theirs = append(theirs, time.Since(at).Seconds()*1000)
			at = time.Now()
			answer, err := store.Search(b.Context(), l, store.SearchQuery{Text: text})
			if err != nil {
				b.Fatal(err)
			}
			ours = append(ours, time.Since(at).Seconds()*1000)
			found = len(answer.Findings)
		}
		our, their := median(ours), median(theirs)
		searches, plains, ratios = append(searches, our), append(plains, their), append(ratios, our/their)
		fmt.Printf("%-40s %3d found  search %8.3f ms  plain bm25 %8.3f ms  ratio %5.2f\n", text, found, our, their, our/their)
	}
	b.ReportMetric(median(searches), "search-p50-ms")
	b.ReportMetric(median(plains), "plain-p50-ms")
	b.ReportMetric(median(searches)/median(plains), "p50-ratio")
	b.ReportMetric(median(ratios), "median-of-ratios")
}

func median(all []float64) float64 {
	sorted := slices.Sorted(slices.Values(all))
	return sorted[len(sorted)/2]
}
