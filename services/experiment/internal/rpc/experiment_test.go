package rpc_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// plan is an experiment that lacks nothing.
func plan() *experimentv1.Experiment {
	return &experimentv1.Experiment{
		DisplayName: "Review rota", Obstacle: obstacle, SafeToFail: "We can go back any day.",
		Prediction: &experimentv1.Prediction{
			Change: "one person reviews all day", Metric: wait, BaselineValue: new(42.0), ExpectedValue: new(30.0),
			ByDate: "2026-06-12", Reason: "nobody waits for somebody to look", ConfidencePercent: 70,
			Falsification: "Reviews still wait 40 h in the second week",
		},
	}
}

func (w *world) draft(id string, e *experimentv1.Experiment) *experimentv1.Experiment {
	w.t.Helper()
	return ok[*experimentv1.Experiment](w.t)(w.client.CreateExperiment(w.member(), &experimentv1.CreateExperimentRequest{Parent: cycle, ExperimentId: id, Experiment: e}))
}

func (w *world) get(name string) *experimentv1.Experiment {
	w.t.Helper()
	return ok[*experimentv1.Experiment](w.t)(w.client.GetExperiment(w.member(), &experimentv1.GetExperimentRequest{Name: name}))
}

func TestDraft(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
		created := w.draft("review-rota", plan())
		want := plan()
		want.Name, want.State, want.Etag = rota, experimentv1.ExperimentState_EXPERIMENT_STATE_DRAFT, created.GetEtag()
		want.CreateTime, want.UpdateTime = created.GetCreateTime(), created.GetUpdateTime()
		want.Prediction.Sentence = "If one person reviews all day, then Review wait goes to 30 h by 2026-06-12, because nobody waits for somebody to look."
		if !proto.Equal(created, want) {
			t.Errorf("created %v\nwant %v", created, want)
		}
		if got := w.get(rota); !proto.Equal(got, created) {
			t.Errorf("got %v", got)
		}
		_, err := w.client.CreateExperiment(w.member(), &experimentv1.CreateExperimentRequest{Parent: cycle, ExperimentId: "review-rota", Experiment: plan()})
		wantFault(t, err, fault.AlreadyExists, "EXPERIMENT_ALREADY_EXISTS")
		// An idea without any plan is a draft too.
		idea := w.draft("", &experimentv1.Experiment{DisplayName: "An idea"})
		if idea.GetPrediction() != nil || !strings.HasPrefix(idea.GetName(), cycle+"/experiments/") {
			t.Errorf("idea %v", idea)
		}
		list := ok[*experimentv1.ListExperimentsResponse](t)(w.client.ListExperiments(w.member(), &experimentv1.ListExperimentsRequest{Parent: cycle}))
		if got := list.GetExperiments(); len(got) != 2 || !proto.Equal(got[0], idea) || !proto.Equal(got[1], created) {
			t.Errorf("listed %v", got)
		}
		if got := w.events(); !slices.Equal(got, []string{"MetricCreated", "ExperimentDrafted", "ExperimentDrafted"}) {
			t.Errorf("events %v", got)
		}
	})
}

// What waits for its start can be planned already.
func TestDraftInADraftedCycle(t *testing.T) {
	w := newWorld(t, db.SQLite)
	drafted := ok[*experimentv1.Experiment](t)(w.client.CreateExperiment(w.member(), &experimentv1.CreateExperimentRequest{
		Parent: team + "/cycles/2026-w25", ExperimentId: "early", Experiment: plan(),
	}))
	if drafted.GetState() != experimentv1.ExperimentState_EXPERIMENT_STATE_DRAFT {
		t.Errorf("drafted %v", drafted)
	}
}

