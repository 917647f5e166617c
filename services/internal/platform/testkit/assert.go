package testkit

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

// Refused fails the test unless err, of a gRPC client or of a service's own code, is a fault of the kind and reason, with
// violations of exactly the given fields in any order. It returns the fault.
func Refused(t testing.TB, err error, kind fault.Kind, reason string, fields ...string) *fault.Error {
	t.Helper()
	if err == nil {
		t.Fatalf("was not refused; want %v %s", kind, reason)
	}
	f := rpcserver.FromStatus(err)
	if f.Kind != kind || f.Reason != reason {
		t.Fatalf("refused with %v %s, want %v %s: %v", f.Kind, f.Reason, kind, reason, f)
	}
	got := make([]string, len(f.Violations))
	for i, v := range f.Violations {
		got[i] = v.Field
	}
	slices.Sort(got)
	if !slices.Equal(got, slices.Sorted(slices.Values(fields))) {
		t.Fatalf("%s names the fields %q, want %q", reason, got, fields)
	}
	return f
}

// Happening is an event in short.
type Happening struct {
	// Type is the event's full type, Subject the resource name that it is about.
	Type, Subject string
}

// Events are all events of a log in order, also those that Postgres has not numbered yet.
func Events(t testing.TB, l *eventlog.Log) []Happening {
	t.Helper()
	var events []Happening
	for _, r := range Records(t, l) {
		events = append(events, Happening{Type: r.Type, Subject: r.Subject})
	}
	return events
}

// Records are all events of a log in order, in full.
func Records(t testing.TB, l *eventlog.Log) []eventlog.Record {
	t.Helper()
	if _, err := l.Number(t.Context()); err != nil {
		t.Fatalf("numbering the events: %v", err)
	}
	const page = 1000
	var all []eventlog.Record
	for after := int64(0); ; {
		records, err := l.List(t.Context(), after, page)
		if err != nil {
			t.Fatalf("reading the events: %v", err)
		}
		all = append(all, records...)
		if len(records) < page {
			return all
		}
		after = records[len(records)-1].Seq
	}
}

// patience is how long Eventually waits: long enough for a busy machine, since only a failing test waits it out.
const patience = 30 * time.Second

// Eventually waits until happened answers true, for what arrives through the broker. It fails the test when it never does.
func Eventually(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !happened(); {
		if time.Now().After(end) {
			t.Fatalf("never happened: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// buffer is a writer for several goroutines.
type buffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
