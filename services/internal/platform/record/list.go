package record

import (
	"context"
	"strconv"
	"strings"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	defaultPageSize = 50
	maxPageSize     = 1000
)

// Query says which page of a list is wanted.
type Query struct {
	// Parent is whose aggregates are listed.
	Parent string
	// Team, instead of Parent, is the id of the team whose aggregates are listed, whatever their parents. The table needs an index on
	// (team, sort_key, name) for it.
	Team string
	// States, if any, are the states that are wanted.
	States []string
	// From, if any, is the least sort key that is wanted.
	From string
	// UpTo, if any, is the greatest sort key that is wanted. It may grow from page to page.
	UpTo string
	// PageSize 0 means 50; more than 1,000 is capped.
	PageSize int32
	// PageToken is empty for the first page, or what List returned as next.
	PageToken string
	// Principal is the subject of the caller; a token is good for nobody else.
	Principal string
}

// PageSize returns how many rows a page of the wanted size has: 0 means 50, more than 1,000 is capped, and a negative size
// is InvalidArgument PAGE_SIZE_INVALID.
func PageSize(wanted int32) (int, error) {
	switch {
	case wanted < 0:
		return 0, fault.Invalid("page_size", "PAGE_SIZE_INVALID", "The page size must not be negative.")
	case wanted == 0:
		return defaultPageSize, nil
	}
	return min(int(wanted), maxPageSize), nil
}

// All returns every aggregate under parent in the list's order, in the given states if any. For small sets.
func (c *Collection[T, E]) All(ctx context.Context, q db.Queryer, l *eventlog.Log, parent string, states ...string) ([]Row[T], error) {
	var text strings.Builder
	text.WriteString(c.statements().list)
	args := inStates(&text, []any{parent}, states)
	c.order(&text)
	found, err := db.All[stored](ctx, q, text.String(), args...)
	if err != nil {
		return nil, err
	}
	return c.rows(l, found)
}

// List returns one page of the aggregates under a parent, and the token of the next page, empty after the last. Reasons:
// PAGE_SIZE_INVALID, PAGE_TOKEN_INVALID.
func (c *Collection[T, E]) List(ctx context.Context, l *eventlog.Log, q Query) (rows []Row[T], next string, err error) {
	size, err := PageSize(q.PageSize)
	if err != nil {
		return nil, "", err
	}
	// Whether there is an UpTo, not which: it may be the time, which is another one at the next page.
	scope := Scope(append([]string{c.Table, q.Parent + q.Team, q.Principal, strconv.FormatBool(q.UpTo != ""), q.From}, q.States...)...)
	var text strings.Builder
	list, of := c.statements().list, q.Parent
	if q.Team != "" {
		list, of = c.statements().listOfTeam, q.Team
	}
	text.WriteString(list)
	args := inStates(&text, []any{of}, q.States)
	if q.From != "" {
		args = append(args, q.From)
		text.WriteString(" and sort_key >= $" + strconv.Itoa(len(args)))
	}
	if q.UpTo != "" {
		args = append(args, q.UpTo)
		text.WriteString(" and sort_key <= $" + strconv.Itoa(len(args)))
	}
	if q.PageToken != "" {
		last, err := OpenToken(l, scope, q.PageToken)
		if err != nil {
			return nil, "", err
		}
		if len(last) != 2 {
			return nil, "", badToken()
		}
		args = c.after(&text, args, last[0], last[1])
	}
	c.order(&text)
	// One more than wanted, to know whether there is a next page.
	args = append(args, size+1)
	text.WriteString(" limit $" + strconv.Itoa(len(args)))
	found, err := db.All[stored](ctx, l.DB().Read(), text.String(), args...)
	if err != nil {
		return nil, "", err
	}
	more := len(found) > size
	rows, err = c.rows(l, found[:min(size, len(found))])
	if err != nil {
		return nil, "", err
	}
	if more {
		last := c.Key(rows[size-1].Value)
		next = Token(l, scope, last.SortKey, last.Name)
	}
	return rows, next, nil
}

func (c *Collection[T, E]) rows(l *eventlog.Log, found []stored) ([]Row[T], error) {
	rows := make([]Row[T], len(found))
	for i, s := range found {
		var err error
		if rows[i], err = c.row(l, s); err != nil {
			return nil, err
		}
	}
	return rows, nil
}

// inStates adds the condition on the state and its arguments.
func inStates(text *strings.Builder, args []any, states []string) []any {
	if len(states) == 0 {
		return args
	}
	text.WriteString(" and state in (")
	for i, s := range states {
		if i > 0 {
			text.WriteString(", ")
		}
		args = append(args, s)
		text.WriteString("$" + strconv.Itoa(len(args)))
	}
	text.WriteByte(')')
	return args
}

// after adds the condition that continues behind the given row.
func (c *Collection[T, E]) after(text *strings.Builder, args []any, sortKey, name string) []any {
	compare := ">"
	if c.Descending {
		compare = "<"
	}
	n := len(args)
	text.WriteString(" and (sort_key, name) " + compare + " ($" + strconv.Itoa(n+1) + ", $" + strconv.Itoa(n+2) + ")")
	return append(args, sortKey, name)
}

func (c *Collection[T, E]) order(text *strings.Builder) {
	if c.Descending {
		text.WriteString(" order by sort_key desc, name desc")
	} else {
		text.WriteString(" order by sort_key, name")
	}
}
