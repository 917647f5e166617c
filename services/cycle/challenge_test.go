package cycle_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

const direction = team + "/challenges/direction"

func (w *world) direct(horizon, owner string) (*cyclev1.Challenge, error) {
	return w.cycles.CreateChallenge(w.member(), &cyclev1.CreateChallengeRequest{
		Parent: team, ChallengeId: "direction", Challenge: &cyclev1.Challenge{Statement: "same day", HorizonDate: horizon, Owner: owner},
	})
}

func (w *world) redirect(etag string, c *cyclev1.Challenge, fields ...string) (*cyclev1.Challenge, error) {
	c.Name = direction
	req := &cyclev1.UpdateChallengeRequest{Challenge: c, Etag: etag}
	if len(fields) > 0 {
		req.UpdateMask = &fieldmaskpb.FieldMask{Paths: fields}
	}
	return w.cycles.UpdateChallenge(w.member(), req)
}

func (w *world) endDirection(etag, reason string, state cyclev1.ChallengeState) (*cyclev1.Challenge, error) {
	return w.cycles.CloseChallenge(w.member(), &cyclev1.CloseChallengeRequest{Name: direction, Etag: etag, State: state, Reason: reason})
}

const (
	met      = cyclev1.ChallengeState_CHALLENGE_STATE_MET
	replaced = cyclev1.ChallengeState_CHALLENGE_STATE_REPLACED
)

func TestChallenge(t *testing.T) {
	w := newWorld(t)
	created, err := w.direct("2027-06-01", "")
	must(t, err)
	if created.GetOwner() != "users/jonas" || created.GetState() != cyclev1.ChallengeState_CHALLENGE_STATE_ACTIVE || created.GetStateReason() != "" {
		t.Errorf("created %v", created)
	}
	_, err = w.cycles.CreateChallenge(w.member(), &cyclev1.CreateChallengeRequest{Parent: team, Challenge: &cyclev1.Challenge{Statement: "x", HorizonDate: "2027-06-01"}})
	testkit.Refused(t, err, fault.FailedPrecondition, "CHALLENGE_ALREADY_ACTIVE")
	if f := rpcserver.FromStatus(err); f.Metadata["challenge"] != direction {
		t.Errorf("the active one is not named: %v", f.Metadata)
	}
	updated, err := w.redirect(created.GetEtag(), &cyclev1.Challenge{Statement: "within the day", Owner: "users/boss"})
	must(t, err)
	if updated.GetStatement() != "within the day" || updated.GetOwner() != "users/boss" || updated.GetHorizonDate() != "2027-06-01" || updated.GetEtag() == created.GetEtag() {
		t.Errorf("updated %v", updated)
	}
	_, err = w.redirect(created.GetEtag(), &cyclev1.Challenge{Statement: "late"})
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	if f := rpcserver.FromStatus(err); f.Metadata["current_etag"] != updated.GetEtag() {
		t.Errorf("the etag is not told: %v", f.Metadata)
	}
	_, err = w.redirect("", &cyclev1.Challenge{State: met}, "state")
	testkit.Refused(t, err, fault.InvalidArgument, "NOTHING_TO_CHANGE", "update_mask")
	_, err = w.redirect("", &cyclev1.Challenge{}, "statement")
	testkit.Refused(t, err, fault.InvalidArgument, "STATEMENT_MISSING", "challenge.statement")
	_, err = w.redirect("", &cyclev1.Challenge{HorizonDate: "2027-02-30"})
	testkit.Refused(t, err, fault.InvalidArgument, "DAY_INVALID", "challenge.horizon_date")
	if same, err := w.redirect("", &cyclev1.Challenge{Statement: "within the day"}); err != nil || same.GetEtag() != updated.GetEtag() {
		t.Errorf("as it is: %v, %v", same, err)
	}

	_, err = w.endDirection(created.GetEtag(), "", met)
	testkit.Refused(t, err, fault.Aborted, "ETAG_MISMATCH")
	_, err = w.endDirection("", " ", replaced)
	testkit.Refused(t, err, fault.InvalidArgument, "CLOSE_REASON_MISSING", "reason")
	_, err = w.endDirection("", "x", cyclev1.ChallengeState_CHALLENGE_STATE_ACTIVE)
	testkit.Refused(t, err, fault.InvalidArgument, "VALIDATION_FAILED", "state")
	closed, err := w.endDirection(updated.GetEtag(), "the market turned", replaced)
	must(t, err)
	if closed.GetState() != replaced || closed.GetStateReason() != "the market turned" {
		t.Errorf("closed %v", closed)
	}
	_, err = w.endDirection("", "", met)
	testkit.Refused(t, err, fault.FailedPrecondition, "CHALLENGE_NOT_ACTIVE")
	_, err = w.redirect("", &cyclev1.Challenge{Statement: "too late"})
	testkit.Refused(t, err, fault.FailedPrecondition, "CHALLENGE_NOT_ACTIVE")
	_, err = w.cycles.CreateChallenge(w.member(), &cyclev1.CreateChallengeRequest{Parent: team, Challenge: &cyclev1.Challenge{Statement: "x", HorizonDate: "2027-06-01"}})
	must(t, err)
	want := []string{"ChallengeCreated", "ChallengeUpdated", "ChallengeClosed", "ChallengeCreated"}
	if types := w.eventTypes(t); !slices.Equal(types, want) {
		t.Errorf("events %v, want %v", types, want)
	}
}

