package cycle_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/fieldmaskpb"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/rpcserver"
)

// story is what happens to a team by chance. What is refused did not happen.
type story struct {
	*world
	random *rand.Rand
	today  string
}

// one is the name of one of a few resources of a kind.
func (s *story) one(kind string) string {
	return fmt.Sprintf("%s/%s/%s", team, kind, s.id())
}

func (s *story) id() string { return string(rune('a' + s.random.IntN(4))) }

// word is one that was perhaps said before.
func (s *story) word() string {
	return []string{"the queue for reviews", "reviews wait", "nobody looks", "a long word or two"}[s.random.IntN(4)]
}

// day is so many days from today.
func (s *story) day(days int) string {
	return s.Clock.Now().AddDate(0, 0, days).Format(time.DateOnly)
}

func (s *story) happen(t *testing.T, times int) {
	t.Helper()
	chapters := []func(ctx context.Context) error{
		s.aims, s.closes, s.obstacles, s.obstacles, s.escalates, s.recurs, s.turns, s.turns, s.turns, s.andons, s.draws, s.hurts, s.coaches, s.spends,
	}
	happened := 0
	for range times {
		s.Clock.Advance(time.Duration(s.random.IntN(20)) * time.Hour)
		s.today = s.day(0)
		err := chapters[s.random.IntN(len(chapters))](s.coach())
		if err == nil {
			happened++
		} else if kind := rpcserver.FromStatus(err).Kind; kind == fault.Internal || kind == fault.Unavailable {
			t.Fatal(err)
		}
	}
	if happened < times/5 {
		t.Errorf("only %d of %d things happened", happened, times)
	}
}

// choose does one of several things.
func (s *story) choose(things ...func() error) error { return things[s.random.IntN(len(things))]() }

func (s *story) aims(ctx context.Context) error {
	return s.choose(func() error {
		_, err := s.cycles.CreateChallenge(ctx, &cyclev1.CreateChallengeRequest{
			Parent: team, ChallengeId: s.id(), Challenge: &cyclev1.Challenge{Statement: s.word(), HorizonDate: s.day(400)},
		})
		return err
	}, func() error {
		_, err := s.cycles.UpdateChallenge(ctx, &cyclev1.UpdateChallengeRequest{
			Challenge: &cyclev1.Challenge{Name: s.one("challenges"), Statement: s.word()}, UpdateMask: &fieldmaskpb.FieldMask{Paths: []string{"statement"}},
		})
		return err
	}, func() error {
		_, err := s.cycles.CreateTargetCondition(ctx, &cyclev1.CreateTargetConditionRequest{
			Parent: team, TargetConditionId: s.id(), TargetCondition: &cyclev1.TargetCondition{
				Challenge: s.one("challenges"), AchieveByDate: s.day(30), OutcomeMetric: team + "/metrics/wait", OutcomeValue: float64(s.random.IntN(9)), OperatingPattern: s.word(),
			},
		})
		return err
	}, func() error {
		_, err := s.cycles.UpdateTargetCondition(ctx, &cyclev1.UpdateTargetConditionRequest{
			TargetCondition: &cyclev1.TargetCondition{Name: s.one("targetConditions"), OperatingPattern: s.word(), AchieveByDate: s.day(20 + s.random.IntN(200)), AchieveByReason: "so we said"},
			UpdateMask:      &fieldmaskpb.FieldMask{Paths: []string{"operating_pattern", "achieve_by_date", "achieve_by_reason"}},
		})
		return err
	})
}

func (s *story) closes(ctx context.Context) error {
	if s.random.IntN(3) > 0 {
		return s.obstacles(ctx)
	}
	return s.choose(func() error {
		_, err := s.cycles.CloseChallenge(ctx, &cyclev1.CloseChallengeRequest{Name: s.one("challenges"), State: cyclev1.ChallengeState_CHALLENGE_STATE_REPLACED, Reason: s.word()})
		return err
	}, func() error {
		_, err := s.cycles.CloseTargetCondition(ctx, &cyclev1.CloseTargetConditionRequest{
			Name: s.one("targetConditions"), State: cyclev1.TargetConditionState_TARGET_CONDITION_STATE_ACHIEVED,
		})
		return err
	})
}

