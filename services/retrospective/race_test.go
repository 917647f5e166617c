package retrospective_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

// race makes n calls at once and counts how they ended: "" for success, else the reason.
func race(n int, call func(i int) error) map[string]int {
	ends := make([]string, n)
	var group sync.WaitGroup
	for i := range n {
		group.Go(func() {
			ends[i] = reason(call(i))
		})
	}
	group.Wait()
	count := map[string]int{}
	for _, end := range ends {
		count[end]++
	}
	return count
}

// reason is the reason of a refusal, or empty.
func reason(err error) string {
	if err == nil {
		return ""
	}
	return rpcserver.FromStatus(err).Reason
}

func TestRaces(t *testing.T) {
	const n = 16
	tests := []struct {
		name  string
		stage retrospectivev1.Stage // unspecified: nothing is open yet
		call  func(w *world) func(i int) error
		wins  int
		loses string
		event string
		times int
	}{
		{"opening", 0, func(w *world) func(int) error {
			ctx := w.mina()
			return func(int) error {
				_, err := w.OpenRetrospective(ctx, &retrospectivev1.OpenRetrospectiveRequest{Name: retro})
				return err
			}
		}, 1, "RETROSPECTIVE_ALREADY_EXISTS", "RetrospectiveOpened", 1},
		{"opening with one request id", 0, func(w *world) func(int) error {
			ctx := w.mina()
			return func(int) error {
				_, err := w.OpenRetrospective(ctx, &retrospectivev1.OpenRetrospectiveRequest{Name: retro, RequestId: "once"})
				return err
			}
		}, n, "", "RetrospectiveOpened", 1},
		{"moving what was read at the same time", collect, func(w *world) func(int) error {
			ctx, etag := w.mina(), w.get().GetEtag()
			return func(i int) error {
				_, err := w.MoveRetrospective(ctx, &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Etag: etag, Stage: group + retrospectivev1.Stage(i%3)})
				return err
			}
		}, 1, "ETAG_MISMATCH", "RetrospectiveMoved", 1},
		{"agreeing on actions", decide, func(w *world) func(int) error {
			ctx := w.mina()
			return func(i int) error { return w.action(ctx, fmt.Sprint("a", i), "20") }
		}, 3, "TOO_MANY_ACTIONS", "ActionAgreed", 3},
		{"closing", decide, func(w *world) func(int) error {
			w.must(w.decide(rota, adapt))
			w.must(w.decide(pairs, adapt))
			ctx := w.mina()
			return func(int) error {
				_, err := w.CloseRetrospective(ctx, &retrospectivev1.CloseRetrospectiveRequest{
					Name: retro, Learnings: []*retrospectivev1.DistilledLearning{learned(rota)},
				})
				return err
			}
		}, 1, "RETROSPECTIVE_CLOSED", "RetrospectiveClosed", 1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			if test.stage != 0 {
				_, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{})
				w.must(err)
				w.move(test.stage)
			}
			before := strings.Count(w.events(), test.event)
			got := race(n, test.call(w))
			if got[""] != test.wins || len(got) > 1 && got[test.loses] != n-test.wins {
				t.Errorf("ended %v, want %d successes, else %s", got, test.wins, test.loses)
			}
			if events := strings.Count(w.events(), test.event) - before; events != test.times {
				t.Errorf("%d events %s, want %d", events, test.event, test.times)
			}
		})
	}
}

// Without an etag both of two moves are valid, in whatever order: each is an event, and the last one is where it stands.
func TestTwoMovesAtOnceAreBothValid(t *testing.T) {
	w := opened(t, collect)
	stages := []retrospectivev1.Stage{group, vote}
	ctx := w.mina()
	moved := make([]*retrospectivev1.Retrospective, 2)
	ends := race(2, func(i int) (err error) {
		moved[i], err = w.MoveRetrospective(ctx, &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Stage: stages[i]})
		return err
	})
	if ends[""] != 2 || moved[0].GetEtag() == moved[1].GetEtag() {
		t.Fatalf("ended %v: %v", ends, moved)
	}
	last := w.get()
	for i := range moved {
		if moved[i].GetStage() != stages[i] {
			t.Errorf("moved to %s: %v", stages[i], moved[i])
		}
		if moved[i].GetEtag() == last.GetEtag() && moved[i].GetStage() != last.GetStage() {
			t.Errorf("it stands at %v, moved to %v", last, moved[i])
		}
	}
	if got := strings.Count(w.events(), "RetrospectiveMoved"); got != 2 {
		t.Errorf("%d events", got)
	}
}
