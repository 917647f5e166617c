package retrospective_test

import (
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
)

const (
	strip = retro + "/factsStrip"
	wait  = team + "/metrics/review-wait"
)

// knowing lets the others tell something of every part, and something of another time beside it.
func (w *world) knowing() {
	touched := func(obstacle string, at time.Time) *cyclev1.HistoryEntry {
		return &cyclev1.HistoryEntry{Resource: team + "/obstacles/" + obstacle, ChangeTime: timestamppb.New(at)}
	}
	point := func(at time.Time, value float64) *experimentv1.ChartPoint {
		return &experimentv1.ChartPoint{Time: timestamppb.New(at), Value: value}
	}
	w.set(func(o *others) {
		o.andons = []*cyclev1.Andon{
			{Name: cycle + "/andons/open", Problem: "builds fail"},
			{Name: cycle + "/andons/solved", Problem: "no disk", Countermeasure: "an alarm at 80 %"},
		}
		o.obstacles = []*cyclev1.Obstacle{
			{Name: team + "/obstacles/before", Description: "long before"},
			{Name: team + "/obstacles/first", Description: "reviews wait", State: cyclev1.ObstacleState_OBSTACLE_STATE_OVERCOME},
			{Name: team + "/obstacles/last", Description: "tests are slow", State: cyclev1.ObstacleState_OBSTACLE_STATE_CURRENT},
			{Name: team + "/obstacles/never", Description: "untouched"},
		}
		o.history = []*cyclev1.HistoryEntry{
			touched("never", cycleEnd), touched("last", cycleEnd.Add(-1)), touched("first", cycleStart), touched("before", cycleStart.Add(-1)), touched("never", cycleStart.AddDate(0, -1, 0)),
		}
		o.capacity = &cyclev1.CapacitySummary{EnteredDays: 3, PlannedPercent: new(20.0), ImprovementPercent: new(12.5)}
		o.metrics = []*experimentv1.Metric{{Name: wait, DisplayName: "Review wait"}, {Name: team + "/metrics/silent", DisplayName: "Silent"}}
		frozen := &experimentv1.Limits{Centre: 20, Upper: 38.2, Lower: 1.8, UpperRange: 22.4}
		o.charts = map[string]*experimentv1.ProcessBehaviourChart{wait: {
			Points: []*experimentv1.ChartPoint{
				point(cycleStart.Add(-time.Hour), 50), point(cycleStart, 45.5), point(cycleStart.AddDate(0, 0, 9).Add(12*time.Hour), 0.25),
			},
			Signals: []*experimentv1.Signal{
				{Rule: "R1", Points: []int32{2}}, {Rule: "R1", Points: []int32{0}}, {Rule: "R1", Points: []int32{1}}, {Rule: "R2", Points: []int32{0, 1}},
			},
			Segments: []*experimentv1.ChartSegment{
				{FirstPoint: 0, EndPoint: 2, Limits: frozen}, {FirstPoint: 2, EndPoint: 3, Limits: &experimentv1.Limits{Centre: 30, Upper: 40, Lower: 2}},
			},
		}}
	})
}

func (w *world) strip() *retrospectivev1.FactsStrip {
	w.Helper()
	got, err := w.GetFactsStrip(w.mina(), &retrospectivev1.GetFactsStripRequest{Name: strip})
	w.must(err)
	return got
}

