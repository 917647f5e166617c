package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

const (
	// candidates is how many matches are ranked, the newest: ranking costs by the match, and the base only grows.
	candidates      = 2000
	defaultFindings = 20
	maxFindings     = 100
)

// SearchQuery says what is searched among the published learnings.
type SearchQuery struct {
	// Text is what somebody typed; any text is a query.
	Text string
	// Team is an id; empty means all.
	Team string
	// PageSize 0 means 20; more than 100 is capped.
	PageSize  int32
	PageToken string
	// Principal is the subject of the caller; page tokens are good for nobody else.
	Principal string
}

// Finding is one learning that was found.
type Finding struct {
	Learning record.Row[domain.Learning]
	// Snippet shows where, with the matches between « and ».
	Snippet string
	// Score is greater for a better match; comparable within one search only.
	Score float64
}

// Findings is one page of what was found, best first.
type Findings struct {
	Findings []Finding
	Next     string
	// Capped says that more matched than were ranked.
	Capped bool
}

// hit is a row of either engine's search.
type hit struct {
	ID      int64   `db:"id"`
	Name    string  `db:"name"`
	Snippet string  `db:"snippet"`
	Score   float64 `db:"score"`
	Matched int64   `db:"matched"`
}

// Search finds published learnings that contain everything that was typed. Reasons: PAGE_SIZE_INVALID, PAGE_TOKEN_INVALID.
func Search(ctx context.Context, l *eventlog.Log, q SearchQuery) (Findings, error) {
	size, err := findings(q.PageSize)
	if err != nil {
		return Findings{}, err
	}
	scope := record.Scope("search", q.Text, q.Team, q.Principal)
	offset, err := openOffset(l, scope, q.PageToken)
	if err != nil {
		return Findings{}, err
	}
	terms := parseQuery(q.Text)
	if len(terms) == 0 {
		return Findings{}, nil
	}
	search := searchSQLite
	if l.DB().Engine() == db.Postgres {
		search = searchPostgres
	}
	hits, err := search(ctx, l.DB().Read(), terms, q.Team, size+1, offset)
	if err != nil || len(hits) == 0 {
		return Findings{}, err
	}
	found := Findings{Capped: hits[0].Matched > candidates}
	if len(hits) > size {
		hits = hits[:size]
		found.Next = record.Token(l, scope, strconv.Itoa(offset+size))
	}
	found.Findings, err = withLearnings(ctx, l, hits)
	return found, err
}

func findings(wanted int32) (int, error) {
	if wanted == 0 {
		return defaultFindings, nil
	}
	size, err := record.PageSize(wanted)
	return min(size, maxFindings), err
}

func openOffset(l *eventlog.Log, scope, token string) (int, error) {
	if token == "" {
		return 0, nil
	}
	last, err := record.OpenToken(l, scope, token)
	if err != nil {
		return 0, err
	}
	if len(last) == 1 {
		if offset, err := strconv.Atoi(last[0]); err == nil {
			return offset, nil
		}
	}
	return 0, fault.Invalid("page_token", "PAGE_TOKEN_INVALID", "The page token is not one of this search.")
}

// withLearnings reads the learnings of the hits. One that was retired a moment ago is left out.
func withLearnings(ctx context.Context, l *eventlog.Log, hits []hit) ([]Finding, error) {
	var names conditions
	places := make([]string, len(hits))
	for i, h := range hits {
		places[i] = names.arg(h.Name)
	}
	rows, err := learnings.Select(ctx, l.DB().Read(), l, "select "+record.Columns+" from learnings where name in ("+strings.Join(places, ", ")+")", names.args...)
	if err != nil {
		return nil, err
	}
	byName := make(map[string]record.Row[domain.Learning], len(rows))
	for _, row := range rows {
		byName[row.Value.Name] = row
	}
	all := make([]Finding, 0, len(hits))
	for _, h := range hits {
		if row, ok := byName[h.Name]; ok && row.Value.State == domain.Published {
			all = append(all, Finding{Learning: row, Snippet: h.Snippet, Score: h.Score})
		}
	}
	return all, nil
}
