package domain_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
)

const (
	mobile     = "teams/mobile"
	answerDays = 14
)

// payments is what the payments team learned, in a state.
func payments(state domain.State) *domain.Learning {
	return &domain.Learning{
		Name: "learnings/payments-review-rota-7a4acf9a", Team: "teams/payments", Claim: "Learned.", State: state, PublishTime: monday, RetireReason: "It fell back.",
	}
}

// offer is one of the mobile team in a state; answers are given on Monday.
func offer(t testing.TB, state domain.OfferState) *domain.Offer {
	t.Helper()
	o, events := domain.NewOffer(payments(domain.Published), mobile, []domain.OfferReason{{Kind: domain.BecauseProcess}}, 0.3, state != domain.Waiting, answerDays, monday)
	if !slices.Equal(events, []domain.Event{domain.OfferMade}) {
		t.Fatalf("events %v", events)
	}
	switch state {
	case domain.Answered:
		if _, err := o.Reply(domain.Reply{Answer: domain.Adopt}, false, monday); err != nil {
			t.Fatal(err)
		}
	case domain.NoAnswer:
		o.Unanswered(monday.AddDate(0, 0, answerDays))
	case domain.Withdrawn:
		o.Withdraw()
	}
	if o.State != state {
		t.Fatalf("it is %s, not %s", o.State, state)
	}
	return o
}

func TestAnOfferSaysWhatItIs(t *testing.T) {
	o := offer(t, domain.Open)
	if o.Name != "teams/mobile/offers/payments-review-rota-7a4acf9a" || o.Team() != mobile || o.TeamID() != "mobile" ||
		o.Learning() != "learnings/payments-review-rota-7a4acf9a" || o.OriginTeam != "teams/payments" || o.Claim != "Learned." ||
		!o.Since.Equal(monday) || !o.OfferTime.Equal(monday) || !o.AnswerBy.Equal(monday.AddDate(0, 0, 14)) || o.Score != 0.3 {
		t.Errorf("%+v", o)
	}
	if w := offer(t, domain.Waiting); !w.Since.Equal(monday) || !w.OfferTime.IsZero() || !w.AnswerBy.IsZero() {
		t.Errorf("one that waits: %+v", w)
	}
}

func TestAnswersSayWhatTheyMust(t *testing.T) {
	at := time.Date(2026, 6, 9, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		reply  domain.Reply
		reason string
	}{
		"adopt":                          {domain.Reply{Answer: domain.Adopt}, ""},
		"adopt, with words":              {domain.Reply{Answer: domain.Adopt, Text: "With two of us."}, ""},
		"adopt in a cycle":               {domain.Reply{Answer: domain.Adopt, Cycle: "teams/mobile/cycles/2026-w26"}, ""},
		"adopt in the cycle of another":  {domain.Reply{Answer: domain.Adopt, Cycle: "teams/mobiles/cycles/2026-w26"}, "OTHER_TEAM"},
		"adapt":                          {domain.Reply{Answer: domain.Adapt, Text: "By days."}, ""},
		"adapt, not saying how":          {domain.Reply{Answer: domain.Adapt, Text: " \n"}, "ADAPTATION_REQUIRED"},
		"adapt, saying what has no look": {domain.Reply{Answer: domain.Adapt, Text: "\u200b\u2060\u200b"}, "ADAPTATION_REQUIRED"},
		"decline":                        {domain.Reply{Answer: domain.Decline, Text: "We have no reviews."}, ""},
		"decline, not saying why":        {domain.Reply{Answer: domain.Decline}, "DECLINE_REASON_REQUIRED"},
		"decline with a cycle":           {domain.Reply{Answer: domain.Decline, Text: "No.", Cycle: "teams/mobile/cycles/2026-w26"}, "CYCLE_UNEXPECTED"},
		"doing it":                       {domain.Reply{Answer: domain.AlreadyDoing, AlreadySince: "2024-02-29"}, ""},
		"doing it since a day not there": {domain.Reply{Answer: domain.AlreadyDoing, AlreadySince: "2026-02-29"}, "ALREADY_SINCE_INVALID"},
		"doing it since today in Samoa":  {domain.Reply{Answer: domain.AlreadyDoing, AlreadySince: "2026-06-10"}, ""},
		"doing it since tomorrow":        {domain.Reply{Answer: domain.AlreadyDoing, AlreadySince: "2026-06-11"}, "ALREADY_SINCE_IN_FUTURE"},
		"doing it, since whenever":       {domain.Reply{Answer: domain.AlreadyDoing}, "ALREADY_SINCE_REQUIRED"},
		"adopt since a day":              {domain.Reply{Answer: domain.Adopt, AlreadySince: "2026-01-01"}, "ALREADY_SINCE_UNEXPECTED"},
	} {
		t.Run(name, func(t *testing.T) {
			o := offer(t, domain.Open)
			events, err := o.Reply(c.reply, false, at)
			if c.reason != "" {
				if f := fault.From(err); f == nil || f.Reason != c.reason || len(events) != 0 || o.State != domain.Open {
					t.Errorf("%v, %v, %s", events, err, o.State)
				}
				return
			}
			tries := c.reply.Answer == domain.Adopt || c.reply.Answer == domain.Adapt
			if err != nil || !slices.Equal(events, []domain.Event{domain.OfferAnswered}) || o.State != domain.Answered || o.Answer != c.reply.Answer ||
				o.AnswerText != c.reply.Text || o.AlreadySince != c.reply.AlreadySince || o.Cycle != c.reply.Cycle || !o.AnswerTime.Equal(at) ||
				tries != (o.Adoption != nil) || tries && *o.Adoption != (domain.Adoption{State: domain.Drafting}) {
				t.Errorf("%+v, %v", o, err)
			}
		})
	}
}

