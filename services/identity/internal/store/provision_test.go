package store_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/provision"
	"github.com/fortnighthq/fortnight/services/identity/internal/store"
	"github.com/fortnighthq/fortnight/services/identity/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// house is an installation that files are reconciled with.
type house struct {
	*testing.T
	*testkit.Kit
	log  *eventlog.Log
	seen int
}

func inHouses(t *testing.T, fn func(h *house)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			k := testkit.New(t)
			fn(&house{T: t, Kit: k, log: k.Log(engine, "identity", migrations.FS)})
		})
	}
}

// reconcile reconciles a file and returns the events that came of it.
func (h *house) reconcile(file, content string) ([]string, error) {
	h.Helper()
	wanted := domain.Provisioning{}
	if file != "" {
		var err error
		if wanted, err = provision.Parse(content, file, func(string) (string, error) { return "", errors.New("none") }); err != nil {
			h.Fatal(err)
		}
	}
	err := h.log.Do(h.Context(), func(tx *eventlog.Tx) error {
		_, err := store.Provision(h.Context(), tx, wanted)
		return err
	})
	var events []string
	all := testkit.Events(h.T, h.log)
	for _, e := range all[h.seen:] {
		events = append(events, strings.TrimPrefix(e.Type, "fortnight.identity.v1.")+" "+e.Subject)
	}
	h.seen = len(all)
	return events, err
}

func (h *house) expect(file, content string, want ...string) {
	h.Helper()
	events, err := h.reconcile(file, content)
	if err != nil {
		h.Fatal(err)
	}
	if got := strings.Join(events, "\n"); got != strings.Join(want, "\n") {
		h.Errorf("events\n%s\nwant\n%s", got, strings.Join(want, "\n"))
	}
}

func (h *house) token(secret string) string {
	h.Helper()
	name, _, err := store.TokenOf(h.Context(), h.log.DB().Read(), domain.SentSecret(secret))
	if err != nil {
		h.Fatal(err)
	}
	if name == "" {
		return ""
	}
	row, err := store.Tokens.Get(h.Context(), h.log, name)
	if err != nil {
		h.Fatal(err)
	}
	if !row.Value.Valid(h.log.Now()) {
		return ""
	}
	return name
}

func hashOf(secret string) string {
	s := domain.SentSecret(secret)
	return s.Hash()
}

func TestProvisioningLifeOfAFile(t *testing.T) {
	first := `
users:
  - {id: mina, display_name: Mina, organization_roles: [admin]}
  - {id: noor}
teams:
  - {id: payments, improvement_capacity_percent: 0}
members:
  - {team: payments, user: mina, role: coach}
  - {team: payments, user: noor, role: member}
tokens:
  - {user: mina, id: laptop, sha256: ` + hashOf("mina's secret") + `}
  - {team: payments, id: board, sha256: ` + hashOf("the board's secret") + `}
`
	inHouses(t, func(h *house) {
		h.expect("people.yaml", first, "UserCreated users/mina", "UserCreated users/noor", "TeamCreated teams/payments",
			"MemberAdded teams/payments/members/mina", "MemberAdded teams/payments/members/noor",
			"TokenCreated users/mina/tokens/laptop", "TokenCreated teams/payments/tokens/board")
		h.expect("people.yaml", first)
		team, err := store.Teams.Get(h.Context(), h.log, "teams/payments")
		if err != nil || team.Value.CapacityPercent != 0 || team.Value.ProvisionedBy != "people.yaml" {
			h.Errorf("team = %+v, %v", team.Value, err)
		}
		if h.token("mina's secret") == "" || h.token("the board's secret") != "teams/payments/tokens/board" {
			h.Error("a provisioned token does not let its owner in")
		}
		// An end that has come is no mistake of a file that was right.
		h.Clock.Advance(domain.DefaultTokenLifetime)
		h.expect("people.yaml", first)
		if h.token("mina's secret") != "" {
			h.Error("a token outlives its end")
		}
		// Two tokens change their secrets, one is renamed; a member, a user and a team are no more.
		h.expect("people.yaml", `
users:
  - {id: mina, display_name: Mina, organization_roles: [admin]}
members: []
tokens:
  - {user: mina, id: phone, sha256: `+hashOf("the board's secret")+`}
  - {user: mina, id: laptop, sha256: `+hashOf("another secret")+`}
`,
			"TokenRevoked teams/payments/tokens/board", "TokenCreated users/mina/tokens/phone", "TokenUpdated users/mina/tokens/laptop",
			"MemberRemoved teams/payments/members/mina", "MemberRemoved teams/payments/members/noor",
			"TeamDeactivated teams/payments", "TeamUpdated teams/payments", "UserDeactivated users/noor", "UserUpdated users/noor")
		if h.token("mina's secret") != "" || h.token("another secret") != "users/mina/tokens/laptop" || h.token("the board's secret") != "users/mina/tokens/phone" {
			h.Error("secrets did not change hands")
		}
		// Everything comes back.
		h.expect("people.yaml", strings.ReplaceAll(first, "the board's", "a new"),
			"TokenRevoked users/mina/tokens/phone", "UserReactivated users/noor", "TeamReactivated teams/payments",
			"MemberAdded teams/payments/members/mina", "MemberAdded teams/payments/members/noor",
			"TokenUpdated users/mina/tokens/laptop", "TokenUpdated teams/payments/tokens/board")
	})
}

