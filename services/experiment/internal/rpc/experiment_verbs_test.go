package rpc_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

func (w *world) lock(name string) (*experimentv1.Experiment, error) {
	return w.client.LockExperiment(w.member(), &experimentv1.LockExperimentRequest{Name: name})
}

func (w *world) start(name string) (*experimentv1.Experiment, error) {
	return w.client.StartExperiment(w.member(), &experimentv1.StartExperimentRequest{Name: name})
}

func (w *world) amend(name, text string) (*experimentv1.Experiment, error) {
	return w.client.AmendExperiment(w.member(), &experimentv1.AmendExperimentRequest{Name: name, Text: text})
}

func (w *world) abandon(name, reason string) (*experimentv1.Experiment, error) {
	return w.client.AbandonExperiment(w.member(), &experimentv1.AbandonExperimentRequest{Name: name, Reason: reason})
}

// conclude ends an experiment with words; verdict and reason may be left out.
func (w *world) conclude(name string, verdict experimentv1.Verdict, overrule string) (*experimentv1.Experiment, error) {
	return w.client.ConcludeExperiment(w.member(), &experimentv1.ConcludeExperimentRequest{
		Name: name, Verdict: verdict, OverruleReason: overrule, Happened: "Reviews waited less.", Learned: "Waiting was the problem, not reviewing.",
	})
}

// readings imports values that are taken an hour apart from now on.
func (w *world) readings(values ...float64) {
	w.t.Helper()
	req := &experimentv1.ImportMeasurementsRequest{Name: wait}
	for _, v := range values {
		w.clock.add(time.Hour)
		req.Measurements = append(req.Measurements, &experimentv1.Measurement{Time: timestamppb.New(w.clock.Now()), Value: new(v)})
	}
	w.wantImport(req, int32(len(values)), 0)
}

// running is a world in which the golden example was measured and review-rota is running.
func running(t *testing.T, engine db.Engine) *world {
	w := measured(t, engine)
	w.wantImport(daily(42, 38, 45, 40, 39, 47, 41, 44, 36, 43, 40, 46), 12, 0)
	w.draft("review-rota", plan())
	ok[*experimentv1.Experiment](t)(w.lock(rota))
	ok[*experimentv1.Experiment](t)(w.start(rota))
	return w
}

func TestAnExperimentFromDraftToVerdict(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
		w.wantImport(daily(42, 38, 45, 40, 39, 47, 41, 44, 36, 43, 40, 46), 12, 0)
		w.draft("review-rota", plan())

		locked := ok[*experimentv1.Experiment](t)(w.lock(rota))
		if len(locked.GetPlanHash()) != 64 || !locked.GetLockTime().AsTime().Equal(w.clock.Now()) || locked.GetState() != experimentv1.ExperimentState_EXPERIMENT_STATE_DRAFT {
			t.Errorf("locked %v", locked)
		}
		amended := ok[*experimentv1.Experiment](t)(w.amend(rota, "Otto joins in the second week."))
		if a := amended.GetAmendments(); len(a) != 1 || a[0].GetKind() != experimentv1.AmendmentKind_AMENDMENT_KIND_AMENDMENT || a[0].GetMeasurementsSeen() != 0 {
			t.Errorf("before the start: %v", a)
		}
		w.clock.add(time.Hour)
		started := ok[*experimentv1.Experiment](t)(w.start(rota))
		if started.GetState() != experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING || !started.GetStartTime().AsTime().Equal(w.clock.Now()) {
			t.Errorf("started %v", started)
		}
		w.readings(24, 26, 25)
		deviated := ok[*experimentv1.Experiment](t)(w.amend(rota, "We count weekends too."))
		if a := deviated.GetAmendments(); len(a) != 2 || a[1].GetKind() != experimentv1.AmendmentKind_AMENDMENT_KIND_DEVIATION || a[1].GetMeasurementsSeen() != 3 ||
			a[0].GetText() != "Otto joins in the second week." || a[1].GetText() != "We count weekends too." {
			t.Errorf("after results: %v", a)
		}
		concluded := ok[*experimentv1.Experiment](t)(w.conclude(rota, 0, ""))
		o := concluded.GetOutcome()
		if o.GetActualValue() != 25 || o.GetReadings() != 3 || !o.GetSignal() || o.GetSuggestedVerdict() != experimentv1.Verdict_VERDICT_AS_PREDICTED ||
			o.GetVerdict() != o.GetSuggestedVerdict() || o.GetSurprise() || o.GetLimits().GetCount() != 12 || o.GetLimits().GetCentre() != 41.75 {
			t.Errorf("outcome %v", o)
		}
		if concluded.GetPlanHash() != locked.GetPlanHash() || !proto.Equal(concluded.GetPrediction(), locked.GetPrediction()) {
			t.Error("the plan changed after the lock")
		}
		if got := w.get(rota); !proto.Equal(got, concluded) {
			t.Errorf("got %v", got)
		}
		if got, want := w.events(), []string{
			"MetricCreated", "MeasurementsRecorded", "ExperimentDrafted", "ExperimentLocked", "ExperimentAmended", "ExperimentStarted",
			"MeasurementsRecorded", "ExperimentAmended", "ExperimentConcluded",
		}; !slices.Equal(got, want) {
			t.Errorf("events %v, want %v", got, want)
		}
	})
}

