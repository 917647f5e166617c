package domain

import (
	"slices"
	"testing"
	"time"
)

func TestFreeze(t *testing.T) {
	now := day(40).Add(time.Nanosecond)
	metric := &Metric{FloorAtZero: true, LimitForm: FormMedianRange, Rules: RuleSet{R2}}
	for _, c := range []struct {
		name   string
		change func(p *BaselineProposal, before *[]Baseline, readings *[]Measurement)
		reason string
	}{
		{"as it is", func(*BaselineProposal, *[]Baseline, *[]Measurement) {}, ""},
		{"three readings", func(_ *BaselineProposal, _ *[]Baseline, r *[]Measurement) { *r = (*r)[:3] }, "BASELINE_TOO_SHORT"},
		{"no reason", func(p *BaselineProposal, _ *[]Baseline, _ *[]Measurement) { p.Reason = " " }, "BASELINE_REASON_MISSING"},
		{"not later", func(_ *BaselineProposal, before *[]Baseline, _ *[]Measurement) {
			*before = []Baseline{{From: day(0)}}
		}, "BASELINE_NOT_LATER"},
		{"later", func(p *BaselineProposal, before *[]Baseline, _ *[]Measurement) {
			p.From, *before = day(1), []Baseline{{From: day(0)}}
		}, ""},
		{"from now on", func(p *BaselineProposal, _ *[]Baseline, _ *[]Measurement) { p.From = day(40) }, ""},
		{"in the future", func(p *BaselineProposal, _ *[]Baseline, _ *[]Measurement) {
			p.From = day(40).Add(time.Microsecond)
		}, "BASELINE_IN_FUTURE"},
		{"the first reading is in the future", func(_ *BaselineProposal, _ *[]Baseline, r *[]Measurement) {
			for i := range *r {
				(*r)[i].Time = day(41 + i)
			}
		}, "BASELINE_IN_FUTURE"},
		{"in the future, and not later", func(p *BaselineProposal, before *[]Baseline, _ *[]Measurement) {
			p.From, *before = day(50), []Baseline{{From: day(60)}}
		}, "BASELINE_IN_FUTURE"},
		{"too many", func(_ *BaselineProposal, _ *[]Baseline, r *[]Measurement) {
			*r = slices.Repeat(*r, MaxBaseline)
		}, "BASELINE_TOO_LONG"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := BaselineProposal{Name: "n", Reason: "why", Decider: "users/mina"}
			var before []Baseline
			readings := daily(golden...)
			c.change(&p, &before, &readings)
			b, err := p.Freeze(metric, before, readings, now)
			if c.reason != "" {
				if got := reasonsIn(t, err); !slices.Equal(got, []string{c.reason}) {
					t.Errorf("refused with %v", got)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if b.Name != "n" || b.Decider != "users/mina" || !b.DecideTime.Equal(day(40)) || b.Reason != "why" || b.From.Before(day(0)) {
				t.Errorf("frozen %+v", b)
			}
			if l := b.Limits; l.Form != FormMedianRange || !l.Floor || !slices.Equal(l.Rules, RuleSet{R2}) || l.Count != len(golden) {
				t.Errorf("limits %+v", l)
			}
		})
	}
}

func TestBaselineWindow(t *testing.T) {
	w := BaselineWindow{First: day(1), Last: day(3), Points: 7}
	for n, in := range []bool{false, true, true, true, false} {
		if w.Window().Holds(day(n)) != in {
			t.Errorf("day %d", n)
		}
	}
	if w.Wanted() != 7 || (BaselineWindow{}).Wanted() != MaxBaseline+1 || (BaselineWindow{Points: 1 << 30}).Wanted() != MaxBaseline+1 {
		t.Error("how many readings are looked at")
	}
	if !(BaselineWindow{}).Window().Holds(time.Time{}) {
		t.Error("an open window holds everything")
	}
}

// What is in order is read as it is, and what is not is left as it was.
func TestInOrder(t *testing.T) {
	sorted := daily(1, 2, 3)
	if got := inOrder(sorted); &got[0] != &sorted[0] {
		t.Error("copied what is in order")
	}
	mixed := []Measurement{sorted[2], sorted[0], sorted[1]}
	if got := inOrder(mixed); !slices.Equal(got, sorted) || mixed[0] != sorted[2] {
		t.Errorf("sorted %v, which were %v", got, mixed)
	}
}
