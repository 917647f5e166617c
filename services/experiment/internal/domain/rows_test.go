package domain

import (
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// someDay is after the readings of these tests.
var someDay = time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)

func readCSV(text string) ([]Entry, error) { return readAll(CSV, text) }

func readAll(form Form, text string) ([]Entry, error) {
	report := NewReport(form)
	rows := NewRows(form, strings.NewReader(text), someDay, report)
	var entries []Entry
	for {
		e, more := rows.Next()
		if !more {
			break
		}
		entries = append(entries, e)
	}
	if err := report.Fault(); err != nil {
		return nil, err
	}
	return entries, rows.Err()
}

func TestCSV(t *testing.T) {
	at := time.Date(2026, 6, 1, 9, 30, 0, 0, time.UTC)
	for _, c := range []struct {
		name, text string
		want       []Measurement
	}{
		{"plain", "time,value\n2026-06-01T09:30:00Z,3.5\n", []Measurement{{at, 3.5, ""}}},
		{"no line end at the end", "time,value\n2026-06-01T09:30:00Z,3.5", []Measurement{{at, 3.5, ""}}},
		{"header only", "time,value\n", nil},
		{"byte order mark", "\uFEFFtime,value\n2026-06-01T09:30:00Z,3.5\n", []Measurement{{at, 3.5, ""}}},
		{"CRLF", "time,value,source_key\r\n2026-06-01T09:30:00Z,3.5,build 7\r\n", []Measurement{{at, 3.5, "build 7"}}},
		{"quotes", "\"time\",\"value\",\"source_key\"\n\"2026-06-01T09:30:00Z\",\"3.5\",\"a \"\"b\"\", c\"\n", []Measurement{{at, 3.5, `a "b", c`}}},
		{"quotes after a byte order mark", "\uFEFF\"time\",value\n2026-06-01T09:30:00Z,1\n", []Measurement{{at, 1, ""}}},
		{"spaces", "time, value\n 2026-06-01T09:30:00Z , 3.5 \n", []Measurement{{at, 3.5, ""}}},
		{"blank lines", "time,value\n\n2026-06-01T09:30:00Z,3.5\n\n", []Measurement{{at, 3.5, ""}}},
		{"zone", "time,value\n2026-06-01T11:30:00+02:00,3.5\n", []Measurement{{at, 3.5, ""}}},
		{"finer than a microsecond", "time,value\n2026-06-01T09:30:00.000000999Z,3.5\n", []Measurement{{at, 3.5, ""}}},
		{"numbers", "time,value\n2026-06-01T09:30:00Z,-1.5e3\n2026-06-01T09:30:01Z,+0\n", []Measurement{{at, -1500, ""}, {at.Add(time.Second), 0, ""}}},
		{"repeated", "time,value\n2026-06-01T09:30:00Z,1\n2026-06-01T09:30:00Z,1.0\n", []Measurement{{at, 1, ""}, {at, 1, ""}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries, err := readCSV(c.text)
			if err != nil {
				t.Fatal(err)
			}
			var got []Measurement
			for _, e := range entries {
				got = append(got, e.Measurement)
			}
			if !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestCSVRefuses(t *testing.T) {
	const good = "2026-06-01T09:30:00Z"
	for _, c := range []struct {
		name, text string
		want       []string // place and reason
	}{
		{"empty", "", []string{"csv:1 HEADER_MISSING"}},
		{"byte order mark only", "\uFEFF", []string{"csv:1 HEADER_MISSING"}},
		{"empty lines only", "\r\n\n\n", []string{"csv:1 HEADER_MISSING"}},
		{
			"times that nobody can have measured", "time,value\n2026-07-01T00:05:00Z,1\n2026-07-01T00:05:01Z,1\n2036-06-01T09:30:00Z,1\n0001-06-01T00:00:00Z,1\n1969-12-31T23:59:59Z,1\n1970-01-01T00:00:00Z,1\n",
			[]string{"csv:3:1 TIME_AHEAD", "csv:4:1 TIME_AHEAD", "csv:5:1 TIME_INVALID", "csv:6:1 TIME_INVALID"},
		},
		{"other header", "when,value\n" + good + ",1\n", []string{"csv:1 HEADER_INVALID"}},
		{"no header", good + ",1\n", []string{"csv:1 HEADER_INVALID"}},
		{"UTF-16", "\xff\xfet\x00i\x00m\x00e\x00,\x00v\x00a\x00l\x00u\x00e\x00\n\x00", []string{"csv:1 HEADER_INVALID"}},
		{"semicolons", "time;value\n" + good + ";1\n", []string{"csv:1 HEADER_INVALID"}},
		{"one more column", "time,value,source_key,note\n", []string{"csv:1 HEADER_INVALID"}},
		{"a quote in the header", "ti\"me,value\n", []string{"csv:1:3 LINE_INVALID"}},
		{"NaN", "time,value\n" + good + ",NaN\n", []string{"csv:2:22 VALUE_INVALID"}},
		{"Inf", "time,value\n" + good + ",-Inf\n", []string{"csv:2:22 VALUE_INVALID"}},
		{"infinity", "time,value\n" + good + ",Infinity\n", []string{"csv:2:22 VALUE_INVALID"}},
		{"1e309", "time,value\n" + good + ",1e309\n", []string{"csv:2:22 VALUE_INVALID"}},
		{"1e301", "time,value\n" + good + ",1e301\n", []string{"csv:2:22 VALUE_OUT_OF_RANGE"}},
		{"hexadecimal", "time,value\n" + good + ",0x1p3\n", []string{"csv:2:22 VALUE_INVALID"}},
		{"underscore", "time,value\n" + good + ",1_0\n", []string{"csv:2:22 VALUE_INVALID"}},
		{"decimal comma", "time,value\n" + good + ",\"3,5\"\n", []string{"csv:2:22 VALUE_INVALID"}},
		{"empty value", "time,value\n" + good + ",\n", []string{"csv:2:22 VALUE_INVALID"}},
		{"day only", "time,value\n2026-06-01,1\n", []string{"csv:2:1 TIME_INVALID"}},
		{"day that does not exist", "time,value\n2026-02-30T09:30:00Z,1\n", []string{"csv:2:1 TIME_INVALID"}},
		{"year zero", "time,value\n0000-06-01T09:30:00Z,1\n", []string{"csv:2:1 TIME_INVALID"}},
		{"columns", "time,value\n" + good + "\n" + good + ",1,2\n", []string{"csv:2 COLUMNS_WRONG", "csv:3 COLUMNS_WRONG"}},
		{"control character", "time,value,source_key\n" + good + ",1,a\x00b\n", []string{"csv:2:24 SOURCE_KEY_INVALID"}},
		{"long source key", "time,value,source_key\n" + good + ",1," + strings.Repeat("x", 201) + "\n", []string{"csv:2:24 SOURCE_KEY_INVALID"}},
		{"quote in a field", "time,value\n" + good + ",1\"2\n" + good + ",x\n", []string{"csv:2:23 LINE_INVALID", "csv:3:22 VALUE_INVALID"}},
		{"quote without end", "time,value\n" + good + ",\"1\n", []string{"csv:2:24 LINE_INVALID"}},
		{
			"everything at once", "time,value,source_key\nyesterday,lots,a\n" + good + ",1,b\n" + good + ",,c\n",
			[]string{"csv:2:1 TIME_INVALID", "csv:2:11 VALUE_INVALID", "csv:4:22 VALUE_INVALID"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			entries, err := readCSV(c.text)
			if entries != nil {
				t.Errorf("entries %v came back with an error", entries)
			}
			wantProblems(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID", c.want...)
		})
	}
}

// wantProblems compares a fault with the places and reasons that it is to list.
func wantProblems(t *testing.T, err error, kind fault.Kind, reason string, want ...string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("no fault: %v", err)
	}
	if f.Kind != kind || f.Reason != reason {
		t.Errorf("fault %v %s, want %v %s", f.Kind, f.Reason, kind, reason)
	}
	var got []string
	for _, v := range f.Violations {
		got = append(got, v.Field+" "+v.Reason)
		if v.Description == "" {
			t.Errorf("%s %s has no description", v.Field, v.Reason)
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("problems %q, want %q", got, want)
	}
}

func TestProblemsAreCountedBeyondTheList(t *testing.T) {
	_, err := readCSV("time,value\n" + strings.Repeat("x,1\n", 250))
	f := fault.From(err)
	if len(f.Violations) != 100 || f.Metadata["problems"] != "250" {
		t.Errorf("%d violations listed, %s counted", len(f.Violations), f.Metadata["problems"])
	}
	if last := f.Violations[99].Field; last != "csv:101:1" {
		t.Errorf("the hundredth problem is at %s", last)
	}
}

func TestCheckMeasurements(t *testing.T) {
	report := NewReport(List)
	entries := CheckMeasurements([]Measurement{{firstDay.Add(1500 * time.Nanosecond), 1, "a"}, {firstDay, 1, "b"}}, someDay, report)
	want := []Entry{{Measurement{firstDay.Add(time.Microsecond), 1, "a"}, 1}, {Measurement{firstDay, 1, "b"}, 2}}
	if !reflect.DeepEqual(entries, want) || report.Fault() != nil {
		t.Errorf("got %v, %v, want %v", entries, report.Fault(), want)
	}
	entries = CheckMeasurements([]Measurement{
		{time.Time{}, math.NaN(), "\n"}, {firstDay, math.Inf(1), ""}, {firstDay, 2e300, ""}, {firstDay, 5, ""}, {firstDay, 5, "=1+1"},
	}, someDay, report)
	wantProblems(t, report.Fault(), fault.InvalidArgument, "MEASUREMENTS_INVALID",
		"measurements[0].time TIME_INVALID", "measurements[0].value VALUE_INVALID", "measurements[0].source_key SOURCE_KEY_INVALID",
		"measurements[1].value VALUE_INVALID", "measurements[2].value VALUE_OUT_OF_RANGE", "measurements[4].source_key SOURCE_KEY_INVALID")
	if len(entries) != 1 || entries[0].Line != 4 || report.Refused != 4 {
		t.Errorf("entries %+v, %d refused", entries, report.Refused)
	}
}

// Nobody can have measured what has not come yet; what a clock says that goes 5 minutes before ours is taken. What was recorded before
// is taken back as it was.
func TestReadingsThatLieAhead(t *testing.T) {
	now := firstDay
	list := []Measurement{
		{now.Add(5 * time.Minute), 1, ""},
		{now.Add(5*time.Minute + time.Microsecond), 1, ""},
		{now.AddDate(10, 0, 0), 1, ""},
		{time.Unix(0, 0), 1, ""},
		{time.Unix(-1, 0), 1, ""},
	}
	report := NewReport(List)
	if entries := CheckMeasurements(list, now, report); len(entries) != 2 {
		t.Errorf("taken: %v", entries)
	}
	err := report.Fault()
	wantProblems(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID", "measurements[1].time TIME_AHEAD", "measurements[2].time TIME_AHEAD", "measurements[4].time TIME_INVALID")
	for _, part := range []string{now.AddDate(10, 0, 0).Format(time.RFC3339), now.Format(time.RFC3339), "Check the year and the zone"} {
		if text := fault.From(err).Violations[1].Description; !strings.Contains(text, part) {
			t.Errorf("%q does not say %q", text, part)
		}
	}
	report = NewReport(CSV)
	if entries := CheckMeasurements(list, time.Time{}, report); len(entries) != len(list) || report.Count != 0 {
		t.Errorf("taken back: %v, %v", entries, report.Problems)
	}
}

func TestNDJSON(t *testing.T) {
	entries, err := readAll(NDJSON, "\uFEFF"+`{"time":"2026-06-01T09:30:00Z","value":3.5}`+"\r\n\n"+
		`{"value":-1e2,"time":"2026-06-01T11:30:00+02:00","sourceKey":"b"}`+"\n"+`{"time":"2026-06-01T09:30:00Z","value":0,"source_key":"c"}`)
	at := time.Date(2026, 6, 1, 9, 30, 0, 0, time.UTC)
	want := []Entry{{Measurement{at, 3.5, ""}, 1}, {Measurement{at, -100, "b"}, 3}, {Measurement{at, 0, "c"}, 4}}
	if err != nil || !reflect.DeepEqual(entries, want) {
		t.Errorf("got %v, %v, want %v", entries, err, want)
	}
	_, err = readAll(NDJSON, strings.Join([]string{
		`[1]`, `{"time":"x","value":1e309}`, `{"time":"2026-06-01T09:30:00Z"}`, `{"time":"2026-06-01T09:30:00Z","value":"1"} trailing`,
		`{"time":"2026-06-01T09:30:00Z","value":1,"note":"x"}`, `{"time":"2026-06-01T09:30:00Z","value":1}{}`, `{`, `{"time":"2026-06-01T09:30:00Z","value":NaN}`,
	}, "\n"))
	wantProblems(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID", "ndjson:1 LINE_INVALID", "ndjson:2:9 TIME_INVALID", "ndjson:2:21 VALUE_INVALID",
		"ndjson:3 LINE_INVALID", "ndjson:4:45 LINE_INVALID", "ndjson:5:49 LINE_INVALID", "ndjson:6:43 LINE_INVALID", "ndjson:7:2 LINE_INVALID", "ndjson:8:40 LINE_INVALID")
}

// A problem of a member is told at its value, in bytes, however the line is written.
func TestNDJSONColumns(t *testing.T) {
	const good = `"time":"2026-06-01T09:30:00Z"`
	for line, want := range map[string]string{
		`{"value" : 1e309,` + good + `}`:                             "ndjson:1:12 VALUE_INVALID",
		`  {` + good + "\t,\t\"value\"\t:\t-1e309}":                  "ndjson:1:46 VALUE_INVALID",
		`{"sourceKey":"ä","value":1e309,` + good + `}`:               "ndjson:1:27 VALUE_INVALID",
		`{"value":1,"sourceKey":"\u003d1",` + good + `}`:             "ndjson:1:24 SOURCE_KEY_INVALID",
		`{"value":1,"source_key":"@a",` + good + `}`:                 "ndjson:1:25 SOURCE_KEY_INVALID",
		`{"value":1,"source_key":"ok","sourceKey":"=",` + good + `}`: "ndjson:1:42 LINE_INVALID",
		`{"value":1,` + good + `,"Value":1e309}`:                     "ndjson:1:50 LINE_INVALID",
		`{"value":true,` + good + `}`:                                "ndjson:1:10 LINE_INVALID",
		`{"value":1,"time":7}`:                                       "ndjson:1:19 LINE_INVALID",
	} {
		_, err := readAll(NDJSON, line)
		wantProblems(t, err, fault.InvalidArgument, "MEASUREMENTS_INVALID", want)
	}
}

// What is wrong with a line is said so that it can be found there.
func TestNDJSONWords(t *testing.T) {
	const good = `{"time":"2026-06-01T09:30:00Z","value":1`
	for line, want := range map[string]struct{ place, words string }{
		good + `,"note":"x"}`:            {"ndjson:1:49", `There is no member "note".`},
		good + `,"n\"o\\te":{"time":1}}`: {"ndjson:1:53", `There is no member "n\"o\\te".`},
		`[` + good + `}]`:                {"ndjson:1", "The line is a JSON array."},
		`"x"`:                            {"ndjson:1", "The line is a JSON string."},
		`null`:                           {"ndjson:1", "The line needs a time and a value."},
		good:                             {"ndjson:1:41", "it ends before its object does"},
		good + `,}`:                      {"ndjson:1:42", "not valid JSON"},
		good + `,"value":2}`:             {"ndjson:1:50", "value twice"},
		good + `,"\u0076alue":2}`:        {"ndjson:1:55", "value twice"},
		good + `,"time":null}`:           {"ndjson:1:49", "time twice"},
		good + `,"sourceKey":"","source_key":"a"}`: {"ndjson:1:70", "sourceKey twice"},
		`{"time":["value"],"value":1}`:             {"ndjson:1:9", `The member "time" cannot be a JSON array.`},
	} {
		_, err := readAll(NDJSON, line)
		f := fault.From(err)
		if err == nil || len(f.Violations) != 1 {
			t.Errorf("%s: %v", line, err)
			continue
		}
		if v := f.Violations[0]; v.Field != want.place || !strings.Contains(v.Description, want.words) {
			t.Errorf("%s: %s %q", line, v.Field, v.Description)
		}
	}
	if entries, err := readAll(NDJSON, good+`,"sourceKey":"a \"value\": 2, {[","sourcekey2":1}`); err == nil {
		t.Error(entries)
	}
	if entries, err := readAll(NDJSON, good+`,"sourceKey":"a \"value\": 2, {["}`); err != nil || entries[0].SourceKey != `a "value": 2, {[` {
		t.Error(entries, err)
	}
}

// A line of 10 MB costs a refusal and no memory, and the lines after it are read.
func TestALineThatIsTooLong(t *testing.T) {
	report := NewReport(CSV)
	file := io.MultiReader(strings.NewReader("time,value\n"), io.LimitReader(endless('9'), 10<<20), strings.NewReader("\n2026-06-01T09:30:00Z,1\n"))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	rows := NewRows(CSV, file, someDay, report)
	e, more := rows.Next()
	runtime.ReadMemStats(&after)
	if !more || e.Line != 3 || e.Value != 1 {
		t.Errorf("after the long line came %+v, %v", e, more)
	}
	wantProblems(t, report.Fault(), fault.InvalidArgument, "MEASUREMENTS_INVALID", "csv:2 LINE_TOO_LONG")
	if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20 {
		t.Errorf("it cost %d bytes", spent)
	}
}

type endless byte

func (e endless) Read(into []byte) (int, error) {
	for i := range into {
		into[i] = byte(e)
	}
	return len(into), nil
}

func TestWhatStopsAFileIsTold(t *testing.T) {
	broken := errors.New("cut off")
	rows := NewRows(CSV, io.MultiReader(strings.NewReader("time,value\n2026-06-01T09:30:00Z,1\n2026-06-01T09:3"), iotest.ErrReader(broken)), someDay, NewReport(CSV))
	for more := true; more; {
		_, more = rows.Next()
	}
	if !errors.Is(rows.Err(), broken) {
		t.Errorf("it stopped with %v", rows.Err())
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 1e6: "1000000", -0.25: "-0.25", 1e-6: "0.000001", 1e-7: "1e-07", 1e15: "1e+15"} {
		if got := number(v); got != want {
			t.Errorf("%g is written %s, want %s", v, got, want)
		}
	}
}

// What the parser accepts is storable, and reads the same when it is written again.
func FuzzCSV(f *testing.F) {
	for _, seed := range []string{
		"", "time,value\n", "\uFEFFtime,value,source_key\r\n2026-06-01T09:30:00Z,3.5,a\r\n",
		"time,value\n2026-06-01T09:30:00+02:00,1e309\n", "time,value,source_key\n2026-06-01T09:30:00.123456Z,-0,\"a \"\"b\"\"\"\n",
		"time,value\n\"2026-06-01T09:30:00Z,1\n", "time,value\n0001-01-01T00:00:00+23:59,NaN\n",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		entries, err := readCSV(text)
		if err != nil {
			fe := fault.From(err)
			if fe.Kind != fault.InvalidArgument || len(fe.Violations) == 0 || len(fe.Violations) > maxProblems || entries != nil {
				t.Fatalf("a refusal without use: %v", err)
			}
			return
		}
		var again strings.Builder
		again.WriteString("time,value,source_key\n")
		for _, e := range entries {
			if reason, _ := checkTime(e.Time); reason != "" || math.IsNaN(e.Value) || math.Abs(e.Value) > MaxValue || !e.Time.Equal(stored(e.Time)) {
				t.Fatalf("accepted %+v", e)
			}
			fmt.Fprintf(&again, "%s,%s,%s\n", e.Time.Format(time.RFC3339Nano), strconv.FormatFloat(e.Value, 'g', -1, 64), quoted(e.SourceKey))
		}
		second, err := readCSV(again.String())
		if err != nil || len(second) != len(entries) {
			t.Fatalf("written again: %v", err)
		}
		for i := range entries {
			if entries[i].Measurement != second[i].Measurement {
				t.Fatalf("%+v became %+v", entries[i], second[i])
			}
		}
	})
}

func quoted(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }
