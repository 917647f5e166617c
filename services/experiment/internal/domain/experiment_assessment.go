package domain

import (
	"fmt"
	"math"
	"strconv"
	"time"
)

// Reading rhythms of metrics from which the readings of a plan can be counted.
const (
	rhythmHourly       = "HOURLY"
	rhythmDaily        = "DAILY"
	rhythmWorkingDaily = "WORKING_DAILY"
	rhythmWeekly       = "WEEKLY"
	rhythmEveryCycle   = "EVERY_CYCLE"
)

// PlanQuestion asks what a plan could show.
type PlanQuestion struct {
	// Planned is how many readings it will take; 0 when the metric has to tell.
	Planned int
	// Level is how often a change has to show to be called detectable; UsualPower when 0.
	Level float64
}

// PlanAssessment is what a plan could show, with what a team should know before it locks.
type PlanAssessment struct {
	Assessment
	// Baseline is how many readings the limits rest on, Planned how many the plan takes; the assessment counts 200 at most.
	Baseline, Planned int
	// Basis says where Planned comes from.
	Basis string
	// Change is the predicted change in the metric's unit; nil while the plan does not say from where to where.
	Change *float64
	// Seed is what the simulation started from.
	Seed int64
	// Source tells where the numbers come from; empty when there are none.
	Source   string
	Warnings []string
}

// Assess tells what the plan could show: from the readings before its start, or so far when it has not started, as many
// readings as the metric's rhythm gives until the day of the plan, and the limits that a verdict would be judged by. What
// has to be known for an answer is asked for at once (ASSESSMENT_INVALID).
func (e *Experiment) Assess(q PlanQuestion, metric *Metric, readings []Reading, how Judging, now time.Time) (PlanAssessment, error) {
	before := e.soFar(readings, now)
	a, v := PlanAssessment{Planned: q.Planned, Basis: "as the request says"}, questions(nil)
	switch {
	case e.Prediction.Metric == "":
		v.ask("prediction.metric", "METRIC_MISSING", "Which one metric do you expect to move?")
	case metric == nil:
		v.ask("prediction.metric", "METRIC_UNKNOWN", "This metric does not exist. Which one do you expect to move?")
	case q.Planned == 0:
		a.Planned, a.Basis = e.plannedReadings(metric.ReadingRhythm, before, now, &v)
	}
	if len(v) > 0 {
		return a, invalid("ASSESSMENT_INVALID", "This cannot be assessed.", v)
	}
	limits := how.limits(before)
	detection := DetectionQuestion{Limits: limits, BaselineCount: len(before), Planned: a.Planned, Rules: how.Method.Rules, Frozen: true, Level: q.Level}
	a.Baseline = len(before)
	if limits != nil {
		detection.Rules, a.Baseline = limits.Rules, limits.Count // a frozen baseline has its own
	}
	if p := e.Prediction; p.BaselineValue != nil && p.ExpectedValue != nil && !p.inverted() {
		expected := p.expectation()
		change := expected.change(expected.Baseline)
		a.Change = &change
		if change > 0 { // otherwise there is none that could show
			detection.Prediction = &expected
		}
	}
	var err error
	if a.Assessment, err = Assess(detection); err != nil {
		return a, err
	}
	if a.Possible {
		a.Seed = int64(settingOf(a.Baseline, a.Planned, a.Rules, true).sequence().state)
		a.Source = fmt.Sprintf("Simulation of %d histories with normal random numbers from SplitMix64 (Steele, Lea and Flood, 2014), started from the seed. "+
			"Rules: Wheeler, Understanding Variation and Making Sense of Data. Limits: mean ± 2.660 × mean moving range; sigma: mean moving range / 1.128, "+
			"the d2 of two readings (NIST/SEMATECH e-Handbook of Statistical Methods, 6.3.2.2).", a.Runs)
	}
	a.warn(e.Prediction, limits, metric.Unit)
	return a, nil
}

// soFar returns the readings that a plan starts from.
func (e *Experiment) soFar(readings []Reading, now time.Time) []Measurement {
	if !e.StartTime.IsZero() {
		return baseline(divide(takenBy(readings, now), e.StartTime, e.StartOrdinal).before)
	}
	var before []Measurement
	for _, r := range takenBy(readings, now) {
		before = append(before, r.Measurement)
	}
	return baseline(before)
}

