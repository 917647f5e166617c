package main

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/gateway"
	eventlogv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/eventlog/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
)

// checkEvents reads every log as callers of each kind, from the beginning to where it ends now.
func (w *world) checkEvents(t *testing.T) {
	w.refresh()
	ends := map[string]int64{}
	for _, service := range w.services {
		head, err := service.EventLog().Head(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ends[service.EventLog().Source()] = head.Seq
	}
	var reading sync.WaitGroup
	for _, column := range columns {
		token := w.caller(t, column, closedTeam)
		reading.Go(func() {
			var seen strings.Builder
			for source, end := range ends {
				if err := w.watch(t.Context(), token, source, end, &seen); (err != nil) != slices.Contains(strangers, column) {
					t.Errorf("the log of %s as %s: %v", source, column, err)
				}
			}
			text := seen.String()
			for _, word := range leaks(column, text) {
				t.Errorf("the event logs tell %s of %s", column, word)
			}
			for words, who := range map[string][]string{
				secret(workWord, closedTeam): knowing, "v1.NoteWritten": writing, "v1.LearningDrafted": writing,
				"v1.TokenCreated": {"admin", "service"}, "v1.UserCreated": {"admin", "service"},
			} {
				if sees := strings.Contains(text, words); sees != slices.Contains(who, column) {
					t.Errorf("%s sees %s in the event logs: %v", column, words, sees)
				}
			}
		})
	}
	reading.Wait()
	for _, column := range []string{"outsider", "otherBot", "manager"} {
		for _, filter := range []string{"", "&teams=" + closedTeam} {
			frames := w.stream(t, column, filter)
			for _, word := range leaks(column, frames) {
				t.Errorf("the live stream%s tells %s of %s", filter, column, word)
			}
		}
	}
}

// strangers are the columns whose credential is none, or no longer good.
var strangers = []string{"anonymous", "expired", "revoked", "deactivated"}

// watch follows a log to a sequence and writes down what it shows.
func (w *world) watch(ctx context.Context, token, source string, end int64, seen *strings.Builder) error {
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	if token != "" {
		ctx = caller.OutgoingAs(ctx, token)
	}
	stream, err := eventlogv1.NewEventLogServiceClient(w.server.Conn()).WatchEvents(ctx, &eventlogv1.WatchEventsRequest{Source: source})
	for at := int64(-1); err == nil && at < end; {
		var step *eventlogv1.WatchEventsResponse
		if step, err = stream.Recv(); err == nil {
			at = step.GetSequence()
			seen.WriteString(step.GetType() + step.GetTeam() + step.GetCloudEvent() + "\n")
		}
	}
	return err
}

// stream reads the live stream from the start until the learning that everybody may see was published.
func (w *world) stream(t *testing.T, column, filter string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, w.URL+"/v1/events?since=start"+filter, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+w.credential(column, closedTeam))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	var text strings.Builder
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		text.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), w.things["told "+closedTeam]) && strings.Contains(lines.Text(), "LearningPublished") {
			return text.String()
		}
	}
	t.Errorf("the live stream as %s did not come to what everybody may see: %d %v", column, resp.StatusCode, lines.Err())
	return text.String()
}

