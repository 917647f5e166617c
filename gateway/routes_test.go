package gateway_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"google.golang.org/genproto/googleapis/api/annotations"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/fortnighthq/fortnight/gateway/internal/openapi"
)

// annotated are the routes of all contracts in this program, by what they call.
func annotated(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	protoregistry.GlobalFiles.RangeFiles(func(file protoreflect.FileDescriptor) bool {
		if !strings.HasPrefix(string(file.Package()), "fortnight.") {
			return true
		}
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for j := range methods.Len() {
				rule, _ := proto.GetExtension(methods.Get(j).Options(), annotations.E_Http).(*annotations.HttpRule)
				if rule == nil {
					continue
				}
				for _, binding := range append([]*annotations.HttpRule{rule}, rule.GetAdditionalBindings()...) {
					route := shape(binding.GetGet(), binding.GetPost(), binding.GetPatch(), binding.GetPut(), binding.GetDelete())
					found[route] = fmt.Sprintf("/%s/%s", methods.Get(j).Parent().FullName(), methods.Get(j).Name())
				}
			}
		}
		return true
	})
	if len(found) < 60 {
		t.Fatalf("only %d routes in the contracts", len(found))
	}
	return found
}

var verbs = []string{"GET", "POST", "PATCH", "PUT", "DELETE"}

func shape(paths ...string) string {
	for i, path := range paths {
		if path != "" {
			path = regexp.MustCompile(`\{[^=}]+=([^}]+)\}`).ReplaceAllString(path, "$1")
			return verbs[i] + " " + regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(path, "*")
		}
	}
	return ""
}

// documented are the routes of the OpenAPI document with their operation ids.
func documented(t *testing.T) map[string]string {
	t.Helper()
	document, err := openapi.Load()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	paths := openapi.Get(document.Root, "paths")
	for i := 0; i+1 < len(paths.Content); i += 2 {
		path := regexp.MustCompile(`\{[^}]+\}`).ReplaceAllString(paths.Content[i].Value, "*")
		methods := paths.Content[i+1]
		for j := 0; j+1 < len(methods.Content); j += 2 {
			found[strings.ToUpper(methods.Content[j].Value)+" "+path] = openapi.Get(methods.Content[j+1], "operationId").Value
		}
	}
	return found
}

func TestTheDocumentListsTheRoutesOfTheContracts(t *testing.T) {
	contracts, document := annotated(t), documented(t)
	for route, rpc := range contracts {
		if id := strings.TrimRight(document[route], "0123456789"); id != rpc[strings.LastIndex(rpc, "/")+1:] {
			t.Errorf("%s is %s in the contracts and %q in the document", route, rpc, id)
		}
	}
	own := []string{"GET /v1/events", "GET /v1/auditEvents:export", "GET /v1/teams/*:export", "POST /v1/teams/*:import", "GET /v1/learnings:export", "POST /v1/learnings:import", "GET /v1/learnings:feed", "POST /mcp", "POST /v1/teams/*/deliverySources/*:receive"}
	for route := range document {
		if _, ok := contracts[route]; !ok && !slices.Contains(own, route) {
			t.Errorf("the document has %s, the contracts have not", route)
		}
	}
}

func TestWithoutAuthorizationEveryRouteReachesItsServiceAndNobodyIsNamed(t *testing.T) {
	w := newWorld(t)
	for route, rpc := range annotated(t) {
		method, path, _ := strings.Cut(route, " ")
		path = strings.ReplaceAll(path, "*", "x")
		body := ""
		if method == http.MethodPost || method == http.MethodPatch {
			body = "{}"
		}
		if strings.Contains(path, "quarantinedEvents") { // the request says which service is meant
			if body == "" {
				path += "?service=knowledge"
			} else {
				body = `{"service":"knowledge"}`
			}
		}
		before := w.count()
		w.do(method, path, body, append(slices.Clone(forged), "Authorization", "")...)
		if w.count() != before+1 {
			t.Errorf("%s did not reach a service", route)
			continue
		}
		last := w.last()
		if last.method != rpc {
			t.Errorf("%s called %s, want %s", route, last.method, rpc)
		}
		if got := last.md.Get("fortnight-caller"); len(got) != 0 {
			t.Errorf("%s named the caller %v", route, got)
		}
		if got := last.md.Get("authorization"); len(got) != 0 {
			t.Errorf("%s sent a credential on: %v", route, got)
		}
	}
	if w.identity.count() != 0 {
		t.Error("identity was asked about nobody")
	}
}

func TestACredentialEndsAtTheGateway(t *testing.T) {
	w := newWorld(t)
	w.do("GET", cyclePath, "").wantOK(t)
	for key, values := range w.last().md {
		if strings.Contains(strings.Join(values, " "), minaToken) {
			t.Errorf("the token went on as %s", key)
		}
	}
}

func TestTheServiceIsChosenByTheRequest(t *testing.T) {
	w := newWorld(t)
	p := w.do("GET", "/v1/quarantinedEvents?service=nowhere", "").wantProblem(t, http.StatusBadRequest, "SERVICE_UNKNOWN")
	if len(p.Violations) != 1 || p.Violations[0].Field != "service" || !strings.Contains(p.Detail, "knowledge") {
		t.Errorf("%+v", p)
	}
}
