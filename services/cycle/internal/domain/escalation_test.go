package domain_test

import (
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

func TestEscalationClock(t *testing.T) {
	for answerBy, c := range map[string]struct{ want, reason string }{
		"":           {"2026-03-16", ""},
		"2026-03-03": {"2026-03-03", ""},
		"2026-06-02": {"2026-06-02", ""},
		"2026-06-03": {"", "ANSWER_DATE_OUT_OF_RANGE"},
		"2026-03-02": {"", "ANSWER_DATE_OUT_OF_RANGE"},
		"2026-02-30": {"", "DAY_INVALID"},
	} {
		t.Run(answerBy, func(t *testing.T) {
			o := domain.NewObstacle("queue", "", "i000", "r")
			events, err := o.Escalate("users/boss", "not ours", answerBy, "2026-03-02", obstacleNow)
			if c.reason != "" {
				checkReason(t, err, c.reason)
				if o.State != domain.ObstacleParked || o.Escalation != nil || o.Rank == "" {
					t.Errorf("a refusal changed it: %+v", o)
				}
				return
			}
			mustEvents(t, domain.EscalationOpened)(events, err)
			want := domain.Escalation{Owner: "users/boss", Reason: "not ours", EscalateTime: obstacleNow, AnswerByDate: domain.Day(c.want)}
			if *o.Escalation != want || o.State != domain.ObstacleEscalated || o.Rank != "" || o.StateReason != "not ours" {
				t.Errorf("escalated %+v, %+v", o, o.Escalation)
			}
		})
	}
}

func TestAnswer(t *testing.T) {
	o := domain.NewObstacle("queue", "", "i000", "r")
	_, err := o.Answer("none was asked", domain.ObstacleParked, "i001", obstacleNow)
	checkReason(t, err, "OBSTACLE_NOT_ESCALATED")
	mustEvents(t, domain.EscalationOpened)(o.Escalate("users/boss", "not ours", "", "2026-03-02", obstacleNow))
	_, err = o.Escalate("users/chief", "still not ours", "", "2026-03-02", obstacleNow)
	checkReason(t, err, "OBSTACLE_ESCALATED")
	_, err = o.MakeCurrent(domain.Current{}, "", "")
	checkReason(t, err, "OBSTACLE_ESCALATED")
	_, err = o.Settle(domain.ObstacleOvercome, "")
	checkReason(t, err, "OBSTACLE_ESCALATED")
	_, err = o.Move("i002")
	checkReason(t, err, "OBSTACLE_NOT_PARKED")

	mustEvents(t, domain.EscalationAnswered)(o.Answer("they have a rota now", domain.ObstacleParked, "hzzz", obstacleNow.Add(time.Hour)))
	if o.State != domain.ObstacleParked || o.Rank != "hzzz" || o.Escalation.Answer != "they have a rota now" || o.Escalation.Owner != "users/boss" ||
		!o.Escalation.AnswerTime.Equal(obstacleNow.Add(time.Hour)) {
		t.Errorf("answered %+v, %+v", o, o.Escalation)
	}
	mustEvents(t, domain.EscalationOpened)(o.Escalate("users/chief", "it did not last", "", "2026-03-02", obstacleNow))
	if o.Escalation.Answer != "" || o.EscalationOwner() != "users/chief" {
		t.Errorf("asked again: %+v", o.Escalation)
	}
	mustEvents(t, domain.EscalationAnswered)(o.Answer("no", domain.ObstacleDropped, "", obstacleNow))
	if o.State != domain.ObstacleDropped || o.Rank != "" {
		t.Errorf("dropped %+v", o)
	}

	old := &domain.Obstacle{Name: "old", State: domain.ObstacleEscalated, StateReason: "too big"}
	if old.EscalationOwner() != "" {
		t.Error("an old escalation has an owner")
	}
	mustEvents(t, domain.EscalationAnswered)(old.Answer("done", domain.ObstacleOvercome, "", obstacleNow))
	if old.Escalation.Reason != "too big" || old.State != domain.ObstacleOvercome {
		t.Errorf("an old one: %+v, %+v", old, old.Escalation)
	}
}
