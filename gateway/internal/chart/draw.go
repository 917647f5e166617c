package chart

import (
	"math"
	"strings"

	"github.com/fortnighthq/fortnight/gateway/internal/picture"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
)

// Where things are.
const (
	left, right          = 76, width - 132
	valuesTop, valuesEnd = 136, 396
	rangesTop, rangesEnd = 436, 538
	timesAt              = rangesEnd + 18
	legendAt             = height - 20
	// fewPoints is up to how many points each gets its dot.
	fewPoints = 250
	// lineLength is how many characters of the words fit beside each other in every usual font, and mostLines how many lines.
	lineLength, mostLines = 112, 4
	// labelGap is the smallest distance of two labels below each other.
	labelGap = 14
)

// drawing is a chart that is being drawn.
type drawing struct {
	picture.Picture
	chart          *experimentv1.ProcessBehaviourChart
	values, ranges scale
}

// draw makes the picture of a chart.
func draw(c *experimentv1.ProcessBehaviourChart, m *experimentv1.Metric) *picture.Picture {
	d := &drawing{chart: c, Picture: picture.Picture{Width: width, Height: height}}
	d.Name = Heading(m)
	d.Area(paper, picture.At(0, 0), picture.At(width, 0), picture.At(width, height), picture.At(0, height))
	d.Text(title, picture.Start, 24, 36, picture.Cut(d.Name, 80))
	var lines []string
	for _, s := range []string{finding(c), basis(c), remark(c)} {
		lines = append(lines, picture.Wrapped(s, lineLength)...)
		d.Finding = strings.TrimSpace(d.Finding + " " + s)
	}
	for i, s := range lines[:min(len(lines), mostLines)] {
		d.Text(words, picture.Start, 24, 58+18*float64(i), s)
	}
	if len(c.GetPoints()) == 0 {
		return &d.Picture
	}
	d.setScales()
	d.axes()
	if d.dense() { // the lines would be hidden below the points
		d.points()
		d.segments()
	} else {
		d.segments()
		d.points()
	}
	d.legend()
	return &d.Picture
}

// dense tells whether there are too many points to show each.
func (d *drawing) dense() bool { return len(d.chart.GetPoints()) > fewPoints }

func (d *drawing) setScales() {
	low, high, most := math.Inf(1), math.Inf(-1), 0.0
	rangeless := d.rangeless()
	for i, p := range d.chart.GetPoints() {
		low, high = min(low, p.GetValue()), max(high, p.GetValue())
		if !rangeless[i] {
			most = max(most, p.GetMovingRange())
		}
	}
	for _, s := range d.chart.GetSegments() {
		low, high = min(low, s.GetLimits().GetLower()), max(high, s.GetLimits().GetUpper())
		most = max(most, s.GetLimits().GetUpperRange())
	}
	d.values = newScale(low, high, valuesTop, valuesEnd)
	d.ranges = newScale(0, most, rangesTop, rangesEnd)
	d.ranges.low = 0
}

// x is where a point stands: all steps are equal, however far the readings lie apart, as the moving range sees them.
func (d *drawing) x(i float64) float64 {
	n := len(d.chart.GetPoints())
	if n == 1 {
		return (left + right) / 2
	}
	return left + 12 + i/float64(n-1)*(right-left-24)
}

func (d *drawing) axes() {
	for _, part := range []struct {
		scale scale
		name  string
		ticks int
	}{{d.values, "value", 6}, {d.ranges, "moving range", 3}} {
		for _, v := range part.scale.ticks(part.ticks) {
			y := part.scale.y(v)
			d.Line(grid, picture.At(left, y), picture.At(right, y))
			d.Text(label, picture.End, left-8, y+4, figure(v))
		}
		d.Text(label, picture.Start, left, part.scale.top-6, part.name)
	}
	d.times()
}

