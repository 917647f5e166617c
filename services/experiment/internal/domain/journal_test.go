package domain

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// decoded is the journal of a file in testdata/journals.
func decoded(t testing.TB, file string) map[string]any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", "journals", file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var object map[string]any
	if err := json.Unmarshal(text, &object); err != nil {
		t.Fatal(err)
	}
	return object
}

func read(t testing.TB, file string) Journal {
	t.Helper()
	j, err := ReadJournal(decoded(t, file))
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
	return j
}

func TestSuggestedByJournal(t *testing.T) {
	for _, c := range []struct {
		file          string
		holds, breaks Verdict
		weakness      bool
	}{
		{"completed", AsPredicted, NotAsPredicted, false},
		{"old", AsPredicted, NotAsPredicted, false},
		{"deviated", NotAsPredicted, AsPredicted, true},
		{"during", NotAsPredicted, AsPredicted, true},
		{"failed_before", CannotTell, CannotTell, false},
		{"aborted", CannotTell, CannotTell, false},
		{"interrupted", CannotTell, CannotTell, false},
	} {
		j := read(t, c.file)
		for expected, want := range map[GameDayPrediction]Verdict{Holds: c.holds, Breaks: c.breaks} {
			if v, reason, weakness := j.suggest(expected); v != want || weakness != c.weakness || reason == "" {
				t.Errorf("%s, expected %s: %s, weakness %v, %q", c.file, expected, v, weakness, reason)
			}
		}
	}
}

func TestSuggestedByChangedJournal(t *testing.T) {
	fail := func(j *Journal) { // every action
		for i := range j.Activities {
			if j.Activities[i].Type == "action" {
				j.Activities[i].Status = "failed"
			}
		}
	}
	for name, c := range map[string]struct {
		file   string
		change func(*Journal)
		want   Verdict
	}{
		"a dry run":                         {"completed", func(j *Journal) { j.DryRun = true }, CannotTell},
		"the word deviated":                 {"completed", func(j *Journal) { j.Status = "deviated" }, NotAsPredicted},
		"an unknown word":                   {"completed", func(j *Journal) { j.Status = "finished" }, CannotTell},
		"an unknown word and a weakness":    {"deviated", func(j *Journal) { j.Status = "finished" }, NotAsPredicted},
		"aborted after it had deviated":     {"deviated", func(j *Journal) { j.Status = "aborted" }, NotAsPredicted},
		"interrupted in the rollbacks":      {"completed", func(j *Journal) { j.Status = "interrupted" }, CannotTell},
		"no steady state after":             {"completed", func(j *Journal) { j.After = nil }, CannotTell},
		"every action failed":               {"completed", func(j *Journal) { j.Activities[0].Status = "failed" }, CannotTell},
		"failed, and left its steady state": {"deviated", func(j *Journal) { fail(j) }, NotAsPredicted},
		"failed, and never was in it":       {"deviated", func(j *Journal) { fail(j); *j.Before.Met = false }, CannotTell},
		"failed, and nobody looked before":  {"deviated", func(j *Journal) { fail(j); j.Before = nil }, CannotTell},
		"failed while the steady state was": {"completed", func(j *Journal) { j.Status = "failed" }, AsPredicted},
	} {
		j := read(t, c.file)
		c.change(&j)
		if v, _, _ := j.suggest(Holds); v != c.want {
			t.Errorf("%s: %s, want %s", name, v, c.want)
		}
	}
}

// Who sends a status that is not known hears which are, and one that is no text is told once.
func TestStatusesOfJournals(t *testing.T) {
	for _, run := range []any{[]any{}, []any{map[string]any{"status": "succeeded"}}} {
		j, err := ReadJournal(map[string]any{"status": "weird", "run": run})
		if err != nil {
			t.Fatal(err)
		}
		v, reason, weakness := j.suggest(Holds)
		if v != CannotTell || weakness || !strings.Contains(reason, `"weird"`) || !strings.Contains(reason, "completed, failed, aborted, interrupted, deviated") {
			t.Errorf("%s %q", v, reason)
		}
	}
	for _, status := range []any{5.0, nil, " ", []any{}, true} {
		_, err := ReadJournal(map[string]any{"status": status, "run": []any{}})
		wantProblems(t, err, fault.InvalidArgument, "JOURNAL_INVALID", "journal.status JOURNAL_INVALID")
	}
}

