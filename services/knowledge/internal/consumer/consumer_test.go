package consumer_test

import (
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	experimentv1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/experiment/v1"
	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/consumer"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store/migrations"
)

const (
	rota  = "teams/payments/cycles/2026-w24/experiments/review-rota"
	flags = "teams/payments/cycles/2026-w24/experiments/flags"
)

var monday = time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)

// event is a record of the data, at the hour.
func event(t *testing.T, hour int, data proto.Message) eventlog.Record {
	t.Helper()
	body, err := protojson.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return eventlog.Record{Type: string(data.ProtoReflect().Descriptor().FullName()), Time: monday.Add(time.Duration(hour) * time.Hour), Data: body}
}

func concluded(t *testing.T, name string) eventlog.Record {
	return event(t, 1, &experimentv1.ExperimentConcluded{Experiment: &experimentv1.Experiment{
		Name: name, DisplayName: "Rota", Prediction: &experimentv1.Prediction{Change: "Two named reviewers."},
		Outcome: &experimentv1.Outcome{Verdict: experimentv1.Verdict_VERDICT_NOT_AS_PREDICTED, Happened: "The wait fell less.", Learned: "Names help."},
	}})
}

func closed(t *testing.T, experiments ...string) eventlog.Record {
	retrospective := &retrospectivev1.Retrospective{Name: "teams/payments/cycles/2026-w24/retrospective"}
	for _, e := range experiments {
		retrospective.Learnings = append(retrospective.Learnings, &retrospectivev1.DistilledLearning{
			Experiment: e, Claim: "A rota halves the wait.", Situation: "A small team.", Tags: []string{"review"},
		})
	}
	return event(t, 2, &retrospectivev1.RetrospectiveClosed{Retrospective: retrospective})
}

type step struct {
	handle func(*eventlog.Tx, eventlog.Record) error
	record eventlog.Record
}

func apply(t *testing.T, l *eventlog.Log, steps ...step) {
	t.Helper()
	for i, s := range steps {
		if err := l.Do(t.Context(), func(tx *eventlog.Tx) error { return s.handle(tx, s.record) }); err != nil {
			t.Fatalf("step %d: %v", i+1, err)
		}
	}
}

func all(t *testing.T, l *eventlog.Log) []record.Row[domain.Learning] {
	t.Helper()
	rows, _, err := store.List(t.Context(), l, store.Reader{Everything: true}, store.ListQuery{})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func open(t *testing.T, d *db.DB) *eventlog.Log {
	t.Helper()
	l, err := eventlog.Open(t.Context(), d, "knowledge", nil)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

var tables = db.Merge(eventlog.Migrations, migrations.FS)

func TestAConcludedExperimentIsDrafted(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		l := open(t, d)
		apply(t, l, step{consumer.Experiment, concluded(t, rota)})
		rows := all(t, l)
		if len(rows) != 1 {
			t.Fatalf("%d learnings", len(rows))
		}
		got := rows[0].Value
		if got.State != domain.Draft || got.Claim != "Names help." || got.Tried != "Two named reviewers." || got.Happened != "The wait fell less." ||
			got.Verdict != "NOT_AS_PREDICTED" || got.Team != "teams/payments" || got.Cycle != "teams/payments/cycles/2026-w24" || got.Experiment != rota {
			t.Errorf("%+v", got)
		}
	})
}

