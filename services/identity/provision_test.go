package identity_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/grpc/metadata"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/identity"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const provisioned = `
users:
  - {id: mina, display_name: Mina, organization_roles: [admin]}
  - {id: noor, display_name: Noor}
teams:
  - {id: payments, display_name: Payments}
members:
  - {team: payments, user: noor, role: member}
tokens:
  - {user: mina, id: laptop, scopes: [admin], secret_file: mina.secret}
`

// from lets the service start with a provisioning file.
func from(path string) func(*identity.Config) {
	return func(cfg *identity.Config) { cfg.ProvisioningFile = path }
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestProvisioningFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.yaml")
	write(t, path, provisioned)
	write(t, filepath.Join(filepath.Dir(path), "mina.secret"), "a-secret-that-mina-keeps\n")
	w := start(t, from(path))
	if len(w.announced) != 0 {
		t.Error("a bootstrap token was announced although the file has an admin")
	}
	if who, err := w.whoIs("a-secret-that-mina-keeps"); err != nil || who.GetUser() != "users/mina" || len(who.GetOrganizationRoles()) != 1 {
		t.Fatalf("the secret of the file lets in %v, %v", who, err)
	}
	count := len(testkit.Events(t, w.service.Log))
	w.restart(from(path))
	if got := len(testkit.Events(t, w.service.Log)); got != count {
		t.Errorf("the second start made %d events", got-count)
	}

	// What the file owns is changed there only, and says so.
	answer, err := w.Authenticate(t.Context(), &identityv1.AuthenticateRequest{Credential: &identityv1.AuthenticateRequest_Token{Token: "a-secret-that-mina-keeps"}})
	if err != nil {
		t.Fatal(err)
	}
	as := metadata.AppendToOutgoingContext(t.Context(), caller.MetadataKey, answer.GetCallerToken())
	for name, try := range map[string]func() error{
		"the user": func() error {
			_, err := w.DeactivateUser(as, &identityv1.DeactivateUserRequest{Name: "users/noor"})
			return err
		},
		"the team": func() error {
			_, err := w.DeactivateTeam(as, &identityv1.DeactivateTeamRequest{Name: "teams/payments"})
			return err
		},
		"the place": func() error {
			_, err := w.DeleteMember(as, &identityv1.DeleteMemberRequest{Name: "teams/payments/members/noor"})
			return err
		},
		"the token": func() error {
			_, err := w.RevokeToken(as, &identityv1.RevokeTokenRequest{Name: "users/mina/tokens/laptop"})
			return err
		},
	} {
		if f := testkit.Refused(t, try(), fault.FailedPrecondition, "PROVISIONED"); f.Metadata["file"] != "people.yaml" {
			t.Errorf("%s: %v", name, f)
		}
	}

	// A wrong file stops the start, and says where; what was there stays.
	write(t, path, provisioned+"secrets: []\n")
	_, err = identity.New(w.Context(), w.kit, identity.Config{ProvisioningFile: path})
	if err == nil || !strings.Contains(err.Error(), "people.yaml:11:1: secrets:") {
		t.Errorf("a wrong file: %v", err)
	}
	_, err = identity.New(w.Context(), w.kit, identity.Config{ProvisioningFile: filepath.Join(t.TempDir(), "none.yaml")})
	if f := fault.From(err); f == nil || f.Reason != "PROVISIONING_FILE_UNREADABLE" {
		t.Errorf("no file: %v", err)
	}
	if _, err := w.whoIs("a-secret-that-mina-keeps"); err != nil {
		t.Error(err)
	}

	// A command of the operator leaves everything as it is; a start without the file gives it free.
	w.restart(func(cfg *identity.Config) { cfg.Operate = true })
	if got := len(testkit.Events(t, w.service.Log)); got != count {
		t.Errorf("a command of the operator made %d events", got-count)
	}
	w.restart()
	if _, err := w.DeactivateUser(as, &identityv1.DeactivateUserRequest{Name: "users/noor"}); err != nil {
		t.Errorf("after the file was let go: %v", err)
	}
	testkit.Eventually(t, "audit events of both starts", func() bool {
		files := map[string]string{}
		for _, e := range w.Audited() {
			if e.GetAction() == commonv1.AuditAction_AUDIT_ACTION_PROVISIONED {
				files[e.GetDetails()["file"]] = e.GetDetails()["set"] + " " + e.GetDetails()["released"]
			}
		}
		return files["people.yaml"] == "5 0" && files[""] == "0 5"
	})
}

func TestProvisioningBesideABootstrapToken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "people.yaml")
	write(t, path, "teams: [{id: payments}]\n")
	w := start(t, from(path), func(cfg *identity.Config) { cfg.BootstrapToken = "a-token-of-the-settings" })
	if who, err := w.whoIs("a-token-of-the-settings"); err != nil || who.GetUser() != "users/admin" {
		t.Errorf("%v, %v", who, err)
	}
	if w.service.FirstAdmin() != "admin" {
		t.Errorf("first admin = %q", w.service.FirstAdmin())
	}
}
