package store

import (
	"context"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

func searchPostgres(ctx context.Context, q db.Queryer, terms []term, team string, limit, offset int) ([]hit, error) {
	var where conditions
	query := where.matchPostgres(terms)
	most, size, from := where.arg(candidates+1), where.arg(limit), where.arg(offset)
	byTeam := ""
	if team != "" {
		byTeam = " and team = " + where.arg(team)
	}
	return db.All[hit](ctx, q, `with q as materialized (
	select `+query+` as q
), c as materialized (
	select t.id, ts_rank('{0.3, 0.4, 0.6, 1.0}', t.words, q.q)::float8 as score
	from learnings_text t, q where t.words @@ q.q`+byTeam+` order by t.id desc limit `+most+`
), page as (
	select id, score from c order by score desc, id desc limit `+size+` offset `+from+`
)
select t.id, t.name, page.score, (select count(*) from c) as matched,
	ts_headline('english', t.body, q.q, 'StartSel=«, StopSel=», MaxWords=24, MinWords=12') as snippet
from q, page join learnings_text t on t.id = page.id
order by page.score desc, page.id desc`, where.args...)
}

// matchPostgres writes terms as a tsquery. Words are arguments; only a beginning needs Postgres' own language, and is quoted.
func (c *conditions) matchPostgres(terms []term) string {
	parts := make([]string, len(terms))
	for i, t := range terms {
		words := strings.Fields(plain(strings.Join(t.words, " ")))
		phrase := "phraseto_tsquery('english', " + c.arg(strings.Join(words, " ")) + "::text)"
		if t.prefix && len(words) > 0 {
			quoted := "'" + strings.Join(words, "' <-> '") + "':*"
			phrase = "(" + phrase + " || to_tsquery('english', " + c.arg(quoted) + "::text))"
		}
		parts[i] = phrase
	}
	return "(" + strings.Join(parts, " && ") + ")"
}