// 23:00 UTC on Monday is noon on Tuesday in the team's zone, and Tuesday counts.
func TestHorizonInTheZoneOfTheTeam(t *testing.T) {
	for horizon, fits := range map[string]bool{"2026-09-02": false, "2026-09-03": true, "2029-03-03": true, "2029-03-04": false} {
		w := newWorld(t)
		w.Clock.Set(time.Date(2026, 3, 2, 23, 0, 0, 0, time.UTC))
		_, err := w.direct(horizon, "")
		if fits {
			must(t, err)
			continue
		}
		testkit.Refused(t, err, fault.InvalidArgument, "HORIZON_OUT_OF_RANGE", "challenge.horizon_date")
	}
}

// A horizon comes nearer by itself, so it is judged only when it is set.
func TestHorizonIsJudgedWhenItIsSet(t *testing.T) {
	w := newWorld(t)
	_, err := w.direct("2026-10-01", "")
	must(t, err)
	w.Clock.Set(time.Date(2026, 9, 20, 9, 0, 0, 0, time.UTC))
	_, err = w.redirect("", &cyclev1.Challenge{Statement: "within the day", HorizonDate: "2026-10-01"})
	must(t, err)
	_, err = w.redirect("", &cyclev1.Challenge{HorizonDate: "2026-10-02"})
	testkit.Refused(t, err, fault.InvalidArgument, "HORIZON_OUT_OF_RANGE", "challenge.horizon_date")
	_, err = w.redirect("", &cyclev1.Challenge{HorizonDate: "2027-03-20"})
	must(t, err)
}