func TestLockAsksForEverythingAtOnce(t *testing.T) {
	w := newWorld(t, db.SQLite)
	w.draft("review-rota", &experimentv1.Experiment{DisplayName: "Rota"})
	_, err := w.lock(rota)
	f := wantFault(t, err, fault.FailedPrecondition, "PLAN_INCOMPLETE",
		"obstacle OBSTACLE_MISSING", "prediction.change CHANGE_MISSING", "prediction.metric METRIC_MISSING",
		"prediction.baseline_value BASELINE_VALUE_MISSING", "prediction.expected_value EXPECTED_VALUE_MISSING",
		"prediction.by_date BY_DATE_MISSING", "prediction.reason REASON_MISSING", "prediction.falsification FALSIFICATION_MISSING",
		"prediction.confidence_percent CONFIDENCE_MISSING", "safe_to_fail SAFE_TO_FAIL_MISSING")
	for _, v := range f.Violations {
		if !strings.Contains(v.Description, "?") {
			t.Errorf("no question: %s", v.Description)
		}
	}
}

func TestLockRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		edit func(w *world, e *experimentv1.Experiment)
		want string
	}{
		"a metric that is not there":    {func(_ *world, e *experimentv1.Experiment) { e.Prediction.Metric = team + "/metrics/none" }, "prediction.metric METRIC_UNKNOWN"},
		"an obstacle that is not there": {func(_ *world, e *experimentv1.Experiment) { e.Obstacle = team + "/obstacles/none" }, "obstacle OBSTACLE_UNKNOWN"},
		"an obstacle that is parked":    {func(_ *world, e *experimentv1.Experiment) { e.Obstacle = parked }, "obstacle OBSTACLE_NOT_CURRENT"},
		"no obstacle is current":        {func(w *world, _ *experimentv1.Experiment) { w.cycles.current = "" }, "obstacle OBSTACLE_NOT_CURRENT"},
		"no change expected":            {func(_ *world, e *experimentv1.Experiment) { e.Prediction.ExpectedValue = new(42.0) }, "prediction.expected_value EXPECTED_VALUE_UNCHANGED"},
		"off the ladder":                {func(_ *world, e *experimentv1.Experiment) { e.Prediction.ConfidencePercent = 72 }, "prediction.confidence_percent CONFIDENCE_OFF_LADDER"},
		"a day that does not exist":     {func(_ *world, e *experimentv1.Experiment) { e.Prediction.ByDate = "2026-06-31" }, "prediction.by_date BY_DATE_INVALID"},
		"a day in the past":             {func(_ *world, e *experimentv1.Experiment) { e.Prediction.ByDate = "2026-05-31" }, "prediction.by_date BY_DATE_PAST"},
		"yesterday in the team's zone": {func(w *world, e *experimentv1.Experiment) {
			e.Prediction.ByDate = "2026-06-01"
			w.clock.add(13*time.Hour + 30*time.Minute) // 22:30 UTC is half past midnight in Berlin
		}, "prediction.by_date BY_DATE_PAST"},
	} {
		t.Run(name, func(t *testing.T) {
			w := measured(t, db.SQLite)
			e := plan()
			c.edit(w, e)
			w.draft("review-rota", e)
			_, err := w.lock(rota)
			wantFault(t, err, fault.FailedPrecondition, "PLAN_INCOMPLETE", c.want)
			if got := w.get(rota); got.GetLockTime() != nil || got.GetPlanHash() != "" {
				t.Errorf("a refused lock left %v", got)
			}
		})
	}
}

