package domain_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

func TestCompareSteps(t *testing.T) {
	tests := []struct {
		name   string
		change func(steps []domain.Step) []domain.Step
		want   []string
	}{
		{"nothing", func(s []domain.Step) []domain.Step { return s }, nil},
		{"values", func(s []domain.Step) []domain.Step {
			s[3].WaitMinutes, s[3].CompleteAccuratePercent, s[3].RejectsReturnTo, s[3].QueueLength = new(480.0), new(80.0), "Intake", new(int32(7))
			return s
		}, []string{"CHANGED Code review [wait_minutes complete_accurate_percent rejects_return_to queue_length]"}},
		{"no longer known", func(s []domain.Step) []domain.Step { s[0].ProcessMinutes = nil; return s }, []string{"CHANGED Intake [process_minutes]"}},
		{"another spelling", func(s []domain.Step) []domain.Step { s[4].Name = "DEPLOY"; return s }, []string{"CHANGED DEPLOY [name]"}},
		{"another name", func(s []domain.Step) []domain.Step { s[4].Name = "Release"; return s }, []string{"ADDED Release []", "REMOVED Deploy []"}},
		{"one taken out", func(s []domain.Step) []domain.Step { return slices.Delete(s, 1, 2) }, []string{"REMOVED Refinement []"}},
		{"two exchanged", func(s []domain.Step) []domain.Step { s[1], s[2] = s[2], s[1]; return s }, []string{"CHANGED Development [place]", "CHANGED Refinement [place]"}},
		{"one put in and one moved", func(s []domain.Step) []domain.Step {
			return []domain.Step{s[1], {Name: "Design"}, s[0], s[2], s[3], s[4]}
		}, []string{"CHANGED Refinement [place]", "ADDED Design []", "CHANGED Intake [place]"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var got []string
			for _, d := range domain.CompareSteps(published(), test.change(published())) {
				got = append(got, fmt.Sprint(d.Change, " ", d.Step, " ", d.Fields))
				if (d.From == nil) != (d.Change == domain.StepAdded) || (d.To == nil) != (d.Change == domain.StepRemoved) {
					t.Errorf("%+v", d)
				}
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestCompareFigures(t *testing.T) {
	steps := published()
	steps[3].WaitMinutes, steps[0].CompleteAccuratePercent = new(480.0), nil
	var got []string
	for _, d := range domain.CompareFigures(domain.Assess(published()), domain.Assess(steps)) {
		text := string(d.Figure)
		for _, value := range []*float64{d.From, d.To, d.Difference} {
			if value == nil {
				text += " –"
			} else {
				text += fmt.Sprintf(" %.1f", *value)
			}
		}
		got = append(got, text)
	}
	want := []string{
		"LEAD_TIME 9030.0 6630.0 -2400.0", "WAIT_TIME 8160.0 5760.0 -2400.0", "FLOW_EFFICIENCY 9.6 13.1 3.5",
		"ROLLED_COMPLETE_ACCURATE 100.0 – –", "EXPECTED_REWORK 0.0 – –", "REWORK_ADJUSTED_LEAD_TIME 9030.0 – –",
		"REWORK_ADJUSTED_FLOW_EFFICIENCY 9.6 – –",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}
