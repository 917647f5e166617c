package domain

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Directory is what a file of teams and people wants there to be.
type Directory struct {
	Teams   []DirectoryTeam
	Users   []DirectoryUser
	Members []DirectoryMember
}

// Place is where something stands in a file: the line, from 1 on, and the column or field.
type Place struct {
	Line   int
	Column string
}

// DirectoryRef says which team or user is meant: the one that an import knows by ExternalID, else the one with the ID.
type DirectoryRef struct {
	ID string
	// ExternalID is empty when the file has ids of its own only.
	ExternalID string
}

// DirectoryTeam is a team that a file wants. What is empty stays as it is.
type DirectoryTeam struct {
	Place
	DirectoryRef
	DisplayName, TimeZone string
}

// DirectoryUser is a user that a file wants. What is empty stays as it is.
type DirectoryUser struct {
	Place
	DirectoryRef
	DisplayName, Email string
}

// DirectoryMember is a membership that a file wants.
type DirectoryMember struct {
	Place
	Team, User DirectoryRef
	Role       TeamRole
	// AnyRole leaves a member who is there already the role that the member has: the file knows no roles.
	AnyRole bool
}

// DirectoryProblem is why a file is not imported.
type DirectoryProblem struct {
	Place
	// Reason is a stable UPPER_SNAKE word, Description a sentence that says how to mend it.
	Reason, Description string
}

// DirectoryAction is what an import does to something.
type DirectoryAction string

// The actions of an import.
const (
	DirectoryCreate DirectoryAction = "CREATE"
	DirectoryUpdate DirectoryAction = "UPDATE"
	DirectoryKeep   DirectoryAction = "KEEP"
)

// DirectoryChange is what an import does, or would do, because of one line.
type DirectoryChange struct {
	Line int
	// Resource is the name of the team, user or member.
	Resource string
	Action   DirectoryAction
}

// NewTeam is the team that is created. One without a display name is called by its id.
func (d DirectoryTeam) NewTeam() Team {
	t := Team{Name: TeamName(d.ID), DisplayName: d.ID}
	d.Apply(&t)
	return t
}

// Apply makes a team what the file says. A provisioned team is not given an id of the file: nothing else may need a change.
func (d DirectoryTeam) Apply(t *Team) {
	if d.DisplayName != "" {
		t.DisplayName = d.DisplayName
	}
	if d.TimeZone != "" {
		t.TimeZone = d.TimeZone
	}
	if d.ExternalID != "" && t.ProvisionedBy == "" {
		t.ExternalID = d.ExternalID
	}
}

// NewUser is the user that is created. One without a display name is called by its id.
func (d DirectoryUser) NewUser() User {
	u := User{Name: UserName(d.ID), DisplayName: d.ID}
	d.Apply(&u)
	return u
}

// Apply makes a user what the file says, as Apply of a team does.
func (d DirectoryUser) Apply(u *User) {
	if d.DisplayName != "" {
		u.DisplayName = d.DisplayName
	}
	if d.Email != "" {
		u.Email = d.Email
	}
	if d.ExternalID != "" && u.ProvisionedBy == "" {
		u.ExternalID = d.ExternalID
	}
}

// Check refuses an external id that belongs to somebody else: two things of a catalogue would become one here. noun and name
// say what has it, other is what an import knows it by.
func (d DirectoryRef) Check(noun, name, other string) error {
	if d.ExternalID == "" || other == "" || other == d.ExternalID {
		return nil
	}
	return fault.New(fault.FailedPrecondition, "DIRECTORY_ID_TAKEN",
		"The %s %q came from %s. Give %s an id of its own with the annotation %s.", noun, name, other, d.ExternalID, DirectoryIDAnnotation)
}

// Unknown is why a file cannot refer to a team or user that is neither in it nor here.
func (d DirectoryRef) Unknown(noun string) error {
	what := d.ExternalID
	if what == "" {
		what = d.ID
	}
	return fault.New(fault.FailedPrecondition, "DIRECTORY_REFERENCE_UNKNOWN",
		"There is no %s %s, here or in the file: add it to the file, or leave the reference out.", noun, what)
}

// CheckWorking refuses a new membership with a team or a user that is deactivated: an import lets nobody in again.
func (d DirectoryMember) CheckWorking(t *Team, u *User) error {
	if err := t.CheckActive("team"); err != nil {
		return err
	}
	return u.CheckActive("user")
}

// DirectoryIDAnnotation is the annotation by which a catalogue chooses the id of a team or user.
const DirectoryIDAnnotation = "fortnight.dev/id"

// DirectoryID makes the name of an entity an id: lower-case letters, digits and hyphens; "" when nothing is left.
func DirectoryID(name string) string { return validID(name) }

// ParseTeamRole reads a role as files spell it: member, coach or viewer.
func ParseTeamRole(text string) (TeamRole, bool) {
	role, known := groupTeamRoles[strings.ToLower(text)]
	return role, known
}

// emailForm is the form that the contract asks for, which is that of a browser's e-mail field.
var emailForm = regexp.MustCompile("^[a-zA-Z0-9.!#$%&'*+/=?^_`{|}~-]+@[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$")

const maxFileEmail = 254

// ValidEmail tells whether a text has the form of an e-mail address.
func ValidEmail(text string) bool { return len(text) <= maxFileEmail && emailForm.MatchString(text) }

// CleanText refuses a text of a file that could not be sent as a request, or that would change the direction of what stands
// beside it: control characters and marks that nobody sees.
func CleanText(text string) bool {
	return utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u2028' || r == '\u2029'
	})
}

// SortDirectoryProblems puts problems in the order of the file, and keeps the first of too many.
func SortDirectoryProblems(problems []DirectoryProblem) []DirectoryProblem {
	slices.SortStableFunc(problems, func(a, b DirectoryProblem) int { return a.Line - b.Line })
	if len(problems) > maxDirectoryProblems {
		problems = problems[:maxDirectoryProblems]
	}
	return problems
}

// maxDirectoryProblems is how many problems are told at once. Whoever has more has one problem that stands everywhere.
const maxDirectoryProblems = 500
