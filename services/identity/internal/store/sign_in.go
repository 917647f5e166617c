package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// CreateSignInLink saves a link of a user, given by name.
func CreateSignInLink(tx *eventlog.Tx, user string, link domain.SignInLink, secret domain.Secret) error {
	_, err := tx.Exec("insert into sign_in_links (hash, name, user_name, return_to, create_time, expire_time) values ($1, $2, $3, $4, $5, $6)",
		secret.Hash(), link.Name, user, link.ReturnTo, db.Micros(tx.Now()), db.Micros(link.ExpireTime))
	return err
}

// TakeSignInLink uses a link up; false means that there is none with this secret that has not ended. Of several who take it
// at once only one has it: the others wait, and then delete nothing. A deactivation of the user waits, too, or comes first.
func TakeSignInLink(ctx context.Context, tx *eventlog.Tx, secret domain.Secret) (user string, link domain.SignInLink, found bool, err error) {
	type row struct {
		Name     string `db:"name"`
		User     string `db:"user_name"`
		ReturnTo string `db:"return_to"`
		Expire   int64  `db:"expire_time"`
	}
	r, found, err := db.One[row](ctx, tx, "select name, user_name, return_to, expire_time from sign_in_links where hash = $1", secret.Hash())
	if err != nil || !found {
		return "", domain.SignInLink{}, false, err
	}
	n, err := tx.Exec("delete from sign_in_links where hash = $1", secret.Hash())
	if err != nil || n == 0 || r.Expire <= db.Micros(tx.Now()) {
		return "", domain.SignInLink{}, false, err
	}
	return r.User, domain.SignInLink{Name: r.Name, ReturnTo: r.ReturnTo, ExpireTime: db.Time(r.Expire)}, true, nil
}

// CreatePendingSignIn saves a sign-in that has begun at the provider.
func CreatePendingSignIn(tx *eventlog.Tx, p domain.PendingSignIn, state, binding domain.Secret) error {
	_, err := tx.Exec("insert into pending_sign_ins (state_hash, binding_hash, redirect_uri, return_to, expire_time) values ($1, $2, $3, $4, $5)",
		state.Hash(), binding.Hash(), p.RedirectURI, p.ReturnTo, db.Micros(p.ExpireTime))
	return err
}

// TakePendingSignIn uses a pending sign-in up; false means that there is none of this state and this browser that has not
// ended. One of another browser stays: whoever sends it here must not end it there.
func TakePendingSignIn(ctx context.Context, tx *eventlog.Tx, state, binding domain.Secret) (p domain.PendingSignIn, found bool, err error) {
	type row struct {
		RedirectURI string `db:"redirect_uri"`
		ReturnTo    string `db:"return_to"`
		Expire      int64  `db:"expire_time"`
	}
	r, found, err := db.One[row](ctx, tx, "select redirect_uri, return_to, expire_time from pending_sign_ins where state_hash = $1 and binding_hash = $2",
		state.Hash(), binding.Hash())
	if err != nil || !found {
		return p, false, err
	}
	n, err := tx.Exec("delete from pending_sign_ins where state_hash = $1 and binding_hash = $2", state.Hash(), binding.Hash())
	if err != nil || n == 0 || r.Expire <= db.Micros(tx.Now()) {
		return p, false, err
	}
	return domain.PendingSignIn{RedirectURI: r.RedirectURI, ReturnTo: r.ReturnTo, ExpireTime: db.Time(r.Expire)}, true, nil
}

// endSignIns ends all sessions and links of a user who is deactivated, whoever does it. They stay ended: whoever
// makes one has taken the user's link or holds the user, so that none comes between.
func endSignIns(tx *eventlog.Tx, u *domain.User, e domain.Event) error {
	if e != domain.UserDeactivated {
		return nil
	}
	if _, err := tx.Exec("delete from sign_in_links where user_name = $1", u.Name); err != nil {
		return err
	}
	_, err := tx.Exec("delete from sessions where user_name = $1", u.Name)
	return err
}

// PurgeSignIns deletes links, pending sign-ins and sessions that have ended, with the addresses that they hold.
func PurgeSignIns(tx *eventlog.Tx) error {
	now := db.Micros(tx.Now())
	for _, statement := range []string{
		"delete from sign_in_links where expire_time <= $1",
		"delete from pending_sign_ins where expire_time <= $1",
		"delete from sessions where expire_time <= $1",
	} {
		if _, err := tx.Exec(statement, now); err != nil {
			return err
		}
	}
	return nil
}

// micros is a duration as it is stored.
func micros(d time.Duration) int64 { return d.Microseconds() }
