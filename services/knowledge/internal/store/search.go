package store

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

const (
	// candidates is how many matches are ranked, the newest: ranking costs by the match, and the base only grows.
	candidates = 2000
	// weighed is how many of the best by text are put in order by the whole score; what comes behind them is in the order of the text.
	weighed = 50
	// enough is how many learnings with all of the words make a search for any of them needless.
	enough = 10
	// lackingWeight is what the text of a learning counts that lacks some of the words.
	lackingWeight   = 0.5
	defaultFindings = 20
	maxFindings     = 100
)

// SearchQuery says what is searched among the published learnings.
type SearchQuery struct {
	// Text is what somebody typed; any text is a query.
	Text   string
	Filter Filter
	// Facets asks for counts of the matches.
	Facets bool
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
	// Parts make the score, which is greater for a better match; comparable within one search only.
	Parts domain.ScoreParts
}

// Findings is one page of what was found, best first.
type Findings struct {
	Findings []Finding
	Next     string
	// Capped says that more matched than were ranked.
	Capped      bool
	Corrections []Correction
	Facets      []Facet
}

// Search finds published learnings that contain what was typed: all of the words, or, when only few do, most of them. Reasons:
// PAGE_SIZE_INVALID, PAGE_TOKEN_INVALID.
func Search(ctx context.Context, l *eventlog.Log, q SearchQuery) (Findings, error) {
	size, err := findings(q.PageSize)
	if err != nil {
		return Findings{}, err
	}
	scope := record.Scope(append([]string{"search", q.Text, q.Principal}, q.Filter.scope()...)...)
	from, err := openPage(l, scope, q.PageToken)
	if err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return Findings{}, db.Fault(err)
	}
	reader := l.DB().Read()
	r, err := read(quick(ctx, l.DB()), reader, parseQuery(q.Text))
	if err != nil || r.missing || len(r.groups) == 0 {
		return Findings{Corrections: r.corrections}, err
	}
	m, hits, err := matches(ctx, l.DB(), r, q.Filter, max(from.offset+size, weighed))
	if err != nil {
		return Findings{}, err
	}
	found := Findings{Corrections: r.corrections}
	page := weigh(hits, from.now)
	if len(hits) > 0 {
		matched := min(hits[0].Matched, m.most)
		found.Capped = hits[0].Matched > m.most || len(m.groups) < len(r.groups)
		page = page[min(from.offset, len(page)):min(from.offset+size, len(page))]
		if from.offset+size < matched {
			found.Next = record.Token(l, scope, strconv.Itoa(from.offset+size), strconv.FormatInt(from.now.UnixMicro(), 10))
		}
	}
	if q.Facets && len(hits) > 0 {
		if found.Facets, err = facets(ctx, l.DB(), m); err != nil {
			return Findings{}, err
		}
	}
	found.Findings, err = withLearnings(ctx, l, page, r.groups)
	return found, err
}

// quick is for what takes SQLite microseconds: to watch meanwhile whether the caller gives up costs more than the rows.
func quick(ctx context.Context, d *db.DB) context.Context {
	if d.Engine() == db.SQLite {
		return context.WithoutCancel(ctx)
	}
	return ctx
}

func findings(wanted int32) (int, error) {
	if wanted == 0 {
		return defaultFindings, nil
	}
	size, err := record.PageSize(wanted)
	return min(size, maxFindings), err
}

// page says where a page begins, and when the first one was asked for: freshness goes by that on all of them.
type page struct {
	offset int
	now    time.Time
}

func openPage(l *eventlog.Log, scope, token string) (page, error) {
	if token == "" {
		return page{now: l.Now()}, nil
	}
	last, err := record.OpenToken(l, scope, token)
	if err != nil {
		return page{}, err
	}
	if len(last) == 2 {
		offset, err := strconv.Atoi(last[0])
		now, err2 := strconv.ParseInt(last[1], 10, 64)
		if err == nil && err2 == nil {
			return page{offset: offset, now: db.Time(now)}, nil
		}
	}
	return page{}, fault.Invalid("page_token", "PAGE_TOKEN_INVALID", "The page token is not one of this search.")
}

// matches are the best by text, best first, and what they were found by. When only few learnings have all of the words, those with
// any of the rarest come too, and count half.
func matches(ctx context.Context, d *db.DB, r reading, f Filter, limit int) (match, []hit, error) {
	all := match{groups: r.groups, filter: f, most: candidates}
	hits, err := rank(ctx, d, all, limit)
	if err != nil || len(hits) >= enough {
		return all, hits, err
	}
	relaxed := all
	relaxed.any = true
	relaxed.groups = rarest(r.groups, candidates)
	if loose := slices.DeleteFunc(slices.Clone(r.groups), func(g group) bool { return g.quoted }); len(loose) < 2 {
		return all, hits, nil
	}
	whole := map[int64]bool{}
	for _, h := range hits {
		whole[h.ID] = true
	}
	if hits, err = rank(ctx, d, relaxed, limit); err != nil {
		return all, nil, err
	}
	for i, h := range hits {
		if !whole[h.ID] {
			hits[i].Text *= lackingWeight
		}
	}
	slices.SortFunc(hits, func(a, b hit) int { return cmp.Or(cmp.Compare(b.Text, a.Text), cmp.Compare(b.ID, a.ID)) })
	return relaxed, hits, nil
}

// rarest are the groups that are in few learnings, so that all of those can be ranked; at least one, and all that are quoted.
func rarest(groups []group, most int64) []group {
	order := slices.Clone(groups)
	slices.SortStableFunc(order, func(a, b group) int { return cmp.Compare(a.documents, b.documents) })
	var some []group
	sum, loose := int64(0), 0
	for _, g := range order {
		if g.quoted {
			some = append(some, g)
			continue
		}
		if sum += g.documents; sum > most && loose > 0 {
			continue
		}
		loose++
		some = append(some, g)
	}
	return some
}

// rank is the best by text of the newest matches, best first.
func rank(ctx context.Context, d *db.DB, m match, limit int) ([]hit, error) {
	if d.Engine() == db.Postgres {
		return rankPostgres(ctx, d.Read(), m, limit)
	}
	return rankSQLite(ctx, d.Read(), m, limit)
}
