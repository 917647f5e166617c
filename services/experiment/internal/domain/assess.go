package domain

import (
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// UsualPower is how often a shift has to show to be called detectable, when nothing else is asked for.
const UsualPower = 0.8

// assessedShifts are the shifts, in sigma, for which an assessment tells the power.
var assessedShifts = [...]float64{0.5, 1, 1.5, 2, 3}

// DetectionQuestion asks, before a plan is locked, what its readings could show at all.
type DetectionQuestion struct {
	// Baseline are the readings that limits will rest on. BaselineCount counts when there are none: then nothing is known of
	// the metric's own variation, and all answers are in sigma.
	Baseline      []Measurement
	BaselineCount int
	// Limits, when set, are frozen already and take the place of Baseline.
	Limits *Limits
	// Planned is how many readings the plan will take after its start.
	Planned int
	// Rules are those of ShiftRules to judge by, all of them when empty. A moving range says nothing about direction and is
	// left out.
	Rules RuleSet
	// Frozen tells whether the limits stay where the baseline put them, as a verdict has it. Otherwise they are computed from
	// all readings together, baseline and new, and all are judged.
	Frozen bool
	// Level is how often a shift has to show to be called detectable, as a share; UsualPower when 0.
	Level float64
	// Prediction is what the plan expects; nil when that is not known yet.
	Prediction *Expectation
}

// Assessment is what a plan could detect, and how often it would cry wolf. Shares are between 0 and 1, shifts in sigma of
// the baseline (mean moving range / 1.128). They come from a simulation of normal, independent readings that shift all at
// once; see Assumptions.
type Assessment struct {
	// Possible is false when fewer than 4 baseline readings give no limits. Then nothing below can be told, and the number
	// alone will decide.
	Possible bool `json:"possible"`
	// BaselineCount and Planned are the numbers of readings that were simulated, 200 at most each.
	BaselineCount int     `json:"baselineCount"`
	Planned       int     `json:"planned"`
	Rules         RuleSet `json:"rules"`
	Frozen        bool    `json:"frozen"`
	// FalseAlarm is how often the plan would show a signal although nothing changed.
	FalseAlarm float64 `json:"falseAlarm"`
	// Power is how often shifts of 0.5, 1, 1.5, 2 and 3 sigma would show.
	Power []ShiftPower `json:"power"`
	// Level is the share that SmallestShift and ReadingsNeeded are about.
	Level float64 `json:"level"`
	// SmallestShift is the smallest that shows with that share; nil when not even 5 sigma does. SmallestChange is the same in
	// the metric's unit, nil when its variation is not known.
	SmallestShift  *float64 `json:"smallestShift,omitempty"`
	SmallestChange *float64 `json:"smallestChange,omitempty"`
	// Sigma is the baseline's, in the metric's unit; nil when only the count of its readings is known.
	Sigma *float64 `json:"sigma,omitempty"`
	// Predicted is the shift that the prediction asks for; nil without a prediction or without baseline readings.
	Predicted *PredictedShift `json:"predicted,omitempty"`
	// Runs is how many histories were simulated: the standard error of a share is at most 0.5 / sqrt(Runs).
	Runs int `json:"runs"`
	// Assumptions are what the answer rests on, in words.
	Assumptions []string `json:"assumptions"`
}

// ShiftPower is how often a shift would show.
type ShiftPower struct {
	Shift float64 `json:"shift"`
	Power float64 `json:"power"`
}

// PredictedShift is what a prediction asks the readings to show.
type PredictedShift struct {
	// Shift is |expected - baseline value| / sigma, for a range from its nearer end, a million at most; nil when the baseline
	// does not vary.
	Shift *float64 `json:"shift,omitempty"`
	// Power is how often it would show.
	Power float64 `json:"power"`
	// ReadingsNeeded is how many new readings would show it with the asked share; 0 when 200 would not. More readings also cry
	// wolf more often: FalseAlarm is how often at that number.
	ReadingsNeeded int     `json:"readingsNeeded,omitempty"`
	FalseAlarm     float64 `json:"falseAlarm,omitempty"`
}

// Assess tells what the readings of a plan could detect. It refuses a question that has no answer (ASSESSMENT_INVALID).
func Assess(q DetectionQuestion) (Assessment, error) {
	if err := q.check(); err != nil {
		return Assessment{}, err
	}
	limits, n := q.Limits, max(0, q.BaselineCount)
	if limits == nil && len(q.Baseline) > 0 {
		limits, n = LimitsOf(q.Baseline, Method{}), len(q.Baseline)
	}
	if limits != nil {
		n = limits.Count
	}
	rules := q.Rules.of(ShiftRules())
	s := settingOf(n, q.Planned, rules, q.Frozen)
	a := Assessment{
		BaselineCount: s.baseline, Planned: s.planned, Rules: rules, Frozen: q.Frozen,
		Level: q.level(), Assumptions: s.assumptions(n, q.Planned),
	}
	if q.Frozen && n < minPoints || n+q.Planned < minPoints {
		return a, nil
	}
	t := simulate(s)
	a.Possible, a.Runs, a.FalseAlarm = true, s.runs(), t.power(0)
	for _, shift := range assessedShifts {
		a.Power = append(a.Power, ShiftPower{Shift: shift, Power: t.power(shift)})
	}
	a.SmallestShift = t.smallestShift(a.Level)
	if limits != nil {
		a.inUnits(*limits, s, t, q.Prediction)
	}
	return a, nil
}

// inUnits adds what needs the metric's own variation.
func (a *Assessment) inUnits(limits Limits, s setting, t *table, e *Expectation) {
	sigma := limits.Sigma()
	a.Sigma = &sigma
	if a.SmallestShift != nil {
		change := *a.SmallestShift * sigma
		a.SmallestChange = &change
	}
	if e == nil {
		return
	}
	a.Predicted = &PredictedShift{Power: 1, ReadingsNeeded: 1}
	if sigma > 0 {
		shift := limits.inSigma(e.change(e.Baseline))
		*a.Predicted = PredictedShift{Shift: &shift, Power: t.power(shift)}
		if s.frozen {
			a.Predicted.ReadingsNeeded, a.Predicted.FalseAlarm = readingsNeeded(s, shift, a.Level)
		}
	}
}

func (q DetectionQuestion) check() error {
	var v []fault.Violation
	if q.Planned < 1 {
		v = append(v, fault.Violation{Field: "planned_readings", Reason: "PLANNED_READINGS_MISSING", Description: "How many readings will the plan take? At least one."})
	}
	if l := q.level(); !(l >= 0.5 && l <= 0.99) {
		v = append(v, fault.Violation{Field: "level", Reason: "LEVEL_INVALID", Description: "Choose how often a shift should show, from 0.5 to 0.99; 0.8 is usual."})
	}
	return invalid("ASSESSMENT_INVALID", "This cannot be assessed.", v)
}

func (q DetectionQuestion) level() float64 {
	if q.Level == 0 {
		return UsualPower
	}
	return q.Level
}

// assumptions are told with every answer.
func (s setting) assumptions(baseline, planned int) []string {
	list := []string{
		"The readings are independent of each other and normally distributed.",
		"The change comes at the start, at once and for all new readings, and leaves their variation as it was.",
		"The limits have the mean form.",
	}
	if !s.frozen {
		list = append(list, "The limits are computed from baseline and new readings together, and all of these are judged.")
	}
	if baseline > s.baseline {
		list = append(list, "The baseline counts as 200 readings: more of them hardly move the limits.")
	}
	if planned > s.planned {
		list = append(list, "The plan counts as 200 readings: with more, both a change and a false alarm show more often than told here.")
	}
	return list
}
