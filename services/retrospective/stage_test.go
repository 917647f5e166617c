package retrospective_test

import (
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

func TestAMoveSaysWhatItBelieves(t *testing.T) {
	w := opened(t, collect)
	read := w.get()
	_, err := w.MoveRetrospective(w.mina(), &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Stage: group})
	testkit.Refused(t, err, fault.FailedPrecondition, "PRECONDITION_REQUIRED")
	moved, err := w.MoveRetrospective(w.mina(), &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Stage: group, Etag: read.GetEtag()})
	w.must(err)
	for _, req := range []*retrospectivev1.MoveRetrospectiveRequest{
		{CurrentStage: collect}, {CurrentStage: vote}, {CurrentStage: collect, Etag: moved.GetEtag()},
	} {
		req.Name, req.Stage = retro, vote
		_, err = w.MoveRetrospective(w.mina(), req)
		f := testkit.Refused(t, err, fault.Aborted, "STAGE_CHANGED")
		if f.Metadata["stage"] != "GROUP" || f.Metadata["current_etag"] != moved.GetEtag() {
			t.Errorf("%v: %v, it is %v", req, f.Metadata, moved)
		}
	}
	_, err = w.MoveRetrospective(w.mina(), &retrospectivev1.MoveRetrospectiveRequest{Name: retro, Stage: vote, Etag: read.GetEtag(), CurrentStage: group})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	if got := w.get(); !proto.Equal(got, moved) {
		t.Errorf("refusals changed %v into %v", moved, got)
	}
}

func TestAStageGetsAnotherEnd(t *testing.T) {
	w := opened(t, collect)
	end := timestamppb.New(w.Clock.Now().Add(time.Hour))
	for _, test := range []struct {
		stage retrospectivev1.Stage
		end   *timestamppb.Timestamp
	}{{collect, end}, {vote, nil}, {vote, end}, {vote, nil}} {
		moved, err := w.MoveRetrospective(w.mina(), &retrospectivev1.MoveRetrospectiveRequest{
			Name: retro, Stage: test.stage, StageEndTime: test.end, CurrentStage: w.get().GetStage(),
		})
		w.must(err)
		if moved.GetStage() != test.stage || !proto.Equal(moved.GetStageEndTime(), test.end) {
			t.Errorf("moved %v, want %v", moved, test)
		}
	}
	if got := strings.Count(w.events(), "RetrospectiveMoved"); got != 4 {
		t.Errorf("%d events, want 4", got)
	}
}

// The time is soft: after it everything can still be done, unless the team wants the clock to move on.
func TestLateIsNotTooLate(t *testing.T) {
	w := newWorld(t)
	opened, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{StageEndTime: timestamppb.New(w.Clock.Now().Add(time.Hour))})
	w.must(err)
	w.Clock.Advance(3 * time.Hour)
	if _, err := w.note("late, and welcome"); err != nil {
		t.Errorf("shut out: %v", err)
	}
	if got := w.get(); !proto.Equal(got, opened) {
		t.Errorf("it moved by itself: %v", got)
	}
}

func TestTheClockMovesTheRetrospective(t *testing.T) {
	w := newWorld(t)
	_, err := w.UpdateRetrospectiveSettings(w.mina(), &retrospectivev1.UpdateRetrospectiveSettingsRequest{RetrospectiveSettings: &retrospectivev1.RetrospectiveSettings{
		Name: team + "/retrospectiveSettings", MoveByTime: true,
		StageHours: []*retrospectivev1.StageHours{{Stage: collect, Hours: 24}, {Stage: group, Hours: 1}, {Stage: vote, Hours: 2}, {Stage: decide, Hours: 1}},
	}})
	w.must(err)
	_, err = w.open(&retrospectivev1.OpenRetrospectiveRequest{})
	w.must(err)
	// What is open keeps what it began with.
	_, err = w.UpdateRetrospectiveSettings(w.mina(), &retrospectivev1.UpdateRetrospectiveSettingsRequest{RetrospectiveSettings: &retrospectivev1.RetrospectiveSettings{
		Name: team + "/retrospectiveSettings", StageHours: []*retrospectivev1.StageHours{{Stage: vote, Hours: 300}},
	}})
	w.must(err)
	_, err = w.note("alone")
	w.must(err)
	for _, step := range []struct {
		passes time.Duration
		stage  retrospectivev1.Stage
		hours  time.Duration
	}{{24 * time.Hour, group, time.Hour}, {5 * time.Hour, vote, 2 * time.Hour}, {2 * time.Hour, decide, time.Hour}} {
		w.Clock.Advance(step.passes)
		testkit.Eventually(t, "the clock has moved it to "+step.stage.String(), func() bool { return w.get().GetStage() == step.stage })
		if got := w.get(); !got.GetMovesByTime() || !got.GetStageEndTime().AsTime().Equal(w.Clock.Now().Add(step.hours)) {
			t.Errorf("moved %v at %v", got, w.Clock.Now())
		}
	}
	records := testkit.Records(t, w.service.Log)
	for _, r := range records[4:] { // after settings, opening, settings, note
		if r.Actor != "" {
			t.Errorf("the clock acts as %q: %+v", r.Actor, r)
		}
	}
	if got, want := w.events(), "RetrospectiveSettingsUpdated RetrospectiveOpened RetrospectiveSettingsUpdated NoteWritten RetrospectiveMoved RetrospectiveMoved ThemeChanged RetrospectiveMoved"; got != want {
		t.Errorf("events %s, want %s", got, want)
	}
}

func TestTheFacilitatorGoesRoundAndIsHandedOver(t *testing.T) {
	w := newWorld(t)
	for i, want := range []string{"users/ada", "users/jonas", "users/mina", "users/ada"} {
		w.Clock.Advance(time.Minute)
		opened, err := w.OpenRetrospective(w.mina(), &retrospectivev1.OpenRetrospectiveRequest{Name: team + "/cycles/c" + string(rune('0'+i)) + "/retrospective"})
		if err != nil || opened.GetFacilitator() != want {
			t.Errorf("%d: %v, %v, want %s", i, opened.GetFacilitator(), err, want)
		}
	}
	opened, err := w.open(&retrospectivev1.OpenRetrospectiveRequest{Facilitator: "users/mina"})
	if err != nil || opened.GetFacilitator() != "users/mina" {
		t.Fatalf("named: %v, %v", opened, err)
	}
	// Anybody takes the role over; with an etag only what was read is handed over.
	handed, err := w.HandOverRetrospective(w.jonas(), &retrospectivev1.HandOverRetrospectiveRequest{Name: retro, Facilitator: "users/jonas", Etag: opened.GetEtag()})
	if err != nil || handed.GetFacilitator() != "users/jonas" || !strings.HasSuffix(w.events(), "RetrospectiveHandedOver") {
		t.Errorf("handed over: %v, %v", handed, err)
	}
	_, err = w.HandOverRetrospective(w.mina(), &retrospectivev1.HandOverRetrospectiveRequest{Name: retro, Facilitator: "users/ada", Etag: opened.GetEtag()})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
}

// A retrospective names people: whatever it holds may not be a number, now or in a later version of the contract.
func TestARetrospectiveCountsNobody(t *testing.T) {
	checkNoNumbers(t, (&retrospectivev1.Retrospective{}).ProtoReflect().Descriptor(), map[string]bool{})
}