// plannedReadings counts the readings until the end of the plan's day, and says how. Without a rhythm that the calendar
// tells, the metric's pace so far does.
func (e *Experiment) plannedReadings(rhythm string, before []Measurement, now time.Time, v *questions) (n int, basis string) {
	if !e.StartTime.IsZero() {
		now = e.StartTime
	}
	first := e.today(now)
	asked := len(*v)
	if v.aboutDay(e.Prediction.ByDate, first); len(*v) > asked {
		return 0, ""
	}
	last, _ := time.Parse(dayLayout, e.Prediction.ByDate) // aboutDay has read it
	days := int(last.Sub(first).Hours()/24) + 1
	until := fmt.Sprintf(" from %s to %s", first.Format(dayLayout), e.Prediction.ByDate)
	switch rhythm {
	case rhythmHourly:
		n, basis = 24*days, "one an hour"+until
	case rhythmDaily:
		n, basis = days, "one a day"+until
	case rhythmWorkingDaily:
		n, basis = workingDays(first, days), "one from Monday to Friday"+until
	case rhythmWeekly:
		n, basis = max(1, days/7), "one a week"+until
	case rhythmEveryCycle:
		n, basis = 1, "one a cycle"
	default:
		n, basis = pace(before, days)
		basis += until
	}
	if n == 0 {
		v.ask("planned_readings", "PLANNED_READINGS_MISSING",
			"How many readings will the plan take? Say it with planned_readings, or give the metric a reading rhythm.")
	}
	return n, basis
}

// workingDays counts Mondays to Fridays.
func workingDays(first time.Time, days int) (n int) {
	for i := range days {
		if day := first.AddDate(0, 0, i).Weekday(); day != time.Saturday && day != time.Sunday {
			n++
		}
	}
	return n
}

// pace carries on the metric's own: so many readings in so many days; 0 when there are too few to tell.
func pace(before []Measurement, days int) (n int, basis string) {
	if len(before) < 2 {
		return 0, ""
	}
	span := before[len(before)-1].Time.Sub(before[0].Time).Hours() / 24
	if span <= 0 {
		return 0, ""
	}
	n = max(1, int(math.Round(min(float64(len(before)-1)/span*float64(days), 1e6))))
	return n, fmt.Sprintf("at the pace so far, %d readings in %.0f days,", len(before), math.Max(1, span))
}

// limits of the questions that warn are rules of thumb: two baseline weeks are ten readings, and one false alarm in ten
// plans is what most people would call often.
const (
	shortBaseline  = 10
	oftenFalse     = 0.1
	offCentreSigma = 1
)

// warn says in plain words what the numbers mean for the plan.
func (a *PlanAssessment) warn(p Prediction, l *Limits, unit string) {
	say := func(format string, args ...any) { a.Warnings = append(a.Warnings, fmt.Sprintf(format, args...)) }
	if !a.Possible {
		say("The metric has %s so far. Below 4 there are no limits: the number alone will decide, and nobody can tell a change from chance. Take %d more before the start.",
			countOf(a.Baseline), minPoints-a.Baseline)
		return
	}
	if a.Baseline < shortBaseline {
		say("The limits rest on %s. 15 to 20 make limits that can be trusted.", countOf(a.Baseline))
	}
	if change := a.Predicted; change != nil && change.Power < a.Level {
		size := rounded(*a.Change)
		if unit != "" {
			size += " " + unit
		}
		say("%s show a change of this size (%s, %.1f sigma) in %d of 100 cases. In the other %d, the answer is CANNOT_TELL.",
			countOf(a.Planned), size, *change.Shift, percent(change.Power), 100-percent(change.Power))
		if n := change.ReadingsNeeded; n > 0 && change.FalseAlarm <= a.Level/2 {
			say("%s would show it in %d of 100 cases, and a signal without any change in %d.", countOf(n), percent(a.Level), percent(change.FalseAlarm))
		} else {
			say("More readings do not help: before they show it, they show signals without any change. Aim for a larger change, or find a metric that varies less.")
		}
	}
	if a.Change != nil && *a.Change == 0 {
		say("The range holds the baseline value: no change is predicted, and readings without a signal would confirm it.")
	}
	if a.FalseAlarm > oftenFalse {
		say("Without any change, %d of 100 such plans show a signal all the same. One signal is weak evidence.", percent(a.FalseAlarm))
	}
	if b := p.BaselineValue; b != nil && l != nil && math.Abs(*b-l.Centre) > offCentreSigma*l.Sigma() {
		say("The plan starts from %s, but the readings so far average %s. Where does the metric stand today?", number(*b), rounded(l.Centre))
	}
}

func countOf(n int) string {
	if n == 1 {
		return "1 reading"
	}
	return fmt.Sprintf("%d readings", n)
}

func percent(share float64) int { return int(math.Round(100 * share)) }

// rounded keeps three significant digits, for texts.
func rounded(v float64) string { return number(Significant(v, 3)) }

// Significant rounds to so many significant digits: what was simulated is told no finer than chance lets it be known.
func Significant(v float64, digits int) float64 {
	short, err := strconv.ParseFloat(strconv.FormatFloat(v, 'g', digits, 64), 64)
	if err != nil {
		return v
	}
	return short
}
