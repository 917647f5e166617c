package rpc_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity/internal/oidc"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit/oidctest"
)

// tie ties an account at the provider to a user.
func (w *pages) tie(user, subject string) (*identityv1.Account, error) {
	return w.CreateAccount(w.As(root), &identityv1.CreateAccountRequest{
		Parent: user, Account: &identityv1.Account{Issuer: w.provider.Issuer, Subject: subject},
	})
}

func (w *pages) accounts(user string) []*identityv1.Account {
	w.Helper()
	return must(w.ListAccounts(w.As(root), &identityv1.ListAccountsRequest{Parent: user}))(w.T).GetAccounts()
}

// An e-mail address is no identity: not that of another user, and not one that changed.
func TestAnEmailAddressIsNobody(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		mallory := oidctest.Person{Subject: "sub-mallory", PreferredUsername: "mina", Email: "mina@example.com", EmailVerified: true}
		if me := w.whoIs(must(w.signInAs(mallory))(t).GetSecret()); me.GetUser() != "users/mina-2" {
			t.Errorf("with mina's address and name: %v", me)
		}
		if len(w.accounts("users/mina")) != 0 {
			t.Error("mina has an account that is not hers")
		}
		must(w.signInAs(ada))(t)
		changed := ada
		changed.Email, changed.PreferredUsername, changed.Name = "noor@example.com", "noor", "Noor"
		if me := w.whoIs(must(w.signInAs(changed))(t).GetSecret()); me.GetUser() != "users/ada" {
			t.Errorf("with another address: %v", me)
		}
		user := must(w.GetUser(w.As(root), &identityv1.GetUserRequest{Name: "users/ada"}))(t)
		if user.GetEmail() != "ada@example.com" || user.GetDisplayName() != "Ada Lovelace" || w.accounts("users/ada")[0].GetEmail() != "noor@example.com" {
			t.Errorf("user = %v, account = %v", user, w.accounts("users/ada")[0])
		}
		other := ada
		other.Subject = "sub-ada-at-another-time"
		if me := w.whoIs(must(w.signInAs(other))(t).GetSecret()); me.GetUser() != "users/ada-2" {
			t.Errorf("another subject with ada's address: %v", me)
		}
	})
}

