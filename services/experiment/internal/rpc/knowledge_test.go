package rpc_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	knowledgev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/knowledge/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const (
	tried      = "learnings/search-rota-0f3a91c2"
	otherTried = "learnings/search-pairs-11c02aa7"
)

// knowledge is a knowledge service that knows a few learnings.
type knowledge struct {
	knowledgev1.UnimplementedKnowledgeServiceServer
	mu   sync.Mutex
	near []*knowledgev1.Suggestion
	// learnings are known beside tried and otherTried, which are published.
	learnings map[string]knowledgev1.LearningState
	// err refuses everything; hang lets everything wait until the caller gives up.
	err  error
	hang bool
	// asked are the questions so far.
	asked []*knowledgev1.SuggestLearningsRequest
}

func (k *knowledge) SuggestLearnings(ctx context.Context, req *knowledgev1.SuggestLearningsRequest) (*knowledgev1.SuggestLearningsResponse, error) {
	if err := k.refuse(ctx); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.asked = append(k.asked, proto.CloneOf(req))
	return &knowledgev1.SuggestLearningsResponse{Suggestions: k.near}, nil
}

func (k *knowledge) GetLearning(ctx context.Context, req *knowledgev1.GetLearningRequest) (*knowledgev1.Learning, error) {
	if err := k.refuse(ctx); err != nil {
		return nil, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	state, known := k.learnings[req.GetName()]
	switch name := req.GetName(); {
	case name == tried || name == otherTried:
		state = knowledgev1.LearningState_LEARNING_STATE_PUBLISHED
	case !known:
		return nil, fault.New(fault.NotFound, "LEARNING_NOT_FOUND", "There is no such learning.")
	}
	return &knowledgev1.Learning{Name: req.GetName(), State: state}, nil
}

func (k *knowledge) refuse(ctx context.Context) error {
	switch {
	case caller.From(ctx).Anonymous():
		return errors.New("asked without the caller's token")
	case k.hang:
		<-ctx.Done()
		return ctx.Err()
	}
	return k.err
}

// suggestion is a learning of another team that is near, with one reason.
func suggestion(name string) *knowledgev1.Suggestion {
	return &knowledgev1.Suggestion{
		Refuted: true, Reasons: []*knowledgev1.SuggestionReason{{Text: "Both say review, wait."}},
		Learning: &knowledgev1.Learning{
			Name: name, Claim: "A rota ends the waiting.", Team: "teams/search", Experiment: "teams/search/cycles/c/experiments/e",
			Grade: &knowledgev1.Grade{Level: knowledgev1.GradeLevel_GRADE_LEVEL_REPLICATED, Replications: 2},
		},
	}
}

func (w *world) update(e *experimentv1.Experiment, paths ...string) (*experimentv1.Experiment, error) {
	e.Name = rota
	return w.client.UpdateExperiment(w.member(), &experimentv1.UpdateExperimentRequest{Experiment: e, UpdateMask: mask(paths...)})
}

func TestADraftShowsWhatIsNear(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		own := suggestion("learnings/own")
		own.Learning.Experiment = rota
		w.knowledge.near = []*knowledgev1.Suggestion{suggestion(tried), own}
		want := &experimentv1.NearLearning{
			Learning: tried, Claim: "A rota ends the waiting.", Team: "teams/search", Grade: "replicated in 2 independent teams", Refuted: true,
			Reasons: []string{"Both say review, wait."},
		}
		check := func(what string, e *experimentv1.Experiment) {
			t.Helper()
			if near := e.GetNearLearnings(); len(near) != 1 || !proto.Equal(near[0], want) || e.GetNearLearningsMissingReason() != "" {
				t.Errorf("%s shows %v, %q", what, near, e.GetNearLearningsMissingReason())
			}
		}
		e := plan()
		e.Prediction.Change = strings.Repeat("ä", 1000)
		e.Prediction.Reason = strings.Repeat("ö", 1000)
		check("drafting", w.draft("review-rota", e))
		updated, err := w.update(&experimentv1.Experiment{Prediction: &experimentv1.Prediction{Change: "two people review"}}, "prediction.change")
		check("changing", ok[*experimentv1.Experiment](t)(updated, err))
		w.draft("idea", &experimentv1.Experiment{DisplayName: "An idea"})
		for i, text := range []string{
			strings.Repeat("ä", 1000) + "\n" + strings.Repeat("ö", 999), "two people review\n" + strings.Repeat("ö", 1000), "An idea",
		} {
			asked := w.knowledge.asked[i]
			if asked.GetText() != text || asked.GetTeam() != team || asked.GetExperiment() != "" || asked.GetObstacle() != []string{obstacle, obstacle, ""}[i] {
				t.Errorf("question %d is %v", i, asked)
			}
		}
		if got := w.get(rota); got.GetNearLearnings() != nil || got.GetNearLearningsMissingReason() != "" {
			t.Errorf("what was near is kept: %v", got)
		}
	})
}

