package rpc_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// join puts a user into the team payments.
func (w *world) join(as caller.Caller, user string, role identityv1.TeamRole) (*identityv1.Member, error) {
	return w.CreateMember(w.As(as), &identityv1.CreateMemberRequest{
		Parent: "teams/payments", Member: &identityv1.Member{User: user, Role: role},
	})
}

func TestMembersComeAndGo(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		m := must(w.join(coach, "users/noor", identityv1.TeamRole_TEAM_ROLE_MEMBER))(t)
		if m.GetName() != "teams/payments/members/noor" || m.GetUser() != "users/noor" || m.GetEtag() == "" {
			t.Errorf("member = %v", m)
		}
		_, err := w.join(coach, "users/noor", identityv1.TeamRole_TEAM_ROLE_COACH)
		testkit.Refused(t, err, fault.AlreadyExists, "MEMBER_ALREADY_EXISTS")
		must(w.join(root, "users/mina", identityv1.TeamRole_TEAM_ROLE_COACH))(t)

		_, err = w.DeleteMember(w.As(coach), &identityv1.DeleteMemberRequest{Name: m.GetName(), Etag: `"stale-1"`})
		testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
		gone := &identityv1.DeleteMemberRequest{Name: m.GetName(), Etag: m.GetEtag(), RequestId: "once"}
		must(w.DeleteMember(w.As(coach), gone))(t)
		must(w.DeleteMember(w.As(coach), gone))(t) // repeated with its id: the same answer
		_, err = w.DeleteMember(w.As(coach), &identityv1.DeleteMemberRequest{Name: m.GetName()})
		testkit.Refused(t, err, fault.NotFound, "MEMBER_NOT_FOUND")

		list := must(w.ListMembers(w.As(viewer), &identityv1.ListMembersRequest{Parent: "teams/payments"}))(t)
		if len(list.GetMembers()) != 1 || list.GetMembers()[0].GetUser() != "users/mina" {
			t.Errorf("members = %v", list)
		}

		w.Clock.Advance(time.Hour)
		back := must(w.join(root, "users/noor", identityv1.TeamRole_TEAM_ROLE_VIEWER))(t)
		if back.GetRole() != identityv1.TeamRole_TEAM_ROLE_VIEWER || !back.GetCreateTime().AsTime().Equal(w.Clock.Now()) || back.GetEtag() == m.GetEtag() {
			t.Errorf("who came back = %v", back)
		}
		want := []string{
			"MemberAdded teams/payments/members/noor", "MemberAdded teams/payments/members/mina",
			"MemberRemoved teams/payments/members/noor", "MemberAdded teams/payments/members/noor",
		}
		if got := w.events(); !slices.Equal(got, want) {
			t.Errorf("events = %v, want %v", got, want)
		}
		for _, r := range testkit.Records(t, w.log)[6:] {
			if r.Team != "payments" {
				t.Errorf("%s belongs to team %q", r.Type, r.Team)
			}
		}
	})
}

func TestBadMembers(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		role := identityv1.TeamRole_TEAM_ROLE_MEMBER
		for _, test := range []struct {
			name   string
			as     caller.Caller
			user   string
			role   identityv1.TeamRole
			kind   fault.Kind
			reason string
			fields []string
		}{
			{"by nobody", nobody, "users/vera", role, fault.Unauthenticated, "UNAUTHENTICATED", nil},
			{"by a member", member, "users/vera", role, fault.PermissionDenied, "PERMISSION_DENIED", nil},
			{"by another team's coach", other, "users/vera", role, fault.PermissionDenied, "PERMISSION_DENIED", nil},
			{"without a role", coach, "users/vera", 0, fault.InvalidArgument, "VALIDATION_FAILED", []string{"member.role"}},
			{"with a role that is none", coach, "users/vera", 99, fault.InvalidArgument, "VALIDATION_FAILED", []string{"member.role"}},
			{"something that is no user", coach, "teams/search", role, fault.InvalidArgument, "VALIDATION_FAILED", []string{"member.user"}},
			{"a user who is not there", coach, "users/ghost", role, fault.FailedPrecondition, "USER_NOT_FOUND", []string{"member.user"}},
		} {
			t.Run(test.name, func(t *testing.T) {
				_, err := w.join(test.as, test.user, test.role)
				testkit.Refused(t, err, test.kind, test.reason, test.fields...)
			})
		}
		_, err := w.CreateMember(w.As(root), &identityv1.CreateMemberRequest{Parent: "teams/ghost", Member: &identityv1.Member{User: "users/vera", Role: role}})
		testkit.Refused(t, err, fault.NotFound, "TEAM_NOT_FOUND")
		_, err = w.ListMembers(w.As(root), &identityv1.ListMembersRequest{Parent: "teams/ghost"})
		testkit.Refused(t, err, fault.NotFound, "TEAM_NOT_FOUND")
		_, err = w.ListMembers(w.As(other), &identityv1.ListMembersRequest{Parent: "teams/payments"})
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		if got := w.events(); len(got) != 0 {
			t.Errorf("refused requests left events: %v", got)
		}
	})
}

