package gateway_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"

	"github.com/fortnighthq/fortnight/gateway"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

const importPath = "/v1/teams/payments/metrics/review-wait:import"

// received is a file as the service got it.
type received struct {
	first *experimentv1.StreamMeasurementsRequest
	file  strings.Builder
	parts int
}

func (w *world) receive(refuse error) *received {
	got := &received{}
	w.experiment.stream = func(stream grpc.ClientStreamingServer[experimentv1.StreamMeasurementsRequest, experimentv1.ImportMeasurementsResponse]) error {
		for {
			part, err := stream.Recv()
			if errors.Is(err, io.EOF) {
				return stream.SendAndClose(&experimentv1.ImportMeasurementsResponse{Imported: 1})
			}
			if err != nil {
				return err
			}
			if got.first == nil {
				got.first = part
			}
			got.parts++
			got.file.Write(part.GetContent())
			if refuse != nil {
				return refuse
			}
		}
	}
	return got
}

func TestFilesOfMeasurements(t *testing.T) {
	const lines = "time,value\n2026-03-09T08:00:00Z,4.6\n"
	csv, ndjson := experimentv1.MeasurementFormat_MEASUREMENT_FORMAT_CSV, experimentv1.MeasurementFormat_MEASUREMENT_FORMAT_NDJSON
	for _, test := range []struct {
		name, query, body, contentType string
		want                           *experimentv1.StreamMeasurementsRequest
		reason                         string
		status                         int
	}{
		{"CSV", "", lines, "text/csv", &experimentv1.StreamMeasurementsRequest{Format: csv}, "", 200},
		{"with a charset", "", lines, "text/csv; charset=utf-8; header=present", &experimentv1.StreamMeasurementsRequest{Format: csv}, "", 200},
		{"NDJSON", "", "{}\n", "application/x-ndjson", &experimentv1.StreamMeasurementsRequest{Format: ndjson}, "", 200},
		{"empty", "", "", "text/csv", &experimentv1.StreamMeasurementsRequest{Format: csv}, "", 200},
		{"only checked", "?validateOnly=true&mode=IMPORT_MODE_VALID_LINES", lines, "text/csv", &experimentv1.StreamMeasurementsRequest{
			Format: csv, ValidateOnly: true, Mode: experimentv1.ImportMode_IMPORT_MODE_VALID_LINES,
		}, "", 200},
		{"only checked, in the contract's words", "?validate_only=true", lines, "text/csv", &experimentv1.StreamMeasurementsRequest{Format: csv, ValidateOnly: true}, "", 200},
		{"in both words", "?validate_only=true&validateOnly=false", lines, "text/csv", nil, "QUERY_PARAMETER_REPEATED", 400},
		{"an unknown query", "?only=true", lines, "text/csv", nil, "UNKNOWN_QUERY_PARAMETER", 400},
		{"a name in the query", "?name=teams/other/metrics/m", lines, "text/csv", nil, "UNKNOWN_QUERY_PARAMETER", 400},
		{"an unknown mode", "?mode=SOME", lines, "text/csv", nil, "QUERY_PARAMETER_INVALID", 400},
		{"no boolean", "?validateOnly=perhaps", lines, "text/csv", nil, "QUERY_PARAMETER_INVALID", 400},
		{"twice", "?validateOnly=true&validateOnly=true", lines, "text/csv", nil, "QUERY_PARAMETER_REPEATED", 400},
		{"another charset", "", lines, "text/csv; charset=latin1", nil, "MEDIA_TYPE_UNSUPPORTED", 415},
		{"a spreadsheet", "", lines, "application/vnd.ms-excel", nil, "MEDIA_TYPE_UNSUPPORTED", 415},
		{"what curl sends by itself, with a query", "?validateOnly=true", lines, "application/x-www-form-urlencoded", nil, "MEDIA_TYPE_UNSUPPORTED", 415},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := newWorld(t)
			got := w.receive(nil)
			a := w.do("POST", importPath+test.query, test.body, "Content-Type", test.contentType)
			if test.reason != "" {
				a.wantProblem(t, test.status, test.reason)
				return
			}
			a.wantOK(t)
			if got.first.GetName() != "teams/payments/metrics/review-wait" || got.first.GetFormat() != test.want.GetFormat() ||
				got.first.GetMode() != test.want.GetMode() || got.first.GetValidateOnly() != test.want.GetValidateOnly() || got.file.String() != test.body {
				t.Errorf("got %v with %q", got.first, got.file.String())
			}
			if !strings.Contains(a.body, `"imported":1`) {
				t.Errorf("answer %s", a.body)
			}
		})
	}
}

