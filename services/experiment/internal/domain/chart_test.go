package domain

import (
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var firstDay = time.Date(2026, 6, 1, 9, 0, 0, 0, time.UTC)

// daily makes one reading a day.
func daily(values ...float64) []Measurement {
	points := make([]Measurement, len(values))
	for i, v := range values {
		points[i] = Measurement{Time: firstDay.AddDate(0, 0, i), Value: v}
	}
	return points
}

// Published data: NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2, flow rate of ten batches.
var nist = []float64{49.6, 47.6, 49.9, 51.3, 47.8, 51.2, 52.6, 52.4, 53.6, 52.1}

// The golden example: twelve points without a signal.
var golden = []float64{42, 38, 45, 40, 39, 47, 41, 44, 36, 43, 40, 46}

func TestLimits(t *testing.T) {
	published := 3 / 1.128
	for _, c := range []struct {
		name                                    string
		values                                  []float64
		limitFactor, rangeFactor                float64
		centre, meanRange, upper, lower, ranges float64
		tolerance                               float64
	}{
		// The range limit is the one thing that publications print with several factors: 6.1349 is quoted, 3.267 gives 6.1347.
		{"NIST as published", nist, published, 3.267, 50.81, 1.8778, 55.8041, 45.8159, 6.1347, 0.00006},
		{"NIST with 2.660, to its own digits", nist, LimitFactor, RangeFactor, 50.81, 1.8778, 55.8049, 45.8151, 6.1366, 0.00006},
		{"NIST with 2.660, to the published ones", nist, LimitFactor, RangeFactor, 50.81, 1.8778, 55.8041, 45.8159, 6.1349, 0.002},
		{"golden", golden, LimitFactor, RangeFactor, 41.75, 58.0 / 11, 55.7755, 27.7245, 17.2313, 0.00006},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := limitsOf(daily(c.values...), c.limitFactor, c.rangeFactor)
			for _, q := range []struct {
				name      string
				got, want float64
			}{
				{"centre", l.Centre, c.centre},
				{"mean moving range", l.MeanMovingRange, c.meanRange},
				{"upper", l.Upper, c.upper},
				{"lower", l.Lower, c.lower},
				{"upper range", l.UpperRange, c.ranges},
			} {
				if math.Abs(q.got-q.want) > c.tolerance {
					t.Errorf("%s = %.6f, want %.6f ± %g", q.name, q.got, q.want, c.tolerance)
				}
			}
		})
	}
}

// The handbook divides by 1.128. Four decimals tell its limits from those of the printed constant.
func TestConstantTrap(t *testing.T) {
	stated := limitsOf(daily(nist...), LimitFactor, RangeFactor)
	if d := math.Abs(stated.Upper - 55.8041); d < 0.0005 || d > 0.001 {
		t.Errorf("upper limit with 2.660 is %.5f away from the handbook's", d)
	}
	if stated.LimitFactor != 2.660 || stated.RangeFactor != 3.268 {
		t.Errorf("the limits state the factors %v and %v", stated.LimitFactor, stated.RangeFactor)
	}
}

func TestNoSignalInPublishedData(t *testing.T) {
	for name, values := range map[string][]float64{"NIST: the last five above the centre are no run of eight": nist, "golden": golden} {
		if c := Analyze(daily(values...), 0); len(c.Signals) != 0 || c.Provisional {
			t.Errorf("%s: signals %v, provisional %v", name, c.Signals, c.Provisional)
		}
	}
}

func TestBaseline(t *testing.T) {
	shifted := append(slices.Clone(golden), 70, 71, 72)
	for _, c := range []struct {
		name        string
		values      []float64
		baseline    int
		count       int // of the limits; 0 means none
		provisional bool
	}{
		{"no points", nil, 0, 0, false},
		{"three points", golden[:3], 0, 0, false},
		{"four points", golden[:4], 0, 4, true},
		{"five points", golden[:5], 0, 5, true},
		{"six points", golden[:6], 0, 6, false},
		{"window", shifted, 12, 12, false},
		{"window of three", shifted, 3, 0, false},
		{"window beyond the end", golden, 99, 12, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			chart := Analyze(daily(c.values...), c.baseline)
			if len(chart.Points) != len(c.values) || chart.Provisional != c.provisional {
				t.Errorf("points %d, provisional %v", len(chart.Points), chart.Provisional)
			}
			if c.count == 0 {
				if chart.Limits != nil || chart.Signals != nil {
					t.Fatalf("limits %+v, signals %v", chart.Limits, chart.Signals)
				}
				return
			}
			if chart.Limits == nil || chart.Limits.Count != c.count {
				t.Fatalf("limits %+v, want %d points", chart.Limits, c.count)
			}
			if want := firstDay.AddDate(0, 0, c.count-1); !chart.Limits.FirstTime.Equal(firstDay) || !chart.Limits.LastTime.Equal(want) {
				t.Errorf("window %v to %v", chart.Limits.FirstTime, chart.Limits.LastTime)
			}
		})
	}
	frozen, free := Analyze(daily(shifted...), 12), Analyze(daily(golden...), 0)
	if !reflect.DeepEqual(frozen.Limits, free.Limits) {
		t.Errorf("later points moved a frozen baseline: %+v, %+v", frozen.Limits, free.Limits)
	}
}

