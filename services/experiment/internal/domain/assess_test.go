package domain

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// twoPoints is the tolerance of comparisons with shares that were simulated elsewhere.
const twoPoints = 0.02

// The figures of 20,000 simulated histories each, made independently of this code: limits at 2.66 mean moving ranges, R1 on
// the points only, rules inside the judged points only.
func TestAssessRepeatsTheTables(t *testing.T) {
	for _, c := range []struct {
		name              string
		baseline, planned int
		frozen            bool
		rules             RuleSet
		shift, want       float64
	}{
		{"same points, 10", 0, 10, false, nil, 0, 0.029},
		{"same points, 14", 0, 14, false, nil, 0, 0.049},
		{"same points, 20", 0, 20, false, nil, 0, 0.083},
		{"frozen on 10, any", 10, 10, true, nil, 0, 0.219},
		{"frozen on 10, R1", 10, 10, true, RuleSet{R1}, 0, 0.163},
		{"frozen on 10, R2", 10, 10, true, RuleSet{R2}, 0, 0.043},
		{"frozen on 10, R3", 10, 10, true, RuleSet{R3}, 0, 0.079},
		{"frozen on 20, any", 20, 10, true, nil, 0, 0.139},
		{"frozen on 20, R1", 20, 10, true, RuleSet{R1}, 0, 0.093},
		{"frozen on 20, R2", 20, 10, true, RuleSet{R2}, 0, 0.028},
		{"frozen on 20, R3", 20, 10, true, RuleSet{R3}, 0, 0.039},
		{"frozen on 40, R1", 40, 10, true, RuleSet{R1}, 0, 0.056},
		{"frozen on 40, R2", 40, 10, true, RuleSet{R2}, 0, 0.021},
		{"frozen on 40, R3", 40, 10, true, RuleSet{R3}, 0, 0.024},
		{"power of 20 at 0.5", 20, 10, true, nil, 0.5, 0.278},
		{"power of 20 at 1", 20, 10, true, nil, 1, 0.603},
		{"power of 20 at 1.5", 20, 10, true, nil, 1.5, 0.879},
		{"power of 20 at 2", 20, 10, true, nil, 2, 0.980},
		{"power of 20 at 3", 20, 10, true, nil, 3, 1},
		{"power of 10 at 0.5", 10, 10, true, nil, 0.5, 0.345},
		{"power of 10 at 1", 10, 10, true, nil, 1, 0.622},
		{"power of 10 at 1.5", 10, 10, true, nil, 1.5, 0.863},
		{"power of 10 at 2", 10, 10, true, nil, 2, 0.969},
		{"power of 10 at 3", 10, 10, true, nil, 3, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			a, err := Assess(DetectionQuestion{BaselineCount: c.baseline, Planned: c.planned, Frozen: c.frozen, Rules: c.rules})
			if err != nil || !a.Possible {
				t.Fatal(a, err)
			}
			got := a.FalseAlarm
			for _, p := range a.Power {
				if p.Shift == c.shift {
					got = p.Power
				}
			}
			if math.Abs(got-c.want) > twoPoints {
				t.Errorf("got %.1f %%, want %.1f %%", 100*got, 100*c.want)
			}
			t.Logf("%.1f %%, published %.1f %%", 100*got, 100*c.want)
		})
	}
}

// The solved bounds of a history are those of the rules themselves, tried shift by shift.
func TestQuietIsWhereTheRulesAreSilent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-3, 3), 1, 14).Draw(t, "x")
		shift := rapid.Float64Range(-4, 4).Draw(t, "shift")
		rules := RuleSet(rapid.SliceOfNDistinct(rapid.SampledFrom(ShiftRules()), 1, 3, rapid.ID[Rule]).Draw(t, "rules"))
		l := lines{centre: rapid.Float64Range(-1, 1).Draw(t, "centre"), width: rapid.Float64Range(0.5, 4).Draw(t, "width")}
		moved := make([]float64, len(x))
		for i, v := range x {
			moved[i] = v + shift
		}
		limits := Limits{Centre: l.centre, Upper: l.centre + l.width, Lower: l.centre - l.width, Rules: rules}
		want := len(detect(chartPoints(daily(moved...)), limits)) == 0
		low, high := quiet(x, l, settingOf(10, len(x), rules, true))
		if math.Abs(shift-low) < 1e-9 || math.Abs(shift-high) < 1e-9 {
			return
		}
		if got := low <= shift && shift <= high; got != want {
			t.Fatalf("quiet from %v to %v, but at %v the rules are silent: %v", low, high, shift, want)
		}
	})
}

