package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	commonv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/common/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/audit"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func denials(k *testkit.Kit, l *eventlog.Log) *audit.Denials {
	return &audit.Denials{Log: func(string) *eventlog.Log { return l }, Clock: k.Clock.Now, Logger: slog.New(slog.DiscardHandler)}
}

func denied(resource string) rpcserver.Denial {
	return rpcserver.Denial{Method: "fortnight.cycle.v1.CycleService/GetCycle", Service: "cycle", Caller: "users/mina", Resource: resource, Reason: "PERMISSION_DENIED"}
}

func lines(t *testing.T, l *eventlog.Log) (all []string) {
	t.Helper()
	for _, e := range testkit.Audited(t, l) {
		all = append(all, strings.Join([]string{e.GetActor(), e.GetAddress(), e.GetResource(), e.GetDetails()["count"], e.GetDetails()["left_out"]}, "|"))
	}
	return all
}

func want(t *testing.T, l *eventlog.Log, lineses ...string) {
	t.Helper()
	if got := lines(t, l); strings.Join(got, "\n") != strings.Join(lineses, "\n") {
		t.Fatalf("recorded\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(lineses, "\n"))
	}
}

// The first is on disk when Tell returns; copies are one more event when the minute is over, or at the end.
func TestCopiesOfADenialAreCounted(t *testing.T) {
	each(t, func(t *testing.T, k *testkit.Kit, l *eventlog.Log) {
		d := denials(k, l)
		for range 3 {
			d.Tell(called(t, false), denied("teams/a"))
		}
		d.Tell(called(t, false), denied("teams/b"))
		first := []string{"users/mina|192.0.2.7|teams/a||", "users/mina|192.0.2.7|teams/b||"}
		want(t, l, first...)
		k.Clock.Advance(59 * time.Second)
		d.Flush(t.Context(), false)
		want(t, l, first...)
		k.Clock.Advance(time.Second)
		d.Flush(t.Context(), false)
		want(t, l, append(first, "users/mina|192.0.2.7|teams/a|2|")...)
		for range 2 { // a new minute begins anew; the end of the program waits for none
			d.Tell(called(t, false), denied("teams/a"))
		}
		d.Flush(t.Context(), true)
		d.Flush(t.Context(), true)
		want(t, l, append(first, "users/mina|192.0.2.7|teams/a|2|", first[0], "users/mina|192.0.2.7|teams/a|1|")...)
		if e := testkit.Audited(t, l)[2]; e.GetRequestId() != "" || e.GetAction() != commonv1.AuditAction_AUDIT_ACTION_ACCESS_DENIED {
			t.Errorf("the copies are %v", e)
		}
	})
}

// A method that hides its caller is promised to name nobody, and neither what is remembered nor what is written does.
func TestAHiddenDenialNamesNobody(t *testing.T) {
	each(t, func(t *testing.T, k *testkit.Kit, l *eventlog.Log) {
		d := denials(k, l)
		for _, who := range []string{"users/mina", "users/noor"} {
			told := denied("teams/a/retrospectives/r")
			told.Caller = who
			d.Tell(called(t, true), told)
		}
		d.Flush(t.Context(), true)
		want(t, l, "||teams/a/retrospectives/r||", "||teams/a/retrospectives/r|1|")
		for _, e := range testkit.Audited(t, l) {
			for _, trace := range []string{"mina", "noor", "192.0.2.7", "r-1"} {
				if strings.Contains(e.String(), trace) {
					t.Errorf("%q is in %v", trace, e)
				}
			}
		}
	})
}

// Whoever tries one name after the other does not fill the disk.
func TestManyDifferentDenials(t *testing.T) {
	each(t, func(t *testing.T, k *testkit.Kit, l *eventlog.Log) {
		d := denials(k, l)
		for i := range 150 {
			d.Tell(called(t, false), denied(fmt.Sprintf("teams/%d", i)))
		}
		d.Flush(t.Context(), true)
		got := lines(t, l)
		if len(got) != 102 || got[100] != "users/mina|192.0.2.7|||resource" || got[101] != "users/mina|192.0.2.7||49|resource" {
			t.Errorf("%d events, the last are %q", len(got), got[max(0, len(got)-2):])
		}
	})
}

// A database that is stuck does not hold up the answer for ever; the log says so, and the denial is not forgotten.
func TestADenialWhileTheDatabaseIsStuck(t *testing.T) {
	k := testkit.New(t)
	l := k.Log("sqlite", "cycle", nil)
	release, stuck := make(chan struct{}), make(chan struct{})
	var once sync.Once
	blocked := make(chan error, 1)
	go func() {
		blocked <- l.Do(context.WithoutCancel(t.Context()), func(*eventlog.Tx) error {
			once.Do(func() { close(stuck) })
			<-release
			return nil
		})
	}()
	<-stuck
	var output bytes.Buffer
	d := denials(k, l)
	d.Logger = slog.New(slog.NewJSONHandler(&output, nil))
	answered := make(chan struct{})
	go func() { d.Tell(called(t, false), denied("teams/a")); close(answered) }()
	select {
	case <-answered:
	case <-time.After(10 * time.Second):
		t.Fatal("the answer waits for a stuck database")
	}
	if !strings.Contains(output.String(), `"level":"ERROR"`) || !strings.Contains(output.String(), "not on disk yet") {
		t.Errorf("the log says %s", output.String())
	}
	close(release)
	<-blocked
	testkit.Eventually(t, "the denial is recorded", func() bool { return len(lines(t, l)) == 1 })
}
