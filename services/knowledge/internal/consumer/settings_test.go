package consumer_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/consumer"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

func set(t *testing.T, l *eventlog.Log, s domain.Settings) {
	t.Helper()
	err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
		_, err := store.Settings.Create(tx, &s, domain.KnowledgeSettingsUpdated)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// What publishes is what the team has set, and its context is that of what it learns. Another team's settings are another team's.
func TestTheSettingsOfTheTeamHold(t *testing.T) {
	context := domain.Context{Process: "code review", ConstraintType: "waiting", TeamSize: 6, Stack: []string{"go"}}
	for rule, want := range map[domain.PublishRule][2]domain.State{
		"":                     {domain.Draft, domain.Published},
		domain.ByRetrospective: {domain.Draft, domain.Published},
		domain.ByConclusion:    {domain.Published, domain.Published},
		domain.ByHand:          {domain.Draft, domain.Draft},
	} {
		t.Run(string(rule), func(t *testing.T) {
			l := open(t, dbtest.Open(t, db.SQLite, tables))
			set(t, l, domain.Settings{Name: "teams/payments/knowledgeSettings", PublishRule: rule, ReviewMonths: 2, Context: context})
			set(t, l, domain.Settings{Name: "teams/search/knowledgeSettings", PublishRule: domain.ByConclusion, Context: domain.Context{Process: "another one"}})
			apply(t, l, step{consumer.Experiment, concluded(t, rota)})
			if got := all(t, l)[0].Value; got.State != want[0] || got.Verdict != "NOT_AS_PREDICTED" || got.Context.Process != "code review" ||
				got.Context.TeamSize != 6 {
				t.Errorf("concluded: %+v", got)
			}
			apply(t, l, step{consumer.Retrospective, closed(t, rota)})
			got := all(t, l)[0].Value
			if got.State != want[1] || got.Claim != "A rota halves the wait." || (got.ReviewByDate == "2026-08-08") != (want[1] == domain.Published) {
				t.Errorf("closed: %+v", got)
			}
		})
	}
}

// What cannot be refused any more is kept as it may be.
func TestHostileEventsBecomeCleanLearnings(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		l := open(t, d)
		apply(t, l,
			step{consumer.Experiment, event(t, 1, &experimentv1.ExperimentConcluded{Experiment: &experimentv1.Experiment{
				Name: rota, Prediction: &experimentv1.Prediction{Change: "Two \u202enamed\u0000 reviewers."},
				Outcome: &experimentv1.Outcome{Learned: strings.Repeat("[", 1<<20), Happened: strings.Repeat("ä\u200b", 5000)},
			}})},
			step{consumer.Retrospective, event(t, 2, &retrospectivev1.RetrospectiveClosed{Retrospective: &retrospectivev1.Retrospective{
				Learnings: []*retrospectivev1.DistilledLearning{{Experiment: flags, Claim: "A flag\nhelps \u2066us\u2069.", MayNotHold: "\u200b", HowToTry: "Try it.\r\nTwice."}},
			}})},
		)
		for _, row := range all(t, l) {
			got := row.Value
			switch got.Experiment {
			case rota:
				if utf8.RuneCountInString(got.Claim) != 500 || !strings.HasSuffix(got.Claim, "[…") || got.Tried != "Two named reviewers." ||
					utf8.RuneCountInString(got.Happened) != 4000 {
					t.Errorf("%.300q, %q, %.80q", got.Claim, got.Tried, got.Happened)
				}
			case flags:
				if got.Claim != "A flag helps us." || got.MayNotHold != "" || got.HowToTry != "Try it.\nTwice." {
					t.Errorf("%+v", got)
				}
			}
		}
	})
}

// What has the name of an experiment's learning and is not it does not become it.
func TestAnotherLearningIsLeftAlone(t *testing.T) {
	l := open(t, dbtest.Open(t, db.SQLite, tables))
	fresh, err := domain.New(rota)
	if err != nil {
		t.Fatal(err)
	}
	err = l.Do(t.Context(), func(tx *eventlog.Tx) error {
		_, err := store.Create(tx, &domain.Learning{Name: fresh.Name, Team: "teams/search", Claim: "Something else altogether.", State: domain.Draft}, domain.LearningDrafted)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	err = l.Do(t.Context(), func(tx *eventlog.Tx) error { return consumer.Experiment(tx, concluded(t, rota)) })
	if f := fault.From(err); f == nil || f.Reason != "LEARNING_NAME_TAKEN" {
		t.Errorf("applied: %v", err)
	}
	if got := all(t, l); len(got) != 1 || got[0].Value.Claim != "Something else altogether." || got[0].Version != 1 {
		t.Errorf("%+v", got)
	}
}