// Whatever the order, and however often: one learning, published, with the words of both, and found.
func TestTheSourcesMayComeInAnyOrder(t *testing.T) {
	dbtest.Each(t, tables, func(t *testing.T, d *db.DB) {
		l := open(t, d)
		for i, order := range []string{"er", "re", "eerr", "rrere", "erererer"} {
			id := fmt.Sprint("teams/payments/cycles/2026-w24/experiments/e", i)
			var steps []step
			for _, source := range order {
				if source == 'e' {
					steps = append(steps, step{consumer.Experiment, concluded(t, id)})
				} else {
					steps = append(steps, step{consumer.Retrospective, closed(t, id)})
				}
			}
			apply(t, l, steps...)
			fresh, err := domain.New(id)
			if err != nil {
				t.Fatal(err)
			}
			row, err := store.Get(t.Context(), l, fresh.Name)
			if err != nil {
				t.Fatal(err)
			}
			got := row.Value
			if got.State != domain.Published || got.Claim != "A rota halves the wait." || got.Situation != "A small team." || got.Tried != "Two named reviewers." ||
				got.Happened != "The wait fell less." || got.Verdict != "NOT_AS_PREDICTED" || len(got.Tags) != 1 ||
				!got.PublishTime.Equal(monday.Add(2*time.Hour)) || !got.Since.Equal(monday.Add(time.Hour)) || row.Version != 2 {
				t.Errorf("%s: version %d of %+v", order, row.Version, got)
			}
		}
		found, err := store.Search(t.Context(), l, store.SearchQuery{Text: `"halves the wait" reviewers`})
		if err != nil || len(found.Findings) != 5 {
			t.Errorf("found %+v, %v", found, err)
		}
	})
}

func TestEveryDistilledLearningIsPublished(t *testing.T) {
	l := open(t, dbtest.Open(t, db.SQLite, tables))
	apply(t, l, step{consumer.Experiment, concluded(t, rota)}, step{consumer.Retrospective, closed(t, rota, flags)}, step{consumer.Retrospective, closed(t)})
	rows := all(t, l)
	if len(rows) != 2 || rows[0].Value.State != domain.Published || rows[1].Value.State != domain.Published {
		t.Errorf("%+v", rows)
	}
}

func TestARetiredLearningStaysRetired(t *testing.T) {
	l := open(t, dbtest.Open(t, db.SQLite, tables))
	apply(t, l, step{consumer.Retrospective, closed(t, rota)})
	name := all(t, l)[0].Value.Name
	err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
		_, err := store.Change(tx, name, "", func(x *domain.Learning, _ time.Time) ([]domain.Event, error) { return x.Retire("No.") })
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	apply(t, l, step{consumer.Retrospective, closed(t, rota)}, step{consumer.Experiment, concluded(t, rota)})
	if got := all(t, l)[0].Value; got.State != domain.Retired || got.Tried == "" {
		t.Errorf("%+v", got)
	}
	if found, err := store.Search(t.Context(), l, store.SearchQuery{Text: "rota"}); err != nil || len(found.Findings) != 0 {
		t.Errorf("found %+v, %v", found, err)
	}
}

func TestOtherEventsPassBy(t *testing.T) {
	l := open(t, dbtest.Open(t, db.SQLite, tables))
	apply(t, l,
		step{consumer.Experiment, event(t, 0, &experimentv1.ExperimentAbandoned{Experiment: &experimentv1.Experiment{Name: rota}})},
		step{consumer.Retrospective, event(t, 0, &retrospectivev1.RetrospectiveDecided{})},
		step{consumer.Retrospective, eventlog.Record{Type: "fortnight.retrospective.v2.SomethingNew", Data: []byte("{}")}},
	)
	if rows := all(t, l); len(rows) != 0 {
		t.Errorf("%+v", rows)
	}
}

func TestWhatCannotBeReadIsRefused(t *testing.T) {
	l := open(t, dbtest.Open(t, db.SQLite, tables))
	damaged := concluded(t, rota)
	damaged.Data = []byte(`{"experiment": 5}`)
	half := closed(t, rota, "no experiment")
	for reason, s := range map[string]step{
		"EVENT_DATA_INVALID":      {consumer.Experiment, damaged},
		"EXPERIMENT_NAME_INVALID": {consumer.Retrospective, half},
	} {
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error { return s.handle(tx, s.record) })
		if fault.From(err).Reason != reason {
			t.Errorf("got %v, want %s", err, reason)
		}
	}
	if rows := all(t, l); len(rows) != 0 {
		t.Errorf("half an event was applied: %+v", rows)
	}
}
