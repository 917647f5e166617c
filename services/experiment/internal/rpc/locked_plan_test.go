package rpc_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

// No sequence of calls and imports changes what a locked plan says or its hash, and the hash is what anybody computes from
// the answer.
func TestNoSequenceOfCallsChangesALockedPlan(t *testing.T) {
	w := measured(t, db.SQLite)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		n++
		name := cycle + fmt.Sprintf("/experiments/e%d", n)
		e := plan()
		if rapid.Bool().Draw(rt, "range") {
			e.Prediction.ExpectedUpperValue = new(34.5)
		}
		if rapid.Bool().Draw(rt, "learning") {
			e.Learning = tried
		}
		w.draft(fmt.Sprintf("e%d", n), e)
		locked := ok[*experimentv1.Experiment](t)(w.lock(name))
		if want := hashOf(t, locked); locked.GetPlanHash() != want {
			rt.Fatalf("hash %s, want %s", locked.GetPlanHash(), want)
		}
		for range rapid.IntRange(1, 12).Draw(rt, "calls") {
			what := rapid.SampledFrom([]string{"update", "lock", "amend", "start", "import", "conclude", "abandon"}).Draw(rt, "call")
			if err := w.tryToChange(rt, name, what); err != nil && rpcserver.FromStatus(err).Reason == "" {
				rt.Fatalf("%s was refused without a reason: %v", what, err)
			}
			now := w.get(name)
			if !proto.Equal(now.GetPrediction(), locked.GetPrediction()) || now.GetSafeToFail() != locked.GetSafeToFail() || now.GetObstacle() != locked.GetObstacle() || now.GetLearning() != locked.GetLearning() ||
				now.GetDisplayName() != locked.GetDisplayName() || now.GetPlanHash() != locked.GetPlanHash() || !proto.Equal(now.GetLockTime(), locked.GetLockTime()) {
				rt.Fatalf("%s changed the locked plan: %v", what, now)
			}
		}
		_, _ = w.abandon(name, "The next one.") // unless it has ended
	})
}

// tryToChange calls something that might touch a plan, with contents that may or may not suit it.
func (w *world) tryToChange(t *rapid.T, name, what string) (err error) {
	w.clock.add(time.Minute)
	text := rapid.SampledFrom([]string{"28.5", "else", "2026-06-15", "55"}).Draw(t, "text")
	switch what {
	case "update":
		_, err = w.client.UpdateExperiment(w.member(), &experimentv1.UpdateExperimentRequest{Experiment: &experimentv1.Experiment{
			Name: name, DisplayName: text, SafeToFail: text, Learning: otherTried, Prediction: &experimentv1.Prediction{Change: text, ExpectedValue: new(1.0), Falsification: text},
		}})
	case "lock":
		_, err = w.lock(name)
	case "amend":
		field := experimentv1.PlanField(rapid.IntRange(1, 8).Draw(t, "field"))
		_, err = w.client.AmendExperiment(w.member(), &experimentv1.AmendExperimentRequest{
			Name: name, Text: "why", Changes: []*experimentv1.PlanChange{{Field: field, After: text}},
		})
	case "start":
		_, err = w.start(name)
	case "import":
		_, err = w.client.ImportMeasurements(w.member(), &experimentv1.ImportMeasurementsRequest{Name: wait, Measurements: []*experimentv1.Measurement{{
			Time: timestamppb.New(w.clock.Now()), Value: new(rapid.Float64Range(0, 99).Draw(t, "value")),
		}}})
	case "conclude":
		_, err = w.conclude(name, 0, "")
	case "abandon":
		_, err = w.abandon(name, "no use")
	}
	return err
}

// hashOf computes the hash of a plan from an answer. encoding/json sorts the members of a map, and writes plain texts and
// numbers as RFC 8785 does.
func hashOf(t *testing.T, e *experimentv1.Experiment) string {
	t.Helper()
	p := e.GetPrediction()
	plan := map[string]any{
		"baselineValue": p.GetBaselineValue(), "byDate": p.GetByDate(), "change": p.GetChange(), "confidencePercent": p.GetConfidencePercent(),
		"displayName": e.GetDisplayName(), "expectedValue": p.GetExpectedValue(), "falsification": p.GetFalsification(), "metric": p.GetMetric(),
		"name": e.GetName(), "obstacle": e.GetObstacle(), "reason": p.GetReason(), "safeToFail": e.GetSafeToFail(),
	}
	if p.ExpectedUpperValue != nil {
		plan["expectedUpperValue"] = p.GetExpectedUpperValue()
	}
	if e.GetLearning() != "" {
		plan["learning"] = e.GetLearning()
	}
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(plan); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(bytes.TrimSpace(text.Bytes()))
	return hex.EncodeToString(sum[:])
}
