package record

import (
	"context"

	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

// PageOf is the query of a list request by the caller of ctx.
func PageOf(ctx context.Context, req interface {
	GetParent() string
	GetPageSize() int32
	GetPageToken() string
},
) Query {
	return Query{
		Parent: req.GetParent(), PageSize: req.GetPageSize(), PageToken: req.GetPageToken(), Principal: caller.From(ctx).Subject,
	}
}

// Map converts every row of a list.
func Map[T, M any](rows []Row[T], convert func(Row[T]) M) []M {
	messages := make([]M, 0, len(rows))
	for _, row := range rows {
		messages = append(messages, convert(row))
	}
	return messages
}
