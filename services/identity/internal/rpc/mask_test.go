package rpc_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// updatable is a resource whose update has a field mask.
type updatable struct {
	// fields are those that the contract says can be changed.
	fields []string
	// sent has another value in every field than the resource that make makes; but for its name, which make sets.
	sent   proto.Message
	make   func(w *world, id string) (name string)
	get    func(ctx context.Context, w *world, name string) (proto.Message, error)
	update func(ctx context.Context, w *world, sent proto.Message, mask *fieldmaskpb.FieldMask) (proto.Message, error)
}

func updatables() map[string]updatable {
	long := timestamppb.New(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))
	return map[string]updatable{
		"user": {
			fields: []string{"display_name", "email", "organization_roles"},
			sent: &identityv1.User{
				DisplayName: "New", Email: "new@example.com", Etag: `"x"`, CreateTime: long, UpdateTime: long,
				OrganizationRoles:      []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_MANAGER},
				GroupOrganizationRoles: []identityv1.OrganizationRole{identityv1.OrganizationRole_ORGANIZATION_ROLE_ADMIN},
				State:                  identityv1.UserState_USER_STATE_DEACTIVATED, ProvisionedBy: "mine.yaml", ExternalId: "user:default/new",
			},
			make: func(w *world, id string) string {
				return must(w.CreateUser(w.As(root), &identityv1.CreateUserRequest{UserId: id, User: &identityv1.User{DisplayName: "Old", Email: "old@example.com"}}))(w.T).GetName()
			},
			get: func(ctx context.Context, w *world, name string) (proto.Message, error) {
				return w.GetUser(ctx, &identityv1.GetUserRequest{Name: name})
			},
			update: func(ctx context.Context, w *world, sent proto.Message, mask *fieldmaskpb.FieldMask) (proto.Message, error) {
				return w.UpdateUser(ctx, &identityv1.UpdateUserRequest{User: sent.(*identityv1.User), UpdateMask: mask})
			},
		},
		"team": {
			fields: []string{"display_name", "time_zone", "cycle_days", "improvement_capacity_percent", "working_days", "holidays", "cadence_weekday", "visibility"},
			sent: &identityv1.Team{
				DisplayName: "New", TimeZone: "Europe/Berlin", CycleDays: 7, ImprovementCapacityPercent: 20, Etag: `"x"`, CreateTime: long, UpdateTime: long,
				WorkingDays: []identityv1.Weekday{identityv1.Weekday_WEEKDAY_SUNDAY}, Holidays: []*identityv1.Holiday{{Date: "2026-12-25", DisplayName: "Christmas"}},
				CadenceWeekday: identityv1.Weekday_WEEKDAY_SUNDAY, Visibility: identityv1.TeamVisibility_TEAM_VISIBILITY_ORGANIZATION,
				State: identityv1.TeamState_TEAM_STATE_DEACTIVATED, ProvisionedBy: "mine.yaml", ExternalId: "group:default/new",
			},
			make: func(w *world, id string) string {
				return must(w.CreateTeam(w.As(root), &identityv1.CreateTeamRequest{TeamId: id, Team: &identityv1.Team{DisplayName: "Old"}}))(w.T).GetName()
			},
			get: func(ctx context.Context, w *world, name string) (proto.Message, error) {
				return w.GetTeam(ctx, &identityv1.GetTeamRequest{Name: name})
			},
			update: func(ctx context.Context, w *world, sent proto.Message, mask *fieldmaskpb.FieldMask) (proto.Message, error) {
				return w.UpdateTeam(ctx, &identityv1.UpdateTeamRequest{Team: sent.(*identityv1.Team), UpdateMask: mask})
			},
		},
		"member": {
			fields: []string{"role"},
			sent: &identityv1.Member{
				User: "users/vera", Role: identityv1.TeamRole_TEAM_ROLE_COACH, Etag: `"x"`, CreateTime: long, ProvisionedBy: "mine.yaml", Group: "staff",
			},
			make: func(w *world, id string) string {
				team := must(w.CreateTeam(w.As(root), &identityv1.CreateTeamRequest{TeamId: id, Team: &identityv1.Team{DisplayName: id}}))(w.T)
				return must(w.CreateMember(w.As(root), &identityv1.CreateMemberRequest{
					Parent: team.GetName(), Member: &identityv1.Member{User: "users/noor", Role: identityv1.TeamRole_TEAM_ROLE_MEMBER},
				}))(w.T).GetName()
			},
			get: func(ctx context.Context, w *world, name string) (proto.Message, error) {
				return w.GetMember(ctx, &identityv1.GetMemberRequest{Name: name})
			},
			update: func(ctx context.Context, w *world, sent proto.Message, mask *fieldmaskpb.FieldMask) (proto.Message, error) {
				return w.UpdateMember(ctx, &identityv1.UpdateMemberRequest{Member: sent.(*identityv1.Member), UpdateMask: mask})
			},
		},
	}
}