func TestDraftRefuses(t *testing.T) {
	w := newWorld(t, db.SQLite)
	for name, c := range map[string]struct {
		edit   func(*experimentv1.CreateExperimentRequest)
		kind   fault.Kind
		reason string
		want   []string
	}{
		"a cycle that is not there": {
			func(r *experimentv1.CreateExperimentRequest) { r.Parent = team + "/cycles/none" }, fault.NotFound, "CYCLE_NOT_FOUND", nil,
		},
		"a cycle that has ended": {
			func(r *experimentv1.CreateExperimentRequest) { r.Parent = team + "/cycles/2026-w21" }, fault.FailedPrecondition, "CYCLE_NOT_ACTIVE", nil,
		},
		"a blank name": {
			func(r *experimentv1.CreateExperimentRequest) { r.Experiment.DisplayName = " " }, fault.InvalidArgument, "EXPERIMENT_INVALID",
			[]string{"experiment.display_name REQUIRED"},
		},
		"things of another team": {
			func(r *experimentv1.CreateExperimentRequest) {
				r.Experiment.Obstacle, r.Experiment.Prediction.Metric = "teams/search/obstacles/o", "teams/search/metrics/m"
			}, fault.InvalidArgument, "EXPERIMENT_INVALID", []string{"experiment.obstacle OTHER_TEAM", "experiment.prediction.metric OTHER_TEAM"},
		},
		"a name that is none": {
			func(r *experimentv1.CreateExperimentRequest) { r.Experiment.Obstacle = "reviews wait" }, fault.InvalidArgument, "VALIDATION_FAILED",
			[]string{"experiment.obstacle RESOURCE_NAME_MALFORMED"},
		},
		"a day that is none": {
			func(r *experimentv1.CreateExperimentRequest) { r.Experiment.Prediction.ByDate = "in June" }, fault.InvalidArgument, "VALIDATION_FAILED",
			[]string{"experiment.prediction.by_date STRING_PATTERN"},
		},
		"a cycle of another team": {
			func(r *experimentv1.CreateExperimentRequest) { r.Parent = "teams/search/cycles/2026-w23" }, fault.PermissionDenied, "PERMISSION_DENIED", nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			req := &experimentv1.CreateExperimentRequest{Parent: cycle, Experiment: plan()}
			c.edit(req)
			_, err := w.client.CreateExperiment(w.member(), req)
			wantFault(t, err, c.kind, c.reason, c.want...)
		})
	}
	if got := w.events(); got != nil {
		t.Errorf("events %v", got)
	}
}

// Without the cycle service nothing can be drafted, but what was answered before is answered again.
func TestDraftWhileTheCycleServiceIsDown(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		req := &experimentv1.CreateExperimentRequest{Parent: cycle, Experiment: plan(), RequestId: "k1"}
		first := ok[*experimentv1.Experiment](t)(w.client.CreateExperiment(w.member(), req))
		w.cycles.down = true
		again := ok[*experimentv1.Experiment](t)(w.client.CreateExperiment(w.member(), req))
		if !proto.Equal(first, again) {
			t.Errorf("answered %v, then %v", first, again)
		}
		req.RequestId = "k2"
		_, err := w.client.CreateExperiment(w.member(), req)
		wantFault(t, err, fault.Unavailable, "DATABASE_BUSY")
	})
}

func mask(paths ...string) *fieldmaskpb.FieldMask { return &fieldmaskpb.FieldMask{Paths: paths} }

