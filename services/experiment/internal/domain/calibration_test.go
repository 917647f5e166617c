package domain

import (
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// forecasts takes pairs of a confidence and 1 when it came true.
func forecasts(pairs ...int) (list []Forecast) {
	for i := 0; i < len(pairs); i += 2 {
		list = append(list, Forecast{Percent: pairs[i], Came: pairs[i+1] == 1})
	}
	return list
}

// Computed by hand.
func TestCalibrateByHand(t *testing.T) {
	c := Calibrate(forecasts(70, 1, 70, 1, 70, 0, 30, 0, 30, 1, 90, 1, 90, 1, 90, 1, 90, 0, 50, 1))
	const tolerance = 1e-9
	within(t, "Brier", c.Brier, 0.234, tolerance)
	within(t, "reliability", c.Reliability, 0.127/3, tolerance)
	within(t, "resolution", c.Resolution, 0.055/3, tolerance)
	within(t, "uncertainty", c.Uncertainty, 0.21, tolerance)
	within(t, "base rate", c.BaseRate, 0.7, tolerance)
	want := []CalibrationStep{{30, 2, 1, 0.5}, {50, 1, 1, 1}, {70, 3, 2, 2.0 / 3}, {90, 4, 3, 0.75}}
	if !reflect.DeepEqual(c.Steps, want) || c.Count != 10 || c.Verdict != TooFew {
		t.Errorf("%+v", c)
	}
}

func TestBrierOfOne(t *testing.T) {
	for _, c := range []struct {
		percent int
		came    bool
		want    float64
	}{{70, true, 0.09}, {30, true, 0.49}, {50, true, 0.25}, {50, false, 0.25}, {95, false, 0.9025}, {5, false, 0.0025}} {
		got := Calibrate([]Forecast{{c.percent, c.came}})
		within(t, "Brier", got.Brier, c.want, 1e-12)
		within(t, "uncertainty of one", got.Uncertainty, 0, 0)
	}
	if c := Calibrate(nil); c.Count != 0 || c.Verdict != TooFew || c.Steps != nil || math.IsNaN(c.Brier) {
		t.Errorf("none: %+v", c)
	}
}

func TestCalibrationVerdict(t *testing.T) {
	many := func(percent, count, came int) (list []Forecast) {
		for i := range count {
			list = append(list, Forecast{percent, i < came})
		}
		return list
	}
	for _, c := range []struct {
		name string
		list []Forecast
		want CalibrationVerdict
	}{
		{"nineteen", many(90, 19, 0), TooFew},
		{"twenty, none came", many(90, 20, 0), LessOftenThanSaid},
		// 20 at 80 %: 16 expected, standard deviation 1.79, so 13 to 19 may be chance.
		{"13 of 16 expected", many(80, 20, 13), AsOftenAsSaid},
		{"12 of 16 expected", many(80, 20, 12), LessOftenThanSaid},
		{"19 of 16 expected", many(80, 20, 19), AsOftenAsSaid},
		{"20 of 16 expected", many(80, 20, 20), MoreOftenThanSaid},
		{"said little, came often", many(10, 20, 12), MoreOftenThanSaid},
		{"as said", append(many(30, 10, 3), many(70, 10, 7)...), AsOftenAsSaid},
	} {
		if got := Calibrate(c.list).Verdict; got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestForecastOf(t *testing.T) {
	for _, c := range []struct {
		percent  int
		verdict  Verdict
		want     Forecast
		resolved bool
	}{
		{70, AsPredicted, Forecast{70, true}, true},
		{70, NotAsPredicted, Forecast{70, false}, true},
		{70, CannotTell, Forecast{}, false},
		{0, AsPredicted, Forecast{}, false},
		{70, "", Forecast{}, false},
	} {
		if got, resolved := ForecastOf(c.percent, c.verdict); got != c.want || resolved != c.resolved {
			t.Errorf("%d %s: %v, %v", c.percent, c.verdict, got, resolved)
		}
	}
}

// On the ladder the decomposition is exact, and the order of the forecasts never matters.
func TestMurphyIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Forecast {
			return Forecast{Percent: 5 * rapid.IntRange(1, 19).Draw(t, "step"), Came: rapid.Bool().Draw(t, "came")}
		}), 1, 200).Draw(t, "forecasts")
		c := Calibrate(list)
		if d := c.Brier - (c.Reliability - c.Resolution + c.Uncertainty); math.Abs(d) > 1e-12 {
			t.Fatalf("off by %g: %+v", d, c)
		}
		var direct float64
		count := 0
		for _, f := range list {
			o := 0.0
			if f.Came {
				o = 1
			}
			direct += (float64(f.Percent)/100 - o) * (float64(f.Percent)/100 - o) / float64(len(list))
		}
		for _, s := range c.Steps {
			count += s.Count
		}
		if math.Abs(direct-c.Brier) > 1e-12 || count != len(list) {
			t.Fatalf("Brier %v, directly %v; %d of %d in steps", c.Brier, direct, count, len(list))
		}
		slices.Reverse(list)
		if again := Calibrate(list); !reflect.DeepEqual(again, c) {
			t.Fatalf("reversed: %+v, %+v", again, c)
		}
	})
}
