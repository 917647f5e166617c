package rpc_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// adopted is a world in which review-rota was concluded and adopted today; its checks are due in 2, 6 and 12 weeks.
func adopted(t *testing.T, engine db.Engine) *world {
	t.Helper()
	w := running(t, engine)
	w.readings(24, 25, 23)
	ok[*experimentv1.Experiment](t)(w.conclude(rota, 0, ""))
	err := w.log.Do(w.member(), func(tx *eventlog.Tx) error {
		_, err := store.Experiments.Update(tx, rota, "", func(e *domain.Experiment, now time.Time) ([]domain.Event, error) { return e.ScheduleHoldChecks(now) })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) judge(req *experimentv1.JudgeHoldCheckRequest) (*experimentv1.Experiment, error) {
	req.Name = rota
	return w.client.JudgeHoldCheck(w.member(), req)
}

// measure imports values that were taken an hour apart up to now.
func (w *world) measure(values ...float64) {
	w.t.Helper()
	req := &experimentv1.ImportMeasurementsRequest{Name: wait}
	for i, v := range values {
		when := w.clock.Now().Add(-time.Duration(len(values)-i) * time.Hour)
		req.Measurements = append(req.Measurements, &experimentv1.Measurement{Time: timestamppb.New(when), Value: new(v)})
	}
	w.wantImport(req, int32(len(values)), 0)
}

func TestHoldChecks(t *testing.T) {
	const day = 24 * time.Hour
	w := adopted(t, db.SQLite)
	pending := w.get(rota).GetHoldChecks()
	if len(pending) != 3 || pending[0].GetState() != experimentv1.HoldCheckState_HOLD_CHECK_STATE_PENDING || pending[0].GetJudgement() != nil {
		t.Errorf("pending %v", pending)
	}
	_, err := w.judge(&experimentv1.JudgeHoldCheckRequest{Weeks: 2})
	if f := wantFault(t, err, fault.FailedPrecondition, "HOLD_CHECK_NOT_DUE"); f.Metadata["due_date"] != pending[0].GetDueDate() {
		t.Errorf("metadata %v", f.Metadata)
	}
	w.clock.add(14 * day)
	nothing := ok[*experimentv1.Experiment](t)(w.judge(&experimentv1.JudgeHoldCheckRequest{Weeks: 2})).GetHoldChecks()[0]
	if j := nothing.GetJudgement(); nothing.GetState() != experimentv1.HoldCheckState_HOLD_CHECK_STATE_CANNOT_TELL || j.GetReason() == "" || j.GetReadings() != 0 || j.ActualValue != nil {
		t.Errorf("nothing measured: %v", nothing)
	}
	w.measure(24, 26, 25, 24)
	held := ok[*experimentv1.Experiment](t)(w.judge(&experimentv1.JudgeHoldCheckRequest{Weeks: 2}))
	check := held.GetHoldChecks()[0]
	j := check.GetJudgement()
	if check.GetState() != experimentv1.HoldCheckState_HOLD_CHECK_STATE_HELD || j.GetReadings() != 4 || j.GetActualValue() != 24.75 || j.GetAdoptedValue() != 24 ||
		j.GetKeptShare() < 0.9 || !proto.Equal(j.GetLimits(), held.GetOutcome().GetLimits()) || !j.GetJudgeTime().AsTime().Equal(w.clock.Now()) || len(check.GetEarlierJudgements()) != 1 {
		t.Errorf("held %v", check)
	}
	w.clock.add(day)
	w.measure(60, 61, 62, 60)
	if again := ok[*experimentv1.Experiment](t)(w.judge(&experimentv1.JudgeHoldCheckRequest{Weeks: 2})); !proto.Equal(again, held) {
		t.Errorf("a second call answers %v", again)
	}
	_, err = w.judge(&experimentv1.JudgeHoldCheckRequest{Weeks: 2, Again: true})
	wantFault(t, err, fault.InvalidArgument, "REASON_MISSING", "reason REASON_MISSING")
	_, err = w.judge(&experimentv1.JudgeHoldCheckRequest{Weeks: 4})
	wantFault(t, err, fault.InvalidArgument, "HOLD_CHECK_UNKNOWN", "weeks HOLD_CHECK_UNKNOWN")
	_, err = w.judge(&experimentv1.JudgeHoldCheckRequest{})
	wantFault(t, err, fault.InvalidArgument, "VALIDATION_FAILED")
	w.clock.add(27 * day)
	if c := ok[*experimentv1.Experiment](t)(w.judge(&experimentv1.JudgeHoldCheckRequest{Weeks: 6})).GetHoldChecks()[1]; c.GetState() != experimentv1.HoldCheckState_HOLD_CHECK_STATE_SLIPPED {
		t.Errorf("in six weeks %v", c)
	}
	events := slices.DeleteFunc(w.events(), func(e string) bool { return e == "MeasurementsRecorded" })
	if !slices.Equal(events[len(events)-4:], []string{"HoldChecksScheduled", "HoldCheckJudged", "HoldCheckJudged", "HoldCheckJudged"}) {
		t.Errorf("events %v", events)
	}
	s := ok[*experimentv1.HoldCheckSummary](t)(w.client.SummarizeHoldChecks(w.member(), &experimentv1.SummarizeHoldChecksRequest{Parent: team}))
	if s.GetDueCount() != 2 || s.GetJudgedCount() != 2 || s.GetHeldCount() != 1 || s.GetSlippedCount() != 1 || s.TeamCount != nil ||
		s.GetHalfLife().GetGainCount() != 1 || s.GetHalfLife().Weeks != nil || s.GetHalfLife().GetMissingReason() == "" {
		t.Errorf("summary %v", s)
	}
	if s := ok[*experimentv1.HoldCheckSummary](t)(w.client.SummarizeHoldChecks(w.stranger(), &experimentv1.SummarizeHoldChecksRequest{Parent: "organization"})); s.GetWithheldReason() == "" || s.GetDueCount() != 0 || s.GetHalfLife() != nil {
		t.Errorf("one team is not an organisation: %v", s)
	}
}

func TestHoldChecksRefuse(t *testing.T) {
	w := running(t, db.SQLite)
	_, err := w.judge(&experimentv1.JudgeHoldCheckRequest{Weeks: 2})
	wantFault(t, err, fault.FailedPrecondition, "HOLD_CHECKS_NOT_SCHEDULED")
	_, err = w.client.JudgeHoldCheck(w.stranger(), &experimentv1.JudgeHoldCheckRequest{Name: rota, Weeks: 2})
	wantFault(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
	summarize := func(ctx context.Context, parent string) error {
		_, err := w.client.SummarizeHoldChecks(ctx, &experimentv1.SummarizeHoldChecksRequest{Parent: parent})
		return err
	}
	wantFault(t, summarize(w.stranger(), team), fault.PermissionDenied, "PERMISSION_DENIED")
	wantFault(t, summarize(w.member(), cycle), fault.InvalidArgument, "NAME_INVALID", "parent NAME_INVALID")
}

func TestHalfLifeOfTheOrganization(t *testing.T) {
	eachEngine(t, func(t *testing.T, w *world) {
		err := w.log.Do(t.Context(), func(tx *eventlog.Tx) error {
			for i, result := range []domain.HoldResult{"HELD", "HELD", "HELD", "HELD", "SLIPPED", "SLIPPED", "SLIPPED", "SLIPPED", "SLIPPED", "SLIPPED"} {
				e := &domain.Experiment{
					Name: "teams/" + string(rune('a'+i%3)) + "/cycles/c/experiments/e" + string(rune('0'+i)), State: domain.Concluded, TimeZone: "UTC",
					HoldChecks: []domain.HoldCheck{{DueDate: "2026-05-01", Weeks: 2, Judgement: &domain.JudgedHold{HoldJudgement: domain.HoldJudgement{Result: result}}}},
				}
				if _, err := store.Experiments.Create(tx, e, domain.EventHoldCheckJudged); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		s := ok[*experimentv1.HoldCheckSummary](t)(w.client.SummarizeHoldChecks(w.stranger(), &experimentv1.SummarizeHoldChecksRequest{Parent: "organization"}))
		h := s.GetHalfLife()
		if s.GetTeamCount() != 3 || s.GetJudgedCount() != 10 || h.GetGainCount() != 10 || h.GetSlippedCount() != 6 || h.GetWeeks() != 2 || len(h.GetHolding()) != 1 || h.GetHolding()[0].GetShare() != 0.4 {
			t.Errorf("summary %v", s)
		}
	})
}
