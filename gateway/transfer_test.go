package gateway_test

import (
	"archive/zip"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/test/bufconn"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/fortnighthq/fortnight/gateway"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

const (
	learningsExport = "/v1/learnings:export"
	learningsImport = "/v1/learnings:import"
)

// commonBase is a knowledge service that exports what it has, and notes what it is brought.
type commonBase struct {
	knowledgev1.UnimplementedKnowledgeServiceServer
	mu       sync.Mutex
	has      []*knowledgev1.ExportedLearning
	refuse   error
	breakOff bool
	asked    []*knowledgev1.ExportLearningsRequest
	brought  []*knowledgev1.ImportLearningsRequest
}

func (b *commonBase) ExportLearnings(req *knowledgev1.ExportLearningsRequest, stream grpc.ServerStreamingServer[knowledgev1.ExportedLearning]) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = append(b.asked, req)
	if b.refuse != nil {
		return b.refuse
	}
	for _, l := range b.has {
		if err := stream.Send(l); err != nil {
			return err
		}
	}
	if b.breakOff {
		return fail(codes.Internal, "INTERNAL", "Something went wrong on our side.")
	}
	return nil
}

func (b *commonBase) ImportLearnings(stream grpc.ClientStreamingServer[knowledgev1.ImportLearningsRequest, knowledgev1.ImportLearningsResponse]) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.refuse != nil {
		return b.refuse
	}
	answer := &knowledgev1.ImportLearningsResponse{}
	for {
		req, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return stream.SendAndClose(answer)
		}
		if err != nil {
			return err
		}
		b.brought = append(b.brought, req)
		answer.Created = append(answer.Created, req.GetLearning().GetLearning().GetName())
	}
}

// withBase is a gateway with a knowledge service behind it.
func withBase(t *testing.T, b *commonBase, change ...func(*gateway.Config)) *world {
	t.Helper()
	server := grpc.NewServer()
	knowledgev1.RegisterKnowledgeServiceServer(server, b)
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
		c.PublicURL = "https://Kata.example.com"
	}}, change...)...)
}

// two learnings, one with a chart.
func two() []*knowledgev1.ExportedLearning {
	at := timestamppb.New(time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC))
	of := func(id, claim string) *knowledgev1.ExportedLearning {
		return &knowledgev1.ExportedLearning{
			Learning:   &knowledgev1.Learning{Name: "learnings/" + id, Claim: claim, State: knowledgev1.LearningState_LEARNING_STATE_PUBLISHED, PublishTime: at},
			Provenance: &knowledgev1.Provenance{Installation: "kata.example.com", Learning: "learnings/" + id, ExportTime: at},
			Evidence:   []*knowledgev1.Evidence{{Name: "learnings/" + id + "/evidence/x", Locked: true}},
		}
	}
	rota, flags := of("rota", "=A rota helps"), of("flags", "Flags help")
	rota.Learning.HasChart = true
	rota.Chart = &knowledgev1.LearningChart{Metric: &experimentv1.Metric{DisplayName: "Wait </svg><script>alert(1)</script>"}, Chart: &experimentv1.ProcessBehaviourChart{
		Points: []*experimentv1.ChartPoint{{Time: at, Value: 4}, {Time: timestamppb.New(at.AsTime().AddDate(0, 0, 1)), Value: 5}},
	}}
	return []*knowledgev1.ExportedLearning{rota, flags}
}

func TestLearningsAreExportedInEveryForm(t *testing.T) {
	b := &commonBase{has: two()}
	w := withBase(t, b)
	for _, c := range []struct{ query, accept, media, file string }{
		{"", "", "application/json", "learnings.json"},
		{"?format=json", "text/csv", "application/json", "learnings.json"},
		{"?format=csv", "", "text/csv; charset=utf-8; header=present", "learnings.csv"},
		{"", "text/csv", "text/csv; charset=utf-8; header=present", "learnings.csv"},
		{"?format=markdown", "", "text/markdown; charset=utf-8", "learnings.md"},
		{"", "text/markdown", "text/markdown; charset=utf-8", "learnings.md"},
		{"?format=zip", "", "application/zip", "learnings.zip"},
		{"", "application/zip, application/json;q=0.5", "application/zip", "learnings.zip"},
	} {
		a := w.do("GET", learningsExport+c.query, "", "Accept", c.accept)
		a.wantOK(t)
		if a.Header.Get("Content-Type") != c.media || a.Header.Get("Content-Disposition") != `attachment; filename="`+c.file+`"` || a.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q %q: %v", c.query, c.accept, a.Header)
		}
		if !strings.Contains(a.body, "rota") && c.file != "learnings.zip" {
			t.Errorf("%q %q: %s", c.query, c.accept, a.body)
		}
		head := w.do("HEAD", learningsExport+c.query, "", "Accept", c.accept)
		if head.StatusCode != http.StatusOK || head.body != "" || head.Header.Get("Content-Type") != c.media {
			t.Errorf("HEAD %q: %d %v", c.query, head.StatusCode, head.Header)
		}
	}
	for _, asked := range b.asked {
		if asked.GetInstallation() != "kata.example.com" {
			t.Errorf("the installation is called %q", asked.GetInstallation())
		}
	}
	w.do("GET", learningsExport+"?format=yaml", "").wantProblem(t, http.StatusNotAcceptable, "NOT_ACCEPTABLE")
	w.do("GET", learningsExport+"?team=teams/x", "").wantProblem(t, http.StatusBadRequest, "UNKNOWN_QUERY_PARAMETER")
	w.do("GET", learningsExport+"?format=csv&team=teams/x", "").wantProblem(t, http.StatusBadRequest, "UNKNOWN_QUERY_PARAMETER")
	w.do("GET", learningsExport+"?%zz", "").wantProblem(t, http.StatusBadRequest, "QUERY_MALFORMED")
	w.do("POST", learningsExport, "{}").wantProblem(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
}

