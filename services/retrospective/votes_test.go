package retrospective_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller"
	"github.com/fortnighthq/fortnight/services/internal/platform/caller/callertest"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
)

// voting is a world in VOTE with the themes a and b.
func voting(t *testing.T) *world {
	t.Helper()
	w := openedAs(t, true)
	w.move(group)
	for _, id := range []string{"a", "b"} {
		_, err := w.theme(id)
		w.must(err)
	}
	w.move(vote)
	return w
}

// vote casts a ballot for themes by id, with the secret of one that was cast before.
func (w *world) vote(who context.Context, secret string, themes ...string) (*retrospectivev1.Ballot, error) {
	req := &retrospectivev1.CastVotesRequest{Name: retro, Secret: secret}
	for _, theme := range themes {
		req.Themes = append(req.Themes, retro+"/themes/"+theme)
	}
	return w.CastVotes(who, req)
}

func (w *world) withheld(want string) {
	w.Helper()
	listed, err := w.ListThemes(w.mina(), &retrospectivev1.ListThemesRequest{Parent: retro, PageSize: 1})
	w.must(err)
	if got := listed.GetVotesWithheld(); want == "" && got != "" || !strings.Contains(got, want) {
		w.Errorf("votes are withheld because %q, want %q", got, want)
	}
}

func TestVotesAreShownWhenThreeVoted(t *testing.T) {
	w := voting(t)
	recorded := w.events()
	for _, id := range []string{"mina", "jonas"} {
		_, err := w.vote(w.member(id), "", "a", "b", "a")
		w.must(err)
	}
	w.has("theme a:; theme b:")
	w.withheld("open")
	w.move(decide)
	w.has("theme a:; theme b:")
	w.withheld("three people")
	w.move(vote)
	ada, err := w.vote(w.member("ada"), "", "b")
	w.must(err)
	w.move(group)
	w.has("theme a: =4; theme b: =3")
	w.withheld("")
	w.move(vote)
	w.has("theme a:; theme b:")
	if _, err := w.vote(w.member("ada"), ada.GetSecret(), "a"); err != nil {
		t.Error(err)
	}
	w.move(group)
	w.has("theme a: =4; theme b: =3")
	w.withheld("earlier")
	_, err = w.MergeTheme(w.mina(), &retrospectivev1.MergeThemeRequest{Name: retro + "/themes/b", Other: retro + "/themes/a"})
	w.must(err)
	w.has("theme b: =7")
	w.move(vote)
	for _, id := range []string{"kim", "lee", "max"} {
		_, err := w.vote(w.member(id), "", "b")
		w.must(err)
	}
	w.move(decide)
	w.has("theme b: =10") // Ada's vote followed
	w.withheld("")
	if strings.Count(w.events(), "Theme") != strings.Count(recorded, "Theme")+2+2+2+2+1+1 {
		t.Errorf("events %s", w.events()) // shown, hidden, shown, joined and ended, hidden, shown; and none for a vote
	}
}

func TestADeletedThemeLosesItsVotes(t *testing.T) {
	w := voting(t)
	for _, id := range []string{"mina", "jonas", "ada"} {
		_, err := w.vote(w.member(id), "", "a", "b")
		w.must(err)
	}
	w.move(group)
	w.has("theme a: =3; theme b: =3")
	_, err := w.SplitTheme(w.mina(), &retrospectivev1.SplitThemeRequest{Name: retro + "/themes/b", Title: "x", Notes: named("none")})
	testkit.Refused(t, err, fault.InvalidArgument, "NOTE_NOT_IN_THEME", "notes[0]")
	_, err = w.DeleteTheme(w.mina(), &retrospectivev1.DeleteThemeRequest{Name: retro + "/themes/a"})
	w.must(err)
	w.has("theme b: =3")
	w.move(vote)
	_, err = w.vote(w.member("kim"), "", "a")
	testkit.Refused(t, err, fault.InvalidArgument, "THEME_NOT_FOUND", "themes[0]")
	for _, id := range []string{"kim", "lee", "max"} {
		_, err := w.vote(w.member(id), "", "b")
		w.must(err)
	}
	w.move(decide)
	w.has("theme b: =6")
}

