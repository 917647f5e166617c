package provision_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/identity/internal/provision"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const hash = "5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8"

func noSecrets(string) (string, error) { return "", errors.New("there is no such file") }

func TestTheExampleIsRight(t *testing.T) {
	content, err := os.ReadFile(filepath.FromSlash("../../../../examples/provisioning.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := provision.Parse(string(content), "provisioning.yaml", noSecrets)
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Users) != 2 || len(p.Teams) != 2 || len(p.Members) != 3 || len(p.Tokens) != 1 || p.File != "provisioning.yaml" {
		t.Errorf("wanted %+v", p)
	}
	if team := p.Teams[0].Team; team.CycleDays != 14 || team.Visibility != domain.VisibleToOrganization || len(team.Holidays) != 2 || team.Holidays[0].Date != "2026-12-25" {
		t.Errorf("team = %+v", team)
	}
	if team := p.Teams[1].Team; team.DisplayName != "search" || team.TimeZone != "UTC" || team.CapacityPercent != 10 || team.Visibility != domain.VisibleToTeam {
		t.Errorf("a team of nothing but an id = %+v", team)
	}
	secret := domain.SentSecret("not-a-secret-only-an-example")
	if token := p.Tokens[0]; token.Hash != secret.Hash() || token.Token.Name != "teams/payments/tokens/board" || token.Token.Scopes[0] != domain.BotScope("payments") {
		t.Errorf("token = %+v", token)
	}
}

func TestBadFiles(t *testing.T) {
	for name, test := range map[string]struct{ content, want string }{
		"no YAML":                {"users: [", "p.yaml:1:1: this is not YAML"},
		"a list":                 {"- a\n", "p.yaml:1:1: this should be a set of named fields"},
		"two documents":          {"users: []\n---\nteams: []\n", "p.yaml:3:1: the file holds more than one document"},
		"an unknown part":        {"people: []\n", "p.yaml:1:1: people: there is no field \"people\" here: there are users, teams, members, tokens"},
		"an unknown field":       {"users:\n  - id: a\n    mail: b\n", "p.yaml:3:5: users[0].mail: there is no field \"mail\" here"},
		"a field twice":          {"users:\n  - id: a\n    id: b\n", "p.yaml:3:5: users[0].id: the field id is there twice"},
		"no id":                  {"users:\n  - display_name: A\n", "p.yaml:2:5: users[0].id: id is missing"},
		"a bad id":               {"teams:\n  - id: A B\n", "p.yaml:2:9: teams[0].id: \"A B\" is no id"},
		"a user twice":           {"users:\n  - id: a\n  - id: a\n", "p.yaml:3:9: users[1].id: users/a is in the file already, in line 2"},
		"a bad e-mail address":   {"users:\n  - id: a\n    email: x\n", "p.yaml:3:12: users[0].email: \"x\" is no e-mail address"},
		"a bad role":             {"users:\n  - {id: a, organization_roles: [boss]}\n", "users[0].organization_roles[0]: \"boss\" is no role"},
		"a bad zone":             {"teams:\n  - id: a\n    time_zone: Berlin\n", "p.yaml:3:16: teams[0].time_zone: \"Berlin\" is not an IANA time zone"},
		"a bad day":              {"teams:\n  - {id: a, working_days: [someday]}\n", "teams[0].working_days: \"SOMEDAY\" is not a day of the week"},
		"a bad holiday":          {"teams:\n  - {id: a, holidays: [{date: 2026-02-30}]}\n", "teams[0].holidays: \"2026-02-30\" is not a day of the calendar"},
		"a bad length":           {"teams:\n  - {id: a, cycle_days: 30}\n", "teams[0].cycle_days: 30 is not from 7 to 28"},
		"no number":              {"teams:\n  - {id: a, cycle_days: two}\n", "teams[0].cycle_days: this should be a whole number, not \"two\""},
		"a bad visibility":       {"teams:\n  - {id: a, visibility: public}\n", "teams[0].visibility: \"public\" is no visibility"},
		"a member of no team":    {"members:\n  - {user: a, role: coach}\n", "members[0].team: team is missing"},
		"a bad team role":        {"members:\n  - {team: t, user: a, role: boss}\n", "members[0].role: \"boss\" is no role in a team"},
		"a member twice":         {"members:\n  - {team: t, user: a, role: coach}\n  - {team: t, user: a, role: member}\n", "teams/t/members/a is in the file already, in line 2"},
		"a token of nobody":      {"tokens:\n  - {id: x, sha256: " + hash + "}\n", "tokens[0]: a token belongs either to a user or to a team"},
		"a token of both":        {"tokens:\n  - {user: a, team: b, id: x, sha256: " + hash + "}\n", "tokens[0]: a token belongs either to a user or to a team"},
		"a token without secret": {"tokens:\n  - {user: a, id: x}\n", "tokens[0]: a token needs one of sha256 and secret_file"},
		"a bad hash":             {"tokens:\n  - {user: a, id: x, sha256: 12ab}\n", "tokens[0].sha256: this is no SHA-256"},
		"no secret file":         {"tokens:\n  - {user: a, id: x, secret_file: nowhere}\n", "tokens[0].secret_file: the secret cannot be read: there is no such file"},
		"one secret twice":       {"tokens:\n  - {user: a, id: x, sha256: " + hash + "}\n  - {user: a, id: y, sha256: " + hash + "}\n", "p.yaml:3:5: tokens[1]: the secret with the SHA-256 " + hash + " is in the file already"},
		"a bad scope":            {"tokens:\n  - {user: a, id: x, scopes: [everything], sha256: " + hash + "}\n", "tokens[0].scopes: \"everything\" is not a scope"},
		"a bad end":              {"tokens:\n  - {user: a, id: x, expire_time: tomorrow, sha256: " + hash + "}\n", "tokens[0].expire_time: \"tomorrow\" is no instant"},
		"an alias":               {"users: &u []\nteams: *u\n", "p.yaml:2:8: teams: write the value out"},
		"all at once":            {"users:\n  - {id: A}\nteams:\n  - {id: B}\n", "p.yaml:4:10: teams[0].id"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := provision.Parse(test.content, "p.yaml", noSecrets)
			if f := fault.From(err); f == nil || f.Reason != "PROVISIONING_FILE_INVALID" || !strings.Contains(f.Message, test.want) {
				t.Errorf("said %v, want %s", err, test.want)
			}
			if len(p.Users)+len(p.Teams)+len(p.Members)+len(p.Tokens) > 0 {
				t.Errorf("something is wanted of a wrong file: %+v", p)
			}
		})
	}
}

func TestSecretFiles(t *testing.T) {
	const file = "tokens:\n  - {user: a, id: x, secret_file: s}\n"
	for secret, want := range map[string]string{"a-secret-of-some-length\n": "", "short\n": "the secret is too weak"} {
		p, err := provision.Parse(file, "p.yaml", func(string) (string, error) { return secret, nil })
		if want == "" {
			sent := domain.SentSecret(strings.TrimSpace(secret))
			if err != nil || p.Tokens[0].Hash != sent.Hash() {
				t.Errorf("%v, %+v", err, p)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "short") {
			t.Errorf("said %v", err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("users:\n  - id: mina\n    organization_roles: [admin]\nteams:\n  - {id: payments, cycle_days: 14}\n")
	f.Add("tokens:\n  - {user: a, id: x, sha256: " + hash + ", expire_time: 2027-06-30T00:00:00Z}\n")
	f.Fuzz(func(t *testing.T, content string) {
		p, err := provision.Parse(content, "p.yaml", noSecrets)
		if err != nil && len(p.Users)+len(p.Teams)+len(p.Members)+len(p.Tokens) > 0 {
			t.Fatal("wrong, and something wanted")
		}
	})
}
