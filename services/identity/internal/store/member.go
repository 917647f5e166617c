package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Memberships are a user's places in teams.
func Memberships(ctx context.Context, q db.Queryer, user string) ([]domain.Member, error) {
	docs, err := db.All[string](ctx, q, "select doc from members where sort_key = $1 and state = $2 order by parent", user, StateActive)
	if err != nil {
		return nil, err
	}
	members := make([]domain.Member, len(docs))
	for i, doc := range docs {
		if err := json.Unmarshal([]byte(doc), &members[i]); err != nil {
			return nil, fault.From(err)
		}
	}
	return members, nil
}

// AddMember puts a user, given by name, into a team, given by name: for the first time or again.
func AddMember(tx *eventlog.Tx, team, user string, role domain.TeamRole) (record.Row[domain.Member], error) {
	m, events := domain.NewMember(team, user, role, tx.Now())
	_, known, err := Members.Find(tx, m.Name)
	switch {
	case err != nil:
		return record.Row[domain.Member]{}, err
	case known:
		return Members.Update(tx, m.Name, "", func(m *domain.Member, now time.Time) ([]domain.Event, error) {
			return m.Return(role, now)
		})
	default:
		return Members.Create(tx, m, events...)
	}
}