func TestAnUnverifiedAddressIsRefused(t *testing.T) {
	unverified := func(verified any) oidctest.Person {
		return oidctest.Person{Subject: "sub-eve", PreferredUsername: "eve", Email: "eve@example.com", EmailVerified: verified}
	}
	for name, c := range map[string]struct {
		verified any
		allow    bool
		in       bool
		email    string
	}{
		"says no":               {false, false, false, ""},
		"says no, allowed":      {false, true, true, ""},
		"says nothing":          {nil, false, true, ""},
		"is vague about no":     {"false", false, false, ""},
		"is vague about yes":    {"true", false, false, ""},
		"says yes":              {true, false, true, "eve@example.com"},
		"says yes, not allowed": {true, true, true, "eve@example.com"},
	} {
		t.Run(name, func(t *testing.T) {
			w := openPages(t, db.SQLite, func(c2 *oidc.Config) { c2.AllowUnverifiedEmail = c.allow })
			answer, err := w.signInAs(unverified(c.verified))
			if !c.in {
				testkit.Refused(t, err, fault.PermissionDenied, "SIGN_IN_NOT_ALLOWED")
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			w.whoIs(answer.GetSecret())
			if user := must(w.GetUser(w.As(root), &identityv1.GetUserRequest{Name: "users/eve"}))(t); user.GetEmail() != c.email {
				t.Errorf("stored %q, want %q", user.GetEmail(), c.email)
			}
		})
	}
}

func TestJoiningByEmail(t *testing.T) {
	mina := func(email string, verified any) oidctest.Person {
		return oidctest.Person{Subject: "sub-mina", PreferredUsername: "m", Email: email, EmailVerified: verified}
	}
	for name, c := range map[string]struct {
		who  oidctest.Person
		join bool
		set  func(w *pages)
		user string
	}{
		"verified":               {mina("mina@example.com", true), true, nil, "users/mina"},
		"in another case":        {mina("Mina@Example.com", true), true, nil, "users/mina"},
		"not switched on":        {mina("mina@example.com", true), false, nil, "users/m"},
		"not verified":           {mina("mina@example.com", nil), true, nil, "users/m"},
		"says \"true\" as text":  {mina("mina@example.com", "true"), true, nil, "users/m"},
		"a letter that looks so": {mina("mına@example.com", true), true, nil, "users/m"},
		"two have the address": {mina("mina@example.com", true), true, func(w *pages) {
			must(w.CreateUser(w.As(root), &identityv1.CreateUserRequest{UserId: "twin", User: &identityv1.User{DisplayName: "Twin", Email: "mina@example.com"}}))(w.T)
		}, "users/m"},
		"the user is deactivated": {mina("mina@example.com", true), true, func(w *pages) {
			must(w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/mina"}))(w.T)
		}, "users/m"},
		"the user has an account": {mina("mina@example.com", true), true, func(w *pages) {
			must(w.tie("users/mina", "sub-mina-of-old"))(w.T)
		}, "users/m"},
	} {
		t.Run(name, func(t *testing.T) {
			w := openPages(t, db.SQLite, func(cfg *oidc.Config) { cfg.JoinByEmail, cfg.AllowUnverifiedEmail = c.join, true })
			if c.set != nil {
				c.set(w)
			}
			if me := w.whoIs(must(w.signInAs(c.who))(t).GetSecret()); me.GetUser() != c.user {
				t.Errorf("signed in as %s, want %s", me.GetUser(), c.user)
			}
		})
	}
}

// Whoever is not let in learns nothing about who is here.
func TestWhoIsNotLetIn(t *testing.T) {
	browsers(t, func(c *oidc.Config) { c.KnownUsersOnly = true }, func(t *testing.T, w *pages) {
		must(w.tie("users/mina", "sub-mina"))(t)
		must(w.tie("users/noor", "sub-noor"))(t)
		must(w.DeactivateUser(w.As(root), &identityv1.DeactivateUserRequest{Name: "users/noor"}))(t)
		messages := map[string]bool{}
		for _, subject := range []string{"sub-noor", "sub-unknown"} {
			_, err := w.signInAs(oidctest.Person{Subject: subject, PreferredUsername: "mina"})
			messages[testkit.Refused(t, err, fault.PermissionDenied, "SIGN_IN_NOT_ALLOWED").Message] = true
		}
		if len(messages) != 1 {
			t.Errorf("the answers tell the cases apart: %v", messages)
		}
		if me := w.whoIs(must(w.signInAs(oidctest.Person{Subject: "sub-mina"}))(t).GetSecret()); me.GetUser() != "users/mina" {
			t.Errorf("signed in as %v", me)
		}
		refused := w.audited(commonv1.AuditAction_AUDIT_ACTION_SIGN_IN_REFUSED)
		if len(refused) != 2 || refused[0].GetDetails()["subject"] != "sub-noor" || refused[1].GetReason() != "SIGN_IN_NOT_ALLOWED" {
			t.Errorf("audited %v", refused)
		}
	})
}

func TestAccountsAreTiedAndUntied(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		account := must(w.tie("users/mina", "sub-mina"))(t)
		if !strings.HasPrefix(account.GetName(), "users/mina/accounts/") || account.GetSignInTime() != nil {
			t.Errorf("account = %v", account)
		}
		_, err := w.tie("users/noor", "sub-mina")
		if f := testkit.Refused(t, err, fault.AlreadyExists, "ACCOUNT_ALREADY_EXISTS"); strings.Contains(f.Error(), "mina") {
			t.Errorf("it says whose the account is: %v", f)
		}
		_, err = w.tie("users/nobody", "sub-x")
		testkit.Refused(t, err, fault.NotFound, "USER_NOT_FOUND")
		_, err = w.CreateAccount(w.As(root), &identityv1.CreateAccountRequest{Parent: "users/mina", Account: &identityv1.Account{Issuer: "http://id.example.com", Subject: "x"}})
		testkit.Refused(t, err, fault.InvalidArgument, "ISSUER_INVALID", "account.issuer")
		_, err = w.tie("users/mina", " sub")
		testkit.Refused(t, err, fault.InvalidArgument, "ACCOUNT_SUBJECT_INVALID", "account.subject")
		_, err = w.CreateAccount(w.As(coach), &identityv1.CreateAccountRequest{Parent: "users/mina", Account: &identityv1.Account{Issuer: w.provider.Issuer, Subject: "x"}})
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")

		byProvider := must(w.signInAs(oidctest.Person{Subject: "sub-mina"}))(t).GetSecret()
		byLink := must(w.useLink(w.link("users/mina", "")))(t).GetSecret()
		must(w.tie("users/mina", "sub-mina-2"))(t)
		page := must(w.ListAccounts(w.As(root), &identityv1.ListAccountsRequest{Parent: "users/mina", PageSize: 1}))(t)
		rest := must(w.ListAccounts(w.As(root), &identityv1.ListAccountsRequest{Parent: "users/mina", PageSize: 1, PageToken: page.GetNextPageToken()}))(t)
		if len(page.GetAccounts()) != 1 || len(rest.GetAccounts()) != 1 || rest.GetNextPageToken() != "" {
			t.Errorf("pages %v and %v", page, rest)
		}
		_, err = w.ListAccounts(w.As(member), &identityv1.ListAccountsRequest{Parent: "users/mina"})
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")

		must(w.DeleteAccount(w.As(root), &identityv1.DeleteAccountRequest{Name: account.GetName()}))(t)
		w.over(byProvider)
		w.whoIs(byLink)
		_, err = w.DeleteAccount(w.As(root), &identityv1.DeleteAccountRequest{Name: account.GetName()})
		testkit.Refused(t, err, fault.NotFound, "ACCOUNT_NOT_FOUND")
		if me := w.whoIs(must(w.signInAs(oidctest.Person{Subject: "sub-mina", PreferredUsername: "mina"}))(t).GetSecret()); me.GetUser() != "users/mina-2" {
			t.Errorf("after it was untied: %v", me)
		}
		var actions []commonv1.AuditAction
		for _, e := range w.audited(commonv1.AuditAction_AUDIT_ACTION_ACCOUNT_TIED, commonv1.AuditAction_AUDIT_ACTION_ACCOUNT_UNTIED) {
			actions = append(actions, e.GetAction())
		}
		tied, untied := commonv1.AuditAction_AUDIT_ACTION_ACCOUNT_TIED, commonv1.AuditAction_AUDIT_ACTION_ACCOUNT_UNTIED
		if !slices.Equal(actions, []commonv1.AuditAction{tied, tied, untied, tied}) {
			t.Errorf("audited %v", actions)
		}
	})
}

