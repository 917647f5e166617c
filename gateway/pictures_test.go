package gateway_test

import (
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fortnighthq/fortnight/gateway"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// fakeKnowledge has learnings in the order of its list, for whoever has a token.
type fakeKnowledge struct {
	knowledgev1.UnimplementedKnowledgeServiceServer
	mu        sync.Mutex
	learnings []*knowledgev1.Learning
	revisions []*knowledgev1.LearningRevision
	listed    *knowledgev1.ListLearningsRequest
	callers   []string
	gets      int
}

// withKnowledge is a world whose knowledge service is fake.
func withKnowledge(t *testing.T, fake *fakeKnowledge, change ...func(*gateway.Config)) *world {
	t.Helper()
	server := grpc.NewServer()
	knowledgev1.RegisterKnowledgeServiceServer(server, fake)
	listener := bufconn.Listen(1 << 20)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	conn := dial(t, listener.DialContext)
	return newWorld(t, append([]func(*gateway.Config){func(c *gateway.Config) {
		others := c.Conn
		c.Conn = func(service string) grpc.ClientConnInterface {
			if service == "knowledge" {
				return conn
			}
			return others(service)
		}
	}}, change...)...)
}

// called notes who asks, and refuses who shows nothing.
func (f *fakeKnowledge) called(ctx context.Context) error {
	md, _ := metadata.FromIncomingContext(ctx)
	f.callers = append(f.callers, md.Get("fortnight-caller")...)
	if len(md.Get("fortnight-caller")) == 0 {
		return fail(codes.Unauthenticated, "UNAUTHENTICATED", "Sign in first.")
	}
	return nil
}

func (f *fakeKnowledge) GetLearningChart(ctx context.Context, r *knowledgev1.GetLearningChartRequest) (*knowledgev1.LearningChart, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.called(ctx); err != nil {
		return nil, err
	}
	if r.GetName() == "learnings/none" {
		return nil, fail(codes.NotFound, "LEARNING_CHART_NOT_FOUND", "There is no chart.")
	}
	at := timestamppb.New(time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC))
	return &knowledgev1.LearningChart{
		Name: r.GetName(), Metric: &experimentv1.Metric{Name: "teams/payments/metrics/wait", DisplayName: "Review <b>wait</b> \u202e", Unit: "h"},
		Chart: &experimentv1.ProcessBehaviourChart{Points: []*experimentv1.ChartPoint{{Time: at, Value: 4.5}}},
	}, nil
}

func (f *fakeKnowledge) GetSpread(ctx context.Context, r *knowledgev1.GetSpreadRequest) (*knowledgev1.Spread, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.called(ctx); err != nil {
		return nil, err
	}
	if r.GetName() == "learnings/none" {
		return nil, fail(codes.NotFound, "LEARNING_NOT_FOUND", "There is no such learning.")
	}
	return &knowledgev1.Spread{Name: r.GetName(), Claim: "A rota halves the wait.", OriginTeam: "teams/payments", Offered: 1, Teams: []*knowledgev1.SpreadTeam{{}}}, nil
}