func TestTheDocumentSaysWhatItIs(t *testing.T) {
	w := withBase(t, &commonBase{has: two()})
	var document struct {
		Format, Installation, ExportTime string
		Version                          int
		Learnings                        []struct {
			Learning   struct{ Name, Claim string }
			Provenance struct{ Installation, Learning string }
		}
	}
	if err := json.Unmarshal([]byte(w.do("GET", learningsExport, "").body), &document); err != nil {
		t.Fatal(err)
	}
	if document.Format != "fortnight-learnings" || document.Version != 1 || document.Installation != "kata.example.com" || len(document.Learnings) != 2 ||
		document.Learnings[0].Learning.Claim != "=A rota helps" || document.Learnings[1].Provenance.Learning != "learnings/flags" {
		t.Errorf("%+v", document)
	}
	if _, err := time.Parse(time.RFC3339, document.ExportTime); err != nil {
		t.Error(err)
	}
	if err := json.Unmarshal([]byte(withBase(t, &commonBase{}).do("GET", learningsExport, "").body), &document); err != nil {
		t.Errorf("of none: %v", err)
	}
}

func TestTheZipHoldsEverything(t *testing.T) {
	w := withBase(t, &commonBase{has: two()})
	body := []byte(w.do("GET", learningsExport+"?format=zip", "").body)
	z, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{}
	var names []string
	for _, f := range z.File {
		in, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		content, err := io.ReadAll(in)
		if err != nil {
			t.Fatal(err)
		}
		files[f.Name], names = string(content), append(names, f.Name)
	}
	want := []string{"learnings.json", "learnings.csv", "charts/rota.svg", "charts/rota.csv", "learnings/rota.md", "learnings/flags.md", "README.md"}
	if !slices.Equal(names, want) {
		t.Fatalf("%q", names)
	}
	rows, err := csv.NewReader(strings.NewReader(files["learnings.csv"])).ReadAll()
	if err != nil || len(rows) != 3 || rows[1][1] != "'=A rota helps" {
		t.Errorf("%v %q", err, rows)
	}
	if !strings.HasPrefix(files["charts/rota.svg"], "<svg") || strings.Contains(files["charts/rota.svg"], "<script") || !strings.Contains(files["learnings/rota.md"], "(../charts/rota.svg)") ||
		!strings.Contains(files["README.md"], "2 learnings") || !json.Valid([]byte(files["learnings.json"])) {
		t.Errorf("%q", files)
	}
}

// What was refused before the first byte is a problem; what breaks off later must not look complete.
func TestAnExportThatFails(t *testing.T) {
	w := withBase(t, &commonBase{refuse: fail(codes.Unauthenticated, "UNAUTHENTICATED", "Sign in first.")})
	w.do("GET", learningsExport+"?format=zip", "", "Authorization", "").wantProblem(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	w.do("GET", learningsExport, "", "Authorization", "").wantProblem(t, http.StatusUnauthorized, "UNAUTHENTICATED")
	for _, format := range []string{"json", "csv", "markdown", "zip"} {
		w := withBase(t, &commonBase{has: two(), breakOff: true})
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+learningsExport+"?format="+format, nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+minaToken)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			continue // not even its head came
		}
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err == nil {
			t.Errorf("%s looks complete", format)
		}
	}
}

func TestWhatIsExportedCanBeImported(t *testing.T) {
	from := withBase(t, &commonBase{has: two()})
	for format, media := range map[string]string{"json": "application/json", "zip": "application/zip"} {
		for _, query := range []string{"", "?validateOnly=true", "?validate_only=true"} {
			b := &commonBase{}
			a := withBase(t, b).do("POST", learningsImport+query, from.do("GET", learningsExport+"?format="+format, "").body, "Content-Type", media)
			a.wantOK(t)
			if !strings.Contains(a.body, `"created":["learnings/rota","learnings/flags"]`) || len(b.brought) != 2 || b.brought[0].GetValidateOnly() != (query != "") ||
				len(b.brought[0].GetLearning().GetEvidence()) != 0 || b.brought[0].GetLearning().GetChart() == nil {
				t.Errorf("%s%s: %s, %v", format, query, a.body, b.brought)
			}
		}
	}
}