func TestReadJournal(t *testing.T) {
	j := read(t, "completed")
	start := time.Date(2026, 6, 8, 9, 0, 0, 123456000, time.UTC)
	if j.Version != "1.44.0" || !j.Start.Equal(start) || !j.End.Equal(start.Add(131*time.Second)) || *j.Seconds != 131 || j.During != 2 || j.DuringUnmet != 0 {
		t.Errorf("%+v", j)
	}
	if p := j.Before.Probes[0]; !*j.Before.Met || p.Name != "checkout-answers" || p.Type != "probe" || p.Status != "succeeded" || !*p.ToleranceMet || *p.Seconds != 0.11 {
		t.Errorf("before %+v", p)
	}
	if len(j.Activities) != 2 || j.Activities[1].Exception != "ActivityFailed" || j.Activities[0].Exception != "" || j.Activities[0].ToleranceMet != nil {
		t.Errorf("activities %+v", j.Activities)
	}
	if len(j.Rollbacks) != 1 || j.Rollbacks[0].Seconds != nil || j.Rollbacks[0].Name != "start-the-replica" {
		t.Errorf("rollbacks %+v", j.Rollbacks)
	}
	if j := read(t, "interrupted"); j.After.Met != nil || j.Activities[0].Name != "stop-one-replica" || j.During != 2 || j.DuringUnmet != 0 {
		t.Errorf("interrupted %+v", j)
	}
	if j := read(t, "failed_before"); j.After != nil || *j.Before.Met || j.Before.Probes[0].Exception != "ActivityFailed" {
		t.Errorf("failed before %+v", j)
	}
}

// What a version of the library writes besides names, statuses and times may be secret.
func TestJournalKeepsNoSecret(t *testing.T) {
	for _, file := range []string{"completed", "old"} {
		text, err := json.Marshal(read(t, file))
		if err != nil || strings.Contains(string(text), "s3cr3t") || strings.Contains(string(text), "example") {
			t.Errorf("%s: %v, kept %s", file, err, text)
		}
	}
}

func TestExceptionOf(t *testing.T) {
	for _, c := range []struct {
		given any
		want  string
	}{
		{nil, ""},
		{"", ""},
		{[]any{}, ""},
		{"KeyboardInterrupt", "KeyboardInterrupt"},
		{"requests.exceptions.ConnectionError: s3cr3t", "ConnectionError"},
		{[]any{"x", "ValueError: a: b\n"}, "ValueError"},
		{"s3cr3t", "Exception"},
		{"S3cr3t", "Exception"},
		{[]any{3.0}, "Exception"},
		{"first\nsubprocess.Timeout: x", "Timeout"},
	} {
		if got := exceptionOf(c.given); got != c.want {
			t.Errorf("%v: %q, want %q", c.given, got, c.want)
		}
	}
}

func TestDryRuns(t *testing.T) {
	for _, c := range []struct {
		given any
		want  bool
	}{{nil, false}, {false, false}, {true, true}, {"activities", true}, {"actions", true}, {"probes", false}, {"pause", false}} {
		o := decoded(t, "completed")
		o["experiment"].(map[string]any)["dry"] = c.given
		if j, err := ReadJournal(o); err != nil || j.DryRun != c.want {
			t.Errorf("%v: %v, %v", c.given, j.DryRun, err)
		}
	}
}

