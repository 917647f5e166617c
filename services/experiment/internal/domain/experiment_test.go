package domain

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// monday is a morning in UTC, two hours into the day of the test team.
var monday = time.Date(2026, 6, 1, 0, 30, 0, 0, time.UTC)

// planned is a draft whose plan lacks nothing.
func planned() *Experiment {
	return &Experiment{
		Name: "teams/payments/cycles/2026-w23/experiments/review-rota", DisplayName: "Review rota", TimeZone: "Europe/Berlin",
		Obstacle: "teams/payments/obstacles/reviews-wait", SafeToFail: "We can go back any day.", State: Draft,
		Prediction: Prediction{
			Change: "One person reviews all day", Metric: "teams/payments/metrics/review-wait", BaselineValue: new(42.0), ExpectedValue: new(30.0),
			ByDate: "2026-06-12", Reason: "Nobody waits for somebody to look", ConfidencePercent: 70,
		},
	}
}

var wait = Metric{Name: "teams/payments/metrics/review-wait", DisplayName: "Review wait", Unit: "h", Direction: Lower, Kind: Process}

var known = Known{Obstacle: true, Metric: &wait}

// stateAt returns an experiment that has come to the given state.
func stateAt(t *testing.T, state State) *Experiment {
	t.Helper()
	e := planned()
	do := func(_ []Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if state == Draft {
		return e
	}
	do(e.Lock(known, monday))
	do(e.Start("", 3, monday.Add(time.Hour)))
	switch state {
	case Concluded:
		do(e.Conclude(Conclusion{Happened: "It moved.", Learned: "Waiting was the problem."}, readings(4, monday.Add(2*time.Hour), 29), monday.Add(3*time.Hour)))
	case Abandoned:
		do(e.Abandon("The rota person left."))
	}
	return e
}

// readings makes hourly readings with ordinals from first on.
func readings(first int64, from time.Time, values ...float64) []Reading {
	var list []Reading
	for i, v := range values {
		list = append(list, Reading{Measurement{from.Add(time.Duration(i) * time.Hour), v, ""}, first + int64(i)})
	}
	return list
}

func wantReason(t *testing.T, err error, kind fault.Kind, reason string) *fault.Error {
	t.Helper()
	var f *fault.Error
	if !errors.As(err, &f) {
		t.Fatalf("no fault but %v, want %s", err, reason)
	}
	if f.Kind != kind || f.Reason != reason {
		t.Fatalf("fault %v %s, want %v %s", f.Kind, f.Reason, kind, reason)
	}
	return f
}

func TestLockAsksForEverythingAtOnce(t *testing.T) {
	empty := &Experiment{Name: planned().Name, DisplayName: "x", State: Draft}
	_, err := empty.Lock(Known{}, monday)
	wantProblems(t, err, fault.FailedPrecondition, "PLAN_INCOMPLETE",
		"obstacle OBSTACLE_MISSING", "prediction.change CHANGE_MISSING", "prediction.metric METRIC_MISSING",
		"prediction.baseline_value BASELINE_VALUE_MISSING", "prediction.expected_value EXPECTED_VALUE_MISSING",
		"prediction.by_date BY_DATE_MISSING", "prediction.reason REASON_MISSING", "prediction.confidence_percent CONFIDENCE_MISSING")
	for _, v := range fault.From(err).Violations {
		if !strings.Contains(v.Description, "?") {
			t.Errorf("%s is no question: %s", v.Reason, v.Description)
		}
	}
	if empty.Locked() || empty.PlanHash != "" {
		t.Error("a refused lock left traces")
	}
}

func TestLockAsks(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(e *Experiment, k *Known)
		want string // "" means that it locks
	}{
		{"complete", func(*Experiment, *Known) {}, ""},
		{"a baseline of zero is a value", func(e *Experiment, _ *Known) { e.Prediction.BaselineValue = new(0.0) }, ""},
		{"nothing is safe to fail", func(e *Experiment, _ *Known) { e.SafeToFail = "" }, ""},
		{"unknown obstacle", func(_ *Experiment, k *Known) { k.Obstacle = false }, "obstacle OBSTACLE_UNKNOWN"},
		{"unknown metric", func(_ *Experiment, k *Known) { k.Metric = nil }, "prediction.metric METRIC_UNKNOWN"},
		{"nothing changes", func(e *Experiment, _ *Known) { e.Prediction.ExpectedValue = new(42.0) }, "prediction.expected_value EXPECTED_VALUE_UNCHANGED"},
		{"no such day", func(e *Experiment, _ *Known) { e.Prediction.ByDate = "2026-06-31" }, "prediction.by_date BY_DATE_INVALID"},
		{"yesterday", func(e *Experiment, _ *Known) { e.Prediction.ByDate = "2026-05-31" }, "prediction.by_date BY_DATE_PAST"},
		{"today", func(e *Experiment, _ *Known) { e.Prediction.ByDate = "2026-06-01" }, ""},
		{"today is still yesterday further west", func(e *Experiment, _ *Known) {
			e.TimeZone, e.Prediction.ByDate = "America/New_York", "2026-05-31"
		}, ""},
		{"off the ladder", func(e *Experiment, _ *Known) { e.Prediction.ConfidencePercent = 72 }, "prediction.confidence_percent CONFIDENCE_OFF_LADDER"},
		{"too sure", func(e *Experiment, _ *Known) { e.Prediction.ConfidencePercent = 100 }, "prediction.confidence_percent CONFIDENCE_OFF_LADDER"},
		{"the lowest step", func(e *Experiment, _ *Known) { e.Prediction.ConfidencePercent = 5 }, ""},
		{"the highest step", func(e *Experiment, _ *Known) { e.Prediction.ConfidencePercent = 95 }, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			e, k := planned(), known
			c.edit(e, &k)
			events, err := e.Lock(k, monday)
			if c.want != "" {
				wantProblems(t, err, fault.FailedPrecondition, "PLAN_INCOMPLETE", c.want)
				return
			}
			if err != nil || !reflect.DeepEqual(events, []Event{EventLocked}) || !e.LockTime.Equal(monday) || len(e.PlanHash) != 64 || e.State != Draft {
				t.Errorf("err %v, events %v, locked %v, hash %q, state %s", err, events, e.LockTime, e.PlanHash, e.State)
			}
		})
	}
}

