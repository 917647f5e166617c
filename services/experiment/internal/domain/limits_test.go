package domain

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

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
			l := limitsOf(daily(c.values...), Method{}, c.limitFactor, c.rangeFactor)
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
	stated := limitsOf(daily(nist...), Method{}, LimitFactor, RangeFactor)
	if d := math.Abs(stated.Upper - 55.8041); d < 0.0005 || d > 0.001 {
		t.Errorf("upper limit with 2.660 is %.5f away from the handbook's", d)
	}
	if stated.LimitFactor != 2.660 || stated.RangeFactor != 3.268 {
		t.Errorf("the limits state the factors %v and %v", stated.LimitFactor, stated.RangeFactor)
	}
}

// within checks a number against a printed one.
func within(t *testing.T, name string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance {
		t.Errorf("%s = %.6f, want %.6f ± %g", name, got, want, tolerance)
	}
}

// Other published sets. Only the numbers are taken.
func TestPublishedLimits(t *testing.T) {
	for _, c := range []struct {
		name                                   string
		values                                 []float64
		form                                   LimitForm
		centre, spread, upper, lower, ranges   float64
		toCentre, toSpread, toLimits, toRanges float64
	}{
		// Wheeler, Making Sense of Data, p. 382, "Data Set to Use When Verifying Software", as quoted in the tests of
		// github.com/mattmccormick/statprocon.
		{
			"Wheeler, verifying software",
			[]float64{5045, 4350, 4350, 3975, 4290, 4430, 4485, 4285, 3980, 3925, 3645, 3760, 3300, 3685, 3463, 5200},
			FormMean, 4135.50, 355.93, 5082.28, 3188.72, 1163.19, 0.005, 0.005, 0.005, 0.005,
		},
		// Wheeler, Making Sense of Data, p. 130, peak flow rates. The book rounds on the way: 322.5, 43.7, 171.3.
		{
			"Wheeler, peak flow rates",
			[]float64{120, 140, 100, 150, 260, 150, 100, 120, 300, 300, 275, 300, 140, 170, 150, 150, 190, 180},
			FormMean, 183.1, 52.4, 322.5, 43.7, 171.3, 0.05, 0.05, 0.25, 0.25,
		},
		// Wheeler, Making Sense of Data, p. 145, mean as centre and median moving range; from the same tests.
		{
			"Wheeler, median moving range",
			[]float64{2.5, 2.3, 16.3, 6.3, 7.6, 16.3, 7.1, 7.8, 7.8, 9.9, 10.5, -4.8},
			FormMedianRange, 7.47, 2.10, 14.07, 0.87, 8.12, 0.005, 1e-9, 0.01, 0.005,
		},
		// Wheeler, Making Sense of Data, p. 147, median as centre too. The book rounds its factors: 630, -154, 482.
		{
			"Wheeler, median", []float64{
				260, 130, 189, 1080, 175, 200, 193, 120, 33, 293, 195, 571, 55698, 209, 1825, 239, 290, 254,
				93, 278, 185, 123, 9434, 408, 570, 118, 238, 207, 153, 209, 243, 110, 306, 343, 244,
			}, FormMedian, 238, 125, 630, -154, 482, 0, 0, 1.2, 1.2,
		},
		// The readme of github.com/mattmccormick/statprocon.
		{"four readings", []float64{10, 50, 40, 30}, FormMean, 32.5, 20, 85.7, -20.7, 65.36, 1e-9, 1e-9, 1e-9, 1e-9},
		// SAS/QC User's Guide, MACONTROL example 9.4, tire diameters; SAS divides by 2/sqrt(pi).
		{
			"SAS, tires", []float64{
				24.05, 23.99, 23.95, 23.93, 23.97, 24.02, 24.06, 24.10, 23.98, 24.03, 23.91, 24.06, 24.06, 23.96, 23.98,
				24.06, 24.01, 24.00, 23.93, 23.92, 24.09, 24.11, 24.05, 23.98, 23.98, 24.06, 24.02, 24.06, 23.97, 23.96,
			}, FormMean, 24.0083, 0.056897, 24.1596, 23.8571, 0.18585, 0.00005, 5e-7, 0.0002, 0.0001,
		},
		// The page of spc-plotly on PyPI, monthly counts.
		{
			"spc-plotly", []float64{
				2478, 2350, 2485, 2296, 2359, 2567, 3089, 2668, 1788, 2854, 2365, 1883, 1959, 1927, 2640, 2626, 2144, 2409, 4412, 3287,
				3049, 3364, 3078, 2972, 3415, 2753, 3102, 2191, 3693, 4385, 4699, 3031, 2659, 3885, 2628, 2621, 3071, 2002,
			}, FormMean, 2820.6315789473683, 571.8918918918919, 4341.864011379801, 1299.3991465149359, 1868.9427027027025, 1e-8, 1e-8, 1e-8, 1e-8,
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			l := LimitsOf(daily(c.values...), Method{Form: c.form})
			spread := l.MeanMovingRange
			if c.form != FormMean {
				spread = l.MedianMovingRange
			}
			within(t, "centre", l.Centre, c.centre, c.toCentre)
			within(t, "moving range", spread, c.spread, c.toSpread)
			within(t, "upper", l.Upper, c.upper, c.toLimits)
			within(t, "lower", l.Lower, c.lower, c.toLimits)
			within(t, "upper range", l.UpperRange, c.ranges, c.toRanges)
			if l.Form != c.form {
				t.Errorf("the limits state the form %q", l.Form)
			}
		})
	}
}

