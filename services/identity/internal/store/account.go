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

const accountColumns = "name, user_name, issuer, subject, email, groups_json, grants_json, sign_in_time, create_time"

type accountRow struct {
	Name    string `db:"name"`
	User    string `db:"user_name"`
	Issuer  string `db:"issuer"`
	Subject string `db:"subject"`
	Email   string `db:"email"`
	Groups  string `db:"groups_json"`
	Grants  string `db:"grants_json"`
	SignIn  int64  `db:"sign_in_time"`
	Create  int64  `db:"create_time"`
}

func (r accountRow) account() (domain.Account, error) {
	a := domain.Account{Name: r.Name, User: r.User, Issuer: r.Issuer, Subject: r.Subject, Email: r.Email, CreateTime: db.Time(r.Create)}
	if r.SignIn != 0 {
		a.SignInTime = db.Time(r.SignIn)
	}
	if err := json.Unmarshal([]byte(r.Groups), &a.Groups); err != nil {
		return a, fault.From(err)
	}
	if err := json.Unmarshal([]byte(r.Grants), &a.Grants); err != nil {
		return a, fault.From(err)
	}
	return a, nil
}

// CreateAccount saves an account. Reason: ACCOUNT_ALREADY_EXISTS, which does not tell whose it is.
func CreateAccount(tx *eventlog.Tx, a domain.Account) error {
	n, err := tx.Exec("insert into accounts ("+accountColumns+") values ($1, $2, $3, $4, '', '[]', '[]', 0, $5) on conflict do nothing",
		a.Name, a.User, a.Issuer, a.Subject, db.Micros(a.CreateTime))
	if err == nil && n == 0 {
		err = fault.New(fault.AlreadyExists, "ACCOUNT_ALREADY_EXISTS", "The account is tied to a user already.")
	}
	return err
}

// AccountOf finds the account of a subject at an issuer.
func AccountOf(ctx context.Context, q db.Queryer, issuer, subject string) (domain.Account, bool, error) {
	return findAccount(ctx, q, "issuer = $1 and subject = $2", issuer, subject)
}

func findAccount(ctx context.Context, q db.Queryer, where string, args ...any) (domain.Account, bool, error) {
	r, found, err := db.One[accountRow](ctx, q, "select "+accountColumns+" from accounts where "+where, args...)
	if err != nil || !found {
		return domain.Account{}, false, err
	}
	a, err := r.account()
	return a, err == nil, err
}

// SaveSignIn saves what the last sign-in with an account said and decided.
func SaveSignIn(tx *eventlog.Tx, a domain.Account) error {
	groups, err := json.Marshal(append([]string{}, a.Groups...))
	if err != nil {
		return fault.From(err)
	}
	grants, err := json.Marshal(append([]string{}, a.Grants...))
	if err != nil {
		return fault.From(err)
	}
	_, err = tx.Exec("update accounts set email = $2, groups_json = $3, grants_json = $4, sign_in_time = $5 where name = $1",
		a.Name, a.Email, string(groups), string(grants), db.Micros(a.SignInTime))
	return err
}

// DeleteAccount deletes an account, given by name, ends the sessions that it opened, and returns it. Reason:
// ACCOUNT_NOT_FOUND.
func DeleteAccount(ctx context.Context, tx *eventlog.Tx, name string) (domain.Account, error) {
	a, found, err := findAccount(ctx, tx, "name = $1", name)
	if err != nil {
		return a, err
	}
	if !found {
		return a, fault.New(fault.NotFound, "ACCOUNT_NOT_FOUND", "There is no account %q.", name)
	}
	if err := EndSessionsOfAccount(tx, name); err != nil {
		return a, err
	}
	_, err = tx.Exec("delete from accounts where name = $1", name)
	return a, err
}

// Accounts returns one page of the accounts of the query's parent by id, and the token of the next page.
func Accounts(ctx context.Context, l *eventlog.Log, q record.Query) (accounts []domain.Account, next string, err error) {
	size, err := record.PageSize(q.PageSize)
	if err != nil {
		return nil, "", err
	}
	scope, last := record.Scope("accounts", q.Parent, q.Principal), []string{""}
	if q.PageToken != "" {
		if last, err = record.OpenToken(l, scope, q.PageToken); err != nil {
			return nil, "", err
		}
	}
	rows, err := db.All[accountRow](ctx, l.DB().Read(), "select "+accountColumns+" from accounts where user_name = $1 and name > $2 order by name limit $3",
		q.Parent, last[0], size+1)
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows[:min(size, len(rows))] {
		a, err := r.account()
		if err != nil {
			return nil, "", err
		}
		accounts = append(accounts, a)
	}
	if len(rows) > size {
		next = record.Token(l, scope, rows[size-1].Name)
	}
	return accounts, next, nil
}
