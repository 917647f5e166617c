package domain_test

import (
	"slices"
	"testing"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

func stream(t *testing.T) *domain.ValueStream {
	t.Helper()
	v, err := domain.NewValueStream(streamName, "Change to customer", published())
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestConfirmConstraint(t *testing.T) {
	unknownWait := published()
	unknownWait[0].WaitMinutes = nil
	tests := []struct {
		name, step, reason string
		steps              []domain.Step
		refused            string
	}{
		{"as suggested", "code review", "", published(), ""},
		{"another step with a reason", "Deploy", "its queue comes and goes, this one stays", published(), ""},
		{"another step", "Deploy", " ", published(), "CONSTRAINT_REASON_MISSING"},
		{"without a suggestion", "Code review", "", unknownWait, "CONSTRAINT_REASON_MISSING"},
		{"without a suggestion, with a reason", "Code review", "it is full every morning", unknownWait, ""},
		{"no such step", "Design", "why not", published(), "VALUE_STREAM_STEP_UNKNOWN"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v, err := domain.NewValueStream(streamName, "Change to customer", test.steps)
			if err != nil {
				t.Fatal(err)
			}
			events, err := v.ConfirmConstraint(test.step, test.reason, "users/mina", noon)
			if test.refused != "" {
				if f := fault.From(err); f == nil || f.Reason != test.refused || v.Constraint != nil || events != nil {
					t.Errorf("got %v, constraint %+v", err, v.Constraint)
				}
				return
			}
			step, _ := v.Step(test.step)
			want := domain.ConfirmedConstraint{Step: step.Name, Reason: test.reason, By: "users/mina", Time: noon, Version: 1}
			if err != nil || *v.Constraint != want || !slices.Equal(events, []domain.Event{domain.ConstraintConfirmed}) {
				t.Errorf("constraint %+v, events %v, %v", v.Constraint, events, err)
			}
		})
	}
}

func TestANewVersionKeepsTheConstraintOnlyWithItsStep(t *testing.T) {
	v := stream(t)
	if _, err := v.ConfirmConstraint("Code review", "", "users/mina", noon); err != nil {
		t.Fatal(err)
	}
	shorter, shouted := published()[2:], published()
	shouted[3].Name = "CODE REVIEW"
	for _, steps := range [][]domain.Step{shorter, shouted} {
		if _, err := v.Edit(nil, &steps); err != nil {
			t.Fatal(err)
		}
		if v.Constraint == nil || v.Constraint.Version != 1 || !v.IsConstraint("code review") {
			t.Fatalf("the step is there, the constraint is %+v", v.Constraint)
		}
	}
	if v.Constraint.Step != "CODE REVIEW" {
		t.Errorf("the constraint is written %q", v.Constraint.Step)
	}
	without := published()[:3]
	if _, err := v.Edit(nil, &without); err != nil || v.Constraint != nil || v.IsConstraint("Code review") {
		t.Errorf("the step is gone, the constraint is %+v, %v", v.Constraint, err)
	}
}

func TestFocusIsDecidedByTheConfirmedConstraint(t *testing.T) {
	v := stream(t)
	wanted := domain.ValueStreamFocus{Step: "code review", Constraint: true, Reason: "because", ValueStream: streamName}
	focus, err := v.Focus("step", wanted)
	if err != nil || focus.Constraint || focus.Step != "Code review" || focus.Reason != "because" || focus.ValueStream != streamName {
		t.Errorf("nothing is confirmed: %+v, %v", focus, err)
	}
	if _, err := v.ConfirmConstraint("Code review", "", "users/mina", noon); err != nil {
		t.Fatal(err)
	}
	wanted.Constraint = false
	if focus, err := v.Focus("step", wanted); err != nil || !focus.Constraint {
		t.Errorf("the step is confirmed: %+v, %v", focus, err)
	}
	if focus, err := v.Focus("step", domain.ValueStreamFocus{Step: "Deploy", Constraint: true}); err != nil || focus.Constraint {
		t.Errorf("another step is confirmed: %+v, %v", focus, err)
	}
	if _, err := v.Focus("step", domain.ValueStreamFocus{Step: "Design"}); fault.From(err).Reason != "VALUE_STREAM_STEP_UNKNOWN" {
		t.Errorf("no such step: %v", err)
	}
}

func TestACycleFollowsItsValueStreamInPlanOnly(t *testing.T) {
	v := stream(t)
	if _, err := v.ConfirmConstraint("Code review", "", "users/mina", noon); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name   string
		change func(c *domain.Cycle)
		events []domain.Event
	}{
		{"in PLAN", func(*domain.Cycle) {}, []domain.Event{domain.CycleUpdated}},
		{"as it is", func(c *domain.Cycle) {
			c.ValueStreamFocus = &domain.ValueStreamFocus{Step: "Code review", Constraint: true, ValueStream: streamName}
		}, nil},
		{"after the gate", func(c *domain.Cycle) { c.Phase = domain.Do }, nil},
		{"cancelled", func(c *domain.Cycle) { c.State = domain.CycleStopped }, nil},
		{"another value stream", func(c *domain.Cycle) { c.ValueStreamFocus.ValueStream = "teams/payments/valueStreams/support" }, nil},
		{"none", func(c *domain.Cycle) { c.ValueStreamFocus.ValueStream = "" }, nil},
		{"no focus", func(c *domain.Cycle) { c.ValueStreamFocus = nil }, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cycle, _ := complete(domain.Plan)
			cycle.ValueStreamFocus = &domain.ValueStreamFocus{Step: "code review", Reason: "because", ValueStream: streamName}
			test.change(cycle)
			var before domain.ValueStreamFocus
			if cycle.ValueStreamFocus != nil {
				before = *cycle.ValueStreamFocus
			}
			events := cycle.Refocus(v)
			if !slices.Equal(events, test.events) {
				t.Fatalf("events %v, want %v", events, test.events)
			}
			if len(events) == 0 {
				if cycle.ValueStreamFocus != nil && *cycle.ValueStreamFocus != before {
					t.Errorf("changed without an event: %+v", cycle.ValueStreamFocus)
				}
				return
			}
			if want := (domain.ValueStreamFocus{Step: "Code review", Constraint: true, Reason: "because", ValueStream: streamName}); *cycle.ValueStreamFocus != want {
				t.Errorf("focus %+v", cycle.ValueStreamFocus)
			}
		})
	}
}

