package domain

import (
	"math"
	"slices"
)

// The simulation draws independent normal readings of mean 0 and standard deviation 1, computes limits from the first of
// them in the mean form, shifts all the others by the same amount, and looks for signals. Everything is in sigma, so one
// table serves every metric with the same numbers of readings.

// maxAssessed bounds the readings of a simulated baseline and of a simulated plan. Limits from more readings hardly move
// any more.
const maxAssessed = 200

// setting is one question to the simulation.
type setting struct {
	baseline, planned int
	r1, r2, r3        bool
	frozen            bool
}

// settingOf bounds the numbers of readings.
func settingOf(baseline, planned int, rules RuleSet, frozen bool) setting {
	return setting{
		baseline: min(baseline, maxAssessed), planned: min(planned, maxAssessed),
		r1: rules.Has(R1), r2: rules.Has(R2), r3: rules.Has(R3), frozen: frozen,
	}
}

// runs is how many histories are simulated: fewer of longer ones, so that every question costs about the same.
func (s setting) runs() int {
	draws := 240_000
	if !s.frozen {
		draws = 60_000 // each is looked at once for every shift
	}
	return min(max(draws/(s.baseline+s.planned), 1_000), 20_000)
}

// sequence is the setting's own: the same question gets the same answer.
func (s setting) sequence() *sequence {
	bits := uint64(0)
	for i, set := range []bool{s.r1, s.r2, s.r3, s.frozen} {
		if set {
			bits |= 1 << i
		}
	}
	return &sequence{state: uint64(s.baseline)<<40 | uint64(s.planned)<<8 | bits}
}

// simulate makes the table of a setting, in less than 10 milliseconds.
func simulate(s setting) *table {
	if s.frozen {
		return frozenTable(s)
	}
	return recomputedTable(s)
}

// frozenTable simulates limits that stay where the baseline put them. Then a shift moves every new reading against fixed
// lines, and the rules can be solved for it: a history shows no signal exactly while the shift lies between two bounds.
// So one simulation answers for every shift. Each history counts a second time, mirrored: up and down are alike.
func frozenTable(s setting) *table {
	chance, runs := s.sequence(), s.runs()
	var from, to []float64
	baseline, readings := make([]float64, s.baseline), make([]float64, s.planned)
	for range runs {
		l := standardLimits(chance.draw(baseline))
		low, high := quiet(chance.draw(readings), l, s)
		if low <= high {
			from, to = append(from, low, -high), append(to, high, -low)
		}
	}
	slices.Sort(from)
	slices.Sort(to)
	var t table
	begun, ended := 0, 0
	for i := range t {
		shift := float64(i) * tableStep
		for begun < len(from) && from[begun] <= shift {
			begun++
		}
		for ended < len(to) && to[ended] < shift {
			ended++
		}
		t[i] = 1 - float64(begun-ended)/float64(2*runs)
	}
	return &t
}

// lines are limits in sigma of the process.
type lines struct{ centre, width float64 }

func standardLimits(x []float64) lines {
	var sum, ranges float64
	for i, v := range x {
		sum += v
		if i > 0 {
			ranges += math.Abs(v - x[i-1])
		}
	}
	n := float64(len(x))
	return lines{centre: sum / n, width: LimitFactor * ranges / (n - 1)}
}

// quiet returns the shifts between which the readings show no signal.
func quiet(x []float64, l lines, s setting) (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	for i := range x {
		from, to := quietAt(x[:i+1], l, s)
		low, high = max(low, from), min(high, to)
	}
	return low, high
}

// loud tells whether the readings show a signal as they are.
func loud(x []float64, l lines, s setting) bool {
	for i := range x {
		if low, high := quietAt(x[:i+1], l, s); low > 0 || high < 0 {
			return true
		}
	}
	return false
}

// quietAt returns the shifts between which no signal ends at the last of the readings.
func quietAt(x []float64, l lines, s setting) (low, high float64) {
	low, high = math.Inf(-1), math.Inf(1)
	n := len(x)
	if s.r1 { // the last stays inside the limits
		at := l.centre - x[n-1]
		low, high = at-l.width, at+l.width
	}
	if s.r2 && n >= runLength { // one of eight stays on the other side
		smallest, largest := x[n-1], x[n-1]
		for _, v := range x[n-runLength : n-1] {
			smallest, largest = min(smallest, v), max(largest, v)
		}
		low, high = max(low, l.centre-largest), min(high, l.centre-smallest)
	}
	if s.r3 && n >= nearCount { // two of four at most are beyond half-way
		small, large := thirds(x[max(0, n-nearWindow):])
		low, high = max(low, l.centre-l.width/2-small), min(high, l.centre+l.width/2-large)
	}
	return low, high
}

// thirds returns the third smallest and the third largest of three or four readings.
func thirds(window []float64) (small, large float64) {
	a, b, c := window[0], window[1], window[2]
	a, b = min(a, b), max(a, b)
	if len(window) == nearCount {
		return max(b, c), min(a, c)
	}
	d := window[3]
	c, d = min(c, d), max(c, d)
	// The smallest is min(a, c) and the largest max(b, d); these are the two between.
	p, q := max(a, c), min(b, d)
	return max(p, q), min(p, q)
}

// recomputedShifts are the shifts at which limits from all readings together are simulated. Between them the table is
// straight.
var recomputedShifts = [...]float64{0, 0.5, 1, 1.5, 2, 2.5, 3, 4, 5}

// recomputedTable simulates limits that are computed from baseline and new readings together, which all are judged. Now a
// shift moves the limits too, and each is simulated by itself, on the same histories.
func recomputedTable(s setting) *table {
	chance, runs := s.sequence(), s.runs()
	var signals [len(recomputedShifts)]int
	noise := make([]float64, s.baseline+s.planned)
	x := make([]float64, len(noise))
	for range runs {
		chance.draw(noise)
		for i, shift := range recomputedShifts {
			copy(x, noise)
			for j := s.baseline; j < len(x); j++ {
				x[j] += shift
			}
			if loud(x, standardLimits(x), s) {
				signals[i]++
			}
		}
	}
	var t table
	next := 1
	for i := range t {
		shift := float64(i) * tableStep
		for next < len(signals)-1 && recomputedShifts[next] < shift {
			next++
		}
		part := (shift - recomputedShifts[next-1]) / (recomputedShifts[next] - recomputedShifts[next-1])
		t[i] = (float64(signals[next-1]) + part*float64(signals[next]-signals[next-1])) / float64(runs)
	}
	return &t
}
