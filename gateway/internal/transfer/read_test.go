package transfer

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// odd are texts that files could take for something else.
var odd = []string{
	"=HYPERLINK(\"http://x\")", "@SUM(1)", "+1", "-1", "\t=1", "a,b\"c\"\r\nd", "yes", "1e3", "# heading", "---\nname: x", "```\nunclosed", "<script>alert(1)</script>",
	"<!-- unclosed", "emoji 👩‍👩‍👧 and ünïcödé", "\u2028", "{\"format\":1}", "]]}", strings.Repeat("long ", 800),
}

func TestADocumentIsReadAsItWasWritten(t *testing.T) {
	var want []*knowledgev1.ExportedLearning
	for _, text := range odd {
		l := learned("rota", text)
		l.Learning.Situation, l.Learning.RetireReason = text, text
		want = append(want, l)
	}
	got, err := readAll(bytes.NewReader(documentOf(t, want...)))
	if err != nil || len(got) != len(want) {
		t.Fatalf("%d of %d: %v", len(got), len(want), err)
	}
	for i := range got {
		if !proto.Equal(got[i], want[i]) {
			t.Errorf("%d came back as\n%v\nwant\n%v", i, got[i], want[i])
		}
	}
	if got, err := readAll(bytes.NewReader(documentOf(t))); err != nil || len(got) != 0 {
		t.Errorf("of none: %v, %v", got, err)
	}
}

func TestDocumentsThatAreRefused(t *testing.T) {
	const begin = `{"format":"fortnight-learnings","version":1,`
	for name, c := range map[string]struct{ text, reason, field, detail string }{
		"nothing":               {``, "JSON_INVALID", "", "before it is complete"},
		"no JSON":               {`format: x`, "JSON_INVALID", "", "at byte"},
		"a list":                {`[]`, "LEARNINGS_DOCUMENT_UNKNOWN", "", "a JSON object"},
		"an empty object":       {`{}`, "LEARNINGS_DOCUMENT_UNKNOWN", "format", "is missing"},
		"another format":        {`{"format":"board","version":1,"learnings":[]}`, "LEARNINGS_DOCUMENT_UNKNOWN", "format", "must be"},
		"format is a number":    {`{"format":7,"version":1,"learnings":[]}`, "LEARNINGS_DOCUMENT_UNKNOWN", "format", "must be"},
		"a later version":       {`{"format":"fortnight-learnings","version":2,"learnings":[]}`, "LEARNINGS_DOCUMENT_UNKNOWN", "version", "later version of Fortnight"},
		"a later version, last": {`{"format":"fortnight-learnings","learnings":[],"version":2}`, "LEARNINGS_DOCUMENT_UNKNOWN", "version", "later version"},
		"no version":            {`{"format":"fortnight-learnings","learnings":[]}`, "LEARNINGS_DOCUMENT_UNKNOWN", "version", "is missing"},
		"no learnings":          {`{"format":"fortnight-learnings","version":1}`, "LEARNINGS_DOCUMENT_UNKNOWN", "learnings", "is missing"},
		"learnings are none":    {begin + `"learnings":{}}`, "LEARNINGS_DOCUMENT_UNKNOWN", "learnings", "a list"},
		"an unknown field":      {begin + `"learnings":[],"more":1}`, "UNKNOWN_FIELD", "more", "no field"},
		"a field twice":         {begin + `"learnings":[],"learnings":[]}`, "DUPLICATE_FIELD", "learnings", "twice"},
		"something behind":      {begin + `"learnings":[]}{}`, "JSON_INVALID", "", "follows the end"},
		"cut off":               {begin + `"learnings":[{"learning":{"claim":"A`, "JSON_INVALID", "", "before it is complete"},
		"cut off in between":    {begin + `"learnings":[{},`, "JSON_INVALID", "", "before it is complete"},
		"no object in it":       {begin + `"learnings":[{},7]}`, "VALUE_INVALID", "learnings[1]", "an object"},
		"an unknown field deep": {begin + `"learnings":[{},{},{},{"learning":{"claimm":"x"}}]}`, "UNKNOWN_FIELD", "learnings[3].learning.claimm", "no field"},
		"a wrong type":          {begin + `"learnings":[{"learning":{"claim":7}}]}`, "VALUE_INVALID", "learnings[0].learning.claim", "must be"},
		"an unknown state":      {begin + `"learnings":[{"learning":{"state":"LEARNING_STATE_EATEN"}}]}`, "VALUE_INVALID", "learnings[0].learning.state", "one of"},
		"a time that is none":   {begin + `"learnings":[{"provenance":{"exportTime":"yesterday"}}]}`, "VALUE_INVALID", "learnings[0].provenance.exportTime", "must be"},
		"a drawing from there":  {begin + `"learnings":[{"chart":{"svg":"<svg/>"}}]}`, "UNKNOWN_FIELD", "learnings[0].chart.svg", "no field"},
		"no UTF-8":              {begin + "\"learnings\":[{\"learning\":{\"claim\":\"\xff\"}}]}", "VALUE_INVALID", "", ""},
		"nested too deeply":     {begin + `"learnings":[` + strings.Repeat("[", 20000), "JSON_INVALID", "", "depth"},
		"a value without end":   {begin + `"learnings":[{"learning":{"claim":"` + strings.Repeat("x", maxText+1<<20) + `"}}]}`, "VALUE_INVALID", "learnings[0]", "16 MiB"},
		"a name without end":    {`{"` + strings.Repeat("x", maxText+1<<20) + `":1}`, "VALUE_INVALID", "", "16 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readAll(strings.NewReader(c.text))
			var p *problem.Problem
			if !errors.As(err, &p) {
				t.Fatalf("%v", err)
			}
			field := ""
			if len(p.Violations) > 0 {
				field = p.Violations[0].Field
			}
			if p.Status != http.StatusBadRequest || p.Reason != c.reason || c.field != "" && field != c.field || !strings.Contains(p.Detail, c.detail) || !strings.HasPrefix(p.Detail, "Nothing was imported: ") {
				t.Errorf("%d %s %q: %s", p.Status, p.Reason, field, p.Detail)
			}
			if len(p.Detail) > 2000 {
				t.Errorf("%d bytes of detail", len(p.Detail))
			}
		})
	}
}

// What can be read says the same when it is written and read again; what cannot be read is refused in words.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"format":"fortnight-learnings","version":1,"learnings":[{"learning":{"claim":"x"}}]}`))
	f.Add([]byte(`{"version":1,"learnings":[null],"format":"fortnight-learnings"}`))
	f.Add([]byte(`{"format":"fortnight-learnings","version":1,"learnings":[{"chart":{"chart":{"points":[{"value":"NaN"}]}}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, err := readAll(bytes.NewReader(text))
		var p *problem.Problem
		if err != nil {
			if !errors.As(err, &p) || p.Status != http.StatusBadRequest || p.Detail == "" {
				t.Fatalf("refused without words: %v", err)
			}
			return
		}
		again, err := readAll(bytes.NewReader(documentOf(t, all...)))
		if err != nil || len(again) != len(all) {
			t.Fatalf("%d of %d: %v", len(again), len(all), err)
		}
		for i := range all {
			if !proto.Equal(all[i], again[i]) && !strings.Contains(all[i].String(), "nan") {
				t.Errorf("%v came back as %v", all[i], again[i])
			}
		}
	})
}
