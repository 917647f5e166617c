package store

import (
	"context"
	"encoding/json"
	"maps"
	"slices"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// counted is how a transaction changes what is known of the index as a whole: its words, in how many learnings each stem is, and how much
// it holds.
type counted struct {
	// plain has the stem of each word, stems how many learnings more have each.
	plain             map[string]string
	stems             map[string]int
	documents, tokens int
}

func (s *counted) add(c *textChange) {
	if s.plain == nil {
		s.plain, s.stems = map[string]string{}, map[string]int{}
	}
	maps.Copy(s.plain, c.to.plain)
	for _, stem := range c.to.stems {
		s.stems[stem]++
	}
	for _, stem := range c.from.stems {
		s.stems[stem]--
	}
	s.documents += c.to.documents() - c.from.documents()
	s.tokens += c.to.tokens() - c.from.tokens()
}

func (s *counted) save(tx *eventlog.Tx) error {
	if err := learnWords(tx, s.plain); err != nil {
		return err
	}
	maps.DeleteFunc(s.stems, func(_ string, more int) bool { return more == 0 })
	if err := countStems(tx, s.stems); err != nil {
		return err
	}
	if s.documents == 0 && s.tokens == 0 {
		return nil
	}
	_, err := tx.Exec("update search_index set documents = documents + $1, tokens = tokens + $2 where id = 1", s.documents, s.tokens)
	return err
}

// learnWords keeps words for beginnings and typing errors. Most of them are known.
func learnWords(tx *eventlog.Tx, plain map[string]string) error {
	if len(plain) == 0 {
		return nil
	}
	unfold := "json_each($1)"
	if tx.Engine() == db.Postgres {
		unfold = "json_array_elements_text($1::text::json) as unfolded (value)"
	}
	// In order, so that neighbours are looked up on the same page.
	fresh, err := db.All[string](context.Background(), tx, "select value from "+unfold+
		" where not exists (select 1 from vocabulary where word = value)", encoded(slices.Sorted(maps.Keys(plain))))
	if err != nil {
		return err
	}
	for _, word := range fresh {
		var fromEnd any
		if r := reversed(word); r != "" {
			fromEnd = r
		}
		_, err := tx.Exec("insert into vocabulary (word, stem, reversed) values ($1, $2, $3) on conflict (word) do nothing", word, plain[word], fromEnd)
		if err != nil {
			return err
		}
	}
	return nil
}

// countStems counts so many learnings more for each stem.
func countStems(tx *eventlog.Tx, more map[string]int) error {
	if len(more) == 0 {
		return nil
	}
	unfold, value := "json_each($1) as counted", "counted.value"
	if tx.Engine() == db.Postgres {
		unfold, value = "json_each_text($1::text::json) as counted", "counted.value::bigint"
	}
	// Most stems are known: only what is new is inserted.
	list := encoded(more) // in the order of the keys
	known, err := tx.Exec("update stems set documents = documents + "+value+" from "+unfold+" where stem = counted.key", list)
	if err != nil || known == int64(len(more)) {
		return err
	}
	_, err = tx.Exec("insert into stems (stem, documents) select counted.key, "+value+" from "+unfold+
		" where true on conflict (stem) do nothing", list)
	return err
}

// encoded writes texts or counts as one argument that the engines make rows of.
func encoded(all any) string {
	text, _ := json.Marshal(all) // texts and numbers always can be
	return string(text)
}
