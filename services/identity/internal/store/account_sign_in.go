package store

import (
	"context"
	"encoding/json"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Admitted is whom a sign-in at the provider let in.
type Admitted struct {
	User    *domain.User
	Account domain.Account
	// Tied is true when the account was tied to the user just now, Created when the user was made for it.
	Tied, Created bool
}

// AdmitIdentity finds or makes the user of a verified identity and gives what its groups give. otherwise is the id of a new
// user whose identity suggests none, accountID the id of a new account. Reason: SIGN_IN_NOT_ALLOWED.
func AdmitIdentity(ctx context.Context, tx *eventlog.Tx, i domain.Identity, policy domain.SignInPolicy, otherwise, accountID string) (Admitted, error) {
	// One sign-in at a time, so that two first ones of one person, or of two with one name, do not meet.
	if err := tx.Lock("sign-in"); err != nil {
		return Admitted{}, err
	}
	admitted, err := userOfIdentity(ctx, tx, i, policy, otherwise, accountID)
	if err != nil {
		return admitted, err
	}
	row, err := Users.Hold(tx, admitted.User.Name)
	if err != nil {
		return admitted, err
	}
	if admitted.User = row.Value; admitted.User.Deactivated {
		return admitted, domain.SignInNotAllowed()
	}
	a := &admitted.Account
	if a.Grants, err = giveGroups(ctx, tx, admitted.User, policy.Groups, i.Groups); err != nil {
		return admitted, err
	}
	a.Email, a.Groups, a.SignInTime = i.Email, i.Groups, tx.Now()
	return admitted, SaveSignIn(tx, *a)
}

func userOfIdentity(ctx context.Context, tx *eventlog.Tx, i domain.Identity, policy domain.SignInPolicy, otherwise, accountID string) (Admitted, error) {
	account, known, err := AccountOf(ctx, tx, i.Issuer, i.Subject)
	if err != nil {
		return Admitted{}, err
	}
	if known {
		row, err := Users.Must(tx, account.User)
		return Admitted{User: row.Value, Account: account}, err
	}
	found := Admitted{Tied: true}
	if policy.MayJoin(i) {
		if found.User, err = onlyUserWithEmail(ctx, tx, i.Email); err != nil {
			return Admitted{}, err
		}
	}
	if found.User == nil {
		if !policy.MayCreate(i) {
			return Admitted{}, domain.SignInNotAllowed()
		}
		if found.User, err = createUserOf(tx, i, otherwise); err != nil {
			return Admitted{}, err
		}
		found.Created = true
	}
	if found.Account, err = domain.NewAccount(found.User.Name, accountID, i.Issuer, i.Subject, tx.Now()); err != nil {
		return Admitted{}, err
	}
	return found, CreateAccount(tx, found.Account)
}

func createUserOf(tx *eventlog.Tx, i domain.Identity, otherwise string) (*domain.User, error) {
	id, err := i.UserID(otherwise, func(id string) (bool, error) {
		_, taken, err := Users.Find(tx, domain.UserName(id))
		return taken, err
	})
	if err != nil {
		return nil, err
	}
	u, events, err := domain.NewUser(i.NewUser(id))
	if err != nil {
		return nil, err
	}
	row, err := Users.Create(tx, u, events...)
	return row.Value, err
}

// onlyUserWithEmail is the one active user without an account who has the address; nil when there is none or more than one.
// It reads all users, which only an account's first sign-in has to wait for.
func onlyUserWithEmail(ctx context.Context, tx *eventlog.Tx, email string) (*domain.User, error) {
	docs, err := db.All[string](ctx, tx, "select doc from users where not exists (select 1 from accounts where accounts.user_name = users.name)")
	if err != nil {
		return nil, err
	}
	var only *domain.User
	for _, doc := range docs {
		u := new(domain.User)
		if err := json.Unmarshal([]byte(doc), u); err != nil {
			return nil, fault.From(err)
		}
		if u.Deactivated || !domain.SameEmail(u.Email, email) {
			continue
		}
		if only != nil {
			return nil, nil
		}
		only = u
	}
	return only, nil
}

// giveGroups makes a user's roles and memberships by group those that the groups give, and returns one line for each grant
// with what came of it. What was given by hand or by a provisioning file stays as it is.
func giveGroups(ctx context.Context, tx *eventlog.Tx, u *domain.User, mapping domain.GroupMapping, groups []string) ([]string, error) {
	given := mapping.Give(groups)
	lines, err := giveRoles(ctx, tx, u, given)
	if err != nil {
		return nil, err
	}
	var grants []domain.GroupGrant
	for _, g := range given.Teams {
		grants = append(grants, domain.GroupGrant{Team: domain.TeamName(g.Team), Role: g.TeamRole, Group: g.Group})
	}
	known, err := SetGroupMemberships(ctx, tx, u.Name, grants)
	if err != nil {
		return nil, err
	}
	memberships, err := Memberships(ctx, tx, u.Name)
	if err != nil {
		return nil, err
	}
	for _, g := range given.Teams {
		team, remark := domain.TeamName(g.Team), ""
		if !slices.ContainsFunc(known, func(k domain.GroupGrant) bool { return k.Team == team }) {
			remark = "there is no such team"
		} else if slices.ContainsFunc(memberships, func(m domain.Member) bool { return domain.Parent(m.Name) == team && m.Group == "" }) {
			remark = "not given: the team has the user as a member without it"
		}
		lines = append(lines, g.Line(remark))
	}
	return lines, nil
}

// giveRoles gives the roles in the organisation. The last admin keeps that role: nobody could give it back, and a mistake in
// a group must not lock everybody out.
func giveRoles(ctx context.Context, tx *eventlog.Tx, u *domain.User, given domain.Given) (lines []string, err error) {
	remark := ""
	if u.ProvisionedBy != "" {
		remark = "not given: the provisioning file " + u.ProvisionedBy + " keeps the user"
	} else {
		row, err := Users.Update(tx, u.Name, "", func(u *domain.User, _ time.Time) ([]domain.Event, error) {
			others, err := OtherAdmins(ctx, tx, u.Name)
			if err != nil {
				return nil, err
			}
			roles := given.OrganizationRoles()
			if others == 0 && u.LosesAdmin(roles) {
				roles = append(roles, domain.Admin)
				lines = append(lines, "no group: admin (kept: there is no other admin)")
			}
			return u.SetGroupRoles(roles)
		})
		if err != nil {
			return nil, err
		}
		*u = *row.Value
	}
	for _, g := range given.Roles {
		lines = append(lines, g.Line(remark))
	}
	return lines, nil
}