func TestWhatIsAnsweredIsCleaned(t *testing.T) {
	o := offer(t, domain.Open)
	if _, err := o.Reply(domain.Reply{Answer: domain.Decline, Text: " We \u202ehave\u202c no re\u200bviews.\r\n"}, false, monday); err != nil || o.AnswerText != "We have no reviews." {
		t.Errorf("%q, %v", o.AnswerText, err)
	}
}

// Who may not answer any more is told what is left to do.
func TestARefusedChangeOfMindSaysTheWayOut(t *testing.T) {
	for state, want := range map[domain.AdoptionState]string{
		domain.Drafted: "Abandon it if", domain.Running: "Abandon it if", domain.Abandoned: "plan another one", domain.Concluded: "is concluded",
	} {
		o := offer(t, domain.Answered)
		o.Adoption = &domain.Adoption{State: state, Experiment: "teams/mobile/cycles/c/experiments/e"}
		_, err := o.Reply(domain.Reply{Answer: domain.Decline, Text: "No."}, false, monday)
		if f := fault.From(err); f == nil || f.Reason != "OFFER_ADOPTED" || !strings.Contains(f.Text(), want) || !strings.Contains(f.Text(), o.Adoption.Experiment) {
			t.Errorf("%s: %v", state, err)
		}
	}
}

func TestWhenAnOfferCanBeAnswered(t *testing.T) {
	adopt, decline := domain.Reply{Answer: domain.Adopt}, domain.Reply{Answer: domain.Decline, Text: "No."}
	drafted := offer(t, domain.Answered)
	drafted.Adoption = &domain.Adoption{State: domain.Drafted, Experiment: "teams/mobile/cycles/c/experiments/e"}
	stuck := offer(t, domain.Answered)
	stuck.Adoption.Problem = "There is no cycle."
	for name, c := range map[string]struct {
		offer   *domain.Offer
		reply   domain.Reply
		retired bool
		reason  string
		events  int
	}{
		"open":                              {offer(t, domain.Open), adopt, false, "", 1},
		"waiting":                           {offer(t, domain.Waiting), adopt, false, "", 1},
		"late":                              {offer(t, domain.NoAnswer), decline, false, "", 1},
		"withdrawn":                         {offer(t, domain.Withdrawn), decline, true, "OFFER_WITHDRAWN", 0},
		"the same again":                    {offer(t, domain.Answered), adopt, false, "", 0},
		"a change of mind":                  {offer(t, domain.Answered), decline, false, "", 1},
		"another cycle, after a problem":    {stuck, domain.Reply{Answer: domain.Adopt, Cycle: "teams/mobile/cycles/next"}, false, "", 1},
		"a change of mind with experiment":  {drafted, decline, false, "OFFER_ADOPTED", 0},
		"the same again with experiment":    {drafted, adopt, false, "", 0},
		"adopt what was retired meanwhile":  {offer(t, domain.Open), adopt, true, "LEARNING_RETIRED", 0},
		"decline what was retired meanwile": {offer(t, domain.Open), decline, true, "", 1},
		"late, and retired":                 {offer(t, domain.NoAnswer), adopt, true, "LEARNING_RETIRED", 0},
	} {
		t.Run(name, func(t *testing.T) {
			before := *c.offer
			events, err := c.offer.Reply(c.reply, c.retired, tuesday)
			if f := fault.From(err); len(events) != c.events || (f == nil) != (c.reason == "") || f != nil && f.Reason != c.reason {
				t.Fatalf("%v, %v", events, err)
			}
			if c.events == 0 && !reflect.DeepEqual(before, *c.offer) {
				t.Errorf("it was changed to %+v", c.offer)
			}
			if c.events > 0 && (c.reply.Answer == domain.Decline) != (c.offer.Adoption == nil) || c.events > 0 && c.offer.Adoption != nil && c.offer.Adoption.Problem != "" {
				t.Errorf("adoption %+v", c.offer.Adoption)
			}
		})
	}
}