func TestAssessKnowsItsMetric(t *testing.T) {
	q := DetectionQuestion{Baseline: daily(golden...), Planned: 10, Frozen: true, Prediction: &Expectation{Baseline: 42, Low: 30, High: 30}}
	a, err := Assess(q)
	if err != nil {
		t.Fatal(err)
	}
	within(t, "sigma", *a.Sigma, 58.0/11/1.128, 1e-12)
	within(t, "shift", *a.Predicted.Shift, 12/(58.0/11/1.128), 1e-12)
	within(t, "smallest change", *a.SmallestChange, *a.SmallestShift**a.Sigma, 1e-12)
	if a.BaselineCount != 12 || a.Runs < 2000 || a.Level != UsualPower || len(a.Assumptions) < 3 || !reflect.DeepEqual(a.Rules, ShiftRules()) {
		t.Errorf("%+v", a)
	}
	if p := a.Predicted; p.Power < 0.95 || p.ReadingsNeeded < 2 || p.ReadingsNeeded > 6 || p.FalseAlarm > a.FalseAlarm {
		t.Errorf("prediction %+v", *p)
	}
	q.Baseline, q.Limits = nil, LimitsOf(daily(golden...), Method{})
	if b, _ := Assess(q); !reflect.DeepEqual(a, b) {
		t.Errorf("frozen limits say otherwise than their readings: %+v, %+v", a, b)
	}
	q.Prediction = &Expectation{Baseline: 42, Low: 20, High: 30}
	if b, _ := Assess(q); !reflect.DeepEqual(a.Predicted, b.Predicted) {
		t.Errorf("a range counts from its nearer end: %+v", b.Predicted)
	}
	q.Prediction = nil
	if b, _ := Assess(q); b.Predicted != nil || *b.SmallestChange != *a.SmallestChange {
		t.Errorf("without a prediction: %+v", b)
	}
	if one, _ := Assess(DetectionQuestion{Baseline: daily(golden...), Planned: 3, Frozen: true, Rules: RuleSet{R2}}); one.SmallestShift != nil || one.SmallestChange != nil || one.FalseAlarm != 0 {
		t.Errorf("three readings made a run of eight: %+v", one)
	}
	flat, _ := Assess(DetectionQuestion{Baseline: daily(5, 5, 5, 5), Planned: 3, Frozen: true, Prediction: &Expectation{Baseline: 5, Low: 6, High: 6}})
	if *flat.Sigma != 0 || flat.Predicted.Shift != nil || flat.Predicted.Power != 1 || flat.Predicted.ReadingsNeeded != 1 {
		t.Errorf("flat: %+v, %+v", flat, flat.Predicted)
	}
}

// The readings that are said to do, do: with as many the power is at the level, with fewer it is not.
func TestReadingsNeededWouldDo(t *testing.T) {
	for _, shift := range []float64{0.8, 1.2, 2} {
		needed, falseAlarm := readingsNeeded(settingOf(20, 10, ShiftRules(), true), shift, UsualPower)
		at := func(n int, shift float64) float64 { return simulate(settingOf(20, n, ShiftRules(), true)).power(shift) }
		if needed < 3 || at(needed, shift) < UsualPower-twoPoints || at(needed-1, shift) > UsualPower+twoPoints {
			t.Errorf("%v sigma: %d readings have power %v, one less %v", shift, needed, at(needed, shift), at(needed-1, shift))
		}
		if falseAlarm != at(needed, 0) {
			t.Errorf("false alarm %v, want %v", falseAlarm, at(needed, 0))
		}
	}
	if n, _ := readingsNeeded(settingOf(20, 10, RuleSet{R1}, true), 0.1, 0.99); n != 0 {
		t.Errorf("a tenth of sigma shows after %d readings", n)
	}
}

func TestAssessIsMonotone(t *testing.T) {
	const noise = 0.015
	for _, frozen := range []bool{true, false} {
		for _, n := range []int{8, 20} {
			p := simulate(settingOf(n, 10, ShiftRules(), frozen)).power
			for shift := 0.0; shift < 5; shift += 0.1 {
				if p(shift+0.1) < p(shift)-noise && (frozen || shift < 2) {
					t.Errorf("frozen %v, baseline %d: power falls from %v to %v at %v", frozen, n, p(shift), p(shift+0.1), shift)
				}
			}
		}
	}
	at := func(baseline, planned int, rules RuleSet, shift float64) float64 {
		return simulate(settingOf(baseline, planned, rules, true)).power(shift)
	}
	for _, pair := range [][2]float64{
		{at(20, 5, ShiftRules(), 1), at(20, 15, ShiftRules(), 1)}, // more readings show more
		{at(40, 10, ShiftRules(), 0), at(8, 10, ShiftRules(), 0)}, // a short baseline cries wolf more often
		{at(20, 10, RuleSet{R1}, 1), at(20, 10, ShiftRules(), 1)}, // so do more rules
	} {
		if pair[0] >= pair[1] {
			t.Errorf("%v is not below %v", pair[0], pair[1])
		}
	}
	small := func(level float64) float64 {
		return *simulate(settingOf(20, 10, ShiftRules(), true)).smallestShift(level)
	}
	if a, b := small(0.5), small(0.8); a >= b || b < 1.2 || b > 1.5 {
		t.Errorf("smallest shifts %v and %v", a, b)
	}
}