func TestLockWhileTheCycleServiceIsDown(t *testing.T) {
	w := measured(t, db.SQLite)
	w.draft("review-rota", plan())
	w.cycles.down = true
	_, err := w.lock(rota)
	wantFault(t, err, fault.Unavailable, "DATABASE_BUSY")
	if got := w.get(rota); got.GetLockTime() != nil {
		t.Errorf("locked without knowing the obstacle: %v", got)
	}
}

func TestALockedPlanNeverChanges(t *testing.T) {
	w := running(t, db.SQLite)
	before := w.get(rota)
	_, err := w.client.UpdateExperiment(w.member(), &experimentv1.UpdateExperimentRequest{
		Experiment: &experimentv1.Experiment{Name: rota, DisplayName: "Another", Prediction: &experimentv1.Prediction{ExpectedValue: new(41.0)}},
	})
	f := wantFault(t, err, fault.FailedPrecondition, "PLAN_LOCKED")
	if f.Metadata["remedy"] != "POST /v1/"+rota+":amend" || !strings.Contains(f.Message, ":amend") {
		t.Errorf("no way out: %v %v", f.Message, f.Metadata)
	}
	_, err = w.lock(rota)
	wantFault(t, err, fault.FailedPrecondition, "EXPERIMENT_RUNNING")
	if after := w.get(rota); !proto.Equal(before, after) {
		t.Errorf("%v became %v", before, after)
	}
}

func TestIllegalTransitions(t *testing.T) {
	w := measured(t, db.SQLite)
	w.draft("review-rota", plan())
	_, err := w.start(rota)
	wantFault(t, err, fault.FailedPrecondition, "PLAN_NOT_LOCKED")
	_, err = w.amend(rota, "x")
	wantFault(t, err, fault.FailedPrecondition, "PLAN_NOT_LOCKED")
	_, err = w.conclude(rota, 0, "")
	wantFault(t, err, fault.FailedPrecondition, "EXPERIMENT_NOT_RUNNING")
	ok[*experimentv1.Experiment](t)(w.lock(rota))
	_, err = w.lock(rota)
	wantFault(t, err, fault.FailedPrecondition, "PLAN_LOCKED")
	ok[*experimentv1.Experiment](t)(w.start(rota))
	_, err = w.start(rota)
	wantFault(t, err, fault.FailedPrecondition, "EXPERIMENT_RUNNING")
	_, err = w.conclude(rota, 0, "")
	if f := wantFault(t, err, fault.FailedPrecondition, "NO_MEASUREMENTS"); f.Metadata["metric"] != wait {
		t.Errorf("metadata %v", f.Metadata)
	}
	_, err = w.abandon(rota, "  ")
	wantFault(t, err, fault.InvalidArgument, "REASON_MISSING", "reason REASON_MISSING")
	_, err = w.abandon(rota, "")
	wantFault(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "reason STRING_MIN_LEN")
	abandoned := ok[*experimentv1.Experiment](t)(w.abandon(rota, "The rota person left."))
	if abandoned.GetState() != experimentv1.ExperimentState_EXPERIMENT_STATE_ABANDONED || abandoned.GetAbandonReason() != "The rota person left." || abandoned.GetOutcome() != nil {
		t.Errorf("abandoned %v", abandoned)
	}
	for name, call := range map[string]func() (*experimentv1.Experiment, error){
		"lock": func() (*experimentv1.Experiment, error) { return w.lock(rota) }, "start": func() (*experimentv1.Experiment, error) { return w.start(rota) },
		"amend":    func() (*experimentv1.Experiment, error) { return w.amend(rota, "x") },
		"conclude": func() (*experimentv1.Experiment, error) { return w.conclude(rota, 0, "") },
		"abandon":  func() (*experimentv1.Experiment, error) { return w.abandon(rota, "x") },
	} {
		_, err := call()
		if f := wantFault(t, err, fault.FailedPrecondition, "EXPERIMENT_ENDED"); f.Metadata["state"] != "ABANDONED" {
			t.Errorf("%s: metadata %v", name, f.Metadata)
		}
	}
}

