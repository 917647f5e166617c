package directory

import (
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
)

// Columns of the CSV form.
const (
	columnTeam            = "team"
	columnTeamDisplayName = "team_display_name"
	columnTimeZone        = "time_zone"
	columnUser            = "user"
	columnDisplayName     = "display_name"
	columnEmail           = "email"
	columnRole            = "role"
)

var columns = []string{columnTeam, columnTeamDisplayName, columnTimeZone, columnUser, columnDisplayName, columnEmail, columnRole}

// needs are the columns without which another one says nothing.
var needs = []struct{ column, needed string }{
	{columnTeamDisplayName, columnTeam},
	{columnTimeZone, columnTeam},
	{columnDisplayName, columnUser},
	{columnEmail, columnUser},
	{columnRole, columnTeam},
	{columnRole, columnUser},
}

// ParseCSV reads CSV after RFC 4180: a header line, and one line for each person in a team. A line may leave the person or
// the team out. What several lines say about one team or user must not differ; what a line leaves empty is not said.
func ParseCSV(content string) (domain.Directory, []domain.DirectoryProblem) {
	e := newEntries()
	content, ok := e.readable(content)
	if !ok {
		return e.done()
	}
	r := csv.NewReader(strings.NewReader(content))
	r.FieldsPerRecord = -1 // counted here, so that the message can name the line and go on
	r.ReuseRecord = true
	var header []string
	for !e.full {
		record, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			e.addSyntax(err)
			break // what follows may be within a quote that was never closed
		}
		line, _ := r.FieldPos(0)
		if header == nil {
			if header = e.header(record, line); header == nil {
				break
			}
			continue
		}
		e.record(header, record, line)
	}
	if header != nil && len(e.problems) == 0 && len(e.wanted.Teams)+len(e.wanted.Users) == 0 {
		e.add(1, "", "DIRECTORY_EMPTY", "the file has a header line and nothing below it")
	}
	return e.done()
}

func (e *entries) addSyntax(err error) {
	var syntax *csv.ParseError
	if !errors.As(err, &syntax) {
		e.add(1, "", "CSV_SYNTAX", "the file is not CSV")
		return
	}
	what := "a quote that was opened is never closed"
	if errors.Is(syntax.Err, csv.ErrBareQuote) {
		what = "a quote stands in a field that does not begin with one"
	}
	e.add(syntax.StartLine, "", "CSV_SYNTAX", "%s: put the whole field into double quotes, and double those within it", what)
}

// header checks the first line; nil means that the others cannot be read by it.
func (e *entries) header(record []string, line int) []string {
	header := make([]string, len(record))
	for i, name := range record {
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case len(record) == 1 && strings.ContainsAny(name, ";\t"):
			e.add(line, "", "COLUMN_UNKNOWN", "the columns are not separated by commas: export the file with commas")
		case !slices.Contains(columns, name):
			e.add(line, name, "COLUMN_UNKNOWN", "there is no column %q: columns are %s", name, strings.Join(columns, ", "))
		case slices.Contains(header[:i], name):
			e.add(line, name, "COLUMN_TWICE", "the column %s is there twice", name)
		}
		header[i] = name
	}
	has := func(name string) bool { return slices.Contains(header, name) }
	if !has(columnTeam) && !has(columnUser) {
		e.add(line, columnTeam, "COLUMN_MISSING", "the header line names neither team nor user")
	}
	if has(columnTeam) && has(columnUser) && !has(columnRole) {
		e.add(line, columnRole, "COLUMN_MISSING", "the column role is missing: it says what a user is in a team")
	}
	for _, n := range needs {
		if has(n.column) && !has(n.needed) {
			e.add(line, n.needed, "COLUMN_MISSING", "the column %s is missing: without it, %s says nothing", n.needed, n.column)
		}
	}
	if len(e.problems) > 0 {
		return nil
	}
	return header
}

// record reads one line. One of nothing but commas is passed over: spreadsheets leave such lines behind.
func (e *entries) record(header, record []string, line int) {
	if len(record) != len(header) {
		e.add(line, "", "COLUMN_COUNT", "the line has %d fields and the header has %d: put a field that holds a comma into double quotes", len(record), len(header))
		return
	}
	field := map[string]string{}
	for i, name := range header {
		text := strings.TrimSpace(record[i])
		if !domain.CleanText(text) {
			e.add(line, name, "TEXT_CONTROL_CHARACTER", "the field holds a line break or another character that cannot be seen: take it out")
			return
		}
		field[name] = text
	}
	team := e.csvTeam(field, line)
	user := e.csvUser(field, line)
	role := field[columnRole]
	switch {
	case field[columnTeam] == "" || field[columnUser] == "":
		if role != "" {
			e.add(line, columnRole, "ROLE_WITHOUT_TEAM", "a role needs both a team and a user")
		}
	case role == "":
		e.add(line, columnRole, "ROLE_MISSING", "say what the user is in the team: member, coach or viewer")
	case team != "" && user != "":
		e.csvMember(team, user, role, line)
	}
}

