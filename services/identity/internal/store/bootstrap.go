package store

import (
	"context"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Empty tells whether there is no user yet. Until the transaction ends nobody else asks, so that only one finds it empty.
func Empty(ctx context.Context, tx *eventlog.Tx) (bool, error) {
	if err := tx.Lock("bootstrap"); err != nil {
		return false, err
	}
	n, _, err := db.One[int](ctx, tx, "select count(*) from (select name from users limit 1) as found")
	return n == 0, err
}

// OfferBootstrap makes secret the one bootstrap token.
func OfferBootstrap(tx *eventlog.Tx, secret domain.Secret) error {
	_, err := tx.Exec("insert into bootstrap (id, hash) values (1, $1) on conflict (id) do update set hash = excluded.hash", secret.Hash())
	return err
}

// TakeBootstrap uses the bootstrap token up; false means that secret is not it.
func TakeBootstrap(tx *eventlog.Tx, secret domain.Secret) (bool, error) {
	n, err := tx.Exec("delete from bootstrap where hash = $1", secret.Hash())
	return n == 1, err
}
