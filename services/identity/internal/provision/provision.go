// Package provision reads provisioning files: YAML that says which users, teams, members and tokens there are. It is pure; a
// file is read as a whole before anything of it is used.
package provision

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/yamldoc"
)

// maxBytes bounds a file.
const maxBytes = 1 << 20

// maxTold is how many problems one message tells.
const maxTold = 20

// parser reads one file.
type parser struct {
	yamldoc.Reader
	wanted     domain.Provisioning
	readSecret func(path string) (string, error)
	seen       map[string]int // line by what must be there once
}

// Parse reads a provisioning file. file is its name for messages and for what it owns; readSecret reads a file that holds
// the secret of a token. All that is wrong is told at once. Reason: PROVISIONING_FILE_INVALID.
func Parse(content, file string, readSecret func(path string) (string, error)) (domain.Provisioning, error) {
	p := &parser{wanted: domain.Provisioning{File: file}, readSecret: readSecret, seen: map[string]int{}}
	if len(content) > maxBytes {
		return domain.Provisioning{}, fault.New(fault.InvalidArgument, reasonInvalid, "%s: the file has more than 1 MiB", file)
	}
	documents := p.Documents(strings.TrimPrefix(content, "\ufeff"))
	if len(documents) > 1 {
		documents[1].Report(yamldoc.ReasonSyntax, "the file holds more than one document: take the separator --- out")
	}
	if len(documents) > 0 {
		p.file(documents[0])
	}
	if found := p.Problems(); len(found) > 0 {
		return domain.Provisioning{}, invalid(file, found)
	}
	return p.wanted, nil
}

const reasonInvalid = "PROVISIONING_FILE_INVALID"

// invalid tells every problem in a line of its own, as compilers do.
func invalid(file string, found []yamldoc.Problem) error {
	var b strings.Builder
	for i, p := range found {
		if i == maxTold {
			fmt.Fprintf(&b, "\n  and %d more", len(found)-i)
			break
		}
		fmt.Fprintf(&b, "\n  %s:%d:%d: ", file, p.Line, p.Column)
		if p.Field != "" {
			b.WriteString(p.Field + ": ")
		}
		b.WriteString(p.Text)
	}
	return fault.New(fault.InvalidArgument, reasonInvalid, "%s", "The provisioning file is wrong; nothing was changed:"+b.String())
}

func (p *parser) file(document yamldoc.Value) {
	fields, ok := document.Fields()
	if !ok {
		return
	}
	fields.Only("users", "teams", "members", "tokens")
	for _, v := range fields.Get("users").List() {
		p.user(v)
	}
	for _, v := range fields.Get("teams").List() {
		p.team(v)
	}
	for _, v := range fields.Get("members").List() {
		p.member(v)
	}
	for _, v := range fields.Get("tokens").List() {
		p.token(v)
	}
}

// id reads an id; "" means that it was reported.
func (p *parser) id(fields yamldoc.Fields, name string) string {
	v := fields.Must(name)
	if !v.There() {
		return ""
	}
	id := v.Text()
	if !names.ValidID(id) {
		v.Report("ID_INVALID", "%q is no id: 1 to 63 lower-case letters, digits and hyphens", id)
		return ""
	}
	return id
}

// once reports what is in the file twice.
func (p *parser) once(v yamldoc.Value, what string) bool {
	if line, twice := p.seen[what]; twice {
		v.Report("TWICE", "%s is in the file already, in line %d", what, line)
		return false
	}
	p.seen[what] = v.Line()
	return true
}

// text reads a text that others see.
func (p *parser) text(v yamldoc.Value) string {
	text := v.Text()
	if !domain.CleanText(text) {
		v.Report("TEXT_CONTROL_CHARACTER", "the text holds a line break or another character that cannot be seen: take it out")
	}
	return text
}

// displayName is the id when the file says none.
func (p *parser) displayName(fields yamldoc.Fields, id string) string {
	if name := p.text(fields.Get("display_name")); name != "" {
		return name
	}
	return id
}

// refused reports why a rule of the domain refuses an entry, at the field that it is about.
func (p *parser) refused(v yamldoc.Value, fields yamldoc.Fields, err error) {
	if err == nil {
		return
	}
	f := fault.From(err)
	for _, violation := range f.Violations {
		_, name, _ := strings.Cut(violation.Field, ".") // "team.time_zone" is the field time_zone of the entry
		name, _, _ = strings.Cut(name, "[")
		if at := fields.Get(name); at.There() {
			v = at
		}
	}
	v.Report(f.Reason, "%s", f.Message)
}

var organizationRoles = map[string]domain.OrganizationRole{"admin": domain.Admin, "manager": domain.Manager}