// A file arrives in parts, far beyond what the body of a call may have; nothing of it is lost on the way.
func TestALargeFileComesInParts(t *testing.T) {
	w := newWorld(t)
	got := w.receive(nil)
	body := strings.Repeat("2026-03-09T08:00:00Z,4.6\n", 200_000)
	w.do("POST", importPath, body, "Content-Type", "text/csv").wantOK(t)
	if got.file.String() != body || got.parts < 10 {
		t.Errorf("%d bytes in %d parts of %d", got.file.Len(), got.parts, len(body))
	}
}

func TestARefusedFileIsNotReadOn(t *testing.T) {
	w := newWorld(t)
	w.receive(fail(codes.InvalidArgument, "IMPORT_TOO_LARGE", "Split the file."))
	a := w.do("POST", importPath, strings.Repeat("2026-03-09T08:00:00Z,4.6\n", 200_000), "Content-Type", "text/csv")
	a.wantProblem(t, http.StatusBadRequest, "IMPORT_TOO_LARGE")
}

// A file that says that it is too large is refused before it comes.
func TestAFileThatIsTooLargeIsRefusedAtOnce(t *testing.T) {
	w := newWorld(t, func(c *gateway.Config) { c.MaxFileBytes = 1000 })
	got := w.receive(nil)
	w.do("POST", importPath, strings.Repeat("x", 1000), "Content-Type", "text/csv").wantOK(t)
	got.parts = 0
	w.do("POST", importPath, strings.Repeat("x", 1001), "Content-Type", "text/csv").wantProblem(t, http.StatusRequestEntityTooLarge, "BODY_TOO_LARGE")
	if got.parts != 0 {
		t.Errorf("%d parts of it were sent on", got.parts)
	}
}

func TestAFileThatIsCutOffIsRefused(t *testing.T) {
	w := newWorld(t)
	var ended error
	w.experiment.stream = func(stream grpc.ClientStreamingServer[experimentv1.StreamMeasurementsRequest, experimentv1.ImportMeasurementsResponse]) error {
		for ended == nil {
			_, ended = stream.Recv()
		}
		return ended
	}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+importPath, io.MultiReader(strings.NewReader("time,value\n"), failing{}))
	if err != nil {
		t.Fatal(err)
	}
	request.ContentLength = 1000
	request.Header.Set("Content-Type", "text/csv")
	request.Header.Set("Authorization", "Bearer "+minaToken)
	if response, err := http.DefaultClient.Do(request); err == nil {
		_ = response.Body.Close()
		if response.StatusCode == http.StatusOK {
			t.Error("a file that was cut off was taken for whole")
		}
	}
}

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errors.New("cut off") }

// A file that does not tell its length is read up to the limit. How it is imported decides whether something of it is recorded by then.
func TestATooLargeFileTellsWhatBecameOfIt(t *testing.T) {
	for query, want := range map[string]string{
		"": "Nothing was imported", "?mode=IMPORT_MODE_VALID_LINES&validateOnly=true": "Nothing was imported", "?mode=IMPORT_MODE_VALID_LINES": "may have been imported",
	} {
		w := newWorld(t, func(c *gateway.Config) { c.MaxFileBytes = 1000 })
		w.receive(nil)
		body := io.MultiReader(strings.NewReader(strings.Repeat("x", 1001))) // whose length net/http does not know
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+importPath+query, body)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+minaToken)
		request.Header.Set("Content-Type", "text/csv")
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if err != nil || response.StatusCode != http.StatusRequestEntityTooLarge || !strings.Contains(string(text), want) {
			t.Errorf("%q: %d %s %v", query, response.StatusCode, text, err)
		}
	}
}
