package transfer

import (
	"archive/zip"
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/fortnighthq/fortnight/gateway/internal/problem"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

func TestNoCellOfTheTableIsAFormula(t *testing.T) {
	var out bytes.Buffer
	b := newTable(&out)
	var all []*knowledgev1.ExportedLearning
	for _, text := range odd {
		l := learned("rota", text)
		l.Learning.Situation, l.Learning.Tried, l.Provenance.Team, l.Learning.Context.Process = text, text, text, text
		all = append(all, l)
	}
	fill(t, b, all...)
	rows, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
	if err != nil || len(rows) != len(odd)+1 {
		t.Fatalf("%d rows: %v", len(rows), err)
	}
	for i, row := range rows[1:] {
		for j, cell := range row {
			if cell != "" && strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
				t.Errorf("row %d, %s is %q", i, rows[0][j], cell)
			}
		}
		if got, want := strings.TrimPrefix(row[1], "'"), strings.ReplaceAll(odd[i], "\r\n", "\n"); got != want { // the reader makes one end of line of both
			t.Errorf("the claim %q became %q", want, got)
		}
	}
	for i, column := range []string{"name", "claim", "state", "grade"} {
		if rows[0][i] != column {
			t.Errorf("column %d is %s", i, rows[0][i])
		}
	}
}

// Whatever the texts are, a document of one learning has one front matter, one heading of the first level and the headings of its parts.
func TestTextsDoNotEndWhatStandsAroundThem(t *testing.T) {
	for _, text := range odd {
		l := learned("rota", text)
		l.Learning.Situation, l.Learning.Tried, l.Learning.Context.Process, l.Provenance.Team = text, text, text, text
		content, err := leaf(l, "../charts/rota.svg")
		if err != nil {
			t.Fatal(err)
		}
		_, rest, ok := strings.Cut(string(content), "---\n")
		front, rest, closed := strings.Cut(rest, "\n---\n\n# ")
		if !ok || !closed {
			t.Fatalf("%q: no front matter in\n%s", text, content)
		}
		var f facts
		if err := yaml.Unmarshal([]byte(front), &f); err != nil || f.Process != text && f.Process != strings.ReplaceAll(text, "\r\n", "\n") || f.Provenance.Installation != here.installation {
			t.Errorf("%q: %v in\n%s", text, err, front)
		}
		_, rest, _ = strings.Cut(rest, "\n") // the heading
		headings := 0
		for line := range strings.Lines(rest) {
			switch {
			case strings.HasPrefix(line, "## "):
				headings++
			case strings.HasPrefix(line, "#"), strings.HasPrefix(line, "---"), strings.HasPrefix(line, "```"), strings.HasPrefix(line, "<"):
				t.Errorf("%q: outside of a quotation: %s", text, line)
			}
		}
		if headings != 6 || strings.Contains(strings.ReplaceAll(rest, `\<`, ""), "<script") || !strings.Contains(rest, "[The chart](../charts/rota.svg)") {
			t.Errorf("%q: %d headings in\n%s", text, headings, rest)
		}
	}
}

func TestTheBookletLinksToTheCharts(t *testing.T) {
	var out bytes.Buffer
	fill(t, newBooklet(&out, here), learned("rota", "A rota *helps*"), learned("flags", "Flags help"))
	text := out.String()
	for _, part := range []string{
		"# Learnings of fortnight.example.com\n", "## A rota \\*helps\\*\n", "```yaml\nname: learnings/rota\n", "> - a list\n> - looked at twice a day\n",
		"(https://fortnight.example.com/v1/learnings/rota:chart?format=svg)", "installation: fortnight.example.com",
	} {
		if !strings.Contains(text, part) {
			t.Errorf("%q is missing in\n%s", part, text)
		}
	}
}

func TestNamesOfFilesAreSafe(t *testing.T) {
	for name, want := range map[string]string{"learnings/rota": "rota", "learnings/../../etc/passwd": "learning-", "learnings/CON.": "learning-", "": "learning-"} {
		if got := fileName(name); !strings.HasPrefix(got, want) || !safe.MatchString(got) {
			t.Errorf("%q is %q", name, got)
		}
	}
}

func TestZipsThatAreRefused(t *testing.T) {
	document := string(documentOf(t, learned("rota", "A rota helps")))
	good := packed(t, "learnings.json", document)
	many := &bytes.Buffer{}
	z := zip.NewWriter(many)
	for range maxEntries + 1 {
		if _, err := z.CreateHeader(&zip.FileHeader{Name: "x"}); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	broken := bytes.Clone(good)
	broken[60] ^= 0xff
	for name, c := range map[string]struct {
		body   []byte
		reason string
	}{
		"an export":               {good, ""},
		"with other files":        {packed(t, "README.md", "x", "charts/../../x.svg", "<svg/>", "learnings.json", document), ""},
		"below a folder":          {packed(t, "export/learnings.json", document), ""},
		"packed on a Mac":         {packed(t, "__MACOSX/learnings.json", "x", "learnings.json", document), ""},
		"no zip":                  {[]byte(document), "LEARNINGS_ARCHIVE_INVALID"},
		"empty":                   {nil, "LEARNINGS_ARCHIVE_INVALID"},
		"without learnings":       {packed(t, "README.md", "x"), "LEARNINGS_ARCHIVE_INVALID"},
		"deep below":              {packed(t, "a/b/learnings.json", document), "LEARNINGS_ARCHIVE_INVALID"},
		"a folder of that name":   {packed(t, "learnings.json/", ""), "LEARNINGS_ARCHIVE_INVALID"},
		"two of them":             {packed(t, "learnings.json", document, "b/learnings.json", document), "LEARNINGS_ARCHIVE_INVALID"},
		"broken":                  {broken, "LEARNINGS_ARCHIVE_INVALID"},
		"cut off":                 {good[:len(good)-30], "LEARNINGS_ARCHIVE_INVALID"},
		"a bomb":                  {packed(t, "learnings.json", `{"format":"`+strings.Repeat(" ", 8<<20)), "LEARNINGS_ARCHIVE_TOO_LARGE"},
		"a bomb of empty entries": {many.Bytes(), "LEARNINGS_ARCHIVE_TOO_LARGE"},
		"no document in it":       {packed(t, "learnings.json", "x"), "JSON_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			from, err := unpack(c.body)
			var in io.Reader
			if err == nil {
				in, err = from()
			}
			if err == nil {
				_, err = readAll(in)
			}
			var p *problem.Problem
			if c.reason == "" && err != nil || c.reason != "" && (!errors.As(err, &p) || p.Reason != c.reason) {
				t.Errorf("%v, want %q", err, c.reason)
			}
		})
	}
}
