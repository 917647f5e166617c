package consumer_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/consumer"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

// life is the experiment of a team, and what is told of it: one event after the other.
type life struct {
	experiment *experimentv1.Experiment
	told       []step
}

func live(team, cycle, id, learning string) *life {
	return &life{experiment: &experimentv1.Experiment{
		Name: "teams/" + team + "/cycles/" + cycle + "/experiments/" + id, DisplayName: id, Learning: learning,
		State: experimentv1.ExperimentState_EXPERIMENT_STATE_DRAFT, Prediction: &experimentv1.Prediction{Change: "Two named reviewers."},
	}}
}

// tell records an event at an hour with the whole experiment as it is then.
func (l *life) tell(t *testing.T, hour int, wrap func(*experimentv1.Experiment) proto.Message) *life {
	t.Helper()
	data := wrap(proto.CloneOf(l.experiment))
	body, err := protojson.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	l.told = append(l.told, step{consumer.Experiment, eventlog.Record{
		Type: string(data.ProtoReflect().Descriptor().FullName()), Time: monday.Add(time.Duration(hour) * time.Hour), Data: body, AggregateVersion: int64(len(l.told) + 1),
	}})
	return l
}

func (l *life) draft(t *testing.T, hour int) *life {
	return l.tell(t, hour, func(e *experimentv1.Experiment) proto.Message { return &experimentv1.ExperimentDrafted{Experiment: e} })
}

func (l *life) lock(t *testing.T, hour int) *life {
	l.experiment.LockTime, l.experiment.PlanHash = timestamppb.New(monday.Add(time.Duration(hour)*time.Hour)), "ab12"
	return l.tell(t, hour, func(e *experimentv1.Experiment) proto.Message { return &experimentv1.ExperimentLocked{Experiment: e} })
}

func (l *life) start(t *testing.T, hour int) *life {
	l.experiment.State, l.experiment.StartTime = experimentv1.ExperimentState_EXPERIMENT_STATE_RUNNING, timestamppb.New(monday.Add(time.Duration(hour)*time.Hour))
	return l.tell(t, hour, func(e *experimentv1.Experiment) proto.Message { return &experimentv1.ExperimentStarted{Experiment: e} })
}

func (l *life) conclude(t *testing.T, hour int, verdict experimentv1.Verdict) *life {
	l.experiment.State = experimentv1.ExperimentState_EXPERIMENT_STATE_CONCLUDED
	l.experiment.Outcome = &experimentv1.Outcome{
		Verdict: verdict, Happened: "The wait fell less.", Learned: "Names help.", ConcludeTime: timestamppb.New(monday.Add(time.Duration(hour) * time.Hour)),
	}
	return l.tell(t, hour, func(e *experimentv1.Experiment) proto.Message {
		return &experimentv1.ExperimentConcluded{Experiment: e}
	})
}

// hold tells of hold checks, one letter each for those of 2, 6 and 12 weeks: pending, held, slipped, or cannot tell.
func (l *life) hold(t *testing.T, hour int, checks string) *life {
	states := map[rune]experimentv1.HoldCheckState{
		'p': experimentv1.HoldCheckState_HOLD_CHECK_STATE_PENDING, 'h': experimentv1.HoldCheckState_HOLD_CHECK_STATE_HELD,
		's': experimentv1.HoldCheckState_HOLD_CHECK_STATE_SLIPPED, 'c': experimentv1.HoldCheckState_HOLD_CHECK_STATE_CANNOT_TELL,
	}
	l.experiment.HoldChecks = nil
	for i, check := range checks {
		l.experiment.HoldChecks = append(l.experiment.HoldChecks, &experimentv1.HoldCheck{Weeks: []int32{2, 6, 12}[i], State: states[check]})
	}
	return l.tell(t, hour, func(e *experimentv1.Experiment) proto.Message {
		if checks == "ppp" {
			return &experimentv1.HoldChecksScheduled{Experiment: e}
		}
		return &experimentv1.HoldCheckJudged{Experiment: e}
	})
}

const (
	asPredicted    = experimentv1.Verdict_VERDICT_AS_PREDICTED
	notAsPredicted = experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED
	cannotTell     = experimentv1.Verdict_VERDICT_CANNOT_TELL
)

