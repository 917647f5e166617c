package eventlog_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// headers is a gRPC call that keeps the headers set on it.
type headers struct {
	mu  sync.Mutex
	set metadata.MD
}

func (h *headers) Method() string { return "/fortnight.cycle.v1.CycleService/CreateChallenge" }
func (h *headers) SetHeader(md metadata.MD) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.set = metadata.Join(h.set, md)
	return nil
}
func (h *headers) SendHeader(md metadata.MD) error { return h.SetHeader(md) }
func (h *headers) SetTrailer(metadata.MD) error    { return nil }

func call(ctx context.Context) (context.Context, func() bool) {
	h := &headers{}
	return grpc.NewContextWithServerTransportStream(ctx, h), func() bool {
		return len(h.set[eventlog.ReplayedHeader]) == 1 && h.set[eventlog.ReplayedHeader][0] == "true"
	}
}

// effects counts what a change did, and gives a different answer each time.
type effects struct {
	n     atomic.Int64
	fails atomic.Bool
}

var errRefused = fault.New(fault.FailedPrecondition, "REFUSED", "Not now.")

func (e *effects) change(tx *eventlog.Tx) (*eventlogv1.Head, error) {
	n := e.n.Add(1)
	if err := tx.Append(event(id("e%d", n), 1)); err != nil {
		return nil, err
	}
	if e.fails.Load() {
		return nil, errRefused
	}
	return &eventlogv1.Head{Epoch: "shown once", Sequence: n}, nil
}

func request(requestID, parent string) *cyclev1.CreateChallengeRequest {
	return &cyclev1.CreateChallengeRequest{RequestId: requestID, Parent: parent}
}

func TestWriteIsIdempotent(t *testing.T) {
	type step struct {
		subject, requestID, parent string
		after                      time.Duration
		fails                      bool
		answer                     int64 // the sequence in the answer, 0 for an error
		reason                     string
		replayed                   bool
	}
	for name, steps := range map[string][]step{
		"a copy gets the first answer": {
			{subject: "users/mina", requestID: "r1", answer: 1},
			{subject: "users/mina", requestID: "r1", answer: 1, replayed: true, after: 23 * time.Hour},
		},
		"another body": {
			{subject: "users/mina", requestID: "r1", parent: "teams/a", answer: 1},
			{subject: "users/mina", requestID: "r1", parent: "teams/b", reason: "IDEMPOTENCY_KEY_REUSED"},
		},
		"another caller": {
			{subject: "users/mina", requestID: "r1", answer: 1},
			{subject: "users/taro", requestID: "r1", answer: 2},
		},
		"another id": {
			{subject: "users/mina", requestID: "r1", answer: 1},
			{subject: "users/mina", requestID: "r2", answer: 2},
		},
		"no id": {
			{subject: "users/mina", answer: 1},
			{subject: "users/mina", answer: 2},
		},
		"nobody has no ids": {
			{requestID: "r1", answer: 1},
			{requestID: "r1", answer: 2},
		},
		"a refusal is not kept": {
			{subject: "users/mina", requestID: "r1", fails: true, reason: "REFUSED"},
			{subject: "users/mina", requestID: "r1", answer: 2},
			{subject: "users/mina", requestID: "r1", answer: 2, replayed: true},
		},
		"a copy that would be refused now": {
			{subject: "users/mina", requestID: "r1", answer: 1},
			{subject: "users/mina", requestID: "r1", fails: true, answer: 1, replayed: true},
		},
		"an old answer is forgotten": {
			{subject: "users/mina", requestID: "r1", parent: "teams/a", answer: 1},
			{subject: "users/mina", requestID: "r1", parent: "teams/b", answer: 2, after: 24 * time.Hour},
			{subject: "users/mina", requestID: "r1", parent: "teams/b", answer: 2, replayed: true},
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, l *eventlog.Log, c *clock) {
				var e effects
				want := 0
				for i, s := range steps {
					c.add(s.after)
					e.fails.Store(s.fails)
					// What a copy runs for nothing must not count as a different effect.
					before := e.n.Load()
					ctx, replayed := call(as(t.Context(), s.subject))
					got, err := eventlog.Write(ctx, l, request(s.requestID, s.parent), e.change)
					if s.reason != "" {
						if got != nil || fault.From(err).Reason != s.reason {
							t.Fatalf("step %d: %v, %v, want %s", i, got, err, s.reason)
						}
					} else if err != nil || !proto.Equal(got, &eventlogv1.Head{Epoch: "shown once", Sequence: s.answer}) || replayed() != s.replayed {
						t.Fatalf("step %d: %v, %v, replayed %v; want %d, %v", i, got, err, replayed(), s.answer, s.replayed)
					}
					if s.reason == "" && !s.replayed {
						want++
					} else if !s.fails {
						e.n.Store(before)
					}
				}
				if n := len(all(t, l)); n != want {
					t.Fatalf("%d effects, want %d", n, want)
				}
			})
		})
	}
}

