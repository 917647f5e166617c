package store

import (
	"context"
	"strconv"

	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// ListMeasurements returns one page of a metric's measurements in time order, and the token of the next page, empty after
// the last. Query.Parent is the metric.
func ListMeasurements(ctx context.Context, l *eventlog.Log, q record.Query) (page []domain.Corrected, next string, err error) {
	size, err := record.PageSize(q.PageSize)
	if err != nil {
		return nil, "", err
	}
	scope := record.Scope("measurements", q.Parent, q.Principal)
	text, args := "select time, source_key, value, record_time from measurements where metric = $1 and withdraw_time = 0", []any{q.Parent}
	if q.PageToken != "" {
		last, err := openToken(l, scope, q.PageToken)
		if err != nil {
			return nil, "", err
		}
		text, args = text+" and (time, source_key) > ($2, $3)", append(args, last.micros, last.source)
	}
	args = append(args, size+1) // one more than wanted, to know whether there is a next page
	found, err := db.All[measurement](ctx, l.DB().Read(), text+" order by time, source_key limit $"+strconv.Itoa(len(args)), args...)
	if err != nil {
		return nil, "", err
	}
	if len(found) > size {
		found = found[:size]
		last := found[size-1]
		next = record.Token(l, scope, strconv.FormatInt(last.Time, 10), last.SourceKey)
	}
	for _, m := range found {
		page = append(page, domain.Corrected{Measurement: m.domain(), RecordTime: db.Time(m.Recorded)})
	}
	return page, next, withCorrections(ctx, l.DB().Read(), q.Parent, page)
}

// openToken returns the key of the last measurement that was seen.
func openToken(l *eventlog.Log, scope, token string) (key, error) {
	parts, err := record.OpenToken(l, scope, token)
	if err != nil {
		return key{}, err
	}
	if len(parts) != 2 {
		return key{}, badToken()
	}
	micros, err := strconv.ParseInt(parts[0], 10, 64)
	if err != nil {
		return key{}, badToken()
	}
	return key{micros, parts[1]}, nil
}

// badToken is for a token that is genuine but not one of these lists: only another version of the program makes it.
func badToken() error {
	return fault.Invalid("page_token", "PAGE_TOKEN_INVALID", "The page token is not valid here; start again without one.")
}
