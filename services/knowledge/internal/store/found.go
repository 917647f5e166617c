package store

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// scored is a hit with its whole score.
type scored struct {
	id    int64
	parts domain.ScoreParts
}

// weigh puts the best by text in order by the whole score.
func weigh(hits []hit, now time.Time) []scored {
	all := make([]scored, len(hits))
	for i, h := range hits {
		reviewBy := time.Time{}
		if h.ReviewBy != 0 {
			reviewBy = db.Time(h.ReviewBy)
		}
		all[i] = scored{h.ID, domain.ScoreParts{Text: h.Text, Evidence: h.Evidence, Freshness: domain.Freshness(db.Time(h.Confirmed), reviewBy, now)}}
	}
	slices.SortStableFunc(all[:min(len(all), weighed)], func(a, b scored) int { return cmp.Compare(b.parts.Score(), a.parts.Score()) })
	return all
}

// withLearnings reads the learnings of a page. One that was retired a moment ago is left out.
func withLearnings(ctx context.Context, l *eventlog.Log, page []scored, groups []group) ([]Finding, error) {
	ids := make([]int64, len(page))
	for i, s := range page {
		ids[i] = s.id
	}
	byID, err := byIDs(ctx, l, ids)
	if err != nil {
		return nil, err
	}
	all := make([]Finding, 0, len(page))
	marker := newMarker(groups)
	for _, s := range page {
		if row, ok := byID[s.id]; ok {
			all = append(all, Finding{Learning: row, Snippet: marker.snippet(row.Value), Parts: s.parts})
		}
	}
	return all, nil
}

// byIDs reads published learnings by their ids in the index.
func byIDs(ctx context.Context, l *eventlog.Log, ids []int64) (map[int64]record.Row[domain.Learning], error) {
	if len(ids) == 0 {
		return nil, nil
	}
	type indexed struct {
		record.Stored
		ID int64 `db:"id"`
	}
	var where conditions
	places := make([]string, len(ids))
	for i, id := range ids {
		places[i] = where.arg(id)
	}
	rows, err := db.All[indexed](quick(ctx, l.DB()), l.DB().Read(), "select i.id, l.version, l.doc, l.create_time, l.update_time"+
		" from learnings_indexed i join learnings l on l.name = i.name where i.id in ("+strings.Join(places, ", ")+")", where.args...)
	if err != nil {
		return nil, err
	}
	byID := make(map[int64]record.Row[domain.Learning], len(rows))
	for _, r := range rows {
		row, err := learnings.Read(l, r.Stored)
		if err != nil {
			return nil, err
		}
		if row.Value.State == domain.Published {
			byID[r.ID] = row
		}
	}
	return byID, nil
}