func evidenceOf(t *testing.T, l *eventlog.Log, learning string) []domain.Evidence {
	t.Helper()
	rows, err := store.Evidence.All(t.Context(), l.DB().Read(), l, learning)
	if err != nil {
		t.Fatal(err)
	}
	var all []domain.Evidence
	for _, row := range rows {
		all = append(all, *row.Value)
	}
	return all
}

// told counts the events of each type so far.
func told(t *testing.T, l *eventlog.Log) map[string]int {
	t.Helper()
	if _, err := l.Number(t.Context()); err != nil {
		t.Fatal(err)
	}
	records, err := l.List(t.Context(), 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	counts := map[string]int{}
	for _, r := range records {
		counts[strings.TrimPrefix(r.Type, "fortnight.knowledge.v1.")]++
	}
	return counts
}

func TestTheGradeFollowsTheExperiments(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		l := open(t, d)
		origin := live("payments", "2026-w24", "review-rota", "").draft(t, 0).lock(t, 1).start(t, 2).conclude(t, 3, notAsPredicted)
		apply(t, l, origin.told...)
		name, err := domain.LearningName(origin.experiment.GetName())
		if err != nil {
			t.Fatal(err)
		}
		grade := func() domain.Grade {
			t.Helper()
			row, err := store.Get(t.Context(), l, name)
			if err != nil {
				t.Fatal(err)
			}
			return row.Value.Grade
		}
		if g := grade(); g.Level != domain.Observed || g.Supporting != 1 || g.Changed.IsZero() {
			t.Errorf("a draft is graded %+v", g)
		}
		if got := told(t, l); got["LearningDrafted"] != 1 || got["LearningGradeChanged"] != 0 || got["EvidenceRecorded"] != 1 {
			t.Errorf("told: %v", got)
		}
		apply(t, l, step{consumer.Retrospective, closed(t, origin.experiment.GetName())})

		again := live("payments", "2026-w25", "again", name).draft(t, 10).lock(t, 11).start(t, 12).conclude(t, 13, asPredicted)
		apply(t, l, again.told...)
		if g := grade(); g.Level != domain.Observed || told(t, l)["LearningGradeChanged"] != 0 {
			t.Errorf("the origin's repeat replicates: %+v", g)
		}
		search := live("search", "2026-w25", "rota", name).lock(t, 20).start(t, 21).conclude(t, 22, asPredicted)
		apply(t, l, search.told...)
		if g := grade(); g.Level != domain.Replicated || g.Replications != 1 || told(t, l)["LearningGradeChanged"] != 1 {
			t.Errorf("another team: %+v, %v", g, told(t, l))
		}
		before := len(search.told)
		search.hold(t, 30, "ppp").hold(t, 31, "hpp").hold(t, 32, "hsp")
		apply(t, l, search.told[before:before+2]...)
		if g := grade(); g.Level != domain.Replicated {
			t.Errorf("it holds: %+v", g)
		}
		apply(t, l, search.told[before+2:]...)
		if g := grade(); g.Level != domain.Contested || g.Supporting != 1 || g.Opposing != 1 {
			t.Errorf("it slipped: %+v", g)
		}
		mobile := live("mobile", "2026-w25", "rota", name).start(t, 40).conclude(t, 42, asPredicted) // without a lock
		unsure := live("billing", "2026-w25", "rota", name).lock(t, 40).start(t, 41).conclude(t, 42, cannotTell)
		apply(t, l, slices.Concat(mobile.told, unsure.told)...)
		if g := grade(); g.Supporting != 1 || g.Opposing != 1 {
			t.Errorf("what does not count counts: %+v", g)
		}
		counts := told(t, l)
		apply(t, l, slices.Concat(origin.told, again.told, search.told, mobile.told, unsure.told)...)
		if got := told(t, l); fmt.Sprint(got) != fmt.Sprint(counts) {
			t.Errorf("the same again is told as %v, before %v", got, counts)
		}
		kinds := ""
		for _, e := range evidenceOf(t, l, name) {
			kinds += fmt.Sprintf("%s %s %s %v %s; ", strings.TrimPrefix(e.Team, "teams/"), e.Kind, e.Result, e.Locked, e.HoldFinding)
		}
		if want := "payments ORIGIN WORKED true ; payments REPEAT WORKED true ; search REPLICATION WORKED true SLIPPED; " +
			"billing REPLICATION CANNOT_TELL true ; mobile REPLICATION WORKED false ; "; kinds != want &&
			kinds != strings.Replace(want, "billing REPLICATION CANNOT_TELL true ; mobile REPLICATION WORKED false ; ", "mobile REPLICATION WORKED false ; billing REPLICATION CANNOT_TELL true ; ", 1) {
			t.Errorf("the evidence is %s", kinds)
		}
	})
}

