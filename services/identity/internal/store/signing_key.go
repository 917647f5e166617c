package store

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// SigningKey is the public half of a key that caller tokens are signed with.
type SigningKey struct {
	ID  string
	Key ed25519.PublicKey
}

// AddSigningKey publishes a key until the given instant, and forgets those that have ended.
func AddSigningKey(tx *eventlog.Tx, k SigningKey, expires time.Time) error {
	if _, err := tx.Exec("delete from signing_keys where expire_time <= $1", db.Micros(tx.Now())); err != nil {
		return err
	}
	_, err := tx.Exec("insert into signing_keys (key_id, public_key, create_time, expire_time) values ($1, $2, $3, $4)",
		k.ID, hex.EncodeToString(k.Key), db.Micros(tx.Now()), db.Micros(expires))
	return err
}

// SigningKeys are the keys that are good at the given instant, newest first.
func SigningKeys(ctx context.Context, q db.Queryer, now time.Time) ([]SigningKey, error) {
	type row struct {
		ID  string `db:"key_id"`
		Key string `db:"public_key"`
	}
	rows, err := db.All[row](ctx, q, "select key_id, public_key from signing_keys where expire_time > $1 order by create_time desc, key_id", db.Micros(now))
	if err != nil {
		return nil, err
	}
	keys := make([]SigningKey, len(rows))
	for i, r := range rows {
		key, err := hex.DecodeString(r.Key)
		if err != nil {
			return nil, fault.From(err)
		}
		keys[i] = SigningKey{ID: r.ID, Key: key}
	}
	return keys, nil
}
