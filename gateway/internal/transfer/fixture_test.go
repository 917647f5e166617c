package transfer

import (
	"archive/zip"
	"bytes"
	"io"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
)

var (
	monday = time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)
	here   = origin{"fortnight.example.com", "https://fortnight.example.com", monday}
)

// learned is a learning with everything.
func learned(id, claim string) *knowledgev1.ExportedLearning {
	at := timestamppb.New(monday)
	chart := &experimentv1.ProcessBehaviourChart{}
	for i := range 12 {
		chart.Points = append(chart.Points, &experimentv1.ChartPoint{Time: timestamppb.New(monday.AddDate(0, 0, i-12)), Value: float64(5 + i%3)})
	}
	chart.Segments = []*experimentv1.ChartSegment{{EndPoint: 12, Limits: &experimentv1.Limits{Centre: 6, Upper: 9, Lower: 3, UpperRange: 4, Count: 12}}}
	return &knowledgev1.ExportedLearning{
		Learning: &knowledgev1.Learning{
			Name: "learnings/" + id, Team: "teams/payments", Claim: claim, Situation: "Two of us answer *beside* the work.", Tags: []string{"code-review"},
			Context: &knowledgev1.Context{Process: "code review", ConstraintType: "waiting", TeamSize: 7, Stack: []string{"go"}},
			Tried:   "- a list\n- looked at twice a day", Happened: "The wait fell.", MayNotHold: "Where all is urgent.", HowToTry: "Begin with one week.",
			Verdict: "AS_PREDICTED", State: knowledgev1.LearningState_LEARNING_STATE_PUBLISHED, PublishTime: at, HasChart: true,
			Grade: &knowledgev1.Grade{Level: knowledgev1.GradeLevel_GRADE_LEVEL_OBSERVED, SupportingTeams: 1, Explanation: "One team found it."},
		},
		Evidence: []*knowledgev1.Evidence{{Name: "learnings/" + id + "/evidence/origin", Locked: true}},
		Chart:    &knowledgev1.LearningChart{Name: "learnings/" + id, Metric: &experimentv1.Metric{DisplayName: "Review wait", Unit: "h"}, Chart: chart},
		Provenance: &knowledgev1.Provenance{
			Installation: here.installation, Learning: "learnings/" + id, Team: "Payments", ExportTime: at,
			Grade: &knowledgev1.Grade{Level: knowledgev1.GradeLevel_GRADE_LEVEL_OBSERVED},
		},
	}
}

// documentOf is the document of learnings.
func documentOf(t testing.TB, all ...*knowledgev1.ExportedLearning) []byte {
	t.Helper()
	var out bytes.Buffer
	fill(t, newDocument(&out, here), all...)
	return out.Bytes()
}

func fill(t testing.TB, b book, all ...*knowledgev1.ExportedLearning) {
	t.Helper()
	for _, l := range all {
		if err := b.add(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.close(); err != nil {
		t.Fatal(err)
	}
}

// packed is a zip of files, name, content, name, content.
func packed(t testing.TB, files ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for i := 0; i+1 < len(files); i += 2 {
		file, err := z.Create(files[i])
		if err == nil {
			_, err = io.WriteString(file, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// readAll reads a document to its end.
func readAll(in io.Reader) (all []*knowledgev1.ExportedLearning, err error) {
	err = read(in, func(_ int, l *knowledgev1.ExportedLearning) error {
		all = append(all, l)
		return nil
	})
	return all, err
}