// However the knowledge service fails, the draft is saved as ever, and its answer says that nobody looked.
func TestTheKnowledgeServiceIsNeverInTheWay(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*knowledge)
		want string
	}{
		"it hangs": {func(k *knowledge) { k.hang = true }, "did not answer in time"},
		"it is down": {
			func(k *knowledge) { k.err = fault.New(fault.Unavailable, "DATABASE_BUSY", "The database is busy.") }, "did not answer in time",
		},
		"it fails": {func(k *knowledge) { k.err = errors.New("a bug") }, "did not answer in time"},
		"it refuses": {
			func(k *knowledge) {
				k.err = fault.New(fault.NotFound, "OBSTACLE_NOT_FOUND", "There is no such obstacle.")
			},
			"tried before: There is no such obstacle. The draft is saved.",
		},
		"it answers": {func(*knowledge) {}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, db.SQLite)
			w.knowledge.near = []*knowledgev1.Suggestion{suggestion(tried)}
			c.set(w.knowledge)
			ctx, cancel := context.WithTimeout(w.member(), time.Minute) // no measure: a call that waits for ever fails here
			defer cancel()
			created := ok[*experimentv1.Experiment](t)(w.client.CreateExperiment(ctx, &experimentv1.CreateExperimentRequest{
				Parent: cycle, ExperimentId: "review-rota", Experiment: plan(),
			}))
			updated := ok[*experimentv1.Experiment](t)(w.update(&experimentv1.Experiment{DisplayName: "Rota"}, "display_name"))
			for _, e := range []*experimentv1.Experiment{created, updated} {
				answered := c.want == ""
				if reason := e.GetNearLearningsMissingReason(); !strings.Contains(reason, c.want) || answered != (reason == "") || answered != (len(e.GetNearLearnings()) == 1) {
					t.Errorf("says %q and shows %v", reason, e.GetNearLearnings())
				}
			}
			if got := w.get(rota); got.GetDisplayName() != "Rota" || got.GetPrediction().GetChange() != plan().GetPrediction().GetChange() {
				t.Errorf("saved %v", got)
			}
			if got := w.events(); len(got) != 2 {
				t.Errorf("events %v", got)
			}
		})
	}
}

func TestALearningIsTriedAgain(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		ok[*experimentv1.Metric](t)(w.client.CreateMetric(w.member(), waitMetric("review-wait")))
		w.knowledge.learnings = map[string]knowledgev1.LearningState{
			"learnings/draft": knowledgev1.LearningState_LEARNING_STATE_DRAFT, "learnings/retired": knowledgev1.LearningState_LEARNING_STATE_RETIRED,
		}
		e := plan()
		e.Learning = tried
		created := w.draft("review-rota", e)
		if created.GetLearning() != tried || w.get(rota).GetLearning() != tried {
			t.Errorf("drafted %v", created)
		}
		for _, name := range []string{"learnings/retired", "", otherTried} {
			got := ok[*experimentv1.Experiment](t)(w.update(&experimentv1.Experiment{Learning: name}, "learning"))
			if got.GetLearning() != name || got.GetDisplayName() != plan().GetDisplayName() {
				t.Errorf("changed to %q: %v", name, got)
			}
		}
		locked := ok[*experimentv1.Experiment](t)(w.lock(rota))
		if locked.GetLearning() != otherTried || locked.GetPlanHash() != hashOf(t, locked) {
			t.Errorf("locked %v", locked)
		}
		_, err := w.update(&experimentv1.Experiment{Learning: tried}, "learning")
		wantFault(t, err, fault.FailedPrecondition, "PLAN_LOCKED")
		if got := w.get(rota); got.GetLearning() != otherTried || got.GetPlanHash() != locked.GetPlanHash() {
			t.Errorf("changed after the lock: %v", got)
		}
	})
}

func TestALearningThatCannotBeTriedAgain(t *testing.T) {
	w := newWorld(t, db.SQLite)
	w.knowledge.learnings = map[string]knowledgev1.LearningState{"learnings/draft": knowledgev1.LearningState_LEARNING_STATE_DRAFT}
	w.draft("review-rota", plan())
	for name, reason := range map[string]string{"learnings/none": "LEARNING_NOT_FOUND", "learnings/draft": "LEARNING_NOT_PUBLISHED"} {
		e := plan()
		e.Learning = name
		_, err := w.client.CreateExperiment(w.member(), &experimentv1.CreateExperimentRequest{Parent: cycle, ExperimentId: "second", Experiment: e})
		wantFault(t, err, fault.InvalidArgument, reason, "experiment.learning "+reason)
		_, err = w.update(&experimentv1.Experiment{Learning: name}, "learning")
		wantFault(t, err, fault.InvalidArgument, reason, "experiment.learning "+reason)
	}
	_, err := w.update(&experimentv1.Experiment{Learning: "teams/payments/obstacles/o"}, "learning")
	wantFault(t, err, fault.InvalidArgument, "VALIDATION_FAILED")
	if got := w.get(rota); got.GetLearning() != "" {
		t.Errorf("saved all the same: %v", got)
	}
	// Whoever cannot be asked is believed; what was said before is not asked again.
	w.knowledge.hang = true
	got := ok[*experimentv1.Experiment](t)(w.update(&experimentv1.Experiment{Learning: "learnings/none"}, "learning"))
	if got.GetLearning() != "learnings/none" {
		t.Errorf("saved %v", got)
	}
	w.knowledge.hang = false
	ok[*experimentv1.Experiment](t)(w.update(&experimentv1.Experiment{DisplayName: "Rota"}, "display_name"))
}

// A repeated request gets its first answer, whatever became of the learning.
func TestDraftAgainAfterTheLearningIsGone(t *testing.T) {
	w := newWorld(t, db.SQLite)
	w.knowledge.learnings = map[string]knowledgev1.LearningState{"learnings/old": knowledgev1.LearningState_LEARNING_STATE_PUBLISHED}
	w.knowledge.near = []*knowledgev1.Suggestion{suggestion(tried)}
	e := plan()
	e.Learning = "learnings/old"
	req := &experimentv1.CreateExperimentRequest{Parent: cycle, Experiment: e, RequestId: "k1"}
	first := ok[*experimentv1.Experiment](t)(w.client.CreateExperiment(w.member(), req))
	w.knowledge.learnings, w.knowledge.near = nil, nil
	if again := ok[*experimentv1.Experiment](t)(w.client.CreateExperiment(w.member(), req)); !proto.Equal(first, again) || len(first.GetNearLearnings()) != 1 {
		t.Errorf("answered %v, then %v", first, again)
	}
}
