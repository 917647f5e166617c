package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

// ImportDirectory makes the teams, users and memberships that a file wants. It creates, changes and adds; it never takes
// anything away. With problems the caller must not commit: what came before them was done.
func ImportDirectory(ctx context.Context, tx *eventlog.Tx, d domain.Directory) ([]domain.DirectoryChange, []domain.DirectoryProblem, error) {
	i := &directoryImport{tx: tx}
	if err := i.load(ctx); err != nil {
		return nil, nil, err
	}
	for _, t := range d.Teams {
		if err := i.team(t); err != nil {
			return nil, nil, err
		}
	}
	for _, u := range d.Users {
		if err := i.user(u); err != nil {
			return nil, nil, err
		}
	}
	for _, m := range d.Members {
		if err := i.member(m); err != nil {
			return nil, nil, err
		}
	}
	slices.SortStableFunc(i.changes, func(a, b domain.DirectoryChange) int { return cmp.Compare(a.Line, b.Line) })
	return i.changes, domain.SortDirectoryProblems(i.problems), nil
}

// directoryImport knows everybody, so that what is as it should be costs no statement.
type directoryImport struct {
	tx      *eventlog.Tx
	teams   map[string]*domain.Team
	users   map[string]*domain.User
	members map[string]*domain.Member
	// known are the names by external id.
	known map[string]string

	changes  []domain.DirectoryChange
	problems []domain.DirectoryProblem
}

// load reads everybody. Until the transaction ends nobody else imports.
func (i *directoryImport) load(ctx context.Context) error {
	if err := i.tx.Lock("directory"); err != nil {
		return err
	}
	teams, err := Teams.Select(ctx, i.tx, i.tx.Log(), "select "+record.Columns+" from teams")
	if err != nil {
		return err
	}
	users, err := Users.Select(ctx, i.tx, i.tx.Log(), "select "+record.Columns+" from users")
	if err != nil {
		return err
	}
	members, err := Members.Select(ctx, i.tx, i.tx.Log(), "select "+record.Columns+" from members")
	if err != nil {
		return err
	}
	i.teams, i.users, i.members, i.known = map[string]*domain.Team{}, map[string]*domain.User{}, map[string]*domain.Member{}, map[string]string{}
	for _, row := range teams {
		i.teams[row.Value.Name] = row.Value
		i.know(row.Value.ExternalID, row.Value.Name)
	}
	for _, row := range users {
		i.users[row.Value.Name] = row.Value
		i.know(row.Value.ExternalID, row.Value.Name)
	}
	for _, row := range members {
		i.members[row.Value.Name] = row.Value
	}
	return nil
}

func (i *directoryImport) know(externalID, name string) {
	if externalID != "" {
		i.known[externalID] = name
	}
}

// name is which team or user a reference means.
func (i *directoryImport) name(ref domain.DirectoryRef, byID func(id string) string) string {
	if name := i.known[ref.ExternalID]; name != "" {
		return name
	}
	return byID(ref.ID)
}

func (i *directoryImport) team(want domain.DirectoryTeam) error {
	name := i.name(want.DirectoryRef, domain.TeamName)
	there, found := i.teams[name]
	if !found {
		t, events, err := domain.NewTeam(want.NewTeam())
		if err == nil {
			_, err = Teams.Create(i.tx, t, events...)
		}
		if err == nil {
			i.teams[name] = t
			i.know(t.ExternalID, name)
		}
		return i.done(want.Place, name, domain.DirectoryCreate, err)
	}
	changed := *there
	err := want.Check("team", name, there.ExternalID)
	var events []domain.Event
	if err == nil {
		events, err = changed.Update(want.Apply)
	}
	if err != nil || len(events) == 0 {
		return i.done(want.Place, name, domain.DirectoryKeep, err)
	}
	_, err = Teams.Update(i.tx, name, "", func(t *domain.Team, _ time.Time) ([]domain.Event, error) { return t.Update(want.Apply) })
	i.know(changed.ExternalID, name)
	return i.done(want.Place, name, domain.DirectoryUpdate, err)
}

