package gateway_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"

	"github.com/fortnighthq/fortnight/gateway"
)

func TestReadiness(t *testing.T) {
	for _, test := range []struct {
		name   string
		err    error
		status int
		body   string
	}{
		{"ready", nil, 200, `{"status":"ready"}`},
		{"a service is not", errors.New("cycle: sqlite: disk I/O error"), 503, `{"service":"cycle","status":"not ready"}`},
		{"nobody knows which", errors.New("dial tcp 10.0.0.7: refused"), 503, `{"status":"not ready"}`},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t, func(c *gateway.Config) { c.Ready = func(context.Context) error { return test.err } })
			a := w.do("GET", "/readyz", "", "Authorization", "")
			if a.StatusCode != test.status || strings.TrimSpace(a.body) != test.body {
				t.Errorf("%d %s", a.StatusCode, a.body)
			}
			if live := w.do("GET", "/livez", "", "Authorization", ""); live.StatusCode != http.StatusOK {
				t.Errorf("not live: %d", live.StatusCode)
			}
		})
	}
}

func TestAClosedGatewayIsNotReadyButServes(t *testing.T) {
	w := newWorld(t)
	w.gateway.Close()
	if a := w.do("GET", "/readyz", ""); a.StatusCode != http.StatusServiceUnavailable || !strings.Contains(a.body, "draining") {
		t.Errorf("%d %s", a.StatusCode, a.body)
	}
	w.do("GET", cyclePath, "").wantOK(t)
	w.do("GET", "/v1/events", "").wantProblem(t, http.StatusServiceUnavailable, "TOO_MANY_STREAMS")
}

func TestVersion(t *testing.T) {
	w := newWorld(t)
	a := w.do("GET", "/version", "", "Authorization", "")
	a.wantOK(t)
	if !strings.Contains(a.body, `"version":"1.2.3"`) || !strings.Contains(a.body, `"commit":"abc"`) {
		t.Errorf("%s", a.body)
	}
}

func TestConfigIsChecked(t *testing.T) {
	var none grpc.ClientConnInterface
	for name, config := range map[string]gateway.Config{
		"no Conn":        {},
		"no connection":  {Conn: func(string) grpc.ClientConnInterface { return none }},
		"an unknown log": {Conn: func(string) grpc.ClientConnInterface { return unused{} }, EventSources: []string{"weather"}},
	} {
		if _, err := gateway.New(config); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	g, err := gateway.New(gateway.Config{Conn: func(string) grpc.ClientConnInterface { return unused{} }})
	if err != nil {
		t.Fatal(err)
	}
	if s := g.Server(); s.ReadHeaderTimeout == 0 || s.ReadTimeout == 0 || s.WriteTimeout == 0 || s.IdleTimeout == 0 || s.MaxHeaderBytes == 0 {
		t.Errorf("the server has no bounds: %+v", s)
	}
}

// unused is a connection that nobody calls.
type unused struct{ grpc.ClientConnInterface }
