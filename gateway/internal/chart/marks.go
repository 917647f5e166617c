package chart

import (
	"maps"
	"slices"

	"github.com/fortnighthq/fortnight/gateway/internal/picture"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

// points draws the two lines, and a mark for every point that made a signal.
func (d *drawing) points() {
	all := d.chart.GetPoints()
	values, ranges := make([]float64, len(all)), make([]float64, len(all))
	for i, p := range all {
		values[i], ranges[i] = p.GetValue(), p.GetMovingRange()
	}
	rules := d.rules()
	d.series(d.values, values, nil, rules.values)
	d.series(d.ranges, ranges, d.rangeless(), rules.ranges)
}

// rangeless are the points whose moving range is not drawn: the first has none, and that of the first behind a new baseline looks back
// across the border, which no rule does. It would stand outside of its limit and yet be no signal.
func (d *drawing) rangeless() map[int]bool {
	without := map[int]bool{0: true}
	for _, s := range d.chart.GetSegments() {
		without[int(s.GetFirstPoint())] = true
	}
	return without
}

// series draws the values, with a gap at each point that has none.
func (d *drawing) series(s scale, values []float64, gaps map[int]bool, rules map[int]string) {
	at := func(i int) picture.Point { return picture.At(d.x(float64(i)), s.y(values[i])) }
	first := 0
	for _, gap := range append(slices.Sorted(maps.Keys(gaps)), len(values)) {
		d.stretch(values, first, gap, at)
		first = gap + 1
	}
	if !d.dense() {
		for i := range values {
			if rules[i] == "" && !gaps[i] {
				d.Disc(dot, at(i), 3)
			}
		}
	}
	d.marks(rules, at)
}

// stretch draws one line through the values from first on, up to the one before end.
func (d *drawing) stretch(values []float64, first, end int, at func(int) picture.Point) {
	if end-first < 2 {
		return
	}
	columns := ((right-left)*(end-first) + len(values) - 1) / len(values) // its share of those of the chart
	var through []picture.Point
	for _, i := range thin(values[first:end], columns) {
		through = append(through, at(i+first))
	}
	look := data
	if d.dense() {
		look = dense
	}
	d.Line(look, through...)
}

// marks draws the signals' points. Of marks that would cover each other there is one.
func (d *drawing) marks(rules map[int]string, at func(int) picture.Point) {
	size := 5.5
	if d.dense() {
		size = 4
	}
	drawn := map[[2]int]bool{}
	for _, rule := range []string{outside, jump, nearLimit, run} { // what says most comes first
		for _, i := range slices.Sorted(maps.Keys(rules)) {
			p := at(i)
			cell := [2]int{int(p.X / size), int(p.Y / size)}
			if rules[i] == rule && !drawn[cell] {
				drawn[cell] = true
				d.mark(rule, p, size)
			}
		}
	}
}

// mark has a shape for each rule, so that nobody needs to see colours.
func (d *drawing) mark(rule string, p picture.Point, r float64) {
	switch rule {
	case run:
		s := r * 0.85
		d.Area(signal, picture.At(p.X-s, p.Y-s), picture.At(p.X+s, p.Y-s), picture.At(p.X+s, p.Y+s), picture.At(p.X-s, p.Y+s))
	case nearLimit:
		d.Area(signal, picture.At(p.X, p.Y-r), picture.At(p.X+r, p.Y+r*0.8), picture.At(p.X-r, p.Y+r*0.8))
	default:
		d.Area(signal, picture.At(p.X, p.Y-r*1.15), picture.At(p.X+r*1.15, p.Y), picture.At(p.X, p.Y+r*1.15), picture.At(p.X-r*1.15, p.Y))
	}
}

// marked are the rules by the points that made their signals.
type marked struct{ values, ranges map[int]string }

// rules gives each point the rule that says most about it: being outside more than being near, and that more than a side.
func (d *drawing) rules() marked {
	m := marked{map[int]string{}, map[int]string{}}
	for _, rule := range []string{run, nearLimit, outside} {
		for _, s := range d.chart.GetSignals() {
			if s.GetRule() != rule {
				continue
			}
			for _, i := range s.GetPoints() {
				m.values[int(i)] = rule
			}
		}
	}
	for _, s := range d.chart.GetSignals() {
		if list := s.GetPoints(); s.GetRule() == jump {
			m.ranges[int(list[len(list)-1])] = jump
		}
	}
	return m
}

// legend names the marks that there are.
func (d *drawing) legend() {
	x := float64(left)
	for _, entry := range []struct{ rules, words string }{
		{outside + jump, "outside a limit"}, {run, "run of eight or more on one side"}, {nearLimit, "three of four nearer to a limit than to the centre"},
	} {
		if !slices.ContainsFunc(d.chart.GetSignals(), func(s *experimentv1.Signal) bool {
			return s.GetRule() == entry.rules || entry.rules == outside+jump && (s.GetRule() == outside || s.GetRule() == jump)
		}) {
			continue
		}
		d.mark(entry.rules, picture.At(x+6, legendAt-4), 5.5)
		d.Text(label, picture.Start, x+18, legendAt, entry.words)
		x += 44 + 6.6*float64(len(entry.words))
	}
}
