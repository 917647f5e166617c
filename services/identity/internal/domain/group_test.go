package domain_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestGroupMappingIsRead(t *testing.T) {
	want := domain.GroupMapping{
		{Group: "sre", Role: domain.Admin},
		{Group: "lead s", Role: domain.Manager},
		{Group: "pay", Team: "payments", TeamRole: domain.RoleMember},
		{Group: "pay", Team: "search", TeamRole: domain.RoleViewer},
		{Group: "cn=x,ou=y", Team: "payments", TeamRole: domain.RoleCoach},
	}
	for _, text := range []string{
		`sre=admin,lead s=manager,pay=payments:member,pay=search:viewer,"cn=x,ou=y"=payments:coach`,
		"\n sre = admin \n lead s=manager\r\npay=payments:member, \npay=search:viewer\n\"cn=x,ou=y\" = payments:coach,\n",
	} {
		if got, err := domain.ParseGroupMapping(text); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", " \n", ","} {
		if got, err := domain.ParseGroupMapping(text); err != nil || len(got) != 0 {
			t.Errorf("%q: %+v, %v", text, got, err)
		}
	}
}

func TestGroupMappingIsRefused(t *testing.T) {
	for text, why := range map[string]string{
		"sre":                       `"sre" is no entry`,
		"sre=":                      `gives ""`,
		"=admin":                    "no group",
		`""=admin`:                  "no group",
		"sre=Admin":                 `gives "Admin"`,
		"sre=root":                  "give admin, manager or team:role",
		"sre=payments:boss":         "give member, coach or viewer",
		"sre=payments:":             "give member, coach or viewer",
		"sre=:coach":                "no id of a team",
		"sre=Payments:coach":        "no id of a team",
		"sre=teams/payments:coach":  "no id of a team",
		"sre=-:coach":               "no id of a team",
		"cn=x,ou=y=admin":           "two equals signs",
		"ou=y=admin":                "two equals signs",
		`"sre=admin`:                "second quote",
		`"sre" admin`:               "equals sign",
		"sre=admin,sre=admin":       "twice",
		"a=payments:coach:x":        "give member, coach or viewer",
		"sre=admin;leads=manager":   "two equals signs",
		"sre=admin\nleads: manager": "is no entry",
	} {
		got, err := domain.ParseGroupMapping(text)
		if err == nil || fault.From(err).Reason != "GROUP_MAPPING_INVALID" || !strings.Contains(err.Error(), why) || got != nil {
			t.Errorf("%q: %+v, %v; want an error with %q", text, got, err, why)
		}
	}
}

func FuzzGroupMapping(f *testing.F) {
	for _, seed := range []string{"sre=admin", `"a,b"=t:coach`, "a=b=c", "\"", ",,\n=", "x=team:viewer\ny=manager"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		mapping, err := domain.ParseGroupMapping(text)
		if err != nil {
			return
		}
		for _, g := range mapping {
			if g.Group == "" || (g.Role == "") == (g.Team == "") || (g.Team == "") != (g.TeamRole == "") || !strings.Contains(text, g.Group) {
				t.Fatalf("%q gives %+v", text, g)
			}
		}
	})
}

func TestTheStrongestGroupCounts(t *testing.T) {
	mapping, err := domain.ParseGroupMapping("v=a:viewer,m=a:member,c=a:coach,m=b:member,x=admin,y=admin,z=manager")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ groups, want []string }{
		{nil, nil},
		{[]string{"V", "other"}, nil},
		{[]string{"v"}, []string{"v: viewer of teams/a"}},
		{[]string{"m", "v"}, []string{"m: member of teams/a", "m: member of teams/b"}},
		{[]string{"v", "m", "c"}, []string{"c: coach of teams/a", "m: member of teams/b"}},
		{[]string{"y", "x", "z"}, []string{"x: admin", "z: manager"}},
	} {
		given := mapping.Give(c.groups)
		var got []string
		for _, g := range append(given.Roles, given.Teams...) {
			got = append(got, g.Line(""))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%v give %q, want %q", c.groups, got, c.want)
		}
	}
}