// times writes some of the times below the chart, the first and the last among them, evenly where that is possible.
func (d *drawing) times() {
	points := d.chart.GetPoints()
	last := len(points) - 1
	layout, note := clock(points[0].GetTime().AsTime(), points[last].GetTime().AsTime())
	marks := last
	if last > 7 {
		marks = 5
		for _, n := range []int{6, 5, 4, 3} {
			if last%n == 0 {
				marks = n
				break
			}
		}
	}
	for k := range marks + 1 {
		i := last
		if marks > 0 {
			i = k * last / marks
		}
		d.Text(label, picture.Middle, d.x(float64(i)), timesAt, points[i].GetTime().AsTime().UTC().Format(layout))
	}
	d.Text(label, picture.End, width-24, legendAt, note)
}

// segments draws the lines of each stretch and names those of the last.
func (d *drawing) segments() {
	list := d.chart.GetSegments()
	n := len(d.chart.GetPoints())
	for i, s := range list {
		from, to := float64(left), float64(right)
		if s.GetFirstPoint() > 0 {
			from = d.x(float64(s.GetFirstPoint()) - 0.5)
			d.Line(border, picture.At(from, valuesTop), picture.At(from, rangesEnd))
		}
		if int(s.GetEndPoint()) < n {
			to = d.x(float64(s.GetEndPoint()) - 0.5)
		}
		l := s.GetLimits()
		d.level(centre, d.values, l.GetCentre(), from, to)
		d.level(limit, d.values, l.GetUpper(), from, to)
		d.level(limit, d.values, l.GetLower(), from, to)
		d.level(centre, d.ranges, averageRange(l), from, to)
		d.level(limit, d.ranges, l.GetUpperRange(), from, to)
		if len(list) > 1 || s.GetFirstPoint() > 0 {
			d.caption(s, from, to)
		}
		if i == len(list)-1 {
			d.names(l)
		}
	}
}

// caption says from when on a stretch has its limits, as far as there is room for it.
func (d *drawing) caption(s *experimentv1.ChartSegment, from, to float64) {
	words := "centre " + figure(s.GetLimits().GetCentre())
	long := "baseline from " + day(d.chart.GetPoints()[s.GetFirstPoint()].GetTime()) + ", " + words
	switch room := to - from; {
	case s.GetFirstPoint() == 0 && room > 180:
		d.Text(label, picture.Start, from+60, valuesTop-6, words)
	case s.GetFirstPoint() > 0 && room > 6.5*float64(len(long)):
		d.Text(label, picture.Start, from+6, valuesTop-6, long)
	case s.GetFirstPoint() > 0 && room > 90:
		d.Text(label, picture.Start, from+6, valuesTop-6, words)
	}
}

func (d *drawing) level(c picture.Class, s scale, v, from, to float64) {
	d.Line(c, picture.At(from, s.y(v)), picture.At(to, s.y(v)))
}

// averageRange is the centre line of the moving ranges.
func averageRange(l *experimentv1.Limits) float64 {
	if l.MedianMovingRange != nil {
		return l.GetMedianMovingRange()
	}
	return l.GetMeanMovingRange()
}

// names labels the lines at the right, from the top down and never one on the other.
func (d *drawing) names(l *experimentv1.Limits) {
	average := "mean "
	if l.GetForm() == experimentv1.LimitForm_LIMIT_FORM_MEDIAN {
		average = "median "
	}
	d.column(d.values, []float64{l.GetUpper(), l.GetCentre(), l.GetLower()}, []string{"upper ", average, "lower "})
	average = "mean "
	if l.MedianMovingRange != nil {
		average = "median "
	}
	d.column(d.ranges, []float64{l.GetUpperRange(), averageRange(l)}, []string{"upper ", average})
}

func (d *drawing) column(s scale, values []float64, what []string) {
	at := make([]float64, len(values))
	for i, v := range values {
		at[i] = s.y(v) + 4
		if i > 0 {
			at[i] = max(at[i], at[i-1]+labelGap)
		}
	}
	lowest := s.bottom + 4
	for i := len(values) - 1; i >= 0; i-- {
		at[i] = min(at[i], lowest)
		lowest = at[i] - labelGap
	}
	for i, v := range values {
		d.Text(label, picture.Start, right+8, at[i], what[i]+figure(v))
	}
}
