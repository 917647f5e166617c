package rpc_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/structpb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// gameDay is a game day that lacks nothing.
func gameDay(expected experimentv1.GameDayPrediction) *experimentv1.Experiment {
	e := plan()
	e.Prediction.Metric, e.Prediction.BaselineValue, e.Prediction.ExpectedValue = "", nil, nil
	e.GameDay = &experimentv1.GameDay{
		SteadyState: &experimentv1.SteadyState{Hypothesis: "Checkout answers within 300 ms", Probe: "p95 of /checkout", Upper: new(300.0)}, Prediction: expected,
		Method: "Stop one replica", BlastRadius: "One of six replicas", AbortCondition: "More than 1 % errors for a minute", Rollback: "Start it again",
	}
	return e
}

// journal is one of the journals that the domain is tested by.
func journal(t testing.TB, file string) *structpb.Struct {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "domain", "testdata", "journals", file+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var s structpb.Struct
	if err := protojson.Unmarshal(text, &s); err != nil {
		t.Fatal(err)
	}
	return &s
}

func (w *world) importJournal(file string) (*experimentv1.Experiment, error) {
	w.t.Helper()
	return w.client.ImportJournal(w.member(), &experimentv1.ImportJournalRequest{Name: rota, Journal: journal(w.t, file)})
}

func TestAGameDay(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		drafted := w.draft("review-rota", gameDay(experimentv1.GameDayPrediction_GAME_DAY_PREDICTION_HOLDS))
		if !proto.Equal(drafted.GetGameDay(), gameDay(experimentv1.GameDayPrediction_GAME_DAY_PREDICTION_HOLDS).GetGameDay()) {
			t.Errorf("drafted %v", drafted.GetGameDay())
		}
		locked := ok[*experimentv1.Experiment](t)(w.lock(rota))
		_, err := w.importJournal("completed")
		wantFault(t, err, fault.FailedPrecondition, "EXPERIMENT_NOT_RUNNING")
		ok[*experimentv1.Experiment](t)(w.start(rota))
		_, err = w.conclude(rota, 0, "")
		wantFault(t, err, fault.FailedPrecondition, "JOURNAL_MISSING")
		first := ok[*experimentv1.Experiment](t)(w.importJournal("deviated"))
		j := first.GetGameDay().GetJournal()
		if !j.GetWeaknessFound() || j.GetSuggestedVerdict() != experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED || j.GetSuggestedReason() == "" || !j.GetDeviated() ||
			j.GetStatus() != "failed" || j.GetAfter() == nil || j.GetAfter().GetMet() || len(j.GetActivities()) != 1 || first.GetPlanHash() != locked.GetPlanHash() {
			t.Errorf("journal %v", j)
		}
		w.clock.add(time.Hour)
		if again := ok[*experimentv1.Experiment](t)(w.importJournal("deviated")); !proto.Equal(again, first) {
			t.Errorf("the same again: %v", again)
		}
		concluded := ok[*experimentv1.Experiment](t)(w.conclude(rota, 0, ""))
		if o := concluded.GetOutcome(); o.GetVerdict() != experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED || !o.GetSurprise() || o.Readings != nil || o.ActualValue != nil || o.WindowEnd != nil {
			t.Errorf("outcome %v", o)
		}
		if again := ok[*experimentv1.Experiment](t)(w.importJournal("deviated")); !proto.Equal(again, concluded) {
			t.Errorf("the same after the end: %v", again)
		}
		_, err = w.importJournal("completed")
		wantFault(t, err, fault.FailedPrecondition, "EXPERIMENT_ENDED")
		want := []string{"ExperimentDrafted", "ExperimentLocked", "ExperimentStarted", "JournalImported", "ExperimentConcluded"}
		if got := w.events(); !slices.Equal(got, want) {
			t.Errorf("events %v", got)
		}
	})
}

