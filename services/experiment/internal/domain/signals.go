package domain

import (
	"cmp"
	"slices"
)

// Rule is a detection rule (Wheeler, Making Sense of Data).
type Rule string

// The rules. Run rules are not applied to moving ranges: those are correlated by construction.
const (
	// R1 is a point outside a natural process limit. A point on the limit is none.
	R1 Rule = "R1"
	// R1Range is a moving range above its upper limit.
	R1Range Rule = "R1_RANGE"
	// R2 is eight successive points on one side of the centre line. A point on it is on neither side.
	R2 Rule = "R2"
	// R3 is three of four successive points nearer to the same limit than to the centre line. The first three points of a
	// chart can make it: whatever the fourth is, it cannot take it back.
	R3 Rule = "R3"
)

const (
	runLength   = 8
	nearCount   = 3
	nearWindow  = 4
	aboveCentre = 1
	belowCentre = -1
)

// RuleSet is which rules are applied, in the order of AllRules; it is stored with the limits that it was used with.
type RuleSet []Rule

// AllRules returns every rule, which is how charts are judged.
func AllRules() RuleSet { return RuleSet{R1, R1Range, R2, R3} }

// ShiftRules returns the rules that tell which way a metric moved, which is how experiments are judged. A moving range
// says only that something jumped.
func ShiftRules() RuleSet { return RuleSet{R1, R2, R3} }

// Has tells whether the set has the rule.
func (s RuleSet) Has(r Rule) bool { return slices.Contains(s, r) }

// orAll is the set in its one order and without repetitions; all rules when nothing was said.
func (s RuleSet) orAll() RuleSet { return s.of(AllRules()) }

// of returns those of the given rules that the set has, or all of them when it has none: limits without any rule could
// judge nothing.
func (s RuleSet) of(rules RuleSet) RuleSet {
	if common := slices.DeleteFunc(slices.Clone(rules), func(r Rule) bool { return !s.Has(r) }); len(common) > 0 {
		return common
	}
	return rules
}

// Signal is exceptional variation: the rule that found it and the indexes of the points that made it.
type Signal struct {
	Rule   Rule
	Points []int
}

// detect applies the rules of the limits. Signals are in the order of their first points; no two of one rule have the same.
func detect(points []ChartPoint, l Limits) []Signal {
	var signals []Signal
	for _, r := range l.Rules.orAll() {
		signals = append(signals, find(r, points, l)...)
	}
	slices.SortFunc(signals, func(a, b Signal) int {
		return cmp.Or(cmp.Compare(a.Points[0], b.Points[0]), cmp.Compare(a.Rule, b.Rule))
	})
	return signals
}

func find(r Rule, points []ChartPoint, l Limits) []Signal {
	switch r {
	case R1:
		return outside(points, l)
	case R1Range:
		return ranges(points, l)
	case R2:
		return runs(points, l)
	case R3:
		return append(near(points, l, aboveCentre), near(points, l, belowCentre)...)
	}
	return nil
}

func outside(points []ChartPoint, l Limits) (found []Signal) {
	for i, p := range points {
		if p.Value > l.Upper || p.Value < l.Lower {
			found = append(found, Signal{R1, []int{i}})
		}
	}
	return found
}

func ranges(points []ChartPoint, l Limits) (found []Signal) {
	for i, p := range points {
		if i > 0 && *p.MovingRange > l.UpperRange {
			found = append(found, Signal{R1Range, []int{i - 1, i}})
		}
	}
	return found
}

// runs reports each run whole, however long.
func runs(points []ChartPoint, l Limits) (found []Signal) {
	start, side := 0, 0
	for i := 0; i <= len(points); i++ {
		now := 0
		if i < len(points) {
			now = cmp.Compare(points[i].Value, l.Centre)
			if now == side {
				continue
			}
		}
		if side != 0 && i-start >= runLength {
			found = append(found, Signal{R2, span(start, i)})
		}
		start, side = i, now
	}
	return found
}

// near merges windows that share points into one signal, so that a sustained shift is told once.
func near(points []ChartPoint, l Limits, side int) (found []Signal) {
	var merged []int
	for i := range points {
		if nearerLimit(points[i].Value, l) != side {
			continue
		}
		var window [nearWindow]int
		n := 0
		for j := max(0, i-nearWindow+1); j <= i; j++ {
			if nearerLimit(points[j].Value, l) == side {
				window[n] = j
				n++
			}
		}
		if n < nearCount {
			continue
		}
		if len(merged) > 0 && window[0] > merged[len(merged)-1] {
			found = append(found, Signal{R3, merged})
			merged = nil
		}
		for _, j := range window[:n] {
			if len(merged) == 0 || j > merged[len(merged)-1] {
				merged = append(merged, j)
			}
		}
	}
	if len(merged) > 0 {
		found = append(found, Signal{R3, merged})
	}
	return found
}

// nearerLimit returns the side of the limit that the value is nearer to than to the centre line, or 0.
func nearerLimit(v float64, l Limits) int {
	switch half := l.halfWay(); {
	case v > l.Centre+half:
		return aboveCentre
	case v < l.Centre-half:
		return belowCentre
	}
	return 0
}

func span(from, to int) []int {
	s := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		s = append(s, i)
	}
	return s
}