// An installation moves to single sign-on: its admin is tied to an account and stays an admin.
func TestTheAdminStaysAdmin(t *testing.T) {
	browsers(t, func(c *oidc.Config) { c.Groups = "leads=manager" }, func(t *testing.T, w *pages) {
		must(w.CreateUser(w.As(root), &identityv1.CreateUserRequest{UserId: "root", User: &identityv1.User{
			DisplayName: "Root", OrganizationRoles: []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN},
		}}))(t)
		must(w.tie("users/root", "sub-root"))(t)
		for range 2 {
			me := w.whoIs(must(w.signInAs(oidctest.Person{Subject: "sub-root", Groups: []string{"staff"}}))(t).GetSecret())
			if me.GetUser() != "users/root" || !slices.Contains(me.GetOrganizationRoles(), identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN) {
				t.Errorf("signed in as %v", me)
			}
		}
	})
}

func TestManyFirstSignInsOfOnePerson(t *testing.T) {
	browsers(t, nil, func(t *testing.T, w *pages) {
		w.provider.SignIn(ada)
		const many = 6
		var backs []*identityv1.CompleteSignInRequest
		for range many {
			backs = append(backs, w.begin("/"))
		}
		errs := make([]error, many)
		var running sync.WaitGroup
		for i := range many {
			running.Go(func() { _, errs[i] = w.CompleteSignIn(w.browser(), backs[i]) })
		}
		running.Wait()
		for _, err := range errs {
			if err != nil {
				t.Error(err)
			}
		}
		if sessions, accounts := w.sessions("users/ada"), w.accounts("users/ada"); len(sessions) != many || len(accounts) != 1 {
			t.Errorf("%d sessions, %d accounts", len(sessions), len(accounts))
		}
		_, err := w.GetUser(w.As(root), &identityv1.GetUserRequest{Name: "users/ada-2"})
		testkit.Refused(t, err, fault.NotFound, "USER_NOT_FOUND")
	})
}
