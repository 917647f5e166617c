package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// market is a knowledge base in which learnings are offered.
type market struct {
	testing.TB
	*eventlog.Log
	clock *testkit.Clock
}

func openMarket(t testing.TB, engine db.Engine) market {
	t.Helper()
	clock := testkit.NewClock()
	cfg := dbtest.Config(t, engine)
	cfg.Migrations, cfg.Clock = tables, clock.Now
	l, err := eventlog.Open(t.Context(), dbtest.Start(t, cfg), "knowledge", nil, eventlog.WithClock(clock.Now))
	if err != nil {
		t.Fatal(err)
	}
	return market{t, l, clock}
}

func markets(t *testing.T, fn func(t *testing.T, m market)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) { fn(t, openMarket(t, engine)) })
	}
}

func (m market) do(fn func(tx *eventlog.Tx) error) {
	m.Helper()
	if err := m.Do(m.Context(), fn); err != nil {
		m.Fatal(err)
	}
}

// note tells of a circumstance, now.
func (m market) note(c domain.Circumstance) {
	m.Helper()
	m.do(func(tx *eventlog.Tx) error { return store.Note(tx, c, m.clock.Now(), 1) })
}

func (m market) teams(ids ...string) {
	m.Helper()
	for _, id := range ids {
		m.note(domain.Circumstance{Kind: domain.ActiveTeam, Name: "teams/" + id, Team: "teams/" + id, Holds: true})
	}
}

func obstacle(team, id, text string, current bool) domain.Circumstance {
	return domain.Circumstance{Kind: domain.TeamObstacle, Name: "teams/" + team + "/obstacles/" + id, Team: "teams/" + team, Text: text, Current: current, Holds: true}
}

func (m market) settings(team string, s domain.Settings) {
	m.Helper()
	s.Name = store.SettingsName("teams/" + team)
	m.do(func(tx *eventlog.Tx) error {
		_, err := store.Settings.Create(tx, &s, domain.KnowledgeSettingsUpdated)
		return err
	})
}

func (m market) rules(change func(r *domain.OfferRules)) {
	m.Helper()
	m.do(func(tx *eventlog.Tx) error {
		_, err := store.ChangeRules(tx, "", change)
		return err
	})
}

// published is a learning of the payments team with an id.
func (m market) published(id, claim string, tags ...string) *domain.Learning {
	return &domain.Learning{
		Name: "learnings/" + id, Team: "teams/payments", Claim: claim, Tags: tags, State: domain.Published, Since: m.clock.Now(), PublishTime: m.clock.Now(),
	}
}

func (m market) publish(all ...*domain.Learning) {
	m.Helper()
	m.do(func(tx *eventlog.Tx) error {
		for _, l := range all {
			if _, err := store.Create(tx, l, domain.LearningPublished); err != nil {
				return err
			}
		}
		return nil
	})
}

var tasks = map[store.Task]func(*eventlog.Tx, string) error{
	store.OfferLearning: store.MakeOffers, store.WithdrawOffers: store.TakeBackOffers, store.OpenOffers: store.FillOffers, store.CloseOffer: store.EndOffer,
}

// settle does what is due until nothing is.
func (m market) settle() {
	m.Helper()
	for again := true; again; {
		again = false
		for task, do := range tasks {
			names, err := store.DueNow(m.Context(), m.Log, task)
			if err != nil {
				m.Fatal(err)
			}
			for _, name := range names {
				again = true
				m.do(func(tx *eventlog.Tx) error { return do(tx, name) })
			}
		}
	}
}

func (m market) offers(team string) []*domain.Offer {
	m.Helper()
	rows, err := store.Offers.All(m.Context(), m.DB().Read(), m.Log, "teams/"+team)
	if err != nil {
		m.Fatal(err)
	}
	var all []*domain.Offer
	for _, r := range rows {
		all = append(all, r.Value)
	}
	return all
}