func TestTheFactsStrip(t *testing.T) {
	w := newWorld(t)
	w.knowing()
	w.must(w.service.Log.Do(t.Context(), func(tx *eventlog.Tx) error {
		for day, good := range map[string]int{"2026-02-22": 4, "2026-02-23": 1, "2026-03-08": 2, "2026-03-09": 4} {
			if _, err := store.GoodDays.Create(tx, &domain.GoodDay{Name: team + "/goodDays/" + day, People: 4, Good: good}, domain.GoodDayClosed); err != nil {
				return err
			}
		}
		return nil
	}))
	opened, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{})
	w.must(err)
	want := &retrospectivev1.FactsStrip{
		Name: strip, FetchTime: timestamppb.New(w.Clock.Now()), Experiments: opened.GetFacts(),
		Andons: []*retrospectivev1.AndonFact{
			{Andon: cycle + "/andons/open", Problem: "builds fail"},
			{Andon: cycle + "/andons/solved", Problem: "no disk", Resolution: "an alarm at 80 %"},
		},
		Obstacles: []*retrospectivev1.ObstacleFact{
			{Obstacle: team + "/obstacles/first", Text: "reviews wait", State: "OVERCOME"},
			{Obstacle: team + "/obstacles/last", Text: "tests are slow", State: "CURRENT"},
		},
		Capacity: &retrospectivev1.CapacityFact{PlannedPercent: 20, SpentPercent: 12.5},
		GoodDays: &retrospectivev1.GoodDayFact{Days: 2, Share: 0.375}, // the first day of the cycle and its last
		Signals: []*retrospectivev1.SignalFact{
			{Metric: wait, DisplayName: "Review wait", Text: "R1 on 2026-02-23: 45.5 is above the upper limit 38.2"},
			{Metric: wait, DisplayName: "Review wait", Text: "R2 up to 2026-02-23: 2 readings in a row are above the centre line 20"},
			{Metric: wait, DisplayName: "Review wait", Text: "R1 on 2026-03-04: 0.25 is below the lower limit 2"},
		},
	}
	got := w.strip()
	if !proto.Equal(got, want) {
		t.Errorf("facts %v, want %v", got, want)
	}
	if len(got.GetExperiments()) != 3 || got.GetExperiments()[1].GetVerdict() != "AS_PREDICTED" {
		t.Errorf("experiments %v", got.GetExperiments())
	}
}

// The cycle and its experiments are needed; each other part may be silent, which is told and leaves the others as they are.
func TestSilentPartsAreNamed(t *testing.T) {
	for method, want := range map[string]string{
		"ListAndons": "andons: the cycle service did not answer", "ListHistory": "obstacles: the cycle service did not answer",
		"ListObstacles": "obstacles: the cycle service did not answer", "SummarizeCapacity": "capacity: the cycle service did not answer",
		"ListMetrics": "signals: the experiment service did not answer", "AnalyzeMetric": "signals: the experiment service did not answer",
	} {
		t.Run(method, func(t *testing.T) {
			w := newWorld(t)
			w.knowing()
			w.set(func(o *others) { o.silent[method] = true })
			_, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{})
			w.must(err)
			got := w.strip()
			parts := 0
			for _, there := range []bool{len(got.GetAndons()) == 2, len(got.GetObstacles()) == 2, got.GetCapacity() != nil, len(got.GetSignals()) == 3} {
				if there {
					parts++
				}
			}
			if !slices.Equal(got.GetMissing(), []string{want}) || parts != 3 || len(got.GetExperiments()) != 3 {
				t.Errorf("missing %q and %d parts, want %q and 3: %v", got.GetMissing(), parts, want, got)
			}
			w.set(func(o *others) { o.silent = map[string]bool{} })
			if again, err := w.RefetchFacts(w.mina(), &retrospectivev1.RefetchFactsRequest{Name: strip}); err != nil || len(again.GetMissing()) != 0 || len(again.GetSignals()) != 3 || again.GetCapacity() == nil {
				t.Errorf("fetched again: %v, %v", again, err)
			}
		})
	}
}

func TestFactsAreFetchedAgain(t *testing.T) {
	w := newWorld(t)
	opened, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{})
	w.must(err)
	first := w.Clock.Now()
	w.knowing()
	w.set(func(o *others) {
		o.experiments = append(o.experiments[:2], concluded(swarm, experimentv1.Verdict_VERDICT_CANNOT_TELL))
	})
	if got := w.strip(); len(got.GetAndons()) != 0 || !proto.Equal(w.get(), opened) {
		t.Errorf("the facts are not frozen: %v", got)
	}
	w.Clock.Advance(time.Hour)
	w.move(decide)
	testkit.Refused(t, w.decide(swarm, adopt), fault.InvalidArgument, "EXPERIMENT_NOT_TRIED", "decision.experiment")
	req := &retrospectivev1.RefetchFactsRequest{Name: strip, RequestId: "once"}
	again, err := w.RefetchFacts(w.mina(), req)
	w.must(err)
	repeated, err := w.RefetchFacts(w.mina(), req)
	if err != nil || !proto.Equal(repeated, again) || !proto.Equal(w.strip(), again) {
		t.Errorf("repeated: %v, %v, first %v", repeated, err, again)
	}
	if len(again.GetAndons()) != 2 || !again.GetFetchTime().AsTime().Equal(w.Clock.Now()) || len(again.GetEarlierFetchTimes()) != 1 || !again.GetEarlierFetchTimes()[0].AsTime().Equal(first) {
		t.Errorf("fetched again: %v", again)
	}
	w.must(w.decide(swarm, adopt))
	if got := w.get().GetFacts(); len(got) != 3 || got[2].GetVerdict() != "CANNOT_TELL" {
		t.Errorf("facts of the retrospective: %v", got)
	}
	w.set(func(o *others) { o.silent["ListExperiments"] = true })
	_, err = w.RefetchFacts(w.mina(), &retrospectivev1.RefetchFactsRequest{Name: strip})
	testkit.Refused(t, err, fault.Unavailable, "UNAVAILABLE")
	if !proto.Equal(w.strip(), again) {
		t.Error("a refetch that failed changed the facts")
	}
}

