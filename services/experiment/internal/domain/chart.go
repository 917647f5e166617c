package domain

import (
	"math"
	"slices"
	"time"
)

// Chart is a process behaviour chart.
type Chart struct {
	Points []ChartPoint
	// Limits are those in force at the last point; nil below 4 baseline points.
	Limits *Limits
	// Signals point into Points. There are none without limits.
	Signals []Signal
	// Provisional is true when Limits rest on fewer than 6 points.
	Provisional bool
	// Segments are the stretches of points that were judged by one baseline each, in order. Points before the first have no
	// limits.
	Segments []Segment
	// Shift is a hint that it may be time for a new baseline; nil when there is none.
	Shift *Shift
	// Omitted is how many earlier readings were left out of the chart; it says nothing of them but their number.
	Omitted int
}

// ChartPoint is one point of a chart.
type ChartPoint struct {
	Time  time.Time
	Value float64
	// MovingRange is the absolute difference to the point before; nil for the first.
	MovingRange *float64
}

// Segment is a stretch of a chart under the same limits.
type Segment struct {
	// First and End are indexes into the points of the chart; End is the one after the last.
	First, End int
	Limits     Limits
	// Baseline is the index of the baseline in the analysis; -1 where the chart's own points are the baseline.
	Baseline int
}

// Shift says that the last points have all been on one side of the centre line, eight at least: a sustained change. It is
// a hint and no more. Limits change by a decision of people who know the cause.
type Shift struct {
	// Since is the time of the first point of the run, Points how many there are so far.
	Since  time.Time
	Points int
	// Above tells whether the run is above the centre line.
	Above bool
}

// Analysis says what a chart shows and what its points are judged by.
type Analysis struct {
	// Window leaves out all readings outside, as if they had not been taken.
	Window Window
	// Baselines are frozen, in the order in which they come into force. When there are none, the chart has one baseline of its
	// own: its first BaselinePoints points, or all when these are 0 or more than there are.
	Baselines      []Baseline
	BaselinePoints int
	// First are these points where they lie before the chart; empty when they are its own.
	First []Measurement
	// Omitted is how many earlier readings are left out.
	Omitted int
	// Method is for that baseline of its own. Frozen baselines bring theirs.
	Method Method
}

// Chart computes the chart of the measurements. The order in which they are given never matters. A point is judged by the
// baseline that is in force for it, and the rules never look across the border of two: a run begins anew there, and the
// step from the last point of one to the first of the next is explained by the decision.
func (a Analysis) Chart(points []Measurement) Chart {
	sorted := a.Window.in(points)
	c := Chart{Points: chartPoints(sorted), Segments: a.segments(sorted), Omitted: a.Omitted}
	for i := range c.Segments {
		s := &c.Segments[i]
		for _, signal := range detect(c.Points[s.First:s.End], s.Limits) {
			for j := range signal.Points {
				signal.Points[j] += s.First
			}
			c.Signals = append(c.Signals, signal)
		}
	}
	if n := len(c.Segments); n > 0 {
		limits := c.Segments[n-1].Limits
		c.Limits, c.Provisional = &limits, limits.Provisional()
		c.Shift = c.sustained(c.Segments[n-1])
	}
	return c
}

func (a Analysis) segments(sorted []Measurement) (list []Segment) {
	if len(a.Baselines) == 0 {
		n := a.BaselinePoints
		if n <= 0 || n > len(sorted) {
			n = len(sorted)
		}
		own := sorted[:n]
		if len(a.First) > 0 {
			own = a.First
		}
		if limits := LimitsOf(own, a.Method); limits != nil {
			list = []Segment{{First: 0, End: len(sorted), Limits: *limits, Baseline: -1}}
		}
		return list
	}
	end := len(sorted)
	for i, b := range slices.Backward(a.Baselines) {
		first, _ := slices.BinarySearchFunc(sorted[:end], b.From, func(p Measurement, t time.Time) int { return p.Time.Compare(t) })
		if first < end {
			list = append(list, Segment{First: first, End: end, Limits: b.Limits, Baseline: i})
		}
		end = first
	}
	slices.Reverse(list)
	return list
}

// sustained returns the run of R2 that reaches the last point, if there is one.
func (c Chart) sustained(s Segment) *Shift {
	for _, signal := range slices.Backward(c.Signals) {
		if signal.Rule != R2 || signal.Points[len(signal.Points)-1] != s.End-1 {
			continue
		}
		first := c.Points[signal.Points[0]]
		return &Shift{Since: first.Time, Points: len(signal.Points), Above: first.Value > s.Limits.Centre}
	}
	return nil
}

func chartPoints(sorted []Measurement) []ChartPoint {
	points := make([]ChartPoint, len(sorted))
	ranges := make([]float64, len(sorted))
	for i, m := range sorted {
		points[i] = ChartPoint{Time: m.Time, Value: m.Value}
		if i > 0 {
			ranges[i] = math.Abs(m.Value - sorted[i-1].Value)
			points[i].MovingRange = &ranges[i]
		}
	}
	return points
}
