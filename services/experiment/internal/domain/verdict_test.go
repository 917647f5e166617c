package domain

import (
	"reflect"
	"slices"
	"testing"
	"time"
)

func TestJudge(t *testing.T) {
	falls := Prediction{BaselineValue: new(42.0), ExpectedValue: new(30.0)}
	rises := Prediction{BaselineValue: new(42.0), ExpectedValue: new(50.0)}
	for _, c := range []struct {
		name          string
		prediction    Prediction
		before, after []float64
		signal        bool
		want          Verdict
	}{
		// With a baseline: golden has its limits at 27.72 and 55.78, its half-way lines at 34.74 and 48.76.
		{"reached, with a signal", falls, golden, []float64{20, 22, 21}, true, AsPredicted},
		{"reached exactly", falls, golden, []float64{30, 30, 30}, true, AsPredicted},
		{"signal, but not far enough", falls, golden, []float64{34, 33, 34}, true, NotAsPredicted},
		{"signal the other way", falls, golden, []float64{60, 61, 62}, true, NotAsPredicted},
		{"one point outside is a signal", falls, golden, []float64{20}, true, AsPredicted},
		{"reached, but noise can do this", falls, golden, []float64{29, 29.5}, false, CannotTell},
		{"nothing moved", falls, golden, []float64{42, 40, 44, 41}, false, CannotTell},
		{"eight on a side", rises, golden, []float64{43, 43, 44, 43, 44, 43, 44, 43}, true, NotAsPredicted},
		{"rises", rises, golden, []float64{58, 49, 60}, true, AsPredicted},
		{"a jump alone is no signal", rises, golden, []float64{33, 51}, false, CannotTell},
		{"four readings are a baseline", falls, golden[:4], []float64{41, 42}, false, CannotTell},
		// Without: the number decides.
		{"no baseline, reached", falls, nil, []float64{30}, false, AsPredicted},
		{"no baseline, not reached", falls, golden[:3], []float64{31}, false, NotAsPredicted},
		{"no baseline, the other way", falls, nil, []float64{60, 70}, false, NotAsPredicted},
		{"no baseline, rises beyond", rises, nil, []float64{51}, false, AsPredicted},
		{"rounding of a mean", Prediction{BaselineValue: new(1.0), ExpectedValue: new(0.2)}, nil, []float64{0.1, 0.2, 0.3}, false, AsPredicted},
	} {
		t.Run(c.name, func(t *testing.T) {
			j := Judge(c.prediction, daily(c.before...), daily(c.after...))
			if j.Signal != c.signal || j.Suggested != c.want || j.Readings != len(c.after) || (j.Limits != nil) != (len(c.before) >= 4) {
				t.Errorf("got %+v, want signal %v, %s", j, c.signal, c.want)
			}
		})
	}
}

func TestDivide(t *testing.T) {
	start := firstDay.AddDate(0, 0, 10)
	day := func(n int, ordinal int64) Reading {
		return Reading{Measurement{firstDay.AddDate(0, 0, n), float64(n), ""}, ordinal}
	}
	for _, c := range []struct {
		name          string
		readings      []Reading
		before, after []float64
	}{
		{"nothing", nil, nil, nil},
		{"by the time they were taken", []Reading{day(1, 1), day(2, 2), day(10, 3), day(11, 4)}, []float64{1, 2}, []float64{10, 11}},
		{"one that arrived before it was taken", []Reading{day(1, 1), day(11, 2)}, []float64{1}, []float64{11}},
		{"history that arrived late is baseline", []Reading{day(1, 1), day(2, 3), day(11, 4)}, []float64{1, 2}, []float64{11}},
		{"all late: what arrived after the start counts", []Reading{day(1, 1), day(2, 2), day(3, 3), day(4, 4)}, []float64{1, 2}, []float64{3, 4}},
		{"nothing new", []Reading{day(1, 1), day(2, 2)}, []float64{1, 2}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 {
				before, after := divide(c.readings, start, 2)
				if !reflect.DeepEqual(values(before), c.before) || !reflect.DeepEqual(values(after), c.after) {
					t.Errorf("before %v, after %v; want %v, %v", values(before), values(after), c.before, c.after)
				}
				slices.Reverse(c.readings)
			}
		})
	}
}

func values(points []Measurement) (list []float64) {
	for _, p := range inOrder(points) {
		list = append(list, p.Value)
	}
	return list
}

func TestStartItselfCounts(t *testing.T) {
	_, after := divide([]Reading{{Measurement{firstDay, 1, ""}, 1}}, firstDay, 1)
	_, earlier := divide([]Reading{{Measurement{firstDay.Add(-time.Microsecond), 1, ""}, 1}}, firstDay, 1)
	if len(after) != 1 || len(earlier) != 0 {
		t.Errorf("at the start %v, just before %v", after, earlier)
	}
}