// Whatever the order in which the services' events arrive, and however often: the same evidence, the same grade, the same adoption.
func TestTheOrderOfArrivalNeverMatters(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		l := open(t, d)
		first := ""
		for seed := range 30 {
			cycle := fmt.Sprintf("c%02d", seed) // names of one length, so that they are cut alike
			origin := live("payments", cycle, "review-rota", "").draft(t, 0).lock(t, 1).start(t, 2).conclude(t, 3, notAsPredicted)
			name, err := domain.LearningName(origin.experiment.GetName())
			if err != nil {
				t.Fatal(err)
			}
			adopt(t, l, domain.OfferName("teams/search", name))
			lives := []*life{
				origin,
				live("payments", cycle, "again", name).lock(t, 11).start(t, 12).conclude(t, 13, notAsPredicted),
				live("payments", cycle, "once-more", name).lock(t, 15).start(t, 16).conclude(t, 17, asPredicted),
				live("search", cycle, "rota", name).draft(t, 18).lock(t, 20).start(t, 21).conclude(t, 22, asPredicted).hold(t, 30, "ppp").hold(t, 31, "spp").hold(t, 33, "shp"),
				live("mobile", cycle, "rota", name).lock(t, 20).start(t, 21).conclude(t, 22, asPredicted).hold(t, 30, "ppp").hold(t, 31, "hpp").hold(t, 33, "hsp").hold(t, 34, "hsc"),
				live("billing", cycle, "rota", name).lock(t, 20).start(t, 21).conclude(t, 22, asPredicted),
			}
			steps := []step{{consumer.Retrospective, closed(t, origin.experiment.GetName())}}
			for _, x := range lives {
				steps = append(steps, x.told...)
			}
			order := rapid.Permutation(slices.Concat(steps, rapid.SliceOfN(rapid.SampledFrom(steps), 5, 5).Example(seed))).Example(seed)
			apply(t, l, order...)
			got := strings.ReplaceAll(stateOf(t, l, name), cycle, "cycle")
			if first == "" {
				first = got
			}
			if got != first {
				t.Fatalf("order %d comes to another end:\n%s\nnot\n%s", seed, got, first)
			}
		}
		for _, want := range []string{"REPLICATED 3 1 2", "PUBLISHED", `"kind":"REPEAT"`, `"holdFinding":"SLIPPED"`, `"adaptation":"Only on Fridays."`, `"state":"CONCLUDED"`} {
			if !strings.Contains(first, want) {
				t.Errorf("%s is not in the end %s", want, first)
			}
		}
	})
}

// stateOf is everything that follows from the events, without what differs from one run to the next.
func stateOf(t *testing.T, l *eventlog.Log, name string) string {
	t.Helper()
	row, err := store.Get(t.Context(), l, name)
	if err != nil {
		t.Fatal(err)
	}
	x := row.Value
	text := fmt.Sprintf("%s %s %d %d %d %s\n", x.State, x.Grade.Level, x.Grade.Supporting, x.Grade.Opposing, x.Grade.Replications, x.Grade.Explanation)
	pieces := evidenceOf(t, l, name)
	for i := range pieces {
		pieces[i].Name = ""
	}
	slices.SortFunc(pieces, func(a, b domain.Evidence) int { return strings.Compare(a.Experiment, b.Experiment) })
	offer, err := store.Offers.Get(t.Context(), l, domain.OfferName("teams/search", name))
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal([]any{pieces, offer.Value.Adoption})
	if err != nil {
		t.Fatal(err)
	}
	return text + string(body)
}

