package eventlogrpc

import (
	"context"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func each(t *testing.T, fn func(t *testing.T, s *Server, l *eventlog.Log)) {
	t.Helper()
	dbtest.Each(t, db.Merge(eventlog.Migrations, audit.Migrations), func(t *testing.T, d *db.DB) {
		l, err := eventlog.Open(t.Context(), d, "cycle", nil)
		must(t, err)
		s := New(l)
		t.Cleanup(s.Close)
		fn(t, s, l)
	})
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantReason(t testing.TB, err error, reason string) {
	t.Helper()
	if fault.From(err) == nil || fault.From(err).Reason != reason {
		t.Fatalf("error %v, want %s", err, reason)
	}
}

// record appends and numbers one event of an aggregate of that name.
func record(t testing.TB, l *eventlog.Log, team, name string, data proto.Message) {
	t.Helper()
	must(t, l.Do(context.WithoutCancel(t.Context()), func(tx *eventlog.Tx) error {
		return tx.Append(eventlog.Event{Team: team, AggregateType: "thing", AggregateID: name, AggregateVersion: 1, Subject: name, Data: data})
	}))
	_, err := l.Number(t.Context())
	must(t, err)
}

func started(title string) *cyclev1.CycleStarted {
	return &cyclev1.CycleStarted{Cycle: &cyclev1.Cycle{DisplayName: title}}
}

func TestListEventsPages(t *testing.T) {
	each(t, func(t *testing.T, s *Server, l *eventlog.Log) {
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			record(t, l, "payments", name, started(name))
		}
		head, err := s.GetHead(t.Context(), &eventlogv1.GetHeadRequest{Source: "cycle"})
		must(t, err)
		var names []string
		after := int64(0)
		for after < head.GetSequence() {
			answer, err := s.ListEvents(t.Context(), &eventlogv1.ListEventsRequest{Source: "cycle", AfterSequence: after, Limit: 2})
			must(t, err)
			if !proto.Equal(answer.GetHead(), head) || len(answer.GetEvents()) == 0 || len(answer.GetEvents()) > 2 {
				t.Fatalf("answer %v", answer)
			}
			for _, e := range answer.GetEvents() {
				r, err := eventlog.ParseCloudEvent([]byte(e.GetCloudEvent()))
				must(t, err)
				if r.Seq != e.GetSequence() || r.Seq != after+1 || r.Epoch != head.GetEpoch() {
					t.Fatalf("event %+v after %d", r, after)
				}
				after = r.Seq
				names = append(names, r.Subject)
			}
		}
		if got := strings.Join(names, ""); got != "abcde" || head.GetSequence() != 5 {
			t.Fatalf("events %s up to %v", got, head)
		}
	})
}

// A page stays below what gRPC can carry, and still gets on.
func TestListEventsIsBoundedInBytes(t *testing.T) {
	each(t, func(t *testing.T, s *Server, l *eventlog.Log) {
		for _, name := range []string{"a", "b", "c", "d"} {
			record(t, l, "payments", name, started(strings.Repeat("x", maxBytes/3)))
		}
		answer, err := s.ListEvents(t.Context(), &eventlogv1.ListEventsRequest{Source: "cycle"})
		must(t, err)
		if size := proto.Size(answer); size > maxBytes+1000 || len(answer.GetEvents()) != 2 {
			t.Fatalf("%d events in %d bytes", len(answer.GetEvents()), size)
		}
		record(t, l, "payments", "huge", started(strings.Repeat("x", maxBytes+1)))
		answer, err = s.ListEvents(t.Context(), &eventlogv1.ListEventsRequest{Source: "cycle", AfterSequence: 4})
		must(t, err)
		if len(answer.GetEvents()) != 1 {
			t.Fatalf("%d events behind 4", len(answer.GetEvents()))
		}
	})
}

func TestUnknownService(t *testing.T) {
	each(t, func(t *testing.T, s *Server, _ *eventlog.Log) {
		_, err := s.GetHead(t.Context(), &eventlogv1.GetHeadRequest{Source: "else"})
		wantReason(t, err, "EVENT_LOG_NOT_FOUND")
		_, err = s.ListEvents(t.Context(), &eventlogv1.ListEventsRequest{Source: "else"})
		wantReason(t, err, "EVENT_LOG_NOT_FOUND")
		wantReason(t, s.WatchEvents(&eventlogv1.WatchEventsRequest{Source: "else"}, newStream(t.Context())), "EVENT_LOG_NOT_FOUND")
		_, err = s.ListQuarantinedEvents(t.Context(), &eventlogv1.ListQuarantinedEventsRequest{Service: "else"})
		wantReason(t, err, "EVENT_LOG_NOT_FOUND")
		_, err = s.ReplayQuarantinedEvent(t.Context(), &eventlogv1.ReplayQuarantinedEventRequest{Service: "else", Source: "cycle", Sequence: 1})
		wantReason(t, err, "EVENT_LOG_NOT_FOUND")
	})
}

func TestQuarantinedEvents(t *testing.T) {
	each(t, func(t *testing.T, s *Server, l *eventlog.Log) {
		record(t, l, "payments", "a", started("a"))
		records, err := l.List(t.Context(), 0, 1)
		must(t, err)
		must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error { return eventlog.Quarantine(tx, records[0], "broken") }))
		list := func() *eventlogv1.QuarantinedEvent {
			t.Helper()
			answer, err := s.ListQuarantinedEvents(t.Context(), &eventlogv1.ListQuarantinedEventsRequest{Service: "cycle"})
			must(t, err)
			if len(answer.GetQuarantinedEvents()) != 1 {
				t.Fatalf("listed %v", answer)
			}
			return answer.GetQuarantinedEvents()[0]
		}
		q := list()
		if q.GetService() != "cycle" || q.GetSource() != "cycle" || q.GetSequence() != 1 || q.GetEventId() != records[0].ID || q.GetReason() != "broken" ||
			q.GetAttempts() != 1 || !q.GetFirstTime().IsValid() || q.GetReplayed() || q.GetCloudEvent() != string(records[0].CloudEvent()) {
			t.Fatalf("listed %v", q)
		}
		applied := 0
		l.OnReplay("cycle", func(*eventlog.Tx, eventlog.Record) error { applied++; return nil })
		replayed, err := s.ReplayQuarantinedEvent(t.Context(), &eventlogv1.ReplayQuarantinedEventRequest{Service: "cycle", Source: "cycle", Sequence: 1})
		must(t, err)
		if applied != 1 || !replayed.GetReplayed() || !proto.Equal(list(), replayed) {
			t.Fatalf("applied %d times, %v", applied, replayed)
		}
	})
}