// states are the offers of a team by the ids of their learnings, such as "a OPEN, b WAITING".
func (m market) states(team string) string {
	m.Helper()
	var all []string
	for _, o := range m.offers(team) {
		all = append(all, strings.TrimPrefix(o.Learning(), "learnings/")+" "+string(o.State))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

func (m market) answer(team, learning string, reply domain.Reply) error {
	return m.Do(m.Context(), func(tx *eventlog.Tx) error {
		_, err := store.AnswerOffer(tx, "teams/"+team+"/offers/"+learning, "", reply)
		return err
	})
}

func (m market) take(team, learning string) (row record.Row[domain.Offer], err error) {
	err = m.Do(m.Context(), func(tx *eventlog.Tx) error {
		row, err = store.TakeOffer(tx, "teams/"+team, "learnings/"+learning)
		return err
	})
	return row, err
}

func (m market) retire(learning string) {
	m.Helper()
	m.do(func(tx *eventlog.Tx) error {
		_, err := store.Change(tx, "learnings/"+learning, "", func(l *domain.Learning, _ time.Time) ([]domain.Event, error) {
			l.State, l.RetireReason = domain.Retired, "It does not hold."
			return []domain.Event{domain.LearningRetired}, nil
		})
		return err
	})
}

// events counts the events of a kind.
func (m market) events(kind domain.Event) int {
	m.Helper()
	n, _, err := db.One[int](m.Context(), m.DB().Read(), "select count(*) from event_log where event_type = $1", "fortnight.knowledge.v1."+string(kind))
	if err != nil {
		m.Fatal(err)
	}
	return n
}

func (m market) due(task store.Task) []string {
	m.Helper()
	names, err := db.All[string](m.Context(), m.DB().Read(), "select name from due where task = $1 order by name", string(task))
	if err != nil {
		m.Fatal(err)
	}
	return names
}

var decline = domain.Reply{Answer: domain.Decline, Text: "No."}

func TestLearningsAreOfferedToTheTeamsTheyMayHelp(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		m.teams("payments", "parked", "current", "words", "settled", "stream", "step", "kind", "said", "follower", "muter", "gone", "both")
		m.note(obstacle("payments", "o", "Reviews wait for days", true))
		m.note(obstacle("parked", "o", "Our code review waits for two days.", false))
		m.note(obstacle("current", "a", "Reviewing is slow and waits", false))
		m.note(obstacle("current", "b", "Reviews are waiting for days", true))
		m.note(obstacle("words", "o", "The build is red on Fridays and nobody waits", true))
		m.note(obstacle("nobody", "o", "Reviews wait for days", true)) // not a team
		m.note(obstacle("settled", "o", "Reviews wait for days", true))
		m.note(domain.Circumstance{Kind: domain.TeamProcess, Name: "teams/stream/valueStreams/v", Team: "teams/stream", Text: "The reviews of code", Holds: true})
		m.note(domain.Circumstance{Kind: domain.TeamConstraint, Name: "teams/step/valueStreams/v", Team: "teams/step", Text: "Code review", Holds: true})
		m.note(domain.Circumstance{Kind: domain.TeamConstraint, Name: "teams/kind/valueStreams/v", Team: "teams/kind", Text: "Waiting", Holds: true})
		m.note(domain.Circumstance{Kind: domain.TeamProcess, Name: "teams/words/valueStreams/v", Team: "teams/words", Text: "Review", Holds: true})
		m.settings("said", domain.Settings{Context: domain.Context{Process: "Code Reviews", ConstraintType: "waiting"}})
		m.settings("follower", domain.Settings{FollowedTags: []string{"flow"}})
		m.settings("muter", domain.Settings{FollowedTags: []string{"flow"}, MutedTeams: []string{"teams/payments"}})
		m.settings("both", domain.Settings{FollowedTeams: []string{"teams/payments"}, FollowedLearnings: []string{"learnings/rota"}})
		m.settings("gone", domain.Settings{FollowedTags: []string{"flow"}})
		m.clock.Advance(time.Hour)
		m.note(domain.Circumstance{Kind: domain.ActiveTeam, Name: "teams/gone", Team: "teams/gone"})
		settled := obstacle("settled", "o", "Reviews wait for days", true)
		settled.Holds = false
		m.note(settled)
		m.clock.Advance(3 * time.Hour)

		l := m.published("rota", "A rota of reviewers halves how long a review waits.", "flow")
		l.Context = domain.Context{Process: "code review", ConstraintType: "waiting"}
		m.publish(l)
		m.clock.Advance(time.Minute)
		m.teams("late")
		m.settings("late", domain.Settings{FollowedTags: []string{"flow"}})
		m.settle()

		want := map[string]string{
			"parked": "OBSTACLE", "current": "OBSTACLE", "stream": "PROCESS", "step": "PROCESS", "kind": "CONSTRAINT_TYPE", "said": "PROCESS CONSTRAINT_TYPE",
			"follower": "FOLLOWED_TAG", "both": "FOLLOWED_TEAM FOLLOWED_LEARNING",
		}
		for _, team := range []string{"payments", "parked", "current", "words", "nobody", "settled", "stream", "step", "kind", "said", "follower", "muter", "both", "gone", "late"} {
			var kinds []string
			for _, o := range m.offers(team) {
				for _, r := range o.Reasons {
					kinds = append(kinds, string(r.Kind))
				}
			}
			if got := strings.Join(kinds, " "); got != want[team] {
				t.Errorf("%s is offered it because %q, want %q", team, got, want[team])
			}
		}
		if r := m.offers("current")[0].Reasons[0]; r.Obstacle != "teams/current/obstacles/b" || !strings.HasSuffix(r.Text, "both speak of reviews, waiting.") {
			t.Errorf("%+v", r)
		}
		if made := m.events(domain.OfferMade); made != len(want) {
			t.Errorf("%d events for %d offers", made, len(want))
		}
		if due := m.due(store.OfferLearning); len(due) != 0 {
			t.Errorf("still due: %v", due)
		}
	})
}

