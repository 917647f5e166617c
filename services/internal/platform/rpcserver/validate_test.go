package rpcserver_test

import (
	"context"
	"reflect"
	"strings"
	"testing"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver/rpctest"
)

func TestRequestsAreValidated(t *testing.T) {
	const team = "must look like teams/{team}; an id is 1 to 63 lower-case letters, digits and hyphens"
	const box = "must look like teams/{team}/boxes/{box}; an id is 1 to 63 lower-case letters, digits and hyphens"
	each(t, rpcserver.Config{}, boxes(fine), func(t *testing.T, h *harness) {
		for name, c := range map[string]struct {
			method, request string
			want            []string // field reason description
			message         string
		}{
			"valid": {"CreateBox", requests["CreateBox"], nil, ""},
			"rules of the contract": {"CreateBox", `{"parent":"teams/payments","box":{"title":""}}`, []string{
				"box.title STRING_MIN_LEN must not be empty",
			}, "box.title must not be empty"},
			"required": {"CreateBox", `{"parent":"teams/payments"}`, []string{"box REQUIRED must be given"}, "box must be given"},
			"name":     {"GetBox", `{"name":"teams/payments"}`, []string{"name RESOURCE_NAME_MALFORMED " + box}, "name " + box},
			"all at once": {"CreateBox", `{"parent":"teams/payments/x","box":{"title":"","owner":"mo"}}`, []string{
				"parent RESOURCE_NAME_MALFORMED " + team, "box.owner RESOURCE_NAME_MALFORMED " + team, "box.title STRING_MIN_LEN must not be empty",
			}, "parent " + team + ", and 2 more"},
			"control character": {"CreateBox", `{"parent":"teams/payments","box":{"title":"a\u0000b"}}`, []string{
				"box.title TEXT_CONTROL_CHARACTER must not hold control characters other than line breaks and tabs",
			}, "box.title must not hold control characters other than line breaks and tabs"},
			"control characters in lists": {"UpdateBox", `{"box":{"name":"teams/payments/boxes/b","title":"a\tb\r\n","lids":["lids/a","\u001b"],"labels":[{},{"text":"\u007f"}]}}`, []string{
				"box.lids[1] TEXT_CONTROL_CHARACTER must not hold control characters other than line breaks and tabs",
				"box.labels[1].text TEXT_CONTROL_CHARACTER must not hold control characters other than line breaks and tabs",
			}, ""},
			"streams too": {"WatchBoxes", `{"name":"teams/payments/boxes/B"}`, []string{"name RESOURCE_NAME_MALFORMED " + box}, ""},
		} {
			t.Run(name, func(t *testing.T) {
				_, err := h.call(h.as(everybody["coach"]), c.method, c.request)
				if c.want == nil {
					if err != nil {
						t.Fatal(err)
					}
					return
				}
				if status.Code(err) != codes.InvalidArgument || reasonOf(t, err) != rpcserver.ReasonValidation {
					t.Fatalf("got %v", err)
				}
				if c.message != "" && status.Convert(err).Message() != c.message {
					t.Errorf("message %q, want %q", status.Convert(err).Message(), c.message)
				}
				_, bad := details(t, err)
				var got []string
				for _, v := range bad.GetFieldViolations() {
					got = append(got, v.GetField()+" "+v.GetReason()+" "+v.GetDescription())
				}
				if !sameSet(got, c.want) {
					t.Errorf("got  %q\nwant %q", got, c.want)
				}
			})
		}
	})
}

// sameSet compares without order: texts are looked at in no fixed order.
func sameSet(a, b []string) bool {
	count := map[string]int{}
	for _, s := range a {
		count[s]++
	}
	for _, s := range b {
		count[s]--
	}
	for _, n := range count {
		if n != 0 {
			return false
		}
	}
	return true
}

func TestAnswersToBadBulkRequestsAreBounded(t *testing.T) {
	each(t, rpcserver.Config{}, boxes(fine), func(t *testing.T, h *harness) {
		request := `{"box":{"name":"teams/payments/boxes/b","title":"t","lids":[` + strings.Repeat(`"X",`, 999) + `"X"]}}`
		_, err := h.call(h.as(everybody["coach"]), "UpdateBox", request)
		info, bad := details(t, err)
		if n := len(bad.GetFieldViolations()); n != 100 || info.GetMetadata()["violations"] != "1000" {
			t.Errorf("%d violations, metadata %v", n, info.GetMetadata())
		}
	})
}

func TestBrokenUTF8IsRefused(t *testing.T) {
	each(t, rpcserver.Config{}, boxes(fine), func(t *testing.T, h *harness) {
		request := rpctest.Request("GetBox", requests["GetBox"])
		set(request, "name", "teams/payments/boxes/b\xff")
		_, err := call(h.as(everybody["coach"]), h.conn, "GetBox", request)
		if err == nil {
			t.Fatal("accepted")
		}
		if !h.inside {
			return // a client cannot even encode it
		}
		_, bad := details(t, err)
		if v := bad.GetFieldViolations()[0]; v.GetField() != "name" || v.GetReason() != "TEXT_NOT_UTF8" {
			t.Errorf("got %v", v)
		}
	})
}

func set(m proto.Message, field protoreflect.Name, value string) {
	r := m.ProtoReflect()
	r.Set(r.Descriptor().Fields().ByName(field), protoreflect.ValueOfString(value))
}

func TestAnswersAreNotSharedWithTheHandler(t *testing.T) {
	// In process nothing is encoded, so what is answered must be a copy.
	kept := rpctest.Response("Peek")
	set(kept, "title", "kept")
	each(t, rpcserver.Config{}, boxes(func(context.Context, string, proto.Message, grpcStream) (proto.Message, error) { return kept, nil }), func(t *testing.T, h *harness) {
		answer, err := h.call(context.Background(), "Peek", "{}")
		if err != nil {
			t.Fatal(err)
		}
		if !proto.Equal(answer, kept) || reflect.ValueOf(answer).Pointer() == reflect.ValueOf(kept).Pointer() {
			t.Errorf("got %v", answer)
		}
		set(answer, "title", "changed")
		if title := kept.ProtoReflect().Get(kept.ProtoReflect().Descriptor().Fields().ByName("title")).String(); title != "kept" {
			t.Errorf("the client changed the server's message to %s", title)
		}
	})
}
