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
			Falsification: "Reviews still wait 40 h in the second week",
		},
	}
}

var wait = Metric{Name: "teams/payments/metrics/review-wait", DisplayName: "Review wait", Unit: "h", Direction: Lower, Kind: Process}

var known = Known{ObstacleExists: true, CurrentObstacle: "teams/payments/obstacles/reviews-wait", Metric: &wait}

// inDo is a start that nothing stands in the way of.
var inDo = Starting{Phase: PhaseDo, Arrived: 3}

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
	do(e.Start(inDo, monday.Add(time.Hour)))
	switch state {
	case Concluded:
		do(e.Conclude(Conclusion{Happened: "It moved.", Learned: "Waiting was the problem."}, readings(4, monday.Add(2*time.Hour), 29), Judging{}, monday.Add(3*time.Hour)))
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
		"prediction.by_date BY_DATE_MISSING", "prediction.reason REASON_MISSING", "prediction.falsification FALSIFICATION_MISSING",
		"prediction.confidence_percent CONFIDENCE_MISSING", "safe_to_fail SAFE_TO_FAIL_MISSING")
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
		{"nothing is safe to fail", func(e *Experiment, _ *Known) { e.SafeToFail = "" }, "safe_to_fail SAFE_TO_FAIL_MISSING"},
		{"nothing could prove it wrong", func(e *Experiment, _ *Known) { e.Prediction.Falsification = "" }, "prediction.falsification FALSIFICATION_MISSING"},
		{"unknown obstacle", func(e *Experiment, k *Known) {
			e.Obstacle, k.ObstacleExists = "teams/payments/obstacles/none", false
		}, "obstacle OBSTACLE_UNKNOWN"},
		{"an obstacle that is parked", func(e *Experiment, _ *Known) { e.Obstacle = "teams/payments/obstacles/parked" }, "obstacle OBSTACLE_NOT_CURRENT"},
		{"no obstacle is current", func(_ *Experiment, k *Known) { k.CurrentObstacle = "" }, "obstacle OBSTACLE_NOT_CURRENT"},
		{"a range", func(e *Experiment, _ *Known) { e.Prediction.ExpectedUpperValue = new(35.0) }, ""},
		{"a range of one value", func(e *Experiment, _ *Known) { e.Prediction.ExpectedUpperValue = new(30.0) }, ""},
		{"a range from the baseline value on", func(e *Experiment, _ *Known) {
			e.Prediction.ExpectedValue, e.Prediction.ExpectedUpperValue = new(42.0), new(44.0)
		}, ""},
		{"a range that ends before it begins", func(e *Experiment, _ *Known) { e.Prediction.ExpectedUpperValue = new(29.0) }, "prediction.expected_upper_value EXPECTED_RANGE_INVERTED"},
		{"a range without a beginning", func(e *Experiment, _ *Known) {
			e.Prediction.ExpectedValue, e.Prediction.ExpectedUpperValue = nil, new(35.0)
		}, "prediction.expected_value EXPECTED_VALUE_MISSING"},
		{"a range that is the baseline value", func(e *Experiment, _ *Known) {
			e.Prediction.ExpectedValue, e.Prediction.ExpectedUpperValue = new(42.0), new(42.0)
		}, "prediction.expected_value EXPECTED_VALUE_UNCHANGED"},
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
	e := plannedBefore()
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
	if got := plannedBefore().planHash(); got != plainHash {
		t.Errorf("hash %s, want %s", got, plainHash)
	}
	full := planned()
	full.Prediction.ExpectedUpperValue = new(34.5)
	const wantFull = `{"baselineValue":42,"byDate":"2026-06-12","change":"One person reviews all day","confidencePercent":70,` +
		`"displayName":"Review rota","expectedUpperValue":34.5,"expectedValue":30,"falsification":"Reviews still wait 40 h in the second week",` +
		`"metric":"teams/payments/metrics/review-wait","name":"teams/payments/cycles/2026-w23/experiments/review-rota",` +
		`"obstacle":"teams/payments/obstacles/reviews-wait","reason":"Nobody waits for somebody to look","safeToFail":"We can go back any day."}`
	if got := full.CanonicalPlan(); got != wantFull {
		t.Errorf("got  %s\nwant %s", got, wantFull)
	}
	if got := full.planHash(); got != fullHash {
		t.Errorf("hash %s, want %s", got, fullHash)
	}
	full.Learning = "learnings/search-rota-0f3a91c2"
	if got, want := full.CanonicalPlan(), strings.Replace(wantFull, `"metric"`, `"learning":"learnings/search-rota-0f3a91c2","metric"`, 1); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if got := full.planHash(); got != learningHash {
		t.Errorf("hash %s, want %s", got, learningHash)
	}
}

