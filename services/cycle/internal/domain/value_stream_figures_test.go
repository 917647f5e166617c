package domain_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

// published is the worked example of a public executable specification of a value-stream tool: one day is 480 minutes.
func published() []domain.Step {
	all := new(100.0)
	return []domain.Step{
		{Name: "Intake", ProcessMinutes: new(60.0), WaitMinutes: new(2400.0), CompleteAccuratePercent: all},
		{Name: "Refinement", ProcessMinutes: new(240.0), WaitMinutes: new(480.0), CompleteAccuratePercent: all},
		{Name: "Development", ProcessMinutes: new(480.0), WaitMinutes: new(960.0), CompleteAccuratePercent: all},
		{Name: "Code review", ProcessMinutes: new(60.0), WaitMinutes: new(2880.0), CompleteAccuratePercent: all},
		{Name: "Deploy", ProcessMinutes: new(30.0), WaitMinutes: new(1440.0), CompleteAccuratePercent: all},
	}
}

// printed writes the figures as the example prints them.
func printed(f domain.Figures) string {
	text := ""
	for _, figure := range []domain.Figure{domain.ProcessTime, domain.WaitTime, domain.LeadTime, domain.ExpectedRework, domain.AdjustedLeadTime} {
		if minutes := f.Of(figure); minutes != nil {
			text += fmt.Sprintf("%s %v min = %.1f days\n", figure, *minutes, *minutes/480)
		}
	}
	for _, figure := range []domain.Figure{domain.FlowEfficiency, domain.RolledCompleteAccurate, domain.AdjustedFlowEfficiency} {
		if percent := f.Of(figure); percent != nil {
			text += fmt.Sprintf("%s %.1f %%\n", figure, *percent)
		}
	}
	return text
}

func TestPublishedExample(t *testing.T) {
	got := domain.Assess(published())
	want := `PROCESS_TIME 870 min = 1.8 days
WAIT_TIME 8160 min = 17.0 days
LEAD_TIME 9030 min = 18.8 days
EXPECTED_REWORK 0 min = 0.0 days
REWORK_ADJUSTED_LEAD_TIME 9030 min = 18.8 days
FLOW_EFFICIENCY 9.6 %
ROLLED_COMPLETE_ACCURATE 100.0 %
REWORK_ADJUSTED_FLOW_EFFICIENCY 9.6 %
`
	if printed(got) != want {
		t.Errorf("got\n%swant\n%s", printed(got), want)
	}
	if !slices.Equal(got.LongestQueue, []string{"Code review"}) || got.LowestCompleteAccurate != nil || got.Missing != nil {
		t.Errorf("longest queue %v, lowest %%C&A %v, missing %v", got.LongestQueue, got.LowestCompleteAccurate, got.Missing)
	}
}

func TestPublishedExampleWithRework(t *testing.T) {
	steps := published()
	steps[3].CompleteAccuratePercent, steps[3].RejectsReturnTo = new(80.0), "Intake"
	got := domain.Assess(steps)
	want := `PROCESS_TIME 870 min = 1.8 days
WAIT_TIME 8160 min = 17.0 days
LEAD_TIME 9030 min = 18.8 days
EXPECTED_REWORK 924 min = 1.9 days
REWORK_ADJUSTED_LEAD_TIME 9954 min = 20.7 days
FLOW_EFFICIENCY 9.6 %
ROLLED_COMPLETE_ACCURATE 80.0 %
REWORK_ADJUSTED_FLOW_EFFICIENCY 8.7 %
`
	if printed(got) != want {
		t.Errorf("got\n%swant\n%s", printed(got), want)
	}
	if !slices.Equal(got.LowestCompleteAccurate, []string{"Code review"}) {
		t.Errorf("lowest %%C&A %v", got.LowestCompleteAccurate)
	}
}