// Sixteen copies at once: one effect, and the same answer for all.
func TestConcurrentCopies(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		for round := range 5 {
			var e effects
			e.n.Store(int64(round * 1000))
			answers := make([]*eventlogv1.Head, 16)
			begin := make(chan struct{})
			var replays atomic.Int64
			var wg sync.WaitGroup
			for i := range answers {
				wg.Go(func() {
					<-begin
					ctx, replayed := call(as(t.Context(), "users/mina"))
					var err error
					if answers[i], err = eventlog.Write(ctx, l, request(id("r%d", round), "teams/a"), e.change); err != nil {
						t.Error(err)
					}
					if replayed() {
						replays.Add(1)
					}
				})
			}
			close(begin)
			wg.Wait()
			for _, a := range answers {
				if !proto.Equal(a, answers[0]) {
					t.Fatalf("answers %v and %v", a, answers[0])
				}
			}
			if replays.Load() != 15 {
				t.Fatalf("%d replays, want 15", replays.Load())
			}
			if n := len(all(t, l)); n != round+1 {
				t.Fatalf("%d effects, want %d", n, round+1)
			}
		}
	})
}

// Without the key, copies have an effect each: the control of the test above.
func TestConcurrentCopiesWithoutKey(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		var e effects
		var wg sync.WaitGroup
		for range 16 {
			wg.Go(func() {
				if _, err := eventlog.Write(as(t.Context(), "users/mina"), l, request("", "teams/a"), e.change); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := len(all(t, l)); n != 16 {
			t.Fatalf("%d effects, want 16", n)
		}
	})
}

// A copy whose caller leaves while it finds out that it is one is no failure of the program.
func TestACopyThatNobodyWaitsFor(t *testing.T) {
	l := open(t, database(t, db.SQLite, newClock()), newClock()) // on Postgres the copy notices before it runs
	var e effects
	_, err := eventlog.Write(as(t.Context(), "users/mina"), l, request("r1", ""), e.change)
	must(t, err)
	ctx, leave := context.WithCancel(as(t.Context(), "users/mina"))
	_, err = eventlog.Write(ctx, l, request("r1", ""), func(tx *eventlog.Tx) (*eventlogv1.Head, error) {
		leave()
		return e.change(tx)
	})
	if !errors.Is(err, context.Canceled) || count(t, l, "event_log") != 1 {
		t.Fatalf("error %v, %d events", err, count(t, l, "event_log"))
	}
}

// The answer and the effect are one transaction: neither is there when the other is not.
func TestAnswerAndEffectAreOne(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		_, err := eventlog.Write(as(t.Context(), "users/mina"), l, request("r1", ""), func(tx *eventlog.Tx) (*eventlogv1.Head, error) {
			return &eventlogv1.Head{}, errors.Join(tx.Append(event("a", 1)), errRefused)
		})
		wantReason(t, err, fault.FailedPrecondition, "REFUSED")
		if a, b := count(t, l, "idem"), count(t, l, "event_log"); a != 0 || b != 0 {
			t.Fatalf("%d answers and %d events after a refusal", a, b)
		}
	})
}

// Neither the answer (some are shown once) nor who asked can be read from the database.
func TestAnswerIsSealed(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, _ *clock) {
		var e effects
		_, err := eventlog.Write(as(t.Context(), "users/mina"), l, request("r1", ""), e.change)
		must(t, err)
		type row struct {
			Key     []byte `db:"key"`
			Request []byte `db:"request_hash"`
			Answer  []byte `db:"answer"`
		}
		r, found, err := db.One[row](t.Context(), l.DB().Read(), "select key, request_hash, answer from idem")
		if err != nil || !found || len(r.Answer) == 0 {
			t.Fatal(found, err, r)
		}
		stored := bytes.Join([][]byte{r.Key, r.Request, r.Answer}, nil)
		for _, secret := range []string{"shown once", "mina", "r1"} {
			if strings.Contains(string(stored), secret) {
				t.Errorf("%q can be read from the table", secret)
			}
		}
	})
}

func TestPurge(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log, c *clock) {
		var e effects
		write := func(n int) {
			t.Helper()
			for range n {
				_, err := eventlog.Write(as(t.Context(), "users/mina"), l, request(id("r%d", e.n.Load()), ""), e.change)
				must(t, err)
			}
		}
		write(700)
		c.add(time.Hour)
		write(3)
		c.add(23*time.Hour - time.Second)
		if n, err := l.PurgeIdempotency(t.Context()); n != 0 || err != nil {
			t.Fatalf("purged %d, %v, before any expired", n, err)
		}
		c.add(time.Second)
		if n, err := l.PurgeIdempotency(t.Context()); n != 700 || err != nil {
			t.Fatalf("purged %d, %v, want 700", n, err)
		}
		if n := count(t, l, "idem"); n != 3 {
			t.Fatalf("%d answers are left, want 3", n)
		}
	})
}
