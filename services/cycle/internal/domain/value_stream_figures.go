package domain

import (
	"fmt"
	"slices"
)

// Figure names a figure of a value stream, as the contract does.
type Figure string

// The figures.
const (
	LeadTime               Figure = "LEAD_TIME"
	ProcessTime            Figure = "PROCESS_TIME"
	WaitTime               Figure = "WAIT_TIME"
	FlowEfficiency         Figure = "FLOW_EFFICIENCY"
	RolledCompleteAccurate Figure = "ROLLED_COMPLETE_ACCURATE"
	ExpectedRework         Figure = "EXPECTED_REWORK"
	AdjustedLeadTime       Figure = "REWORK_ADJUSTED_LEAD_TIME"
	AdjustedFlowEfficiency Figure = "REWORK_ADJUSTED_FLOW_EFFICIENCY"
	LongestQueue           Figure = "LONGEST_QUEUE"
	LowestCompleteAccurate Figure = "LOWEST_COMPLETE_ACCURATE"
)

// numbers are the figures that are numbers, in the order in which they are shown.
var numbers = []Figure{
	LeadTime, ProcessTime, WaitTime, FlowEfficiency, RolledCompleteAccurate, ExpectedRework, AdjustedLeadTime, AdjustedFlowEfficiency,
}

// Missing is a field of a step without which figures cannot be computed. An empty step means all of them together.
type Missing struct {
	Step, Field string
	Figures     []Figure
	Description string
}

// Figures is what follows from the steps of a value stream. A figure that lacks something is not among the values; what it
// lacks is named, by step.
type Figures struct {
	Values  map[Figure]float64
	Missing []Missing
	// LongestQueue is the suggested constraint: the steps with the longest wait before them, more than one when they are equal.
	// LowestCompleteAccurate are those with the lowest %C&A. Both are empty when no step stands out.
	LongestQueue, LowestCompleteAccurate []string
}

// Of tells a figure's value; nil when it is incomplete.
func (f Figures) Of(figure Figure) *float64 {
	value, ok := f.Values[figure]
	if !ok {
		return nil
	}
	return &value
}

// Assess computes the figures by the formulas of Karen Martin's metrics-based process mapping and the value-stream page of
// dojoconsortium.org. Of the two conventions in use it takes the one in which the wait is entered separately:
//
//	lead time of a step   = process time + wait before it
//	lead time             = sum over the steps
//	flow efficiency       = process time / lead time × 100 (also called activity ratio)
//	rolled %C&A           = product of the %C&A of all steps (also called rolled first-pass yield)
//	expected rework       = sum over the steps of (100 − %C&A) / 100 × lead time of the loop, which is that of the steps from
//	                        the one that rejects return to until the one before; a second reject is not reckoned
//	adjusted lead time    = lead time + expected rework; the adjusted flow efficiency is reckoned with it
//
// Nothing is rounded and nothing is guessed.
func Assess(steps []Step) Figures {
	f := Figures{Values: map[Figure]float64{}}
	f.Missing = missing(steps)
	lacking := map[Figure]bool{}
	for _, m := range f.Missing {
		for _, figure := range m.Figures {
			lacking[figure] = true
		}
	}
	set := func(figure Figure, value float64) {
		if !lacking[figure] {
			f.Values[figure] = value
		}
	}
	process, wait, rework, rolled, lowest := 0.0, 0.0, 0.0, 100.0, 100.0
	for i, step := range steps {
		process += known(step.ProcessMinutes)
		wait += known(step.WaitMinutes)
		if step.CompleteAccuratePercent != nil {
			usable := *step.CompleteAccuratePercent
			rolled, lowest = rolled*usable/100, min(lowest, usable)
			rework += (100 - usable) * loop(steps, i) / 100
		}
	}
	set(ProcessTime, process)
	set(WaitTime, wait)
	set(LeadTime, process+wait)
	set(RolledCompleteAccurate, min(rolled, lowest)) // a product of floats may come out a hair above its least factor
	set(ExpectedRework, rework)
	set(AdjustedLeadTime, process+wait+rework)
	f.share(FlowEfficiency, process, process+wait, lacking)
	f.share(AdjustedFlowEfficiency, process, process+wait+rework, lacking)
	if !lacking[LongestQueue] {
		f.LongestQueue = standOut(steps, func(s Step) float64 { return known(s.WaitMinutes) })
	}
	if !lacking[LowestCompleteAccurate] {
		f.LowestCompleteAccurate = standOut(steps, func(s Step) float64 { return 100 - known(s.CompleteAccuratePercent) })
	}
	return f
}