func TestWhatIsMissingIsNamed(t *testing.T) {
	reworked := []domain.Figure{domain.ExpectedRework, domain.AdjustedLeadTime, domain.AdjustedFlowEfficiency}
	tests := []struct {
		name        string
		take        func(steps []domain.Step)
		step, field string
		figures     []domain.Figure
	}{
		{"%C&A", func(s []domain.Step) { s[3].CompleteAccuratePercent = nil }, "Code review", "complete_accurate_percent", []domain.Figure{
			domain.RolledCompleteAccurate, domain.ExpectedRework, domain.AdjustedLeadTime, domain.AdjustedFlowEfficiency, domain.LowestCompleteAccurate,
		}},
		{"where rejects return", func(s []domain.Step) { s[2].CompleteAccuratePercent = new(50.0) }, "Development", "rejects_return_to", reworked},
		{"a step before the first", func(s []domain.Step) { s[0].CompleteAccuratePercent = new(50.0) }, "Intake", "rejects_return_to", reworked},
		{"process time", func(s []domain.Step) { s[4].ProcessMinutes = nil }, "Deploy", "process_minutes", []domain.Figure{
			domain.LeadTime, domain.ProcessTime, domain.FlowEfficiency, domain.AdjustedLeadTime, domain.AdjustedFlowEfficiency,
		}},
		{"wait", func(s []domain.Step) { s[4].WaitMinutes = nil }, "Deploy", "wait_minutes", []domain.Figure{
			domain.LeadTime, domain.WaitTime, domain.FlowEfficiency, domain.AdjustedLeadTime, domain.AdjustedFlowEfficiency, domain.LongestQueue,
		}},
		{"process time in a loop", func(s []domain.Step) {
			s[3].CompleteAccuratePercent, s[3].RejectsReturnTo, s[1].ProcessMinutes = new(80.0), "Intake", nil
		}, "Refinement", "process_minutes", []domain.Figure{
			domain.LeadTime, domain.ProcessTime, domain.FlowEfficiency, domain.ExpectedRework, domain.AdjustedLeadTime, domain.AdjustedFlowEfficiency,
		}},
		{"any time at all", func(s []domain.Step) {
			for i := range s {
				s[i].ProcessMinutes, s[i].WaitMinutes = new(0.0), new(0.0)
			}
		}, "", "process_minutes", []domain.Figure{domain.FlowEfficiency}},
	}
	all := []domain.Figure{
		domain.LeadTime, domain.ProcessTime, domain.WaitTime, domain.FlowEfficiency, domain.RolledCompleteAccurate, domain.ExpectedRework,
		domain.AdjustedLeadTime, domain.AdjustedFlowEfficiency,
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			steps := published()
			test.take(steps)
			got := domain.Assess(steps)
			if len(got.Missing) == 0 {
				t.Fatal("nothing is missing")
			}
			m := got.Missing[0]
			if m.Step != test.step || m.Field != test.field || !slices.Equal(m.Figures, test.figures) || !strings.Contains(m.Description, test.step) {
				t.Errorf("missing %+v", m)
			}
			lacking := map[domain.Figure]bool{}
			for _, m := range got.Missing {
				for _, figure := range m.Figures {
					lacking[figure] = true
				}
			}
			for _, figure := range all {
				if (got.Of(figure) == nil) != lacking[figure] {
					t.Errorf("%s is %v, and missing is %v", figure, got.Of(figure), lacking[figure])
				}
			}
			if lacking[domain.LongestQueue] && got.LongestQueue != nil || lacking[domain.LowestCompleteAccurate] && got.LowestCompleteAccurate != nil {
				t.Errorf("suggested without the figures: %v, %v", got.LongestQueue, got.LowestCompleteAccurate)
			}
		})
	}
}

func TestEqualQueuesAreAllSuggested(t *testing.T) {
	steps := published()
	steps[0].WaitMinutes, steps[1].CompleteAccuratePercent, steps[2].CompleteAccuratePercent = new(2880.0), new(90.0), new(90.0)
	got := domain.Assess(steps)
	if !slices.Equal(got.LongestQueue, []string{"Intake", "Code review"}) || !slices.Equal(got.LowestCompleteAccurate, []string{"Refinement", "Development"}) {
		t.Errorf("longest queue %v, lowest %%C&A %v", got.LongestQueue, got.LowestCompleteAccurate)
	}
}

