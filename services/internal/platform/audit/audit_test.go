package audit_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/origin"
	"github.com/fortnighthq/fortnight/services/internal/platform/requestid"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const revoked = commonv1.AuditAction_AUDIT_ACTION_TOKEN_REVOKED

// each runs fn with a log on both engines.
func each(t *testing.T, fn func(t *testing.T, k *testkit.Kit, l *eventlog.Log)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			k := testkit.New(t)
			fn(t, k, k.Log(engine, "cycle", nil))
		})
	}
}

// called is the context of a call by mina over REST.
func called(t *testing.T, hidden bool) context.Context {
	ctx := caller.With(t.Context(), caller.Caller{Subject: "users/mina", Token: "secret"})
	ctx = origin.With(ctx, origin.Origin{Door: origin.REST, Address: "192.0.2.7"})
	ctx = origin.WithCall(ctx, &origin.Call{Method: "fortnight.cycle.v1.CycleService/GetCycle", HideCaller: hidden})
	return requestid.With(ctx, "r-1")
}

func record(t *testing.T, ctx context.Context, l *eventlog.Log, e audit.Event) {
	t.Helper()
	if err := audit.RecordNow(ctx, l, e); err != nil {
		t.Fatal(err)
	}
}

func TestWhatAnEventKnows(t *testing.T) {
	each(t, func(t *testing.T, k *testkit.Kit, l *eventlog.Log) {
		record(t, called(t, false), l, audit.Event{Action: revoked, Resource: "users/mina/tokens/x", Details: map[string]string{"fields": "revoke_time"}})
		record(t, called(t, true), l, audit.Event{Action: revoked, Resource: "teams/a"})
		record(t, t.Context(), l, audit.Event{Action: revoked})
		assistant := origin.Origin{Door: origin.MCP, Address: "192.0.2.7", UserAgent: "an-assistant/1.0"}
		record(t, origin.With(called(t, false), assistant), l, audit.Event{Action: revoked})
		record(t, origin.With(called(t, true), assistant), l, audit.Event{Action: revoked})
		got := testkit.Audited(t, l)
		for i, want := range []string{
			`users/mina TOKEN_REVOKED users/mina/tokens/x fortnight.cycle.v1.CycleService/GetCycle REST 192.0.2.7 r-1 revoke_time `,
			` TOKEN_REVOKED teams/a fortnight.cycle.v1.CycleService/GetCycle REST    `,
			`services/cycle TOKEN_REVOKED   PROGRAM    `,
			`users/mina TOKEN_REVOKED  fortnight.cycle.v1.CycleService/GetCycle MCP 192.0.2.7 r-1  an-assistant/1.0`,
			` TOKEN_REVOKED  fortnight.cycle.v1.CycleService/GetCycle MCP    `,
		} {
			e := got[i]
			is := strings.Join([]string{
				e.GetActor(), strings.TrimPrefix(e.GetAction().String(), "AUDIT_ACTION_"), e.GetResource(), e.GetMethod(),
				strings.TrimPrefix(e.GetDoor().String(), "AUDIT_DOOR_"), e.GetAddress(), e.GetRequestId(), e.GetDetails()["fields"], e.GetDetails()["mcp_client"],
			}, " ")
			if is != want {
				t.Errorf("event %d is\n%q, want\n%q", i, is, want)
			}
			if !e.GetOccurTime().AsTime().Equal(k.Clock.Now()) || e.GetAuditEventId()[14] != '7' {
				t.Errorf("event %d: %v", i, e)
			}
		}
	})
}

// Whoever is refused decides what the event of it says. It stays one line, valid, and short.
func TestHostileTexts(t *testing.T) {
	each(t, func(t *testing.T, _ *testkit.Kit, l *eventlog.Log) {
		hostile := "teams/a\n{\"action\":\"SIGNED_IN\"}\r\x00\x1b[31m\u202e\u2028\xff" + strings.Repeat("é", 600)
		record(t, called(t, false), l, audit.Event{Action: revoked, Resource: hostile, Reason: hostile, Actor: hostile, Details: map[string]string{hostile: hostile}})
		e := testkit.Audited(t, l)[0]
		line, err := protojson.Marshal(e)
		if err != nil || !json.Valid(line) || strings.ContainsAny(string(line), "\n\r\x00\x1b\u202e\u2028") {
			t.Errorf("%v: %q", err, line)
		}
		for what, c := range map[string]struct {
			text string
			most int
		}{"resource": {e.GetResource(), 500}, "actor": {e.GetActor(), 200}, "reason": {e.GetReason(), 100}} {
			if n := len([]rune(c.text)); n != c.most || strings.ContainsAny(c.text, "\n\r\x00\x1b\u202e\u2028") {
				t.Errorf("%s has %d characters: %q", what, n, c.text)
			}
		}
	})
}

