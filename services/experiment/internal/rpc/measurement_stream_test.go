package rpc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	csvFile    = experimentv1.MeasurementFormat_MEASUREMENT_FORMAT_CSV
	ndjsonFile = experimentv1.MeasurementFormat_MEASUREMENT_FORMAT_NDJSON
	validLines = experimentv1.ImportMode_IMPORT_MODE_VALID_LINES
)

// send streams a file in parts of so many bytes.
func (w *world) send(first *experimentv1.StreamMeasurementsRequest, file string, part int) (*experimentv1.ImportMeasurementsResponse, error) {
	w.t.Helper()
	stream, err := w.client.StreamMeasurements(w.member())
	if err != nil {
		return nil, err
	}
	first.Name = wait
	next := first
	for {
		n := min(part, len(file))
		next.Content, file = []byte(file[:n]), file[n:]
		if err := stream.Send(next); err != nil {
			break // the answer says why
		}
		if file == "" {
			break
		}
		next = &experimentv1.StreamMeasurementsRequest{Name: wait}
	}
	return stream.CloseAndRecv()
}

func (w *world) wantSent(first *experimentv1.StreamMeasurementsRequest, file string, imported, repeated, refused int32) *experimentv1.ImportMeasurementsResponse {
	w.t.Helper()
	got, err := w.send(first, file, 7)
	if err != nil {
		w.t.Fatal(err)
	}
	if got.GetImported() != imported || got.GetRepeated() != repeated || got.GetRefused() != refused {
		w.t.Errorf("imported %d, repeated %d, refused %d; want %d, %d, %d: %v",
			got.GetImported(), got.GetRepeated(), got.GetRefused(), imported, repeated, refused, got.GetProblems())
	}
	return got
}

func TestStreamedFile(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			w := measured(t, engine)
			const text = "\uFEFFtime,value,source_key\r\n2026-05-01T11:00:00+02:00,49.6,\r\n\"2026-05-01T09:00:00Z\",50,\"build, 7\"\r\n"
			w.wantSent(&experimentv1.StreamMeasurementsRequest{Format: csvFile, ValidateOnly: true}, text, 2, 0, 0)
			w.wantSent(&experimentv1.StreamMeasurementsRequest{Format: csvFile}, text, 2, 0, 0)
			w.wantSent(&experimentv1.StreamMeasurementsRequest{Format: csvFile}, text, 0, 2, 0)
			w.wantImport(daily(49.6), 0, 1) // the same instant, whichever zone it was written in
			w.wantSent(&experimentv1.StreamMeasurementsRequest{Format: ndjsonFile, Mode: validLines},
				`{"time":"2026-05-01T09:00:00Z","value":49.6}`+"\n"+`{"time":"2026-05-02T09:00:00Z","value":51}`, 1, 1, 0)
			w.wantSent(&experimentv1.StreamMeasurementsRequest{Format: csvFile}, "time,value\n", 0, 0, 0)
		})
	}
}

