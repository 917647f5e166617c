package domain_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

var obstacleNow = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

func TestObstacle(t *testing.T) {
	queue, env := domain.NewObstacle("queue", "", "i000", "r1"), domain.NewObstacle("env", "", "i001", "r2")
	mustEvents(t, domain.ObstacleMadeCurrent)(queue.MakeCurrent(domain.Current{}, "", ""))
	if queue.Rank != "" {
		t.Errorf("the current one has the rank %q", queue.Rank)
	}
	mustEvents(t)(queue.MakeCurrent(domain.Current{}, "", ""))
	mustEvents(t, domain.ObstacleMadeCurrent)(env.MakeCurrent(domain.Current{Name: "queue"}, "queue", "the queue waits for env"))
	if got := queue.Park("hzzz", "switch"); !slices.Equal(got, []domain.Event{domain.ObstacleParkedAgain}) || queue.State != domain.ObstacleParked || queue.Rank != "hzzz" {
		t.Errorf("park: %v, %+v", got, queue)
	}
	_, err := env.Settle(domain.ObstacleDropped, "")
	checkReason(t, err, "SETTLE_REASON_MISSING")
	mustEvents(t, domain.ObstacleSettled)(env.Settle(domain.ObstacleOvercome, ""))
	if got := env.Park("hzzz", "late"); got != nil || env.State != domain.ObstacleOvercome {
		t.Errorf("a settled one is parked: %v, %+v", got, env)
	}
	_, err = env.Settle(domain.ObstacleDropped, "again")
	checkReason(t, err, "OBSTACLE_SETTLED")
	_, err = env.MakeCurrent(domain.Current{}, "", "")
	checkReason(t, err, "OBSTACLE_SETTLED")
	_, err = env.Edit("other words")
	checkReason(t, err, "OBSTACLE_SETTLED")
	_, err = env.Move("i002")
	checkReason(t, err, "OBSTACLE_NOT_PARKED")
}

func TestSwitchingNamesWhatIsCurrent(t *testing.T) {
	queue := domain.Current{Name: "queue", Etag: `"e-2"`}
	for name, c := range map[string]struct {
		now               domain.Current
		insteadOf, reason string
		want              string
		metadata          map[string]string
	}{
		"none is current":                  {domain.Current{}, "", "", "", nil},
		"as believed":                      {queue, "queue", "because", "", nil},
		"as believed, without a reason":    {queue, "queue", "", "SWITCH_REASON_MISSING", nil},
		"another than believed":            {queue, "env", "because", "OBSTACLE_CURRENT_CHANGED", map[string]string{"current": "queue", "current_etag": `"e-2"`}},
		"one, and none was believed to be": {queue, "", "because", "OBSTACLE_CURRENT_CHANGED", map[string]string{"current": "queue", "current_etag": `"e-2"`}},
		"none, and one was believed to be": {domain.Current{}, "queue", "because", "OBSTACLE_CURRENT_CHANGED", map[string]string{"current": ""}},
	} {
		t.Run(name, func(t *testing.T) {
			o := domain.NewObstacle("next", "", "i000", "r")
			events, err := o.MakeCurrent(c.now, c.insteadOf, c.reason)
			if c.want == "" {
				mustEvents(t, domain.ObstacleMadeCurrent)(events, err)
				return
			}
			checkReason(t, err, c.want)
			for key, want := range c.metadata {
				if got := fault.From(err).Metadata[key]; got != want {
					t.Errorf("%s is %q, want %q", key, got, want)
				}
			}
			if o.State != domain.ObstacleParked || o.Rank != "i000" {
				t.Errorf("a refusal changed it: %+v", o)
			}
		})
	}
}

func TestEditObstacle(t *testing.T) {
	o := domain.NewObstacle("queue", "the queue", "i000", "r")
	mustEvents(t)(o.Edit("the queue"))
	mustEvents(t, domain.ObstacleUpdated)(o.Edit("nobody owns the queue"))
	_, err := o.Edit("")
	checkReason(t, err, "DESCRIPTION_MISSING")
	mustEvents(t, domain.EscalationOpened)(o.Escalate("users/boss", "not ours", "", "2026-03-02", obstacleNow))
	mustEvents(t, domain.ObstacleUpdated)(o.Edit("nobody may own the queue"))
}

func TestOutlastedCycles(t *testing.T) {
	o := domain.NewObstacle("queue", "", "i000", "r")
	mustEvents(t)(o.Outlast("c1", obstacleNow), nil)
	mustEvents(t, domain.ObstacleMadeCurrent)(o.MakeCurrent(domain.Current{}, "", ""))
	mustEvents(t, domain.ObstacleOutlastedCycle)(o.Outlast("c1", obstacleNow), nil)
	mustEvents(t)(o.Outlast("c1", obstacleNow), nil)
	if !o.StuckTime.IsZero() {
		t.Error("stuck after one cycle")
	}
	o.Park("i000", "something else first")
	mustEvents(t)(o.Outlast("c2", obstacleNow), nil)
	mustEvents(t, domain.ObstacleMadeCurrent)(o.MakeCurrent(domain.Current{}, "", ""))
	mustEvents(t, domain.ObstacleOutlastedCycle, domain.ObstacleStuck)(o.Outlast("c3", obstacleNow), nil)
	mustEvents(t, domain.ObstacleOutlastedCycle)(o.Outlast("c4", obstacleNow.Add(time.Hour)), nil)
	if !o.StuckTime.Equal(obstacleNow) || !slices.Equal(o.OutlastedCycles, []string{"c1", "c3", "c4"}) {
		t.Errorf("stuck %v after %v", o.StuckTime, o.OutlastedCycles)
	}
}
