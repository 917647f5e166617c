package gateway_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/gateway"
)

// listener is a client of the live stream.
type listener struct {
	t      *testing.T
	header http.Header
	frames chan frame
	cancel context.CancelFunc
}

// frame is one block of the stream: an event, or only an id.
type frame struct{ id, event, data, comment, retry string }

// listen opens the stream; query begins with ? or is empty. An empty header takes one away.
func (w *world) listen(query, lastEventID string, headers ...string) *listener {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	w.t.Cleanup(cancel)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/v1/events"+query, nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+minaToken)
	if lastEventID != "" {
		request.Header.Set("Last-Event-ID", lastEventID)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		if request.Header.Del(headers[i]); headers[i+1] != "" {
			request.Header.Set(headers[i], headers[i+1])
		}
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	if response.StatusCode != http.StatusOK {
		w.t.Fatalf("status %d", response.StatusCode)
	}
	l := &listener{t: w.t, header: response.Header, frames: make(chan frame, 1000), cancel: cancel}
	go func() {
		defer close(l.frames)
		defer response.Body.Close()
		var f frame
		for lines := bufio.NewScanner(response.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch {
			case lines.Text() == "":
				l.frames <- f
				f = frame{}
			case name == "id":
				f.id = value
			case name == "event":
				f.event = value
			case name == "data":
				f.data += value
			case name == "retry":
				f.retry = value
			case strings.HasPrefix(lines.Text(), ":"):
				f.comment = strings.TrimPrefix(lines.Text(), ": ")
			}
		}
	}()
	return l
}

// await returns the next frame that is wanted.
func (l *listener) await(wanted func(frame) bool) frame {
	l.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for {
		select {
		case f, ok := <-l.frames:
			if !ok {
				l.t.Fatal("the stream has ended")
			}
			if wanted(f) {
				return f
			}
		case <-deadline.C:
			l.t.Fatal("nothing came")
		}
	}
}

func isEvent(f frame) bool { return f.event != "" }

// placed tells that the stream knows its place in both logs: from then on nothing is missed.
func (l *listener) placed() frame {
	l.t.Helper()
	return l.await(func(f frame) bool { return f.comment == "ping" && len(f.id) > 60 }) // two sources with an epoch each
}

func (l *listener) ended() {
	l.t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	for {
		select {
		case _, ok := <-l.frames:
			if !ok {
				return
			}
		case <-deadline.C:
			l.t.Fatal("the stream goes on")
		}
	}
}

func lively(c *gateway.Config) { c.Heartbeat = 10 * time.Millisecond }

func TestTheStreamMergesTheSources(t *testing.T) {
	w := newWorld(t, lively)
	w.log.add("cycle", "fortnight.cycle.v1.CycleCreated", "payments") // before: not wanted
	l := w.listen("", "")
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
	} {
		if got := l.header.Get(name); got != want {
			t.Errorf("%s = %q", name, got)
		}
	}
	if f := l.await(func(f frame) bool { return f.retry != "" }); f.retry != "3000" {
		t.Errorf("retry: %s", f.retry)
	}
	l.placed()
	w.log.add("cycle", "fortnight.cycle.v1.CycleAdvanced", "payments")
	f := l.await(isEvent)
	if f.event != "fortnight.cycle.v1.CycleAdvanced" || f.data != `{"source":"cycle","sequence":"2"}` || f.id == "" {
		t.Errorf("%+v", f)
	}
	w.log.add("knowledge", "fortnight.knowledge.v1.LearningPublished", "")
	if f := l.await(isEvent); f.event != "fortnight.knowledge.v1.LearningPublished" {
		t.Errorf("%+v", f)
	}
	for _, caller := range w.log.callers() {
		if caller != minaCaller {
			t.Errorf("a log was asked as %q", caller)
		}
	}
}