// checkRemoval takes a coach out of a team behind the back of a gateway: it lets him read for 20 seconds of its clock at most, and
// a stream that he has open ends or falls silent.
func (w *world) checkRemoval(t *testing.T) {
	w.must(t, http.MethodPost, "/v1/users?userId=leo", `{"displayName":"leo"}`)
	w.must(t, http.MethodPost, "/v1/teams/payments/members", `{"user":"users/leo","role":"TEAM_ROLE_COACH"}`)
	leo := w.token(t, "users/leo", `{"displayName":"leo"}`)
	// The stream is at a gateway of its own: it asks who he is over and over, and the other one would learn it by that.
	there, streaming := w.secondGateway(t), w.secondGateway(t)
	const path = "/v1/teams/payments/obstacles/queue"
	if got := there.call(t, leo, http.MethodGet, path, ""); got.Status != http.StatusOK {
		t.Fatalf("before: %d %s", got.Status, got.Text)
	}
	events := openStream(t, streaming.URL, leo)
	w.must(t, http.MethodPost, "/v1/teams/payments/obstacles?obstacleId=seen", `{"description":"x"}`)
	events.await(t, "teams/payments/obstacles/seen")

	w.must(t, http.MethodDelete, "/v1/teams/payments/members/leo", "") // at the first gateway
	if got := w.call(t, leo, http.MethodGet, path, ""); got.Status != http.StatusForbidden {
		t.Errorf("the gateway that he was taken out at: %d %s", got.Status, got.Text)
	}
	if got := there.call(t, leo, http.MethodGet, path, ""); got.Status != http.StatusOK {
		t.Errorf("another gateway knows at once, so that the time after which it does is not tried: %d %s", got.Status, got.Text)
	}
	w.offset.advance(30 * time.Second)
	if got := there.call(t, leo, http.MethodGet, path, ""); got.Status != http.StatusForbidden {
		t.Errorf("another gateway, 30 seconds later: %d %s", got.Status, got.Text)
	}
	if got := there.call(t, leo, http.MethodPost, "/v1/teams/payments/obstacles", `{"description":"x"}`); got.Status != http.StatusForbidden {
		t.Errorf("another gateway, 30 seconds later, writing: %d %s", got.Status, got.Text)
	}
	// He was in no open team before: his stream shows the open team's events because anybody's does. A stream that was renewed after
	// the removal shows an event of a team that was opened after it, and no earlier one does.
	w.must(t, http.MethodPatch, "/v1/teams/mobile", `{"visibility":"TEAM_VISIBILITY_ORGANIZATION"}`)
	for i := 0; !strings.Contains(events.String(), "teams/mobile/obstacles/"); i++ {
		w.must(t, http.MethodPost, fmt.Sprintf("/v1/teams/mobile/obstacles?obstacleId=open-%d", i), `{"description":"x"}`)
		if i == 500 {
			t.Fatal("the stream was not renewed")
		}
		events.pause(20 * time.Millisecond)
	}
	w.must(t, http.MethodPost, "/v1/teams/payments/obstacles?obstacleId=hidden", `{"description":"x"}`)
	w.must(t, http.MethodPost, "/v1/teams/orchard/obstacles?obstacleId=shown", `{"description":"x"}`)
	events.await(t, "teams/orchard/obstacles/shown")
	if strings.Contains(events.String(), "teams/payments/obstacles/hidden") {
		t.Error("who has left the team still sees its events")
	}
}

// secondGateway is a further gateway before the same services.
func (w *world) secondGateway(t *testing.T) *started {
	t.Helper()
	opened, err := gateway.New(gateway.Config{Conn: w.conns.plain, EventSources: serviceNames(), Clock: w.clock, Recheck: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(opened.Handler())
	t.Cleanup(server.Close)
	t.Cleanup(opened.Close)
	return &started{Program: w.Program, URL: server.URL}
}

// openedStream is a live stream that is read in the background.
type openedStream struct {
	mu      sync.Mutex
	text    strings.Builder
	arrived chan struct{}
}

// openStream opens the live stream from now on, and returns once it is open.
func openStream(t *testing.T, url, token string) *openedStream {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	t.Cleanup(cancel)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/events?since=start", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusOK {
		t.Fatalf("the live stream answers %d", resp.StatusCode)
	}
	s := &openedStream{arrived: make(chan struct{}, 1)}
	go func() {
		defer func() { _ = resp.Body.Close() }()
		lines := bufio.NewScanner(resp.Body)
		lines.Buffer(nil, 1<<20)
		for lines.Scan() {
			s.mu.Lock()
			s.text.WriteString(lines.Text() + "\n")
			s.mu.Unlock()
			select {
			case s.arrived <- struct{}{}:
			default:
			}
		}
	}()
	return s
}

func (s *openedStream) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.text.String()
}

// pause waits for the next line, a moment at most.
func (s *openedStream) pause(most time.Duration) {
	select {
	case <-s.arrived:
	case <-time.After(most):
	}
}

// await waits until the stream holds a text.
func (s *openedStream) await(t *testing.T, text string) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !strings.Contains(s.String(), text); s.pause(time.Second) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not arrive on the live stream", text)
		}
	}
}
