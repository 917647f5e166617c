package testkit_test

import (
	"context"
	"embed"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/emptypb"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver/rpctest"
	"github.com/fortnighthq/fortnight/services/internal/platform/service"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// reader is a service that consumes another one's events.
type reader struct {
	*service.Base
	seen atomic.Int64
}

func (r *reader) Register(grpc.ServiceRegistrar) {}

func happen(t *testing.T, l *eventlog.Log, id string) {
	t.Helper()
	err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
		return tx.Append(eventlog.Event{AggregateType: "box", AggregateID: id, AggregateVersion: 1, Subject: "boxes/" + id, Data: &emptypb.Empty{}})
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestEventsOfASourceReachAService(t *testing.T) {
	k := testkit.New(t)
	source := k.Source("writer")
	base, err := service.Open(t.Context(), k.Service("reader"), "reader", embed.FS{})
	if err != nil {
		t.Fatal(err)
	}
	r := &reader{Base: base}
	r.Consume("writer", func(*eventlog.Tx, eventlog.Record) error { r.seen.Add(1); return nil })
	k.Start(r)

	happen(t, source, "a")
	happen(t, source, "b")
	testkit.Eventually(t, "both events are applied", func() bool { return r.seen.Load() >= 2 })
	want := []testkit.Happening{{Type: "google.protobuf.Empty", Subject: "boxes/a"}, {Type: "google.protobuf.Empty", Subject: "boxes/b"}}
	if got := testkit.Events(t, source); len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("events = %v, want %v", got, want)
	}

	// The log itself is for services only.
	logs := eventlogv1.NewEventLogServiceClient(k.Conn())
	head, err := logs.GetHead(k.As(callertest.Service("reader")), &eventlogv1.GetHeadRequest{Source: "writer"})
	if err != nil || head.GetSequence() != 2 {
		t.Errorf("head = %v, %v", head, err)
	}
	_, err = logs.GetHead(k.As(callertest.User("mina", "", "")), &eventlogv1.GetHeadRequest{Source: "writer"})
	testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
}

func TestCallersAndTime(t *testing.T) {
	k := testkit.New(t)
	k.Register(func(r grpc.ServiceRegistrar) {
		rpctest.Register(r, rpctest.BoxService, func(_ context.Context, method string, _ proto.Message, _ grpc.ServerStream) (proto.Message, error) {
			return rpctest.Response(method), nil
		})
	})
	k.Start()
	get := func(ctx context.Context, name string) error {
		return k.Conn().Invoke(ctx, rpctest.Path("GetBox"), rpctest.Request("GetBox", `{"name":"`+name+`"}`), rpctest.Response("GetBox"))
	}
	mina := k.As(callertest.User("mina", "payments", caller.Viewer))
	if err := get(mina, "teams/payments/boxes/a"); err != nil {
		t.Fatal(err)
	}
	testkit.Refused(t, get(k.As(caller.Caller{}), "teams/payments/boxes/a"), fault.Unauthenticated, "UNAUTHENTICATED")
	testkit.Refused(t, get(mina, "teams/search/boxes/a"), fault.PermissionDenied, "PERMISSION_DENIED")
	testkit.Refused(t, get(mina, "teams/payments/boxes/A"), fault.InvalidArgument, "VALIDATION_FAILED", "name")

	k.Clock.Advance(time.Minute)
	testkit.Refused(t, get(mina, "teams/payments/boxes/a"), fault.Unauthenticated, caller.ReasonExpired)
	if !strings.Contains(k.Output(), caller.ReasonExpired) {
		t.Error("the refusal was not logged")
	}
}
