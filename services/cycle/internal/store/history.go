package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/wire"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// ListHistory returns one page of what happened to the resource under and to what lies below it, the latest first, and the
// token of the next page, empty after the last. Query.Parent is the team, whose whole history an empty under means.
func ListHistory(ctx context.Context, l *eventlog.Log, q record.Query, under string) (page []domain.HistoryEntry, next string, err error) {
	size, err := record.PageSize(q.PageSize)
	if err != nil {
		return nil, "", err
	}
	scope := record.Scope("history", q.Parent, q.Principal, under)
	behind, err := openHistoryToken(l, scope, q.PageToken)
	if err != nil {
		return nil, "", err
	}
	changes, err := l.History(ctx, eventlog.HistoryQuery{
		Team: strings.TrimPrefix(q.Parent, "teams/"), Under: under, Behind: behind, Limit: size + 1, // one more, to know whether there is a next page
	})
	if err != nil {
		return nil, "", err
	}
	if len(changes) > size {
		changes = changes[:size]
		next = record.Token(l, scope, strconv.FormatInt(changes[size-1].Place, 10))
	}
	for _, change := range changes {
		entry, err := historyEntry(change)
		if err != nil {
			return nil, "", err
		}
		page = append(page, entry)
	}
	return page, next, nil
}

// historyEntry compares an event with the one before of the same resource. An event whose text was taken out has no changes: the
// next one is then compared with what came before both.
func historyEntry(change eventlog.Change) (domain.HistoryEntry, error) {
	entry := domain.HistoryEntry{
		Resource: change.AggregateID, Event: domain.Event(change.Type[strings.LastIndexByte(change.Type, '.')+1:]), Time: change.Time, Actor: change.Actor,
	}
	if change.Redacted {
		return entry, nil
	}
	before, err := wire.Document(change.Before, change.AggregateID)
	if err != nil {
		return entry, err
	}
	after, err := wire.Document(change.Data, change.AggregateID)
	if err != nil {
		return entry, err
	}
	entry.Changes = domain.Changes(before, after)
	return entry, nil
}

// openHistoryToken returns the place that a page continues behind, 0 for the first page.
func openHistoryToken(l *eventlog.Log, scope, token string) (int64, error) {
	if token == "" {
		return 0, nil
	}
	keys, err := record.OpenToken(l, scope, token)
	if err != nil {
		return 0, err
	}
	if len(keys) == 1 {
		if place, err := strconv.ParseInt(keys[0], 10, 64); err == nil {
			return place, nil
		}
	}
	return 0, fault.Invalid("page_token", "PAGE_TOKEN_INVALID", "The page token is not valid here; start again without one.")
}