func TestAnImportThatIsRefusedBringsNothing(t *testing.T) {
	const begin = `{"format":"fortnight-learnings","version":1,"learnings":[`
	for name, c := range map[string]struct {
		query, media, body string
		status             int
		reason, field      string
	}{
		"a form":           {"", "application/x-www-form-urlencoded", begin + "]}", 415, "MEDIA_TYPE_UNSUPPORTED", ""},
		"CSV":              {"", "text/csv", "name", 415, "MEDIA_TYPE_UNSUPPORTED", ""},
		"a charset":        {"", "application/json; charset=latin1", begin + "]}", 415, "MEDIA_TYPE_UNSUPPORTED", ""},
		"a query":          {"?team=x", "application/json", begin + "]}", 400, "UNKNOWN_QUERY_PARAMETER", "team"},
		"perhaps":          {"?validateOnly=perhaps", "application/json", begin + "]}", 400, "QUERY_PARAMETER_INVALID", "validateOnly"},
		"twice":            {"?validateOnly=true&validate_only=true", "application/json", begin + "]}", 400, "QUERY_PARAMETER_REPEATED", ""},
		"no JSON":          {"", "application/json", "nothing", 400, "JSON_INVALID", ""},
		"another document": {"", "application/json", `{"learnings":[]}`, 400, "LEARNINGS_DOCUMENT_UNKNOWN", "format"},
		"a field":          {"", "application/json", begin + `{"learning":{"name":"learnings/a"}},{"learning":{"clam":"x"}}]}`, 400, "UNKNOWN_FIELD", "learnings[1].learning.clam"},
		"no zip":           {"", "application/zip", begin + "]}", 400, "LEARNINGS_ARCHIVE_INVALID", ""},
		"64 MiB and more":  {"", "application/json", strings.Repeat(" ", 64<<20+1), 413, "BODY_TOO_LARGE", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := &commonBase{}
			p := withBase(t, b).do("POST", learningsImport+c.query, c.body, "Content-Type", c.media).wantProblem(t, c.status, c.reason)
			if len(b.brought) != 0 || c.field != "" && (len(p.Violations) != 1 || p.Violations[0].Field != c.field) {
				t.Errorf("%d were brought; %+v", len(b.brought), p)
			}
		})
	}
	b := &commonBase{refuse: fail(codes.PermissionDenied, "PERMISSION_DENIED", "Only admins of the organisation may do this.")}
	withBase(t, b).do("POST", learningsImport, "no matter what", "Content-Type", "application/zip").wantProblem(t, http.StatusForbidden, "PERMISSION_DENIED")
	w := withBase(t, &commonBase{})
	w.do("GET", learningsImport, "").wantProblem(t, http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
	w.do("POST", learningsImport, begin+"]}", "Content-Encoding", "gzip").wantProblem(t, http.StatusUnsupportedMediaType, "CONTENT_ENCODING_UNSUPPORTED")
}

func TestALearningThatIsTooLargeIsLeftOut(t *testing.T) {
	b := &commonBase{}
	document := `{"format":"fortnight-learnings","version":1,"learnings":[{"learning":{"name":"learnings/a"}},{"learning":{"name":"learnings/b","claim":"` + strings.Repeat("x", 3<<20) + `"}}]}`
	a := withBase(t, b).do("POST", learningsImport, document)
	a.wantOK(t)
	if len(b.brought) != 1 || !strings.Contains(a.body, `{"learning":"learnings/b","reason":"The learning is larger than 2 MiB."}`) {
		t.Errorf("%d: %s", len(b.brought), a.body)
	}
}

// A slow client keeps nobody from exporting: the fifth is told when to come back.
func TestFewExportsAtOnce(t *testing.T) {
	release := make(chan struct{})
	running := make(chan struct{}, 8)
	w := withBase(t, &commonBase{}, func(c *gateway.Config) {
		others := c.Conn
		c.Conn = func(service string) grpc.ClientConnInterface {
			if service == "knowledge" {
				return blocked{others(service), running, release}
			}
			return others(service)
		}
	})
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() { w.do("GET", learningsExport, "") })
	}
	for range 4 {
		<-running
	}
	p := w.do("GET", learningsExport, "")
	p.wantProblem(t, http.StatusTooManyRequests, "TOO_MANY_EXPORTS")
	if p.Header.Get("Retry-After") == "" {
		t.Error("it does not say when")
	}
	close(release)
	wait.Wait()
	w.do("GET", learningsExport, "").wantOK(t)
}

// blocked is a connection whose streams begin when they are released.
type blocked struct {
	grpc.ClientConnInterface
	running chan<- struct{}
	release <-chan struct{}
}

func (b blocked) NewStream(ctx context.Context, desc *grpc.StreamDesc, method string, options ...grpc.CallOption) (grpc.ClientStream, error) {
	b.running <- struct{}{}
	<-b.release
	return b.ClientConnInterface.NewStream(ctx, desc, method, options...)
}