func TestUpdate(t *testing.T) {
	w := newWorld(t, db.SQLite)
	w.draft("review-rota", plan())
	change := &experimentv1.Experiment{Name: rota, DisplayName: "Rota", Prediction: &experimentv1.Prediction{
		Change: "two people review", ConfidencePercent: 55, ExpectedUpperValue: new(36.5),
	}}
	for _, c := range []struct {
		name string
		mask *fieldmaskpb.FieldMask
		want func(e *experimentv1.Experiment) // from what it was before
	}{
		{"one field", mask("display_name"), func(e *experimentv1.Experiment) { e.DisplayName = "Rota" }},
		{"a field of the prediction", mask("prediction.change"), func(e *experimentv1.Experiment) { e.Prediction.Change = "two people review" }},
		{"what is set, when nothing is said", nil, func(e *experimentv1.Experiment) {
			e.Prediction.ConfidencePercent, e.Prediction.ExpectedUpperValue = 55, new(36.5)
		}},
		{"a field is emptied", mask("safe_to_fail"), func(e *experimentv1.Experiment) { e.SafeToFail = "" }},
		{"what the server owns is passed over", mask("name", "state", "etag", "prediction.sentence", "display_name"), func(e *experimentv1.Experiment) { e.DisplayName = "Rota" }},
		{"what would prove it wrong", mask("prediction.falsification"), func(e *experimentv1.Experiment) { e.Prediction.Falsification = "" }},
		{"a range", mask("prediction.expected_upper_value"), func(e *experimentv1.Experiment) { e.Prediction.ExpectedUpperValue = new(36.5) }},
		{"the whole prediction", mask("prediction"), func(e *experimentv1.Experiment) {
			e.Prediction = &experimentv1.Prediction{Change: "two people review", ConfidencePercent: 55, ExpectedUpperValue: new(36.5)}
		}},
		{"everything", mask("*"), func(e *experimentv1.Experiment) { e.Obstacle = "" }},
	} {
		want := w.get(rota)
		c.want(want)
		changed := !proto.Equal(want, w.get(rota))
		got := ok[*experimentv1.Experiment](t)(w.client.UpdateExperiment(w.member(), &experimentv1.UpdateExperimentRequest{Experiment: change, UpdateMask: c.mask}))
		if (got.GetEtag() != want.GetEtag()) != changed {
			t.Errorf("%s: etag %s after %s", c.name, got.GetEtag(), want.GetEtag())
		}
		want.Etag, want.UpdateTime = got.GetEtag(), got.GetUpdateTime()
		if want.Prediction != nil {
			want.Prediction.Sentence = got.GetPrediction().GetSentence()
		}
		if !proto.Equal(got, want) || !proto.Equal(w.get(rota), got) {
			t.Errorf("%s: got %v\nwant %v", c.name, got, want)
		}
	}
	if got := w.events(); len(got) != 8 || got[7] != "ExperimentUpdated" {
		t.Errorf("events %v", got)
	}
}

func TestUpdateRefuses(t *testing.T) {
	w := newWorld(t, db.SQLite)
	old := w.draft("review-rota", plan()).GetEtag()
	change := func(e *experimentv1.Experiment, etag string, m *fieldmaskpb.FieldMask) error {
		e.Name = rota
		_, err := w.client.UpdateExperiment(w.member(), &experimentv1.UpdateExperimentRequest{Experiment: e, Etag: etag, UpdateMask: m})
		return err
	}
	if err := change(&experimentv1.Experiment{DisplayName: "Rota"}, old, nil); err != nil {
		t.Fatal(err)
	}
	current := w.get(rota).GetEtag()
	f := wantFault(t, change(&experimentv1.Experiment{DisplayName: "R"}, old, nil), fault.Aborted, "ETAG_MISMATCH")
	if f.Metadata["current_etag"] != current {
		t.Errorf("metadata %v, current %s", f.Metadata, current)
	}
	wantFault(t, change(&experimentv1.Experiment{DisplayName: "R", Etag: old}, "", nil), fault.Aborted, "ETAG_MISMATCH")
	if err := change(&experimentv1.Experiment{DisplayName: "R", Etag: old}, current, nil); err != nil {
		t.Errorf("the etag of the request goes before the one in the body: %v", err)
	}
	wantFault(t, change(&experimentv1.Experiment{DisplayName: "R"}, "", mask("colour")), fault.InvalidArgument, "FIELD_NOT_UPDATABLE", "update_mask FIELD_NOT_UPDATABLE")
	wantFault(t, change(&experimentv1.Experiment{DisplayName: " "}, "", nil), fault.InvalidArgument, "EXPERIMENT_INVALID", "experiment.display_name REQUIRED")
	_, err := w.client.UpdateExperiment(w.member(), &experimentv1.UpdateExperimentRequest{Experiment: &experimentv1.Experiment{Name: cycle + "/experiments/none", DisplayName: "x"}})
	wantFault(t, err, fault.NotFound, "EXPERIMENT_NOT_FOUND")
}
