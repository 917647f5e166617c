package routes_test

import (
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/gateway/internal/routes"
	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

func table(t *testing.T) *routes.Table {
	t.Helper()
	var services []protoreflect.ServiceDescriptor
	for _, file := range []protoreflect.FileDescriptor{
		cyclev1.File_fortnight_cycle_v1_cycle_service_proto,
		identityv1.File_fortnight_identity_v1_identity_service_proto,
		knowledgev1.File_fortnight_knowledge_v1_knowledge_service_proto,
	} {
		for i := range file.Services().Len() {
			services = append(services, file.Services().Get(i))
		}
	}
	made, err := routes.New(services...)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestFindFindsEveryRouteByItsPath(t *testing.T) {
	made := table(t)
	if len(made.All()) < 40 {
		t.Fatalf("only %d routes", len(made.All()))
	}
	for _, want := range made.All() {
		_, shape, _ := strings.Cut(want.Shape(), " ")
		path := strings.ReplaceAll(shape, "*", "some-id")
		if found := made.Find(want.Method, path); found != want {
			t.Errorf("%s %s finds %v, not %s", want.Method, path, found, want.RPC)
		}
	}
}

func TestFind(t *testing.T) {
	for _, test := range []struct{ method, path, rpc string }{
		{http.MethodGet, "/v1/learnings:search", "SearchLearnings"},
		{http.MethodGet, "/v1/learnings", "ListLearnings"},
		{http.MethodGet, "/v1/learnings/search", "GetLearning"},
		{http.MethodGet, "/v1/learnings/x:publish", "GetLearning"}, // refused later: no id holds a colon
		{http.MethodPost, "/v1/learnings/x:publish", "PublishLearning"},
		{http.MethodPost, "/v1/learnings/x:unknown", ""},
		{http.MethodPost, "/v1/learnings/x", ""},
		{http.MethodGet, "/v1/teams/a/obstacles/b", "GetObstacle"},
		{http.MethodGet, "/v1/teams/a/obstacles/b/c", ""},
		{http.MethodGet, "/v1/teams/a/unknown/b", ""},
		{http.MethodDelete, "/v1/teams/a/obstacles/b", ""},
		{http.MethodGet, "/v1", ""},
		{http.MethodGet, "/", ""},
		{http.MethodGet, "", ""},
		{http.MethodGet, "no/slash", ""},
	} {
		found := table(t).Find(test.method, test.path)
		rpc := ""
		if found != nil {
			rpc = string(found.Desc.Name())
		}
		if rpc != test.rpc {
			t.Errorf("%s %q finds %q, want %q", test.method, test.path, rpc, test.rpc)
		}
	}
}