// A deed that fails leaves nothing, and one without an action is refused.
func TestRecordBelongsToTheDeed(t *testing.T) {
	each(t, func(t *testing.T, _ *testkit.Kit, l *eventlog.Log) {
		failed := errors.New("the deed failed")
		if err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
			if err := audit.Record(tx, audit.Event{Action: revoked}); err != nil {
				return err
			}
			return failed
		}); !errors.Is(err, failed) {
			t.Fatal(err)
		}
		if err := audit.RecordNow(t.Context(), l, audit.Event{}); fault.From(err).Reason != "AUDIT_EVENT_INVALID" {
			t.Errorf("an event without an action: %v", err)
		}
		if got := testkit.Audited(t, l); len(got) != 0 {
			t.Errorf("recorded %v", got)
		}
	})
}

// keeper keeps the audit log, as long as it is not away.
type keeper struct {
	mu       sync.Mutex
	away     bool
	poison   string
	arrivals map[string]int
	asked    chan struct{}
}

func (k *keeper) take(_ context.Context, events []*commonv1.AuditEvent) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	select {
	case k.asked <- struct{}{}:
	default:
	}
	if k.away {
		return fault.New(fault.Unavailable, "UNAVAILABLE", "A service does not answer right now.")
	}
	for _, e := range events {
		if e.GetResource() == k.poison {
			return fault.Invalid("audit_events", "AUDIT_EVENT_INVALID", "No.")
		}
	}
	for _, e := range events {
		k.arrivals[e.GetResource()]++
	}
	return nil
}

func (k *keeper) set(away bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.away = away
}

func (k *keeper) has(n int) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.arrivals) == n
}

func waiting(t *testing.T, l *eventlog.Log) int64 {
	t.Helper()
	n, _, err := db.One[int64](t.Context(), l.DB().Read(), "select count(*) from audit_outbox where refused = ''")
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func send(t *testing.T, l *eventlog.Log, k *keeper) {
	ctx, stop := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	sender := &audit.Sender{Log: l, Send: k.take, Logger: slog.New(slog.DiscardHandler)}
	go func() { ended <- sender.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// While the keeper is away deeds go on; once it is back every event arrives exactly once, whenever it was recorded.
func TestEventsOutlastTheKeepersAbsence(t *testing.T) {
	each(t, func(t *testing.T, _ *testkit.Kit, l *eventlog.Log) {
		k := &keeper{away: true, arrivals: map[string]int{}, asked: make(chan struct{}, 1)}
		record(t, t.Context(), l, audit.Event{Action: revoked, Resource: "before"})
		send(t, l, k)
		<-k.asked
		for i := range 450 { // more than two batches
			record(t, t.Context(), l, audit.Event{Action: revoked, Resource: strings.Repeat("x", i+1)})
		}
		<-k.asked
		if got := waiting(t, l); got != 451 {
			t.Fatalf("%d events wait, want 451", got)
		}
		k.set(false)
		testkit.Eventually(t, "the events arrive", func() bool { return k.has(451) && waiting(t, l) == 0 })
		record(t, t.Context(), l, audit.Event{Action: revoked, Resource: "after"}) // its commit wakes the sender
		testkit.Eventually(t, "the last event arrives", func() bool { return k.has(452) && waiting(t, l) == 0 })
		k.mu.Lock()
		defer k.mu.Unlock()
		for resource, n := range k.arrivals {
			if n != 1 {
				t.Errorf("%q arrived %d times", resource, n)
			}
		}
	})
}

// An event that the keeper will never take does not hold up the others, and is not lost.
func TestARefusedEventIsSetAside(t *testing.T) {
	each(t, func(t *testing.T, _ *testkit.Kit, l *eventlog.Log) {
		k := &keeper{poison: "bad", arrivals: map[string]int{}, asked: make(chan struct{}, 1)}
		for _, resource := range []string{"first", "bad", "last"} {
			record(t, t.Context(), l, audit.Event{Action: revoked, Resource: resource})
		}
		send(t, l, k)
		testkit.Eventually(t, "the others arrive", func() bool { return k.has(2) && waiting(t, l) == 0 })
		left := testkit.Audited(t, l)
		if len(left) != 1 || left[0].GetResource() != "bad" {
			t.Errorf("left %v", left)
		}
	})
}
