package domain

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func day(n int) time.Time { return firstDay.AddDate(0, 0, n) }

func TestWindow(t *testing.T) {
	for _, c := range []struct {
		name string
		w    Window
		want []float64
	}{
		{"open", Window{}, []float64{0, 1, 2, 3, 4, 5}},
		{"the end is not in it", Window{day(1), day(3)}, []float64{1, 2}},
		{"from", Window{From: day(4)}, []float64{4, 5}},
		{"to", Window{To: day(2)}, []float64{0, 1}},
		{"between two readings", Window{day(1).Add(1), day(2)}, nil},
		{"the wrong way round", Window{day(3), day(1)}, nil},
		{"beyond", Window{From: day(9)}, nil},
	} {
		points := daily(0, 1, 2, 3, 4, 5)
		slices.Reverse(points)
		got := values(c.w.in(points))
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		for _, p := range points {
			if c.w.Holds(p.Time) != slices.Contains(c.want, p.Value) {
				t.Errorf("%s holds %v: %v", c.name, p.Value, c.w.Holds(p.Time))
			}
		}
	}
}

func TestFreezeBaseline(t *testing.T) {
	shifted := daily(append(slices.Clone(golden), 70, 71, 72)...)
	b, err := FreezeBaseline(shifted, Window{To: day(12)}, Method{Form: FormMedian, Floor: true, Rules: RuleSet{R2, R1}}, time.Time{}, " The first cycle ")
	if err != nil || !b.From.Equal(firstDay) || b.Reason != "The first cycle" || b.Limits.Count != 12 || b.Limits.Form != FormMedian ||
		!b.Limits.Floor || !b.Limits.LastTime.Equal(day(11)) || !reflect.DeepEqual(b.Limits.Rules, RuleSet{R1, R2}) {
		t.Errorf("%+v, %v", b, err)
	}
	b, err = FreezeBaseline(shifted, Window{To: day(12)}, Method{}, day(12).Add(999), "Known cause")
	if err != nil || !b.From.Equal(day(12)) {
		t.Errorf("%+v, %v", b, err)
	}
	_, err = FreezeBaseline(shifted, Window{From: day(12)}, Method{}, time.Time{}, " ")
	if got := reasonsIn(t, err); !slices.Equal(got, []string{"BASELINE_REASON_MISSING", "BASELINE_TOO_SHORT"}) {
		t.Errorf("%v", err)
	}
}

func TestAddBaseline(t *testing.T) {
	list, err := AddBaseline(nil, Baseline{From: day(1)})
	if err != nil || len(list) != 1 {
		t.Fatal(list, err)
	}
	longer, err := AddBaseline(list, Baseline{From: day(2)})
	if err != nil || len(longer) != 2 || len(list) != 1 {
		t.Fatal(list, longer, err)
	}
	for _, from := range []time.Time{day(2), day(1), day(0)} {
		_, err := AddBaseline(longer, Baseline{From: from})
		if got := reasonsIn(t, err); !slices.Equal(got, []string{"BASELINE_NOT_LATER"}) {
			t.Errorf("from %v: %v", from, err)
		}
	}
	for n, want := range []int{-1, 0, 1, 1} {
		got := InForce(longer, day(n))
		if want < 0 != (got == nil) || got != nil && !got.From.Equal(longer[want].From) {
			t.Errorf("day %d: %+v", n, got)
		}
	}
}

// Three stretches: nothing in force, limits about 10, limits about 20.
func TestEachPointIsJudgedByTheBaselineInForce(t *testing.T) {
	about := func(from int, centre float64) Baseline {
		return Baseline{From: day(from), Limits: Limits{Centre: centre, Upper: centre + 6, Lower: centre - 6, UpperRange: 8, Count: 8}}
	}
	points := daily(
		99, 99, // before
		11, 11, 11, 11, 17, 11, 11, // seven above 10, one outside
		21, 21, 21, 21, 21, 21, 21, 27, 21, 21, // the run begins anew; the step from 11 to 21 is no signal
	)
	c := Analysis{Baselines: []Baseline{about(2, 10), about(9, 20)}}.Chart(points)
	want := []Signal{{R1, []int{6}}, {R2, span(9, 19)}, {R1, []int{16}}}
	if !reflect.DeepEqual(c.Signals, want) {
		t.Errorf("signals %v, want %v", c.Signals, want)
	}
	if len(c.Segments) != 2 || c.Segments[0].First != 2 || c.Segments[0].End != 9 || c.Segments[1].End != 19 || c.Limits.Centre != 20 || c.Provisional {
		t.Errorf("segments %+v, limits %+v", c.Segments, c.Limits)
	}
	if c.Shift == nil || *c.Shift != (Shift{Since: day(9), Points: 10, Above: true}) {
		t.Errorf("shift %+v", c.Shift)
	}
	if early := (Analysis{Baselines: []Baseline{about(2, 10)}, Window: Window{To: day(2)}}).Chart(points); early.Limits != nil || early.Signals != nil || len(early.Points) != 2 {
		t.Errorf("before the first baseline: %+v", early)
	}
}

func TestShift(t *testing.T) {
	// Golden is the baseline, with its centre at 41.75.
	for _, c := range []struct {
		name  string
		after []float64
		rules RuleSet
		want  *Shift
	}{
		{"seven", slices.Repeat([]float64{40}, 7), nil, nil},
		{"eight", slices.Repeat([]float64{40}, 8), nil, &Shift{day(12), 8, false}},
		{"eight above, the last golden point too", slices.Repeat([]float64{43}, 7), nil, &Shift{day(11), 8, true}},
		{"over again", append(slices.Repeat([]float64{40}, 9), 43), nil, nil},
		{"not asked for", slices.Repeat([]float64{40}, 8), RuleSet{R1}, nil},
	} {
		chart := Analysis{BaselinePoints: 12, Method: Method{Rules: c.rules}}.Chart(daily(append(slices.Clone(golden), c.after...)...))
		if !reflect.DeepEqual(chart.Shift, c.want) {
			t.Errorf("%s: %+v, want %+v", c.name, chart.Shift, c.want)
		}
		if chart.Limits.Count != 12 {
			t.Errorf("%s: the limits moved", c.name)
		}
	}
}

// A recomputation never changes what was judged before it.
func TestANewBaselineLeavesThePastAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		points := measurements(8, 40).Draw(t, "points")
		first, err := FreezeBaseline(points, Window{}, Method{}, time.Time{}, "first")
		if err != nil {
			t.Fatal(err)
		}
		at := firstDay.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "at")) * time.Hour)
		second := first
		second.From = at
		second.Limits.Centre++
		list, err := AddBaseline([]Baseline{first}, second)
		if err != nil {
			return // it would come into force before the first
		}
		past := Window{To: at}
		before := Analysis{Baselines: []Baseline{first}, Window: past}.Chart(points)
		after := Analysis{Baselines: list, Window: past}.Chart(points)
		if !reflect.DeepEqual(before, after) {
			t.Fatalf("before %+v\nafter %+v", before, after)
		}
		whole := Analysis{Baselines: list}.Chart(points)
		var kept []Signal
		for _, s := range whole.Signals {
			if s.Points[0] < len(before.Points) {
				kept = append(kept, s)
			}
		}
		if !reflect.DeepEqual(kept, before.Signals) {
			t.Fatalf("before %+v\nafter %+v", before.Signals, kept)
		}
	})
}
