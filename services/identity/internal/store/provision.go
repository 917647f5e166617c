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

// ProvisionCounts is how much a reconciliation changed.
type ProvisionCounts struct {
	// Set is what became, or stays with a change, as the file says; Withdrawn what the file names no more; Released what no
	// file owns any more.
	Set, Withdrawn, Released int
}

// Provision makes everything as a provisioning file says, and gives free what another file owned. Without a file
// everything is given free. Nothing is changed that is as it should be. Reasons: PROVISIONING_FILE_INVALID,
// PROVISIONING_LEAVES_NO_ADMIN.
func Provision(ctx context.Context, tx *eventlog.Tx, p domain.Provisioning) (ProvisionCounts, error) {
	r := &reconciliation{ctx: ctx, tx: tx, Provisioning: p, named: map[string]bool{}}
	for _, step := range []func() error{
		r.load, r.release, r.withdrawTokens, r.freeSecrets, r.setUsers, r.setTeams, r.setMembers, r.setTokens,
		r.withdrawMembers, r.withdrawTeams, r.withdrawUsers, r.checkAdmins,
	} {
		if err := step(); err != nil {
			return ProvisionCounts{}, err
		}
	}
	return r.counts, nil
}

// reconciliation goes first from what others owned, then through what the file names, and last to what it names no more.
type reconciliation struct {
	domain.Provisioning
	ctx    context.Context
	tx     *eventlog.Tx
	named  map[string]bool // what the file names
	users  []record.Row[domain.User]
	teams  []record.Row[domain.Team]
	places []record.Row[domain.Member]
	tokens []record.Row[domain.Token]
	counts ProvisionCounts
}

// owned finds what is owned by any file. The text is looked for first, so that the many others are not read.
const owned = ` where doc like '%"provisionedBy":"%'`

// load reads what files own. Until the transaction ends nobody else reconciles, so that two processes can start at once.
func (r *reconciliation) load() (err error) {
	if err := r.tx.Lock("provisioning"); err != nil {
		return err
	}
	for _, u := range r.Users {
		r.named[u.User.Name] = true
	}
	for _, t := range r.Teams {
		r.named[t.Team.Name] = true
	}
	for _, m := range r.Members {
		r.named[domain.MemberName(m.Team, m.User)] = true
	}
	for _, t := range r.Tokens {
		r.named[t.Token.Name] = true
	}
	log := r.tx.Log()
	if r.users, err = Users.Select(r.ctx, r.tx, log, "select "+record.Columns+" from users"+owned+" order by name"); err != nil {
		return err
	}
	if r.teams, err = Teams.Select(r.ctx, r.tx, log, "select "+record.Columns+" from teams"+owned+" order by name"); err != nil {
		return err
	}
	if r.places, err = Members.Select(r.ctx, r.tx, log, "select "+record.Columns+" from members"+owned+" order by name"); err != nil {
		return err
	}
	r.tokens, err = Tokens.Select(r.ctx, r.tx, log, "select "+record.Columns+" from tokens"+owned+" order by name")
	return err
}

// foreign tells whether a file that is no more owned something.
func (r *reconciliation) foreign(owner string) bool { return owner != "" && owner != r.File }

// dropped tells whether the file owned something that it names no more.
func (r *reconciliation) dropped(name, owner string) bool {
	return owner != "" && owner == r.File && !r.named[name]
}

// release gives free what a file owned that is no more the installation's.
func (r *reconciliation) release() error {
	before := r.counts
	for _, row := range r.users {
		if r.foreign(row.Value.ProvisionedBy) {
			if err := r.changeUser(row.Value.Name, (*domain.User).Release, &r.counts.Released); err != nil {
				return err
			}
		}
	}
	for _, row := range r.teams {
		if r.foreign(row.Value.ProvisionedBy) {
			if err := r.changeTeam(row.Value.Name, (*domain.Team).Release, &r.counts.Released); err != nil {
				return err
			}
		}
	}
	for _, row := range r.places {
		if r.foreign(row.Value.ProvisionedBy) {
			release := func(m *domain.Member, _ time.Time) ([]domain.Event, error) { return m.Release(), nil }
			if err := changed(&r.counts.Released, Members, r.tx, row.Value.Name, release); err != nil {
				return err
			}
		}
	}
	for _, row := range r.tokens {
		if r.foreign(row.Value.ProvisionedBy) {
			release := func(t *domain.Token, _ time.Time) ([]domain.Event, error) { return t.Release(), nil }
			if err := changed(&r.counts.Released, Tokens, r.tx, row.Value.Name, release); err != nil {
				return err
			}
		}
	}
	if r.counts != before {
		return r.load() // what was given free may now be taken over
	}
	return nil
}