func TestTheGateLooksAtTheMap(t *testing.T) {
	tests := []struct {
		name   string
		change func(c *domain.Cycle, v *domain.ValueStream)
		reason []string
		says   string
	}{
		{"on the confirmed constraint", func(c *domain.Cycle, _ *domain.ValueStream) { c.ValueStreamFocus.Constraint = true }, nil, ""},
		{"off it, with a reason", func(c *domain.Cycle, _ *domain.ValueStream) { c.ValueStreamFocus.Reason = "because" }, nil, ""},
		{
			"off it", func(*domain.Cycle, *domain.ValueStream) {},
			[]string{"OFF_CONSTRAINT_REASON_MISSING"},
			"the step is not the constraint; say why the cycle works on it",
		},
		{"nothing confirmed", func(_ *domain.Cycle, v *domain.ValueStream) { v.Constraint = nil }, []string{"OFF_CONSTRAINT_REASON_MISSING"}, "the constraint of the value stream is not confirmed; confirm it with :confirmConstraint, or say why the cycle works on this step"},
		{
			"the step is gone", func(c *domain.Cycle, v *domain.ValueStream) {
				c.ValueStreamFocus.Reason, v.Steps = "because", v.Steps[:3]
			},
			[]string{"VALUE_STREAM_STEP_MISSING"},
			streamName + ` has no step "Code review" any more; name one of its steps in value_stream_focus`,
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := stream(t)
			if _, err := v.ConfirmConstraint("Code review", "", "users/mina", noon); err != nil {
				t.Fatal(err)
			}
			cycle, evidence := complete(domain.Plan)
			cycle.ValueStreamFocus = &domain.ValueStreamFocus{Step: "Code review", ValueStream: streamName}
			evidence.ValueStream = v
			test.change(cycle, v)
			var got []string
			for _, unmet := range cycle.Unmet(evidence) {
				got = append(got, unmet.Reason)
				if unmet.Description != test.says {
					t.Errorf("it says %q", unmet.Description)
				}
			}
			if !slices.Equal(got, test.reason) {
				t.Errorf("unmet %v, want %v", got, test.reason)
			}
		})
	}
}