func TestATeamHasNoMoreOpenOffersThanItWants(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		m.rules(func(r *domain.OfferRules) { r.MaxOpenOffers = 2 })
		m.teams("mobile", "search")
		m.settings("mobile", domain.Settings{FollowedTags: []string{"flow", "best"}, FollowedTeams: []string{"teams/best"}})
		m.settings("search", domain.Settings{FollowedTags: []string{"flow"}, MaxOpenOffers: 1})
		check := func(what, mobile string) {
			t.Helper()
			m.settle()
			if got := m.states("mobile"); got != mobile {
				t.Errorf("%s: %s, want %s", what, got, mobile)
			}
		}
		for _, id := range []string{"a", "b", "c", "d"} {
			m.publish(m.published(id, "A claim.", "flow"))
			m.settle()
			m.clock.Advance(time.Minute)
		}
		best := m.published("e", "A claim.", "flow")
		best.Team = "teams/best"
		m.publish(best)
		check("five learnings", "a OPEN, b OPEN, c WAITING, d WAITING, e WAITING")
		if got := m.states("search"); got != "a OPEN, b WAITING, c WAITING, d WAITING, e WAITING" {
			t.Errorf("a team that wants one: %s", got)
		}
		if err := m.answer("mobile", "a", decline); err != nil {
			t.Fatal(err)
		}
		check("one is answered: the best follows", "a ANSWERED, b OPEN, c WAITING, d WAITING, e OPEN")
		m.rules(func(r *domain.OfferRules) { r.MaxOpenOffers = 3 })
		check("the rules leave more room: the oldest follows", "a ANSWERED, b OPEN, c OPEN, d WAITING, e OPEN")
		if _, err := m.take("mobile", "d"); err != nil {
			t.Fatal(err)
		}
		check("one is taken up, whatever room there is", "a ANSWERED, b OPEN, c OPEN, d OPEN, e OPEN")
		m.publish(m.published("f", "A claim.", "flow"))
		check("which leaves less for others", "a ANSWERED, b OPEN, c OPEN, d OPEN, e OPEN, f WAITING")
		m.do(func(tx *eventlog.Tx) error {
			_, err := store.Settings.Update(tx, "teams/mobile/knowledgeSettings", "", func(s *domain.Settings, _ time.Time) ([]domain.Event, error) {
				s.MaxOpenOffers = 5
				return []domain.Event{domain.KnowledgeSettingsUpdated}, nil
			})
			return err
		})
		check("the team wants more", "a ANSWERED, b OPEN, c OPEN, d OPEN, e OPEN, f OPEN")
		m.rules(func(r *domain.OfferRules) { r.MaxOpenOffers = 1 })
		check("less room closes nothing", "a ANSWERED, b OPEN, c OPEN, d OPEN, e OPEN, f OPEN")
	})
}

