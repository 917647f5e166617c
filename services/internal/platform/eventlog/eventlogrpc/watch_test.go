package eventlogrpc

import (
	"context"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// stream is the server's end of a WatchEvents.
type stream struct {
	grpc.ServerStream
	ctx   context.Context
	steps chan *eventlogv1.WatchEventsResponse
}

func newStream(ctx context.Context) *stream {
	return &stream{ctx: ctx, steps: make(chan *eventlogv1.WatchEventsResponse, 1000)}
}

func (s *stream) Context() context.Context { return s.ctx }

func (s *stream) Send(step *eventlogv1.WatchEventsResponse) error {
	s.steps <- step
	return nil
}

// follower is a running WatchEvents.
type follower struct {
	t      *testing.T
	stream *stream
	cancel context.CancelFunc
	ended  chan error
}

func follow(t *testing.T, s *Server, who caller.Caller, req *eventlogv1.WatchEventsRequest) *follower {
	t.Helper()
	ctx, cancel := context.WithCancel(caller.With(t.Context(), who))
	f := &follower{t: t, stream: newStream(ctx), cancel: cancel, ended: make(chan error, 1)}
	req.Source = "cycle"
	go func() { f.ended <- s.WatchEvents(req, f.stream) }()
	t.Cleanup(cancel)
	return f
}

const patience = 20 * time.Second

func (f *follower) next() *eventlogv1.WatchEventsResponse {
	f.t.Helper()
	select {
	case step := <-f.stream.steps:
		return step
	case err := <-f.ended:
		f.t.Fatalf("the stream ended: %v", err)
	case <-time.After(patience):
		f.t.Fatal("no step came")
	}
	return nil
}

// until collects the subjects of the events up to a position.
func (f *follower) until(sequence int64) string {
	f.t.Helper()
	var subjects []string
	for at := int64(-1); at < sequence; {
		step := f.next()
		if step.GetSequence() < at {
			f.t.Fatalf("position %d after %d", step.GetSequence(), at)
		}
		at = step.GetSequence()
		if step.GetCloudEvent() == "" {
			continue
		}
		r, err := eventlog.ParseCloudEvent([]byte(step.GetCloudEvent()))
		must(f.t, err)
		if r.Seq != at || r.Type != step.GetType() || r.Team != step.GetTeam() || r.Epoch != step.GetEpoch() {
			f.t.Fatalf("step %v with event %+v", step, r)
		}
		subjects = append(subjects, r.Subject)
	}
	return strings.Join(subjects, " ")
}

func (f *follower) wait() error {
	f.t.Helper()
	select {
	case err := <-f.ended:
		return err
	case <-time.After(patience):
		f.t.Fatal("the stream did not end")
		return nil
	}
}

var (
	admin   = caller.Caller{Subject: "users/admin", Admin: true}
	service = caller.Caller{Subject: "services/knowledge", Service: true}
	manager = caller.Caller{Subject: "users/boss", Manager: true}
	member  = caller.Caller{Subject: "users/mina", Teams: map[string]caller.Role{"payments": caller.Member}}
	viewer  = caller.Caller{Subject: "users/taro", Teams: map[string]caller.Role{"payments": caller.Viewer}}
	other   = caller.Caller{Subject: "users/ann", Teams: map[string]caller.Role{"search": caller.Coach}}
)

// Everybody sees what the contract says, and nobody more.
func TestWatchAudience(t *testing.T) {
	all := []struct {
		name, team string
		data       proto.Message
	}{
		{"readers", "payments", &cyclev1.CycleStarted{}},
		{"members", "payments", &retrospectivev1.NoteWritten{}},
		{"organization", "payments", &knowledgev1.LearningPublished{}},
		{"admins", "payments", &identityv1.UserCreated{}},
		{"no-event", "payments", &eventlogv1.Head{}},
		{"teamless-readers", "", &cyclev1.CycleStarted{}},
		{"teamless-members", "", &retrospectivev1.NoteWritten{}},
		{"teamless-organization", "", &knowledgev1.LearningPublished{}},
		{"teamless-admins", "", &identityv1.UserCreated{}},
		{"other-readers", "search", &cyclev1.CycleStarted{}},
		{"other-members", "search", &retrospectivev1.NoteWritten{}},
	}
	everything := "readers members organization admins teamless-readers teamless-members teamless-organization teamless-admins other-readers other-members"
	each(t, func(t *testing.T, s *Server, l *eventlog.Log) {
		s.positionEvery = time.Millisecond
		for _, e := range all {
			record(t, l, e.team, e.name, e.data)
		}
		for name, want := range map[string]struct {
			who  caller.Caller
			sees string
		}{
			"anonymous": {caller.Caller{}, ""},
			"admin":     {admin, everything},
			"service":   {service, everything},
			"manager":   {manager, "readers organization teamless-organization other-readers"},
			"member":    {member, "readers members organization teamless-organization"},
			"viewer":    {viewer, "readers organization teamless-organization"},
			"other":     {other, "organization teamless-organization other-readers other-members"},
		} {
			t.Run(name, func(t *testing.T) {
				f := follow(t, s, want.who, &eventlogv1.WatchEventsRequest{})
				if got := f.until(int64(len(all))); got != want.sees {
					t.Errorf("sees %q, want %q", got, want.sees)
				}
			})
		}
	})
}

// What is there comes first, then what is recorded meanwhile, in order and once.
func TestWatchFollows(t *testing.T) {
	each(t, func(t *testing.T, s *Server, l *eventlog.Log) {
		record(t, l, "payments", "a", started("a"))
		f := follow(t, s, member, &eventlogv1.WatchEventsRequest{})
		if first := f.next(); first.GetSequence() != 0 || first.GetEpoch() != l.Epoch() || first.GetCloudEvent() != "" {
			t.Fatalf("first step %v", first)
		}
		if got := f.until(1); got != "a" {
			t.Fatalf("saw %q", got)
		}
		for _, name := range []string{"b", "c", "d"} {
			record(t, l, "payments", name, started(name))
		}
		if got := f.until(4); got != "b c d" {
			t.Fatalf("saw %q", got)
		}
		f.cancel()
		must(t, f.wait())
	})
}

func TestWatchResumes(t *testing.T) {
	each(t, func(t *testing.T, s *Server, l *eventlog.Log) {
		for _, name := range []string{"a", "b", "c"} {
			record(t, l, "payments", name, started(name))
		}
		for name, c := range map[string]struct {
			after int64
			epoch string
			first int64
			sees  string
		}{
			"from the beginning": {0, "", 0, "a b c"},
			"from a position":    {2, l.Epoch(), 2, "c"},
			"without an epoch":   {1, "", 1, "b c"},
			"another epoch":      {2, "another", 0, "a b c"},
			"beyond the end":     {9, l.Epoch(), 0, "a b c"},
			"at the end":         {3, l.Epoch(), 3, ""},
		} {
			t.Run(name, func(t *testing.T) {
				f := follow(t, s, member, &eventlogv1.WatchEventsRequest{AfterSequence: c.after, Epoch: c.epoch})
				first := f.next()
				if first.GetSequence() != c.first || first.GetEpoch() != l.Epoch() {
					t.Fatalf("first step %v", first)
				}
				if c.first < 3 {
					if got := f.until(3); got != c.sees {
						t.Fatalf("saw %q, want %q", got, c.sees)
					}
				}
			})
		}
		t.Run("from now on", func(t *testing.T) {
			f := follow(t, s, member, &eventlogv1.WatchEventsRequest{AfterSequence: -1})
			if first := f.next(); first.GetSequence() != 3 {
				t.Fatalf("first step %v", first)
			}
			record(t, l, "payments", "d", started("d"))
			if got := f.until(4); got != "d" {
				t.Fatalf("saw %q", got)
			}
		})
	})
}

// Many events that the caller may not see are one move of the position.
func TestWatchCoalescesPositions(t *testing.T) {
	each(t, func(t *testing.T, s *Server, l *eventlog.Log) {
		s.positionEvery = time.Hour
		for i := range watchPage + 50 {
			must(t, l.Do(t.Context(), func(tx *eventlog.Tx) error {
				return tx.Append(eventlog.Event{Team: "search", AggregateType: "thing", AggregateID: "hidden", AggregateVersion: int64(i) + 1, Data: started("x")})
			}))
		}
		record(t, l, "payments", "mine", started("mine"))
		f := follow(t, s, member, &eventlogv1.WatchEventsRequest{})
		if first, second := f.next(), f.next(); first.GetSequence() != 0 || second.GetSequence() != watchPage+51 || second.GetCloudEvent() == "" {
			t.Fatalf("steps %v, %v", first, second)
		}
		s.positionEvery = time.Millisecond
		f = follow(t, s, other, &eventlogv1.WatchEventsRequest{AfterSequence: watchPage + 50})
		if first, second := f.next(), f.next(); first.GetSequence() != watchPage+50 || second.GetSequence() != watchPage+51 || second.GetCloudEvent() != "" {
			t.Fatalf("steps %v, %v", first, second)
		}
	})
}

func TestWatchEnds(t *testing.T) {
	each(t, func(t *testing.T, s *Server, l *eventlog.Log) {
		t.Run("when the server closes", func(t *testing.T) {
			s := New(l)
			f := follow(t, s, member, &eventlogv1.WatchEventsRequest{})
			f.next()
			s.Close()
			wantReason(t, f.wait(), "SHUTTING_DOWN")
		})
		t.Run("when the credential is old", func(t *testing.T) {
			s := New(l)
			s.lifetime = time.Millisecond
			must(t, follow(t, s, member, &eventlogv1.WatchEventsRequest{}).wait())
		})
	})
}