func (p *parser) user(v yamldoc.Value) {
	fields, ok := v.Fields()
	if !ok {
		return
	}
	fields.Only("id", "display_name", "email", "organization_roles")
	id := p.id(fields, "id")
	u := domain.User{Name: domain.UserName(id), DisplayName: p.displayName(fields, id), Email: p.text(fields.Get("email"))}
	if u.Email != "" && !domain.ValidEmail(u.Email) {
		fields.Get("email").Report("EMAIL_INVALID", "%q is no e-mail address", u.Email)
	}
	for _, role := range fields.Get("organization_roles").List() {
		known, ok := organizationRoles[role.Text()]
		if !ok {
			role.Report("ROLE_UNKNOWN", "%q is no role in the organisation: write admin or manager", role.Text())
		}
		u.Roles = append(u.Roles, known)
	}
	if id == "" || !p.once(fields.Get("id"), u.Name) {
		return
	}
	settled, _, err := domain.NewUser(u)
	if err != nil {
		p.refused(v, fields, err)
		return
	}
	p.wanted.Users = append(p.wanted.Users, domain.ProvisionedUser{Place: at(v), User: *settled})
}

func (p *parser) member(v yamldoc.Value) {
	fields, ok := v.Fields()
	if !ok {
		return
	}
	fields.Only("team", "user", "role")
	team, user, role := p.id(fields, "team"), p.id(fields, "user"), fields.Must("role")
	known, ok := domain.ParseTeamRole(role.Text())
	if role.There() && !ok {
		role.Report("ROLE_UNKNOWN", "%q is no role in a team: write member, coach or viewer", role.Text())
	}
	if team == "" || user == "" || !ok {
		return
	}
	m := domain.ProvisionedMember{Place: at(v), Team: domain.TeamName(team), User: domain.UserName(user), Role: known}
	if p.once(fields.Get("user"), domain.MemberName(m.Team, m.User)) {
		p.wanted.Members = append(p.wanted.Members, m)
	}
}

func (p *parser) token(v yamldoc.Value) {
	fields, ok := v.Fields()
	if !ok {
		return
	}
	fields.Only("user", "team", "id", "display_name", "scopes", "expire_time", "sha256", "secret_file")
	id, owner := p.id(fields, "id"), p.owner(v, fields)
	t := domain.Token{Name: domain.TokenName(owner, id), DisplayName: p.displayName(fields, id), ExpireTime: instant(fields.Get("expire_time"))}
	for _, scope := range fields.Get("scopes").List() {
		t.Scopes = append(t.Scopes, domain.Scope(scope.Text()))
	}
	hash := p.hash(v, fields)
	if id == "" || owner == "" || hash == "" || !p.once(fields.Get("id"), t.Name) || !p.once(v, "the secret with the SHA-256 "+hash) {
		return
	}
	// Whether the end is in the future is looked at when the token is made: an old one may stay in the file.
	settled, _, err := domain.NewToken(domain.Token{Name: t.Name, DisplayName: t.DisplayName, Scopes: t.Scopes}, true, time.Time{})
	if err != nil {
		p.refused(v, fields, err)
		return
	}
	settled.ExpireTime = t.ExpireTime
	p.wanted.Tokens = append(p.wanted.Tokens, domain.ProvisionedToken{Place: at(v), Token: *settled, Hash: hash})
}

// owner is the user or the team that a token belongs to.
func (p *parser) owner(v yamldoc.Value, fields yamldoc.Fields) string {
	user, team := fields.Get("user").There(), fields.Get("team").There()
	switch {
	case user == team:
		v.Report("TOKEN_OWNER", "a token belongs either to a user or to a team: write one of user and team")
	case user:
		if id := p.id(fields, "user"); id != "" {
			return domain.UserName(id)
		}
	default:
		if id := p.id(fields, "team"); id != "" {
			return domain.TeamName(id)
		}
	}
	return ""
}

// hash is the SHA-256 of a token's secret, as the file has it or as its secret file gives it; "" means that it was reported.
// What is wrong is told without the secret.
func (p *parser) hash(v yamldoc.Value, fields yamldoc.Fields) string {
	given, path := fields.Get("sha256"), fields.Get("secret_file")
	switch {
	case given.There() == path.There():
		v.Report("TOKEN_SECRET", "a token needs one of sha256 and secret_file")
	case given.There():
		text := strings.ToLower(given.Text())
		if sum, err := hex.DecodeString(text); err != nil || len(sum) != 32 {
			given.Report("TOKEN_HASH_INVALID", "this is no SHA-256 of a secret: 64 hexadecimal digits")
			return ""
		}
		return text
	default:
		text, err := p.readSecret(path.Text())
		if err != nil {
			path.Report("TOKEN_SECRET_FILE", "the secret cannot be read: %v", err)
			return ""
		}
		secret, err := domain.ChosenSecret(strings.TrimSpace(text))
		if err != nil {
			path.Report("TOKEN_SECRET_FILE", "%s", fault.From(err).Message)
			return ""
		}
		return secret.Hash()
	}
	return ""
}

// instant reads an instant; zero when there is none.
func instant(v yamldoc.Value) time.Time {
	text := v.Text()
	if text == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		v.Report("INSTANT_INVALID", "%q is no instant such as 2027-06-30T00:00:00Z", text)
	}
	return t.UTC().Truncate(time.Microsecond)
}

func at(v yamldoc.Value) domain.Place { return domain.Place{Line: v.Line(), Column: v.Path()} }

// words reads a list of words in capitals.
func words[W ~string](v yamldoc.Value) (found []W) {
	for _, word := range v.List() {
		found = append(found, W(strings.ToUpper(word.Text())))
	}
	return slices.Clip(found)
}
