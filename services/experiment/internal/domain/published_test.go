package domain

import (
	"math"
	"math/big"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// exactly computes limits with fractions, from decimal texts: nothing is rounded on the way, and nothing is shared with the code.
type exactly struct {
	centre, spread, upper, lower, ranges *big.Rat
}

func rat(text string) *big.Rat {
	r, ok := new(big.Rat).SetString(text)
	if !ok {
		panic(text)
	}
	return r
}

func limitsExactly(values []*big.Rat, limit, ranges string) exactly {
	var sum, moved big.Rat
	for i, v := range values {
		sum.Add(&sum, v)
		if i > 0 {
			step := new(big.Rat).Sub(v, values[i-1])
			moved.Add(&moved, step.Abs(step))
		}
	}
	n := int64(len(values))
	e := exactly{centre: new(big.Rat).Quo(&sum, big.NewRat(n, 1)), spread: new(big.Rat).Quo(&moved, big.NewRat(n-1, 1))}
	width := new(big.Rat).Mul(rat(limit), e.spread)
	e.upper, e.lower = new(big.Rat).Add(e.centre, width), new(big.Rat).Sub(e.centre, width)
	e.ranges = new(big.Rat).Mul(rat(ranges), e.spread)
	return e
}

func (e exactly) compare(t interface{ Errorf(string, ...any) }, l *Limits, tolerance float64) {
	for _, q := range []struct {
		name string
		got  float64
		want *big.Rat
	}{{"centre", l.Centre, e.centre}, {"mean moving range", l.MeanMovingRange, e.spread}, {"upper", l.Upper, e.upper}, {"lower", l.Lower, e.lower}, {"upper range", l.UpperRange, e.ranges}} {
		want, _ := q.want.Float64()
		if math.Abs(q.got-want) > tolerance*max(1, math.Abs(want)) {
			t.Errorf("%s = %.12g, want %.12g", q.name, q.got, want)
		}
	}
}

// Published sets of readings with their limits, both as printed and computed anew with fractions.
func TestPublishedSetsExactly(t *testing.T) {
	for _, c := range []struct {
		name         string
		values       []string
		factor       string // what the publication multiplies the mean moving range by
		upper, lower string
		tolerance    float64 // of what is printed
	}{
		// NIST/SEMATECH e-Handbook, 6.3.2.2, flow rate.
		{"NIST, flow rate", []string{"49.6", "47.6", "49.9", "51.3", "47.8", "51.2", "52.6", "52.4", "53.6", "52.1"}, "3000/1128", "55.8041", "45.8159", 0.00006},
		{"golden", []string{"42", "38", "45", "40", "39", "47", "41", "44", "36", "43", "40", "46"}, "2.660", "55.7755", "27.7245", 0.00006},
		// Wheeler, Making Sense of Data, p. 382, "Data Set to Use When Verifying Software".
		{"Wheeler, verifying software", []string{"5045", "4350", "4350", "3975", "4290", "4430", "4485", "4285", "3980", "3925", "3645", "3760", "3300", "3685", "3463", "5200"}, "2.660", "5082.28", "3188.72", 0.01},
	} {
		t.Run(c.name, func(t *testing.T) {
			values, list := make([]*big.Rat, len(c.values)), make([]float64, len(c.values))
			for i, text := range c.values {
				values[i] = rat(text)
				list[i], _ = values[i].Float64()
			}
			factor, _ := rat(c.factor).Float64()
			e := limitsExactly(values, c.factor, "3.268")
			e.compare(t, limitsOf(daily(list...), Method{}, factor, RangeFactor), 1e-12)
			for _, printed := range []struct {
				text  string
				exact *big.Rat
			}{{c.upper, e.upper}, {c.lower, e.lower}} {
				if off, _ := new(big.Rat).Sub(rat(printed.text), printed.exact).Float64(); math.Abs(off) > c.tolerance {
					t.Errorf("%s is printed, and %s is exact", printed.text, printed.exact.FloatString(6))
				}
			}
		})
	}
}

// Whatever is measured, limits are those of the fractions.
func TestLimitsAreExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		hundredths := rapid.SliceOfN(rapid.Int64Range(-1_000_000, 1_000_000), 4, 40).Draw(t, "hundredths")
		values, list := make([]*big.Rat, len(hundredths)), make([]float64, len(hundredths))
		for i, h := range hundredths {
			values[i], list[i] = big.NewRat(h, 100), float64(h)/100
		}
		limitsExactly(values, "2.660", "3.268").compare(t, LimitsOf(daily(list...), Method{}), 1e-11)
	})
}

