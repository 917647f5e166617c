package gateway_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/reflect/protoreflect"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
)

// sent is a text field of the request that a service has received.
func (c call) sent(field string) string {
	m := c.request.ProtoReflect()
	return m.Get(m.Descriptor().Fields().ByName(protoreflect.Name(field))).String()
}

func TestIdempotencyKey(t *testing.T) {
	for _, test := range []struct {
		name, method, path, body, header string
		want, reason                     string
	}{
		{"quoted", "POST", cyclePath + ":advance", `{}`, `"key-1"`, "key-1", ""},
		{"plain", "POST", cyclePath + ":advance", `{}`, `8e03978e-40d5-43dd-bc93-6894a57f9324`, "8e03978e-40d5-43dd-bc93-6894a57f9324", ""},
		{"with an escaped quote", "POST", cyclePath + ":advance", ``, `"a\"b\\c"`, `a"b\c`, ""},
		{"on create", "POST", "/v1/teams/payments/cycles", `{}`, `k`, "k", ""},
		{"on patch", "PATCH", cyclePath, `{}`, `k`, "k", ""},
		{"on delete", "DELETE", "/v1/teams/payments/members/mina", ``, `k`, "k", ""},
		{"the longest", "POST", cyclePath + ":advance", ``, strings.Repeat("k", 255), strings.Repeat("k", 255), ""},
		{"in the body", "POST", cyclePath + ":advance", `{"requestId":"b"}`, ``, "b", ""},
		{"the same twice", "POST", cyclePath + ":advance", `{"requestId":"b"}`, `b`, "b", ""},
		{"two that differ", "POST", cyclePath + ":advance", `{"requestId":"b"}`, `k`, "", "IDEMPOTENCY_KEY_CONFLICT"},
		{"too long", "POST", cyclePath + ":advance", ``, strings.Repeat("k", 256), "", "IDEMPOTENCY_KEY_INVALID"},
		{"empty", "POST", cyclePath + ":advance", ``, `""`, "", "IDEMPOTENCY_KEY_INVALID"},
		{"not closed", "POST", cyclePath + ":advance", ``, `"key`, "", "IDEMPOTENCY_KEY_INVALID"},
		{"two in one", "POST", cyclePath + ":advance", ``, `"a", "b"`, "", "IDEMPOTENCY_KEY_INVALID"},
		{"not ASCII", "POST", cyclePath + ":advance", ``, `schlüssel`, "", "IDEMPOTENCY_KEY_INVALID"},
		{"a method that cannot keep its answer", "POST", "/v1/users/mina/tokens", `{"displayName":"x"}`, `k`, "", "IDEMPOTENCY_KEY_UNSUPPORTED"},
		{"ignored where nothing changes", "GET", cyclePath, ``, `k`, "-", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			a := w.do(test.method, test.path, test.body, "Idempotency-Key", test.header)
			if test.reason != "" {
				a.wantProblem(t, http.StatusBadRequest, test.reason)
				if w.count() != 0 {
					t.Error("the request reached a service")
				}
				return
			}
			a.wantOK(t)
			if test.want != "-" && w.last().sent("request_id") != test.want {
				t.Errorf("request_id = %q, want %q", w.last().sent("request_id"), test.want)
			}
		})
	}
}