func TestTheStreamGoesOnWhereItEnded(t *testing.T) {
	w := newWorld(t, lively)
	l := w.listen("", "")
	start := l.placed()
	w.log.add("cycle", "t.A", "payments")
	first := l.await(isEvent)
	l.cancel()
	w.log.add("cycle", "t.B", "payments")
	w.log.add("knowledge", "t.C", "payments")

	for _, test := range []struct {
		name, query, header string
		want                []string
	}{
		{"after the first event", "", first.id, []string{"t.B", "t.C"}},
		{"by the query", "?lastEventId=" + first.id, "", []string{"t.B", "t.C"}},
		{"the header goes before", "?lastEventId=" + first.id, start.id, []string{"t.A", "t.B", "t.C"}},
		{"after a heartbeat", "", start.id, []string{"t.A", "t.B", "t.C"}},
		{"from the start", "?since=start", "", []string{"t.A", "t.B", "t.C"}},
		{"not from the start again", "?since=start", first.id, []string{"t.B", "t.C"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			l := w.listen(test.query, test.header)
			defer l.cancel()
			var got []string
			for range test.want {
				got = append(got, l.await(isEvent).event)
			}
			if slices.Sort(got); !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

// Every id names a place in every log, or a client that comes back with it would miss something.
func TestTheFirstIDIsWhole(t *testing.T) {
	w := newWorld(t, lively)
	late := make(chan struct{})
	w.log.late = map[string]chan struct{}{"knowledge": late}
	l := w.listen("", "")
	until(t, func() bool { return len(w.log.callers()) == 2 })
	l.pings(2)
	w.log.add("cycle", "t.A", "payments")
	l.pings(2)
	close(late)
	first := l.await(isEvent)
	l.cancel()
	w.log.add("knowledge", "t.B", "payments")
	if got := w.listen("", first.id).await(isEvent).event; got != "t.B" {
		t.Errorf("got %s after %s", got, first.id)
	}
}

func TestFromTheStartInTwoGoes(t *testing.T) {
	w := newWorld(t, lively)
	for range 3 {
		w.log.add("cycle", "t.A", "payments")
		w.log.add("knowledge", "t.B", "payments")
	}
	l := w.listen("?since=start", "")
	first := l.await(isEvent)
	l.cancel()
	got := []string{first.data}
	again := w.listen("?since=start", first.id)
	for range 5 {
		got = append(got, again.await(isEvent).data)
	}
	if slices.Sort(got); len(slices.Compact(got)) != 6 {
		t.Errorf("got %v", got)
	}
}

func TestFilters(t *testing.T) {
	w := newWorld(t, lively)
	for _, e := range [][2]string{{"fortnight.cycle.v1.CycleCreated", "payments"}, {"fortnight.cycle.v1.AndonRaised", "search"}, {"fortnight.other.v1.X", ""}} {
		w.log.add("cycle", e[0], e[1])
	}
	w.log.add("cycle", "end", "payments")
	w.log.add("cycle", "end", "search")
	for _, test := range []struct {
		query string
		want  []string
	}{
		{"types=fortnight.cycle.v1.CycleCreated,end", []string{"fortnight.cycle.v1.CycleCreated"}},
		{"types=fortnight.cycle.*,end", []string{"fortnight.cycle.v1.CycleCreated", "fortnight.cycle.v1.AndonRaised"}},
		{"types=fortnight.cycle.*&types=end", []string{"fortnight.cycle.v1.CycleCreated", "fortnight.cycle.v1.AndonRaised"}},
		{"types=*", []string{"fortnight.cycle.v1.CycleCreated", "fortnight.cycle.v1.AndonRaised", "fortnight.other.v1.X"}},
		{"teams=search", []string{"fortnight.cycle.v1.AndonRaised"}},
		{"teams=search,payments", []string{"fortnight.cycle.v1.CycleCreated", "fortnight.cycle.v1.AndonRaised"}},
		{"types=fortnight.*,end&teams=payments", []string{"fortnight.cycle.v1.CycleCreated"}},
	} {
		t.Run(test.query, func(t *testing.T) {
			l := w.listen("?since=start&"+test.query, "")
			defer l.cancel()
			var got []string
			for {
				f := l.await(isEvent)
				if f.event == "end" {
					break
				}
				got = append(got, f.event)
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %v, want %v", got, test.want)
			}
		})
	}
}

func TestWhatTheStreamDoesNotTake(t *testing.T) {
	w := newWorld(t)
	for _, test := range []struct{ query, header, reason, field string }{
		{"?types=a%20b", "", "QUERY_PARAMETER_INVALID", "types"},
		{"?types=a*b", "", "QUERY_PARAMETER_INVALID", "types"},
		{"?types=", "", "QUERY_PARAMETER_INVALID", "types"},
		{"?types=" + strings.Repeat("a,", 100) + "a", "", "QUERY_PARAMETER_INVALID", "types"},
		{"?teams=Payments", "", "QUERY_PARAMETER_INVALID", "teams"},
		{"?teams=a,,b", "", "QUERY_PARAMETER_INVALID", "teams"},
		{"?since=yesterday", "", "QUERY_PARAMETER_INVALID", "since"},
		{"?filter=x", "", "UNKNOWN_QUERY_PARAMETER", "filter"},
		{"?types=%zz", "", "QUERY_MALFORMED", ""},
		{"", "48211", "LAST_EVENT_ID_INVALID", "Last-Event-ID"},
		{"?lastEventId=48211", "", "LAST_EVENT_ID_INVALID", "lastEventId"},
	} {
		p := w.do("GET", "/v1/events"+test.query, "", "Last-Event-ID", test.header).wantProblem(t, http.StatusBadRequest, test.reason)
		if test.field != "" && (len(p.Violations) != 1 || p.Violations[0].Field != test.field) {
			t.Errorf("%s: %+v", test.query, p.Violations)
		}
	}
	w.do("GET", "/v1/events", "", "Authorization", "").wantProblem(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	w.do("GET", "/v1/events", "", "Authorization", "Bearer fn_nobody").wantProblem(t, http.StatusUnauthorized, "TOKEN_INVALID")
	if got := w.log.callers(); len(got) != 0 {
		t.Errorf("a log was asked: %v", got)
	}
}

// collect reads n events and returns the sequences of one source.
func (l *listener) collect(n int) []string {
	l.t.Helper()
	var got []string
	for range n {
		var data struct{ Source, Sequence string }
		if err := json.Unmarshal([]byte(l.await(isEvent).data), &data); err != nil {
			l.t.Fatal(err)
		}
		got = append(got, data.Source+data.Sequence)
	}
	return got
}

func TestABrokenSourceLosesAndDoublesNothing(t *testing.T) {
	w := newWorld(t, lively)
	l := w.listen("", "")
	l.placed()
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprintf("cycle%d", w.log.add("cycle", "t.A", "payments")))
		if i%5 == 4 {
			w.log.breakAll()
		}
	}
	got := l.collect(20)
	if !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestTheCredentialIsCheckedAgain(t *testing.T) {
	w := newWorld(t, lively, func(c *gateway.Config) { c.Recheck = 20 * time.Millisecond })
	l := w.listen("", "")
	l.placed()
	// A new role: the logs are asked anew with it, and nothing is lost or doubled by that.
	w.identity.set(minaToken, "caller-with-a-new-role")
	var want []string
	for range 9 {
		want = append(want, fmt.Sprintf("cycle%d", w.log.add("cycle", "t.A", "payments")))
		asked := len(w.log.callers())
		until(t, func() bool { return len(w.log.callers()) > asked })
	}
	if got := l.collect(9); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	until(t, func() bool { return slices.Contains(w.log.callers(), "caller-with-a-new-role") })
	// Revoked: the stream ends.
	w.identity.set(minaToken, "")
	l.ended()
}

func TestALogThatKeepsItsPlaceToItselfIsReadWithTheNewestCredential(t *testing.T) {
	w := newWorld(t, lively, func(c *gateway.Config) { c.Recheck = 20 * time.Millisecond })
	w.log.silent = true
	l := w.listen("", "")
	until(t, func() bool { return len(w.log.callers()) == 2 })
	w.identity.set(minaToken, "caller-with-a-new-role")
	asked := w.identity.count()
	until(t, func() bool { return w.identity.count() > asked+2 }) // renewed meanwhile
	w.log.add("cycle", "t.A", "payments")
	if got := l.collect(1); !slices.Equal(got, []string{"cycle1"}) {
		t.Errorf("got %v", got)
	}
	if callers := w.log.callers(); callers[len(callers)-1] != "caller-with-a-new-role" {
		t.Errorf("the event was read as %v", callers)
	}
}

// until waits for something that happens elsewhere.
func until(t *testing.T, done func() bool) {
	t.Helper()
	deadline := time.NewTimer(20 * time.Second)
	defer deadline.Stop()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !done() {
		select {
		case <-deadline.C:
			t.Fatal("it did not happen")
		case <-tick.C:
		}
	}
}

func TestTheStreamEndsWithTheServer(t *testing.T) {
	w := newWorld(t, lively)
	l := w.listen("", "")
	l.placed()
	w.gateway.Close()
	l.ended()
}

func TestStreamsAreBounded(t *testing.T) {
	w := newWorld(t, lively, func(c *gateway.Config) { c.MaxStreams = 1 })
	l := w.listen("", "")
	a := w.do("GET", "/v1/events", "")
	a.wantProblem(t, http.StatusServiceUnavailable, "TOO_MANY_STREAMS")
	if a.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	l.cancel()
	until(t, w.hasRoom)
}

// pings waits for n signs of life.
func (l *listener) pings(n int) {
	l.t.Helper()
	for range n {
		l.await(func(f frame) bool { return f.comment == "ping" })
	}
}

func TestTheStreamOutlivesTheServersLimits(t *testing.T) {
	w := newWorld(t, lively)
	front := httptest.NewUnstartedServer(nil)
	front.Config = w.gateway.Server()
	front.Config.ReadTimeout, front.Config.WriteTimeout = 50*time.Millisecond, 50*time.Millisecond
	front.Start()
	t.Cleanup(front.Close)
	t.Cleanup(w.gateway.Close)
	w.url = front.URL
	l := w.listen("", "")
	l.placed()
	l.pings(30) // several times the limits
	w.log.add("cycle", "t.A", "payments")
	l.await(isEvent)

	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	if err := front.Config.Shutdown(ctx); err != nil {
		t.Errorf("the server waits for its streams: %v", err)
	}
	l.ended()
}

func TestAClientThatDoesNotReadIsGivenUp(t *testing.T) {
	w := newWorld(t, lively, func(c *gateway.Config) { c.MaxStreams, c.WriteTimeout = 1, 50*time.Millisecond })
	conn, err := net.Dial("tcp", strings.TrimPrefix(w.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := fmt.Fprintf(conn, "GET /v1/events?since=start HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", minaToken); err != nil {
		t.Fatal(err)
	}
	until(t, func() bool { return len(w.log.callers()) == 2 })
	// More than the buffers of the network hold.
	for range 64 {
		w.log.add("cycle", "t."+strings.Repeat("x", 1<<20), "payments")
	}
	until(t, w.hasRoom)
}

// hasRoom tells whether a further stream can be opened.
func (w *world) hasRoom() bool {
	w.t.Helper()
	ctx, cancel := context.WithCancel(w.t.Context())
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.url+"/v1/events", nil)
	if err != nil {
		w.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+minaToken)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		w.t.Fatal(err)
	}
	defer response.Body.Close()
	return response.StatusCode == http.StatusOK
}
