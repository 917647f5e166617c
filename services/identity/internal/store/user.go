package store

import (
	"context"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// OtherAdmins counts the admins besides a user, given by name. Until the transaction ends nobody else counts them, so that
// two admins cannot both leave.
func OtherAdmins(ctx context.Context, tx *eventlog.Tx, user string) (int, error) {
	if err := tx.Lock("admins"); err != nil {
		return 0, err
	}
	n, _, err := db.One[int](ctx, tx, "select count(*) from users where state = $1 and name <> $2", stateAdmin, user)
	return n, err
}
