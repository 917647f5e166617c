package names_test

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoregistry"
	"google.golang.org/protobuf/types/descriptorpb"
	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/names"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver/rpctest"
)

func checker(t testing.TB) *names.Checker {
	t.Helper()
	c, err := names.New(protoregistry.GlobalFiles)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

const (
	ids  = "; an id is 1 to 63 lower-case letters, digits and hyphens"
	box  = "must look like teams/{team}/boxes/{box}" + ids
	team = "must look like teams/{team}" + ids
	lid  = "must look like teams/{team}/lids/{lid} or lids/{lid}" + ids
)

func TestCheck(t *testing.T) {
	c := checker(t)
	for name, tc := range map[string]struct {
		method, request string
		want            []string // "field: description"
	}{
		"right name":                       {"GetBox", `{"name":"teams/payments/boxes/2026-w24"}`, nil},
		"empty passes":                     {"GetBox", `{}`, nil},
		"too short":                        {"GetBox", `{"name":"teams/payments"}`, []string{"name: " + box}},
		"too long":                         {"GetBox", `{"name":"teams/payments/boxes/b/seal"}`, []string{"name: " + box}},
		"leading slash":                    {"GetBox", `{"name":"/teams/payments/boxes/b"}`, []string{"name: " + box}},
		"trailing slash":                   {"GetBox", `{"name":"teams/payments/boxes/b/"}`, []string{"name: " + box}},
		"empty id":                         {"GetBox", `{"name":"teams//boxes/b"}`, []string{"name: " + box}},
		"another collection":               {"GetBox", `{"name":"teams/payments/lids/b"}`, []string{"name: " + box}},
		"upper case":                       {"GetBox", `{"name":"teams/Payments/boxes/b"}`, []string{"name: " + box}},
		"dots":                             {"GetBox", `{"name":"teams/../boxes/b"}`, []string{"name: " + box}},
		"wildcard":                         {"GetBox", `{"name":"teams/-/boxes/b"}`, []string{"name: " + box}},
		"a line break":                     {"GetBox", `{"name":"teams/payments/boxes/b\n"}`, []string{"name: " + box}},
		"singleton":                        {"GetSeal", `{"name":"teams/payments/boxes/b/seal"}`, nil},
		"singleton with another last word": {"GetSeal", `{"name":"teams/payments/boxes/b/seals"}`, []string{"name: must look like teams/{team}/boxes/{box}/seal" + ids}},
		"parent":                           {"CreateBox", `{"parent":"teams/payments"}`, nil},
		"child as parent":                  {"CreateBox", `{"parent":"teams/payments/boxes/b"}`, []string{"parent: " + team}},
		"singleton as parent":              {"CreateBox", `{"stampsOf":"teams/payments/boxes/b/seal"}`, nil},
		"parent of the singleton":          {"CreateBox", `{"stampsOf":"teams/payments/boxes/b"}`, []string{"stamps_of: must look like teams/{team}/boxes/{box}/seal" + ids}},
		"a list of all parents":            {"ListStamps", `{"parent":"teams/a/boxes/-/seal"}`, nil},
		"a list of one parent":             {"ListStamps", `{"parent":"teams/a/boxes/b/seal","boxesOf":"teams/a"}`, nil},
		"a list that says no such thing":   {"ListStamps", `{"boxesOf":"teams/-"}`, []string{"boxes_of: " + team}},
		"a list of all of everything":      {"ListStamps", `{"parent":"teams/-/boxes/-/seal"}`, []string{"parent: must look like teams/{team}/boxes/{box}/seal or teams/{team}/boxes/-/seal" + ids}},
		"all parents beside a list":        {"ListStamps", `{"stamp":"teams/a/boxes/-/seal/stamps/b"}`, []string{"stamp: must look like teams/{team}/boxes/{box}/seal/stamps/{stamp}" + ids}},
		"all parents to create in":         {"CreateBox", `{"stampsOf":"teams/a/boxes/-/seal"}`, []string{"stamps_of: must look like teams/{team}/boxes/{box}/seal" + ids}},
		"only parent of two patterns":      {"CreateBox", `{"lidsOf":"teams/payments"}`, nil},
		"own name on create is ignored":    {"CreateBox", `{"box":{"name":"nonsense"}}`, nil},
		"references on create count":       {"CreateBox", `{"box":{"owner":"payments"}}`, []string{"box.owner: " + team}},
		"own name on update":               {"UpdateBox", `{"box":{"name":"nonsense"}}`, []string{"box.name: " + box}},
		"own name in another field":        {"UpdateLid", `{"lid":{"id":"teams/a/boxes/b"}}`, []string{"lid.id: " + lid}},
		"first of two patterns":            {"UpdateLid", `{"lid":{"id":"teams/a/lids/b"}}`, nil},
		"second of two patterns":           {"UpdateLid", `{"lid":{"id":"lids/b"}}`, nil},
		"fields without a reference":       {"UpdateLid", `{"parent":"any text"}`, nil},
		"output-only is ignored":           {"UpdateBox", `{"box":{"origin":"nonsense"}}`, nil},
		"in a list":                        {"UpdateBox", `{"box":{"lids":["lids/a","","lids/B","lids"]}}`, []string{"box.lids[2]: " + lid, "box.lids[3]: " + lid}},
		"in a message":                     {"UpdateBox", `{"box":{"label":{"team":"a"}}}`, []string{"box.label.team: " + team}},
		"in a message in itself":           {"UpdateBox", `{"box":{"label":{"inner":{"inner":{"team":"a"}}}}}`, []string{"box.label.inner.inner.team: " + team}},
		"in a list of messages":            {"UpdateBox", `{"box":{"labels":[{"team":"teams/a"},{"text":"x"},{"team":"b"}]}}`, []string{"box.labels[2].team: " + team}},
		"any type":                         {"UpdateBox", `{"box":{"anything":"teams/a/boxes/b/seal/stamps/c"}}`, nil},
		"no type at all":                   {"UpdateBox", `{"box":{"anything":"crates/a"}}`, []string{"box.anything: must be a resource name such as those that the API answers with"}},
		"all at once":                      {"UpdateBox", `{"box":{"name":"x","owner":"y"}}`, []string{"box.name: " + box, "box.owner: " + team}},
		"no references at all":             {"Peek", `{}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var got []string
			for _, v := range c.Check(rpctest.Request(tc.method, tc.request).ProtoReflect()) {
				if v.Reason != names.ReasonMalformed {
					t.Errorf("reason %s", v.Reason)
				}
				got = append(got, v.Field+": "+v.Description)
			}
			if !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
		})
	}
}

func TestValidIDIsTheRegularExpression(t *testing.T) {
	re := regexp.MustCompile(`^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$`)
	for _, id := range []string{"", "-", "a", "9", "a-", "-a", "a-b", strings.Repeat("a", 63), strings.Repeat("a", 64), "A", "ä", "a_b", "a\n", "a.b", "a b"} {
		if names.ValidID(id) != re.MatchString(id) {
			t.Errorf("%q: %v", id, names.ValidID(id))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringOfN(rapid.RuneFrom([]rune("ab09-Z/\n")), 0, 70, -1).Draw(t, "id")
		if names.ValidID(id) != re.MatchString(id) {
			t.Errorf("%q: %v", id, names.ValidID(id))
		}
	})
}

func TestContractsThatCannotBeChecked(t *testing.T) {
	const file = `
name: "broken.proto" package: "broken.v1" syntax: "proto3"
dependency: "google/api/resource.proto"
%s
service { name: "S" method { name: "Get" input_type: ".broken.v1.GetRequest" output_type: ".broken.v1.GetRequest" } }`
	request := func(ref string) string {
		return fmt.Sprintf(`message_type { name: "GetRequest" field { name: "name" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING
			options { [google.api.resource_reference] { %s } } } }`, ref)
	}
	resource := func(pattern string) string {
		return fmt.Sprintf(`message_type { name: "Thing" options { [google.api.resource] { type: "broken.dev/Thing" pattern: %q } } }`, pattern)
	}
	for name, c := range map[string]struct{ text, want string }{
		"right":                   {request(`type: "broken.dev/Thing"`) + resource("things/{thing}"), ""},
		"type nobody declares":    {request(`type: "broken.dev/Thing"`), `GetRequest.name refers to "broken.dev/Thing", but no message declares`},
		"parent of the top":       {request(`child_type: "broken.dev/Thing"`) + resource("things/{thing}"), "which has none"},
		"two variables in one":    {request(`type: "broken.dev/Thing"`) + resource("things/{a}~{b}"), "neither a word nor one {variable}"},
		"open brace":              {request(`type: "broken.dev/Thing"`) + resource("things/{a"), "neither a word nor one {variable}"},
		"empty segment":           {request(`type: "broken.dev/Thing"`) + resource("things//{a}"), "neither a word nor one {variable}"},
		"broken pattern, unused":  {request(`type: "*"`) + resource("things/{a}~{b}"), ""},
		"references inside a map": {mapOfReferences, "inside of maps"},
	} {
		t.Run(name, func(t *testing.T) {
			fdp := &descriptorpb.FileDescriptorProto{}
			if err := prototext.Unmarshal(fmt.Appendf(nil, file, c.text), fdp); err != nil {
				t.Fatal(err)
			}
			fd, err := protodesc.NewFile(fdp, protoregistry.GlobalFiles)
			if err != nil {
				t.Fatal(err)
			}
			files := &protoregistry.Files{}
			if err := files.RegisterFile(fd); err != nil {
				t.Fatal(err)
			}
			_, err = names.New(files)
			if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want %q", err, c.want)
			}
		})
	}
}

const mapOfReferences = `
message_type { name: "Thing" options { [google.api.resource] { type: "broken.dev/Thing" pattern: "things/{thing}" } } }
message_type { name: "Ref" field { name: "thing" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING
	options { [google.api.resource_reference] { type: "broken.dev/Thing" } } } }
message_type { name: "GetRequest"
	field { name: "refs" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE type_name: ".broken.v1.GetRequest.RefsEntry" }
	nested_type { name: "RefsEntry" options { map_entry: true }
		field { name: "key" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
		field { name: "value" number: 2 label: LABEL_OPTIONAL type: TYPE_MESSAGE type_name: ".broken.v1.Ref" } } }`

func BenchmarkCheck(b *testing.B) {
	c := checker(b)
	for name, request := range map[string][2]string{
		"get":    {"GetBox", `{"name":"teams/payments/boxes/2026-w24"}`},
		"update": {"UpdateBox", `{"box":{"name":"teams/payments/boxes/b","owner":"teams/a","lids":["lids/a","lids/b"],"label":{"team":"teams/a"}}}`},
		"none":   {"Peek", `{}`},
	} {
		m := rpctest.Request(request[0], request[1]).ProtoReflect()
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if c.Check(m) != nil {
					b.Fatal("refused")
				}
			}
		})
	}
}
