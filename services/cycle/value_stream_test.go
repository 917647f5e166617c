package cycle_test

import (
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const stream = team + "/valueStreams/change-to-customer"

// drawn is a map whose review has the longest queue.
func drawn() []*cyclev1.ValueStreamStep {
	return []*cyclev1.ValueStreamStep{
		{Name: "Development", ProcessMinutes: new(480.0), WaitMinutes: new(960.0), CompleteAccuratePercent: new(100.0)},
		{Name: "Review", ProcessMinutes: new(60.0), WaitMinutes: new(2880.0), CompleteAccuratePercent: new(80.0), RejectsReturnTo: "Development", QueueLength: new(int32(9))},
		{Name: "Deploy", ProcessMinutes: new(30.0), WaitMinutes: new(1440.0), CompleteAccuratePercent: new(100.0)},
	}
}

func (w *world) draw(t *testing.T) *cyclev1.ValueStream {
	t.Helper()
	made, err := w.cycles.CreateValueStream(w.member(), &cyclev1.CreateValueStreamRequest{
		Parent: team, ValueStreamId: "change-to-customer", ValueStream: &cyclev1.ValueStream{DisplayName: "Change to customer", Steps: drawn()},
	})
	must(t, err)
	return made
}

func TestValueStream(t *testing.T) {
	w := newWorld(t)
	made := w.draw(t)
	figures := made.GetFigures()
	if made.GetName() != stream || made.GetVersion() != 1 || figures.GetLeadTimeMinutes() != 5850 || figures.GetExpectedReworkMinutes() != 288 ||
		figures.GetReworkAdjustedLeadTimeMinutes() != 6138 || figures.GetRolledCompleteAccuratePercent() != 80 || len(figures.GetIncomplete()) != 0 {
		t.Errorf("made %v", made)
	}
	if s := made.GetSuggestedConstraint(); !slices.Equal(s.GetLongestQueueSteps(), []string{"Review"}) || !slices.Equal(s.GetLowestCompleteAccurateSteps(), []string{"Review"}) {
		t.Errorf("suggested %v", s)
	}
	if made.GetConfirmedConstraint() != nil {
		t.Errorf("nobody confirmed %v", made.GetConfirmedConstraint())
	}
	confirmed, err := w.cycles.ConfirmConstraint(w.member(), &cyclev1.ConfirmConstraintRequest{Name: stream, Step: "Review", Etag: made.GetEtag()})
	must(t, err)
	if c := confirmed.GetConfirmedConstraint(); c.GetStep() != "Review" || c.GetConfirmedBy() != "users/jonas" || c.GetVersion() != 1 || !c.GetConfirmTime().AsTime().Equal(w.Clock.Now()) {
		t.Errorf("confirmed %v", c)
	}

	steps := drawn()
	steps[1].CompleteAccuratePercent, steps[1].WaitMinutes = nil, new(480.0)
	steps = append(steps[:2:2], &cyclev1.ValueStreamStep{Name: "Release", ProcessMinutes: new(30.0), WaitMinutes: new(1440.0), CompleteAccuratePercent: new(100.0)})
	updated, err := w.cycles.UpdateValueStream(w.coach(), &cyclev1.UpdateValueStreamRequest{
		ValueStream: &cyclev1.ValueStream{Name: stream, DisplayName: "not in the mask", Steps: steps},
		UpdateMask:  &fieldmaskpb.FieldMask{Paths: []string{"steps"}}, Etag: confirmed.GetEtag(),
	})
	must(t, err)
	if updated.GetVersion() != 2 || updated.GetDisplayName() != "Change to customer" || updated.GetConfirmedConstraint().GetStep() != "Review" {
		t.Errorf("updated %v", updated)
	}
	missing := updated.GetFigures().GetIncomplete()
	if len(missing) != 1 || missing[0].GetStep() != "Review" || missing[0].GetField() != "complete_accurate_percent" ||
		!slices.Contains(missing[0].GetFigures(), cyclev1.ValueStreamFigure_VALUE_STREAM_FIGURE_ROLLED_COMPLETE_ACCURATE) || updated.GetFigures().RolledCompleteAccuratePercent != nil {
		t.Errorf("incomplete %v of %v", missing, updated.GetFigures())
	}

	versions, err := w.cycles.ListValueStreamVersions(w.member(), &cyclev1.ListValueStreamVersionsRequest{Parent: stream})
	must(t, err)
	if v := versions.GetValueStreamVersions(); len(v) != 2 || v[0].GetVersion() != 2 || v[1].GetVersion() != 1 {
		t.Errorf("versions %v", v)
	}
	first, err := w.cycles.GetValueStreamVersion(w.member(), &cyclev1.GetValueStreamVersionRequest{Name: stream + "/versions/1"})
	must(t, err)
	if !proto.Equal(first.GetFigures(), figures) || !proto.Equal(first.GetSteps()[1], drawn()[1]) {
		t.Errorf("the first version %v", first)
	}
	w.compare(t)
}

// compare looks at what differs between the two versions that TestValueStream makes.
func (w *world) compare(t *testing.T) {
	t.Helper()
	compared, err := w.cycles.CompareValueStreamVersions(w.member(), &cyclev1.CompareValueStreamVersionsRequest{Name: stream, FromVersion: 1})
	must(t, err)
	if compared.GetFrom().GetVersion() != 1 || compared.GetTo().GetVersion() != 2 || len(compared.GetFigureDifferences()) != 7 {
		t.Errorf("compared %v", compared)
	}
	for _, d := range compared.GetFigureDifferences() {
		switch d.GetFigure() {
		case cyclev1.ValueStreamFigure_VALUE_STREAM_FIGURE_LEAD_TIME:
			if d.GetFromValue() != 5850 || d.GetToValue() != 3450 || d.GetDifference() != -2400 {
				t.Errorf("lead time %v", d)
			}
		case cyclev1.ValueStreamFigure_VALUE_STREAM_FIGURE_ROLLED_COMPLETE_ACCURATE:
			if d.GetFromValue() != 80 || d.ToValue != nil || d.Difference != nil {
				t.Errorf("rolled %%C&A %v", d)
			}
		}
	}
	var changes []string
	for _, d := range compared.GetStepDifferences() {
		changes = append(changes, strings.TrimPrefix(d.GetChange().String(), "STEP_CHANGE_")+" "+d.GetStep()+" "+strings.Join(d.GetChangedFields(), ","))
	}
	if want := []string{"CHANGED Review wait_minutes,complete_accurate_percent", "ADDED Release ", "REMOVED Deploy "}; !slices.Equal(changes, want) {
		t.Errorf("changes %q, want %q", changes, want)
	}
	same, err := w.cycles.CompareValueStreamVersions(w.member(), &cyclev1.CompareValueStreamVersionsRequest{Name: stream, FromVersion: 2, ToVersion: 2})
	must(t, err)
	if len(same.GetFigureDifferences())+len(same.GetStepDifferences()) != 0 {
		t.Errorf("with itself: %v", same)
	}
}

func TestValueStreamRefusals(t *testing.T) {
	w := newWorld(t)
	made := w.draw(t)
	ctx := w.member()
	bot := caller.Caller{Subject: team + "/tokens/slack", Teams: map[string]caller.Role{"payments": caller.Member}}
	draw := func(change func(v *cyclev1.ValueStream)) func() error {
		return func() error {
			v := &cyclev1.ValueStream{DisplayName: "Support", Steps: drawn()}
			change(v)
			_, err := w.cycles.CreateValueStream(ctx, &cyclev1.CreateValueStreamRequest{Parent: team, ValueStream: v})
			return err
		}
	}
	confirm := func(as caller.Caller, step string) func() error {
		return func() error {
			_, err := w.cycles.ConfirmConstraint(w.As(as), &cyclev1.ConfirmConstraintRequest{Name: stream, Step: step})
			return err
		}
	}
	jonas := callertest.User("jonas", "payments", caller.Member)
	tests := []struct {
		name   string
		call   func() error
		kind   fault.Kind
		reason string
		fields []string
	}{
		{"figures that are none", draw(func(v *cyclev1.ValueStream) {
			v.Steps[0].ProcessMinutes, v.Steps[1].CompleteAccuratePercent, v.Steps[2].Name = new(-1.0), new(101.0), " "
		}), fault.InvalidArgument, "VALIDATION_FAILED", []string{"value_stream.steps[0].process_minutes", "value_stream.steps[1].complete_accurate_percent", "value_stream.steps[2].name"}},
		{"one step", draw(func(v *cyclev1.ValueStream) { v.Steps = v.Steps[:1] }), fault.InvalidArgument, "VALIDATION_FAILED", []string{"value_stream.steps"}},
		{"no step", draw(func(v *cyclev1.ValueStream) { v.Steps = nil }), fault.InvalidArgument, "VALUE_STREAM_STEPS_COUNT", []string{"value_stream.steps"}},
		{"no name", draw(func(v *cyclev1.ValueStream) { v.DisplayName = "" }), fault.InvalidArgument, "DISPLAY_NAME_EMPTY", []string{"value_stream.display_name"}},
		{"one name twice", draw(func(v *cyclev1.ValueStream) { v.Steps[2].Name = "REVIEW" }), fault.InvalidArgument, "VALUE_STREAM_INVALID", []string{"value_stream.steps[2].name"}},
		{"existing id", func() error {
			_, err := w.cycles.CreateValueStream(ctx, &cyclev1.CreateValueStreamRequest{Parent: team, ValueStreamId: "change-to-customer", ValueStream: &cyclev1.ValueStream{DisplayName: "x", Steps: drawn()}})
			return err
		}, fault.AlreadyExists, "VALUE_STREAM_ALREADY_EXISTS", nil},
		{"server-owned field", func() error {
			_, err := w.cycles.UpdateValueStream(ctx, &cyclev1.UpdateValueStreamRequest{
				ValueStream: &cyclev1.ValueStream{Name: stream, Version: 7}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"version"}},
			})
			return err
		}, fault.InvalidArgument, "NOTHING_TO_CHANGE", []string{"update_mask"}},
		{"steps taken away", func() error {
			_, err := w.cycles.UpdateValueStream(ctx, &cyclev1.UpdateValueStreamRequest{ValueStream: &cyclev1.ValueStream{Name: stream}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"steps"}}})
			return err
		}, fault.InvalidArgument, "VALUE_STREAM_STEPS_COUNT", []string{"value_stream.steps"}},
		{"stale etag", func() error {
			_, err := w.cycles.UpdateValueStream(ctx, &cyclev1.UpdateValueStreamRequest{ValueStream: &cyclev1.ValueStream{Name: stream, DisplayName: "x"}, Etag: `"00000000-9"`})
			return err
		}, fault.Aborted, "ETAG_MISMATCH", nil},
		{"another step without a reason", confirm(jonas, "Deploy"), fault.InvalidArgument, "CONSTRAINT_REASON_MISSING", []string{"reason"}},
		{"no such step", confirm(jonas, "Design"), fault.InvalidArgument, "VALUE_STREAM_STEP_UNKNOWN", []string{"step"}},
		{"a bot confirms", confirm(bot, "Review"), fault.PermissionDenied, "PERSON_NEEDED", nil},
		{"a viewer confirms", confirm(callertest.User("vera", "payments", caller.Viewer), "Review"), fault.PermissionDenied, "PERMISSION_DENIED", nil},
		{"another team reads", func() error {
			_, err := w.cycles.GetValueStream(w.As(callertest.User("noor", "mobile", caller.Coach)), &cyclev1.GetValueStreamRequest{Name: stream})
			return err
		}, fault.PermissionDenied, "PERMISSION_DENIED", nil},
		{"no such version", func() error {
			_, err := w.cycles.CompareValueStreamVersions(ctx, &cyclev1.CompareValueStreamVersionsRequest{Name: stream, FromVersion: 1, ToVersion: 2})
			return err
		}, fault.NotFound, "VALUE_STREAM_VERSION_NOT_FOUND", nil},
		{"no version to compare with", func() error {
			_, err := w.cycles.CompareValueStreamVersions(ctx, &cyclev1.CompareValueStreamVersionsRequest{Name: stream})
			return err
		}, fault.InvalidArgument, "VALIDATION_FAILED", []string{"from_version"}},
	}
	recorded := testkit.Events(t, w.service.Log)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) { testkit.Refused(t, test.call(), test.kind, test.reason, test.fields...) })
	}
	if now := testkit.Events(t, w.service.Log); !slices.Equal(now, recorded) {
		t.Errorf("refusals recorded events: %v", now[len(recorded):])
	}
	if after, err := w.cycles.GetValueStream(ctx, &cyclev1.GetValueStreamRequest{Name: stream}); err != nil || !proto.Equal(after, made) {
		t.Errorf("refusals changed the value stream: %v, %v", after, err)
	}
}

