package store

import (
	"context"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CreateToken saves a token together with the hash of its secret.
func CreateToken(tx *eventlog.Tx, t *domain.Token, secret domain.Secret, events ...domain.Event) (record.Row[domain.Token], error) {
	row, err := Tokens.Create(tx, t, events...)
	if err != nil {
		return row, err
	}
	_, err = tx.Exec("insert into token_hashes (hash, token) values ($1, $2)", secret.Hash(), t.Name)
	return row, err
}

// TokenOf returns the name of the token that a secret belongs to, or false. The index looks for a hash, so how long it
// takes tells nothing about any secret.
func TokenOf(ctx context.Context, q db.Queryer, secret domain.Secret) (name string, found bool, err error) {
	return db.One[string](ctx, q, "select token from token_hashes where hash = $1", secret.Hash())
}
