package domain

import (
	"reflect"
	"strings"
	"testing"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func TestWhoMayStart(t *testing.T) {
	const one, two = "teams/payments/cycles/2026-w23/experiments/one", "teams/payments/cycles/2026-w23/experiments/two"
	for name, c := range map[string]struct {
		start  Starting
		reason string // "" means that it starts
		kept   string
	}{
		"alone":                        {Starting{Phase: PhaseDo}, "", ""},
		"alone, and nobody has to ask": {Starting{Phase: PhaseDo, CoachReason: "two at once", Coach: true}, "", ""},
		"in PLAN":                      {Starting{Phase: PhasePlan, CoachReason: "two at once", Coach: true}, "CYCLE_NOT_IN_DO", ""},
		"in CHECK":                     {Starting{Phase: "CHECK"}, "CYCLE_NOT_IN_DO", ""},
		"after the cycle":              {Starting{}, "CYCLE_NOT_IN_DO", ""},
		"a second one":                 {Starting{Phase: PhaseDo, Running: []string{one}}, "EXPERIMENT_ALREADY_RUNNING", ""},
		"a coach without a reason":     {Starting{Phase: PhaseDo, Running: []string{one}, CoachReason: " ", Coach: true}, "EXPERIMENT_ALREADY_RUNNING", ""},
		"a reason without a coach":     {Starting{Phase: PhaseDo, Running: []string{one}, CoachReason: "two at once"}, "COACH_NEEDED", ""},
		"a coach with a reason":        {Starting{Phase: PhaseDo, Running: []string{one}, CoachReason: " two at once ", Coach: true}, "", "two at once"},
		"a third one":                  {Starting{Phase: PhaseDo, Running: []string{one, two}, CoachReason: "three", Coach: true}, "TWO_EXPERIMENTS_RUNNING", ""},
	} {
		t.Run(name, func(t *testing.T) {
			e := planned()
			if _, err := e.Lock(known, monday); err != nil {
				t.Fatal(err)
			}
			before := *e
			_, err := e.Start(c.start, monday)
			if c.reason == "" {
				if err != nil || e.State != Running || e.CoachReason != c.kept {
					t.Errorf("err %v, state %s, coach reason %q", err, e.State, e.CoachReason)
				}
				return
			}
			kind := fault.FailedPrecondition
			if c.reason == "COACH_NEEDED" {
				kind = fault.PermissionDenied
			}
			f := wantReason(t, err, kind, c.reason)
			if !reflect.DeepEqual(*e, before) {
				t.Error("a refused start left traces")
			}
			for _, other := range c.start.Running {
				if !strings.Contains(f.Metadata["running"], other) {
					t.Errorf("the running one is not named: %v", f.Metadata)
				}
			}
			if c.start.Phase == PhasePlan && !strings.Contains(f.Message, ":advance") {
				t.Errorf("no way out: %s", f.Message)
			}
		})
	}
}
