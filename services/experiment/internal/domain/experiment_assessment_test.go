package domain

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// goldenReadings are twelve daily readings before the Monday of the tests: mean 41.75, mean moving range 58/11.
func goldenReadings() []Reading {
	var list []Reading
	for i, v := range golden {
		list = append(list, Reading{Measurement{monday.AddDate(0, 0, i-12), v, ""}, int64(i) + 1})
	}
	return list
}

func assess(t *testing.T, e *Experiment, q PlanQuestion, m *Metric, all []Reading) PlanAssessment {
	t.Helper()
	a, err := e.Assess(q, m, all, e.Judging(m, nil, monday), monday)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// 1 June 2026 is a Monday; the plan is for Friday of the week after it.
func TestReadingsThatAPlanTakes(t *testing.T) {
	for rhythm, want := range map[string]struct {
		n     int
		basis string
	}{
		"HOURLY":        {288, "one an hour from 2026-06-01 to 2026-06-12"},
		"DAILY":         {12, "one a day from 2026-06-01 to 2026-06-12"},
		"WORKING_DAILY": {10, "one from Monday to Friday from 2026-06-01 to 2026-06-12"},
		"WEEKLY":        {1, "one a week from 2026-06-01 to 2026-06-12"},
		"EVERY_CYCLE":   {1, "one a cycle"},
		"EVERY_EVENT":   {12, "at the pace so far, 12 readings in 11 days, from 2026-06-01 to 2026-06-12"},
		"":              {12, "at the pace so far, 12 readings in 11 days, from 2026-06-01 to 2026-06-12"},
	} {
		m := wait
		m.ReadingRhythm = rhythm
		if a := assess(t, planned(), PlanQuestion{}, &m, goldenReadings()); a.Planned != want.n || a.Basis != want.basis {
			t.Errorf("%q: %d, %s; want %d, %s", rhythm, a.Planned, a.Basis, want.n, want.basis)
		}
	}
	if a := assess(t, planned(), PlanQuestion{Planned: 7}, &wait, goldenReadings()); a.Planned != 7 {
		t.Errorf("asked for 7, got %d", a.Planned)
	}
}

func TestAssessTheGoldenPlan(t *testing.T) {
	m := wait
	m.ReadingRhythm = "WORKING_DAILY"
	e := planned()
	e.Prediction.ExpectedValue = new(38.0)
	a := assess(t, e, PlanQuestion{}, &m, goldenReadings())
	sigma := 58.0 / 11 / 1.128
	if !a.Possible || a.Baseline != 12 || a.Planned != 10 || a.Level != UsualPower || a.Sigma == nil || *a.Sigma != sigma || a.Seed != 12<<40|10<<8|0b1111 {
		t.Errorf("assessment %+v", a)
	}
	if a.Change == nil || *a.Change != 4 || a.Predicted == nil || *a.Predicted.Shift != 4/sigma || a.Predicted.Power < 0.4 || a.Predicted.Power > 0.65 {
		t.Errorf("predicted %+v, change %v", a.Predicted, a.Change)
	}
	if a.SmallestShift == nil || a.SmallestChange == nil || *a.SmallestChange != *a.SmallestShift*sigma || *a.SmallestShift < 1.1 || *a.SmallestShift > 1.7 {
		t.Errorf("smallest %v", a.SmallestShift)
	}
	// The published figures for ten and twenty baseline readings are 21.9 and 13.9 %.
	if a.FalseAlarm < 0.16 || a.FalseAlarm > 0.23 {
		t.Errorf("false alarms %v", a.FalseAlarm)
	}
	want := []string{"10 readings show a change of this size (4 h, 0.9 sigma) in ", " readings would show it in 80 of 100 cases, and a signal without any change in ", " of 100 such plans show a signal all the same."}
	for i, text := range want {
		if len(a.Warnings) != len(want) || !strings.Contains(a.Warnings[i], text) {
			t.Fatalf("warnings %q, want %q", a.Warnings, want)
		}
	}
	if again := assess(t, e, PlanQuestion{}, &m, goldenReadings()); !slices.Equal(again.Warnings, a.Warnings) || again.Predicted.Power != a.Predicted.Power {
		t.Error("the same question got another answer")
	}
}

func TestAssessmentWarns(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(e *Experiment)
		all  []Reading
		want string // part of a warning; "" means that there is none but on false alarms
	}{
		"a large change":        {func(*Experiment) {}, goldenReadings(), ""},
		"too few for limits":    {func(*Experiment) {}, goldenReadings()[:3], "The metric has 3 readings so far. Below 4 there are no limits"},
		"none at all":           {func(*Experiment) {}, nil, "Take 4 more before the start."},
		"a few":                 {func(*Experiment) {}, goldenReadings()[:5], "The limits rest on 5 readings."},
		"a change that is tiny": {func(e *Experiment) { e.Prediction.ExpectedValue = new(41.9) }, goldenReadings(), "More readings do not help"},
		"a baseline value from elsewhere": {func(e *Experiment) {
			e.Prediction.BaselineValue = new(60.0)
		}, goldenReadings(), "The plan starts from 60, but the readings so far average 41.8."},
		"no change is predicted": {func(e *Experiment) {
			e.Prediction.ExpectedValue, e.Prediction.ExpectedUpperValue = new(40.0), new(44.0)
		}, goldenReadings(), "The range holds the baseline value"},
		"nothing is predicted yet":                               {func(e *Experiment) { e.Prediction.ExpectedValue = nil }, goldenReadings(), ""},
		"what was measured on the days after now does not count": {func(*Experiment) {}, append(goldenReadings()[:2], afterwards(goldenReadings())...), "The metric has 2 readings so far."},
	} {
		t.Run(name, func(t *testing.T) {
			e := planned()
			c.edit(e)
			a := assess(t, e, PlanQuestion{Planned: 10}, &wait, c.all)
			rest := slices.DeleteFunc(a.Warnings, func(w string) bool { return strings.HasPrefix(w, "Without any change") })
			if c.want == "" && len(rest) > 0 || c.want != "" && !slices.ContainsFunc(rest, func(w string) bool { return strings.Contains(w, c.want) }) {
				t.Errorf("warnings %q, want %q", rest, c.want)
			}
		})
	}
}