func (s *story) obstacles(ctx context.Context) error {
	return s.choose(func() error {
		_, err := s.cycles.CreateObstacle(ctx, &cyclev1.CreateObstacleRequest{Parent: team, ObstacleId: s.id(), Obstacle: &cyclev1.Obstacle{Description: s.word()}})
		return err
	}, func() error {
		_, err := s.cycles.UpdateObstacle(ctx, &cyclev1.UpdateObstacleRequest{Obstacle: &cyclev1.Obstacle{Name: s.one("obstacles"), Description: s.word()}})
		return err
	}, func() error {
		list, err := s.cycles.ListObstacles(ctx, &cyclev1.ListObstaclesRequest{Parent: team, States: []cyclev1.ObstacleState{cyclev1.ObstacleState_OBSTACLE_STATE_CURRENT}})
		if err != nil {
			return err
		}
		req := &cyclev1.MakeObstacleCurrentRequest{Name: s.one("obstacles"), Reason: s.word()}
		for _, current := range list.GetObstacles() {
			req.InsteadOf = current.GetName()
		}
		_, err = s.cycles.MakeObstacleCurrent(ctx, req)
		return err
	}, func() error {
		_, err := s.cycles.MoveObstacle(ctx, &cyclev1.MoveObstacleRequest{Name: s.one("obstacles"), After: s.one("obstacles")})
		return err
	}, func() error {
		if s.random.IntN(3) > 0 {
			return s.escalates(ctx)
		}
		_, err := s.cycles.SettleObstacle(ctx, &cyclev1.SettleObstacleRequest{Name: s.one("obstacles"), State: cyclev1.ObstacleState_OBSTACLE_STATE_DROPPED, Reason: s.word()})
		return err
	})
}

func (s *story) escalates(ctx context.Context) error {
	return s.choose(func() error {
		_, err := s.cycles.EscalateObstacle(ctx, &cyclev1.EscalateObstacleRequest{Name: s.one("obstacles"), Owner: "users/boss", Reason: s.word()})
		return err
	}, func() error {
		_, err := s.cycles.AnswerEscalation(ctx, &cyclev1.AnswerEscalationRequest{Name: s.one("obstacles"), Answer: s.word(), State: cyclev1.ObstacleState_OBSTACLE_STATE_PARKED})
		return err
	})
}

func (s *story) recurs(ctx context.Context) error {
	return s.choose(func() error {
		_, err := s.cycles.LinkObstacle(ctx, &cyclev1.LinkObstacleRequest{Name: s.one("obstacles"), SameAs: s.one("obstacles")})
		return err
	}, func() error {
		_, err := s.cycles.UnlinkObstacle(ctx, &cyclev1.UnlinkObstacleRequest{Name: s.one("obstacles")})
		return err
	})
}

// running is the cycle that runs, or else one of a few others.
func (s *story) running(ctx context.Context) string {
	list, err := s.cycles.ListCycles(ctx, &cyclev1.ListCyclesRequest{Parent: team, States: []cyclev1.CycleState{cyclev1.CycleState_CYCLE_STATE_ACTIVE}})
	if err != nil || len(list.GetCycles()) == 0 {
		return s.one("cycles")
	}
	return list.GetCycles()[0].GetName()
}

func (s *story) turns(ctx context.Context) error {
	cycle := s.running(ctx)
	return s.choose(func() error {
		_, err := s.cycles.CreateCycle(ctx, &cyclev1.CreateCycleRequest{Parent: team, CycleId: s.id(), Cycle: &cyclev1.Cycle{DisplayName: s.word()}})
		return err
	}, func() error {
		_, err := s.cycles.UpdateCycle(ctx, &cyclev1.UpdateCycleRequest{Cycle: &cyclev1.Cycle{
			Name:             cycle,
			CurrentCondition: &cyclev1.CurrentCondition{Metric: team + "/metrics/wait", BaselineValue: float64(s.random.IntN(9)), BaselineDate: s.today},
			ValueStreamFocus: &cyclev1.ValueStreamFocus{Step: "Review", ValueStream: s.one("valueStreams")},
		}})
		return err
	}, func() error {
		now, err := s.cycles.GetCycle(ctx, &cyclev1.GetCycleRequest{Name: cycle})
		if err != nil {
			return err
		}
		_, err = s.cycles.AdvanceCycle(ctx, &cyclev1.AdvanceCycleRequest{Name: cycle, Phase: now.GetPhase(), CoachReason: s.word()})
		return err
	}, func() error {
		now, err := s.cycles.GetCycle(ctx, &cyclev1.GetCycleRequest{Name: cycle})
		if err != nil {
			return err
		}
		end, err := time.Parse(time.DateOnly, now.GetEndDate())
		if err != nil {
			return err
		}
		_, err = s.cycles.ExtendCycle(ctx, &cyclev1.ExtendCycleRequest{Name: cycle, EndDate: end.AddDate(0, 0, 2).Format(time.DateOnly), Reason: s.word()})
		return err
	}, func() error {
		drafts, err := s.cycles.ListCycles(ctx, &cyclev1.ListCyclesRequest{Parent: team, States: []cyclev1.CycleState{cyclev1.CycleState_CYCLE_STATE_DRAFT}})
		for _, draft := range drafts.GetCycles() {
			_, err = s.cycles.StartCycle(ctx, &cyclev1.StartCycleRequest{Name: draft.GetName()})
		}
		return err
	}, func() error {
		if s.random.IntN(8) > 0 {
			return s.andons(ctx)
		}
		_, err := s.cycles.CancelCycle(ctx, &cyclev1.CancelCycleRequest{Name: cycle, Reason: s.word()})
		return err
	})
}