func TestOwnerOfAChallenge(t *testing.T) {
	w := newWorld(t)
	for owner, reason := range map[string]string{"users/gone": "USER_DEACTIVATED", "users/nils": "USER_NOT_FOUND", "users/hidden": "USER_NOT_FOUND"} {
		_, err := w.direct("2027-06-01", owner)
		testkit.Refused(t, err, fault.InvalidArgument, reason, "challenge.owner")
	}
	bot := w.As(caller.Caller{Subject: "teams/payments/tokens/slack", Teams: map[string]caller.Role{"payments": caller.Member}})
	made, err := w.cycles.CreateChallenge(bot, &cyclev1.CreateChallengeRequest{
		Parent: team, ChallengeId: "direction", Challenge: &cyclev1.Challenge{Statement: "same day", HorizonDate: "2027-06-01"},
	})
	must(t, err)
	if made.GetOwner() != "" {
		t.Errorf("a bot owns it: %v", made)
	}
	_, err = w.redirect("", &cyclev1.Challenge{Owner: "users/gone"})
	testkit.Refused(t, err, fault.InvalidArgument, "USER_DEACTIVATED", "challenge.owner")
	_, err = w.redirect("", &cyclev1.Challenge{Owner: "users/boss"}) // no member of the team
	must(t, err)
	disowned, err := w.redirect("", &cyclev1.Challenge{}, "owner")
	must(t, err)
	if disowned.GetOwner() != "" {
		t.Errorf("still owned: %v", disowned)
	}
	viewer := w.As(callertest.User("vera", "payments", caller.Viewer))
	_, err = w.cycles.CloseChallenge(viewer, &cyclev1.CloseChallengeRequest{Name: direction, State: met})
	testkit.Refused(t, err, fault.PermissionDenied, "PERMISSION_DENIED")
}

func TestChallengeThatSomethingLeadsTowards(t *testing.T) {
	w := newWorld(t)
	w.aim(t)
	_, err := w.endDirection("", "", met)
	testkit.Refused(t, err, fault.FailedPrecondition, "TARGET_CONDITION_STILL_ACTIVE")
	if f := rpcserver.FromStatus(err); f.Metadata["target_condition"] != team+"/targetConditions/next" {
		t.Errorf("it is not named: %v", f.Metadata)
	}
	_, err = w.retarget(w.coach(), "", &cyclev1.TargetCondition{AchieveByDate: "2027-05-31", AchieveByReason: "the fair"})
	must(t, err)
	_, err = w.redirect("", &cyclev1.Challenge{HorizonDate: "2027-05-30"})
	testkit.Refused(t, err, fault.InvalidArgument, "HORIZON_BEFORE_TARGET_CONDITION", "challenge.horizon_date")
	_, err = w.endTarget(w.member(), "", "", cyclev1.TargetConditionState_TARGET_CONDITION_STATE_ACHIEVED)
	must(t, err)
	_, err = w.endDirection("", "a month of it", met)
	must(t, err)
}

// Many create a challenge at once: one is active. Many change one with the same etag: one wins, the others are told the new etag.
func TestChallengesAtOnce(t *testing.T) {
	w := newWorld(t)
	ctx := w.member()
	var mu sync.Mutex
	refused := map[string]int{}
	all := func(do func() error) int {
		clear(refused)
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				if err := do(); err != nil {
					mu.Lock()
					defer mu.Unlock()
					refused[rpcserver.FromStatus(err).Reason]++
				}
			})
		}
		group.Wait()
		return 8 - refused["CHALLENGE_ALREADY_ACTIVE"] - refused["ETAG_MISMATCH"]
	}
	won := all(func() error {
		_, err := w.cycles.CreateChallenge(ctx, &cyclev1.CreateChallengeRequest{Parent: team, Challenge: &cyclev1.Challenge{Statement: "x", HorizonDate: "2027-06-01"}})
		return err
	})
	if won != 1 {
		t.Errorf("%d are active: %v", won, refused)
	}
	list, err := w.cycles.ListChallenges(ctx, &cyclev1.ListChallengesRequest{Parent: team})
	must(t, err)
	one := list.GetChallenges()[0]
	var statement int
	won = all(func() error {
		mu.Lock()
		statement++
		text := string(rune('a' + statement))
		mu.Unlock()
		_, err := w.cycles.UpdateChallenge(ctx, &cyclev1.UpdateChallengeRequest{Challenge: &cyclev1.Challenge{Name: one.GetName(), Statement: text}, Etag: one.GetEtag()})
		return err
	})
	if won != 1 || len(w.eventTypes(t)) != 2 {
		t.Errorf("%d changes won: %v", won, refused)
	}
}
