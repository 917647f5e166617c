package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/installation"
)

func TestMedian(t *testing.T) {
	for _, test := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3},
		{[]float64{9, 1, 2}, 2},
		{[]float64{4, 1, 3, 2}, 2.5},
	} {
		if got := median(test.values); got != test.want {
			t.Errorf("median of %v is %v, want %v", test.values, got, test.want)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("the median of nothing is a number")
	}
}

func TestSummarize(t *testing.T) {
	var times []time.Duration
	for i := 1000; i > 0; i-- {
		times = append(times, time.Duration(i))
	}
	s := summarize(times)
	if s.requests != 1000 || s.p50 != 501 || s.p99 != 991 || s.p999 != 1000 || s.max != 1000 {
		t.Errorf("summarized %+v", s)
	}
}

func TestClientReadsAnswersOneAfterTheOther(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer secret" {
			t.Error("the token is missing")
		}
		if r.Method == http.MethodPost {
			if key := r.Header.Get("Idempotency-Key"); key != `"k"` {
				t.Errorf("the key is %q", key)
			}
			w.WriteHeader(http.StatusTeapot)
		}
		fmt.Fprint(w, r.URL.Path, " ", r.ContentLength)
	}))
	defer server.Close()
	c, err := dial(server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.close()
	for _, test := range []struct {
		request []byte
		status  int
		body    string
	}{
		{get("/a", "secret"), http.StatusOK, "/a 0"},
		{post("/bb", "secret", "k", `{"x":1}`), http.StatusTeapot, "/bb 7"},
		{get("/ccc", "secret"), http.StatusOK, "/ccc 0"},
	} {
		status, body, err := c.do(test.request)
		if err != nil || status != test.status || string(body) != test.body {
			t.Errorf("got %d %q %v, want %d %q", status, body, err, test.status, test.body)
		}
	}
}

func TestClientRefusesWhatItCannotRead(t *testing.T) {
	for _, answer := range []string{"nonsense\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nshort"} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 1024))
			_, _ = conn.Write([]byte(answer))
			_ = conn.Close()
		}()
		c, err := dial(listener.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		if _, body, err := c.do(get("/", "")); err == nil {
			t.Errorf("%q was read as %q", answer, body)
		}
		c.close()
		_ = listener.Close()
	}
}

// A wrong answer must end the benchmark, whatever the figures are.
func TestTurnFailsOnAWrongAnswer(t *testing.T) {
	right := true
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if right {
			fmt.Fprint(w, "right")
		} else {
			fmt.Fprint(w, "wrong")
		}
	}))
	defer server.Close()
	next := func(int) caller { return cycling([][]byte{get("/", "")}, [][]byte{[]byte("right")}) }
	addr := server.Listener.Addr().String()
	s, err := turn(context.Background(), addr, 2, 20*time.Millisecond, nil, next)
	if err != nil || s.requests == 0 || s.perSecond <= 0 {
		t.Fatalf("right answers: %+v, %v", s, err)
	}
	right = false
	if _, err := turn(context.Background(), addr, 2, time.Minute, nil, next); err == nil || !strings.Contains(err.Error(), "wrong answer") {
		t.Errorf("wrong answers: %v", err)
	}
}

// What is published while the knowledge service and the broker are away is all found afterwards, and offered once, also when the service
// is killed while it catches up. It runs the program as processes.
func TestNothingIsLostInAnOutage(t *testing.T) {
	b := &bench{dir: t.TempDir()}
	programs, err := installation.Build(t.Context(), b.dir)
	if err != nil {
		t.Fatal(err)
	}
	b.binary = programs.Fortnight
	c, at, err := b.install(t.Context(), filepath.Join(b.dir, "outage"), 1)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	o := &outage{c: c, at: at, id: "left", closed: 10, parked: 100}
	if err := o.play(t.Context()); err != nil {
		t.Fatal(err)
	}
	for try := 1; ; try++ {
		o = &outage{c: c, at: at, id: fmt.Sprintf("killed%d", try), closed: 20 * try, parked: 300 * try, kill: true}
		if err = o.play(t.Context()); err == nil {
			t.Logf("%d events in %s, at try %d", o.events, o.took, try)
			return
		}
		if !errors.Is(err, errTooFast) || try == 4 {
			t.Fatal(err)
		}
	}
}