// share sets a flow efficiency, which does not exist when there is no time to take a share of.
func (f *Figures) share(figure Figure, part, whole float64, lacking map[Figure]bool) {
	switch {
	case lacking[figure]:
	case whole > 0:
		f.Values[figure] = part / whole * 100
	default:
		f.Missing = lacks(f.Missing, "", "process_minutes", "all times are 0, so there is no lead time to take a share of; measure the steps", figure)
	}
}

// standOut lists the steps with the greatest value, when it is above 0.
func standOut(steps []Step, value func(Step) float64) []string {
	var names []string
	greatest := 0.0
	for _, step := range steps {
		switch v := value(step); {
		case v > greatest:
			greatest, names = v, []string{step.Name}
		case v == greatest && len(names) > 0:
			names = append(names, step.Name)
		}
	}
	return names
}

// loop is the lead time of the steps that a reject of step i goes through again; 0 when it returns nowhere.
func loop(steps []Step, i int) float64 {
	sum := 0.0
	for _, again := range steps[loopStart(steps, i):i] {
		sum += known(again.ProcessMinutes) + known(again.WaitMinutes)
	}
	return sum
}

// loopStart is the index of the step that rejects of step i return to; i itself when there is no loop.
func loopStart(steps []Step, i int) int {
	rejects := steps[i].CompleteAccuratePercent != nil && *steps[i].CompleteAccuratePercent < 100
	if start := find(steps, steps[i].RejectsReturnTo); rejects && start >= 0 && start < i {
		return start
	}
	return i
}

// missing lists what the steps lack, by step, with the figures that need it.
func missing(steps []Step) []Missing {
	repeated := make([]bool, len(steps)) // whether rejects go through the step again
	for i := range steps {
		for j := loopStart(steps, i); j < i; j++ {
			repeated[j] = true
		}
	}
	var found []Missing
	for i, step := range steps {
		timed := []Figure{LeadTime, FlowEfficiency, AdjustedLeadTime, AdjustedFlowEfficiency}
		if repeated[i] {
			timed = append(timed, ExpectedRework)
		}
		if step.ProcessMinutes == nil {
			found = lacks(found, step.Name, "process_minutes", fmt.Sprintf("the process time of %q is not known; measure it", step.Name), append(timed, ProcessTime)...)
		}
		if step.WaitMinutes == nil {
			found = lacks(found, step.Name, "wait_minutes", fmt.Sprintf("the wait before %q is not known; measure it", step.Name), append(timed, WaitTime, LongestQueue)...)
		}
		switch {
		case step.CompleteAccuratePercent == nil:
			found = lacks(found, step.Name, "complete_accurate_percent", fmt.Sprintf("how much of what arrives at %q can be used as it is, is not known; ask there", step.Name),
				RolledCompleteAccurate, ExpectedRework, AdjustedLeadTime, AdjustedFlowEfficiency, LowestCompleteAccurate)
		case *step.CompleteAccuratePercent < 100 && loopStart(steps, i) == i:
			advice := "%q rejects some of its work; say which step it returns to"
			if i == 0 {
				advice = "%q rejects some of its work, and no step is before it; draw the step that the rejects return to"
			}
			found = lacks(found, step.Name, "rejects_return_to", fmt.Sprintf(advice, step.Name), ExpectedRework, AdjustedLeadTime, AdjustedFlowEfficiency)
		}
	}
	return found
}

// lacks adds what is missing, with its figures in the order of all figures.
func lacks(found []Missing, step, field, description string, figures ...Figure) []Missing {
	m := Missing{Step: step, Field: field, Description: description}
	for _, figure := range slices.Concat(numbers, []Figure{LongestQueue, LowestCompleteAccurate}) {
		if slices.Contains(figures, figure) {
			m.Figures = append(m.Figures, figure)
		}
	}
	return append(found, m)
}

func known(value *float64) float64 {
	if value == nil {
		return 0
	}
	return *value
}