// A floor holds the lower limit at zero, and does nothing else.
func TestFloor(t *testing.T) {
	counts := []float64{2, 5, 1, 4, 0, 3, 6, 2}
	free, floored := LimitsOf(daily(counts...), Method{}), LimitsOf(daily(counts...), Method{Floor: true})
	if free.Lower >= 0 || floored.Lower != 0 {
		t.Fatalf("lower limits %v and %v", free.Lower, floored.Lower)
	}
	same := *floored
	same.Lower, same.Floor = free.Lower, false
	if !reflect.DeepEqual(&same, free) {
		t.Errorf("the floor changed more than the lower limit: %+v, %+v", floored, free)
	}
	if l := LimitsOf(daily(golden...), Method{Floor: true}); l.Lower < 27 {
		t.Errorf("the floor pulled down a lower limit above it: %v", l.Lower)
	}
	if l := LimitsOf(daily(-5, -4, -6, -5), Method{Floor: true}); l.Lower >= l.Centre {
		t.Errorf("a floor above the centre line: %+v", l)
	}
	// R3 goes by the process, not by the floor: centre 2.875, computed lower limit below zero, half-way line at 1.5 sigma.
	if got := nearerLimit(1, *floored); got != 0 {
		t.Errorf("1 counts as nearer to the lower limit: %d", got)
	}
	low := Limits{Centre: 10, Upper: 22, Lower: 0, Floor: true}
	if nearerLimit(4.5, low) != 0 || nearerLimit(3.9, low) != belowCentre {
		t.Error("the half-way line is not half-way to the limit of the process")
	}
}

func TestMedian(t *testing.T) {
	for _, c := range []struct {
		values []float64
		want   float64
	}{{[]float64{3}, 3}, {[]float64{3, 1}, 2}, {[]float64{9, 1, 5}, 5}, {[]float64{4, 1, 3, 2}, 2.5}, {[]float64{-MaxValue, MaxValue}, 0}} {
		if got := median(slices.Clone(c.values)); got != c.want {
			t.Errorf("median of %v = %v, want %v", c.values, got, c.want)
		}
	}
}

// Limits follow a change of unit and of zero.
func TestLimitsFollowTheUnit(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1000, 1000), 4, 30).Draw(t, "values")
		form := rapid.SampledFrom([]LimitForm{FormMean, FormMedianRange, FormMedian}).Draw(t, "form")
		const factor, zero = 4, 512
		moved := make([]float64, len(values))
		for i, v := range values {
			moved[i] = factor*v + zero
		}
		a, b := LimitsOf(daily(values...), Method{Form: form}), LimitsOf(daily(moved...), Method{Form: form})
		for _, pair := range [][2]float64{{a.Centre*factor + zero, b.Centre}, {a.Upper*factor + zero, b.Upper}, {a.Lower*factor + zero, b.Lower}, {a.UpperRange * factor, b.UpperRange}, {a.Sigma() * factor, b.Sigma()}} {
			if math.Abs(pair[0]-pair[1]) > 1e-6 {
				t.Fatalf("%v became %v", pair[0], pair[1])
			}
		}
		if a.Lower > a.Centre || a.Centre > a.Upper {
			t.Fatalf("limits %+v", a)
		}
	})
}
