package domain

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Golden has its centre at 41.75 and its limits 14.03 away. The change took the metric to 21.75: the adopted level has its
// limits at 7.72 and 35.78, its half-way lines at 14.74 and 28.76. Half of the gain is lost above 31.75.
func TestJudgeHold(t *testing.T) {
	limits := LimitsOf(daily(golden...), Method{})
	falls := Expectation{Baseline: 42, Low: 25, High: 25}
	for _, c := range []struct {
		name     string
		adopted  Adopted
		readings []float64
		want     HoldResult
		reason   HoldReason
	}{
		{"still there", Adopted{limits, 21.75, falls}, []float64{22, 21, 23}, Held, HoldGainShows},
		{"better still", Adopted{limits, 21.75, falls}, []float64{12, 10}, Held, HoldGainShows},
		{"part of it left, clear of the old level", Adopted{limits, 21.75, falls}, []float64{27, 31, 27}, Held, HoldGainShows},
		{"back", Adopted{limits, 21.75, falls}, []float64{42, 41, 43}, Slipped, HoldGainLost},
		{"worse than ever", Adopted{limits, 21.75, falls}, []float64{60}, Slipped, HoldGainLost},
		{"most of it lost, and clear of the adopted level", Adopted{limits, 21.75, falls}, []float64{34, 33, 34}, Slipped, HoldGainLost},
		{"most of it lost, but chance can do this", Adopted{limits, 21.75, falls}, []float64{34}, HoldCannotTell, HoldNoise},
		{"most of it kept, but chance can do this", Adopted{limits, 21.75, falls}, []float64{30, 31}, HoldCannotTell, HoldNoise},
		{"one wild point is not enough to hold", Adopted{limits, 21.75, falls}, []float64{20, 46, 45, 44}, Slipped, HoldGainLost},
		{"a small gain drowns", Adopted{limits, 40, falls}, []float64{41, 40, 42, 39}, HoldCannotTell, HoldNoise},
		{"a small gain shows in a run", Adopted{limits, 39, falls}, []float64{38, 39, 40, 38, 39, 40, 39, 38}, Held, HoldGainShows},
		{"nothing measured", Adopted{limits, 21.75, falls}, nil, HoldCannotTell, HoldNoReadings},
		{"no limits", Adopted{nil, 21.75, falls}, []float64{22}, HoldCannotTell, HoldNoLimits},
		{"it had gone the other way", Adopted{limits, 50, falls}, []float64{50}, HoldCannotTell, HoldNoGain},
		{"it had not moved", Adopted{limits, 41.75, falls}, []float64{20}, HoldCannotTell, HoldNoGain},
		{"a gain that no number can tell", Adopted{LimitsOf(daily(0, 0, 0, 0), Method{}), math.SmallestNonzeroFloat64, Expectation{0, 1, 1}}, []float64{1}, HoldCannotTell, HoldNoGain},
		{"upwards", Adopted{limits, 61.75, Expectation{42, 55, 70}}, []float64{60, 62}, Held, HoldGainShows},
		{"upwards and back", Adopted{limits, 61.75, Expectation{42, 55, 70}}, []float64{42, 44}, Slipped, HoldGainLost},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := JudgeHold(c.adopted, daily(c.readings...))
			if j.Result != c.want || j.Reason != c.reason || j.Readings != len(c.readings) || j.Old != c.adopted.Limits || j.Level != c.adopted.Level {
				t.Errorf("%+v, want %s because of %s", j, c.want, c.reason)
			}
			if j.Reason.Words() == "" {
				t.Error("no words")
			}
		})
	}
	j := JudgeHold(Adopted{limits, 21.75, falls}, daily(31.75, 31.75))
	if j.Kept == nil || math.Abs(*j.Kept-0.5) > 1e-12 || j.Mean != 31.75 || !j.FirstReading.Equal(firstDay) || !j.LastReading.Equal(firstDay.AddDate(0, 0, 1)) {
		t.Errorf("%+v", j)
	}
	if HoldReason("").Words() != "" {
		t.Error("an unknown reason has words")
	}
}

// A metric and its mirror image are judged alike, in whatever order the readings come.
func TestHoldChecksKnowNoSide(t *testing.T) {
	mirror := func(values []float64) []float64 {
		out := make([]float64, len(values))
		for i, v := range values {
			out[i] = -v
		}
		return out
	}
	rapid.Check(t, func(t *rapid.T) {
		level := rapid.Float64Range(0, 41).Draw(t, "level")
		readings := rapid.SliceOfN(rapid.Float64Range(0, 80), 1, 12).Draw(t, "readings")
		a := JudgeHold(Adopted{LimitsOf(daily(golden...), Method{}), level, Expectation{42, 30, 30}}, daily(readings...))
		b := JudgeHold(Adopted{LimitsOf(daily(mirror(golden)...), Method{}), -level, Expectation{-42, -30, -30}}, daily(mirror(readings)...))
		if a.Result != b.Result || a.Reason != b.Reason || math.Abs(*a.Kept-*b.Kept) > 1e-9 {
			t.Fatalf("%+v\n%+v", a, b)
		}
		reversed := daily(readings...)
		slices.Reverse(reversed)
		if c := JudgeHold(Adopted{a.Old, level, Expectation{42, 30, 30}}, reversed); !reflect.DeepEqual(a, c) {
			t.Fatalf("%+v\n%+v", a, c)
		}
	})
}