func TestOffersEnd(t *testing.T) {
	due := monday.AddDate(0, 0, answerDays)
	if o := offer(t, domain.Open); len(o.Unanswered(due.Add(-1))) != 0 || !slices.Equal(o.Unanswered(due), []domain.Event{domain.OfferUnanswered}) || o.State != domain.NoAnswer {
		t.Errorf("unanswered: %+v", o)
	}
	for _, state := range []domain.OfferState{domain.Waiting, domain.Answered, domain.NoAnswer, domain.Withdrawn} {
		if o := offer(t, state); len(o.Unanswered(due)) != 0 || o.State != state {
			t.Errorf("%s: the time is over: %+v", state, o)
		}
	}
	for state, want := range map[domain.OfferState]domain.OfferState{
		domain.Waiting: domain.Withdrawn, domain.Open: domain.Withdrawn, domain.Answered: domain.Answered, domain.NoAnswer: domain.NoAnswer, domain.Withdrawn: domain.Withdrawn,
	} {
		o := offer(t, state)
		if events := o.Withdraw(); o.State != want || len(events) == 1 != (state != want) {
			t.Errorf("%s: withdrawn: %s, %v", state, o.State, events)
		}
	}
}

func TestATeamTakesUpWhatWaits(t *testing.T) {
	for _, state := range []domain.OfferState{domain.Waiting, domain.Open, domain.Answered, domain.NoAnswer, domain.Withdrawn} {
		o := offer(t, state)
		events := o.TakeUp(answerDays, tuesday)
		if waited := state == domain.Waiting; waited != (len(events) == 1) || waited == o.ByRule() || waited && (o.State != domain.Open || !o.OfferTime.Equal(tuesday)) ||
			!waited && o.State != state {
			t.Errorf("%s: %v, %+v", state, events, o)
		}
	}
	for state, reason := range map[domain.State]string{domain.Draft: "LEARNING_NOT_PUBLISHED", domain.Published: "", domain.Retired: "LEARNING_RETIRED"} {
		if f := fault.From(payments(state).CanBeTaken()); f == nil != (reason == "") || f != nil && f.Reason != reason {
			t.Errorf("%s: %v", state, f)
		}
	}
}

// Whatever happens to an offer, in whatever order, it stays one that can be.
func TestNoImpossibleOffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		now := monday
		o, _ := domain.NewOffer(payments(domain.Published), mobile, nil, 0, rapid.Bool().Draw(t, "room"), answerDays, now)
		text := rapid.SampledFrom([]string{"", "Words."})
		t.Repeat(map[string]func(*rapid.T){
			"": func(t *rapid.T) { possible(t, o) },
			"reply": func(t *rapid.T) {
				before := o.State
				events, err := o.Reply(domain.Reply{
					Answer: rapid.SampledFrom([]domain.Answer{domain.Adopt, domain.Adapt, domain.Decline, domain.AlreadyDoing}).Draw(t, "answer"),
					Text:   text.Draw(t, "text"), AlreadySince: rapid.SampledFrom([]string{"", "2026-01-01", "2999-01-01"}).Draw(t, "since"),
					Cycle: rapid.SampledFrom([]string{"", "teams/mobile/cycles/a", "teams/other/cycles/a"}).Draw(t, "cycle"),
				}, rapid.Bool().Draw(t, "retired"), now)
				if (len(events) > 0) && (err != nil || o.State != domain.Answered) || len(events) == 0 && o.State != before {
					t.Fatalf("%v, %v, %s", events, err, o.State)
				}
			},
			"open":    func(*rapid.T) { o.Open(answerDays, now) },
			"take up": func(*rapid.T) { o.TakeUp(answerDays, now) },
			"time": func(t *rapid.T) {
				now = now.Add(time.Duration(rapid.IntRange(0, 400).Draw(t, "hours")) * time.Hour)
				o.Unanswered(now)
			},
			"withdraw": func(*rapid.T) { o.Withdraw() },
			"experiment": func(*rapid.T) {
				if o.Adoption != nil {
					o.Adoption.State, o.Adoption.Experiment = domain.Drafted, "teams/mobile/cycles/a/experiments/x"
				}
			},
		})
	})
}

type failer interface {
	Fatalf(format string, args ...any)
}

func possible(t failer, o *domain.Offer) {
	offered, answered := !o.OfferTime.IsZero(), o.Answer != ""
	ok := map[domain.OfferState]bool{
		domain.Waiting:   !offered && !answered,
		domain.Open:      offered && !answered,
		domain.Answered:  answered,
		domain.NoAnswer:  offered && !answered,
		domain.Withdrawn: !answered,
	}[o.State]
	ok = ok && offered == !o.AnswerBy.IsZero() && answered == !o.AnswerTime.IsZero() && (o.Adoption != nil) == o.Answer.Tries() &&
		(o.AlreadySince != "") == (o.Answer == domain.AlreadyDoing) && (o.Cycle == "" || o.Answer.Tries() && strings.HasPrefix(o.Cycle, "teams/mobile/")) &&
		(o.AnswerText != "" || o.Answer != domain.Adapt && o.Answer != domain.Decline)
	if !ok {
		t.Fatalf("an impossible offer: %+v", o)
	}
}
