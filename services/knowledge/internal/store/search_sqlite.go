package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// hit is a learning that matches.
type hit struct {
	ID        int64   `db:"id"`
	Text      float64 `db:"text"`
	Evidence  float64 `db:"evidence"`
	Confirmed int64   `db:"confirmed"`
	ReviewBy  int64   `db:"review_by"`
	Matched   int     `db:"matched"`
}

// bm25SQLite is FTS5's own: bm25.go has its formula. The made-up words weigh nothing.
var bm25SQLite = fmt.Sprintf("bm25(learnings_text, %g, %g, %g, %g, 0)",
	weights[claimColumn], weights[labelsColumn], weights[situationColumn], weights[storyColumn])

// rankSQLite is the best by text of the newest matches, best first, each with how many matches there are, one more than m.most at most.
func rankSQLite(ctx context.Context, q db.Queryer, m match, limit int) ([]hit, error) {
	where := conditions{}
	candidates := matchSQLite(&where, m, "rowid as id, "+bm25SQLite+" as score")
	return db.All[hit](ctx, q, `with c as materialized (`+candidates+`
), best as materialized (select id, score from c order by score, id desc limit `+where.arg(limit)+`)
select best.id, -best.score as text, i.evidence, i.confirmed, i.review_by, (select count(*) from c) as matched
from best cross join learnings_indexed i on i.id = best.id order by best.score, best.id desc`, where.args...)
}

// matchSQLite is the query for the newest matches, newest first.
func matchSQLite(where *conditions, m match, columns string) string {
	from := "learnings_text"
	where.add("learnings_text match ", writeSQLite(m))
	before := len(where.text)
	m.filter.described(where)
	if len(where.text) > before {
		from += " cross join learnings_indexed i on i.id = learnings_text.rowid"
	}
	return "select learnings_text." + columns + " from " + from + where.String() + " order by learnings_text.rowid desc limit " + where.arg(m.most+1)
}

// writeSQLite writes a match in FTS5's language, every stem quoted.
func writeSQLite(m match) string {
	text := m.boolean(func(g group) string {
		phrases := make([]string, len(g.phrases))
		for i, p := range g.phrases {
			phrases[i] = `"` + strings.Join(p, " ") + `"`
		}
		return "(" + strings.Join(phrases, " OR ") + ")"
	}, " AND ", " OR ")
	for _, k := range m.filter.keys() {
		text = `keys : "` + k + `" AND ` + text
	}
	return text
}