func TestGetAndUpdateMember(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		const name = "teams/payments/members/noor"
		m := must(w.join(root, "users/noor", identityv1.TeamRole_TEAM_ROLE_MEMBER))(t)
		for _, as := range []caller.Caller{root, boss, coach, member, viewer} {
			if got := must(w.GetMember(w.As(as), &identityv1.GetMemberRequest{Name: name}))(t); got.GetEtag() != m.GetEtag() || got.GetRole() != m.GetRole() {
				t.Errorf("%s gets %v", as.Subject, got)
			}
		}
		update := func(as caller.Caller, etag string, role identityv1.TeamRole, mask ...string) (*identityv1.Member, error) {
			return w.UpdateMember(w.As(as), &identityv1.UpdateMemberRequest{
				Member: &identityv1.Member{Name: name, User: "users/noor", Role: role}, Etag: etag, UpdateMask: &fieldmaskpb.FieldMask{Paths: mask},
			})
		}
		for _, as := range []caller.Caller{boss, member, viewer, other} {
			_, err := update(as, "", identityv1.TeamRole_TEAM_ROLE_COACH)
			testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		}
		_, err := w.GetMember(w.As(other), &identityv1.GetMemberRequest{Name: name})
		testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
		_, err = update(coach, "", identityv1.TeamRole_TEAM_ROLE_COACH, "user")
		testkit.Refused(t, err, fault.InvalidArgument, "FIELD_NOT_UPDATABLE", "update_mask")
		_, err = update(coach, "", 0, "role")
		testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "member.role")

		up := must(update(coach, m.GetEtag(), identityv1.TeamRole_TEAM_ROLE_COACH, "role"))(t)
		if up.GetRole() != identityv1.TeamRole_TEAM_ROLE_COACH || up.GetEtag() == m.GetEtag() || !up.GetCreateTime().AsTime().Equal(m.GetCreateTime().AsTime()) {
			t.Errorf("updated = %v", up)
		}
		_, err = update(coach, m.GetEtag(), identityv1.TeamRole_TEAM_ROLE_VIEWER, "role")
		testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
		if same := must(update(coach, "", identityv1.TeamRole_TEAM_ROLE_COACH))(t); same.GetEtag() != up.GetEtag() {
			t.Errorf("a change of nothing: %v", same)
		}

		// Who was removed is not there, to nobody and for nothing: as if the user had never been in the team.
		must(w.DeleteMember(w.As(root), &identityv1.DeleteMemberRequest{Name: name}))(t)
		messages := map[string]bool{}
		for _, ask := range []string{name, "teams/payments/members/ghost"} {
			_, err := w.GetMember(w.As(root), &identityv1.GetMemberRequest{Name: ask})
			messages[strings.ReplaceAll(testkit.Refused(t, err, fault.NotFound, "MEMBER_NOT_FOUND").Message, ask, "X")] = true
		}
		if len(messages) != 1 {
			t.Errorf("a removed member is told from one who never was: %v", messages)
		}
		_, err = update(coach, "", identityv1.TeamRole_TEAM_ROLE_VIEWER)
		testkit.Refused(t, err, fault.NotFound, "MEMBER_NOT_FOUND")
		want := []string{"MemberAdded " + name, "MemberUpdated " + name, "MemberRemoved " + name}
		if got := w.events(); !slices.Equal(got, want) {
			t.Errorf("events = %v", got)
		}
	})
}