func TestBrokenJournals(t *testing.T) {
	for name, c := range map[string]struct {
		text string
		want []string
	}{
		"empty":                    {`{}`, []string{"journal.status", "journal.run"}},
		"an experiment":            {`{"title": "x", "method": []}`, []string{"journal.status", "journal.run"}},
		"no status yet":            {`{"status": null, "run": []}`, []string{"journal.status"}},
		"status is a number":       {`{"status": 3, "run": []}`, []string{"journal.status"}},
		"status is a novel":        {`{"status": "` + strings.Repeat("é", 65) + `", "run": []}`, []string{"journal.status"}},
		"deviated is text":         {`{"status": "completed", "run": [], "deviated": "no"}`, []string{"journal.deviated"}},
		"run is an object":         {`{"status": "completed", "run": {}}`, []string{"journal.run"}},
		"an activity is text":      {`{"status": "completed", "run": [{}, "x"]}`, []string{"journal.run[1]"}},
		"a status inside":          {`{"status": "completed", "run": [{"status": []}]}`, []string{"journal.run[0].status"}},
		"a name inside":            {`{"status": "completed", "run": [{"activity": {"name": {}}}]}`, []string{"journal.run[0].activity.name"}},
		"a time":                   {`{"status": "completed", "run": [], "start": "yesterday"}`, []string{"journal.start"}},
		"a duration below zero":    {`{"status": "completed", "run": [], "duration": -1}`, []string{"journal.duration"}},
		"ends before it starts":    {`{"status": "completed", "run": [], "start": "2026-06-08T09:00:00", "end": "2026-06-08T08:00:00"}`, []string{"journal.end"}},
		"a steady state":           {`{"status": "completed", "steady_states": {"after": []}}`, []string{"journal.steady_states.after"}},
		"a probe":                  {`{"status": "completed", "steady_states": {"after": {"probes": [{"tolerance_met": 1}]}}}`, []string{"journal.steady_states.after.probes[0].tolerance_met"}},
		"during is no list":        {`{"status": "completed", "steady_states": {"during": 1}}`, []string{"journal.steady_states.during"}},
		"one of during":            {`{"status": "completed", "steady_states": {"during": [null, 7]}}`, []string{"journal.steady_states.during[1]"}},
		"the experiment is a list": {`{"status": "completed", "run": [], "experiment": []}`, []string{"journal.experiment"}},
		"more than anybody reads":  {`{"status": "completed", "run": [` + strings.Repeat(`{},`, 1000) + `{}]}`, []string{"journal.run"}},
		"so many problems":         {`{"status": "completed", "run": [` + strings.Repeat(`1,`, 100) + `1]}`, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var object map[string]any
			if err := json.Unmarshal([]byte(c.text), &object); err != nil {
				t.Fatal(err)
			}
			_, err := ReadJournal(object)
			f := wantReason(t, err, fault.InvalidArgument, "JOURNAL_INVALID")
			var places []string
			for _, v := range f.Violations {
				places = append(places, v.Field)
			}
			if c.want != nil && !slices.Equal(places, c.want) || len(places) > 20 {
				t.Errorf("places %q, want %q", places, c.want)
			}
		})
	}
}

// Whatever is sent: nothing crashes, and what is taken can be written, is the same again, and holds nothing of what is dropped.
func FuzzReadJournal(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "journals", "*.json"))
	if err != nil || len(files) == 0 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	const secret = "5f1d8c0e-dropped"
	f.Fuzz(func(t *testing.T, text []byte) {
		var object map[string]any
		if json.Unmarshal(text, &object) != nil || object == nil {
			return
		}
		for _, place := range []string{"configuration", "secrets", "node", "platform", "settings"} {
			object[place] = secret
		}
		if runs, ok := object["run"].([]any); ok {
			for _, r := range runs {
				if run, ok := r.(map[string]any); ok {
					run["output"], run["exception"] = secret, "ValueError: "+secret
				}
			}
		}
		j, err := ReadJournal(object)
		if err != nil {
			return
		}
		kept, err := json.Marshal(j)
		if err != nil || strings.Contains(string(kept), secret) {
			t.Fatalf("%v, kept %s", err, kept)
		}
		var again Journal
		if err := json.Unmarshal(kept, &again); err != nil || !again.same(j) || j.Status == "" {
			t.Fatalf("%v: read again as %+v, was %+v", err, again, j)
		}
		for _, expected := range []GameDayPrediction{Holds, Breaks} {
			if v, reason, weakness := j.suggest(expected); reason == "" || weakness != (v != CannotTell && (v == AsPredicted) == (expected == Breaks)) {
				t.Fatalf("%s %s %v on %s", v, reason, weakness, kept)
			}
		}
	})
}