// What lies on a line is on neither side of it, whole charts and all.
func TestChartsAtTheirEdges(t *testing.T) {
	repeated := func(v float64, n int) []float64 { return slices.Repeat([]float64{v}, n) }
	for _, c := range []struct {
		name     string
		values   []float64
		baseline int
		floor    bool
		rules    RuleSet
		want     []Signal
	}{
		{"a constant series", repeated(7, 20), 0, false, nil, nil},
		{"a constant series of a fraction", repeated(0.1, 20), 0, false, nil, nil},
		{"anything but the constant is a signal", append(repeated(7, 10), 7.001), 10, false, RuleSet{R1}, []Signal{{R1, []int{10}}}},
		// Mean 10 and ranges of 4: limits at 10 ± 10.64.
		{"on the upper limit", []float64{8, 12, 8, 12, 8, 12, 10 + LimitFactor*4}, 6, false, RuleSet{R1}, nil},
		{"beyond the upper limit", []float64{8, 12, 8, 12, 8, 12, 20.6401}, 6, false, RuleSet{R1}, []Signal{{R1, []int{6}}}},
		{"on the lower limit", []float64{8, 12, 8, 12, 8, 12, 10 - LimitFactor*4}, 6, false, RuleSet{R1}, nil},
		{"beyond the lower limit", []float64{8, 12, 8, 12, 8, 12, -0.6401}, 6, false, RuleSet{R1}, []Signal{{R1, []int{6}}}},
		{"a count on its floor", []float64{8, 12, 8, 12, 8, 12, 0}, 6, true, RuleSet{R1}, nil},
		{"below the floor, from before the metric had one", []float64{8, 12, 8, 12, 8, 12, -0.1}, 6, true, RuleSet{R1}, []Signal{{R1, []int{6}}}},
		{"one outlier in twenty", append(repeated(10, 10), append([]float64{60}, repeated(10, 9)...)...), 0, false, RuleSet{R1}, []Signal{{R1, []int{10}}}},
		{"eight on a side", []float64{12, 8, 12, 8, 11, 11, 11, 11, 11, 11, 11, 11}, 4, false, RuleSet{R2}, []Signal{{R2, span(4, 12)}}},
		{"seven and one exactly on the centre line", []float64{8, 12, 8, 12, 8, 11, 11, 11, 10, 11, 11, 11, 11}, 4, false, RuleSet{R2}, nil},
		{"eight after one on the centre line", []float64{8, 12, 8, 12, 10, 11, 11, 11, 11, 11, 11, 11, 11}, 4, false, RuleSet{R2}, []Signal{{R2, span(5, 13)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			chart := Analysis{BaselinePoints: c.baseline, Method: Method{Floor: c.floor, Rules: c.rules}}.Chart(daily(c.values...))
			if !reflect.DeepEqual(chart.Signals, c.want) {
				t.Errorf("signals %v, want %v, limits %+v", chart.Signals, c.want, chart.Limits)
			}
		})
	}
}

// What is no number is no reading, on no way in.
func TestWhatIsNoNumberIsRefused(t *testing.T) {
	for _, v := range []float64{math.NaN(), math.Inf(1), math.Inf(-1), 1.1e300, -1.1e300} {
		report := NewReport(List)
		if entries := CheckMeasurements([]Measurement{{Time: firstDay, Value: v}}, firstDay, report); len(entries) != 0 || report.Count != 1 {
			t.Errorf("%v was taken as a reading", v)
		}
		c := Corrected{Measurement: Measurement{Time: firstDay, Value: 1}}
		if _, err := c.Correct(&Metric{}, 1, v, "a typing error", firstDay); err == nil || len(c.Corrections) != 0 {
			t.Errorf("corrected to %v", v)
		}
	}
}

// Scores of published and hand-made forecasts, computed anew with fractions.
func TestMurphyExactly(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		forecasts := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Forecast {
			return Forecast{Percent: 5 * rapid.IntRange(1, 19).Draw(t, "step"), Came: rapid.Bool().Draw(t, "came")}
		}), 1, 60).Draw(t, "forecasts")
		var brier, came big.Rat
		one, n := big.NewRat(1, 1), big.NewRat(int64(len(forecasts)), 1)
		groups := map[int][2]int64{}
		for _, f := range forecasts {
			miss, g := big.NewRat(int64(f.Percent), 100), groups[f.Percent]
			g[0]++
			if f.Came {
				miss.Sub(miss, one)
				came.Add(&came, one)
				g[1]++
			}
			groups[f.Percent] = g
			brier.Add(&brier, miss.Mul(miss, miss))
		}
		base := new(big.Rat).Quo(&came, n)
		var reliability, resolution big.Rat
		for percent, g := range groups {
			share, weight := big.NewRat(g[1], g[0]), big.NewRat(g[0], 1)
			for sum, other := range map[*big.Rat]*big.Rat{&reliability: big.NewRat(int64(percent), 100), &resolution: base} {
				d := new(big.Rat).Sub(share, other)
				sum.Add(sum, d.Mul(d, d).Mul(d, weight))
			}
		}
		uncertainty := new(big.Rat).Mul(base, new(big.Rat).Sub(one, base))
		c := Calibrate(forecasts)
		for _, q := range []struct {
			name string
			got  float64
			want *big.Rat
		}{
			{"Brier", c.Brier, brier.Quo(&brier, n)},
			{"reliability", c.Reliability, reliability.Quo(&reliability, n)},
			{"resolution", c.Resolution, resolution.Quo(&resolution, n)},
			{"uncertainty", c.Uncertainty, uncertainty},
		} {
			if want, _ := q.want.Float64(); math.Abs(q.got-want) > 1e-12 {
				t.Fatalf("%s = %.15g, want %.15g", q.name, q.got, want)
			}
		}
	})
}
