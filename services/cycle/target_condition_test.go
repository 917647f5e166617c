package cycle_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const (
	target   = team + "/targetConditions/next"
	achieved = cyclev1.TargetConditionState_TARGET_CONDITION_STATE_ACHIEVED
)

func (w *world) target(ctx context.Context, by, reason string) (*cyclev1.TargetCondition, error) {
	return w.cycles.CreateTargetCondition(ctx, &cyclev1.CreateTargetConditionRequest{
		Parent: team, TargetConditionId: "next", TargetCondition: &cyclev1.TargetCondition{
			Challenge: direction, AchieveByDate: by, AchieveByReason: reason, OutcomeMetric: team + "/metrics/wait", OutcomeValue: 4,
			OperatingPattern: "Reviews start within the hour.", ProcessMetric: team + "/metrics/looks",
		},
	})
}

func (w *world) retarget(ctx context.Context, etag string, c *cyclev1.TargetCondition, fields ...string) (*cyclev1.TargetCondition, error) {
	c.Name = target
	req := &cyclev1.UpdateTargetConditionRequest{TargetCondition: c, Etag: etag}
	if len(fields) > 0 {
		req.UpdateMask = &fieldmaskpb.FieldMask{Paths: fields}
	}
	return w.cycles.UpdateTargetCondition(ctx, req)
}

func (w *world) endTarget(ctx context.Context, etag, reason string, state cyclev1.TargetConditionState) (*cyclev1.TargetCondition, error) {
	return w.cycles.CloseTargetCondition(ctx, &cyclev1.CloseTargetConditionRequest{Name: target, Etag: etag, State: state, Reason: reason})
}

func TestTargetCondition(t *testing.T) {
	w := newWorld(t)
	_, err := w.direct("2027-06-01", "")
	must(t, err)
	made, err := w.target(w.member(), "2026-05-01", "a reason that is not needed")
	must(t, err)
	if made.GetAchieveByReason() != "" || len(made.GetWarnings()) != 0 {
		t.Errorf("made %v", made)
	}
	changed, err := w.retarget(w.member(), made.GetEtag(), &cyclev1.TargetCondition{OperatingPattern: "Two people look twice a day.", AchieveByDate: "2026-06-01"})
	must(t, err)
	if changed.GetOperatingPattern() != "Two people look twice a day." || changed.GetAchieveByDate() != "2026-06-01" || changed.GetOutcomeValue() != 4 {
		t.Errorf("changed %v", changed)
	}
	_, err = w.retarget(w.member(), made.GetEtag(), &cyclev1.TargetCondition{OutcomeValue: 3})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	if f := rpcserver.FromStatus(err); f.Metadata["current_etag"] != changed.GetEtag() {
		t.Errorf("the etag is not told: %v", f.Metadata)
	}
	zero, err := w.retarget(w.member(), "", &cyclev1.TargetCondition{}, "outcome_value")
	must(t, err)
	if zero.GetOutcomeValue() != 0 || zero.GetOperatingPattern() == "" {
		t.Errorf("zero %v", zero)
	}
	_, err = w.retarget(w.member(), "", &cyclev1.TargetCondition{Challenge: team + "/challenges/other"}, "challenge")
	testkit.Refused(t, err, fault.InvalidArgument, "FIELD_NOT_UPDATABLE", "update_mask")
	_, err = w.retarget(w.member(), "", &cyclev1.TargetCondition{ProcessMetric: "teams/mobile/metrics/wait"})
	testkit.Refused(t, err, fault.InvalidArgument, "OTHER_TEAM", "target_condition.process_metric")
	_, err = w.retarget(w.member(), "", &cyclev1.TargetCondition{}, "operating_pattern")
	testkit.Refused(t, err, fault.InvalidArgument, "OPERATING_PATTERN_MISSING", "target_condition.operating_pattern")
	_, err = w.retarget(w.member(), "", &cyclev1.TargetCondition{AchieveByDate: "2026-02-30"})
	testkit.Refused(t, err, fault.InvalidArgument, "DAY_INVALID", "target_condition.achieve_by_date")

	_, err = w.endTarget(w.member(), "", "", cyclev1.TargetConditionState_TARGET_CONDITION_STATE_REPLACED)
	testkit.Refused(t, err, fault.InvalidArgument, "CLOSE_REASON_MISSING", "reason")
	_, err = w.endTarget(w.member(), made.GetEtag(), "", achieved)
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	done, err := w.endTarget(w.member(), zero.GetEtag(), "ten days of it", achieved)
	must(t, err)
	if done.GetState() != achieved || done.GetStateReason() != "ten days of it" {
		t.Errorf("done %v", done)
	}
	_, err = w.retarget(w.member(), "", &cyclev1.TargetCondition{OutcomeValue: 3})
	testkit.Refused(t, err, fault.FailedPrecondition, "TARGET_CONDITION_NOT_ACTIVE")
	want := []string{"ChallengeCreated", "TargetConditionCreated", "TargetConditionUpdated", "TargetConditionUpdated", "TargetConditionClosed"}
	if types := w.eventTypes(t); !slices.Equal(types, want) {
		t.Errorf("events %v, want %v", types, want)
	}
}

