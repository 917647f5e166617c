package domain

import (
	"math"
	"slices"
	"time"
)

// The constants of the individuals and moving range chart, as printed in the tables. Texts that divide by 1.128 instead
// differ in the fourth digit; so limits state the factors that they were computed with.
// Sources: Wheeler, Making Sense of Data; the tables of the ASQ; JMP, "Statistical Details for Individual Measurement and
// Moving Range Charts", which has the 0.954 behind the median form.
const (
	// LimitFactor is 3/d2 with d2(2) = 1.128: from the mean moving range to the limits.
	LimitFactor = 2.660
	// RangeFactor is 1 + 3 x 0.853/1.128: from the mean moving range to its upper limit.
	RangeFactor = 3.268
	// MedianLimitFactor is 3/0.954: from the median moving range to the limits.
	MedianLimitFactor = 3.145
	// MedianRangeFactor goes from the median moving range to the upper limit of the ranges.
	MedianRangeFactor = 3.865
	// meanRangeOfSigma is d2(2): the mean moving range of independent normal readings, in sigma.
	meanRangeOfSigma = 1.128
)

// From how many points on limits are drawn at all, and from how many on they are no longer provisional.
const (
	minPoints  = 4
	fairPoints = 6
)

// LimitForm says which centre and which average of the moving ranges limits rest on. The zero value is FormMean.
type LimitForm string

// The forms. Medians bear a few extreme readings in the baseline, at the price of more chance in the limits.
const (
	// FormMean has the mean as centre line and the mean moving range.
	FormMean LimitForm = "MEAN"
	// FormMedianRange has the mean as centre line and the median moving range.
	FormMedianRange LimitForm = "MEDIAN_RANGE"
	// FormMedian has the median as centre line and the median moving range.
	FormMedian LimitForm = "MEDIAN"
)

// Method says how limits are computed and by which rules points are judged. The zero value is the usual one: mean form,
// no floor, all rules.
type Method struct {
	// Form is FormMean when empty.
	Form LimitForm
	// Floor tells that no reading of the metric can be below zero, as with counts and durations.
	Floor bool
	// Rules are AllRules when empty.
	Rules RuleSet
}

// Limits are natural process limits, with everything that is needed to compute them again. Values are in the metric's
// unit.
type Limits struct {
	Centre float64 `json:"centre"`
	// MeanMovingRange is there in every form: sigma is read from it.
	MeanMovingRange float64 `json:"meanMovingRange"`
	Upper           float64 `json:"upper"`
	// Lower is never below zero when Floor is set.
	Lower       float64   `json:"lower"`
	UpperRange  float64   `json:"upperRange"`
	LimitFactor float64   `json:"limitFactor"`
	RangeFactor float64   `json:"rangeFactor"`
	FirstTime   time.Time `json:"firstTime"`
	LastTime    time.Time `json:"lastTime"`
	Count       int       `json:"count"`
	// Form is empty in what was stored before there were forms, which is FormMean.
	Form LimitForm `json:"form,omitempty"`
	// MedianMovingRange is computed in the median forms only.
	MedianMovingRange float64 `json:"medianMovingRange,omitempty"`
	Floor             bool    `json:"floor,omitempty"`
	// Rules are what points are judged by. What was stored before there were rule sets has none: charts took all rules,
	// verdicts R1, R2 and R3.
	Rules RuleSet `json:"rules,omitempty"`
}

// Provisional tells whether the limits rest on fewer than 6 points.
func (l Limits) Provisional() bool { return l.Count < fairPoints }

// Sigma is the standard deviation that the baseline shows from one reading to the next: mean moving range / 1.128. It is
// an honest width whatever the distribution; a share of points beyond it can be told for normal readings only.
func (l Limits) Sigma() float64 { return l.MeanMovingRange / meanRangeOfSigma }

// maxShift bounds shifts that are told, so that one against a baseline that hardly varies stays a number.
const maxShift = 1e6

// inSigma is a change in sigma, a million at most; sigma must not be 0.
func (l Limits) inSigma(change float64) float64 { return min(change/l.Sigma(), maxShift) }

// halfWay is the distance of the half-way lines of R3 from the centre line: half of that to the natural process limit,
// which is 1.5 sigma. The rule speaks of the limits of the process. A floor is none: it says where readings end, not how
// far they scatter. So a floored lower limit does not pull its half-way line up, which would cry wolf more often.
func (l Limits) halfWay() float64 { return (l.Upper - l.Centre) / 2 }

// about returns the limits as they are, moved to another centre.
func (l Limits) about(centre float64) Limits {
	width := l.Upper - l.Centre
	l.Centre, l.Upper, l.Lower = centre, centre+width, floored(centre, centre-width, l.Floor)
	return l
}

// LimitsOf computes the limits of a baseline, whose points may come in any order; nil below 4 points.
func LimitsOf(baseline []Measurement, m Method) *Limits {
	limit, ranges := LimitFactor, RangeFactor
	if m.Form == FormMedian || m.Form == FormMedianRange {
		limit, ranges = MedianLimitFactor, MedianRangeFactor
	}
	return limitsOf(inOrder(baseline), m, limit, ranges)
}

// limitsOf takes a baseline in time order. The factors are parameters for the tests against published data that used
// others.
func limitsOf(baseline []Measurement, m Method, limitFactor, rangeFactor float64) *Limits {
	n := len(baseline)
	if n < minPoints {
		return nil
	}
	ranges := make([]float64, n-1)
	for i := range ranges {
		ranges[i] = math.Abs(baseline[i+1].Value - baseline[i].Value)
	}
	l := &Limits{
		Centre: mean(baseline), MeanMovingRange: average(ranges), LimitFactor: limitFactor, RangeFactor: rangeFactor,
		FirstTime: baseline[0].Time, LastTime: baseline[n-1].Time, Count: n,
		Form: m.Form, Floor: m.Floor, Rules: m.Rules.orAll(),
	}
	spread := l.MeanMovingRange
	switch m.Form {
	case FormMedian:
		l.Centre = median(valuesOf(baseline))
		fallthrough
	case FormMedianRange:
		l.MedianMovingRange = median(ranges)
		spread = l.MedianMovingRange
	default:
		l.Form = FormMean
	}
	l.Upper, l.UpperRange = l.Centre+limitFactor*spread, rangeFactor*spread
	l.Lower = floored(l.Centre, l.Centre-limitFactor*spread, m.Floor)
	return l
}

// floored is the lower limit. A centre line below zero shows that the metric has no floor there, whatever was said.
func floored(centre, lower float64, floor bool) float64 {
	if floor && centre >= 0 {
		return math.Max(lower, 0)
	}
	return lower
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

func average(values []float64) float64 {
	var sum float64
	for _, v := range values {
		sum += v
	}
	return sum / float64(len(values))
}

// median is the middle value, or the one half-way between the middle two. It sorts the values.
func median(values []float64) float64 {
	slices.Sort(values)
	low, high := values[(len(values)-1)/2], values[len(values)/2]
	return low + (high-low)/2
}

func valuesOf(points []Measurement) []float64 {
	values := make([]float64, len(points))
	for i, p := range points {
		values[i] = p.Value
	}
	return values
}