func TestTheSameQuestionGetsTheSameAnswer(t *testing.T) {
	s := settingOf(13, 7, ShiftRules(), true)
	for _, s.frozen = range []bool{true, false} {
		if a, b := simulate(s), simulate(s); *a != *b {
			t.Errorf("%v\n%v", a, b)
		}
	}
}

func TestAssessRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		q    DetectionQuestion
		want []string
	}{
		{"no readings", DetectionQuestion{BaselineCount: 20}, []string{"PLANNED_READINGS_MISSING"}},
		{"levels", DetectionQuestion{Planned: -1, Level: 1}, []string{"PLANNED_READINGS_MISSING", "LEVEL_INVALID"}},
		{"no number", DetectionQuestion{Planned: 1, Level: math.NaN()}, []string{"LEVEL_INVALID"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Assess(c.q)
			if got := reasonsIn(t, err); !slices.Equal(got, c.want) {
				t.Errorf("got %v", err)
			}
		})
	}
	a, err := Assess(DetectionQuestion{BaselineCount: 3, Planned: 10, Frozen: true})
	if err != nil || a.Possible || a.Power != nil || a.SmallestShift != nil {
		t.Errorf("without limits: %+v, %v", a, err)
	}
	a, err = Assess(DetectionQuestion{BaselineCount: -5, Planned: 10})
	if err != nil || !a.Possible || a.BaselineCount != 0 {
		t.Errorf("less than none: %+v, %v", a, err)
	}
	a, err = Assess(DetectionQuestion{BaselineCount: 5000, Planned: 5000, Frozen: true})
	if err != nil || a.BaselineCount != 200 || a.Planned != 200 || len(a.Assumptions) != 5 {
		t.Errorf("bounded: %+v, %v", a, err)
	}
}

// reasonsIn returns the reasons of the violations of a fault.
func reasonsIn(t *testing.T, err error) (list []string) {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("no fault: %v", err)
	}
	for _, v := range f.Violations {
		list = append(list, v.Reason)
	}
	return list
}

// The numbers have the moments of the normal distribution, and neighbours have nothing to do with each other.
func TestSequenceIsNormal(t *testing.T) {
	const n = 200_000
	q := sequence{state: 1}
	x := q.draw(make([]float64, n))
	var sum, squares, cubes, fourths, neighbours float64
	beyond := 0
	for i, v := range x {
		sum, squares, cubes, fourths = sum+v, squares+v*v, cubes+v*v*v, fourths+v*v*v*v
		if i > 0 {
			neighbours += v * x[i-1]
		}
		if math.Abs(v) > 3 {
			beyond++
		}
	}
	within(t, "mean", sum/n, 0, 0.01)
	within(t, "variance", squares/n, 1, 0.015)
	within(t, "skew", cubes/n, 0, 0.03)
	within(t, "kurtosis", fourths/n, 3, 0.1)
	within(t, "correlation of neighbours", neighbours/n, 0, 0.01)
	within(t, "share beyond 3", float64(beyond)/n, 0.0027, 0.0005)
}

// Between two shifts of a table the power lies between theirs; beyond the last it is the last.
func TestTable(t *testing.T) {
	var made table
	for i := range made {
		made[i] = float64(i) / float64(len(made)-1)
	}
	for _, c := range [][2]float64{{0, 0}, {5, 1}, {99, 1}, {2.5, 0.5}, {1.0025, 0.2005}, {4.999, 0.9998}} {
		within(t, "power", made.power(c[0]), c[1], 1e-12)
	}
	if got := *made.smallestShift(0.8); math.Abs(got-4) > 1e-12 {
		t.Errorf("smallest shift %v", got)
	}
	if made[len(made)-1] = 0; made.smallestShift(0.999) != nil {
		t.Error("a shift that does not show is called detectable")
	}
}

// What one question costs.
func BenchmarkAssess(b *testing.B) {
	for _, c := range []struct {
		name              string
		baseline, planned int
		frozen            bool
	}{{"20+10", 20, 10, true}, {"200+200", 200, 200, true}, {"recomputed 20+10", 20, 10, false}, {"recomputed 200+200", 200, 200, false}} {
		b.Run(c.name, func(b *testing.B) {
			baseline := daily(slices.Repeat(golden, c.baseline/len(golden)+1)[:c.baseline]...)
			for b.Loop() {
				if _, err := Assess(DetectionQuestion{Baseline: baseline, Planned: c.planned, Frozen: c.frozen, Prediction: &Expectation{Baseline: 42, Low: 39, High: 39}}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