// Nothing that a journal drops is in an answer, in the database's document or in an event.
func TestJournalLeavesNoSecret(t *testing.T) {
	w := newWorld(t, db.SQLite)
	w.draft("review-rota", gameDay(experimentv1.GameDayPrediction_GAME_DAY_PREDICTION_BREAKS))
	ok[*experimentv1.Experiment](t)(w.lock(rota))
	ok[*experimentv1.Experiment](t)(w.start(rota))
	req := &experimentv1.ImportJournalRequest{Name: rota, Journal: journal(t, "completed"), RequestId: "k1"}
	answer := ok[*experimentv1.Experiment](t)(w.client.ImportJournal(w.member(), req))
	if j := answer.GetGameDay().GetJournal(); j.GetSuggestedVerdict() != experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED || j.GetWeaknessFound() {
		t.Errorf("expected to break, and held: %v", j)
	}
	docs, err := db.All[string](t.Context(), w.log.DB().Read(), "select doc from experiments")
	if err != nil || len(docs) != 1 {
		t.Fatal(err, docs)
	}
	w.events() // numbers them
	records, err := w.log.List(t.Context(), 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{docs[0], protojson.Format(answer)}
	for _, r := range records {
		texts = append(texts, string(r.Data))
	}
	for _, text := range texts {
		if strings.Contains(text, "s3cr3t") || strings.Contains(text, "runner-7") {
			t.Errorf("kept %s", text)
		}
	}
}

func TestGameDayQuestions(t *testing.T) {
	w := newWorld(t, db.SQLite)
	e := gameDay(experimentv1.GameDayPrediction_GAME_DAY_PREDICTION_HOLDS)
	w.draft("review-rota", e)
	_, err := w.client.UpdateExperiment(w.member(), &experimentv1.UpdateExperimentRequest{
		Experiment: &experimentv1.Experiment{Name: rota, GameDay: &experimentv1.GameDay{Method: "Stop one replica"}}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"game_day"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.lock(rota)
	wantFault(t, err, fault.FailedPrecondition, "PLAN_INCOMPLETE", "game_day.steady_state.hypothesis STEADY_STATE_MISSING", "game_day.steady_state.probe PROBE_MISSING",
		"game_day.prediction GAME_DAY_PREDICTION_MISSING", "game_day.blast_radius BLAST_RADIUS_MISSING", "game_day.abort_condition ABORT_CONDITION_MISSING", "game_day.rollback ROLLBACK_MISSING")
}

func TestImportJournalRefuses(t *testing.T) {
	w := running(t, db.SQLite)
	_, err := w.importJournal("completed")
	wantFault(t, err, fault.FailedPrecondition, "NOT_A_GAME_DAY")
	call := func(object map[string]any) error {
		s, err := structpb.NewStruct(object)
		if err != nil {
			t.Fatal(err)
		}
		_, err = w.client.ImportJournal(w.member(), &experimentv1.ImportJournalRequest{Name: rota, Journal: s})
		return err
	}
	wantFault(t, call(map[string]any{"status": "completed", "run": []any{map[string]any{"status": 3.0}}}), fault.InvalidArgument, "JOURNAL_INVALID", "journal.run[0].status JOURNAL_INVALID")
	wantFault(t, call(map[string]any{"status": "completed", "run": strings.Repeat("x", 1<<20)}), fault.InvalidArgument, "JOURNAL_TOO_LARGE", "journal JOURNAL_TOO_LARGE")
	// Numbers take more room on the wire than in the file, which is what counts.
	wantFault(t, call(map[string]any{"status": "completed", "run": []any{}, "numbers": slices.Repeat([]any{1.0}, 500_000)}), fault.FailedPrecondition, "NOT_A_GAME_DAY")
	_, err = w.client.ImportJournal(w.member(), &experimentv1.ImportJournalRequest{Name: rota})
	wantFault(t, err, fault.InvalidArgument, "VALIDATION_FAILED")
	_, err = w.client.ImportJournal(w.stranger(), &experimentv1.ImportJournalRequest{Name: rota, Journal: journal(t, "completed")})
	wantFault(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
}

// Parts of a game day can be changed one by one, and it can become none again.
func TestUpdateAGameDay(t *testing.T) {
	w := newWorld(t, db.SQLite)
	w.draft("review-rota", gameDay(experimentv1.GameDayPrediction_GAME_DAY_PREDICTION_HOLDS))
	update := func(g *experimentv1.GameDay, paths ...string) *experimentv1.GameDay {
		t.Helper()
		req := &experimentv1.UpdateExperimentRequest{Experiment: &experimentv1.Experiment{Name: rota, GameDay: g}}
		if len(paths) > 0 {
			req.UpdateMask = &fieldmaskpb.FieldMask{Paths: paths}
		}
		return ok[*experimentv1.Experiment](t)(w.client.UpdateExperiment(w.member(), req)).GetGameDay()
	}
	want := gameDay(experimentv1.GameDayPrediction_GAME_DAY_PREDICTION_HOLDS).GetGameDay()
	want.Method = "Stop two replicas"
	if got := update(&experimentv1.GameDay{Method: "Stop two replicas"}); !proto.Equal(got, want) {
		t.Errorf("what is set: %v", got)
	}
	want.SteadyState.Upper, want.Rollback = new(250.0), ""
	changed := &experimentv1.GameDay{SteadyState: &experimentv1.SteadyState{Upper: new(250.0)}, Method: "not meant"}
	if got := update(changed, "game_day.steady_state.upper", "game_day.rollback"); !proto.Equal(got, want) {
		t.Errorf("what is named: %v", got)
	}
	if got := update(nil, "game_day"); got != nil {
		t.Errorf("none again: %v", got)
	}
	if got := update(nil, "game_day.method", "game_day"); got != nil {
		t.Errorf("still none: %v", got)
	}
	if got := update(&experimentv1.GameDay{Method: "Stop one"}); got.GetMethod() != "Stop one" {
		t.Errorf("one again: %v", got)
	}
}
