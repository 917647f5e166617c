package domain

import (
	"slices"
	"strings"
)

// FigureDifference is a figure that differs between two versions; nil where it is incomplete.
type FigureDifference struct {
	Figure               Figure
	From, To, Difference *float64
}

// StepChange tells what happened to a step between two versions.
type StepChange string

// What can happen to a step.
const (
	StepAdded   StepChange = "ADDED"
	StepRemoved StepChange = "REMOVED"
	StepChanged StepChange = "CHANGED"
)

// StepDifference is a step that differs between two versions. From is nil for one that was added, To for one that was
// removed; Fields names what differs in one that was changed, in the contract's words.
type StepDifference struct {
	Step     string
	Change   StepChange
	From, To *Step
	Fields   []string
}

// CompareFigures lists the figures that differ between two versions.
func CompareFigures(from, to Figures) []FigureDifference {
	var differences []FigureDifference
	for _, figure := range numbers {
		d := FigureDifference{Figure: figure, From: from.Of(figure), To: to.Of(figure)}
		if same(d.From, d.To) {
			continue
		}
		if d.From != nil && d.To != nil {
			difference := *d.To - *d.From
			d.Difference = &difference
		}
		differences = append(differences, d)
	}
	return differences
}

// CompareSteps lists the steps that differ between two versions: those of the second in its order, then those that are
// gone. Steps are told apart by their names.
func CompareSteps(from, to []Step) []StepDifference {
	var differences []StepDifference
	moved := places(from, to)
	for i := range to {
		j := find(from, to[i].Name)
		if j < 0 {
			differences = append(differences, StepDifference{Step: to[i].Name, Change: StepAdded, To: &to[i]})
			continue
		}
		fields := changedFields(from[j], to[i])
		if moved[i] {
			fields = append(fields, "place")
		}
		if len(fields) > 0 {
			differences = append(differences, StepDifference{Step: to[i].Name, Change: StepChanged, From: &from[j], To: &to[i], Fields: fields})
		}
	}
	for j := range from {
		if find(to, from[j].Name) < 0 {
			differences = append(differences, StepDifference{Step: from[j].Name, Change: StepRemoved, From: &from[j]})
		}
	}
	return differences
}

// places tells, by index in to, which steps have another place among those that both have; one that is put in or taken out
// moves no other.
func places(from, to []Step) []bool {
	var before []int // the indexes in to, in the order of from
	for _, step := range from {
		if i := find(to, step.Name); i >= 0 {
			before = append(before, i)
		}
	}
	moved := make([]bool, len(to))
	for place, i := range slices.Sorted(slices.Values(before)) {
		moved[i] = before[place] != i
	}
	return moved
}

// changedFields names the fields in which two drawings of a step differ.
func changedFields(from, to Step) []string {
	var fields []string
	for _, field := range []struct {
		name string
		same bool
	}{
		{"name", from.Name == to.Name},
		{"process_minutes", same(from.ProcessMinutes, to.ProcessMinutes)},
		{"wait_minutes", same(from.WaitMinutes, to.WaitMinutes)},
		{"complete_accurate_percent", same(from.CompleteAccuratePercent, to.CompleteAccuratePercent)},
		{"rejects_return_to", strings.EqualFold(from.RejectsReturnTo, to.RejectsReturnTo)},
		{"queue_length", same(from.QueueLength, to.QueueLength)},
	} {
		if !field.same {
			fields = append(fields, field.name)
		}
	}
	return fields
}

func same[N int32 | float64](a, b *N) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}