func TestVerbsOnNothing(t *testing.T) {
	w := newWorld(t, db.SQLite)
	none := cycle + "/experiments/none"
	for name, call := range map[string]func() (*experimentv1.Experiment, error){
		"lock": func() (*experimentv1.Experiment, error) { return w.lock(none) }, "start": func() (*experimentv1.Experiment, error) { return w.start(none) },
		"amend":    func() (*experimentv1.Experiment, error) { return w.amend(none, "x") },
		"conclude": func() (*experimentv1.Experiment, error) { return w.conclude(none, 0, "") },
		"abandon":  func() (*experimentv1.Experiment, error) { return w.abandon(none, "x") },
		"get": func() (*experimentv1.Experiment, error) {
			return w.client.GetExperiment(w.member(), &experimentv1.GetExperimentRequest{Name: none})
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := call()
			wantFault(t, err, fault.NotFound, "EXPERIMENT_NOT_FOUND")
		})
	}
}

func TestVerbsCompareTheEtag(t *testing.T) {
	w := measured(t, db.SQLite)
	stale := w.draft("review-rota", plan()).GetEtag()
	fresh := ok[*experimentv1.Experiment](t)(w.client.LockExperiment(w.member(), &experimentv1.LockExperimentRequest{Name: rota, Etag: stale})).GetEtag()
	for name, call := range map[string]func(etag string) error{
		"lock": func(etag string) error {
			_, err := w.client.LockExperiment(w.member(), &experimentv1.LockExperimentRequest{Name: rota, Etag: etag})
			return err
		},
		"amend": func(etag string) error {
			_, err := w.client.AmendExperiment(w.member(), &experimentv1.AmendExperimentRequest{Name: rota, Etag: etag, Text: "x"})
			return err
		},
		"start": func(etag string) error {
			_, err := w.client.StartExperiment(w.member(), &experimentv1.StartExperimentRequest{Name: rota, Etag: etag})
			return err
		},
		"conclude": func(etag string) error {
			_, err := w.client.ConcludeExperiment(w.member(), &experimentv1.ConcludeExperimentRequest{Name: rota, Etag: etag, Happened: "x", Learned: "long enough"})
			return err
		},
		"abandon": func(etag string) error {
			_, err := w.client.AbandonExperiment(w.member(), &experimentv1.AbandonExperimentRequest{Name: rota, Etag: etag, Reason: "x"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			if f := wantFault(t, call(stale), fault.Aborted, "ETAG_MISMATCH"); f.Metadata["current_etag"] != fresh {
				t.Errorf("metadata %v, want %s", f.Metadata, fresh)
			}
		})
	}
}

func TestOneRunningExperimentPerTeam(t *testing.T) {
	w := running(t, db.SQLite)
	second := cycle + "/experiments/second"
	w.draft("second", plan())
	ok[*experimentv1.Experiment](t)(w.lock(second))
	_, err := w.start(second)
	f := wantFault(t, err, fault.FailedPrecondition, "EXPERIMENT_ALREADY_RUNNING")
	if f.Metadata["running"] != rota || !strings.Contains(f.Message, rota) {
		t.Errorf("the other is not named: %v", f)
	}
	ok[*experimentv1.Experiment](t)(w.abandon(rota, "The second is more urgent."))
	ok[*experimentv1.Experiment](t)(w.start(second))
}

func TestConcurrentStartsOneWins(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
		const n = 6
		var names []string
		for i := range n {
			e := w.draft(string(rune('a'+i)), plan())
			names = append(names, e.GetName())
			ok[*experimentv1.Experiment](t)(w.lock(e.GetName()))
		}
		errs := make([]error, n)
		var all sync.WaitGroup
		for i, name := range names {
			ctx := w.member()
			all.Go(func() {
				_, errs[i] = w.client.StartExperiment(ctx, &experimentv1.StartExperimentRequest{Name: name})
			})
		}
		all.Wait()
		won := ""
		for i, err := range errs {
			if err == nil {
				if won != "" {
					t.Errorf("%s and %s both started", won, names[i])
				}
				won = names[i]
			}
		}
		if won == "" {
			t.Fatalf("nobody started: %v", errs)
		}
		for _, err := range errs {
			if err != nil && rpcserver.FromStatus(err).Metadata["running"] != won {
				t.Errorf("refused with %v while %s runs", err, won)
			}
		}
	})
}

