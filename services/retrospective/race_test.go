package retrospective_test

import (
	"strings"
	"sync"
	"testing"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
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
		{"closing", decide, func(w *world) func(int) error {
			w.must(w.decide(rota, adapt))
			w.must(w.decide(pairs, adapt))
			ctx := w.mina()
			return func(int) error {
				_, err := w.CloseRetrospective(ctx, &retrospectivev1.CloseRetrospectiveRequest{
					Name: retro, Learnings: []*retrospectivev1.DistilledLearning{learned(rota)}, BoldestExperiment: swarm,
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

// Twelve callers move at once, each from the stage that they see to the next one, until DECIDE: in every stage exactly one wins, and the
// others are told the stage and the etag to go on with.
func TestTwelveMoveAtOnce(t *testing.T) {
	const n = 12
	w := opened(t, collect)
	for at, stage := range []retrospectivev1.Stage{collect, group, vote} {
		next := stage + 1
		refused := make([]*fault.Error, n)
		ctx := w.mina()
		ends := race(n, func(i int) error {
			_, err := w.MoveRetrospective(ctx, &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Stage: next, CurrentStage: stage})
			if err != nil {
				refused[i] = rpcserver.FromStatus(err)
			}
			return err
		})
		if ends[""] != 1 || ends["STAGE_CHANGED"] != n-1 {
			t.Fatalf("out of %s: %v, want one to win and the others to be told", stage, ends)
		}
		now := w.get()
		for _, f := range refused {
			if f != nil && (f.Kind != fault.Aborted || f.Metadata["stage"] != strings.TrimPrefix(next.String(), "STAGE_") ||
				f.Metadata["current_etag"] != now.GetEtag() || !strings.Contains(f.Message, "read it again")) {
				t.Errorf("refused with %v %q %v, it is %v", f.Kind, f.Message, f.Metadata, now)
			}
		}
		if moved := strings.Count(w.events(), "RetrospectiveMoved"); now.GetStage() != next || moved != at+1 {
			t.Errorf("it stands in %s after %d moves, want %s after %d", now.GetStage(), moved, next, at+1)
		}
	}
}
