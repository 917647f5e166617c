package gateway_test

import (
	"fmt"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"

	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
)

const epoch = "0195b3c0-7c1e-7a52-9c0e-5f3f6f0f9a11"

// fakeLog is the event logs of all services. It says its position at once, then sends what there is and what comes.
type fakeLog struct {
	eventlogv1.UnimplementedEventLogServiceServer
	mu      sync.Mutex
	events  map[string][]*eventlogv1.WatchEventsResponse
	changed chan struct{}
	broken  chan struct{} // closed to break all calls
	opened  []metadata.MD
	// silent keeps the first position back for good, late until the channel of its source is closed.
	silent bool
	late   map[string]chan struct{}
}

func newFakeLog() *fakeLog {
	return &fakeLog{
		events: map[string][]*eventlogv1.WatchEventsResponse{}, changed: make(chan struct{}), broken: make(chan struct{}),
	}
}

// add records an event and returns its sequence.
func (f *fakeLog) add(source, eventType, team string) int64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	sequence := int64(len(f.events[source]) + 1)
	f.events[source] = append(f.events[source], &eventlogv1.WatchEventsResponse{
		Epoch: epoch, Sequence: sequence, Type: eventType, Team: team,
		CloudEvent: fmt.Sprintf(`{"source":%q,"sequence":"%d"}`, source, sequence),
	})
	close(f.changed)
	f.changed = make(chan struct{})
	return sequence
}

// breakAll ends all calls with UNAVAILABLE.
func (f *fakeLog) breakAll() {
	f.mu.Lock()
	defer f.mu.Unlock()
	close(f.broken)
	f.broken = make(chan struct{})
}

// callers are the caller tokens that the calls so far came with.
func (f *fakeLog) callers() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var tokens []string
	for _, md := range f.opened {
		tokens = append(tokens, md.Get("fortnight-caller")...)
	}
	return tokens
}

func (f *fakeLog) WatchEvents(r *eventlogv1.WatchEventsRequest, stream grpc.ServerStreamingServer[eventlogv1.WatchEventsResponse]) error {
	md, _ := metadata.FromIncomingContext(stream.Context())
	f.mu.Lock()
	f.opened = append(f.opened, md)
	at, broken := r.GetAfterSequence(), f.broken
	if at < 0 || r.GetEpoch() != "" && r.GetEpoch() != epoch {
		at = int64(len(f.events[r.GetSource()]))
	}
	silent, late := f.silent, f.late[r.GetSource()]
	f.mu.Unlock()
	if late != nil {
		select {
		case <-late:
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
	if !silent {
		if err := stream.Send(&eventlogv1.WatchEventsResponse{Epoch: epoch, Sequence: at}); err != nil {
			return err
		}
	}
	for {
		f.mu.Lock()
		changed, waiting := f.changed, f.events[r.GetSource()][at:]
		f.mu.Unlock()
		for _, event := range waiting {
			if err := stream.Send(event); err != nil {
				return err
			}
			at = event.GetSequence()
		}
		select {
		case <-changed:
		case <-broken:
			return fail(codes.Unavailable, "SHUTTING_DOWN", "The service is shutting down.")
		case <-stream.Context().Done():
			return stream.Context().Err()
		}
	}
}