func TestVerdicts(t *testing.T) {
	const (
		as, not, cannot = experimentv1.Verdict_VERDICT_AS_PREDICTED, experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED, experimentv1.Verdict_VERDICT_CANNOT_TELL
	)
	for name, c := range map[string]struct {
		values    []float64
		say       experimentv1.Verdict
		overrule  string
		suggested experimentv1.Verdict
		verdict   experimentv1.Verdict // unspecified: refused for want of a reason
	}{
		"reached":                       {[]float64{24, 25}, 0, "", as, as},
		"confirmed":                     {[]float64{24, 25}, as, "", as, as},
		"the other way is a surprise":   {[]float64{60, 61}, 0, "", not, not},
		"noise":                         {[]float64{41}, 0, "", cannot, cannot},
		"it would have shown":           {[]float64{41, 42, 40, 43}, 0, "", not, not},
		"overruled":                     {[]float64{24, 25}, not, "The queue was empty for other reasons.", as, not},
		"overruled without a reason":    {[]float64{24, 25}, not, "", as, 0},
		"overruled with a blank reason": {[]float64{41}, as, "  ", cannot, 0},
	} {
		t.Run(name, func(t *testing.T) {
			w := running(t, db.SQLite)
			w.readings(c.values...)
			e, err := w.conclude(rota, c.say, c.overrule)
			if c.verdict == 0 {
				f := wantFault(t, err, fault.InvalidArgument, "CONCLUSION_INCOMPLETE", "overrule_reason OVERRULE_REASON_MISSING")
				if "VERDICT_"+f.Metadata["suggested_verdict"] != c.suggested.String() {
					t.Errorf("metadata %v", f.Metadata)
				}
				return
			}
			o := ok[*experimentv1.Experiment](t)(e, err).GetOutcome()
			if o.GetSuggestedVerdict() != c.suggested || o.GetVerdict() != c.verdict || o.GetSurprise() != (c.verdict == not) || o.GetOverruleReason() != c.overrule {
				t.Errorf("outcome %v", o)
			}
		})
	}
}

func TestConcludeWantsWords(t *testing.T) {
	w := running(t, db.SQLite)
	w.readings(24, 25)
	call := func(happened, learned string) error {
		_, err := w.client.ConcludeExperiment(w.member(), &experimentv1.ConcludeExperimentRequest{Name: rota, Happened: happened, Learned: learned})
		return err
	}
	wantFault(t, call("", ""), fault.InvalidArgument, "VALIDATION_FAILED", "happened STRING_MIN_LEN", "learned STRING_MIN_LEN")
	wantFault(t, call(" ", strings.Repeat(" ", 20)), fault.InvalidArgument, "CONCLUSION_INCOMPLETE", "happened HAPPENED_MISSING", "learned LEARNED_MISSING")
	if got := w.get(rota); got.GetOutcome() != nil {
		t.Errorf("a refused conclusion left %v", got.GetOutcome())
	}
}

