package store

import (
	"context"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// A word in the claim weighs most; the team's made-up word nothing. Only the page's rows get a snippet, and by the typed words
// alone: the team's word must not show.
const sqliteSearch = `with c as materialized (
	select rowid as id, bm25(learnings_text, 10.0, 4.0, 3.0, 3.0, 6.0, 0.0) as score
	from learnings_text where learnings_text match $1 order by rowid desc limit $2
), page as (
	select id, score from c order by score, id desc limit $3 offset $4
)
select i.name, -page.score as score, (select count(*) from c) as matched,
	(select snippet(learnings_text, -1, '«', '»', '…', 24) from learnings_text where learnings_text match $5 and rowid = page.id) as snippet
from page join learnings_indexed i on i.id = page.id
order by page.score, page.id desc`

func searchSQLite(ctx context.Context, q db.Queryer, terms []term, team string, limit, offset int) ([]hit, error) {
	typed := matchSQLite(terms)
	match := typed
	if team != "" {
		match = `team : "` + teamWord(team) + `" AND ` + typed
	}
	return db.All[hit](ctx, q, sqliteSearch, match, candidates+1, limit, offset, typed)
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