// different are the fields in which two messages differ, but for those that go with every change.
func different(a, b proto.Message) (names []string) {
	x, y := a.ProtoReflect(), b.ProtoReflect()
	for _, field := range fieldsOf(a) {
		if !x.Get(field).Equal(y.Get(field)) && field.Name() != "etag" && field.Name() != "update_time" {
			names = append(names, string(field.Name()))
		}
	}
	slices.Sort(names)
	return names
}

func fieldsOf(m proto.Message) (fields []protoreflect.FieldDescriptor) {
	all := m.ProtoReflect().Descriptor().Fields()
	for i := range all.Len() {
		fields = append(fields, all.Get(i))
	}
	return fields
}

// idOf makes an id out of a field's name.
func idOf(field string) string { return strings.ReplaceAll(field, "_", "-") }

// setName names the resource that is sent.
func setName(m proto.Message, name string) proto.Message {
	m = proto.Clone(m)
	m.ProtoReflect().Set(m.ProtoReflect().Descriptor().Fields().ByName("name"), protoreflect.ValueOfString(name))
	return m
}

func TestAMaskReachesNothingButTheListedFields(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		for kind, u := range updatables() {
			t.Run(kind, func(t *testing.T) {
				slices.Sort(u.fields)
				// change makes a resource, sends everything with a mask, and returns what is another than before.
				change := func(id string, mask *fieldmaskpb.FieldMask) (changed []string, err error) {
					name := u.make(w, id)
					before := must(u.get(w.As(root), w, name))(t)
					for _, field := range fieldsOf(before) {
						if before.ProtoReflect().Get(field).Equal(u.sent.ProtoReflect().Get(field)) {
							t.Fatalf("the test sends the old value of %s: give it another one", field.Name())
						}
					}
					w.Clock.Advance(time.Second)
					_, err = u.update(w.As(root), w, setName(u.sent, name), mask)
					return different(before, must(u.get(w.As(root), w, name))(t)), err
				}
				for id, mask := range map[string]*fieldmaskpb.FieldMask{"mask-none": nil, "mask-star": {Paths: []string{"*"}}, "mask-all": {Paths: u.fields}} {
					if got, err := change(kind+id, mask); err != nil || !slices.Equal(got, u.fields) {
						t.Errorf("%s changed %v (%v), want %v", id, got, err, u.fields)
					}
				}
				for _, field := range fieldsOf(u.sent) {
					path := string(field.Name())
					got, err := change(kind+"-"+idOf(path), &fieldmaskpb.FieldMask{Paths: []string{path}})
					if slices.Contains(u.fields, path) {
						if err != nil || !slices.Equal(got, []string{path}) {
							t.Errorf("the mask %s changed %v, %v", path, got, err)
						}
						continue
					}
					if len(got) != 0 {
						t.Errorf("the mask %s changed %v", path, got)
					}
					if err == nil {
						t.Errorf("the mask %s was taken", path)
					}
					// Beside a field that can be changed it changes that one only, or nothing.
					got, _ = change(kind+"-and-"+idOf(path), &fieldmaskpb.FieldMask{Paths: []string{path, u.fields[0]}})
					if len(got) > 1 || len(got) == 1 && got[0] != u.fields[0] {
						t.Errorf("the mask %s,%s changed %v", path, u.fields[0], got)
					}
				}
			})
		}
	})
}