// csvTeam reads the team of a line and returns its id, or "" when there is none or it is wrong.
func (e *entries) csvTeam(field map[string]string, line int) string {
	id := field[columnTeam]
	if id == "" {
		for _, name := range []string{columnTeamDisplayName, columnTimeZone} {
			if field[name] != "" {
				e.add(line, columnTeam, "TEAM_MISSING", "the line has a %s and no team", name)
			}
		}
		return ""
	}
	if !names.ValidID(id) {
		e.add(line, columnTeam, "ID_INVALID", "%q is no id: 1 to 63 lower-case letters, digits and hyphens", id)
		return ""
	}
	given := domain.DirectoryTeam{
		Place: domain.Place{Line: line, Column: columnTeam}, DirectoryRef: domain.DirectoryRef{ID: id},
		DisplayName: field[columnTeamDisplayName], TimeZone: field[columnTimeZone],
	}
	if _, _, err := domain.NewTeam(given.NewTeam()); err != nil {
		e.addFault(given.Place, err, map[string]string{"team.display_name": columnTeamDisplayName, "team.time_zone": columnTimeZone})
		return ""
	}
	at, known := e.teams[id]
	if !known {
		if e.room(line) {
			e.teams[id] = len(e.wanted.Teams)
			e.wanted.Teams = append(e.wanted.Teams, given)
		}
		return id
	}
	kept := &e.wanted.Teams[at]
	e.same(&kept.DisplayName, given.DisplayName, line, columnTeamDisplayName, "team "+id, kept.Line)
	e.same(&kept.TimeZone, given.TimeZone, line, columnTimeZone, "team "+id, kept.Line)
	return id
}

// csvUser reads the user of a line, as csvTeam does the team.
func (e *entries) csvUser(field map[string]string, line int) string {
	id := field[columnUser]
	if id == "" {
		for _, name := range []string{columnDisplayName, columnEmail} {
			if field[name] != "" {
				e.add(line, columnUser, "USER_MISSING", "the line has a %s and no user", name)
			}
		}
		return ""
	}
	if !names.ValidID(id) {
		e.add(line, columnUser, "ID_INVALID", "%q is no id: 1 to 63 lower-case letters, digits and hyphens", id)
		return ""
	}
	given := domain.DirectoryUser{
		Place: domain.Place{Line: line, Column: columnUser}, DirectoryRef: domain.DirectoryRef{ID: id},
		DisplayName: field[columnDisplayName], Email: field[columnEmail],
	}
	if given.Email != "" && !domain.ValidEmail(given.Email) {
		e.add(line, columnEmail, "EMAIL_INVALID", "%q is no e-mail address", given.Email)
		return ""
	}
	if _, _, err := domain.NewUser(given.NewUser()); err != nil {
		e.addFault(given.Place, err, map[string]string{"user.display_name": columnDisplayName})
		return ""
	}
	at, known := e.users[id]
	if !known {
		if e.room(line) {
			e.users[id] = len(e.wanted.Users)
			e.wanted.Users = append(e.wanted.Users, given)
		}
		return id
	}
	kept := &e.wanted.Users[at]
	e.same(&kept.DisplayName, given.DisplayName, line, columnDisplayName, "user "+id, kept.Line)
	e.same(&kept.Email, given.Email, line, columnEmail, "user "+id, kept.Line)
	return id
}

// same takes what a further line says about a thing; it must not say something else than the lines before.
func (e *entries) same(kept *string, given string, line int, column, thing string, before int) {
	switch {
	case given == "" || given == *kept:
	case *kept == "":
		*kept = given
	default:
		e.add(line, column, "LINES_CONFLICT", "%q, but since line %d the %s has %q: say it once, or alike in all lines", given, before, thing, *kept)
	}
}

func (e *entries) csvMember(team, user, text string, line int) {
	role, known := domain.ParseTeamRole(text)
	if !known {
		e.add(line, columnRole, "ROLE_UNKNOWN", "%q is no role: write member, coach or viewer", text)
		return
	}
	key := team + "/" + user
	if at, twice := e.places[key]; twice {
		if kept := e.wanted.Members[at]; kept.Role != role {
			e.add(line, columnRole, "LINES_CONFLICT", "%s, but in line %d the user %s is %s of the team %s: a user has one role in a team",
				text, kept.Line, user, strings.ToLower(string(kept.Role)), team)
		}
		return
	}
	if !e.room(line) {
		return
	}
	e.places[key] = len(e.wanted.Members)
	e.wanted.Members = append(e.wanted.Members, domain.DirectoryMember{
		Place: domain.Place{Line: line, Column: columnRole}, Role: role,
		Team: domain.DirectoryRef{ID: team}, User: domain.DirectoryRef{ID: user},
	})
}