func TestCanonicalPlan(t *testing.T) {
	e := planned()
	e.DisplayName, e.SafeToFail = "Ein \"Plan\"\\", "a\tb\nc\u0001\u2028<é>"
	e.Prediction.BaselineValue, e.Prediction.ExpectedValue = new(0.000001), new(-1e21)
	const want = `{"baselineValue":0.000001,"byDate":"2026-06-12","change":"One person reviews all day","confidencePercent":70,` +
		`"displayName":"Ein \"Plan\"\\","expectedValue":-1e+21,"metric":"teams/payments/metrics/review-wait",` +
		`"name":"teams/payments/cycles/2026-w23/experiments/review-rota","obstacle":"teams/payments/obstacles/reviews-wait",` +
		`"reason":"Nobody waits for somebody to look","safeToFail":"a\tb\nc\u0001` + "\u2028<é>" + `"}`
	if got := e.CanonicalPlan(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// Computed by another program: the form must never change under a stored hash.
	if got := planned().planHash(); got != plainHash {
		t.Errorf("hash %s, want %s", got, plainHash)
	}
}

const plainHash = "e6b267193a44417d2a0ada984e3e46a9db3146d9846b792ac1ee1369d61b0ef0"

func TestEveryPartOfThePlanIsHashed(t *testing.T) {
	base := planned().planHash()
	for name, edit := range map[string]func(*Experiment){
		"name":       func(e *Experiment) { e.Name += "2" },
		"title":      func(e *Experiment) { e.DisplayName += "!" },
		"obstacle":   func(e *Experiment) { e.Obstacle += "2" },
		"safe":       func(e *Experiment) { e.SafeToFail = "" },
		"change":     func(e *Experiment) { e.Prediction.Change += "." },
		"metric":     func(e *Experiment) { e.Prediction.Metric += "2" },
		"baseline":   func(e *Experiment) { e.Prediction.BaselineValue = new(42.5) },
		"expected":   func(e *Experiment) { e.Prediction.ExpectedValue = nil },
		"day":        func(e *Experiment) { e.Prediction.ByDate = "2026-06-13" },
		"reason":     func(e *Experiment) { e.Prediction.Reason += "." },
		"confidence": func(e *Experiment) { e.Prediction.ConfidencePercent = 75 },
	} {
		e := planned()
		edit(e)
		if e.planHash() == base {
			t.Errorf("%s is not part of the hash", name)
		}
	}
	e := planned()
	e.Prediction.BaselineValue = new(0.0)
	positive := e.planHash()
	e.Prediction.BaselineValue = new(-1.0)
	*e.Prediction.BaselineValue *= 0
	if e.planHash() != positive {
		t.Error("negative zero hashes differently")
	}
}

func TestTransitions(t *testing.T) {
	locked := func(t *testing.T) *Experiment {
		e := planned()
		if _, err := e.Lock(known, monday); err != nil {
			t.Fatal(err)
		}
		return e
	}
	end := Conclusion{Happened: "It moved.", Learned: "Waiting was the problem."}
	after := readings(4, monday.Add(2*time.Hour), 29)
	calls := map[string]func(e *Experiment) ([]Event, error){
		"update": func(e *Experiment) ([]Event, error) {
			return e.Update(func(e *Experiment) { e.Prediction.Change = "else" })
		},
		"lock":     func(e *Experiment) ([]Event, error) { return e.Lock(known, monday) },
		"amend":    func(e *Experiment) ([]Event, error) { return e.Amend("later", 3, monday) },
		"start":    func(e *Experiment) ([]Event, error) { return e.Start("", 3, monday) },
		"conclude": func(e *Experiment) ([]Event, error) { return e.Conclude(end, after, monday.Add(4*time.Hour)) },
		"abandon":  func(e *Experiment) ([]Event, error) { return e.Abandon("no use") },
		"hold":     func(e *Experiment) ([]Event, error) { return e.ScheduleHoldChecks(monday) },
	}
	states := map[string]func(t *testing.T) *Experiment{
		"draft":     func(t *testing.T) *Experiment { return stateAt(t, Draft) },
		"locked":    locked,
		"running":   func(t *testing.T) *Experiment { return stateAt(t, Running) },
		"concluded": func(t *testing.T) *Experiment { return stateAt(t, Concluded) },
		"abandoned": func(t *testing.T) *Experiment { return stateAt(t, Abandoned) },
		"abandoned draft": func(t *testing.T) *Experiment {
			e := planned()
			if _, err := e.Abandon("no use"); err != nil {
				t.Fatal(err)
			}
			return e
		},
	}
	want := map[string]map[string]string{ // reason, or the event when it is allowed
		"draft": {
			"update": "ExperimentUpdated", "lock": "ExperimentLocked", "amend": "PLAN_NOT_LOCKED", "start": "PLAN_NOT_LOCKED",
			"conclude": "EXPERIMENT_NOT_RUNNING", "abandon": "ExperimentAbandoned", "hold": "EXPERIMENT_NOT_CONCLUDED",
		},
		"locked": {
			"update": "PLAN_LOCKED", "lock": "PLAN_LOCKED", "amend": "ExperimentAmended", "start": "ExperimentStarted",
			"conclude": "EXPERIMENT_NOT_RUNNING", "abandon": "ExperimentAbandoned", "hold": "EXPERIMENT_NOT_CONCLUDED",
		},
		"running": {
			"update": "PLAN_LOCKED", "lock": "EXPERIMENT_RUNNING", "amend": "ExperimentAmended", "start": "EXPERIMENT_RUNNING",
			"conclude": "ExperimentConcluded", "abandon": "ExperimentAbandoned", "hold": "EXPERIMENT_NOT_CONCLUDED",
		},
		"concluded": {
			"update": "PLAN_LOCKED", "lock": "EXPERIMENT_ENDED", "amend": "EXPERIMENT_ENDED", "start": "EXPERIMENT_ENDED",
			"conclude": "EXPERIMENT_ENDED", "abandon": "EXPERIMENT_ENDED", "hold": "HoldChecksScheduled",
		},
		"abandoned": {
			"update": "PLAN_LOCKED", "lock": "EXPERIMENT_ENDED", "amend": "EXPERIMENT_ENDED", "start": "EXPERIMENT_ENDED",
			"conclude": "EXPERIMENT_ENDED", "abandon": "EXPERIMENT_ENDED", "hold": "EXPERIMENT_NOT_CONCLUDED",
		},
		"abandoned draft": {
			"update": "EXPERIMENT_ENDED", "lock": "EXPERIMENT_ENDED", "amend": "EXPERIMENT_ENDED", "start": "EXPERIMENT_ENDED",
			"conclude": "EXPERIMENT_ENDED", "abandon": "EXPERIMENT_ENDED", "hold": "EXPERIMENT_NOT_CONCLUDED",
		},
	}
	for state, reach := range states {
		for call, do := range calls {
			t.Run(state+"/"+call, func(t *testing.T) {
				e := reach(t)
				before := *e
				events, err := do(e)
				expected := want[state][call]
				if expected == strings.ToUpper(expected) {
					f := wantReason(t, err, fault.FailedPrecondition, expected)
					if f.Metadata["experiment"] != e.Name || f.Metadata["state"] != string(e.State) || events != nil {
						t.Errorf("metadata %v, events %v", f.Metadata, events)
					}
					if !reflect.DeepEqual(before, *e) {
						t.Error("a refused call changed the experiment")
					}
					return
				}
				if err != nil || !reflect.DeepEqual(events, []Event{Event(expected)}) {
					t.Errorf("events %v, err %v", events, err)
				}
			})
		}
	}
}

func TestLockedPlanShowsTheWayOut(t *testing.T) {
	_, err := stateAt(t, Running).Update(func(*Experiment) {})
	f := wantReason(t, err, fault.FailedPrecondition, "PLAN_LOCKED")
	if !strings.Contains(f.Message, ":amend") || f.Metadata["remedy"] != "POST /v1/"+planned().Name+":amend" {
		t.Errorf("message %q, remedy %q", f.Message, f.Metadata["remedy"])
	}
}

func TestUpdate(t *testing.T) {
	e := planned()
	if events, err := e.Update(func(e *Experiment) { e.DisplayName = " Review rota " }); err != nil || events != nil {
		t.Errorf("a change of nothing: events %v, err %v", events, err)
	}
	for name, c := range map[string]struct {
		edit func(*Experiment)
		want string
	}{
		"no name":               {func(e *Experiment) { e.DisplayName = "  " }, "experiment.display_name REQUIRED"},
		"another team's metric": {func(e *Experiment) { e.Prediction.Metric = "teams/other/metrics/m" }, "experiment.prediction.metric OTHER_TEAM"},
		"no metric at all":      {func(e *Experiment) { e.Prediction.Metric = "teams/payments/obstacles/m" }, "experiment.prediction.metric REFERENCE_INVALID"},
		"no obstacle at all":    {func(e *Experiment) { e.Obstacle = "reviews" }, "experiment.obstacle REFERENCE_INVALID"},
		"beyond all numbers":    {func(e *Experiment) { e.Prediction.ExpectedValue = new(1e301) }, "experiment.prediction.expected_value VALUE_OUT_OF_RANGE"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := planned().Update(c.edit)
			wantProblems(t, err, fault.InvalidArgument, "EXPERIMENT_INVALID", c.want)
		})
	}
}

