package rpc_test

import (
	"fmt"
	"slices"
	"testing"

	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestCreateUser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		req := &identityv1.CreateUserRequest{UserId: "ines", RequestId: "once", User: &identityv1.User{
			Name: "users/ignored", DisplayName: " Ines ", Email: "ines@example.com",
			OrganizationRoles: []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_MANAGER},
			Etag:              `"ignored"`, CreateTime: timestamppb.New(w.Clock.Now().AddDate(-1, 0, 0)),
		}}
		u := must(w.CreateUser(w.As(root), req))(t)
		if u.GetName() != "users/ines" || u.GetDisplayName() != "Ines" || u.GetEmail() != "ines@example.com" || len(u.GetOrganizationRoles()) != 1 {
			t.Errorf("user = %v", u)
		}
		if !u.GetCreateTime().AsTime().Equal(w.Clock.Now()) || u.GetEtag() == `"ignored"` || u.GetEtag() == "" {
			t.Errorf("output-only fields were taken from the request: %v", u)
		}
		// The same request again has no second effect; another one with the same id does not exist twice.
		if again := must(w.CreateUser(w.As(root), req))(t); again.GetEtag() != u.GetEtag() {
			t.Errorf("repeated: %v", again)
		}
		_, err := w.CreateUser(w.As(root), &identityv1.CreateUserRequest{UserId: "ines", User: req.GetUser()})
		testkit.Refused(t, err, fault.AlreadyExists, "USER_ALREADY_EXISTS")
		if got := w.events(); !slices.Equal(got, []string{"UserCreated users/ines"}) {
			t.Errorf("events = %v", got)
		}

		made := must(w.CreateUser(w.As(root), &identityv1.CreateUserRequest{User: &identityv1.User{DisplayName: "No id"}}))(t)
		if !names.ValidID(made.GetName()[len("users/"):]) {
			t.Errorf("made name = %s", made.GetName())
		}
	})
}

func TestBadUsers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		role := identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN
		for _, test := range []struct {
			name   string
			as     caller.Caller
			req    *identityv1.CreateUserRequest
			kind   fault.Kind
			reason string
			fields []string
		}{
			{"nobody", nobody, &identityv1.CreateUserRequest{}, fault.Unauthenticated, "UNAUTHENTICATED", nil},
			{"no admin", boss, &identityv1.CreateUserRequest{}, fault.PermissionDenied, "PERMISSION_DENIED", nil},
			{"nothing given", root, &identityv1.CreateUserRequest{}, fault.InvalidArgument, "VALIDATION_FAILED", []string{"user"}},
			{
				"everything wrong", root,
				&identityv1.CreateUserRequest{UserId: "Not An Id", User: &identityv1.User{Email: "nowhere", OrganizationRoles: []identityv1.OrganizationRole{role, role}}},
				fault.InvalidArgument, "VALIDATION_FAILED",
				[]string{"user.email", "user.organization_roles", "user_id"},
			},
			{"a blank name", root, &identityv1.CreateUserRequest{User: &identityv1.User{DisplayName: "  "}}, fault.InvalidArgument, "DISPLAY_NAME_EMPTY", []string{"user.display_name"}},
		} {
			t.Run(test.name, func(t *testing.T) {
				_, err := w.CreateUser(w.As(test.as), test.req)
				testkit.Refused(t, err, test.kind, test.reason, test.fields...)
			})
		}
		if got := w.events(); len(got) != 0 {
			t.Errorf("refused requests left events: %v", got)
		}
	})
}

func TestEmailIsForAdminsServicesAndTheUser(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for name, test := range map[string]struct {
			as   caller.Caller
			want string
		}{
			"an admin":         {root, "mina@example.com"},
			"a service":        {caller.Caller{Subject: "services/notification", Service: true}, "mina@example.com"},
			"the user":         {coach, "mina@example.com"},
			"a team mate":      {member, ""},
			"a manager":        {boss, ""},
			"from other teams": {other, ""},
		} {
			if u := must(w.GetUser(w.As(test.as), &identityv1.GetUserRequest{Name: "users/mina"}))(t); u.GetEmail() != test.want || u.GetDisplayName() != "mina" {
				t.Errorf("%s sees %v", name, u)
			}
			list := must(w.ListUsers(w.As(test.as), &identityv1.ListUsersRequest{}))(t)
			if u := list.GetUsers()[0]; u.GetName() != "users/mina" || u.GetEmail() != test.want {
				t.Errorf("%s sees in the list %v", name, u)
			}
		}
	})
}

func TestListUsersByPage(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		first := must(w.ListUsers(w.As(viewer), &identityv1.ListUsersRequest{PageSize: 3}))(t)
		second := must(w.ListUsers(w.As(viewer), &identityv1.ListUsersRequest{PageSize: 3, PageToken: first.GetNextPageToken()}))(t)
		var got []string
		for _, u := range append(first.GetUsers(), second.GetUsers()...) {
			got = append(got, u.GetName())
		}
		if !slices.Equal(got, []string{"users/mina", "users/noor", "users/omar", "users/vera"}) || second.GetNextPageToken() != "" {
			t.Errorf("users = %v", got)
		}
		_, err := w.ListUsers(w.As(member), &identityv1.ListUsersRequest{PageSize: 3, PageToken: first.GetNextPageToken()})
		testkit.Refused(t, err, fault.InvalidArgument, "PAGE_TOKEN_INVALID", "page_token")
		_, err = w.ListUsers(w.As(nobody), &identityv1.ListUsersRequest{})
		testkit.Refused(t, err, fault.Unauthenticated, "UNAUTHENTICATED")
	})
}

