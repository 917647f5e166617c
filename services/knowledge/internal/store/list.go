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

// Reader says whose drafts somebody may see.
type Reader struct {
	// Principal is the subject of the caller; page tokens are good for nobody else.
	Principal string
	// Everything is for those who may read every team; others see the drafts of Teams, which are ids.
	Everything bool
	Teams      []string
}

// ListQuery says which learnings are wanted, the one that was learned last first.
type ListQuery struct {
	// Team is an id, Cycle a resource name; empty means all.
	Team, Cycle string
	// States are the states that are wanted; all when empty.
	States []domain.State
	// Tag is a tag that they have; empty means any or none.
	Tag string
	// FollowedBy is a team, teams/{team}, that follows what is wanted; empty means everything.
	FollowedBy string
	// LatestChangeFirst lists the one that was changed last first.
	LatestChangeFirst bool
	PageSize          int32
	PageToken         string
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
	where, err := q.conditions(ctx, l)
	if err != nil {
		return nil, "", err
	}
	where.drafts(reader)
	scope := q.scope(reader)
	if q.PageToken != "" {
		last, err := record.OpenToken(l, scope, q.PageToken)
		if err != nil {
			return nil, "", err
		}
		if err := where.behind(q.orderedBy(), last); err != nil {
			return nil, "", err
		}
	}
	query := "select " + record.Columns + " from learnings" + where.String() +
		" order by " + q.orderedBy() + " desc, name desc limit " + where.arg(size+1)
	rows, err = learnings.Select(ctx, l.DB().Read(), l, query, where.args...)
	if err != nil {
		return nil, "", err
	}
	if len(rows) > size {
		rows = rows[:size]
		last, key := rows[size-1], sortKey(rows[size-1].Value.Since)
		if q.LatestChangeFirst {
			key = strconv.FormatInt(db.Micros(last.UpdateTime), 10)
		}
		next = record.Token(l, scope, key, last.Value.Name)
	}
	return rows, next, nil
}

// scope is everything that a page token of the query is good for.
func (q ListQuery) scope(reader Reader) string {
	parts := []string{"learnings", q.Team, q.Cycle, reader.Principal, q.Tag, q.FollowedBy, strconv.FormatBool(q.LatestChangeFirst)}
	for _, state := range q.States {
		parts = append(parts, string(state))
	}
	return record.Scope(parts...)
}

const byChange, byLearning = "update_time", "sort_key"

func (q ListQuery) orderedBy() string {
	if q.LatestChangeFirst {
		return byChange
	}
	return byLearning
}

func (q ListQuery) conditions(ctx context.Context, l *eventlog.Log) (conditions, error) {
	var where conditions
	if q.Team != "" {
		where.add("team = ", q.Team)
	}
	if q.Cycle != "" {
		where.add("parent = ", q.Cycle)
	}
	if len(q.States) > 0 {
		states := make([]string, len(q.States))
		for i, state := range q.States {
			states[i] = string(state)
		}
		where.text = append(where.text, "state in ("+where.list(states)+")")
	}
	if q.Tag != "" {
		where.text = append(where.text, "name in (select learning from learning_tags where tag = "+where.arg(q.Tag)+")")
	}
	if q.FollowedBy == "" {
		return where, nil
	}
	row, err := Settings.Get(ctx, l, SettingsName(q.FollowedBy))
	if f := fault.From(err); f != nil && f.Kind != fault.NotFound {
		return where, err
	}
	follows := domain.Settings{}
	if err == nil {
		follows = *row.Value
	}
	where.followed(follows)
	return where, nil
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
	c.text = append(c.text, "(state <> "+state+" or team in ("+c.list(reader.Teams)+"))")
}

// followed leaves what a team follows, which may be nothing.
func (c *conditions) followed(by domain.Settings) {
	ways := []string{"1 = 0"}
	if len(by.FollowedTags) > 0 {
		ways = append(ways, "name in (select learning from learning_tags where tag in ("+c.list(by.FollowedTags)+"))")
	}
	if len(by.FollowedTeams) > 0 {
		teams := make([]string, len(by.FollowedTeams))
		for i, team := range by.FollowedTeams {
			teams[i] = strings.TrimPrefix(team, "teams/")
		}
		ways = append(ways, "team in ("+c.list(teams)+")")
	}
	if len(by.FollowedLearnings) > 0 {
		ways = append(ways, "name in ("+c.list(by.FollowedLearnings)+")")
	}
	c.text = append(c.text, "("+strings.Join(ways, " or ")+")")
}

// behind leaves what is listed behind the row with the keys of a page token.
func (c *conditions) behind(column string, last []string) error {
	wrong := fault.Invalid("page_token", "PAGE_TOKEN_INVALID", "The page token is not one of this list.")
	if len(last) != 2 {
		return wrong
	}
	var key any = last[0]
	if column == byChange {
		micros, err := strconv.ParseInt(last[0], 10, 64)
		if err != nil {
			return wrong
		}
		key = micros
	}
	c.text = append(c.text, "("+column+", name) < ("+c.arg(key)+", "+c.arg(last[1])+")")
	return nil
}

// list is the places of values between brackets.
func (c *conditions) list(values []string) string {
	places := make([]string, len(values))
	for i, v := range values {
		places[i] = c.arg(v)
	}
	return strings.Join(places, ", ")
}

func (c *conditions) String() string {
	if len(c.text) == 0 {
		return ""
	}
	return " where " + strings.Join(c.text, " and ")
}
