package transfer

import (
	"bytes"
	"fmt"
	"io"

	"go.yaml.in/yaml/v3"

	md "github.com/fortnighthq/fortnight/gateway/internal/markdown"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

// booklet writes one readable document with all learnings.
type booklet struct {
	out   io.Writer
	from  origin
	begun bool
}

func newBooklet(out io.Writer, from origin) *booklet { return &booklet{out: out, from: from} }

func (b *booklet) begin() error {
	if b.begun {
		return nil
	}
	b.begun = true
	_, err := fmt.Fprintf(b.out, "# Learnings of %s\n\nExported on %s, oldest first.\n", b.from.installation, b.from.time.Format("2006-01-02 15:04 UTC"))
	return err
}

func (b *booklet) add(l *knowledgev1.ExportedLearning) error {
	if err := b.begin(); err != nil {
		return err
	}
	facts, err := factsOf(l)
	if err != nil {
		return err
	}
	chart := ""
	if l.GetLearning().GetHasChart() {
		chart = b.from.base + "/v1/" + l.GetLearning().GetName() + ":chart?format=svg"
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "\n## %s\n\n```yaml\n%s```\n", md.Line(l.GetLearning().GetClaim()), facts)
	body(&text, "###", l, chart)
	_, err = b.out.Write(text.Bytes())
	return err
}

func (b *booklet) close() error { return b.begin() }

// leaf is one learning as a document of its own, with its facts as front matter. chart is where its chart is, if any.
func leaf(l *knowledgev1.ExportedLearning, chart string) ([]byte, error) {
	facts, err := factsOf(l)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	fmt.Fprintf(&text, "---\n%s---\n\n# %s\n", facts, md.Line(l.GetLearning().GetClaim()))
	body(&text, "##", l, chart)
	return text.Bytes(), nil
}

// body writes the texts. They are Markdown of their own, of anybody: as a quotation, none of them can end what stands around it.
func body(out *bytes.Buffer, level string, l *knowledgev1.ExportedLearning, chart string) {
	x := l.GetLearning()
	for _, part := range md.Parts(x) {
		if part.Text != "" {
			fmt.Fprintf(out, "\n%s %s\n\n%s", level, part.Title, md.Quoted(part.Text))
		}
		if part.Title == md.WhatHappened && chart != "" {
			if part.Text == "" {
				fmt.Fprintf(out, "\n%s %s\n", level, part.Title)
			}
			fmt.Fprintf(out, "\n[The chart](%s)\n", chart)
		}
	}
	if explanation := x.GetGrade().GetExplanation(); explanation != "" {
		fmt.Fprintf(out, "\n%s How well it is supported\n\n%s: %s\n", level, gradeOf(x.GetGrade()), md.Line(explanation))
	}
}

// facts are what can be said of a learning beside its texts.
type facts struct {
	Name       string   `yaml:"name"`
	State      string   `yaml:"state"`
	Grade      string   `yaml:"grade,omitempty"`
	Verdict    string   `yaml:"verdict,omitempty"`
	Tags       []string `yaml:"tags,omitempty,flow"`
	Process    string   `yaml:"process,omitempty"`
	Constraint string   `yaml:"constraintType,omitempty"`
	TeamSize   int32    `yaml:"teamSize,omitempty"`
	Stack      []string `yaml:"stack,omitempty,flow"`
	Team       string   `yaml:"team,omitempty"`
	Cycle      string   `yaml:"cycle,omitempty"`
	Experiment string   `yaml:"experiment,omitempty"`
	Published  string   `yaml:"publishTime,omitempty"`
	ReviewBy   string   `yaml:"reviewByDate,omitempty"`
	Provenance struct {
		Installation string   `yaml:"installation"`
		Learning     string   `yaml:"learning"`
		Team         string   `yaml:"team,omitempty"`
		Grade        string   `yaml:"grade,omitempty"`
		ExportTime   string   `yaml:"exportTime,omitempty"`
		Earlier      []string `yaml:"earlier,omitempty,flow"`
	} `yaml:"provenance"`
}

func factsOf(e *knowledgev1.ExportedLearning) ([]byte, error) {
	l, p := e.GetLearning(), e.GetProvenance()
	f := facts{
		Name: l.GetName(), State: stateOf(l), Grade: gradeOf(l.GetGrade()), Verdict: l.GetVerdict(), Tags: l.GetTags(),
		Process: l.GetContext().GetProcess(), Constraint: l.GetContext().GetConstraintType(), TeamSize: l.GetContext().GetTeamSize(),
		Stack: l.GetContext().GetStack(),
		Team:  l.GetTeam(), Cycle: l.GetCycle(), Experiment: l.GetExperiment(), Published: instant(l.GetPublishTime()), ReviewBy: l.GetReviewByDate(),
	}
	f.Provenance.Installation, f.Provenance.Learning, f.Provenance.Team = p.GetInstallation(), p.GetLearning(), p.GetTeam()
	f.Provenance.Grade, f.Provenance.ExportTime, f.Provenance.Earlier = gradeOf(p.GetGrade()), instant(p.GetExportTime()), p.GetEarlier()
	return yaml.Marshal(f)
}
