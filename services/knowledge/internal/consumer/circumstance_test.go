package consumer_test

import (
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	cyclev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/cycle/v1"
	identityv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/identity/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/consumer"
)

// holding is what holds of the teams, such as "OBSTACLE mobile parked Reviews wait".
func holding(t *testing.T, l *eventlog.Log) string {
	t.Helper()
	type row struct {
		Kind    string `db:"kind"`
		Team    string `db:"team"`
		Text    string `db:"text"`
		Current int64  `db:"is_current"`
	}
	rows, err := db.All[row](t.Context(), l.DB().Read(), "select kind, team, text, is_current from circumstances where until is null order by kind, name")
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, r := range rows {
		all = append(all, strings.TrimSpace(fmt.Sprintf("%s %s %d %s", r.Kind, strings.TrimPrefix(r.Team, "teams/"), r.Current, r.Text)))
	}
	return strings.Join(all, "; ")
}

func TestWhatOffersGoByIsTakenIn(t *testing.T) {
	const name, stream = "teams/mobile/obstacles/o", "teams/mobile/valueStreams/v"
	obstacle := func(text string, state cyclev1.ObstacleState) *cyclev1.Obstacle {
		return &cyclev1.Obstacle{Name: name, Description: text, State: state}
	}
	mobile := func(state identityv1.TeamState) *identityv1.Team {
		return &identityv1.Team{Name: "teams/mobile", State: state}
	}
	drawn := func(display, step string) *cyclev1.ValueStream {
		v := &cyclev1.ValueStream{Name: stream, DisplayName: display}
		if step != "" {
			v.ConfirmedConstraint = &cyclev1.ConfirmedConstraint{Step: step}
		}
		return v
	}
	const parked, current = cyclev1.ObstacleState_OBSTACLE_STATE_PARKED, cyclev1.ObstacleState_OBSTACLE_STATE_CURRENT
	const team = "; TEAM mobile 0"
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		l := open(t, d)
		for i, c := range []struct {
			data proto.Message
			want string
		}{
			{&identityv1.TeamCreated{Team: mobile(identityv1.TeamState_TEAM_STATE_ACTIVE)}, "TEAM mobile 0"},
			{&identityv1.TeamDeactivated{Team: mobile(identityv1.TeamState_TEAM_STATE_DEACTIVATED)}, ""},
			{&identityv1.TeamReactivated{Team: mobile(identityv1.TeamState_TEAM_STATE_ACTIVE)}, "TEAM mobile 0"},
			{&cyclev1.ObstacleParked{Obstacle: obstacle("Reviews wait", parked)}, "OBSTACLE mobile 0 Reviews wait" + team},
			{&cyclev1.ObstacleMadeCurrent{Obstacle: obstacle("Reviews wait", current)}, "OBSTACLE mobile 1 Reviews wait" + team},
			{&cyclev1.ObstacleUpdated{Obstacle: obstacle("Reviews wait long", current)}, "OBSTACLE mobile 1 Reviews wait long" + team},
			{&cyclev1.ObstacleEscalated{Obstacle: obstacle("Reviews wait long", cyclev1.ObstacleState_OBSTACLE_STATE_ESCALATED)}, "TEAM mobile 0"},
			{&cyclev1.EscalationAnswered{Obstacle: obstacle("Reviews wait long", parked)}, "OBSTACLE mobile 0 Reviews wait long" + team},
			{&cyclev1.ObstacleSettled{Obstacle: obstacle("Reviews wait long", cyclev1.ObstacleState_OBSTACLE_STATE_DROPPED)}, "TEAM mobile 0"},
			{&cyclev1.ValueStreamCreated{ValueStream: drawn("Checkout", "")}, "PROCESS mobile 0 Checkout" + team},
			{&cyclev1.ConstraintConfirmed{ValueStream: drawn("Checkout", "Code review")}, "CONSTRAINT mobile 0 Code review; PROCESS mobile 0 Checkout" + team},
			{&cyclev1.ValueStreamUpdated{ValueStream: drawn("Payments", "")}, "PROCESS mobile 0 Payments" + team},
			{&cyclev1.AndonRaised{Andon: &cyclev1.Andon{Name: "teams/mobile/andons/a"}}, "PROCESS mobile 0 Payments" + team},
			{&identityv1.UserCreated{User: &identityv1.User{Name: "users/mina"}}, "PROCESS mobile 0 Payments" + team},
		} {
			handle := consumer.Cycle
			if strings.HasPrefix(string(c.data.ProtoReflect().Descriptor().FullName()), "fortnight.identity") {
				handle = consumer.Identity
			}
			for range 2 { // the second time changes nothing
				apply(t, l, step{handle, event(t, i, c.data)})
				if got := holding(t, l); got != c.want {
					t.Errorf("after %T: %s, want %s", c.data, got, c.want)
				}
			}
		}
	})
}

func BenchmarkSkip(b *testing.B) {
	r := eventlog.Record{Type: "fortnight.cycle.v1.CoachingSessionUpdated", Data: []byte(`{}`)}
	for b.Loop() {
		if err := consumer.Cycle(nil, r); err != nil {
			b.Fatal(err)
		}
	}
}
