package domain

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

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

// Wheeler, Making Sense of Data, tables 8.1, 9.1 and 9.2, as quoted in the tests of github.com/mattmccormick/statprocon.
func TestPublishedSignals(t *testing.T) {
	receivable := []float64{
		55.6, 54.7, 54.9, 54.8, 56.9, 55.7, 53.8, 54.8, 53.4, 57.0, 59.4, 63.2, 60.9, 60.7, 58.6, 57.3, 56.9, 58.1, 58.3, 50.9, 53.3, 52.5, 50.8, 52.9,
	}
	for _, c := range []struct {
		name   string
		values []float64
		limits Limits
		rule   Rule
		want   []Signal
	}{
		{"accident rates above", []float64{43, 40, 37, 33, 30, 33, 34, 35, 29, 33, 31, 39}, Limits{Upper: 39.3, Lower: 18}, R1, []Signal{{R1, []int{0}}, {R1, []int{1}}}},
		{
			"accident rates below",
			[]float64{35, 37, 33, 32, 27, 29, 31, 22, 25, 30, 24, 19},
			Limits{Upper: 43.9, Lower: 25.6},
			R1,
			[]Signal{{R1, []int{7}}, {R1, []int{8}}, {R1, []int{10}}, {R1, []int{11}}},
		},
		{"the jump of receivables", receivable, *LimitsOf(daily(receivable...), Method{}), R1Range, []Signal{{R1Range, []int{18, 19}}}},
		{
			"daily smokers",
			[]float64{21.3, 20.2, 20.9, 21.0, 18.8, 19.6, 18.7, 18.6, 18.1, 18.9, 19.2, 18.2, 17.3, 19.0},
			*LimitsOf(daily(21.3, 20.2, 20.9, 21.0, 18.8, 19.6, 18.7, 18.6, 18.1, 18.9, 19.2, 18.2, 17.3, 19.0), Method{}), R2,
			[]Signal{{R2, []int{6, 7, 8, 9, 10, 11, 12, 13}}},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.limits.Rules = RuleSet{c.rule}
			if got := detect(chartPoints(daily(c.values...)), c.limits); !reflect.DeepEqual(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
		})
	}
}

func TestRuleSet(t *testing.T) {
	limits := Limits{Centre: 10, Upper: 16, Lower: 4, UpperRange: 8}
	values := []float64{9, 17, 14, 14, 14, 11, 11, 11, 11, 1}
	all := detect(chartPoints(daily(values...)), limits)
	for _, r := range AllRules() {
		limits.Rules = RuleSet{r}
		got := detect(chartPoints(daily(values...)), limits)
		want := slices.DeleteFunc(slices.Clone(all), func(s Signal) bool { return s.Rule != r })
		if !reflect.DeepEqual(got, want) || len(got) == 0 {
			t.Errorf("%s alone: %v, want %v", r, got, want)
		}
	}
	if got := (RuleSet{R3, R1, R3}).orAll(); !reflect.DeepEqual(got, RuleSet{R1, R3}) {
		t.Errorf("the one order: %v", got)
	}
	if got := AllRules().of(ShiftRules()); !reflect.DeepEqual(got, RuleSet{R1, R2, R3}) {
		t.Errorf("rules for shifts: %v", got)
	}
	if got := (RuleSet{R1Range}).of(ShiftRules()); !reflect.DeepEqual(got, ShiftRules()) {
		t.Errorf("a set without a rule for shifts: %v", got)
	}
	if got := RuleSet(nil).orAll(); !reflect.DeepEqual(got, AllRules()) {
		t.Errorf("nothing said: %v", got)
	}
}

// slowly applies the rules as they are worded, window by window, and marks the points.
func slowly(values []float64, l Limits) map[Rule][]bool {
	n := len(values)
	marks := map[Rule][]bool{R1: make([]bool, n), R1Range: make([]bool, n), R2: make([]bool, n), R3: make([]bool, n)}
	for i, v := range values {
		marks[R1][i] = v > l.Upper || v < l.Lower
		if i > 0 && max(v-values[i-1], values[i-1]-v) > l.UpperRange {
			marks[R1Range][i-1], marks[R1Range][i] = true, true
		}
	}
	for _, side := range []float64{1, -1} {
		above := func(v, line float64) bool { return side*v > side*line }
		for from := 0; from+8 <= n; from++ {
			if !slices.ContainsFunc(values[from:from+8], func(v float64) bool { return !above(v, l.Centre) }) {
				for i := from; i < from+8; i++ {
					marks[R2][i] = true
				}
			}
		}
		line := l.Centre + side*(l.Upper-l.Centre)/2
		for from := 0; from < n; from++ {
			for to := from + 3; to <= min(from+4, n); to++ {
				var near []int
				for i := from; i < to; i++ {
					if above(values[i], line) {
						near = append(near, i)
					}
				}
				if len(near) >= 3 {
					for _, i := range near {
						marks[R3][i] = true
					}
				}
			}
		}
	}
	return marks
}

// compareWithSlow checks that the fast rules mark exactly the points that the slow ones do.
func compareWithSlow(t interface{ Fatalf(string, ...any) }, values []float64, l Limits) {
	want := slowly(values, l)
	got := map[Rule][]bool{}
	for _, r := range AllRules() {
		got[r] = make([]bool, len(values))
	}
	for _, s := range detect(chartPoints(daily(values...)), l) {
		if !slices.IsSorted(s.Points) {
			t.Fatalf("signal %v", s)
		}
		for _, i := range s.Points {
			if s.Rule != R1Range && got[s.Rule][i] {
				t.Fatalf("point %d is in two signals of %s", i, s.Rule)
			}
			got[s.Rule][i] = true
		}
	}
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("values %v, limits %+v:\ngot  %v\nwant %v", values, l, got, want)
	}
}

func TestRulesAgreeWithTheSlowOnes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		// Whole numbers hit the lines again and again.
		values := rapid.SliceOfN(rapid.Map(rapid.IntRange(-9, 9), func(i int) float64 { return float64(i) }), 0, 40).Draw(t, "values")
		half := float64(rapid.IntRange(0, 4).Draw(t, "half"))
		centre := float64(rapid.IntRange(-2, 2).Draw(t, "centre"))
		compareWithSlow(t, values, Limits{Centre: centre, Upper: centre + 2*half, Lower: centre - 2*half, UpperRange: 2 * half})
	})
}

func FuzzRules(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 250, 251})
	f.Add([]byte{0, 0, 0, 200, 200, 200, 200, 200, 200, 200, 200, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 200 {
			return
		}
		values := make([]float64, len(data))
		for i, b := range data {
			values[i] = float64(int8(b) % 16)
		}
		compareWithSlow(t, values, Limits{Centre: 1, Upper: 13, Lower: -11, UpperRange: 14})
		if l := LimitsOf(daily(values...), Method{}); l != nil {
			compareWithSlow(t, values, *l)
		}
	})
}
