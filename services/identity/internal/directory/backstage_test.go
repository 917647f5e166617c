package directory_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/fortnighthq/fortnight/services/identity/internal/directory"
	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/names"
)

// catalog is like the example in the documentation of Backstage: a department, a team below it, a person, and more.
const catalog = `apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: infrastructure
spec:
  type: business-unit
  children: [payments]
---
apiVersion: backstage.io/v1alpha1
kind: Group
metadata:
  name: Payments
  description: Takes money
spec:
  type: team
  profile:
    displayName: Payments
    email: payments@example.com
    picture: https://example.com/groups/payments.jpeg
  parent: infrastructure
  children: []
  members: [noor, user:default/m.haddad]
---
apiVersion: backstage.io/v1beta1
kind: User
metadata:
  name: m.haddad
  annotations:
    fortnight.dev/id: mina
spec:
  profile: {displayName: Mina Haddad, email: mina@example.com}
  memberOf: [group:payments, infrastructure]
---
apiVersion: backstage.io/v1alpha1
kind: User
metadata: {name: noor}
spec: {memberOf: []}
---
apiVersion: scaffolder.backstage.io/v1beta3
kind: Template
metadata: &same
  name: anything
spec: *same
`

func TestParseBackstage(t *testing.T) {
	for name, test := range map[string]struct {
		content string
		types   []string
		want    string
	}{
		"a team": {catalog, nil, "12 team payments=group:default/payments \"Payments\" \n" +
			"27 user mina=user:default/m.haddad \"Mina Haddad\" mina@example.com\n36 user noor=user:default/noor \"\" \n" +
			"22 member noor=user:default/noor in payments=group:default/payments MEMBER\n" +
			"22 member mina=user:default/m.haddad in payments=group:default/payments MEMBER\n"},
		"departments are teams": {catalog, []string{"business-unit"}, "4 team infrastructure=group:default/infrastructure \"\" \n" +
			"27 user mina=user:default/m.haddad \"Mina Haddad\" mina@example.com\n36 user noor=user:default/noor \"\" \n" +
			"32 member mina=user:default/m.haddad in infrastructure=group:default/infrastructure MEMBER\n"},
		"another namespace, and who is elsewhere": {
			"apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: {name: O.Mar, namespace: EMEA}\nspec: {memberOf: [search, default/Pay_ments]}\n", nil,
			"3 user o-mar=user:emea/o.mar \"\" \n4 member o-mar=user:emea/o.mar in search=group:emea/search MEMBER\n" +
				"4 member o-mar=user:emea/o.mar in pay-ments=group:default/pay_ments MEMBER\n",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := directory.ParseBackstage(test.content, test.types)
			if len(problems) > 0 || summary(got) != test.want {
				t.Errorf("wanted\n%s problems: %v, want\n%s", summary(got), problems, test.want)
			}
		})
	}
}