func TestSentence(t *testing.T) {
	e := planned()
	const plain = "If One person reviews all day, then review-wait goes to 30 by 2026-06-12, because Nobody waits for somebody to look."
	if got := e.Prediction.Sentence(); got != plain {
		t.Errorf("got %q", got)
	}
	e.Prediction.Change, e.Prediction.Reason = "we pair.", "two see more. "
	e.Measured(&wait)
	if got, want := e.Prediction.Sentence(), "If we pair, then Review wait goes to 30 h by 2026-06-12, because two see more."; got != want {
		t.Errorf("got %q", got)
	}
	e.Measured(nil)
	if e.Prediction.MetricName != "" || e.Prediction.MetricUnit != "" {
		t.Errorf("a metric that is gone is still called %q", e.Prediction.MetricName)
	}
	for name, edit := range map[string]func(*Prediction){
		"change": func(p *Prediction) { p.Change = "" }, "metric": func(p *Prediction) { p.Metric = "" },
		"value": func(p *Prediction) { p.ExpectedValue = nil }, "day": func(p *Prediction) { p.ByDate = "" }, "reason": func(p *Prediction) { p.Reason = "" },
	} {
		p := planned().Prediction
		edit(&p)
		if got := p.Sentence(); got != "" {
			t.Errorf("without %s: %q", name, got)
		}
	}
}

