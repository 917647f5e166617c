package domain

import (
	"cmp"
	"slices"
)

// Rule is a detection rule (Wheeler).
type Rule string

// The rules. Run rules are not applied to moving ranges: those are correlated by construction.
const (
	// R1 is a point outside a natural process limit.
	R1 Rule = "R1"
	// R1Range is a moving range above its upper limit.
	R1Range Rule = "R1_RANGE"
	// R2 is eight successive points on one side of the centre line.
	R2 Rule = "R2"
	// R3 is three of four successive points nearer to the same limit than to the centre line.
	R3 Rule = "R3"
)

const (
	runLength   = 8
	nearCount   = 3
	nearWindow  = 4
	aboveCentre = 1
	belowCentre = -1
)

// Signal is exceptional variation: the rule that found it and the indexes of the points that made it.
type Signal struct {
	Rule   Rule
	Points []int
}

// detect applies all rules. Signals are in the order of their first points.
func detect(points []ChartPoint, l Limits) []Signal {
	signals := slices.Concat(outside(points, l), ranges(points, l), runs(points, l), near(points, l))
	slices.SortStableFunc(signals, func(a, b Signal) int {
		return cmp.Or(cmp.Compare(a.Points[0], b.Points[0]), cmp.Compare(a.Rule, b.Rule))
	})
	return signals
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
		if p.MovingRange != nil && *p.MovingRange > l.UpperRange {
			found = append(found, Signal{R1Range, []int{i - 1, i}})
		}
	}
	return found
}

// runs reports each run whole, however long. A point on the centre line is on neither side and ends a run.
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
func near(points []ChartPoint, l Limits) (found []Signal) {
	for _, side := range []int{aboveCentre, belowCentre} {
		var merged []int
		for i := range points {
			if nearerLimit(points[i].Value, l) != side {
				continue
			}
			var window []int
			for j := max(0, i-nearWindow+1); j <= i; j++ {
				if nearerLimit(points[j].Value, l) == side {
					window = append(window, j)
				}
			}
			if len(window) < nearCount {
				continue
			}
			if len(merged) > 0 && window[0] > merged[len(merged)-1] {
				found = append(found, Signal{R3, merged})
				merged = nil
			}
			for _, j := range window {
				if len(merged) == 0 || j > merged[len(merged)-1] {
					merged = append(merged, j)
				}
			}
		}
		if len(merged) > 0 {
			found = append(found, Signal{R3, merged})
		}
	}
	return found
}

// nearerLimit returns the side of the limit that the value is nearer to than to the centre line, or 0: beyond half-way,
// which is 1.5 sigma.
func nearerLimit(v float64, l Limits) int {
	switch {
	case v > l.Centre+(l.Upper-l.Centre)/2:
		return aboveCentre
	case v < l.Centre-(l.Centre-l.Lower)/2:
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
