package domain

import (
	"encoding/json"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// Judge judges in the usual way.
func Judge(p Prediction, before, after []Measurement) Judgement {
	return JudgeWith(p.expectation(), before, after, Judging{})
}

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
		{"nothing moved, and too few readings to tell", falls, golden, []float64{42}, false, CannotTell},
		{"nothing moved, though it would have shown", falls, golden, []float64{42, 40, 44, 41}, false, NotAsPredicted},
		{"a small change need not show", Prediction{BaselineValue: new(42.0), ExpectedValue: new(39.0)}, golden, []float64{42, 40, 44, 41}, false, CannotTell},
		{"nothing moved from a baseline value that was never there", Prediction{BaselineValue: new(60.0), ExpectedValue: new(40.0)}, golden, []float64{42, 40, 44, 41}, false, CannotTell},
		{"a flat line that stays flat", falls, []float64{42, 42, 42, 42}, []float64{42}, false, NotAsPredicted},
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
		{"one that arrived before it was taken", []Reading{day(1, 1), day(11, 2)}, []float64{1}, nil},
		{"and one that was measured", []Reading{day(1, 1), day(11, 2), day(12, 3)}, []float64{1}, []float64{12}},
		{"and one that was entered late", []Reading{day(1, 1), day(11, 2), day(2, 3)}, []float64{1}, []float64{2}},
		{"history that arrived late is baseline", []Reading{day(1, 1), day(2, 3), day(11, 4)}, []float64{1, 2}, []float64{11}},
		{"all late: what arrived after the start counts", []Reading{day(1, 1), day(2, 2), day(3, 3), day(4, 4)}, []float64{1, 2}, []float64{3, 4}},
		{"nothing new", []Reading{day(1, 1), day(2, 2)}, []float64{1, 2}, nil},
		{"late history beside a baseline moves nothing", []Reading{day(1, 1), day(2, 2), day(3, 1), day(4, 2), day(5, 3), day(6, 4), day(11, 5)}, []float64{1, 2, 3, 4}, []float64{11}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for range 2 {
				split := divide(c.readings, start, 2)
				before, after := split.before, split.after
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
	after := divide([]Reading{{Measurement{firstDay, 1, ""}, 2}}, firstDay, 1).after
	earlier := divide([]Reading{{Measurement{firstDay.Add(-time.Microsecond), 1, ""}, 1}}, firstDay, 1).after
	if len(after) != 1 || len(earlier) != 0 {
		t.Errorf("at the start %v, just before %v", after, earlier)
	}
}

func TestJudgeRange(t *testing.T) {
	falls := Expectation{Baseline: 42, Low: 20, High: 30}
	stays := Expectation{Baseline: 42, Low: 35, High: 50}
	for _, c := range []struct {
		name          string
		e             Expectation
		before, after []float64
		want          Verdict
	}{
		{"inside, with a signal", falls, golden, []float64{25, 24, 26}, AsPredicted},
		{"at its end", falls, golden, []float64{30, 30, 30}, AsPredicted},
		{"at its far end", falls, golden, []float64{20, 20, 20}, AsPredicted},
		{"further than predicted is a surprise too", falls, golden, []float64{10, 11, 12}, NotAsPredicted},
		{"not far enough", falls, golden, []float64{33, 34, 33}, NotAsPredicted},
		{"it would have shown", falls, golden, []float64{42, 40, 44, 41}, NotAsPredicted},
		{"inside, but noise can do this", falls, golden, []float64{29}, CannotTell},
		{"no baseline, inside", falls, nil, []float64{25}, AsPredicted},
		{"no baseline, outside", falls, nil, []float64{15}, NotAsPredicted},
		{"no change expected and none seen", stays, golden, []float64{42, 40, 44}, AsPredicted},
		{"no change expected, but one seen", stays, golden, []float64{20, 22}, NotAsPredicted},
		{"no change expected, outside by noise", stays, golden, []float64{34.9}, CannotTell},
	} {
		t.Run(c.name, func(t *testing.T) {
			if j := JudgeWith(c.e, daily(c.before...), daily(c.after...), Judging{}); j.Suggested != c.want {
				t.Errorf("got %+v, want %s", j, c.want)
			}
		})
	}
}

// What is stored is enough to come to the same verdict again.
func TestJudgementCanBeComputedAgain(t *testing.T) {
	before, after := daily(golden...), daily(20, 22, 21)
	e := Expectation{Baseline: 42, Low: 30, High: 30}
	j := JudgeWith(e, before, after, Judging{Method: Method{Form: FormMedian, Floor: true, Rules: RuleSet{R1Range, R3, R1}}})
	l := j.Limits
	if l.Form != FormMedian || !l.Floor || !reflect.DeepEqual(l.Rules, RuleSet{R1, R3}) || l.LimitFactor != MedianLimitFactor || l.Count != 12 {
		t.Errorf("limits %+v", l)
	}
	if !j.FirstReading.Equal(firstDay) || !j.LastReading.Equal(day(2)) || j.Visibility == nil || j.Visibility.Runs == 0 || j.Visibility.Level != UsualPower {
		t.Errorf("judgement %+v", j)
	}
	if again := JudgeWith(e, nil, after, Judging{Limits: l}); !reflect.DeepEqual(again, j) {
		t.Errorf("by its own limits %+v, want %+v", again, j)
	}
	a, err := Assess(DetectionQuestion{Limits: l, Planned: 3, Frozen: true, Rules: l.Rules, Prediction: &Expectation{Baseline: l.Centre, Low: 30, High: 30}})
	if err != nil || Significant(a.Predicted.Power, 3) != j.Visibility.Power || Significant(*a.Predicted.Shift, 3) != j.Visibility.Shift {
		t.Errorf("assessed %+v, %v, judged %+v", a.Predicted, err, j.Visibility)
	}
	frozen := *LimitsOf(before, Method{})
	if with := JudgeWith(e, nil, daily(33, 51), Judging{Limits: &frozen}); with.Signal || !frozen.Rules.Has(R1Range) {
		t.Errorf("a jump alone became a signal, or the caller's limits changed: %+v", with)
	}
}

// Whatever the readings are, a judgement can be written down.
func TestJudgementsStayFinite(t *testing.T) {
	tiny, huge := math.SmallestNonzeroFloat64, float64(MaxValue)
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.SampledFrom([]float64{0, tiny, -tiny, 1, -1, huge, -huge, 0.1})
		e := Expectation{Baseline: number.Draw(t, "baseline")}
		e.Low = number.Draw(t, "low")
		e.High = max(e.Low, number.Draw(t, "high"))
		before := daily(rapid.SliceOfN(number, 4, 9).Draw(t, "before")...)
		after := daily(rapid.SliceOfN(number, 1, 9).Draw(t, "after")...)
		j := JudgeWith(e, before, after, Judging{Method: Method{Form: rapid.SampledFrom([]LimitForm{FormMean, FormMedian}).Draw(t, "form")}})
		a, err := Assess(DetectionQuestion{Limits: j.Limits, Planned: 1, Frozen: true, Rules: RuleSet{R1}, Prediction: &e})
		if err != nil {
			t.Fatal(err)
		}
		h := JudgeHold(Adopted{Limits: j.Limits, Level: j.Actual, Expected: e}, after)
		for _, v := range []any{j, a, h} {
			if _, err := json.Marshal(v); err != nil {
				t.Fatalf("%+v: %v", v, err)
			}
		}
	})
}

// A document from before there were rule sets, forms and visibility reads and is judged as it was.
func TestOldLimitsAreReadable(t *testing.T) {
	var o Outcome
	old := `{"actual":21,"readings":3,"signal":true,"limits":{"centre":41.75,"meanMovingRange":5.2727,"upper":55.7755,"lower":27.7245,"upperRange":17.2313,` +
		`"limitFactor":2.66,"rangeFactor":3.268,"firstTime":"2026-06-01T09:00:00Z","lastTime":"2026-06-12T09:00:00Z","count":12},"suggested":"AS_PREDICTED","verdict":"AS_PREDICTED"}`
	if err := json.Unmarshal([]byte(old), &o); err != nil {
		t.Fatal(err)
	}
	j := JudgeWith(Expectation{Baseline: 42, Low: 30, High: 30}, nil, daily(20, 22, 21), Judging{Limits: o.Limits})
	if j.Suggested != o.Suggested || j.Signal != o.Signal || j.Actual != o.Actual || o.Limits.Rules != nil {
		t.Errorf("%+v", j)
	}
}
