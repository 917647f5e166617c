package wire

import (
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
)

// FactsStrip converts the facts strip of a stored retrospective.
func FactsStrip(row record.Row[domain.Retrospective]) *retrospectivev1.FactsStrip {
	f := row.Value.FactsStrip
	strip := &retrospectivev1.FactsStrip{
		Name:        row.Value.Name + "/factsStrip",
		FetchTime:   timestamppb.New(f.FetchTime),
		Experiments: facts(f.Experiments),
		Missing:     f.Missing,
	}
	for _, at := range f.EarlierFetchTimes {
		strip.EarlierFetchTimes = append(strip.EarlierFetchTimes, timestamppb.New(at))
	}
	for _, a := range f.EarlierActions {
		strip.EarlierActions = append(strip.EarlierActions, &retrospectivev1.EarlierAction{
			Action: a.Action, Text: a.Text, ExpectedEffect: a.ExpectedEffect, State: actionState(a.State), Effect: actionEffect(a.Effect), Result: a.Result,
		})
	}
	for _, s := range f.Signals {
		strip.Signals = append(strip.Signals, &retrospectivev1.SignalFact{Metric: s.Metric, DisplayName: s.DisplayName, Text: s.Text})
	}
	for _, a := range f.Andons {
		strip.Andons = append(strip.Andons, &retrospectivev1.AndonFact{Andon: a.Andon, Problem: a.Problem, Resolution: a.Resolution})
	}
	for _, o := range f.Obstacles {
		strip.Obstacles = append(strip.Obstacles, &retrospectivev1.ObstacleFact{Obstacle: o.Obstacle, Text: o.Text, State: o.State})
	}
	if c := f.Capacity; c != nil {
		strip.Capacity = &retrospectivev1.CapacityFact{PlannedPercent: c.PlannedPercent, SpentPercent: c.SpentPercent}
	}
	if g := f.GoodDays; g != nil {
		strip.GoodDays = &retrospectivev1.GoodDayFact{Days: int32(g.Days), Share: g.Share}
	}
	return strip
}

func facts(given []domain.Fact) []*retrospectivev1.Fact {
	converted := make([]*retrospectivev1.Fact, len(given))
	for i, fact := range given {
		converted[i] = &retrospectivev1.Fact{
			Experiment: fact.Experiment, Expected: fact.Expected, Happened: fact.Happened, Verdict: fact.Verdict, State: fact.State,
		}
	}
	return converted
}

// CycleFact converts what the cycle service says.
func CycleFact(cycle *cyclev1.Cycle) domain.CycleFact {
	return domain.CycleFact{
		Running: cycle.GetState() == cyclev1.CycleState_CYCLE_STATE_ACTIVE,
		Phase:   strings.TrimPrefix(cycle.GetPhase().String(), "PHASE_"),
	}
}

// Facts converts what the experiment service says of the cycle's experiments.
func Facts(experiments []*experimentv1.Experiment) []domain.Fact {
	facts := make([]domain.Fact, 0, len(experiments))
	for _, x := range experiments {
		fact := domain.Fact{Experiment: x.GetName(), Expected: x.GetPrediction().GetSentence(), Happened: x.GetOutcome().GetHappened()}
		if state := x.GetState(); state != experimentv1.ExperimentState_EXPERIMENT_STATE_UNSPECIFIED {
			fact.State = strings.TrimPrefix(state.String(), "EXPERIMENT_STATE_")
		}
		if verdict := x.GetOutcome().GetVerdict(); verdict != experimentv1.Verdict_VERDICT_UNSPECIFIED {
			fact.Verdict = strings.TrimPrefix(verdict.String(), "VERDICT_")
		}
		facts = append(facts, fact)
	}
	return facts
}

// AndonFacts converts the andons of the cycle.
func AndonFacts(andons []*cyclev1.Andon) []domain.AndonFact {
	facts := make([]domain.AndonFact, 0, len(andons))
	for _, a := range andons {
		facts = append(facts, domain.AndonFact{Andon: a.GetName(), Problem: a.GetProblem(), Resolution: a.GetCountermeasure()})
	}
	return facts
}

// ObstacleFacts converts those of the team's obstacles that were touched.
func ObstacleFacts(obstacles []*cyclev1.Obstacle, touched map[string]bool) []domain.ObstacleFact {
	var facts []domain.ObstacleFact
	for _, o := range obstacles {
		if touched[o.GetName()] {
			facts = append(facts, domain.ObstacleFact{
				Obstacle: o.GetName(), Text: o.GetDescription(), State: strings.TrimPrefix(o.GetState().String(), "OBSTACLE_STATE_"),
			})
		}
	}
	return facts
}

// CapacityFact converts the sum of the cycle's capacity entries; nil when nothing was entered.
func CapacityFact(summary *cyclev1.CapacitySummary) *domain.CapacityFact {
	if summary.GetEnteredDays() == 0 {
		return nil
	}
	return &domain.CapacityFact{PlannedPercent: summary.GetPlannedPercent(), SpentPercent: summary.GetImprovementPercent()}
}

// ChartSignals converts the signals of a chart whose last reading is not before from, in time order. Days are those of the zone.
func ChartSignals(chart *experimentv1.ProcessBehaviourChart, from time.Time, zone *time.Location) []domain.ChartSignal {
	type timed struct {
		at int
		domain.ChartSignal
	}
	var found []timed
	for _, signal := range chart.GetSignals() {
		if len(signal.GetPoints()) == 0 {
			continue
		}
		last := int(slices.Max(signal.GetPoints()))
		if last >= len(chart.GetPoints()) {
			continue
		}
		point := chart.GetPoints()[last]
		if point.GetTime().AsTime().Before(from) {
			continue
		}
		limits := limitsAt(chart, last)
		found = append(found, timed{last, domain.ChartSignal{
			Rule: signal.GetRule(), Day: point.GetTime().AsTime().In(zone).Format(time.DateOnly), Points: len(signal.GetPoints()),
			Value: point.GetValue(), MovingRange: point.GetMovingRange(),
			Centre: limits.GetCentre(), Upper: limits.GetUpper(), Lower: limits.GetLower(), UpperRange: limits.GetUpperRange(),
		}})
	}
	slices.SortStableFunc(found, func(a, b timed) int { return a.at - b.at })
	signals := make([]domain.ChartSignal, len(found))
	for i, f := range found {
		signals[i] = f.ChartSignal
	}
	return signals
}

// limitsAt are the limits that a point of the chart was judged by.
func limitsAt(chart *experimentv1.ProcessBehaviourChart, point int) *experimentv1.Limits {
	for _, segment := range chart.GetSegments() {
		if int(segment.GetFirstPoint()) <= point && point < int(segment.GetEndPoint()) {
			return segment.GetLimits()
		}
	}
	return chart.GetLimits()
}
