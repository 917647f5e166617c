package domain

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

var words = Conclusion{Happened: "It moved.", Learned: "Waiting was the problem."}

func TestConclude(t *testing.T) {
	good := readings(4, monday.Add(2*time.Hour), 29, 31, 27) // mean 29, expected 30
	for _, c := range []struct {
		name     string
		say      func(*Conclusion)
		readings []Reading
		verdict  Verdict
		problems []string
	}{
		{"what the numbers suggest", func(*Conclusion) {}, good, AsPredicted, nil},
		{"confirmed, and a reason that nobody needs is dropped", func(c *Conclusion) { c.Verdict, c.OverruleReason = AsPredicted, "because" }, good, AsPredicted, nil},
		{"overruled", func(c *Conclusion) { c.Verdict, c.OverruleReason = NotAsPredicted, "half of us were away" }, good, NotAsPredicted, nil},
		{"overruled without a reason", func(c *Conclusion) { c.Verdict = CannotTell }, good, "", []string{"overrule_reason OVERRULE_REASON_MISSING"}},
		{"nothing learned", func(c *Conclusion) { c.Learned = "   " }, good, "", []string{"learned LEARNED_MISSING"}},
		{"hardly anything learned", func(c *Conclusion) { c.Learned = " it works " }, good, "", []string{"learned LEARNED_MISSING"}},
		{
			"everything at once", func(c *Conclusion) { *c = Conclusion{Verdict: CannotTell, OverruleReason: " "} }, good, "",
			[]string{"happened HAPPENED_MISSING", "learned LEARNED_MISSING", "overrule_reason OVERRULE_REASON_MISSING"},
		},
		{"a surprise", func(*Conclusion) {}, readings(4, monday.Add(2*time.Hour), 40), NotAsPredicted, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, say := stateAt(t, Running), words
			c.say(&say)
			_, err := e.Conclude(say, c.readings, Judging{}, monday.Add(9*time.Hour))
			if c.problems != nil {
				wantProblems(t, err, fault.InvalidArgument, "CONCLUSION_INCOMPLETE", c.problems...)
				if e.State != Running || e.Outcome != nil {
					t.Error("a refused conclusion left traces")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			o := e.Outcome
			if o.Verdict != c.verdict || o.Surprise != (c.verdict == NotAsPredicted) || e.State != Concluded || o.Readings != len(c.readings) {
				t.Errorf("outcome %+v, state %s", o, e.State)
			}
			if (o.OverruleReason != "") != (o.Verdict != o.Suggested) {
				t.Errorf("suggested %s, verdict %s, reason %q", o.Suggested, o.Verdict, o.OverruleReason)
			}
		})
	}
}

func TestConcludeNeedsReadings(t *testing.T) {
	e := stateAt(t, Running) // the metric had 3 readings at the start
	_, err := e.Conclude(words, readings(1, monday.Add(-9*time.Hour), 1, 2, 3), Judging{}, monday.Add(4*time.Hour))
	f := wantReason(t, err, fault.FailedPrecondition, "NO_MEASUREMENTS")
	if f.Metadata["metric"] != e.Prediction.Metric || e.State != Running {
		t.Errorf("metadata %v, state %s", f.Metadata, e.State)
	}
}

// The window chooses among the results; what it leaves out is counted, and the readings before the start stay the baseline.
func TestTheWindowChooses(t *testing.T) {
	first, now, start := monday.Add(2*time.Hour), monday.Add(9*time.Hour), stateAt(t, Running).StartTime
	all := append(readings(1, monday.Add(-9*time.Hour), 41, 42, 43), readings(4, first, 40, 30, 28, 89)...)
	for name, c := range map[string]struct {
		window  Window
		actual  float64
		leftOut int
		from    time.Time
		to      time.Time
		reason  string
	}{
		"everything":                   {Window{}, 46.75, 0, start, now, ""},
		"without the first days":       {Window{From: first.Add(time.Hour)}, 49, 1, first.Add(time.Hour), now, ""},
		"from the second to the third": {Window{From: first.Add(time.Hour), To: first.Add(3 * time.Hour)}, 29, 2, first.Add(time.Hour), first.Add(3 * time.Hour), ""},
		"until the second":             {Window{To: first.Add(time.Hour)}, 40, 3, start, first.Add(time.Hour), ""},
		"from the start":               {Window{From: start}, 46.75, 0, start, now, ""},
		"to a day that has not come":   {Window{To: now.AddDate(1, 0, 0)}, 46.75, 0, start, now, ""},
		"from before the start":        {Window{From: start.Add(-time.Microsecond)}, 0, 0, time.Time{}, time.Time{}, "WINDOW_BEFORE_START"},
		"between two readings":         {Window{From: first.Add(time.Minute), To: first.Add(time.Hour)}, 0, 0, time.Time{}, time.Time{}, "WINDOW_EMPTY"},
		"from its end to its start":    {Window{From: first.Add(time.Hour), To: first}, 0, 0, time.Time{}, time.Time{}, "WINDOW_INVALID"},
	} {
		t.Run(name, func(t *testing.T) {
			e, say := stateAt(t, Running), words
			say.Window = c.window
			_, err := e.Conclude(say, all, Judging{}, now)
			switch {
			case c.reason == "WINDOW_INVALID" || c.reason == "WINDOW_BEFORE_START":
				wantReason(t, err, fault.InvalidArgument, c.reason)
			case c.reason != "":
				wantReason(t, err, fault.FailedPrecondition, c.reason)
			case err != nil:
				t.Fatal(err)
			default:
				o := e.Outcome
				if o.Actual != c.actual || o.LeftOut != c.leftOut || !o.Window.From.Equal(c.from) || !o.Window.To.Equal(c.to) {
					t.Errorf("outcome %+v", o)
				}
			}
		})
	}
}

// What was taken before the start and entered after it is a result only where there is no other, and the outcome tells of it. Beside a
// baseline that was there at the start it moves nothing; without one it makes the limits.
func TestReadingsThatAreEnteredLate(t *testing.T) {
	now := monday.Add(9 * time.Hour)
	const arrived = 3
	conclude := func(how Judging, all ...[]Reading) *Outcome {
		t.Helper()
		e := stateAt(t, Running)
		e.StartOrdinal = arrived
		if _, err := e.Conclude(words, slices.Concat(all...), how, now); err != nil {
			t.Fatal(err)
		}
		return e.Outcome
	}
	known := readings(1, monday.Add(-20*time.Hour), 41, 42, 43)
	late := readings(4, monday.Add(-9*time.Hour), 39, 44)
	results := readings(6, monday.Add(2*time.Hour), 40, 30)
	if o := conclude(Judging{}, known, late); o.Readings != 2 || o.Actual != 41.5 || !o.Window.From.IsZero() || !o.Window.To.Equal(now) ||
		len(o.Warnings) != 1 || !strings.Contains(o.Warnings[0], "No reading was taken since the start. After the start 2 readings arrived that had been taken before it.") {
		t.Errorf("nothing else: %+v", o)
	}
	if o := conclude(Judging{}, known, results); o.Limits != nil || o.Warnings != nil {
		t.Errorf("nothing late: %+v", o)
	}
	if o := conclude(Judging{}, known, late, results); o.Readings != 2 || o.Actual != 35 || o.Limits == nil || o.Limits.Count != 5 ||
		len(o.Warnings) != 1 || !strings.Contains(o.Warnings[0], "After the start 2 readings arrived") || !strings.Contains(o.Warnings[0], "The limits rest on them, too") {
		t.Errorf("a late baseline: %+v", o)
	}
	frozen := LimitsOf(daily(41, 42, 43, 44), Method{})
	if o := conclude(Judging{Limits: frozen}, known, late, results); len(o.Warnings) != 1 || !strings.Contains(o.Warnings[0], "the limits do not rest on them") {
		t.Errorf("beside a frozen baseline: %+v", o)
	}
	enough := readings(0, monday.Add(-20*time.Hour), 41, 42, 43, 45)
	without, with := conclude(Judging{}, enough, results), conclude(Judging{}, enough, readings(4, monday.AddDate(0, 0, -30), 900, 1, 900, 1), results)
	if len(with.Warnings) != 1 || !strings.Contains(with.Warnings[0], "the limits do not rest on them") {
		t.Errorf("warnings %q", with.Warnings)
	}
	if with.Warnings = nil; !reflect.DeepEqual(with, without) {
		t.Errorf("a late history made %+v of %+v", with, without)
	}
}

// The day of the plan, 12 June in Berlin, ends at 22:00 UTC.
func TestTheDayDecides(t *testing.T) {
	deadline := time.Date(2026, 6, 12, 22, 0, 0, 0, time.UTC)
	baseline := readings(1, monday.AddDate(0, 0, -12), 42, 38, 45, 40, 39, 47, 41, 44, 36, 43, 40, 46)
	at := func(from time.Time, values ...float64) []Reading { return readings(20, from, values...) }
	for name, c := range map[string]struct {
		results []Reading
		want    Verdict
		actual  float64
		late    Verdict // "" when nothing is late
	}{
		"reached in time":                               {at(deadline.Add(-2*time.Hour), 24, 25), AsPredicted, 24.5, ""},
		"reached in the last moment of the day":         {at(deadline.Add(-time.Microsecond), 24), AsPredicted, 24, ""},
		"reached when the day is over":                  {at(deadline, 24), CannotTell, 24, AsPredicted},
		"reached, and lost again":                       {at(deadline.Add(-2*time.Hour), 24, 25, 44, 45), AsPredicted, 24.5, CannotTell},
		"reached too late":                              {at(deadline.Add(-2*time.Hour), 41, 43, 24, 25), NotAsPredicted, 42, AsPredicted},
		"never reached":                                 {at(deadline.Add(-2*time.Hour), 41, 43, 40, 41), CannotTell, 42, CannotTell},
		"no reading in time, and it went the other way": {at(deadline.Add(time.Hour), 60, 61), NotAsPredicted, 60.5, NotAsPredicted},
	} {
		t.Run(name, func(t *testing.T) {
			e := stateAt(t, Running)
			e.StartOrdinal = 12
			if _, err := e.Conclude(words, slices.Concat(baseline, c.results), Judging{}, deadline.AddDate(0, 0, 3)); err != nil {
				t.Fatal(err)
			}
			o := e.Outcome
			if o.Suggested != c.want || o.Actual != c.actual || (o.Late != nil) != (c.late != "") || o.Late != nil && o.Late.Verdict != c.late {
				t.Errorf("suggested %s at %v, late %+v; want %s at %v, late %q", o.Suggested, o.Actual, o.Late, c.want, c.actual, c.late)
			}
		})
	}
}

func TestSurprise(t *testing.T) {
	for _, c := range []struct {
		verdict    Verdict
		confidence int
		want       bool
	}{
		{NotAsPredicted, 5, true},
		{NotAsPredicted, 95, true},
		{AsPredicted, 30, true},
		{AsPredicted, 35, false},
		{AsPredicted, 5, true},
		{CannotTell, 5, false},
		{CannotTell, 95, false},
		{AsPredicted, 0, false},
	} {
		if got := surprising(c.verdict, c.confidence); got != c.want {
			t.Errorf("%s at %d %%: %v", c.verdict, c.confidence, got)
		}
	}
}

// The verdict is about the locked prediction, and the outcome says how often the plan was changed.
func TestTheLockedPredictionIsJudged(t *testing.T) {
	e := stateAt(t, Running)
	for _, arrived := range []int64{3, 6} {
		value := number(40 + float64(arrived))
		if _, err := e.Amend("It moves less than we thought.", []PlanChange{{Field: FieldExpectedValue, After: value}}, arrived, monday); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := e.Conclude(words, readings(4, monday.Add(2*time.Hour), 40), Judging{}, monday.Add(9*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if o := e.Outcome; o.Suggested != NotAsPredicted || o.AmendmentCount != 1 || o.DeviationCount != 1 {
		t.Errorf("outcome %+v", o)
	}
}

// The frozen baseline that was in force at the start judges; without one, the metric's own method makes the limits.
func TestJudging(t *testing.T) {
	e := stateAt(t, Running)
	m := Metric{FloorAtZero: true, LimitForm: FormMedian}
	e.Method = nil // as in a plan that was locked before methods were kept
	frozen := []FrozenBaseline{
		{Baseline: Baseline{From: monday.AddDate(0, 0, -9), Limits: Limits{Centre: 1}}},
		{Baseline: Baseline{From: e.StartTime.Add(time.Hour), Limits: Limits{Centre: 2}}},
	}
	if how := e.Judging(&m, frozen, monday.AddDate(0, 0, 9)); how.Limits == nil || how.Limits.Centre != 1 || !how.Method.Floor || how.Method.Form != FormMedian {
		t.Errorf("judged by %+v", how)
	}
	if how := planned().Judging(&m, frozen, monday.AddDate(0, 0, 9)); how.Limits == nil || how.Limits.Centre != 2 {
		t.Errorf("a draft is judged by %+v", how)
	}
	if how := e.Judging(&m, nil, monday); how.Limits != nil {
		t.Errorf("judged by %+v", how)
	}
	if how := e.Judging(nil, nil, monday); how.Limits != nil || how.Method.Form != "" {
		t.Errorf("judged by %+v", how)
	}
}

// A baseline that was decided after the start, when results may have been seen, decides no verdict, from whenever it is in force.
func TestJudgingByWhatWasDecidedAtTheStart(t *testing.T) {
	e := stateAt(t, Running)
	baseline := func(from, decided time.Time, centre float64) FrozenBaseline {
		return FrozenBaseline{Baseline: Baseline{From: from, Limits: Limits{Centre: centre}}, DecideTime: decided}
	}
	first := baseline(monday.AddDate(0, 0, -9), monday.AddDate(0, 0, -1), 1)
	for name, c := range map[string]struct {
		frozen []FrozenBaseline
		want   float64 // 0 means none
	}{
		"decided before":         {[]FrozenBaseline{first}, 1},
		"decided at the start":   {[]FrozenBaseline{baseline(monday, e.StartTime, 2)}, 2},
		"decided after it":       {[]FrozenBaseline{baseline(monday, e.StartTime.Add(time.Microsecond), 2)}, 0},
		"one before, one after":  {[]FrozenBaseline{first, baseline(monday, e.StartTime.Add(time.Hour), 2)}, 1},
		"decided, not in force":  {[]FrozenBaseline{first, baseline(e.StartTime.Add(time.Hour), monday, 2)}, 1},
		"in force at the moment": {[]FrozenBaseline{first, baseline(e.StartTime, monday, 2)}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			how := e.Judging(&wait, c.frozen, monday.AddDate(0, 0, 9))
			if (how.Limits != nil) != (c.want != 0) || how.Limits != nil && how.Limits.Centre != c.want {
				t.Errorf("judged by %+v, want %v", how.Limits, c.want)
			}
		})
	}
	late := []FrozenBaseline{baseline(monday, monday.AddDate(0, 0, 3), 2)}
	if how := planned().Judging(&wait, late, monday.AddDate(0, 0, 9)); how.Limits == nil || how.Limits.Centre != 2 {
		t.Errorf("a draft is judged by %+v", how)
	}
}

// What is changed in the metric after the lock does not reach the verdict; before it, it does.
func TestJudgingByTheMethodOfTheLock(t *testing.T) {
	m := wait
	m.Rules, m.LimitForm, m.FloorAtZero = RuleSet{R1}, FormMedian, true
	e, k := planned(), known
	k.Metric = &m
	if how := e.Judging(&m, nil, monday); !reflect.DeepEqual(how.Method, m.Method()) {
		t.Errorf("a draft is judged by %+v", how)
	}
	if _, err := e.Lock(k, monday); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(e)
	var kept Experiment
	if err := errors.Join(err, json.Unmarshal(text, &kept)); err != nil {
		t.Fatal(err)
	}
	if kept.PlanHash != planned().planHash() {
		t.Error("the method is in the hash of the plan")
	}
	changed := wait
	changed.Rules = RuleSet{R2}
	if how := kept.Judging(&changed, nil, monday); !reflect.DeepEqual(how.Method, m.Method()) {
		t.Errorf("judged by %+v, locked with %+v", how.Method, m.Method())
	}
	// A metric that said nothing of its method keeps that too.
	plain := stateAt(t, Running)
	if how := plain.Judging(&changed, nil, monday); how.Method.Rules != nil {
		t.Errorf("judged by %+v", how.Method)
	}
	plain.Method = nil
	if how := plain.Judging(&changed, nil, monday); !reflect.DeepEqual(how.Method, changed.Method()) {
		t.Errorf("an older plan is judged by %+v", how.Method)
	}
}

// What is dated after the conclusion decides nothing, and is not counted as left out.
func TestTheFutureDecidesNothing(t *testing.T) {
	e, now := stateAt(t, Running), monday.Add(4*time.Hour)
	if _, err := e.Conclude(words, readings(4, monday.Add(5*time.Hour), 29, 29), Judging{}, now); err == nil {
		t.Fatal("concluded by readings that nobody can have taken")
	} else {
		wantReason(t, err, fault.FailedPrecondition, "NO_MEASUREMENTS")
	}
	all := readings(4, monday.Add(2*time.Hour), 40, 41, 42, 1, 1) // the third is taken now
	if _, err := e.Conclude(words, all, Judging{}, now); err != nil {
		t.Fatal(err)
	}
	if o := e.Outcome; o.Readings != 3 || o.Actual != 41 || o.LeftOut != 0 || !o.LastReading.Equal(now) {
		t.Errorf("outcome %+v", o)
	}
}

// The clock of who measures may go up to five minutes before ours, everywhere alike.
func TestClocksMayDiffer(t *testing.T) {
	now := monday.Add(4 * time.Hour)
	for ahead, taken := range map[time.Duration]bool{0: true, 5 * time.Minute: true, 5*time.Minute + time.Microsecond: false} {
		e := stateAt(t, Running)
		_, err := e.Conclude(words, readings(4, now.Add(ahead), 40), Judging{}, now)
		if (err == nil) != taken {
			t.Errorf("concluded by a reading %v ahead: %v", ahead, err)
		}
		adopted, _ := adoptedOn(t)
		due := at(6, 26)
		if held := adopted.heldReadings(0, readings(4, due.Add(ahead), 25), due); (len(held) == 1) != taken {
			t.Errorf("a hold check is judged by %d readings %v ahead", len(held), ahead)
		}
		points := daily(golden...)
		points[11].Time = now.AddDate(0, 0, 40).Add(ahead)
		frozen, err := BaselineProposal{Name: "n", Reason: "why"}.Freeze(&Metric{}, nil, points, now.AddDate(0, 0, 40))
		if err != nil || (frozen.Limits.Count == 12) != taken {
			t.Errorf("a baseline of %+v with a reading %v ahead: %v", frozen, ahead, err)
		}
	}
}

// Of a long history the newest readings make the limits, whether all of it is given or only those.
func TestABaselineIsBounded(t *testing.T) {
	long := make([]Measurement, MaxBaseline+50)
	for i := range long {
		long[i] = Measurement{Time: monday.Add(time.Duration(i-len(long)) * time.Minute), Value: float64(i % 7)}
	}
	e := Expectation{Baseline: 3, Low: 9, High: 9}
	all, newest := JudgeWith(e, long, daily(9), Judging{}), JudgeWith(e, long[50:], daily(9), Judging{})
	if all.Limits.Count != MaxBaseline || !reflect.DeepEqual(all, newest) {
		t.Errorf("judged by %+v, want %+v", all.Limits, newest.Limits)
	}
}

// In whatever order measurements arrive, before the start and after it: chart and judgement are the same.
func TestTheOrderOfArrivalNeverMatters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.Float64Range(20, 60)
		before := rapid.SliceOfN(value, 0, 20).Draw(t, "before")
		results := rapid.SliceOfN(value, 1, 20).Draw(t, "results")
		old := taken(t, before, monday.AddDate(0, 0, -20), 0)
		late := taken(t, results, monday.Add(2*time.Hour), int64(len(old)))
		again := slices.Concat(arriveAnew(t, old, 0), arriveAnew(t, late, int64(len(old))))

		var judged []Outcome
		var charts []Chart
		for _, all := range [][]Reading{slices.Concat(old, late), again} {
			e := startedAfter(t, int64(len(old)))
			if _, err := e.Conclude(words, all, Judging{}, monday.AddDate(0, 0, 20)); err != nil {
				t.Fatal(err)
			}
			judged = append(judged, *e.Outcome)
			var points []Measurement
			for _, r := range all {
				points = append(points, r.Measurement)
			}
			charts = append(charts, Analyze(points, 0))
		}
		if !sameJSON(t, judged[0], judged[1]) {
			t.Fatalf("judged %+v, then %+v", judged[0], judged[1])
		}
		if !sameJSON(t, charts[0], charts[1]) {
			t.Fatalf("charts differ: %+v, then %+v", charts[0], charts[1])
		}
	})
}

// startedAfter is a running experiment whose metric had so many readings at the start.
func startedAfter(t *rapid.T, arrived int64) *Experiment {
	e, start := planned(), inDo
	start.Arrived = arrived
	if _, err := e.Lock(known, monday); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Start(start, monday.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	return e
}

// taken are readings some hours apart, some at the same instant under another key, with ordinals in the order of time.
func taken(t *rapid.T, values []float64, from time.Time, arrived int64) []Reading {
	var list []Reading
	for i, v := range values {
		from = from.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "hours")) * time.Hour)
		list = append(list, Reading{Measurement{from, v, string(rune('a' + i))}, arrived + int64(i) + 1})
	}
	return list
}

// arriveAnew gives the readings another order of arrival.
func arriveAnew(t *rapid.T, list []Reading, arrived int64) []Reading {
	shuffled := rapid.Permutation(list).Draw(t, "arrival")
	for i := range shuffled {
		shuffled[i].Ordinal = arrived + int64(i) + 1
	}
	return shuffled
}

func sameJSON(t *rapid.T, a, b any) bool {
	first, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Equal(first, second)
}