func TestStreamedFileWithBadLines(t *testing.T) {
	w := measured(t, db.SQLite)
	w.wantImport(daily(1), 1, 0)
	const text = "time,value\nnow,NaN\n2026-05-02T09:00:00Z,2\n2026-05-03T09:00:00Z,1e309\n2026-05-01T09:00:00Z,1.5\n2026-05-01T09:00:00Z,1\n"
	for _, only := range []bool{true, false} {
		_, err := w.send(&experimentv1.StreamMeasurementsRequest{Format: csvFile, ValidateOnly: only}, text, 1000)
		want := []string{"csv:2:1 TIME_INVALID", "csv:2:5 VALUE_INVALID", "csv:4:22 VALUE_INVALID"}
		if only { // the lines are compared with each other as they come, with what is recorded at the end
			want = append(want, "csv:6 MEASUREMENT_CONFLICT", "csv:5 MEASUREMENT_CONFLICT")
		}
		wantFault(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID", want...)
	}
	_, err := w.send(&experimentv1.StreamMeasurementsRequest{Format: csvFile}, "time,value\n2026-05-02T09:00:00Z,2\n2026-05-01T09:00:00Z,1.5\n", 1000)
	wantFault(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID", "csv:3 MEASUREMENT_CONFLICT")
	if got := w.events(); len(got) != 2 {
		t.Errorf("refused files left events %v", got)
	}
	got := w.wantSent(&experimentv1.StreamMeasurementsRequest{Format: csvFile, Mode: validLines}, text, 1, 1, 3)
	if p := got.GetProblems()[0]; len(got.GetProblems()) != 4 || p.GetLine() != 2 || p.GetColumn() != 1 || p.GetReason() != "TIME_INVALID" {
		t.Errorf("problems %v", got.GetProblems())
	}
}

func TestStreamedFileListsAHundredProblems(t *testing.T) {
	w := measured(t, db.SQLite)
	_, err := w.send(&experimentv1.StreamMeasurementsRequest{Format: csvFile}, "time,value\n"+strings.Repeat("x,1\n", 150), 1000)
	if f := wantFault(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID"); len(f.Violations) != 100 || f.Metadata["problems"] != "150" {
		t.Errorf("%d listed, %s counted", len(f.Violations), f.Metadata["problems"])
	}
}

// A file that is only checked is judged as it would be imported, beyond one batch too.
func TestStreamedFileIsCheckedAsAWhole(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		t.Run(string(engine), func(t *testing.T) {
			w := measured(t, engine)
			w.wantImport(daily(1), 1, 0)
			check := func(file string) (*experimentv1.ImportMeasurementsResponse, error) {
				return w.send(&experimentv1.StreamMeasurementsRequest{Format: csvFile, ValidateOnly: true}, file, 64<<10)
			}
			var file strings.Builder
			file.WriteString("time,value\n2026-05-01T09:00:00Z,1\n")
			at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			for i := range 5001 {
				fmt.Fprintf(&file, "%s,%d\n", at.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), i)
			}
			for range 2 { // nothing is left of the first time
				got, err := check(file.String() + "2026-01-01T00:01:00Z,1\n")
				if err != nil || got.GetImported() != 5001 || got.GetRepeated() != 2 {
					t.Fatalf("%v, %v", got, err)
				}
			}
			_, err := check(file.String() + "2026-01-01T00:01:00Z,2\n2026-05-01T09:00:00Z,3\n")
			wantFault(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID", "csv:5004 MEASUREMENT_CONFLICT", "csv:5005 MEASUREMENT_CONFLICT")
			if got := w.events(); len(got) != 2 {
				t.Errorf("checking left events %v", got)
			}
		})
	}
}

func TestStreamedFileIsTooLarge(t *testing.T) {
	w := measured(t, db.SQLite)
	file := "time,value\n" + strings.Repeat("x,1\n", 200_000) + "2026-05-01T09:00:00Z,1\n"
	for _, only := range []bool{true, false} {
		_, err := w.send(&experimentv1.StreamMeasurementsRequest{Format: csvFile, ValidateOnly: only}, file, 64<<10)
		wantFault(t, err, fault.InvalidArgument, "IMPORT_TOO_LARGE")
	}
	w.wantSent(&experimentv1.StreamMeasurementsRequest{Format: csvFile, ValidateOnly: true, Mode: validLines}, "time,value\n2026-05-01T09:00:00Z,1\n", 1, 0, 0)
}

// More lines than one batch holds, in both ways; the order of arrival is the file's.
func TestStreamedFileOfManyLines(t *testing.T) {
	for _, engine := range []db.Engine{db.SQLite, db.Postgres} {
		for _, mode := range []experimentv1.ImportMode{validLines, experimentv1.ImportMode_IMPORT_MODE_ALL_OR_NOTHING} {
			t.Run(fmt.Sprint(engine, mode), func(t *testing.T) {
				w := measured(t, engine)
				var file strings.Builder
				file.WriteString("time,value\n")
				at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
				for i := range 12_001 {
					fmt.Fprintf(&file, "%s,%d\n", at.Add(time.Duration(i)*time.Minute).Format(time.RFC3339), i)
				}
				first := func() *experimentv1.StreamMeasurementsRequest {
					return &experimentv1.StreamMeasurementsRequest{Format: csvFile, Mode: mode}
				}
				got, err := w.send(first(), file.String(), 64<<10)
				if err != nil || got.GetImported() != 12_001 {
					t.Fatalf("%v, %v", got, err)
				}
				if got, err = w.send(first(), file.String()+"2025-12-31T00:00:00Z,1\n", 64<<10); err != nil || got.GetImported() != 1 || got.GetRepeated() != 12_001 {
					t.Fatalf("again: %v, %v", got, err)
				}
			})
		}
	}
}

func TestStreamRefuses(t *testing.T) {
	w := measured(t, db.SQLite)
	_, err := w.send(&experimentv1.StreamMeasurementsRequest{}, "time,value\n", 100)
	wantFault(t, err, fault.InvalidArgument, "FORMAT_MISSING")
	stream, err := w.client.StreamMeasurements(w.member())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{wait, team + "/metrics/other"} {
		if err := stream.Send(&experimentv1.StreamMeasurementsRequest{Name: name, Format: csvFile, Content: []byte("time,value\n")}); err != nil {
			break
		}
	}
	_, err = stream.CloseAndRecv()
	wantFault(t, err, fault.InvalidArgument, "METRIC_CHANGED")
}