func TestBadBackstage(t *testing.T) {
	const version = "apiVersion: backstage.io/v1alpha1\n"
	group := func(name, spec string) string {
		return version + "kind: Group\nmetadata: {name: " + name + "}\nspec: " + spec + "\n"
	}
	for name, test := range map[string]struct{ content, want string }{
		"nothing":                     {"---\n---\n", "1 kind DIRECTORY_EMPTY"},
		"no YAML":                     {"kind: [\n", "1  YAML_SYNTAX"},
		"a list":                      {"- kind: Group\n", "1  VALUE_KIND"},
		"no kind":                     {"name: x\n", "1 kind FIELD_MISSING"},
		"another version":             {"apiVersion: v2\nkind: Group\n", "1 apiVersion API_VERSION_UNKNOWN"},
		"only components":             {version + "kind: Component\n", "1 kind DIRECTORY_EMPTY"},
		"no children":                 {group("a", "{type: team}"), "4 spec.children FIELD_MISSING"},
		"no type":                     {group("a", "{children: []}"), "4 spec.type FIELD_MISSING"},
		"no name":                     {version + "kind: User\nmetadata: {}\nspec: {}\n", "3 metadata.name FIELD_MISSING"},
		"a name that is none":         {group("\"a b\"", "{type: team, children: []}"), "3 metadata.name ENTITY_NAME_INVALID"},
		"a name without letters":      {group("___", "{type: team, children: []}"), "3 metadata.name ID_INVALID"},
		"a reference to another kind": {group("a", "{type: team, children: [], members: [group:b]}"), "4 spec.members[0] REFERENCE_INVALID"},
		"members that are no list":    {group("a", "{type: team, children: [], members: b}"), "4 spec.members VALUE_KIND"},
		"an entity twice":             {group("a", "{type: team, children: []}") + "---\n" + group("A", "{type: team, children: []}"), "8 metadata.name ENTITY_TWICE"},
		"an id twice": {
			group("a.b", "{type: team, children: []}") + "---\n" + group("a_b", "{type: team, children: []}"),
			"8 metadata.annotations.fortnight.dev/id DIRECTORY_ID_TAKEN",
		},
		"a bad e-mail address": {version + "kind: User\nmetadata: {name: a}\nspec: {profile: {email: nowhere}}\n", "3 spec.profile.email EMAIL_INVALID"},
		"an alias":             {version + "kind: User\nmetadata: &m {name: a}\nspec: *m\n", "4 spec YAML_ALIAS"},
		"a field twice":        {version + "kind: User\nmetadata: {name: a, name: b}\nspec: {}\n", "3 metadata.name FIELD_TWICE"},
		"a bomb": {
			"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: [*c,*c,*c,*c]\nkind: Group\n" + version,
			"1 metadata FIELD_MISSING; 1 spec FIELD_MISSING",
		},
		"NUL": {group("a\x00", "{}"), "3  TEXT_CONTROL_CHARACTER"},
	} {
		t.Run(name, func(t *testing.T) {
			got, problems := directory.ParseBackstage(test.content, nil)
			if summary(got) != "" || !sameSet(told(problems), test.want) {
				t.Errorf("problems: %s, want %s\n%v", told(problems), test.want, problems)
			}
		})
	}
}

// sameSet compares lists without regard to their order and to empty columns.
func sameSet(a, b string) bool {
	set := func(text string) map[string]int {
		counts := map[string]int{}
		for part := range strings.SplitSeq(strings.ReplaceAll(text, "  ", " "), "; ") {
			counts[part]++
		}
		return counts
	}
	x, y := set(a), set(b)
	if len(x) != len(y) {
		return false
	}
	for part, n := range x {
		if y[part] != n {
			return false
		}
	}
	return true
}

// sound checks what must hold for every text: no panic, either problems or what is wanted, valid ids, lines of the file, and
// the same result again.
func sound(t *testing.T, content string, parse func() (domain.Directory, []domain.DirectoryProblem)) {
	t.Helper()
	wanted, problems := parse()
	if again, _ := parse(); summary(again) != summary(wanted) {
		t.Fatal("two results for one text")
	}
	last := 2
	for _, end := range []string{"\n", "\r", "\u0085", "\u2028", "\u2029"} { // what ends a line of YAML
		last += strings.Count(content, end)
	}
	for _, p := range problems {
		if p.Line < 1 || p.Line > last || p.Reason == "" || !utf8.ValidString(p.Description) {
			t.Fatalf("a problem that helps nobody: %+v", p)
		}
	}
	if len(problems) > 0 && summary(wanted) != "" {
		t.Fatal("problems, and something wanted")
	}
	for _, team := range wanted.Teams {
		if !names.ValidID(team.ID) || team.Line < 1 || team.Line > last {
			t.Fatalf("team %+v", team)
		}
	}
	for _, user := range wanted.Users {
		if !names.ValidID(user.ID) || user.Email != "" && !domain.ValidEmail(user.Email) {
			t.Fatalf("user %+v", user)
		}
	}
}

func FuzzParseBackstage(f *testing.F) {
	f.Add(catalog)
	f.Add("apiVersion: backstage.io/v1alpha1\nkind: User\nmetadata: &m {name: a, <<: *m}\nspec: [[[]]]\n")
	f.Add("\"0\r\r")
	f.Fuzz(func(t *testing.T, content string) {
		sound(t, content, func() (domain.Directory, []domain.DirectoryProblem) { return directory.ParseBackstage(content, nil) })
	})
}
