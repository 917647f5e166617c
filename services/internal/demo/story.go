package demo

import (
	"context"
	"fmt"
	"net/http"
	"time"
)

// Works tells whether the token still opens the installation at url.
func Works(ctx context.Context, url, token string) bool {
	t := &teller{http: newClient(), url: url, token: token}
	_, _, err := t.send(ctx, http.MethodGet, "caller", "", nil)
	return err == nil
}

// Tell tells the story to the installation at url (scheme and host), with the token of an admin, around the day that now
// falls on. say is told what happens, in a line each.
func Tell(ctx context.Context, url, token string, now time.Time, say func(line string)) error {
	t := &teller{http: newClient(), url: url, token: token, now: now, today: now.UTC(), tokens: map[string]string{}}
	for _, chapter := range []struct {
		says string
		tell func(context.Context) error
	}{
		{"three teams: Payments, Mobile and Platform, with what is in their way, and Mina who coaches them", t.teams},
		{"Payments found out why reviews wait, and published it", t.paymentsFirst},
		{"Payments runs its second cycle: an experiment is under way, an andon is open, the next cycle is drafted", t.paymentsSecond},
		{"Mobile compares what happened with what it expected: a surprise, against an obstacle that has outlasted two cycles", t.mobile},
		{"Platform plans its first cycle; the gate still says what is missing", t.platform},
	} {
		say(chapter.says)
		if err := chapter.tell(ctx); err != nil {
			return fmt.Errorf("the demo's story broke off at %q: %w", chapter.says, err)
		}
	}
	return nil
}

// teams brings in the people. Sofia leads the department: the challenges are hers, and what a team cannot solve alone.
func (t *teller) teams(ctx context.Context) error {
	for _, user := range []struct{ id, name string }{{"jonas", "Jonas"}, {"aiko", "Aiko"}, {"lea", "Lea"}, {"ravi", "Ravi"}} {
		if err := t.post(ctx, "users?userId="+user.id, body{"displayName": user.name}); err != nil {
			return err
		}
	}
	if err := t.post(ctx, "users?userId=sofia", body{"displayName": "Sofia", "organizationRoles": []string{"ORGANIZATION_ROLE_MANAGER"}}); err != nil {
		return err
	}
	for _, team := range []struct {
		board
		name, member string
	}{
		{payments, "Payments", "jonas"},
		{mobile, "Mobile", "aiko"},
		{platform, "Platform", "lea"},
	} {
		if err := t.postAll(ctx,
			step{"teams?teamId=" + team.team, body{"displayName": team.name, "timeZone": team.zone, "improvementCapacityPercent": 15}},
			step{team.in("members"), body{"user": "users/mina", "role": "TEAM_ROLE_COACH"}},
			step{team.in("members"), body{"user": "users/" + team.member, "role": "TEAM_ROLE_MEMBER"}},
		); err != nil {
			return err
		}
		if err := t.park(ctx, team.board); err != nil { // before anybody learns: what is published is offered to those who face the same
			return err
		}
	}
	return t.post(ctx, "teams/payments/members", body{"user": "users/ravi", "role": "TEAM_ROLE_COACH"})
}