func TestDraft(t *testing.T) {
	e := &Experiment{Name: planned().Name, DisplayName: " Rota ", TimeZone: "UTC"}
	if events, err := e.Draft(); err != nil || !reflect.DeepEqual(events, []Event{EventDrafted}) || e.State != Draft || e.DisplayName != "Rota" {
		t.Errorf("events %v, err %v, %+v", events, err, e)
	}
	e.DisplayName = " "
	_, err := e.Draft()
	wantProblems(t, err, fault.InvalidArgument, "EXPERIMENT_INVALID", "experiment.display_name REQUIRED")
}

func TestAmendmentOrDeviation(t *testing.T) {
	e := planned()
	must := func(_ []Event, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(e.Lock(known, monday))
	must(e.Amend("locked, not started; old readings do not count", 7, monday))
	must(e.Start("", 7, monday))
	must(e.Amend("started, nothing arrived", 7, monday))
	must(e.Amend("two arrived", 9, monday))
	var got []Amendment
	for _, a := range e.Amendments {
		got = append(got, Amendment{Kind: a.Kind, MeasurementsSeen: a.MeasurementsSeen})
	}
	want := []Amendment{{Kind: KindAmendment}, {Kind: KindAmendment}, {Kind: KindDeviation, MeasurementsSeen: 2}}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	_, err := e.Amend("  ", 9, monday)
	wantReason(t, err, fault.InvalidArgument, "TEXT_MISSING")
}

func TestOneRunningExperiment(t *testing.T) {
	e := planned()
	if _, err := e.Lock(known, monday); err != nil {
		t.Fatal(err)
	}
	other := "teams/payments/cycles/2026-w23/experiments/other"
	_, err := e.Start(other, 0, monday)
	f := wantReason(t, err, fault.FailedPrecondition, "EXPERIMENT_ALREADY_RUNNING")
	if f.Metadata["running"] != other || !strings.Contains(f.Message, other) || e.State != Draft {
		t.Errorf("message %q, metadata %v, state %s", f.Message, f.Metadata, e.State)
	}
}

func TestConclude(t *testing.T) {
	full := Conclusion{Happened: "It moved.", Learned: "Waiting was the problem."}
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
			e, say := stateAt(t, Running), full
			c.say(&say)
			_, err := e.Conclude(say, c.readings, monday.Add(9*time.Hour))
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
	end := Conclusion{Happened: "It moved.", Learned: "Waiting was the problem."}
	_, err := e.Conclude(end, readings(1, monday.Add(-9*time.Hour), 1, 2, 3), monday.Add(4*time.Hour))
	f := wantReason(t, err, fault.FailedPrecondition, "NO_MEASUREMENTS")
	if f.Metadata["metric"] != e.Prediction.Metric || e.State != Running {
		t.Errorf("metadata %v, state %s", f.Metadata, e.State)
	}
}

func TestHoldChecks(t *testing.T) {
	e := stateAt(t, Concluded)
	decided := time.Date(2026, 6, 12, 22, 30, 0, 0, time.UTC) // the 13th in Berlin
	if events, err := e.ScheduleHoldChecks(decided); err != nil || !reflect.DeepEqual(events, []Event{EventHoldChecksScheduled}) {
		t.Fatalf("events %v, err %v", events, err)
	}
	want := []HoldCheck{{"2026-06-27", 2}, {"2026-07-25", 6}, {"2026-09-05", 12}}
	if !reflect.DeepEqual(e.HoldChecks, want) {
		t.Errorf("hold checks %v, want %v", e.HoldChecks, want)
	}
	if events, err := e.ScheduleHoldChecks(decided.AddDate(0, 0, 9)); err != nil || events != nil || !reflect.DeepEqual(e.HoldChecks, want) {
		t.Errorf("scheduled twice: events %v, err %v, %v", events, err, e.HoldChecks)
	}
}

func TestNames(t *testing.T) {
	name := planned().Name
	if TeamOf(name) != "payments" || ParentOf(name) != "teams/payments/cycles/2026-w23" || IDOf(name) != "review-rota" {
		t.Errorf("%q %q %q", TeamOf(name), ParentOf(name), IDOf(name))
	}
	for _, bad := range []string{"", "teams", "users/mina", "cycles/x/teams/y"} {
		if TeamOf(bad) != "" {
			t.Errorf("TeamOf(%q) = %q", bad, TeamOf(bad))
		}
	}
}

func TestMetric(t *testing.T) {
	good := Metric{Name: "teams/payments/metrics/m", DisplayName: " Wait ", Unit: " h ", Direction: Lower, Kind: Process}
	if err := good.Check(); err != nil || good.DisplayName != "Wait" || good.Unit != "h" {
		t.Errorf("%v %+v", err, good)
	}
	wantProblems(t, (&Metric{}).Check(), fault.InvalidArgument, "METRIC_INVALID",
		"metric.display_name REQUIRED", "metric.direction REQUIRED", "metric.kind REQUIRED")
	if events := good.Record(0); events != nil {
		t.Errorf("nothing new is no event, got %v", events)
	}
	if events := good.Record(3); !reflect.DeepEqual(events, []MetricEvent{{Recorded: 3}}) {
		t.Errorf("events %v", events)
	}
}
