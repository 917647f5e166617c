package store

import (
	"context"
	"strconv"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

const sessionColumns = "name, user_name, method, account, address, user_agent, create_time, last_use_time, idle_micros, end_time"

type sessionRow struct {
	Name    string `db:"name"`
	User    string `db:"user_name"`
	Method  string `db:"method"`
	Account string `db:"account"`
	Address string `db:"address"`
	Agent   string `db:"user_agent"`
	Create  int64  `db:"create_time"`
	LastUse int64  `db:"last_use_time"`
	Idle    int64  `db:"idle_micros"`
	End     int64  `db:"end_time"`
}

func (r sessionRow) session() domain.Session {
	return domain.Session{
		Name: r.Name, User: r.User, Method: domain.SignInMethod(r.Method), Account: r.Account, Address: r.Address, Agent: r.Agent,
		CreateTime: db.Time(r.Create), LastUseTime: db.Time(r.LastUse), Idle: time.Duration(r.Idle) * time.Microsecond, EndTime: db.Time(r.End),
	}
}

// CreateSession saves a session. idToken, which may be empty, is kept so that only the session's secret opens it.
func CreateSession(tx *eventlog.Tx, s domain.Session, secret domain.Secret, idToken string) error {
	sealed := []byte{}
	if idToken != "" {
		sealed = secret.Seal(idToken)
	}
	_, err := tx.Exec("insert into sessions ("+sessionColumns+", hash, sealed_id_token, expire_time)"+
		" values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
		s.Name, s.User, string(s.Method), s.Account, s.Address, s.Agent, db.Micros(s.CreateTime), db.Micros(s.LastUseTime), micros(s.Idle), db.Micros(s.EndTime),
		secret.Hash(), sealed, db.Micros(s.ExpireTime()))
	return err
}

// SessionOf finds the session with a secret, also one that is over.
func SessionOf(ctx context.Context, q db.Queryer, secret domain.Secret) (domain.Session, bool, error) {
	r, found, err := db.One[sessionRow](ctx, q, "select "+sessionColumns+" from sessions where hash = $1", secret.Hash())
	return r.session(), found, err
}

// IDTokenOf is the ID token that a session was opened with; "" when it was opened otherwise.
func IDTokenOf(ctx context.Context, q db.Queryer, secret domain.Secret) (string, error) {
	sealed, _, err := db.One[[]byte](ctx, q, "select sealed_id_token from sessions where hash = $1", secret.Hash())
	return secret.Open(sealed), err
}

// UseSession saves the last use of a session. One that was ended meanwhile stays ended.
func UseSession(tx *eventlog.Tx, s domain.Session) error {
	_, err := tx.Exec("update sessions set last_use_time = $2, expire_time = $3 where name = $1 and last_use_time < $2",
		s.Name, db.Micros(s.LastUseTime), db.Micros(s.ExpireTime()))
	return err
}

// EndSession ends a session, given by name, and returns it. Reason: SESSION_NOT_FOUND.
func EndSession(ctx context.Context, tx *eventlog.Tx, name string) (domain.Session, error) {
	r, found, err := db.One[sessionRow](ctx, tx, "select "+sessionColumns+" from sessions where name = $1 and expire_time > $2", name, db.Micros(tx.Now()))
	if err != nil {
		return domain.Session{}, err
	}
	n, err := tx.Exec("delete from sessions where name = $1", name)
	if err != nil {
		return domain.Session{}, err
	}
	if !found || n == 0 {
		return domain.Session{}, fault.New(fault.NotFound, "SESSION_NOT_FOUND", "There is no session %q.", name)
	}
	return r.session(), nil
}

// EndSessionsOfAccount ends the sessions that were opened with an account, given by name.
func EndSessionsOfAccount(tx *eventlog.Tx, account string) error {
	_, err := tx.Exec("delete from sessions where account = $1", account)
	return err
}

// Sessions returns one page of the sessions of the query's parent that have not ended, newest first, and the token of the
// next page.
func Sessions(ctx context.Context, l *eventlog.Log, q record.Query) (sessions []domain.Session, next string, err error) {
	size, err := record.PageSize(q.PageSize)
	if err != nil {
		return nil, "", err
	}
	scope := record.Scope("sessions", q.Parent, q.Principal)
	text := "select " + sessionColumns + " from sessions where user_name = $1 and expire_time > $2"
	args := []any{q.Parent, db.Micros(l.Now()), size + 1} // one more, to know whether there is a next page
	if q.PageToken != "" {
		last, err := record.OpenToken(l, scope, q.PageToken)
		if err != nil {
			return nil, "", err
		}
		created, err := strconv.ParseInt(last[0], 10, 64)
		if err != nil {
			return nil, "", fault.From(err)
		}
		text += " and (create_time, name) < ($4, $5)"
		args = append(args, created, last[1])
	}
	rows, err := db.All[sessionRow](ctx, l.DB().Read(), text+" order by create_time desc, name desc limit $3", args...)
	if err != nil {
		return nil, "", err
	}
	for _, r := range rows[:min(size, len(rows))] {
		sessions = append(sessions, r.session())
	}
	if len(rows) > size {
		last := rows[size-1]
		next = record.Token(l, scope, strconv.FormatInt(last.Create, 10), last.Name)
	}
	return sessions, next, nil
}