// When the retrospective closes, who voted and for what is forgotten. What is shown stays.
func TestBallotsEndWithTheRetrospective(t *testing.T) {
	w := voting(t)
	for _, id := range []string{"mina", "jonas", "ada"} {
		_, err := w.vote(w.member(id), "", "a")
		w.must(err)
	}
	w.move(decide)
	rows := func() int {
		n, _, err := db.One[int](t.Context(), w.service.Log.DB().Read(), "select count(*) from ballots")
		w.must(err)
		return n
	}
	if rows() != 1 {
		t.Fatal("there are no ballots")
	}
	w.must(w.decide(rota, adapt))
	w.must(w.decide(pairs, adapt))
	_, err := w.close(rota, rota)
	w.must(err)
	if rows() != 0 {
		t.Error("there are ballots")
	}
	w.has("theme a: =3; theme b: =0")
	w.withheld("")
}

func TestOneBallotEach(t *testing.T) {
	w := voting(t)
	cast := &retrospectivev1.CastVotesRequest{Name: retro, Themes: []string{retro + "/themes/a"}, RequestId: "once"}
	ballot, err := w.CastVotes(w.mina(), cast)
	w.must(err)
	again, err := w.CastVotes(w.mina(), cast)
	if err != nil || ballot.GetSecret() == "" || !proto.Equal(ballot, again) {
		t.Errorf("cast %v, again %v, %v", ballot, again, err)
	}
	_, err = w.vote(w.mina(), "", "b")
	testkit.Refused(t, err, fault.FailedPrecondition, "ALREADY_VOTED")
	_, err = w.vote(w.mina(), "x", "b")
	testkit.Refused(t, err, fault.PermissionDenied, "BALLOT_SECRET_WRONG")
	_, err = w.vote(w.mina(), ballot.GetSecret(), "a", "b", "a", "b")
	testkit.Refused(t, err, fault.InvalidArgument, "TOO_MANY_VOTES", "themes")
	_, err = w.vote(w.jonas(), "", "a", "none")
	testkit.Refused(t, err, fault.InvalidArgument, "THEME_NOT_FOUND", "themes[1]")
	replaced, err := w.vote(w.mina(), ballot.GetSecret(), "b", "b")
	if err != nil || replaced.GetSecret() != ballot.GetSecret() || len(replaced.GetThemes()) != 2 {
		t.Errorf("replaced %v, %v", replaced, err)
	}
	w.move(group)
	_, err = w.vote(w.jonas(), "", "a")
	testkit.Refused(t, err, fault.FailedPrecondition, "STAGE_MISMATCH")
}

// A ballot stands for a person of the team: with those of bots and administrators, who may write otherwise, one member could make the three
// that it takes to show another one's votes.
func TestOnlyPeopleOfTheTeamVote(t *testing.T) {
	w := voting(t)
	bot := caller.Caller{Subject: "teams/payments/tokens/bot", Teams: map[string]caller.Role{"payments": caller.Member}}
	for name, who := range map[string]caller.Caller{"bot": bot, "administrator": callertest.Admin("root"), "service": callertest.Service("cycle")} {
		t.Run(name, func(t *testing.T) {
			_, err := w.vote(w.As(who), "", "a")
			testkit.Refused(t, err, fault.PermissionDenied, "VOTER_NOT_A_MEMBER")
		})
	}
	for _, role := range []caller.Role{caller.Member, caller.Coach} {
		_, err := w.vote(w.As(callertest.User(string(role), "payments", role)), "", "a")
		w.must(err)
	}
}

func TestVotersRace(t *testing.T) {
	w := voting(t)
	const n = 12
	ctx := w.mina()
	ends := race(n, func(int) error { _, err := w.vote(ctx, "", "a"); return err })
	if ends[""] != 1 || ends["ALREADY_VOTED"] != n-1 {
		t.Errorf("ballots of one member ended %v", ends)
	}
	voters := make([]context.Context, n)
	for i := range voters {
		voters[i] = w.member(fmt.Sprint("voter", i))
	}
	if ends := race(n, func(i int) error { _, err := w.vote(voters[i], "", "b"); return err }); ends[""] != n {
		t.Errorf("ballots of many ended %v", ends)
	}
	w.move(group)
	w.has(fmt.Sprintf("theme a: =1; theme b: =%d", n))
}
