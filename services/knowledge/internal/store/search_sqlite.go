package store

import (
	"context"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// A word in the claim weighs most; the team's made-up word nothing.
const sqliteRanked = `with c as materialized (
	select rowid as id, bm25(learnings_text, 10.0, 4.0, 3.0, 3.0, 6.0, 0.0) as score
	from learnings_text where learnings_text match $1 order by rowid desc limit $2
), page as (
	select id, score from c order by score, id desc limit $3 offset $4
)
select i.id, i.name, -page.score as score, (select count(*) from c) as matched
from page join learnings_indexed i on i.id = page.id
order by page.score, page.id desc`

// Only the page's rows get a snippet, and by the typed words alone: the team's word must not show. The plus keeps SQLite from
// running the whole match again for every row: this way it is one pass, from the newest match down to the page's oldest.
const sqliteSnippets = `select rowid as id, snippet(learnings_text, -1, '«', '»', '…', 24) as snippet
from learnings_text where learnings_text match $1 and rowid between $2 and $3 and +rowid in (`

func searchSQLite(ctx context.Context, q db.Queryer, terms []term, team string, limit, offset int) ([]hit, error) {
	typed := matchSQLite(terms)
	match := typed
	if team != "" {
		match = `team : "` + teamWord(team) + `" AND ` + typed
	}
	hits, err := db.All[hit](ctx, q, sqliteRanked, match, candidates+1, limit, offset)
	if err != nil || len(hits) == 0 {
		return nil, err
	}
	oldest, newest := hits[0].ID, hits[0].ID
	for _, h := range hits {
		oldest, newest = min(oldest, h.ID), max(newest, h.ID)
	}
	where := conditions{args: []any{typed, oldest, newest}}
	places := make([]string, len(hits))
	for i, h := range hits {
		places[i] = where.arg(h.ID)
	}
	snippets, err := db.All[hit](ctx, q, sqliteSnippets+strings.Join(places, ", ")+")", where.args...)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]string, len(snippets))
	for _, s := range snippets {
		byID[s.ID] = s.Snippet
	}
	for i := range hits {
		hits[i].Snippet = byID[hits[i].ID]
	}
	return hits, nil
}

// matchSQLite writes terms in FTS5's language, every word quoted. A beginning is also looked for as a whole word, which is
// stemmed: "running" finds "run", which "running*" does not.
func matchSQLite(terms []term) string {
	var b strings.Builder
	for i, t := range terms {
		if i > 0 {
			b.WriteString(" AND ")
		}
		phrase := `"` + strings.Join(t.words, " ") + `"`
		if t.prefix {
			phrase = "(" + phrase + " OR " + phrase + " *)"
		}
		b.WriteString(phrase)
	}
	return b.String()
}
