package store

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
)

// Facet is how the ranked matches spread over one field.
type Facet struct {
	// Field is tag, grade, verdict or team.
	Field  string
	Values []FacetValue
}

// FacetValue is how many of the ranked matches have a value.
type FacetValue struct {
	Value string
	Count int
}

// facets counts the ranked matches. Tags come by number of matches; everything else by name, for teams are never ranked.
func facets(ctx context.Context, d *db.DB, m match) ([]Facet, error) {
	type row struct {
		Grade   string `db:"grade"`
		Verdict string `db:"verdict"`
		Facets  string `db:"facets"`
	}
	var where conditions
	m.most-- // the engines look for one more, to see whether there are more
	var query string
	if d.Engine() == db.Postgres {
		query = matchPostgres(&where, m, "i.grade, i.verdict, i.facets")
	} else {
		query = "with c as materialized (" + matchSQLite(&where, m, "rowid as id") +
			") select i.grade, i.verdict, i.facets from c cross join learnings_indexed i on i.id = c.id"
	}
	rows, err := db.All[row](ctx, d.Read(), query, where.args...)
	if err != nil {
		return nil, err
	}
	tags, grades, verdicts, teams := map[string]int{}, map[string]int{}, map[string]int{}, map[string]int{}
	for _, r := range rows {
		grades[r.Grade]++
		verdicts[r.Verdict]++
		lines := strings.Split(r.Facets, "\n")
		teams[lines[0]]++
		for _, tag := range lines[1:] {
			tags[tag]++
		}
	}
	return []Facet{
		{"tag", facetValues(tags, func(a, b FacetValue) int { return cmp.Compare(b.Count, a.Count) })},
		{"grade", facetValues(grades, nil)},
		{"verdict", facetValues(verdicts, nil)},
		{"team", facetValues(teams, nil)},
	}, nil
}

func facetValues(counts map[string]int, first func(a, b FacetValue) int) []FacetValue {
	all := make([]FacetValue, 0, len(counts))
	for value, count := range counts {
		if value != "" {
			all = append(all, FacetValue{value, count})
		}
	}
	slices.SortFunc(all, func(a, b FacetValue) int {
		if first != nil && first(a, b) != 0 {
			return first(a, b)
		}
		return cmp.Compare(a.Value, b.Value)
	})
	return all
}