func TestWithoutAFileEverythingIsGivenFree(t *testing.T) {
	const file = "users: [{id: mina, organization_roles: [admin]}]\nteams: [{id: payments}]\nmembers: [{team: payments, user: mina, role: coach}]\n"
	content := file + "tokens: [{user: mina, id: x, sha256: " + hashOf("a secret") + "}]\n"
	inHouses(t, func(h *house) {
		if _, err := h.reconcile("people.yaml", content); err != nil {
			h.Fatal(err)
		}
		released := []string{"UserUpdated users/mina", "TeamUpdated teams/payments", "MemberUpdated teams/payments/members/mina", "TokenUpdated users/mina/tokens/x"}
		h.expect("", "", released...)
		h.expect("", "")
		if h.token("a secret") == "" {
			h.Error("a token ended with its file")
		}
		h.expect("people.yaml", content, released...) // taken over again
		// Under another name the file first lets go of what the old one had.
		h.expect("staff.yaml", file, append(released, released[:3]...)...)
		token, err := store.Tokens.Get(h.Context(), h.log, "users/mina/tokens/x")
		if err != nil || token.Value.ProvisionedBy != "" || !token.Value.RevokeTime.IsZero() {
			h.Errorf("token = %+v, %v", token.Value, err)
		}
	})
}

func TestProvisioningChangesNothingWhenItCannotDoAll(t *testing.T) {
	const admin = "users: [{id: mina, organization_roles: [admin]}]\n"
	inHouses(t, func(h *house) {
		for name, test := range map[string]struct{ content, reason, want string }{
			"no admin":          {"users: [{id: mina}]\n", "PROVISIONING_LEAVES_NO_ADMIN", "organisation role admin"},
			"a team of nowhere": {admin + "members: [{team: lost, user: mina, role: coach}]\n", "PROVISIONING_FILE_INVALID", "p.yaml:2: members[0]: there is no team lost"},
			"a user of nowhere": {admin + "tokens: [{user: lost, id: x, sha256: " + hashOf("x") + "}]\n", "PROVISIONING_FILE_INVALID", "p.yaml:2: tokens[0]: there is no user lost"},
			"an end in the past": {
				admin + "tokens: [{user: mina, id: x, expire_time: 2001-01-01T00:00:00Z, sha256: " + hashOf("x") + "}]\n",
				"PROVISIONING_FILE_INVALID", "p.yaml:2: tokens[0]: a token must end in the future",
			},
			"an end too far": {
				admin + "tokens: [{user: mina, id: x, expire_time: 2999-01-01T00:00:00Z, sha256: " + hashOf("x") + "}]\n",
				"PROVISIONING_FILE_INVALID", "a token lives 400 days at most",
			},
		} {
			events, err := h.reconcile("p.yaml", test.content)
			if f := fault.From(err); f == nil || f.Reason != test.reason || !strings.Contains(f.Message, test.want) {
				h.Errorf("%s: %v", name, err)
			}
			if len(events) > 0 {
				h.Errorf("%s: left events %v", name, events)
			}
		}
		if _, err := h.reconcile("p.yaml", admin); err != nil {
			h.Fatal(err)
		}
		if _, err := h.reconcile("p.yaml", "users: []\n"); fault.From(err).Reason != "PROVISIONING_LEAVES_NO_ADMIN" {
			h.Errorf("the last admin was let go: %v", err)
		}
		// The role may change hands within one file.
		h.expect("p.yaml", "users: [{id: mina}, {id: noor, organization_roles: [admin]}]\n", "UserUpdated users/mina", "UserCreated users/noor")
	})
}
