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

const benchLearnings = 100_000

// benchLog is a knowledge base in which half hangs in every second learning, tenth in every tenth, and so on.
func benchLog(b *testing.B) *eventlog.Log {
	b.Helper()
	l := openLog(b, dbtest.Open(b, db.SQLite, tables))
	state := uint32(1)
	word := func() string { // a vocabulary of 5,000 words
		state = state*1664525 + 1013904223
		return fmt.Sprintf("word%d", state>>16%5000)
	}
	for from := 0; from < benchLearnings; from += 250 {
		err := l.Do(b.Context(), func(tx *eventlog.Tx) error {
			for i := from; i < from+250; i++ {
				text := make([]string, 40)
				for j := range text {
					text[j] = word()
				}
				for share, marker := range map[int]string{2: "half", 10: "tenth", 33: "thirtieth", 100: "hundredth", 1000: "thousandth"} {
					if i%share == 0 {
						text[share%len(text)] = marker
					}
				}
				experiment := fmt.Sprintf("teams/team%d/cycles/c/experiments/e%d", i%200, i)
				err := store.Learn(tx, experiment, func(x *domain.Learning) []domain.Event {
					return x.Distil(domain.Distillate{Claim: strings.Join(text[:20], " "), Situation: strings.Join(text[20:], " ")}, monday)
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
	return l
}

// BenchmarkSearch compares a search, as a request gets it, with what FTS5 alone takes in the same run: all matches ranked, and
// the newest 2,000 ranked.
func BenchmarkSearch(b *testing.B) {
	l := benchLog(b)
	type ranked struct {
		ID    int64   `db:"id"`
		Score float64 `db:"score"`
	}
	raw := func(query string, match string) func(b *testing.B) {
		return func(b *testing.B) {
			for b.Loop() {
				if _, err := db.All[ranked](b.Context(), l.DB().Read(), query, match); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	for _, text := range []string{"half", "tenth", "hundredth", "thousandth", "tenth thirtieth", `"word17 word"`, "wor", "word17"} {
		// The same words as a search has them: the last one is also a beginning.
		words := strings.Fields(strings.Trim(text, `"`))
		match := `"` + strings.Join(words, `" AND "`) + `"`
		if strings.HasPrefix(text, `"`) {
			match = text
		} else {
			last := `"` + words[len(words)-1] + `"`
			match = strings.TrimSuffix(match, last) + "(" + last + " OR " + last + " *)"
		}
		b.Run(text+"/raw all ranked", raw("select rowid as id, rank as score from learnings_text where learnings_text match $1 order by rank limit 20", match))
		b.Run(text+"/raw newest ranked", raw("select * from (select rowid as id, rank as score from learnings_text where learnings_text match $1 order by rowid desc limit 2001) order by score limit 20", match))
		b.Run(text+"/search", func(b *testing.B) {
			for b.Loop() {
				if _, err := store.Search(b.Context(), l, store.SearchQuery{Text: text}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("tenth/search in a team", func(b *testing.B) {
		for b.Loop() {
			found, err := store.Search(b.Context(), l, store.SearchQuery{Text: "tenth", Team: "team10"})
			if err != nil || len(found.Findings) == 0 {
				b.Fatal(len(found.Findings), err)
			}
		}
	})
}