func (i *directoryImport) user(want domain.DirectoryUser) error {
	name := i.name(want.DirectoryRef, domain.UserName)
	there, found := i.users[name]
	if !found {
		u, events, err := domain.NewUser(want.NewUser())
		if err == nil {
			_, err = Users.Create(i.tx, u, events...)
		}
		if err == nil {
			i.users[name] = u
			i.know(u.ExternalID, name)
		}
		return i.done(want.Place, name, domain.DirectoryCreate, err)
	}
	const others = 1 // an import gives and takes no role of the organisation
	changed := *there
	err := want.Check("user", name, there.ExternalID)
	var events []domain.Event
	if err == nil {
		events, err = changed.Update(want.Apply, others)
	}
	if err != nil || len(events) == 0 {
		return i.done(want.Place, name, domain.DirectoryKeep, err)
	}
	_, err = Users.Update(i.tx, name, "", func(u *domain.User, _ time.Time) ([]domain.Event, error) { return u.Update(want.Apply, others) })
	i.know(changed.ExternalID, name)
	return i.done(want.Place, name, domain.DirectoryUpdate, err)
}

func (i *directoryImport) member(want domain.DirectoryMember) error {
	team, user := i.name(want.Team, domain.TeamName), i.name(want.User, domain.UserName)
	name := domain.MemberName(team, user)
	t, u := i.teams[team], i.users[user]
	if err := unknownPlace(want, t, u); err != nil {
		return i.done(want.Place, name, domain.DirectoryKeep, err)
	}
	there, found := i.members[name]
	if found && !there.Removed {
		if want.AnyRole {
			return i.done(want.Place, name, domain.DirectoryKeep, nil)
		}
		changed := *there
		events, err := changed.ChangeRole(want.Role)
		if err != nil || len(events) == 0 {
			return i.done(want.Place, name, domain.DirectoryKeep, err)
		}
		_, err = PutMember(i.tx, team, user, func(m *domain.Member, _ time.Time) ([]domain.Event, error) { return m.ChangeRole(want.Role) })
		return i.done(want.Place, name, domain.DirectoryUpdate, err)
	}
	err := want.CheckWorking(t, u)
	if err == nil {
		_, err = AddMember(i.tx, team, user, want.Role)
	}
	return i.done(want.Place, name, domain.DirectoryCreate, err)
}

// unknownPlace is why a membership has no team or no user: what it refers to is neither in the file nor here. Something that
// is called alike and came from elsewhere is not it.
func unknownPlace(want domain.DirectoryMember, t *domain.Team, u *domain.User) error {
	if t == nil || want.Team.Check("team", t.Name, t.ExternalID) != nil {
		return want.Team.Unknown("team")
	}
	if u == nil || want.User.Check("user", u.Name, u.ExternalID) != nil {
		return want.User.Unknown("user")
	}
	return nil
}

// done notes what came of an entry. A refusal by a rule is a problem of the file; a failure is one of ours.
func (i *directoryImport) done(at domain.Place, name string, action domain.DirectoryAction, err error) error {
	if err == nil {
		i.changes = append(i.changes, domain.DirectoryChange{Line: at.Line, Resource: name, Action: action})
		return nil
	}
	refused, ok := refusal(err)
	if !ok {
		return err
	}
	i.problems = append(i.problems, domain.DirectoryProblem{Place: at, Reason: refused.Reason, Description: refused.Text()})
	return nil
}

// refusal is why a rule refuses an entry of a file; false for what went wrong here.
func refusal(err error) (*fault.Error, bool) {
	refused := fault.From(err)
	switch refused.Kind {
	case fault.InvalidArgument, fault.FailedPrecondition, fault.AlreadyExists:
		return refused, true
	default:
		return nil, false
	}
}
