package store

import (
	"context"
	"encoding/json"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

type teamRow struct {
	Doc        string `db:"doc"`
	Version    int64  `db:"version"`
	CreateTime int64  `db:"create_time"`
	UpdateTime int64  `db:"update_time"`
}

// Teams.List cannot look through members, so this is its like for one user's teams, one bot's team, and the open ones.
const teamsOf = `select t.doc, t.version, t.create_time, t.update_time
	from (
		select parent as name from members where sort_key = $1 and state = $2 and parent > $5
		union select name from teams where state = $3 and name > $5
		union select name from teams where name = $4 and name > $5
	) as visible join teams t on t.name = visible.name
	order by t.name limit $6`

// TeamsOf returns one page of the teams that the query's principal is in or that are open to everybody, by id, and the token
// of the next page. The principal is a user or a team's token.
func TeamsOf(ctx context.Context, l *eventlog.Log, q record.Query) (rows []record.Row[domain.Team], next string, err error) {
	size, err := record.PageSize(q.PageSize)
	if err != nil {
		return nil, "", err
	}
	scope, last := record.Scope("teams of", q.Principal), []string{""}
	if q.PageToken != "" {
		if last, err = record.OpenToken(l, scope, q.PageToken); err != nil {
			return nil, "", err
		}
	}
	// One more than wanted, to know whether there is a next page.
	found, err := db.All[teamRow](ctx, l.DB().Read(), teamsOf, q.Principal, StateActive, stateOpen, domain.Parent(q.Principal), last[0], size+1)
	if err != nil {
		return nil, "", err
	}
	for _, r := range found[:min(size, len(found))] {
		t := new(domain.Team)
		if err := json.Unmarshal([]byte(r.Doc), t); err != nil {
			return nil, "", fault.From(err)
		}
		rows = append(rows, record.Row[domain.Team]{
			Value: t, Version: r.Version, Etag: record.Etag(l, r.Version), CreateTime: db.Time(r.CreateTime), UpdateTime: db.Time(r.UpdateTime),
		})
	}
	if len(found) > size {
		next = record.Token(l, scope, rows[size-1].Value.Name)
	}
	return rows, next, nil
}

// OpenTeams are the ids of the teams that everybody may read, sorted. The keyring leaves them out when a caller token cannot
// carry them all.
func OpenTeams(ctx context.Context, q db.Queryer) ([]string, error) {
	names, err := db.All[string](ctx, q, "select name from teams where state = $1 order by name", stateOpen)
	for i, name := range names {
		names[i] = domain.ID(name)
	}
	return names, err
}