func afterwards(list []Reading) []Reading {
	for i := range list {
		list[i].Time = list[i].Time.AddDate(0, 1, 0)
	}
	return list
}

// A flat baseline shows any change.
func TestAssessAFlatBaseline(t *testing.T) {
	a := assess(t, planned(), PlanQuestion{Planned: 1}, &wait, readings(1, monday.Add(-9*time.Hour), 42, 42, 42, 42, 42))
	if a.Predicted == nil || a.Predicted.Shift != nil || a.Predicted.Power != 1 {
		t.Errorf("predicted %+v", a.Predicted)
	}
}

// The answer about a plan that has started stays what it was: the readings since the start do not change it.
func TestAssessAfterTheStart(t *testing.T) {
	m := wait
	m.ReadingRhythm = "DAILY"
	e := stateAt(t, Running)
	e.StartOrdinal = 12
	now := monday.AddDate(0, 0, 9)
	all := append(goldenReadings(), readings(13, monday.AddDate(0, 0, 1), 1, 2, 3)...)
	a, err := e.Assess(PlanQuestion{}, &m, all, e.Judging(&m, nil, now), now)
	if err != nil || a.Baseline != 12 || a.Planned != 12 {
		t.Errorf("err %v, %d baseline readings, %d planned", err, a.Baseline, a.Planned)
	}
}

// A frozen baseline that is in force takes the place of the readings.
func TestAssessWithAFrozenBaseline(t *testing.T) {
	e := planned()
	limits := LimitsOf([]Measurement{{monday, 1, ""}, {monday, 3, ""}, {monday, 1, ""}, {monday, 3, ""}, {monday, 1, ""}, {monday, 3, ""}}, Method{})
	how := e.Judging(&wait, []FrozenBaseline{{Baseline: Baseline{From: monday.AddDate(0, 0, -3), Limits: *limits}}}, monday)
	a, err := e.Assess(PlanQuestion{Planned: 10}, &wait, goldenReadings(), how, monday)
	if err != nil || a.Baseline != 6 || a.Sigma == nil || *a.Sigma != limits.Sigma() {
		t.Errorf("err %v, assessment %+v", err, a)
	}
}

func TestAssessAsksForWhatItNeeds(t *testing.T) {
	for name, c := range map[string]struct {
		edit     func(e *Experiment)
		metric   *Metric
		question PlanQuestion
		want     string
	}{
		"a metric":                 {func(e *Experiment) { e.Prediction.Metric = "" }, nil, PlanQuestion{}, "prediction.metric METRIC_MISSING"},
		"a metric that is there":   {func(*Experiment) {}, nil, PlanQuestion{}, "prediction.metric METRIC_UNKNOWN"},
		"a day":                    {func(e *Experiment) { e.Prediction.ByDate = "" }, &wait, PlanQuestion{}, "prediction.by_date BY_DATE_MISSING"},
		"a day that is to come":    {func(e *Experiment) { e.Prediction.ByDate = "2026-05-31" }, &wait, PlanQuestion{}, "prediction.by_date BY_DATE_PAST"},
		"a pace":                   {func(*Experiment) {}, &wait, PlanQuestion{}, "planned_readings PLANNED_READINGS_MISSING"},
		"a level that makes sense": {func(*Experiment) {}, &wait, PlanQuestion{Planned: 10, Level: 0.3}, "level LEVEL_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			e := planned()
			c.edit(e)
			_, err := e.Assess(c.question, c.metric, goldenReadings()[:1], Judging{}, monday)
			wantProblems(t, err, fault.InvalidArgument, "ASSESSMENT_INVALID", c.want)
		})
	}
}

func TestRounded(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 41.75: "41.8", 0.12345: "0.123", -12345: "-12300", 1: "1", 1e-9: "1e-09", 1e300: "1e+300"} {
		if got := rounded(v); got != want {
			t.Errorf("rounded(%v) = %s, want %s", v, got, want)
		}
	}
}
