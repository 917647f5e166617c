package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// vectorRow is a candidate with its stems, places and weights as Postgres writes them.
type vectorRow struct {
	hit
	Tokens int64  `db:"tokens"`
	Words  string `db:"words"`
}

// rankPostgres is rankSQLite for Postgres, which has no BM25: the newest matches are fetched with their places and ranked here.
func rankPostgres(ctx context.Context, q db.Queryer, m match, limit int) ([]hit, error) {
	where := conditions{}
	query := matchPostgres(&where, m, "t.id, i.evidence, i.confirmed, i.review_by, t.tokens, t.words::text as words")
	rows, err := db.All[vectorRow](ctx, q, query, where.args...)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	var phrases []phrase
	for _, g := range m.groups {
		phrases = append(phrases, g.phrases...)
	}
	weight, mean, err := idfPostgres(ctx, q, phrases)
	if err != nil {
		return nil, err
	}
	hits := make([]hit, len(rows))
	for i, row := range rows {
		for p, phrase := range phrases {
			row.Text += bm25(weight[p], frequency(row.Words, phrase), float64(row.Tokens), mean)
		}
		hits[i] = row.hit
		hits[i].Matched = len(rows)
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Or(cmp.Compare(b.Text, a.Text), cmp.Compare(b.ID, a.ID)) })
	return hits[:min(len(hits), limit)], nil
}

// idfPostgres is the weight of each phrase, and the mean number of tokens.
func idfPostgres(ctx context.Context, q db.Queryer, phrases []phrase) (weight []float64, mean float64, err error) {
	type totals struct {
		Documents int64 `db:"documents"`
		Tokens    int64 `db:"tokens"`
	}
	all, _, err := db.One[totals](ctx, q, "select documents, tokens from search_index where id = 1")
	if err != nil {
		return nil, 0, err
	}
	var stems []string
	for _, p := range phrases {
		if len(p) == 1 {
			stems = append(stems, p[0])
		}
	}
	known, err := counts(ctx, q, stems)
	if err != nil {
		return nil, 0, err
	}
	for _, p := range phrases {
		n := known[p[0]]
		if len(p) > 1 {
			if n, _, err = db.One[int64](ctx, q, "select count(*) from learnings_text where words @@ $1::text::tsquery", writePhrase(p)); err != nil {
				return nil, 0, err
			}
		}
		weight = append(weight, idf(all.Documents, n))
	}
	return weight, float64(all.Tokens) / float64(max(all.Documents, 1)), nil
}

// matchPostgres is the query for the newest matches, newest first.
func matchPostgres(where *conditions, m match, columns string) string {
	where.add("t.words @@ ", writePostgres(m))
	where.text[0] += "::text::tsquery"
	m.filter.described(where)
	return "select " + columns + " from learnings_text t join learnings_indexed i on i.id = t.id" + where.String() +
		" order by t.id desc limit " + where.arg(m.most+1)
}

// writePostgres writes a match in Postgres' language, every stem quoted.
func writePostgres(m match) string {
	text := m.boolean(func(g group) string {
		phrases := make([]string, len(g.phrases))
		for i, p := range g.phrases {
			phrases[i] = writePhrase(p)
		}
		return "(" + strings.Join(phrases, " | ") + ")"
	}, " & ", " | ")
	for _, k := range m.filter.keys() {
		text = "'" + k + "' & " + text
	}
	return text
}

func writePhrase(p phrase) string { return "('" + strings.Join(p, "' <-> '") + "')" }

// place is where a stem stands, and what a word weighs there.
type place struct {
	at     int
	weight float64
}

// frequency adds up what the places of a phrase weigh in a vector as Postgres writes it.
func frequency(vector string, p phrase) float64 {
	sum := 0.0
	first := places(vector, p[0])
	if len(p) == 1 {
		for _, f := range first {
			sum += f.weight
		}
		return sum
	}
	after := make([]map[int]bool, len(p)-1)
	for i, stem := range p[1:] {
		after[i] = map[int]bool{}
		for _, f := range places(vector, stem) {
			after[i][f.at] = true
		}
	}
	for _, f := range first {
		follow := true
		for i := range after {
			follow = follow && after[i][f.at+i+1]
		}
		if follow {
			sum += f.weight
		}
	}
	return sum
}

// places reads the places of one stem: 'stem':3A,17,21C, where D is not written.
func places(vector, stem string) []place {
	start := strings.Index(vector, "'"+stem+"':")
	if start < 0 {
		return nil
	}
	text := vector[start+len(stem)+3:]
	if end := strings.IndexByte(text, ' '); end >= 0 {
		text = text[:end]
	}
	var found []place
	for one := range strings.SplitSeq(text, ",") {
		column := storyColumn
		if last := one[len(one)-1]; last >= 'A' {
			column, one = int(last-'A'), one[:len(one)-1]
		}
		at, err := strconv.Atoi(one)
		if err == nil {
			found = append(found, place{at, weights[column]})
		}
	}
	return found
}
