package store

import (
	"context"
	"math"
	"strconv"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// RevisionQuery says which revisions are wanted, newest first.
type RevisionQuery struct {
	// Learning is a resource name.
	Learning string
	// WithDrafts wants those too from before the first publishing.
	WithDrafts bool
	PageSize   int32
	PageToken  string
	// Principal is the subject of the caller; a token is good for nobody else.
	Principal string
}

const selectRevisions = `select event_type, actor, aggregate_version, occurred_at, 0 as appended, payload from event_log
	where aggregate_type = 'learning' and aggregate_id = $1 and aggregate_version >= $2 and aggregate_version < $3
	order by aggregate_version desc limit $4`

// Revisions returns one page of the events of a learning, and the token of the next page. The number of a revision is the version of its
// event. Reasons: PAGE_SIZE_INVALID, PAGE_TOKEN_INVALID.
func Revisions(ctx context.Context, l *eventlog.Log, q RevisionQuery) (revisions []eventlog.Past, next string, err error) {
	size, err := record.PageSize(q.PageSize)
	if err != nil {
		return nil, "", err
	}
	first, err := firstRevision(ctx, l, q)
	if err != nil {
		return nil, "", err
	}
	scope := record.Scope("learning_revisions", q.Learning, strconv.FormatBool(q.WithDrafts), q.Principal)
	behind := int64(math.MaxInt64)
	if q.PageToken != "" {
		last, err := record.OpenToken(l, scope, q.PageToken)
		if err != nil {
			return nil, "", err
		}
		if behind, err = onlyNumber(last); err != nil {
			return nil, "", err
		}
	}
	revisions, err = db.All[eventlog.Past](ctx, l.DB().Read(), selectRevisions, q.Learning, first, behind, size+1)
	if err != nil {
		return nil, "", err
	}
	if len(revisions) > size {
		revisions = revisions[:size]
		next = record.Token(l, scope, strconv.FormatInt(revisions[size-1].Version, 10))
	}
	return revisions, next, nil
}

// Revision returns one event of a learning; false when there is no such one.
func Revision(ctx context.Context, l *eventlog.Log, q RevisionQuery, version int64) (eventlog.Past, bool, error) {
	first, err := firstRevision(ctx, l, q)
	if err != nil || version < first || version == math.MaxInt64 {
		return eventlog.Past{}, false, err
	}
	return db.One[eventlog.Past](ctx, l.DB().Read(), selectRevisions, q.Learning, version, version+1, 1)
}

// firstRevision is the first that may be seen: without drafts the one that is no draft any more. A learning never becomes a draft again.
func firstRevision(ctx context.Context, l *eventlog.Log, q RevisionQuery) (int64, error) {
	if q.WithDrafts {
		return 1, nil
	}
	drafted := "fortnight.knowledge.v1." + string(domain.LearningDrafted)
	first, _, err := db.One[int64](ctx, l.DB().Read(), `select coalesce(max(aggregate_version), 0) + 1 from event_log
		where aggregate_type = 'learning' and aggregate_id = $1 and event_type = $2`, q.Learning, drafted)
	return first, err
}

func onlyNumber(keys []string) (int64, error) {
	if len(keys) == 1 {
		if n, err := strconv.ParseInt(keys[0], 10, 64); err == nil {
			return n, nil
		}
	}
	return 0, fault.Invalid("page_token", "PAGE_TOKEN_INVALID", "The page token is not one of this list.")
}
