package store

import (
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func (r *reconciliation) setUsers() error {
	for _, want := range r.Users {
		_, known, err := Users.Find(r.tx, want.User.Name)
		if err != nil {
			return err
		}
		if !known {
			want.User.ProvisionedBy = r.File
			u, events, err := domain.NewUser(want.User)
			if err != nil {
				return r.atLine(want.Place, err)
			}
			if _, err := Users.Create(r.tx, u, events...); err != nil {
				return err
			}
			r.counts.Set++
			continue
		}
		provision := func(u *domain.User) ([]domain.Event, error) { return u.Provision(r.File, want.Apply, othersStay) }
		if err := r.changeUser(want.User.Name, provision, &r.counts.Set); err != nil {
			return r.atLine(want.Place, err)
		}
	}
	return nil
}

func (r *reconciliation) setTeams() error {
	for _, want := range r.Teams {
		_, known, err := Teams.Find(r.tx, want.Team.Name)
		if err != nil {
			return err
		}
		if !known {
			capacity := want.Team.CapacityPercent
			want.Team.ProvisionedBy = r.File
			t, events, err := domain.NewTeam(want.Team)
			if err != nil {
				return r.atLine(want.Place, err)
			}
			t.CapacityPercent = capacity
			if _, err := Teams.Create(r.tx, t, events...); err != nil {
				return err
			}
			r.counts.Set++
			continue
		}
		provision := func(t *domain.Team) ([]domain.Event, error) { return t.Provision(r.File, want.Apply) }
		if err := r.changeTeam(want.Team.Name, provision, &r.counts.Set); err != nil {
			return r.atLine(want.Place, err)
		}
	}
	return nil
}

func (r *reconciliation) setMembers() error {
	for _, want := range r.Members {
		if err := r.known(want.Team, want.User); err != nil {
			return r.atLine(want.Place, err)
		}
		set := false
		_, err := PutMember(r.tx, want.Team, want.User, func(m *domain.Member, now time.Time) ([]domain.Event, error) {
			events, err := m.Provision(r.File, want.Role, now)
			set = len(events) > 0
			return events, err
		})
		if err != nil {
			return r.atLine(want.Place, err)
		}
		if set {
			r.counts.Set++
		}
	}
	return nil
}

// known refuses teams and users that are neither in the file nor here.
func (r *reconciliation) known(names ...string) error {
	for _, name := range names {
		var found bool
		var err error
		noun := "user"
		if domain.TeamID(name) != "" {
			noun = "team"
			_, found, err = Teams.Find(r.tx, name)
		} else {
			_, found, err = Users.Find(r.tx, name)
		}
		if err != nil {
			return err
		}
		if !found {
			return fault.New(fault.FailedPrecondition, "PROVISIONING_REFERENCE_UNKNOWN",
				"there is no %s %s, here or in the file", noun, domain.ID(name))
		}
	}
	return nil
}

// withdrawTokens ends the tokens that the file names no more, and gives their secrets free: the same secret may come again
// under another id.
func (r *reconciliation) withdrawTokens() error {
	for _, row := range r.tokens {
		if !r.dropped(row.Value.Name, row.Value.ProvisionedBy) {
			continue
		}
		withdraw := func(t *domain.Token, now time.Time) ([]domain.Event, error) { return t.Withdraw(now), nil }
		if err := changed(&r.counts.Withdrawn, Tokens, r.tx, row.Value.Name, withdraw); err != nil {
			return err
		}
		if err := r.forgetSecret(row.Value.Name); err != nil {
			return err
		}
	}
	return nil
}

// freeSecrets forgets the secrets of tokens that get another one, so that two tokens can change theirs with each other.
func (r *reconciliation) freeSecrets() error {
	for _, want := range r.Tokens {
		hash, err := TokenHash(r.ctx, r.tx, want.Token.Name)
		if err != nil {
			return err
		}
		if hash != "" && hash != want.Hash {
			if err := r.forgetSecret(want.Token.Name); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *reconciliation) forgetSecret(token string) error {
	_, err := r.tx.Exec("delete from token_hashes where token = $1", token)
	return err
}

func (r *reconciliation) setTokens() error {
	for _, want := range r.Tokens {
		if err := r.known(domain.Parent(want.Token.Name)); err != nil {
			return r.atLine(want.Place, err)
		}
		if err := r.setToken(want); err != nil {
			return r.atLine(want.Place, err)
		}
	}
	return nil
}

func (r *reconciliation) setToken(want domain.ProvisionedToken) error {
	_, there, err := Tokens.Find(r.tx, want.Token.Name)
	if err != nil {
		return err
	}
	if !there {
		want.Token.ProvisionedBy = r.File
		t, events, err := domain.NewToken(want.Token, true, r.tx.Now())
		if err != nil {
			return err
		}
		r.counts.Set++
		_, err = CreateTokenByHash(r.tx, t, want.Hash, events...)
		return err
	}
	hash, err := TokenHash(r.ctx, r.tx, want.Token.Name)
	if err != nil {
		return err
	}
	newSecret := hash != want.Hash
	if err := changed(&r.counts.Set, Tokens, r.tx, want.Token.Name, func(t *domain.Token, now time.Time) ([]domain.Event, error) {
		return t.Provision(r.File, func(t *domain.Token) { want.Apply(t, newSecret) }, newSecret, now)
	}); err != nil || !newSecret {
		return err
	}
	return ReplaceTokenHash(r.tx, want.Token.Name, want.Hash)
}