// A team that enters its numbers late and dates them before the start is heard too, and the outcome says so. Once there is a result, such
// a history decides about nothing.
func TestConcludeWithReadingsEnteredLate(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
		w.wantImport(daily(42, 38, 45, 40), 4, 0)
		w.draft("review-rota", plan())
		ok[*experimentv1.Experiment](t)(w.lock(rota))
		ok[*experimentv1.Experiment](t)(w.start(rota))
		w.wantImport(daily(42, 38, 45, 40, 12, 13), 2, 4)
		late := ok[*experimentv1.Experiment](t)(w.conclude(rota, 0, "")).GetOutcome()
		if late.GetActualValue() != 12.5 || late.GetReadings() != 2 || late.GetLimits().GetCount() != 4 || len(late.GetWarnings()) != 1 ||
			!strings.Contains(late.GetWarnings()[0], "No reading was taken since the start.") || late.GetWindowStart() != nil {
			t.Errorf("outcome %v", late)
		}
	})
	eachEngine(t, func(t *testing.T, w *world) {
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
		w.wantImport(daily(42, 38, 45, 40), 4, 0)
		w.draft("review-rota", plan())
		ok[*experimentv1.Experiment](t)(w.lock(rota))
		ok[*experimentv1.Experiment](t)(w.start(rota))
		w.wantImport(daily(42, 38, 45, 40, 12, 13), 2, 4)
		w.readings(40)
		o := ok[*experimentv1.Experiment](t)(w.conclude(rota, 0, "")).GetOutcome()
		if o.GetActualValue() != 40 || o.GetReadings() != 1 || o.GetLimits().GetCount() != 4 || len(o.GetWarnings()) != 1 || !strings.Contains(o.GetWarnings()[0], "2 readings") {
			t.Errorf("outcome %v", o)
		}
	})
}

func TestVerbsOnce(t *testing.T) {
	w := running(t, db.SQLite)
	req := &experimentv1.AmendExperimentRequest{Name: rota, Text: "We count weekends too.", RequestId: "k1"}
	first := ok[*experimentv1.Experiment](t)(w.client.AmendExperiment(w.member(), req))
	again := ok[*experimentv1.Experiment](t)(w.client.AmendExperiment(w.member(), req))
	if !proto.Equal(first, again) || len(w.get(rota).GetAmendments()) != 1 {
		t.Errorf("amended twice: %v", w.get(rota).GetAmendments())
	}
}

// Who has seen the results can change neither what the plan is judged by, nor what it could show.
func TestWhatAPlanIsJudgedByIsSettled(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
		w.wantImport(daily(golden...), 12, 0)
		w.draft("review-rota", plan())
		ok[*experimentv1.Experiment](t)(w.lock(rota))
		w.clock.add(time.Hour)
		ok[*experimentv1.Experiment](t)(w.start(rota))
		assess := func() *experimentv1.Assessment {
			t.Helper()
			return ok[*experimentv1.Assessment](t)(w.client.AssessExperiment(w.member(), &experimentv1.AssessExperimentRequest{Name: rota, PlannedReadings: 3}))
		}
		before := assess()
		w.readings(20, 22, 21) // outside the limits

		// A baseline of four readings only, and a rule that three readings cannot break.
		late := freezing("late")
		late.Baseline.Window.FirstPoints = 4
		w.freeze(late)
		ok[*experimentv1.Metric](t)(w.client.UpdateMetric(w.member(), &experimentv1.UpdateMetricRequest{
			Metric:     &experimentv1.Metric{Name: wait, DetectionRules: []experimentv1.DetectionRule{experimentv1.DetectionRule_DETECTION_RULE_R2}},
			UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"detection_rules"}},
		}))
		if after := assess(); !proto.Equal(before, after) {
			t.Errorf("assessed %v, before the results %v", after, before)
		}
		o := ok[*experimentv1.Experiment](t)(w.conclude(rota, 0, "")).GetOutcome()
		if !o.GetSignal() || o.GetLimits().GetCount() != 12 || len(o.GetLimits().GetDetectionRules()) != 3 ||
			o.GetSuggestedVerdict() != experimentv1.Verdict_VERDICT_AS_PREDICTED {
			t.Errorf("outcome %v", o)
		}
	})
}
