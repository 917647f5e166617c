package domain

import (
	"math"
	"time"
)

// The constants of the individuals and moving range chart, as printed in the tables: 2.660 = 3/d2 with d2(2) = 1.128, and
// 3.268 = 1 + 3 x 0.853/1.128. Texts that divide by 1.128 differ in the fourth digit; so limits state their factors.
const (
	LimitFactor = 2.660
	RangeFactor = 3.268
)

// From how many points on limits are drawn at all, and from how many on they are no longer provisional.
const (
	minPoints  = 4
	fairPoints = 6
)

// Limits are natural process limits, with everything that is needed to compute them again.
type Limits struct {
	Centre          float64   `json:"centre"`
	MeanMovingRange float64   `json:"meanMovingRange"`
	Upper           float64   `json:"upper"`
	Lower           float64   `json:"lower"`
	UpperRange      float64   `json:"upperRange"`
	LimitFactor     float64   `json:"limitFactor"`
	RangeFactor     float64   `json:"rangeFactor"`
	FirstTime       time.Time `json:"firstTime"`
	LastTime        time.Time `json:"lastTime"`
	Count           int       `json:"count"`
}

// Chart is a process behaviour chart.
type Chart struct {
	Points []ChartPoint
	// Limits is nil below 4 baseline points.
	Limits *Limits
	// Signals point into Points. There are none without limits.
	Signals []Signal
	// Provisional is true when the limits rest on fewer than 6 points.
	Provisional bool
}

// ChartPoint is one point of a chart.
type ChartPoint struct {
	Time  time.Time
	Value float64
	// MovingRange is the absolute difference to the point before; nil for the first.
	MovingRange *float64
}

// Analyze computes the chart of a metric from its measurements in any order. The first baselinePoints of them, in time
// order, make the baseline: all when 0 or more than there are. The limits stay where the baseline put them however many
// points follow; every point is judged against them.
func Analyze(points []Measurement, baselinePoints int) Chart {
	sorted := inOrder(points)
	if baselinePoints <= 0 || baselinePoints > len(sorted) {
		baselinePoints = len(sorted)
	}
	c := Chart{Points: chartPoints(sorted), Limits: limitsOf(sorted[:baselinePoints], LimitFactor, RangeFactor)}
	if c.Limits != nil {
		c.Provisional = c.Limits.Count < fairPoints
		c.Signals = detect(c.Points, *c.Limits)
	}
	return c
}

// Latest returns the chart with its last n points only. Limits and signals stay what they are; the signals point into
// what is left.
func (c Chart) Latest(n int) Chart {
	cut := len(c.Points) - n
	if cut <= 0 {
		return c
	}
	c.Points = c.Points[cut:]
	var kept []Signal
	for _, s := range c.Signals {
		var points []int
		for _, i := range s.Points {
			if i >= cut {
				points = append(points, i-cut)
			}
		}
		if len(points) > 0 {
			kept = append(kept, Signal{Rule: s.Rule, Points: points})
		}
	}
	c.Signals = kept
	return c
}

func chartPoints(sorted []Measurement) []ChartPoint {
	points := make([]ChartPoint, len(sorted))
	for i, m := range sorted {
		points[i] = ChartPoint{Time: m.Time, Value: m.Value}
		if i > 0 {
			r := math.Abs(m.Value - sorted[i-1].Value)
			points[i].MovingRange = &r
		}
	}
	return points
}

// limitsOf computes the limits of a baseline in time order; nil below 4 points. The factors are parameters for the tests
// against published data that used others.
func limitsOf(baseline []Measurement, limitFactor, rangeFactor float64) *Limits {
	n := len(baseline)
	if n < minPoints {
		return nil
	}
	var ranges float64
	for i := 1; i < n; i++ {
		ranges += math.Abs(baseline[i].Value - baseline[i-1].Value)
	}
	meanRange := ranges / float64(n-1)
	centre := mean(baseline)
	return &Limits{
		Centre: centre, MeanMovingRange: meanRange,
		Upper: centre + limitFactor*meanRange, Lower: centre - limitFactor*meanRange,
		UpperRange: rangeFactor * meanRange, LimitFactor: limitFactor, RangeFactor: rangeFactor,
		FirstTime: baseline[0].Time, LastTime: baseline[n-1].Time, Count: n,
	}
}

// mean sums distances to the first value, so that the mean of equal values is exactly that value: otherwise rounding
// alone would put a flat line off its own centre and cry wolf.
func mean(points []Measurement) float64 {
	first := points[0].Value
	var sum float64
	for _, p := range points {
		sum += p.Value - first
	}
	return first + sum/float64(len(points))
}