// What earlier retrospectives agreed on comes first: what is open, then what came of the last one. Nobody is named.
func TestEarlierActionsAreTold(t *testing.T) {
	w := newWorld(t)
	hold := func(id string, actions ...string) {
		t.Helper()
		w.Clock.Advance(time.Hour)
		name := team + "/cycles/" + id + "/retrospective"
		w.set(func(o *others) {
			o.experiments = []*experimentv1.Experiment{{Name: team + "/cycles/" + id + "/experiments/x"}}
		})
		_, err := w.OpenRetrospective(w.mina(), &retrospectivev1.OpenRetrospectiveRequest{Name: name})
		w.must(err)
		for _, action := range actions {
			_, err := w.CreateAction(w.mina(), &retrospectivev1.CreateActionRequest{Parent: name, ActionId: action, Action: &retrospectivev1.Action{
				Text: action, Owner: "users/jonas", DueDate: "2026-03-20", ExpectedEffect: "effect of " + action,
			}})
			w.must(err)
		}
		_, err = w.MoveRetrospective(w.mina(), &retrospectivev1.MoveRetrospectiveRequest{Name: name, Stage: decide, CurrentStage: collect})
		w.must(err)
		_, err = w.CloseRetrospective(w.mina(), &retrospectivev1.CloseRetrospectiveRequest{
			Name: name, Learnings: []*retrospectivev1.DistilledLearning{learned(team + "/cycles/" + id + "/experiments/x")},
		})
		w.must(err)
	}
	complete := func(name string) {
		t.Helper()
		_, err := w.CompleteAction(w.mina(), &retrospectivev1.CompleteActionRequest{Name: name, Result: "it halved", Effect: retrospectivev1.ActionEffect_ACTION_EFFECT_WORKED})
		w.must(err)
	}
	first, second := team+"/cycles/w06/retrospective/actions/", team+"/cycles/w08/retrospective/actions/"
	hold("w06", "long-done", "still-open")
	complete(first + "long-done")
	hold("w08", "done", "dropped", "open")
	complete(second + "done")
	_, err := w.DropAction(w.mina(), &retrospectivev1.DropActionRequest{Name: second + "dropped", Reason: "nobody minds"})
	w.must(err)
	w.Clock.Advance(time.Hour)
	_, err = w.open(&retrospectivev1.OpenRetrospectiveRequest{})
	w.must(err)
	w.must(w.action(w.mina(), "own", "20"))
	again, err := w.RefetchFacts(w.mina(), &retrospectivev1.RefetchFactsRequest{Name: strip})
	w.must(err)
	var got []string
	for _, a := range again.GetEarlierActions() {
		got = append(got, a.GetAction()+" "+a.GetState().String()[len("ACTION_STATE_"):]+" "+a.GetEffect().String()[len("ACTION_EFFECT_"):]+" "+a.GetResult())
	}
	want := []string{
		first + "still-open OPEN UNSPECIFIED ", second + "open OPEN UNSPECIFIED ", second + "done DONE WORKED it halved", second + "dropped DROPPED UNSPECIFIED nobody minds",
	}
	if !slices.Equal(got, want) {
		t.Errorf("earlier actions %q, want %q", got, want)
	}
}
