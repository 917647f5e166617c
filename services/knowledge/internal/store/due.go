package store

import (
	"context"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// Due is the topic that wakes those who do what is due.
const Due = "due"

// Task is something that is done after a commit, or when its time has come.
type Task string

// What can be due, and what its name is the name of.
const (
	// OfferLearning looks for the teams that a published learning may help.
	OfferLearning Task = "offer learning"
	// WithdrawOffers withdraws what is open of a learning that was retired.
	WithdrawOffers Task = "withdraw offers"
	// OpenOffers puts offers that wait to a team, teams/{team}, that has room for them.
	OpenOffers Task = "open offers"
	// CloseOffer ends an offer that nobody has answered in time.
	CloseOffer Task = "close offer"
	// DraftExperiment drafts the experiment of an offer that was adopted.
	DraftExperiment Task = "draft experiment"
	// FetchChart keeps what happened in the experiment of a learning.
	FetchChart Task = "fetch chart"
)

// DueAtOnce is how many names DueNow returns at most.
const DueAtOnce = 100

// MakeDue has a task done at a time, and at once when it is past. What is due already is due at the new time.
func MakeDue(tx *eventlog.Tx, task Task, name string, at time.Time) error {
	tx.Wake(Due)
	_, err := tx.Exec("insert into due (task, name, at) values ($1, $2, $3) on conflict (task, name) do update set at = excluded.at",
		string(task), name, db.Micros(at))
	return err
}

// makeAllDue is MakeDue, now, for all names that a query finds; its first column is called name, and its arguments are $3 and further.
func makeAllDue(tx *eventlog.Tx, task Task, query string, args ...any) error {
	tx.Wake(Due)
	_, err := tx.Exec("insert into due (task, name, at) select cast($1 as text), found.name, cast($2 as bigint) from ("+query+") as found"+
		" where true on conflict (task, name) do update set at = excluded.at", append([]any{string(task), db.Micros(tx.Log().Now())}, args...)...)
	return err
}

// PutOff lets the names of a task wait that are due and could not be done: they come behind those that are due until then, so that they
// hold nothing up. What has been struck off or put off already stays so.
func PutOff(tx *eventlog.Tx, task Task, names []string, until time.Time) error {
	now := db.Micros(tx.Log().Now())
	for _, name := range names {
		_, err := tx.Exec("update due set at = $1 where task = $2 and name = $3 and at <= $4", db.Micros(until), string(task), name, now)
		if err != nil {
			return err
		}
	}
	return nil
}

// Done says that a task needs no doing any more. Do it in the transaction that did it.
func Done(tx *eventlog.Tx, task Task, name string) error {
	_, err := tx.Exec("delete from due where task = $1 and name = $2", string(task), name)
	return err
}

// DueNow are the names for which a task is due, the longest due first.
func DueNow(ctx context.Context, l *eventlog.Log, task Task) ([]string, error) {
	return db.All[string](ctx, l.DB().Read(), "select name from due where task = $1 and at <= $2 order by at, name limit $3",
		string(task), db.Micros(l.Now()), DueAtOnce)
}

// DueBy counts the names for which tasks are due by a time; a task without any is missing.
func DueBy(ctx context.Context, l *eventlog.Log, by time.Time) (map[Task]int64, error) {
	type count struct {
		Task  string `db:"task"`
		Names int64  `db:"names"`
	}
	counts, err := db.All[count](ctx, l.DB().Read(), "select task, count(*) as names from due where at <= $1 group by task", db.Micros(by))
	due := map[Task]int64{}
	for _, c := range counts {
		due[Task(c.Task)] = c.Names
	}
	return due, err
}