// plannedBefore is a plan from before ranges and falsifications were asked for.
func plannedBefore() *Experiment {
	e := planned()
	e.Prediction.Falsification = ""
	return e
}

const (
	plainHash = "e6b267193a44417d2a0ada984e3e46a9db3146d9846b792ac1ee1369d61b0ef0"
	fullHash  = "e379a1cf340fdcdd3330741f5e84837e2bb81d1e87dfd7e174997266889bbf51"
	// learningHash is that of a plan that tries a learning again.
	learningHash = "57cd536632128a6ae7c1feb141a2f2e95b303ffb4e93e7701c439919ef548b7b"
)

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
		"range":      func(e *Experiment) { e.Prediction.ExpectedUpperValue = new(35.0) },
		"proof":      func(e *Experiment) { e.Prediction.Falsification += "." },
		"learning":   func(e *Experiment) { e.Learning = "learnings/other-rota" },
		"no proof":   func(e *Experiment) { e.Prediction.Falsification = "" },
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
		"lock":  func(e *Experiment) ([]Event, error) { return e.Lock(known, monday) },
		"amend": func(e *Experiment) ([]Event, error) { return e.Amend("later", nil, 3, monday) },
		"start": func(e *Experiment) ([]Event, error) { return e.Start(inDo, monday) },
		"conclude": func(e *Experiment) ([]Event, error) {
			return e.Conclude(end, after, Judging{}, monday.Add(4*time.Hour))
		},
		"abandon": func(e *Experiment) ([]Event, error) { return e.Abandon("no use") },
		"hold":    func(e *Experiment) ([]Event, error) { return e.ScheduleHoldChecks(monday) },
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
		"a range that ends before it begins": {
			func(e *Experiment) { e.Prediction.ExpectedUpperValue = new(29.5) }, "experiment.prediction.expected_upper_value EXPECTED_RANGE_INVERTED",
		},
		"beyond all numbers, too": {
			func(e *Experiment) { e.Prediction.ExpectedUpperValue = new(1e301) }, "experiment.prediction.expected_upper_value VALUE_OUT_OF_RANGE",
		},
		"beyond all numbers": {func(e *Experiment) { e.Prediction.ExpectedValue = new(1e301) }, "experiment.prediction.expected_value VALUE_OUT_OF_RANGE"},
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
	e.Prediction.ExpectedUpperValue = new(35.5)
	if got, want := e.Prediction.Sentence(), "If we pair, then Review wait goes to between 30 and 35.5 h by 2026-06-12, because two see more."; got != want {
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

func TestHoldChecks(t *testing.T) {
	e := stateAt(t, Concluded)
	decided := time.Date(2026, 6, 12, 22, 30, 0, 0, time.UTC) // the 13th in Berlin
	if events, err := e.ScheduleHoldChecks(decided); err != nil || !reflect.DeepEqual(events, []Event{EventHoldChecksScheduled}) {
		t.Fatalf("events %v, err %v", events, err)
	}
	want := []HoldCheck{{DueDate: "2026-06-27", Weeks: 2}, {DueDate: "2026-07-25", Weeks: 6}, {DueDate: "2026-09-05", Weeks: 12}}
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
