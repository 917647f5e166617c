package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// CreateToken saves a token together with the hash of its secret.
func CreateToken(tx *eventlog.Tx, t *domain.Token, secret domain.Secret, events ...domain.Event) (record.Row[domain.Token], error) {
	return CreateTokenByHash(tx, t, secret.Hash(), events...)
}

// CreateTokenByHash saves a token together with the hash of a secret that is known elsewhere, for instance in a file. Reason:
// TOKEN_SECRET_TAKEN.
func CreateTokenByHash(tx *eventlog.Tx, t *domain.Token, hash string, events ...domain.Event) (record.Row[domain.Token], error) {
	row, err := Tokens.Create(tx, t, events...)
	if err != nil {
		return row, err
	}
	return row, addTokenHash(tx, t.Name, hash)
}

// ReplaceTokenHash gives a token another secret. The old one lets nobody in any more. Reason: TOKEN_SECRET_TAKEN.
func ReplaceTokenHash(tx *eventlog.Tx, token, hash string) error {
	if _, err := tx.Exec("delete from token_hashes where token = $1", token); err != nil {
		return err
	}
	return addTokenHash(tx, token, hash)
}

func addTokenHash(tx *eventlog.Tx, token, hash string) error {
	n, err := tx.Exec("insert into token_hashes (hash, token) values ($1, $2) on conflict (hash) do nothing", hash, token)
	if err == nil && n == 0 {
		err = fault.New(fault.AlreadyExists, "TOKEN_SECRET_TAKEN", "Another token has this secret: make one for each.")
	}
	return err
}

// TokenHash is the hash of a token's secret; empty when there is no such token.
func TokenHash(ctx context.Context, q db.Queryer, token string) (string, error) {
	hash, _, err := db.One[string](ctx, q, "select hash from token_hashes where token = $1", token)
	return hash, err
}

// TokenOf returns the name of the token that a secret belongs to, or false. The index looks for a hash, so how long it
// takes tells nothing about any secret.
func TokenOf(ctx context.Context, q db.Queryer, secret domain.Secret) (name string, found bool, err error) {
	return db.One[string](ctx, q, "select token from token_hashes where hash = $1", secret.Hash())
}

// useStep is how exactly the last use of a token is known, and so how often it is written at most.
const useStep = time.Minute

// UseToken records that a token is used now, unless that is known already.
func UseToken(ctx context.Context, l *eventlog.Log, token string) error {
	at := db.Micros(l.Now().UTC().Truncate(useStep))
	known, found, err := db.One[int64](ctx, l.DB().Read(), "select use_time from token_uses where token = $1", token)
	if err != nil || found && known >= at {
		return err
	}
	return l.Do(ctx, func(tx *eventlog.Tx) error {
		_, err := tx.Exec(`insert into token_uses (token, use_time) values ($1, $2)
			on conflict (token) do update set use_time = excluded.use_time where token_uses.use_time < excluded.use_time`, token, at)
		return err
	})
}

// TokenUses tells when the tokens of a user or a team were last used, by their names. Those that never were are not in it.
func TokenUses(ctx context.Context, q db.Queryer, owner string) (map[string]time.Time, error) {
	type use struct {
		Token   string `db:"token"`
		UseTime int64  `db:"use_time"`
	}
	found, err := db.All[use](ctx, q, "select u.token, u.use_time from token_uses u join tokens t on t.name = u.token where t.parent = $1", owner)
	if err != nil {
		return nil, err
	}
	uses := make(map[string]time.Time, len(found))
	for _, u := range found {
		uses[u.Token] = db.Time(u.UseTime)
	}
	return uses, nil
}