// 100 times this share, divided by 100, comes out a hair above it in floating point.
func TestRolledIsNotAboveTheLeastShare(t *testing.T) {
	const least = 26.52958630828127
	steps := published()
	steps[3].CompleteAccuratePercent = new(least)
	if got := domain.Assess(steps).Of(domain.RolledCompleteAccurate); *got != least {
		t.Errorf("rolled %v", *got)
	}
}

// drawSteps draws a map; what is not known is left out now and then when unknowns is true.
func drawSteps(t *rapid.T, unknowns bool) []domain.Step {
	figure := func(most float64, label string) *float64 {
		if unknowns && rapid.IntRange(0, 3).Draw(t, label+" unknown") == 0 {
			return nil
		}
		if rapid.Bool().Draw(t, label+" whole") {
			return new(float64(rapid.IntRange(0, int(most)).Draw(t, label)))
		}
		return new(rapid.Float64Range(0, most).Draw(t, label))
	}
	steps := make([]domain.Step, rapid.IntRange(2, 12).Draw(t, "steps"))
	for i := range steps {
		steps[i] = domain.Step{
			Name: fmt.Sprintf("Step %d", i), ProcessMinutes: figure(100_000, "process"), WaitMinutes: figure(100_000, "wait"),
			CompleteAccuratePercent: figure(100, "usable"),
		}
		if i > 0 && (!unknowns || rapid.Bool().Draw(t, "returns")) {
			steps[i].RejectsReturnTo = steps[rapid.IntRange(0, i-1).Draw(t, "returns to")].Name
		}
	}
	return steps
}

func TestFiguresOfAnyMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		steps := drawSteps(t, rapid.Bool().Draw(t, "unknowns"))
		figures := domain.Assess(steps)
		for figure, value := range figures.Values {
			if !(value >= 0) || strings.HasSuffix(string(figure), "EFFICIENCY") && value > 100 {
				t.Fatalf("%s is %v", figure, value)
			}
		}
		if rolled := figures.Of(domain.RolledCompleteAccurate); rolled != nil {
			for _, step := range steps {
				if *rolled > *step.CompleteAccuratePercent {
					t.Fatalf("rolled %v is above the %v of %s", *rolled, *step.CompleteAccuratePercent, step.Name)
				}
			}
		}
		if lead, adjusted := figures.Of(domain.LeadTime), figures.Of(domain.AdjustedLeadTime); adjusted != nil && *adjusted < *lead {
			t.Fatalf("rework shortens the lead time from %v to %v", *lead, *adjusted)
		}
		if !reflect.DeepEqual(figures, domain.Assess(steps)) {
			t.Fatal("the same map has other figures")
		}
		if figures, changed := domain.CompareFigures(figures, figures), domain.CompareSteps(steps, steps); figures != nil || changed != nil {
			t.Fatalf("differences with itself: %v, %v", figures, changed)
		}
		at := rapid.IntRange(0, len(steps)).Draw(t, "at")
		added := domain.Step{Name: "Added", ProcessMinutes: new(rapid.Float64Range(0, 1000).Draw(t, "added process")), WaitMinutes: new(0.0)}
		longer := slices.Insert(slices.Clone(steps), at, added)
		if before, after := figures.Of(domain.LeadTime), domain.Assess(longer).Of(domain.LeadTime); (before == nil) != (after == nil) || before != nil && *after < *before {
			t.Fatalf("a step more makes the lead time %v instead of %v", after, before)
		}
		if changed := domain.CompareSteps(steps, longer); len(changed) != 1 || changed[0].Change != domain.StepAdded || changed[0].Step != "Added" {
			t.Fatalf("a step more: %+v", changed)
		}
	})
}
