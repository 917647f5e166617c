package store

import (
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// Admit gives a user a token without anybody's leave: for the first admin, and for whoever can run the program on the
// operator's machine. A user who exists stays as is; another one is created. Reason: USER_DEACTIVATED.
func Admit(tx *eventlog.Tx, user domain.User, token domain.Token, secret domain.Secret) (record.Row[domain.User], record.Row[domain.Token], error) {
	var none record.Row[domain.Token]
	u, known, err := Users.Find(tx, user.Name)
	if err != nil {
		return u, none, err
	}
	if !known {
		x, events, err := domain.NewUser(user)
		if err != nil {
			return u, none, err
		}
		if u, err = Users.Create(tx, x, events...); err != nil {
			return u, none, err
		}
	}
	if err := u.Value.CheckActive("user"); err != nil {
		return u, none, err
	}
	t, events, err := domain.NewToken(token, true, tx.Now())
	if err != nil {
		return u, none, err
	}
	row, err := CreateToken(tx, t, secret, events...)
	return u, row, err
}