func TestNoAnswerInTime(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		m.rules(func(r *domain.OfferRules) { r.MaxOpenOffers, r.AnswerDays = 1, 3 })
		m.teams("mobile")
		m.settings("mobile", domain.Settings{FollowedTags: []string{"flow"}})
		m.publish(m.published("a", "A claim.", "flow"), m.published("b", "A claim.", "flow"))
		m.settle()
		m.clock.Advance(3*24*time.Hour - time.Microsecond)
		m.settle()
		if got := m.states("mobile"); got != "a OPEN, b WAITING" {
			t.Fatalf("just in time: %s", got)
		}
		m.clock.Advance(time.Microsecond)
		m.settle()
		if got := m.states("mobile"); got != "a NO_ANSWER, b OPEN" || m.events(domain.OfferUnanswered) != 1 || m.events(domain.OfferOpened) != 1 {
			t.Fatalf("too late: %s", got)
		}
		if b := m.offers("mobile")[0]; b.Learning() != "learnings/b" || !b.AnswerBy.Equal(m.clock.Now().AddDate(0, 0, 3)) {
			t.Errorf("%+v", b)
		}
		if err := m.answer("mobile", "a", domain.Reply{Answer: domain.Adopt}); err != nil {
			t.Fatal(err)
		}
		m.do(func(tx *eventlog.Tx) error { return store.EndOffer(tx, "teams/mobile/offers/b") }) // woken too early
		if due := m.due(store.CloseOffer); !slices.Equal(due, []string{"teams/mobile/offers/b"}) {
			t.Errorf("to be closed: %v", due)
		}
		if err := m.answer("mobile", "b", decline); err != nil {
			t.Fatal(err)
		}
		if got := m.states("mobile"); got != "a ANSWERED, b ANSWERED" || len(m.due(store.CloseOffer)) != 0 {
			t.Errorf("answered: %s, %v", got, m.due(store.CloseOffer))
		}
	})
}

func TestAnswersMakeTheirExperimentDue(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		m.publish(m.published("a", "A claim."))
		if _, err := m.take("mobile", "a"); err != nil {
			t.Fatal(err)
		}
		const name = "teams/mobile/offers/a"
		for _, c := range []struct {
			reply domain.Reply
			due   []string
		}{
			{domain.Reply{Answer: domain.Adopt, Cycle: "teams/mobile/cycles/c"}, []string{name}},
			{decline, nil},
			{domain.Reply{Answer: domain.Adapt, Text: "By days."}, []string{name}},
			{domain.Reply{Answer: domain.Adapt, Text: "By days. "}, []string{name}}, // the same again
			{domain.Reply{Answer: domain.AlreadyDoing, AlreadySince: "2026-01-01"}, nil},
		} {
			if err := m.answer("mobile", "a", c.reply); err != nil {
				t.Fatal(err)
			}
			if due := m.due(store.DraftExperiment); !slices.Equal(due, c.due) {
				t.Errorf("after %s: due %v", c.reply.Answer, due)
			}
		}
		if n := m.events(domain.OfferAnswered); n != 4 {
			t.Errorf("%d answers", n)
		}
		if err := m.answer("mobile", "none", decline); fault.From(err).Reason != "OFFER_NOT_FOUND" {
			t.Errorf("no such offer: %v", err)
		}
	})
}

