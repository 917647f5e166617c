package domain

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// gameDayPlanned is a game day that lacks nothing.
func gameDayPlanned(expected GameDayPrediction) *Experiment {
	e := planned()
	e.Prediction.Metric, e.Prediction.BaselineValue, e.Prediction.ExpectedValue = "", nil, nil
	e.GameDay = &GameDay{
		SteadyState: SteadyState{Hypothesis: "Checkout answers within 300 ms", Probe: "p95 of /checkout", Upper: new(300.0)}, Prediction: expected,
		Method: "Stop one replica", BlastRadius: "One of six replicas", AbortCondition: "More than 1 % errors for a minute", Rollback: "Start it again",
	}
	return e
}

// gameDayRunning is one that has started.
func gameDayRunning(t *testing.T, expected GameDayPrediction) *Experiment {
	t.Helper()
	e := gameDayPlanned(expected)
	k := known
	k.Metric = nil
	if _, err := e.Lock(k, monday); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Start(inDo, monday.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	return e
}

func TestGameDayAsksForWhatIsMissing(t *testing.T) {
	e := gameDayPlanned(Holds)
	e.GameDay = &GameDay{SteadyState: SteadyState{Probe: "teams/payments/metrics/p95"}, Method: " "}
	e.trim()
	k := known
	k.Metric = nil
	_, err := e.Lock(k, monday)
	wantProblems(t, err, fault.FailedPrecondition, "PLAN_INCOMPLETE", "game_day.steady_state.hypothesis STEADY_STATE_MISSING", "game_day.steady_state TOLERANCE_MISSING",
		"game_day.prediction GAME_DAY_PREDICTION_MISSING", "game_day.method METHOD_MISSING", "game_day.blast_radius BLAST_RADIUS_MISSING",
		"game_day.abort_condition ABORT_CONDITION_MISSING", "game_day.rollback ROLLBACK_MISSING")
	e = gameDayPlanned(Holds)
	e.Prediction.Metric, e.GameDay.SteadyState.Probe = wait.Name, ""
	_, err = e.Lock(known, monday)
	wantProblems(t, err, fault.FailedPrecondition, "PLAN_INCOMPLETE", "prediction.baseline_value BASELINE_VALUE_MISSING",
		"prediction.expected_value EXPECTED_VALUE_MISSING", "game_day.steady_state.probe PROBE_MISSING")
}

func TestGameDayShape(t *testing.T) {
	e := gameDayPlanned(Holds)
	e.GameDay.SteadyState.Lower = new(301.0)
	_, err := e.Draft()
	wantProblems(t, err, fault.InvalidArgument, "EXPERIMENT_INVALID", "experiment.game_day.steady_state.upper STEADY_STATE_INVERTED")
}

// The game day is a part of the plan, in its place; the journal is none.
func TestGameDayIsHashed(t *testing.T) {
	e := gameDayPlanned(Holds)
	want := `,"falsification":"Reviews still wait 40 h in the second week","gameDay":{"abortCondition":"More than 1 % errors for a minute",` +
		`"blastRadius":"One of six replicas","method":"Stop one replica","prediction":"HOLDS","rollback":"Start it again",` +
		`"steadyState":{"hypothesis":"Checkout answers within 300 ms","lower":null,"probe":"p95 of /checkout","upper":300}},"metric":""`
	if got := e.CanonicalPlan(); !strings.Contains(got, want) {
		t.Errorf("plan %s\nwant in it %s", got, want)
	}
	before := e.planHash()
	e.GameDay.Journal = new(read(t, "completed"))
	if e.planHash() != before {
		t.Error("the journal changed the hash")
	}
	e.GameDay.Prediction = Breaks
	if e.planHash() == before {
		t.Error("the prediction did not change the hash")
	}
}

func TestGameDayIsConcludedByItsJournal(t *testing.T) {
	now := monday.AddDate(0, 0, 8)
	for _, c := range []struct {
		file     string
		expected GameDayPrediction
		say      Verdict
		overrule string
		want     Verdict
		reason   string
	}{
		{"completed", Holds, "", "", AsPredicted, ""},
		{"completed", Breaks, "", "", NotAsPredicted, ""},
		{"deviated", Holds, "", "", NotAsPredicted, ""},
		{"deviated", Breaks, "", "", AsPredicted, ""},
		{"aborted", Holds, "", "", CannotTell, ""},
		{"deviated", Holds, CannotTell, "", "", "CONCLUSION_INCOMPLETE"},
		{"deviated", Holds, CannotTell, "Somebody deployed meanwhile.", CannotTell, ""},
	} {
		e := gameDayRunning(t, c.expected)
		if events, err := e.ImportJournal(read(t, c.file), now); err != nil || len(events) != 1 {
			t.Fatal(events, err)
		}
		say := words
		say.Verdict, say.OverruleReason = c.say, c.overrule
		_, err := e.Conclude(say, nil, Judging{}, now)
		if c.reason != "" {
			wantReason(t, err, fault.InvalidArgument, c.reason)
			continue
		}
		if err != nil || e.Outcome.Verdict != c.want || e.Outcome.Suggested != e.GameDay.Journal.Suggested || e.Outcome.Readings != 0 {
			t.Errorf("%s, %s: %v, %+v", c.file, c.expected, err, e.Outcome)
		}
	}
}

func TestImportJournal(t *testing.T) {
	now := monday.AddDate(0, 0, 8)
	e := gameDayRunning(t, Holds)
	_, err := e.Conclude(words, nil, Judging{}, now)
	wantReason(t, err, fault.FailedPrecondition, "JOURNAL_MISSING")
	take := func(file string, events int) {
		t.Helper()
		if got, err := e.ImportJournal(read(t, file), now); err != nil || len(got) != events {
			t.Fatalf("%s: %v, %v", file, got, err)
		}
	}
	take("deviated", 1)
	if j := e.GameDay.Journal; !j.Weakness || j.Replaced != 0 || !j.ImportTime.Equal(now) || j.BeforeLock {
		t.Errorf("journal %+v", j)
	}
	now = now.Add(time.Hour)
	take("deviated", 0)
	take("old", 1)
	take("old", 0)
	if j := e.GameDay.Journal; j.Replaced != 1 || !j.BeforeLock || j.Weakness {
		t.Errorf("journal %+v", j)
	}
	if _, err := e.Amend("We look at two replicas.", nil, 0, now); err != nil || e.Amendments[0].Kind != KindDeviation {
		t.Errorf("after the journal: %v, %+v", err, e.Amendments)
	}
	if _, err := e.Conclude(words, nil, Judging{}, now); err != nil {
		t.Fatal(err)
	}
	take("old", 0)
	_, err = e.ImportJournal(read(t, "completed"), now)
	wantReason(t, err, fault.FailedPrecondition, "EXPERIMENT_ENDED")

	_, err = gameDayPlanned(Holds).ImportJournal(read(t, "completed"), now)
	wantReason(t, err, fault.FailedPrecondition, "EXPERIMENT_NOT_RUNNING")
	_, err = stateAt(t, Running).ImportJournal(read(t, "completed"), now)
	wantReason(t, err, fault.FailedPrecondition, "NOT_A_GAME_DAY")
}

// A game day that names a metric and has no journal is judged by its readings, like any other experiment.
func TestGameDayByItsMetric(t *testing.T) {
	e := planned()
	e.GameDay = gameDayPlanned(Holds).GameDay
	if _, err := e.Lock(known, monday); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Start(inDo, monday.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	_, err := e.Conclude(words, nil, Judging{}, monday.AddDate(0, 0, 1))
	wantReason(t, err, fault.FailedPrecondition, "NO_MEASUREMENTS")
	if _, err := e.Conclude(words, readings(4, monday.Add(2*time.Hour), 29), Judging{}, monday.AddDate(0, 0, 1)); err != nil || e.Outcome.Verdict != AsPredicted {
		t.Errorf("%v, %+v", err, e.Outcome)
	}
}

// No sequence of imports, conclusions and hold checks changes the locked plan of a game day, and what was concluded stays.
func TestNoSequenceOfImportsChangesALockedPlan(t *testing.T) {
	journals := []Journal{read(t, "completed"), read(t, "deviated"), read(t, "aborted")}
	rapid.Check(t, func(t *rapid.T) {
		m := &machine{e: gameDayPlanned(rapid.SampledFrom([]GameDayPrediction{Holds, Breaks}).Draw(t, "expected")), now: monday}
		if rapid.Bool().Draw(t, "with a metric") {
			m.e.Prediction = planned().Prediction
		}
		concluded := Outcome{}
		t.Repeat(map[string]func(*rapid.T){
			"lock": func(t *rapid.T) {
				m.call(t, func(e *Experiment) ([]Event, error) { return e.Lock(known, m.now) })
			},
			"start": func(t *rapid.T) {
				m.call(t, func(e *Experiment) ([]Event, error) { return e.Start(inDo, m.now) })
			},
			"import": func(t *rapid.T) {
				j := rapid.SampledFrom(journals).Draw(t, "journal")
				m.call(t, func(e *Experiment) ([]Event, error) { return e.ImportJournal(j, m.now) })
			},
			"conclude": func(t *rapid.T) {
				m.call(t, func(e *Experiment) ([]Event, error) { return e.Conclude(words, m.readings, Judging{}, m.now) })
			},
			"hold": func(t *rapid.T) {
				m.call(t, func(e *Experiment) ([]Event, error) { return e.ScheduleHoldChecks(m.now) })
			},
			"judge": func(t *rapid.T) {
				m.now = m.now.AddDate(0, 0, rapid.SampledFrom([]int{0, 14, 42}).Draw(t, "days"))
				call := HoldCheckCall{Weeks: rapid.SampledFrom([]int{2, 3, 6}).Draw(t, "weeks"), Again: rapid.Bool().Draw(t, "again"), Reason: "late"}
				m.call(t, func(e *Experiment) ([]Event, error) { return e.JudgeHoldCheck(call, m.readings, m.now) })
			},
			"measure": func(t *rapid.T) {
				m.readings = append(m.readings, Reading{Measurement{m.now, rapid.Float64Range(20, 50).Draw(t, "value"), ""}, int64(len(m.readings)) + 4})
			},
			"": func(t *rapid.T) {
				switch e := m.e; {
				case !e.Locked():
				case m.hash == "":
					m.plan, m.hash = e.CanonicalPlan(), e.PlanHash
				case e.CanonicalPlan() != m.plan || e.PlanHash != m.hash || e.planHash() != m.hash:
					t.Fatalf("the locked plan changed:\n%s %s\n%s %s", m.plan, m.hash, e.CanonicalPlan(), e.PlanHash)
				}
				switch {
				case m.e.Outcome == nil:
				case concluded.ConcludeTime.IsZero():
					concluded = *m.e.Outcome
				case m.e.Outcome.Verdict != concluded.Verdict || !m.e.Outcome.ConcludeTime.Equal(concluded.ConcludeTime):
					t.Fatalf("the outcome changed from %+v to %+v", concluded, m.e.Outcome)
				}
			},
		})
	})
}

func TestSentenceOfAGameDay(t *testing.T) {
	p := Prediction{Change: "one replica is stopped.", Reason: "the others answer"}
	g := &GameDay{SteadyState: SteadyState{Hypothesis: "Paying answers within 300 ms"}, Prediction: Holds}
	if got, want := g.Sentence(p), "If one replica is stopped, then “Paying answers within 300 ms” still holds, because the others answer."; got != want {
		t.Errorf("got %q", got)
	}
	g.Prediction = Breaks
	if got, want := g.Sentence(p), "If one replica is stopped, then “Paying answers within 300 ms” no longer holds, because the others answer."; got != want {
		t.Errorf("got %q", got)
	}
	for name, g := range map[string]*GameDay{"nothing": nil, "prediction": {SteadyState: g.SteadyState}, "hypothesis": {Prediction: Holds}} {
		if got := g.Sentence(p); got != "" {
			t.Errorf("without %s: %q", name, got)
		}
	}
}
