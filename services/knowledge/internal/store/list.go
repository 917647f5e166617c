package store

import (
	"context"
	"strconv"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

// Reader says whose drafts somebody may see.
type Reader struct {
	// Principal is the subject of the caller; page tokens are good for nobody else.
	Principal string
	// Everything is for those who may read every team; others see the drafts of Teams, which are ids.
	Everything bool
	Teams      []string
}

// ListQuery says which learnings are wanted, latest first.
type ListQuery struct {
	// Team is an id, Cycle a resource name; empty means all.
	Team, Cycle string
	PageSize    int32
	PageToken   string
}

// Get reads a learning. Reason: LEARNING_NOT_FOUND.
func Get(ctx context.Context, l *eventlog.Log, name string) (record.Row[domain.Learning], error) {
	return learnings.Get(ctx, l, name)
}

// List returns one page of the learnings that the reader may see, and the token of the next page. Reasons: PAGE_SIZE_INVALID,
// PAGE_TOKEN_INVALID.
func List(ctx context.Context, l *eventlog.Log, reader Reader, q ListQuery) (rows []record.Row[domain.Learning], next string, err error) {
	size, err := record.PageSize(q.PageSize)
	if err != nil {
		return nil, "", err
	}
	scope := record.Scope("learnings", q.Team, q.Cycle, reader.Principal)
	var where conditions
	if q.Team != "" {
		where.add("team = ", q.Team)
	}
	if q.Cycle != "" {
		where.add("parent = ", q.Cycle)
	}
	where.drafts(reader)
	if q.PageToken != "" {
		last, err := record.OpenToken(l, scope, q.PageToken)
		if err != nil {
			return nil, "", err
		}
		if len(last) != 2 {
			return nil, "", fault.Invalid("page_token", "PAGE_TOKEN_INVALID", "The page token is not one of this list.")
		}
		where.text = append(where.text, "(sort_key, name) < ("+where.arg(last[0])+", "+where.arg(last[1])+")")
	}
	query := "select " + record.Columns + " from learnings" + where.String() + " order by sort_key desc, name desc limit " + where.arg(size+1)
	rows, err = learnings.Select(ctx, l.DB().Read(), l, query, where.args...)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > size {
		rows = rows[:size]
		last := rows[size-1].Value
		next = record.Token(l, scope, sortKey(last.Since), last.Name)
	}
	return rows, next, nil
}

// conditions collects what a row must meet.
type conditions struct {
	text []string
	args []any
}

func (c *conditions) arg(v any) string {
	c.args = append(c.args, v)
	return "$" + strconv.Itoa(len(c.args))
}

func (c *conditions) add(compare string, v any) { c.text = append(c.text, compare+c.arg(v)) }

// drafts leaves out the drafts of teams that the reader may not read.
func (c *conditions) drafts(reader Reader) {
	if reader.Everything {
		return
	}
	if len(reader.Teams) == 0 {
		c.add("state <> ", string(domain.Draft))
		return
	}
	state := c.arg(string(domain.Draft))
	places := make([]string, len(reader.Teams))
	for i, team := range reader.Teams {
		places[i] = c.arg(team)
	}
	c.text = append(c.text, "(state <> "+state+" or team in ("+strings.Join(places, ", ")+"))")
}

func (c *conditions) String() string {
	if len(c.text) == 0 {
		return ""
	}
	return " where " + strings.Join(c.text, " and ")
}