// adopt makes an offer that the team has adapted, and whose experiment is still to be drafted.
func adopt(t *testing.T, l *eventlog.Log, name string) {
	t.Helper()
	err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
		_, err := store.Offers.Create(tx, &domain.Offer{
			Name: name, Claim: "Names help.", State: domain.Answered, Answer: domain.Adapt, AnswerText: "Only on Fridays.", Since: monday, OfferTime: monday,
			Adoption: &domain.Adoption{State: domain.Drafting},
		}, domain.OfferMade)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestAnAdoptionFollowsItsExperiment(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		l := open(t, d)
		learning := "learnings/payments-review-rota-1a2b3c4d"
		name := domain.OfferName("teams/search", learning)
		adopt(t, l, name)
		x := live("search", "2026-w25", "rota", learning).draft(t, 1).lock(t, 2).start(t, 3).conclude(t, 4, notAsPredicted)
		want := []domain.AdoptionState{domain.Drafted, domain.Drafted, domain.Running, domain.Concluded}
		for i, s := range x.told {
			apply(t, l, s)
			row, err := store.Offers.Get(t.Context(), l, name)
			if err != nil || row.Value.Adoption.State != want[i] || row.Value.Adoption.Experiment != x.experiment.GetName() {
				t.Fatalf("after event %d: %+v, %v", i+1, row.Value.Adoption, err)
			}
		}
		if got := told(t, l); got["AdoptionMoved"] != 3 {
			t.Errorf("told: %v", got)
		}
		// Nobody was offered this one: evidence all the same.
		own := live("mobile", "2026-w25", "rota", learning).start(t, 3).conclude(t, 4, asPredicted)
		apply(t, l, own.told...)
		if _, err := store.Offers.Get(t.Context(), l, domain.OfferName("teams/mobile", learning)); err == nil {
			t.Error("an offer was made of it")
		}
		if got := evidenceOf(t, l, learning); len(got) != 2 {
			t.Errorf("the evidence is %+v", got)
		}
	})
}

// What a team's situation was like when it tried something does not change with its settings afterwards.
func TestEvidenceKeepsTheContext(t *testing.T) {
	l := open(t, dbtest.Open(t, db.SQLite, tables))
	set := func(size int) {
		t.Helper()
		name := store.SettingsName("teams/search")
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, found, err := store.Settings.Find(tx, name)
			if err != nil {
				return err
			}
			if !found {
				_, err = store.Settings.Create(tx, &domain.Settings{Name: name, Context: domain.Context{TeamSize: size}}, domain.KnowledgeSettingsUpdated)
				return err
			}
			_, err = store.Settings.Update(tx, name, "", func(s *domain.Settings, _ time.Time) ([]domain.Event, error) {
				s.Context.TeamSize = size
				return []domain.Event{domain.KnowledgeSettingsUpdated}, nil
			})
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	set(5)
	x := live("search", "2026-w25", "rota", "learnings/a").lock(t, 2).start(t, 3).conclude(t, 4, asPredicted)
	apply(t, l, x.told...)
	set(9)
	before := len(x.told)
	x.hold(t, 5, "hpp")
	apply(t, l, x.told[before:]...)
	if got := evidenceOf(t, l, "learnings/a"); len(got) != 1 || got[0].Context.TeamSize != 5 || got[0].HoldFinding != domain.Held {
		t.Errorf("the evidence is %+v", got)
	}
}

// What waits for a cycle is drafted when there is one.
func TestANewCycleMakesDraftsDue(t *testing.T) {
	l := open(t, dbtest.Open(t, db.SQLite, tables))
	err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
		return store.MakeDue(tx, store.DraftExperiment, "teams/search/offers/a", tx.Log().Now().Add(time.Hour))
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		event, team string
		due         int
	}{
		{"fortnight.cycle.v1.CycleDrafted", "payments", 0}, {"fortnight.cycle.v1.CycleAdvanced", "search", 0}, {"fortnight.cycle.v1.CycleStarted", "search", 1},
	} {
		apply(t, l, step{consumer.Cycle, eventlog.Record{Type: c.event, Team: c.team, Data: []byte("{}")}})
		due, err := store.DueNow(t.Context(), l, store.DraftExperiment)
		if err != nil || len(due) != c.due {
			t.Errorf("after %s of %s: %q, %v", c.event, c.team, due, err)
		}
	}
}

// Two changes of one instant are told apart by the version after them.
func TestOfOneInstantTheLaterVersionCounts(t *testing.T) {
	for _, order := range [][]int{{0, 1}, {1, 0}} {
		l := open(t, dbtest.Open(t, db.SQLite, tables))
		x := live("search", "2026-w25", "rota", "learnings/a").lock(t, 2).start(t, 3).conclude(t, 4, asPredicted)
		x.hold(t, 5, "hpp").hold(t, 5, "hsp")
		for _, i := range order {
			apply(t, l, x.told[len(x.told)-2+i])
		}
		if got := evidenceOf(t, l, "learnings/a"); len(got) != 1 || got[0].HoldFinding != domain.Slipped {
			t.Errorf("in the order %v: %+v", order, got)
		}
	}
}