func TestUpdateUser(t *testing.T) {
	full := func() *identityv1.User {
		return &identityv1.User{DisplayName: "New", Email: "new@example.com", OrganizationRoles: []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_MANAGER}}
	}
	each(t, func(t *testing.T, w *world) {
		for id, test := range map[string]struct {
			user   *identityv1.User
			mask   []string
			want   string // display name, e-mail address and number of roles; empty when refused
			reason string
		}{
			"what-the-mask-names":  {full(), []string{"email"}, "Old new@example.com 0", ""},
			"everything":           {full(), []string{"*"}, "New new@example.com 1", ""},
			"what-is-set":          {&identityv1.User{DisplayName: "New"}, nil, "New old@example.com 0", ""},
			"only-a-part-is-sent":  {&identityv1.User{Email: "new@example.com"}, []string{"email"}, "Old new@example.com 0", ""},
			"an-emptied-field":     {&identityv1.User{}, []string{"email"}, "Old  0", ""},
			"the-servers-fields":   {full(), []string{"email", "create_time"}, "Old new@example.com 0", ""},
			"the-name":             {full(), []string{"name"}, "", "NOTHING_TO_CHANGE"},
			"a-field-that-is-none": {full(), []string{"shoe_size"}, "", "FIELD_NOT_UPDATABLE"},
			"star-and-more":        {full(), []string{"*", "email"}, "", "FIELD_NOT_UPDATABLE"},
			"nothing-is-set":       {&identityv1.User{}, nil, "", "NOTHING_TO_CHANGE"},
		} {
			t.Run(id, func(t *testing.T) {
				must(w.CreateUser(w.As(root), &identityv1.CreateUserRequest{UserId: id, User: &identityv1.User{DisplayName: "Old", Email: "old@example.com"}}))(t)
				test.user.Name = "users/" + id
				_, err := w.UpdateUser(w.As(root), &identityv1.UpdateUserRequest{User: test.user, UpdateMask: &fieldmaskpb.FieldMask{Paths: test.mask}})
				if test.want == "" {
					testkit.Refused(t, err, fault.InvalidArgument, test.reason, "update_mask")
					test.want = "Old old@example.com 0"
				} else if err != nil {
					t.Fatal(err)
				}
				u := must(w.GetUser(w.As(root), &identityv1.GetUserRequest{Name: test.user.GetName()}))(t)
				if got := fmt.Sprint(u.GetDisplayName(), " ", u.GetEmail(), " ", len(u.GetOrganizationRoles())); got != test.want {
					t.Errorf("user = %q, want %q", got, test.want)
				}
			})
		}
		// An empty name is refused when it would be saved.
		_, err := w.UpdateUser(w.As(root), &identityv1.UpdateUserRequest{User: &identityv1.User{Name: "users/noor"}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"display_name"}}})
		testkit.Refused(t, err, fault.InvalidArgument, "DISPLAY_NAME_EMPTY", "user.display_name")
	})
}

func TestUpdateUserIsForAdminsWithTheRightEtag(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		before := must(w.GetUser(w.As(root), &identityv1.GetUserRequest{Name: "users/noor"}))(t)
		update := func(as caller.Caller, etag, name string) (*identityv1.User, error) {
			return w.UpdateUser(w.As(as), &identityv1.UpdateUserRequest{
				User: &identityv1.User{Name: "users/noor", DisplayName: name}, Etag: etag,
			})
		}
		_, err := update(member, "", "Myself")
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		after := must(update(root, before.GetEtag(), "Noor K."))(t)
		_, err = update(root, before.GetEtag(), "Late")
		if f := testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH"); f.Metadata["current_etag"] != after.GetEtag() {
			t.Errorf("metadata = %v, want the etag %s", f.Metadata, after.GetEtag())
		}
		same := must(update(root, "", "Noor K."))(t)
		if same.GetEtag() != after.GetEtag() {
			t.Error("a change of nothing changed the etag")
		}
		if got := w.events(); !slices.Equal(got, []string{"UserUpdated users/noor"}) {
			t.Errorf("events = %v", got)
		}
		_, err = w.UpdateUser(w.As(root), &identityv1.UpdateUserRequest{User: &identityv1.User{Name: "users/ghost", DisplayName: "Boo"}})
		testkit.Refused(t, err, fault.NotFound, "USER_NOT_FOUND")
	})
}

func TestTheLastAdminStays(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		set := func(user string, roles ...identityv1.OrganizationRole) error {
			_, err := w.UpdateUser(w.As(root), &identityv1.UpdateUserRequest{
				User:       &identityv1.User{Name: user, DisplayName: "x", OrganizationRoles: roles},
				UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"organization_roles"}},
			})
			return err
		}
		if err := set("users/mina", identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN); err != nil {
			t.Fatal(err)
		}
		testkit.Refused(t, set("users/mina"), fault.FailedPrecondition, "LAST_ADMIN", "user.organization_roles")
		if err := set("users/noor", identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN); err != nil {
			t.Fatal(err)
		}
		if err := set("users/mina"); err != nil {
			t.Errorf("one of two admins: %v", err)
		}
	})
}