// changed updates a row and counts it when something changed.
func changed[T any](count *int, c *record.Collection[T, domain.Event], tx *eventlog.Tx, name string, change func(*T, time.Time) ([]domain.Event, error)) error {
	happened := false
	_, err := c.Update(tx, name, "", func(x *T, now time.Time) ([]domain.Event, error) {
		events, err := change(x, now)
		happened = len(events) > 0
		return events, err
	})
	if err == nil && happened {
		*count++
	}
	return err
}

func (r *reconciliation) changeUser(name string, change func(*domain.User) ([]domain.Event, error), count *int) error {
	return changed(count, Users, r.tx, name, func(u *domain.User, _ time.Time) ([]domain.Event, error) { return change(u) })
}

func (r *reconciliation) changeTeam(name string, change func(*domain.Team) ([]domain.Event, error), count *int) error {
	return changed(count, Teams, r.tx, name, func(t *domain.Team, _ time.Time) ([]domain.Event, error) { return change(t) })
}

// othersStay says that an admin may lose the role here: whether one is left is asked at the end, when all roles are given.
const othersStay = 1

func (r *reconciliation) withdrawUsers() error {
	for _, row := range r.users {
		if !r.dropped(row.Value.Name, row.Value.ProvisionedBy) {
			continue
		}
		if err := r.changeUser(row.Value.Name, func(u *domain.User) ([]domain.Event, error) {
			ended, err := u.Provision(r.File, func(u *domain.User) { u.Deactivated = true }, othersStay)
			if err != nil {
				return nil, err
			}
			released, err := u.Release()
			return append(ended, released...), err
		}, &r.counts.Withdrawn); err != nil {
			return err
		}
	}
	return nil
}

func (r *reconciliation) withdrawTeams() error {
	for _, row := range r.teams {
		if !r.dropped(row.Value.Name, row.Value.ProvisionedBy) {
			continue
		}
		if err := r.changeTeam(row.Value.Name, func(t *domain.Team) ([]domain.Event, error) {
			ended, err := t.Provision(r.File, func(t *domain.Team) { t.Deactivated = true })
			if err != nil {
				return nil, err
			}
			released, err := t.Release()
			return append(ended, released...), err
		}, &r.counts.Withdrawn); err != nil {
			return err
		}
	}
	return nil
}

func (r *reconciliation) withdrawMembers() error {
	for _, row := range r.places {
		if !r.dropped(row.Value.Name, row.Value.ProvisionedBy) {
			continue
		}
		withdraw := func(m *domain.Member, _ time.Time) ([]domain.Event, error) { return m.Withdraw(), nil }
		if err := changed(&r.counts.Withdrawn, Members, r.tx, row.Value.Name, withdraw); err != nil {
			return err
		}
	}
	return nil
}

// checkAdmins counts who is left, as the last step.
func (r *reconciliation) checkAdmins() error {
	if r.File == "" {
		return nil
	}
	admins, err := OtherAdmins(r.ctx, r.tx, "")
	if err != nil {
		return err
	}
	users, _, err := db.One[int](r.ctx, r.tx, "select count(*) from (select name from users limit 1) as found")
	if err != nil {
		return err
	}
	return r.CheckAdmins(users, admins)
}

// atLine says where in the file something stands that could not be done.
func (r *reconciliation) atLine(at domain.Place, err error) error {
	refused, ok := refusal(err)
	if !ok {
		return err
	}
	return fault.New(fault.InvalidArgument, "PROVISIONING_FILE_INVALID",
		"The provisioning file is wrong; nothing was changed:\n  %s:%d: %s: %s", r.File, at.Line, at.Column, refused.Text())
}