func TestARepeatedRequestMakesOneVersion(t *testing.T) {
	w := newWorld(t)
	w.draw(t)
	req := &cyclev1.UpdateValueStreamRequest{ValueStream: &cyclev1.ValueStream{Name: stream, Steps: drawn()[:2]}, RequestId: "once"}
	once, err := w.cycles.UpdateValueStream(w.member(), req)
	must(t, err)
	_, err = w.cycles.UpdateValueStream(w.member(), &cyclev1.UpdateValueStreamRequest{ValueStream: &cyclev1.ValueStream{Name: stream, Steps: drawn()}})
	must(t, err)
	again, err := w.cycles.UpdateValueStream(w.member(), req)
	must(t, err)
	now, err := w.cycles.GetValueStream(w.member(), &cyclev1.GetValueStreamRequest{Name: stream})
	must(t, err)
	if !proto.Equal(once, again) || once.GetVersion() != 2 || now.GetVersion() != 3 {
		t.Errorf("once %v, again %v, now version %d", once, again, now.GetVersion())
	}
}

// The gate from PLAN to DO takes the word of the confirmed constraint, not of the caller.
func TestACycleWorksOnAStepOfItsValueStream(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	w.draw(t)
	focus := func(given *cyclev1.ValueStreamFocus) (*cyclev1.Cycle, error) {
		return w.cycles.UpdateCycle(w.member(), &cyclev1.UpdateCycleRequest{Cycle: &cyclev1.Cycle{Name: first, ValueStreamFocus: given}})
	}
	unmet := func() string {
		t.Helper()
		preview, err := w.cycles.PreviewGate(w.member(), &cyclev1.PreviewGateRequest{Name: first})
		must(t, err)
		var reasons []string
		for _, criterion := range preview.GetUnmetCriteria() {
			reasons = append(reasons, criterion.GetReason())
		}
		return strings.Join(reasons, " ")
	}
	for _, test := range []struct {
		given         *cyclev1.ValueStreamFocus
		reason, field string
	}{
		{&cyclev1.ValueStreamFocus{Step: "Design", ValueStream: stream}, "VALUE_STREAM_STEP_UNKNOWN", "cycle.value_stream_focus.step"},
		{&cyclev1.ValueStreamFocus{Step: "Review", ValueStream: team + "/valueStreams/none"}, "VALUE_STREAM_NOT_FOUND", "cycle.value_stream_focus.value_stream"},
		{&cyclev1.ValueStreamFocus{Step: "Review", ValueStream: "teams/mobile/valueStreams/change"}, "OTHER_TEAM", "cycle.value_stream_focus.value_stream"},
	} {
		_, err := focus(test.given)
		testkit.Refused(t, err, fault.InvalidArgument, test.reason, test.field)
	}

	claimed, err := focus(&cyclev1.ValueStreamFocus{Step: "review", Constraint: true, ValueStream: stream})
	must(t, err)
	if got := claimed.GetValueStreamFocus(); got.GetConstraint() || got.GetStep() != "Review" || unmet() != "OFF_CONSTRAINT_REASON_MISSING LOCKED_EXPERIMENT_MISSING" {
		t.Errorf("nothing is confirmed: %v, unmet %s", got, unmet())
	}
	_, err = w.cycles.ConfirmConstraint(w.member(), &cyclev1.ConfirmConstraintRequest{Name: stream, Step: "Review"})
	must(t, err)
	followed, err := w.cycles.GetCycle(w.member(), &cyclev1.GetCycleRequest{Name: first})
	must(t, err)
	if !followed.GetValueStreamFocus().GetConstraint() || followed.GetEtag() == claimed.GetEtag() || unmet() != "LOCKED_EXPERIMENT_MISSING" {
		t.Errorf("the step is confirmed: %v, unmet %s", followed.GetValueStreamFocus(), unmet())
	}
	off, err := focus(&cyclev1.ValueStreamFocus{Step: "Deploy", Constraint: true, ValueStream: stream})
	must(t, err)
	if off.GetValueStreamFocus().GetConstraint() || unmet() != "OFF_CONSTRAINT_REASON_MISSING LOCKED_EXPERIMENT_MISSING" {
		t.Errorf("off the constraint: %v, unmet %s", off.GetValueStreamFocus(), unmet())
	}
	_, err = focus(&cyclev1.ValueStreamFocus{Step: "Deploy", Reason: "the contract ends in June", ValueStream: stream})
	must(t, err)
	if got := unmet(); got != "LOCKED_EXPERIMENT_MISSING" {
		t.Errorf("off the constraint with a reason: unmet %s", got)
	}
	_, err = w.cycles.UpdateValueStream(w.member(), &cyclev1.UpdateValueStreamRequest{ValueStream: &cyclev1.ValueStream{Name: stream, Steps: drawn()[:2]}})
	must(t, err)
	if got := unmet(); got != "VALUE_STREAM_STEP_MISSING LOCKED_EXPERIMENT_MISSING" {
		t.Errorf("the step is gone: unmet %s", got)
	}
	_, err = w.cycles.AdvanceCycle(w.member(), &cyclev1.AdvanceCycleRequest{Name: first, Phase: cyclev1.Phase_PHASE_PLAN})
	if f := rpcserver.FromStatus(err); f == nil || f.Reason != "GATE_CRITERIA_UNMET" || len(f.Violations) != 2 {
		t.Errorf("the gate says %v", err)
	}
}

func TestACycleMayBeginOnAStepOfItsValueStream(t *testing.T) {
	w := newWorld(t)
	w.draw(t)
	_, err := w.cycles.ConfirmConstraint(w.member(), &cyclev1.ConfirmConstraintRequest{Name: stream, Step: "Review"})
	must(t, err)
	begin := func(step string) (*cyclev1.Cycle, error) {
		return w.cycles.CreateCycle(w.member(), &cyclev1.CreateCycleRequest{Parent: team, CycleId: "first", Cycle: &cyclev1.Cycle{
			ValueStreamFocus: &cyclev1.ValueStreamFocus{Step: step, ValueStream: stream},
		}})
	}
	_, err = begin("Design")
	testkit.Refused(t, err, fault.InvalidArgument, "VALUE_STREAM_STEP_UNKNOWN", "cycle.value_stream_focus.step")
	begun, err := begin("review")
	must(t, err)
	if focus := begun.GetValueStreamFocus(); focus.GetStep() != "Review" || !focus.GetConstraint() || focus.GetValueStream() != stream {
		t.Errorf("focus %v", focus)
	}
}