func TestARetiredLearningIsWithdrawn(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		m.rules(func(r *domain.OfferRules) { r.MaxOpenOffers = 1 })
		var ids []string
		for i := range 105 { // more than fit into one transaction
			ids = append(ids, fmt.Sprintf("team%03d", i))
		}
		m.teams(ids...)
		for _, id := range ids {
			m.settings(id, domain.Settings{FollowedTags: []string{"flow"}})
		}
		m.publish(m.published("a", "A claim.", "flow"), m.published("b", "A claim.", "flow"))
		m.settle()
		if err := m.answer("team000", "a", decline); err != nil {
			t.Fatal(err)
		}
		m.retire("a")
		if err := m.answer("team001", "a", domain.Reply{Answer: domain.Adopt}); fault.From(err).Reason != "LEARNING_RETIRED" {
			t.Errorf("adopted what was just retired: %v", err)
		}
		m.settle()
		for i, id := range ids {
			want := "a WITHDRAWN, b OPEN"
			if i == 0 {
				want = "a ANSWERED, b OPEN"
			}
			if got := m.states(id); got != want {
				t.Errorf("%s: %s", id, got)
			}
		}
		if n := m.events(domain.OfferWithdrawn); n != 104 {
			t.Errorf("%d events", n)
		}
		if err := m.answer("team001", "a", decline); fault.From(err).Reason != "OFFER_WITHDRAWN" {
			t.Errorf("answered what was withdrawn: %v", err)
		}
		m.retire("b")
		m.publish(m.published("c", "A claim.", "flow"))
		m.settle()
		if got := m.states("team001"); got != "a WITHDRAWN, b WITHDRAWN, c OPEN" {
			t.Errorf("afterwards: %s", got)
		}
	})
}

func TestTeamsTakeUpWhatIsPublished(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		draft, retired := m.published("draft", "A claim."), m.published("retired", "A claim.")
		draft.State = domain.Draft
		m.publish(m.published("a", "A claim."), draft, retired)
		m.retire("retired")
		for learning, reason := range map[string]string{"none": "LEARNING_NOT_FOUND", "draft": "LEARNING_NOT_PUBLISHED", "retired": "LEARNING_RETIRED"} {
			if _, err := m.take("mobile", learning); fault.From(err).Reason != reason {
				t.Errorf("%s: %v", learning, err)
			}
		}
		for _, team := range []string{"mobile", "payments"} { // its own: it tries it again
			first, err := m.take(team, "a")
			if err != nil || first.Value.State != domain.Open || len(first.Value.Reasons) != 1 || first.Value.ByRule() {
				t.Fatalf("%+v, %v", first.Value, err)
			}
			again, err := m.take(team, "a")
			if err != nil || again.Etag != first.Etag {
				t.Errorf("taken again: %+v, %v", again, err)
			}
		}
		m.retire("a")
		if got, err := m.take("mobile", "a"); err != nil || got.Value.State != domain.Open {
			t.Errorf("what there is stays what it is: %+v, %v", got, err)
		}
	})
}

// What is killed in the middle is done again, and what was done is not.
func TestOffersAreMadeOnceWhateverHappens(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		var ids []string
		for i := range 230 {
			ids = append(ids, fmt.Sprintf("team%03d", i))
		}
		m.teams(ids...)
		for _, id := range ids {
			m.settings(id, domain.Settings{FollowedTags: []string{"flow"}})
		}
		m.publish(m.published("a", "A claim.", "flow"))
		killed := errors.New("killed")
		for runs, want := 1, []int{0, 100, 100, 200, 200, 230}; len(want) > 0; runs, want = runs+1, want[1:] {
			err := m.Do(context.Background(), func(tx *eventlog.Tx) error {
				if err := store.MakeOffers(tx, "learnings/a"); err != nil || runs%2 == 0 {
					return err
				}
				return killed
			})
			if (err != nil) != (runs%2 == 1) || m.events(domain.OfferMade) != want[0] {
				t.Fatalf("run %d: %v, %d offers", runs, err, m.events(domain.OfferMade))
			}
			if due := m.due(store.OfferLearning); len(due) == 1 != (want[0] < 230) {
				t.Errorf("run %d: due %v", runs, due)
			}
		}
		m.do(func(tx *eventlog.Tx) error { return store.MakeOffers(tx, "learnings/a") })
		if n := m.events(domain.OfferMade); n != 230 {
			t.Errorf("%d offers", n)
		}
		for _, id := range ids {
			if got := m.states(id); got != "a OPEN" {
				t.Errorf("%s: %s", id, got)
			}
		}
	})
}

