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

// Analyze is the chart with a baseline of its own: the first baselinePoints points, or all when 0 or more than there are.
func Analyze(points []Measurement, baselinePoints int) Chart {
	return Analysis{BaselinePoints: baselinePoints}.Chart(points)
}

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

func TestFlatLine(t *testing.T) {
	chart := Analyze(daily(slices.Repeat([]float64{0.1}, 13)...), 0)
	if len(chart.Signals) != 0 || chart.Limits.Upper != 0.1 {
		t.Errorf("a flat line signals %v with upper limit %v", chart.Signals, chart.Limits.Upper)
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
		a := Analysis{
			BaselinePoints: rapid.IntRange(0, 30).Draw(t, "baseline"),
			Window:         Window{To: firstDay.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "to")) * time.Hour)},
			Method: Method{
				Form:  rapid.SampledFrom([]LimitForm{"", FormMedianRange, FormMedian}).Draw(t, "form"),
				Floor: rapid.Bool().Draw(t, "floor"),
			},
		}
		if frozen, err := FreezeBaseline(points, Window{}, a.Method, time.Time{}, "frozen"); err == nil && rapid.Bool().Draw(t, "frozen") {
			a.Baselines = []Baseline{frozen}
		}
		arrived := rapid.Permutation(points).Draw(t, "arrived")
		if x, y := a.Chart(points), a.Chart(arrived); !reflect.DeepEqual(x, y) {
			t.Fatalf("charts differ:\n%+v\n%+v", x, y)
		}
	})
}

// Two readings of one instant are two points, in the order of their source keys.
func TestTwoReadingsAtOneInstant(t *testing.T) {
	points := daily(golden...)
	points[3].Time, points[2].SourceKey, points[3].SourceKey = points[2].Time, "b", "a"
	chart := Analyze(points, 0)
	if len(chart.Points) != 12 || chart.Points[2].Value != golden[3] || chart.Points[3].Value != golden[2] || chart.Limits.Count != 12 {
		t.Errorf("%+v", chart.Points)
	}
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

// A window of 10,000 points, as the database gives them and as they happen to arrive.
func BenchmarkAnalyze(b *testing.B) {
	points := make([]Measurement, 10_000)
	for i := range points {
		points[i] = Measurement{Time: firstDay.Add(time.Duration(i) * time.Minute), Value: golden[i%len(golden)] + 8*math.Sin(float64(i)/40)}
	}
	late := slices.Clone(points)
	for i := range late {
		j := i * 7919 % len(late)
		late[i], late[j] = late[j], late[i]
	}
	for name, list := range map[string][]Measurement{"in order": points, "shuffled": late} {
		for _, form := range []LimitForm{FormMean, FormMedian} {
			b.Run(name+"/"+string(form), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if c := (Analysis{Method: Method{Form: form}}).Chart(list); len(c.Signals) == 0 {
						b.Fatal("no signal")
					}
				}
			})
		}
	}
}