func TestIfMatch(t *testing.T) {
	for _, test := range []struct {
		name, method, path, body, header string
		want, reason                     string
	}{
		{"strong", "POST", cyclePath + ":advance", `{}`, `"3f2a91c0-7"`, `"3f2a91c0-7"`, ""},
		{"weakened by a proxy", "POST", cyclePath + ":advance", `{}`, `W/"3f2a91c0-7"`, `"3f2a91c0-7"`, ""},
		{"without quotes", "POST", cyclePath + ":advance", `{}`, `3f2a91c0-7`, `"3f2a91c0-7"`, ""},
		{"any", "PATCH", cyclePath, `{}`, `*`, "", ""},
		{"on delete", "DELETE", "/v1/teams/payments/members/mina", ``, `"e-1"`, `"e-1"`, ""},
		{"in the body", "POST", cyclePath + ":advance", `{"etag":"\"e-1\""}`, ``, `"e-1"`, ""},
		{"in the resource", "PATCH", cyclePath, `{"etag":"\"e-1\""}`, ``, `"e-1"`, ""},
		{"the header goes before the resource", "PATCH", cyclePath, `{"etag":"\"e-1\""}`, `"e-2"`, `"e-2"`, ""},
		{"two that differ", "POST", cyclePath + ":advance", `{"etag":"\"e-1\""}`, `"e-2"`, "", "IF_MATCH_CONFLICT"},
		{"several", "POST", cyclePath + ":advance", `{}`, `"a", "b"`, "", "IF_MATCH_INVALID"},
		{"nothing", "POST", cyclePath + ":advance", `{}`, `""`, "", "IF_MATCH_INVALID"},
		{"a method without", "POST", "/v1/teams/payments/cycles", `{}`, `"a"`, "", "IF_MATCH_UNSUPPORTED"},
		{"any, a method without", "POST", "/v1/teams/payments/cycles", `{}`, `*`, "", "IF_MATCH_UNSUPPORTED"},
		{"on get", "GET", cyclePath, ``, `"a"`, "", "IF_MATCH_UNSUPPORTED"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			a := w.do(test.method, test.path, test.body, "If-Match", test.header)
			if test.reason != "" {
				a.wantProblem(t, http.StatusBadRequest, test.reason)
				if w.count() != 0 {
					t.Error("the request reached a service")
				}
				return
			}
			a.wantOK(t)
			if got := w.last().sent("etag"); got != test.want {
				t.Errorf("etag = %q, want %q", got, test.want)
			}
		})
	}
}

func TestAStaleEtagIs412ByHeaderAnd409ByBody(t *testing.T) {
	w := newWorld(t)
	w.cycle.err = fail(codes.Aborted, "ETAG_MISMATCH", "The cycle was changed since you read it; read it again.")
	w.do("POST", cyclePath+":advance", `{}`, "If-Match", `"e-1"`).wantProblem(t, http.StatusPreconditionFailed, "ETAG_MISMATCH")
	w.do("POST", cyclePath+":advance", `{"etag":"\"e-1\""}`).wantProblem(t, http.StatusConflict, "ETAG_MISMATCH")
	w.do("PATCH", cyclePath, `{"etag":"\"e-1\""}`).wantProblem(t, http.StatusConflict, "ETAG_MISMATCH")
}

func TestAPatchChangesWhatItsBodyNames(t *testing.T) {
	for _, test := range []struct{ name, query, body, want string }{
		{"the fields of the body", "", `{"displayName":"P","cycleDays":14}`, "cycle_days,display_name"},
		{"a default value, too", "", `{"cycleDays":0}`, "cycle_days"},
		{"null empties a field", "", `{"displayName":null}`, "display_name"},
		{"what only the server sets is left out", "", `{"name":"teams/x","displayName":"P","etag":"\"e-1\"","createTime":"2026-01-01T00:00:00Z","updateTime":"2026-01-01T00:00:00Z"}`, "display_name"},
		{"the given mask stays", "?updateMask=cycleDays", `{"displayName":"P","cycleDays":14}`, "cycle_days"},
		{"the given mask in the names of the contract", "?update_mask=cycle_days", `{"displayName":"P","cycleDays":14}`, "cycle_days"},
		{"the given mask stays even if it is refused later", "?updateMask=etag", `{"displayName":"P"}`, "etag"},
		{"nothing", "", `{}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			w.do("PATCH", "/v1/teams/payments"+test.query, test.body).wantOK(t)
			request, ok := w.last().request.(*identityv1.UpdateTeamRequest)
			if !ok {
				t.Fatalf("got %T", w.last().request)
			}
			if got := strings.Join(request.GetUpdateMask().GetPaths(), ","); got != test.want {
				t.Errorf("mask %q, want %q", got, test.want)
			}
			if request.GetTeam().GetName() != "teams/payments" {
				t.Errorf("the name of the path was lost: %s", request)
			}
		})
	}
}

func TestAPatchReplacesANestedFieldAsAWhole(t *testing.T) {
	w := newWorld(t)
	w.do("PATCH", cyclePath, `{"currentCondition":{"description":"x","baselineValue":4.5}}`).wantOK(t)
	request, ok := w.last().request.(*cyclev1.UpdateCycleRequest)
	if !ok {
		t.Fatalf("got %T", w.last().request)
	}
	if got := request.GetUpdateMask().GetPaths(); !slices.Equal(got, []string{"current_condition"}) {
		t.Errorf("mask %v", got)
	}
}