// Several processes look for teams while these take up and answer: nobody waits for each other for ever, and nothing is offered twice.
func TestManyAtOnce(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		m.rules(func(r *domain.OfferRules) { r.MaxOpenOffers = 1 })
		var teams, learnings []string
		for i := range 6 {
			teams, learnings = append(teams, fmt.Sprint("team", i)), append(learnings, fmt.Sprint("l", i))
		}
		m.teams(teams...)
		for _, id := range teams {
			m.settings(id, domain.Settings{FollowedTags: []string{"flow"}})
		}
		for _, id := range learnings {
			m.publish(m.published(id, "A claim.", "flow"))
		}
		var group errgroup.Group
		write := func(do func(tx *eventlog.Tx) error) {
			group.Go(func() error { return m.Do(t.Context(), do) })
		}
		for i, l := range learnings {
			for range 2 {
				write(func(tx *eventlog.Tx) error { return store.MakeOffers(tx, "learnings/"+l) })
				write(func(tx *eventlog.Tx) error { return store.FillOffers(tx, "teams/"+teams[i]) })
			}
			group.Go(func() error {
				if _, err := m.take(teams[i], l); err != nil {
					return err
				}
				return m.answer(teams[i], l, decline)
			})
		}
		if err := group.Wait(); err != nil {
			t.Fatal(err)
		}
		m.settle()
		for i, id := range teams {
			got := m.states(id)
			if strings.Count(got, "OPEN") != 1 || strings.Count(got, "WAITING") != len(learnings)-2 || !strings.Contains(got, learnings[i]+" ANSWERED") {
				t.Errorf("%s: %s", id, got)
			}
		}
		if n := m.events(domain.OfferMade); n != len(teams)*len(learnings) {
			t.Errorf("%d offers", n)
		}
	})
}

// The clock of the service that knows the teams may be ahead of ours.
func TestWhatWaitedIsPutToATeamThatIsBack(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		mobile := domain.Circumstance{Kind: domain.ActiveTeam, Name: "teams/mobile", Team: "teams/mobile", Holds: true}
		m.note(mobile)
		m.settings("mobile", domain.Settings{FollowedTags: []string{"flow"}, MaxOpenOffers: 1})
		m.publish(m.published("a", "Smaller batches flow.", "flow"), m.published("b", "Fewer handovers flow.", "flow"))
		m.settle()
		mobile.Holds = false
		m.clock.Advance(time.Hour)
		m.do(func(tx *eventlog.Tx) error { return store.Note(tx, mobile, m.clock.Now(), 2) })
		if err := m.answer("mobile", "a", domain.Reply{Answer: domain.Decline, Text: "We have none."}); err != nil {
			t.Fatal(err)
		}
		m.settle()
		if got := m.states("mobile"); got != "a ANSWERED, b WAITING" {
			t.Errorf("while it is away: %s", got)
		}
		mobile.Holds = true
		m.do(func(tx *eventlog.Tx) error { return store.Note(tx, mobile, m.clock.Now().Add(time.Minute), 3) })
		m.settle()
		if got := m.states("mobile"); got != "a ANSWERED, b OPEN" {
			t.Errorf("when it is back: %s", got)
		}
	})
}

// What circumstances of late are offered for is remembered for as long as one may be late, and no longer.
func TestWhatWasLookedForIsForgotten(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		remembered := func() string {
			t.Helper()
			names, err := db.All[string](t.Context(), m.DB().Read(), "select learning from offered_learnings order by learning")
			if err != nil {
				t.Fatal(err)
			}
			return strings.Join(names, " ")
		}
		m.publish(m.published("a", "Smaller batches flow."))
		m.settle()
		m.clock.Advance(domain.Memory)
		m.publish(m.published("b", "Fewer handovers flow."))
		m.settle()
		if got := remembered(); got != "learnings/a learnings/b" {
			t.Errorf("remembered: %s", got)
		}
		m.clock.Advance(domain.Lag + time.Second)
		m.publish(m.published("c", "Pairs flow."))
		m.settle()
		if got := remembered(); got != "learnings/b learnings/c" {
			t.Errorf("remembered: %s", got)
		}
	})
}