// 23:00 UTC on Monday is noon on Tuesday in the team's zone, so a week from today ends on a Tuesday.
func TestAchieveByInTheZoneOfTheTeam(t *testing.T) {
	w := newWorld(t)
	w.Clock.Set(time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC))
	_, err := w.direct("2026-10-01", "")
	must(t, err)
	for _, by := range []string{"2026-03-09", "2026-06-04"} {
		_, err = w.target(w.coach(), by, "")
		testkit.Refused(t, err, fault.InvalidArgument, "ACHIEVE_BY_OUT_OF_RANGE", "target_condition.achieve_by_date")
	}
	for _, by := range []string{"2026-03-03", "2026-10-02"} { // today, and the day after the horizon
		_, err = w.target(w.coach(), by, "the fair")
		testkit.Refused(t, err, fault.InvalidArgument, "ACHIEVE_BY_OUT_OF_RANGE", "target_condition.achieve_by_date")
	}
	_, err = w.target(w.member(), "2026-06-04", "the fair")
	testkit.Refused(t, err, fault.PermissionDenied, "COACH_NEEDED")
	_, err = w.target(w.member(), "2026-03-10", "")
	must(t, err)
	_, err = w.retarget(w.member(), "", &cyclev1.TargetCondition{AchieveByDate: "2026-06-03"})
	must(t, err)
	_, err = w.retarget(w.member(), "", &cyclev1.TargetCondition{AchieveByDate: "2026-10-01", AchieveByReason: "the fair"})
	testkit.Refused(t, err, fault.PermissionDenied, "COACH_NEEDED")
	for _, by := range []string{"2026-03-04", "2026-10-01"} { // tomorrow, and the horizon
		insisted, err := w.retarget(w.coach(), "", &cyclev1.TargetCondition{AchieveByDate: by, AchieveByReason: "the fair"})
		must(t, err)
		if insisted.GetAchieveByDate() != by || insisted.GetAchieveByReason() != "the fair" {
			t.Errorf("insisted %v", insisted)
		}
	}
	_, err = w.retarget(w.member(), "", &cyclev1.TargetCondition{AchieveByReason: "because"})
	testkit.Refused(t, err, fault.PermissionDenied, "COACH_NEEDED")
	// What is sent back as it was read changes nothing, whoever sends it.
	read, err := w.cycles.GetTargetCondition(w.member(), &cyclev1.GetTargetConditionRequest{Name: target})
	must(t, err)
	same, err := w.retarget(w.member(), read.GetEtag(), proto.CloneOf(read))
	must(t, err)
	if same.GetEtag() != read.GetEtag() {
		t.Errorf("changed %v", same)
	}
}

// Warnings come with every answer while the wording can still be changed. No event holds one, and none refuses.
func TestWarningsOfATargetCondition(t *testing.T) {
	w := newWorld(t)
	w.aim(t)
	reasons := func(c *cyclev1.TargetCondition) []string {
		var found []string
		for _, warning := range c.GetWarnings() {
			found = append(found, warning.GetField()+" "+warning.GetReason()+" "+warning.GetWords())
		}
		return found
	}
	changed, err := w.retarget(w.member(), "", &cyclev1.TargetCondition{OperatingPattern: "We will reduce the queue."})
	must(t, err)
	want := []string{"operating_pattern STATES_AN_ACTIVITY reduce", "operating_pattern STATES_THE_FUTURE will", "process_metric PROCESS_METRIC_MISSING "}
	if got := reasons(changed); !slices.Equal(got, want) {
		t.Errorf("changed: %q", got)
	}
	read, err := w.cycles.GetTargetCondition(w.member(), &cyclev1.GetTargetConditionRequest{Name: target})
	must(t, err)
	list, err := w.cycles.ListTargetConditions(w.member(), &cyclev1.ListTargetConditionsRequest{Parent: team})
	must(t, err)
	if !slices.Equal(reasons(read), want) || !slices.Equal(reasons(list.GetTargetConditions()[0]), want) || read.GetWarnings()[0].GetDescription() == "" {
		t.Errorf("read %v, listed %v", read, list)
	}
	for _, record := range testkit.Records(t, w.service.Log) {
		if strings.Contains(record.Type, "TargetCondition") && strings.Contains(string(record.Data), "warnings") {
			t.Errorf("an event holds warnings: %s", record.Data)
		}
	}
	mended, err := w.retarget(w.member(), "", &cyclev1.TargetCondition{OperatingPattern: "Two people look at the queue twice a day.", ProcessMetric: team + "/metrics/looks"})
	must(t, err)
	if got := reasons(mended); len(got) != 0 {
		t.Errorf("mended: %q", got)
	}
	_, err = w.retarget(w.member(), "", &cyclev1.TargetCondition{OperatingPattern: "We will reduce the queue."})
	must(t, err)
	closed, err := w.endTarget(w.member(), "", "", achieved)
	must(t, err)
	if got := reasons(closed); len(got) != 0 {
		t.Errorf("closed: %q", got)
	}
}