func TestSignals(t *testing.T) {
	// Centre 10, limits 4 and 16, half-way lines 7 and 13, upper range limit 8.
	limits := Limits{Centre: 10, Upper: 16, Lower: 4, UpperRange: 8}
	for _, c := range []struct {
		name   string
		values []float64
		want   []Signal
	}{
		{"none", []float64{10, 12, 8, 11, 9}, nil},
		{"on the limit", []float64{10, 16, 10, 4}, nil},
		{"outside both limits", []float64{10, 16.5, 10, 3.5}, []Signal{{R1, []int{1}}, {R1, []int{3}}}},
		{"moving range", []float64{6, 14.5}, []Signal{{R1Range, []int{0, 1}}}},
		{"moving range on its limit", []float64{6, 14}, nil},
		{"seven on a side", []float64{11, 11, 11, 11, 11, 11, 11, 9}, nil},
		{"eight on a side", []float64{9, 11, 11, 11, 11, 11, 11, 11, 11, 9}, []Signal{{R2, []int{1, 2, 3, 4, 5, 6, 7, 8}}}},
		{"a point on the centre ends a run", []float64{11, 11, 11, 11, 10, 11, 11, 11, 11}, nil},
		{"a long run is one signal", []float64{9, 9, 9, 9, 9, 9, 9, 9, 9}, []Signal{{R2, []int{0, 1, 2, 3, 4, 5, 6, 7, 8}}}},
		{"three of four beyond half-way", []float64{10, 14, 10.5, 14, 14, 9}, []Signal{{R3, []int{1, 3, 4}}}},
		{"the first three", []float64{14, 14, 14}, []Signal{{R3, []int{0, 1, 2}}}},
		{"three of five", []float64{14, 10.5, 14, 10.5, 14}, nil},
		{"two each side", []float64{13.5, 6.5, 13.5, 6.5}, nil},
		{"half-way itself does not count", []float64{13, 13, 13, 13}, nil},
		{"windows that overlap are one signal", []float64{6, 6, 6, 9, 6, 6}, []Signal{{R3, []int{0, 1, 2, 4, 5}}}},
		{"windows apart are two", []float64{14, 14, 14, 9, 9, 9, 9, 14, 14, 14}, []Signal{{R3, []int{0, 1, 2}}, {R3, []int{7, 8, 9}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := detect(chartPoints(daily(c.values...)), limits); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestFlatLine(t *testing.T) {
	chart := Analyze(daily(slices.Repeat([]float64{0.1}, 13)...), 0)
	if len(chart.Signals) != 0 || chart.Limits.Upper != 0.1 {
		t.Errorf("a flat line signals %v with upper limit %v", chart.Signals, chart.Limits.Upper)
	}
}

func TestLatest(t *testing.T) {
	chart := Analyze(daily(append(slices.Clone(golden), 99, 41, 40, 99)...), 12)
	latest := chart.Latest(3)
	if len(latest.Points) != 3 || latest.Points[2].Value != 99 || latest.Limits != chart.Limits {
		t.Fatalf("latest = %+v", latest)
	}
	// The signal of the first 99 is gone; of the moving range that ended in its 41, the last point is left.
	want := []Signal{{R1Range, []int{0}}, {R1Range, []int{1, 2}}, {R1, []int{2}}}
	if !reflect.DeepEqual(latest.Signals, want) {
		t.Errorf("signals %v, want %v", latest.Signals, want)
	}
	if all := chart.Latest(100); !reflect.DeepEqual(all, chart) {
		t.Errorf("a chart that is short enough changed")
	}
}

// measurements draws readings with distinct keys.
func measurements(min, max int) *rapid.Generator[[]Measurement] {
	one := rapid.Custom(func(t *rapid.T) Measurement {
		return Measurement{
			Time:      firstDay.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "hour")) * time.Hour),
			SourceKey: rapid.SampledFrom([]string{"", "a", "b"}).Draw(t, "key"),
			Value:     rapid.Float64Range(-MaxValue, MaxValue).Draw(t, "value"),
		}
	})
	return rapid.SliceOfNDistinct(one, min, max, func(m Measurement) string { return m.key() })
}

func TestOrderOfArrivalNeverChangesTheChart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := measurements(0, 30).Draw(t, "points")
		n := rapid.IntRange(0, 30).Draw(t, "baseline")
		arrived := rapid.Permutation(points).Draw(t, "arrived")
		if a, b := Analyze(points, n), Analyze(arrived, n); !reflect.DeepEqual(a, b) {
			t.Fatalf("charts differ:\n%+v\n%+v", a, b)
		}
	})
}

func TestChartsStayFinite(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		chart := Analyze(measurements(4, 30).Draw(t, "points"), 0)
		l := chart.Limits
		for _, v := range []float64{l.Centre, l.MeanMovingRange, l.Upper, l.Lower, l.UpperRange} {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				t.Fatalf("limits %+v", *l)
			}
		}
		for _, s := range chart.Signals {
			if !slices.IsSorted(s.Points) || s.Points[0] < 0 || s.Points[len(s.Points)-1] >= len(chart.Points) {
				t.Fatalf("signal %+v of %d points", s, len(chart.Points))
			}
		}
	})
}