func TestPicturesOfALearningComeInTheFormThatIsAskedFor(t *testing.T) {
	const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	w := withKnowledge(t, &fakeKnowledge{})
	for _, c := range []struct{ path, accept, want, begin, holds string }{
		{"rota:chart", "", "application/json", `{"name":"learnings/rota"`, "wait"},
		{"rota:chart", "text/csv", "text/csv; charset=utf-8; header=present", "time,value,", "2026-06-01T09:00:00Z,4.5,"},
		{"rota:chart", "image/svg+xml", "image/svg+xml", "<svg ", "Review &lt;b&gt;wait&lt;/b&gt; (h)"},
		{"rota:chart", "image/png", "image/png", "\x89PNG", ""},
		{"rota:chart", browser, "text/html; charset=utf-8", "<!doctype html>", `<th scope="row">2026-06-01T09:00:00Z</th><td>4.5</td>`},
		{"rota:chart?format=svg", browser, "image/svg+xml", "<svg ", ""},
		{"rota:chart?format=html", "", "text/html; charset=utf-8", "<!doctype html>", `<svg xmlns="http://www.w3.org/2000/svg" class="fn-chart"`},
		{"rota:spread", "", "application/json", `{"name":"learnings/rota"`, ""},
		{"rota:spread", browser, "application/json", `{"name":"learnings/rota"`, ""},
		{"rota:spread", "image/svg+xml", "image/svg+xml", "<svg ", "Offered to 1 team: 0 answered, 0 tried it."},
		{"rota:spread?format=svg", "", "image/svg+xml", "<svg ", "a team that you may not read"},
	} {
		t.Run(c.path+" "+c.accept, func(t *testing.T) {
			a := w.do("GET", "/v1/learnings/"+c.path, "", "Accept", c.accept)
			a.wantOK(t)
			if got := a.Header.Get("Content-Type"); got != c.want || !strings.HasPrefix(a.body, c.begin) || !strings.Contains(a.body, c.holds) {
				t.Errorf("%q: %s", got, a.body)
			}
			if c.want != "application/json" && (strings.Contains(a.body, "<b>") || strings.Contains(a.body, "\u202e")) || !strings.Contains(a.Header.Get("Vary"), "Accept") {
				t.Errorf("headers %v: %s", a.Header, a.body)
			}
			policy := a.Header.Get("Content-Security-Policy")
			if strings.Contains(policy, "script-src") || strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'; style-src ") {
				t.Errorf("policy %q", policy)
			}
			if strings.Contains(a.body, "<style>") && !strings.Contains(policy, "'sha256-") {
				t.Errorf("its own style is kept out: %q", policy)
			}
			if head := w.do("HEAD", "/v1/learnings/"+c.path, "", "Accept", c.accept); head.StatusCode != http.StatusOK || head.body != "" {
				t.Errorf("HEAD answers %d", head.StatusCode)
			}
		})
	}
	for _, c := range []struct {
		path, accept string
		status       int
		reason       string
	}{
		{"none:chart", "image/svg+xml", 404, "LEARNING_CHART_NOT_FOUND"},
		{"none:chart", "text/html", 404, "LEARNING_CHART_NOT_FOUND"},
		{"none:spread", "image/svg+xml", 404, "LEARNING_NOT_FOUND"},
		{"rota:spread", "image/png", 406, "NOT_ACCEPTABLE"},
		{"rota:spread?format=html", "", 406, "NOT_ACCEPTABLE"},
		{"rota:chart?format=pdf", "", 406, "NOT_ACCEPTABLE"},
		{"rota:chart?baselinePoints=12", "image/svg+xml", 400, "UNKNOWN_QUERY_PARAMETER"},
		{"rota:spread?x=1", "image/svg+xml", 400, "UNKNOWN_QUERY_PARAMETER"},
		{"a/b:chart", "image/svg+xml", 404, "ROUTE_NOT_FOUND"},
		{"a%2Fb:spread", "image/svg+xml", 404, "ROUTE_NOT_FOUND"},
	} {
		w.do("GET", "/v1/learnings/"+c.path, "", "Accept", c.accept).wantProblem(t, c.status, c.reason)
	}
	w.do("GET", "/v1/learnings/rota:spread", "", "Accept", "image/svg+xml", "Authorization", "").wantProblem(t, 401, "UNAUTHENTICATED")
	w.do("GET", "/v1/learnings/rota:chart", "", "Accept", "image/png", "Authorization", "Bearer fn_stolen").wantProblem(t, 401, "TOKEN_INVALID")
	w.do("POST", "/v1/learnings/rota:spread", "{}", "Accept", "image/svg+xml").wantProblem(t, 405, "METHOD_NOT_ALLOWED")
}