func (s *story) andons(ctx context.Context) error {
	list, err := s.cycles.ListAndons(ctx, &cyclev1.ListAndonsRequest{Parent: s.running(ctx)})
	if err != nil {
		return err
	}
	for _, andon := range list.GetAndons() {
		if andon.GetState() == cyclev1.AndonState_ANDON_STATE_OPEN {
			_, err = s.cycles.ResolveAndon(ctx, &cyclev1.ResolveAndonRequest{Name: andon.GetName(), Countermeasure: s.word()})
			return err
		}
	}
	_, err = s.cycles.CreateAndon(ctx, &cyclev1.CreateAndonRequest{Parent: s.running(ctx), AndonId: s.id(), Andon: &cyclev1.Andon{Problem: s.word()}})
	return err
}

func (s *story) draws(ctx context.Context) error {
	steps := drawn()[:2+s.random.IntN(2)]
	return s.choose(func() error {
		_, err := s.cycles.CreateValueStream(ctx, &cyclev1.CreateValueStreamRequest{
			Parent: team, ValueStreamId: s.id(), ValueStream: &cyclev1.ValueStream{DisplayName: s.word(), Steps: drawn()},
		})
		return err
	}, func() error {
		_, err := s.cycles.UpdateValueStream(ctx, &cyclev1.UpdateValueStreamRequest{ValueStream: &cyclev1.ValueStream{Name: s.one("valueStreams"), Steps: steps}})
		return err
	}, func() error {
		_, err := s.cycles.ConfirmConstraint(ctx, &cyclev1.ConfirmConstraintRequest{Name: s.one("valueStreams"), Step: "Review", Reason: s.word()})
		return err
	})
}

func (s *story) hurts(ctx context.Context) error {
	return s.choose(func() error {
		_, err := s.cycles.CreatePainfulActivity(ctx, &cyclev1.CreatePainfulActivityRequest{Parent: team, PainfulActivityId: s.id(), PainfulActivity: &cyclev1.PainfulActivity{
			DisplayName: s.word(), Pain: 4, Frequency: cyclev1.Frequency_FREQUENCY_YEARLY, TargetFrequency: cyclev1.Frequency_FREQUENCY_DAILY,
		}})
		return err
	}, func() error {
		_, err := s.cycles.ScorePainfulActivity(ctx, &cyclev1.ScorePainfulActivityRequest{
			Name: s.one("painfulActivities"), Pain: int32(1 + s.random.IntN(5)), Frequency: cyclev1.Frequency(1 + s.random.IntN(8)),
		})
		return err
	}, func() error {
		_, err := s.cycles.UpdatePainfulActivity(ctx, &cyclev1.UpdatePainfulActivityRequest{PainfulActivity: &cyclev1.PainfulActivity{Name: s.one("painfulActivities"), DisplayName: s.word()}})
		return err
	})
}

func (s *story) coaches(ctx context.Context) error {
	return s.choose(func() error {
		_, err := s.cycles.CreateCoachingSession(ctx, &cyclev1.CreateCoachingSessionRequest{
			Parent: team, CoachingSessionId: s.id(), CoachingSession: &cyclev1.CoachingSession{Coach: "users/mina", Learner: "users/jonas"},
		})
		return err
	}, func() error {
		_, err := s.cycles.UpdateCoachingSession(ctx, &cyclev1.UpdateCoachingSessionRequest{CoachingSession: &cyclev1.CoachingSession{
			Name: s.one("coachingSessions"), TargetConditionAnswer: s.word(), ActualConditionAnswer: s.word(), ObstaclesAnswer: s.word(),
			NextStep: s.word(), NextExpected: s.word(), GoAndSeeDate: s.day(1),
		}})
		return err
	}, func() error {
		_, err := s.cycles.HoldCoachingSession(ctx, &cyclev1.HoldCoachingSessionRequest{Name: s.one("coachingSessions")})
		return err
	}, func() error {
		_, err := s.cycles.UpdateCoachingCadence(ctx, &cyclev1.UpdateCoachingCadenceRequest{
			CoachingCadence: &cyclev1.CoachingCadence{Name: team + "/coachingCadence", Weekdays: []identityv1.Weekday{identityv1.Weekday(1 + s.random.IntN(7))}[:s.random.IntN(2)]},
			UpdateMask:      &fieldmaskpb.FieldMask{Paths: []string{"weekdays"}},
		})
		return err
	})
}

func (s *story) spends(ctx context.Context) error {
	_, err := s.cycles.UpdateCapacityEntry(ctx, &cyclev1.UpdateCapacityEntryRequest{AllowMissing: true, CapacityEntry: &cyclev1.CapacityEntry{
		Name: team + "/capacityEntries/" + s.day(-s.random.IntN(3)), AvailableHours: new(40.0), ImprovementHours: new(float64(s.random.IntN(9))), Note: s.word(),
	}})
	return err
}
