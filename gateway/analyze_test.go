package gateway_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/csv"
	"net/http"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

const chartPath = "/v1/teams/payments/metrics/review-wait:analyze"

func (f *fakeExperiment) AnalyzeMetric(_ context.Context, r *experimentv1.AnalyzeMetricRequest) (*experimentv1.ProcessBehaviourChart, error) {
	if strings.HasSuffix(r.GetName(), "/none") {
		return nil, fail(codes.NotFound, "METRIC_NOT_FOUND", "There is no such metric.")
	}
	at := timestamppb.New(time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC))
	return &experimentv1.ProcessBehaviourChart{Metric: r.GetName(), Points: []*experimentv1.ChartPoint{{Time: at, Value: 4.5}}}, nil
}

func (f *fakeExperiment) GetMetric(_ context.Context, r *experimentv1.GetMetricRequest) (*experimentv1.Metric, error) {
	return &experimentv1.Metric{Name: r.GetName(), DisplayName: "Review wait", Unit: "h"}, nil
}

func TestChartsComeInTheFormThatIsAskedFor(t *testing.T) {
	const browser = "image/avif,image/webp,image/apng,image/svg+xml,image/*,*/*;q=0.8"
	w := newWorld(t)
	for _, c := range []struct{ name, query, accept, want string }{
		{"nothing is said", "", "", "application/json"},
		{"anything", "", "*/*", "application/json"},
		{"a page in a browser", "", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "application/json"},
		{"an image in a page", "", browser, "image/svg+xml"},
		{"JSON", "", "application/json", "application/json"},
		{"CSV", "", "text/csv", "text/csv; charset=utf-8; header=present"},
		{"CSV with a parameter", "", "Text/CSV; charset=utf-8", "text/csv; charset=utf-8; header=present"},
		{"SVG", "", "image/svg+xml", "image/svg+xml"},
		{"PNG", "", "image/png", "image/png"},
		{"an image", "", "image/*", "image/svg+xml"},
		{"rather PNG", "", "image/svg+xml;q=0.5, image/png;q=0.9", "image/png"},
		{"all but JSON", "", "application/json;q=0, */*", "text/csv; charset=utf-8; header=present"},
		{"what is precise counts", "", "*/*, text/csv", "text/csv; charset=utf-8; header=present"},
		{"the query goes before", "?format=png", "text/csv", "image/png"},
		{"the query alone", "?format=svg&baselinePoints=12", "", "image/svg+xml"},
		{"JSON by the query", "?baselinePoints=12&format=json", "image/png", "application/json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := w.do("GET", chartPath+c.query, "", "Accept", c.accept)
			a.wantOK(t)
			if got := a.Header.Get("Content-Type"); got != c.want {
				t.Fatalf("content type %q, want %q", got, c.want)
			}
			if !strings.Contains(a.Header.Get("Vary"), "Accept") || a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("ETag") != "" {
				t.Errorf("headers %v", a.Header)
			}
			begin := map[string]string{"application/json": `{"metric":"teams/payments/metrics/review-wait"`, "text/csv": "time,value,", "image/svg+xml": "<svg ", "image/png": "\x89PNG"}
			media, _, _ := strings.Cut(c.want, ";")
			if !strings.HasPrefix(a.body, begin[media]) {
				t.Errorf("the body begins %.40q", a.body)
			}
			if head := w.do("HEAD", chartPath+c.query, "", "Accept", c.accept); head.StatusCode != http.StatusOK || head.body != "" || head.Header.Get("Content-Type") != c.want {
				t.Errorf("HEAD answers %d %q", head.StatusCode, head.Header.Get("Content-Type"))
			}
		})
	}
}

// sent are the calls of one method that have arrived.
func (w *world) sent(method string) (list []call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if strings.HasSuffix(c.method, method) {
			list = append(list, c)
		}
	}
	return list
}

func TestChartsAskWithTheQueryAndTheCaller(t *testing.T) {
	for _, format := range []string{"json", "csv", "svg", "png"} {
		w := newWorld(t)
		w.do("GET", "/v1/organization/metrics/lead:analyze?start_time=2026-01-01T00:00:00Z&endTime=2026-02-01T00:00:00Z&baselinePoints=12&format="+format, "").wantOK(t)
		asked := w.sent("/AnalyzeMetric")
		if len(asked) != 1 {
			t.Fatalf("%s: asked %d times", format, len(asked))
		}
		r := asked[0].request.(*experimentv1.AnalyzeMetricRequest)
		if r.GetName() != "organization/metrics/lead" || r.GetBaselinePoints() != 12 || r.GetStartTime().AsTime().Month() != time.January || r.GetEndTime().AsTime().Month() != time.February {
			t.Errorf("%s: asked for %v", format, r)
		}
		for _, c := range w.sent("Metric") {
			if got := c.md.Get("fortnight-caller"); len(got) != 1 || got[0] != minaCaller {
				t.Errorf("%s: %s came with %v", format, c.method, got)
			}
		}
	}
}

func TestChartsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, path, accept string
		status             int
		reason             string
	}{
		{"a form that there is not", chartPath, "text/html", 406, "NOT_ACCEPTABLE"},
		{"none at all", chartPath, "image/*;q=0, */*;q=0", 406, "NOT_ACCEPTABLE"},
		{"not readable", chartPath, "nonsense", 406, "NOT_ACCEPTABLE"},
		{"an unknown word", chartPath + "?format=pdf", "", 406, "NOT_ACCEPTABLE"},
		{"the form twice", chartPath + "?format=csv&format=svg", "", 400, "QUERY_PARAMETER_REPEATED"},
		{"an unknown query", chartPath + "?format=csv&baseline=12", "", 400, "UNKNOWN_QUERY_PARAMETER"},
		{"another metric in the query", chartPath + "?name=teams/other/metrics/m", "text/csv", 400, "UNKNOWN_QUERY_PARAMETER"},
		{"no number", chartPath + "?baselinePoints=many", "text/csv", 400, "QUERY_PARAMETER_INVALID"},
		{"no instant", chartPath + "?startTime=today", "image/png", 400, "QUERY_PARAMETER_INVALID"},
		{"twice under two names", chartPath + "?startTime=2026-01-01T00:00:00Z&start_time=2026-01-01T00:00:00Z", "image/png", 400, "QUERY_PARAMETER_REPEATED"},
		{"a broken query", chartPath + "?a;b", "image/png", 400, "QUERY_MALFORMED"},
		{"no such metric", "/v1/teams/payments/metrics/none:analyze", "image/svg+xml", 404, "METRIC_NOT_FOUND"},
		{"no such path", "/v1/teams/payments/metrics/a/b:analyze", "image/svg+xml", 404, "ROUTE_NOT_FOUND"},
		{"an escaped path", "/v1/teams/payments/metrics/a%2Fb:analyze", "image/svg+xml", 404, "ROUTE_NOT_FOUND"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := w.do("GET", c.path, "", "Accept", c.accept).wantProblem(t, c.status, c.reason)
			if c.status == http.StatusNotAcceptable && p.Metadata["forms"] != "application/json, text/csv, image/svg+xml, image/png" {
				t.Errorf("metadata %v", p.Metadata)
			}
			if c.reason == "QUERY_PARAMETER_INVALID" && !strings.Contains(p.Detail, " must be a") { // as the answer in JSON says it
				t.Errorf("detail %q", p.Detail)
			}
		})
	}
	before := w.count()
	w.do("GET", chartPath, "", "Accept", "image/png", "Authorization", "Bearer fn_stolen").wantProblem(t, http.StatusUnauthorized, "TOKEN_INVALID")
	w.do("GET", chartPath, "", "Accept", "text/html", "Authorization", "Bearer fn_stolen").wantProblem(t, http.StatusUnauthorized, "TOKEN_INVALID")
	w.do("POST", chartPath, "{}", "Accept", "image/png").wantProblem(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
	if w.count() != before {
		t.Error("a service was asked")
	}
}

// What a browser opens by itself may use its own style and nothing else.
func TestAPictureCannotRunAnything(t *testing.T) {
	w := newWorld(t)
	a := w.do("GET", chartPath+"?format=svg", "")
	_, style, _ := strings.Cut(a.body, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	sum := sha256.Sum256([]byte(style))
	want := "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "';"
	if policy := a.Header.Get("Content-Security-Policy"); style == "" || !strings.HasPrefix(policy, want) || a.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("headers %v", a.Header)
	}
	table := w.do("GET", chartPath+"?format=csv", "")
	if rows, err := csv.NewReader(strings.NewReader(table.body)).ReadAll(); err != nil || len(rows) != 2 || rows[1][1] != "4.5" {
		t.Errorf("rows %v, %v", rows, err)
	}
	if got := table.Header.Get("Content-Disposition"); got != `attachment; filename="review-wait.csv"` {
		t.Errorf("disposition %q", got)
	}
}
