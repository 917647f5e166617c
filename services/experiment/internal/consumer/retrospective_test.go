package consumer

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/experiment/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

const cycle = "teams/payments/cycles/2026-w23"

var friday = time.Date(2026, 6, 12, 15, 0, 0, 0, time.UTC)

func each(t *testing.T, fn func(t *testing.T, l *eventlog.Log)) {
	t.Helper()
	dbtest.Each(t, db.Merge(eventlog.Migrations, store.Migrations), func(t *testing.T, d *db.DB) {
		l, err := eventlog.Open(t.Context(), d, "experiment", nil)
		if err != nil {
			t.Fatal(err)
		}
		err = l.Do(t.Context(), func(tx *eventlog.Tx) error {
			for id, state := range map[string]domain.State{"adopted": domain.Concluded, "adapted": domain.Concluded, "left": domain.Abandoned} {
				e := &domain.Experiment{Name: cycle + "/experiments/" + id, DisplayName: id, State: state, TimeZone: "Europe/Berlin"}
				if _, err := store.Experiments.Create(tx, e, domain.EventDrafted); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		fn(t, l)
	})
}

// closed is the event of a retrospective with decisions by experiment id.
func closed(t *testing.T, decisions map[string]retrospectivev1.DecisionKind, at *timestamppb.Timestamp) eventlog.Record {
	t.Helper()
	r := &retrospectivev1.Retrospective{Name: cycle + "/retrospective", CloseTime: at}
	for id, kind := range decisions {
		r.Decisions = append(r.Decisions, &retrospectivev1.Decision{Experiment: cycle + "/experiments/" + id, Kind: kind, Text: "x"})
	}
	return record(t, &retrospectivev1.RetrospectiveClosed{Retrospective: r})
}

func record(t *testing.T, data proto.Message) eventlog.Record {
	t.Helper()
	b, err := protojson.Marshal(data)
	if err != nil {
		t.Fatal(err)
	}
	return eventlog.Record{Type: string(data.ProtoReflect().Descriptor().FullName()), Data: b, Time: friday.AddDate(0, 0, 1)}
}

func handle(t *testing.T, l *eventlog.Log, r eventlog.Record) error {
	t.Helper()
	return l.Do(t.Context(), func(tx *eventlog.Tx) error { return Retrospective(tx, r) })
}

// due returns the days of the hold checks of an experiment, and how many events it has had.
func due(t *testing.T, l *eventlog.Log, id string) (days []string, events int64) {
	t.Helper()
	row, err := store.Experiments.Get(t.Context(), l, cycle+"/experiments/"+id)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range row.Value.HoldChecks {
		days = append(days, h.DueDate)
	}
	return days, row.Version
}

const (
	adopt   = retrospectivev1.DecisionKind_DECISION_KIND_ADOPT
	adapt   = retrospectivev1.DecisionKind_DECISION_KIND_ADAPT
	abandon = retrospectivev1.DecisionKind_DECISION_KIND_ABANDON
)

func TestAdoptionSchedulesHoldChecks(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		decisions := map[string]retrospectivev1.DecisionKind{"adopted": adopt, "adapted": adapt, "left": adopt}
		for turn := 1; turn <= 2; turn++ { // the second time nothing happens
			if err := handle(t, l, closed(t, decisions, timestamppb.New(friday))); err != nil {
				t.Fatal(err)
			}
			days, events := due(t, l, "adopted")
			if len(days) != 3 || days[0] != "2026-06-26" || days[1] != "2026-07-24" || days[2] != "2026-09-04" || events != 2 {
				t.Errorf("turn %d: due %v after %d events", turn, days, events)
			}
		}
		for _, id := range []string{"adapted", "left"} {
			if days, events := due(t, l, id); days != nil || events != 1 {
				t.Errorf("%s: due %v after %d events", id, days, events)
			}
		}
		records, err := l.List(t.Context(), 0, 100)
		if l.DB().Engine() == db.Postgres {
			if _, err := l.Number(t.Context()); err != nil {
				t.Fatal(err)
			}
			records, err = l.List(t.Context(), 0, 100)
		}
		if err != nil || len(records) != 4 || records[3].Type != "fortnight.experiment.v1.HoldChecksScheduled" {
			t.Errorf("events %v, err %v", records, err)
		}
	})
}

func TestOtherDecisionsAndEventsChangeNothing(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		for _, r := range []eventlog.Record{
			closed(t, map[string]retrospectivev1.DecisionKind{"adopted": abandon, "adapted": adapt}, timestamppb.New(friday)),
			closed(t, nil, nil),
			record(t, &retrospectivev1.RetrospectiveDecided{Retrospective: &retrospectivev1.Retrospective{
				Decisions: []*retrospectivev1.Decision{{Experiment: cycle + "/experiments/adopted", Kind: adopt}},
			}}),
		} {
			if err := handle(t, l, r); err != nil {
				t.Fatal(err)
			}
		}
		if days, events := due(t, l, "adopted"); days != nil || events != 1 {
			t.Errorf("due %v after %d events", days, events)
		}
	})
}

func TestWithoutACloseTimeTheEventTells(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		if err := handle(t, l, closed(t, map[string]retrospectivev1.DecisionKind{"adopted": adopt}, nil)); err != nil {
			t.Fatal(err)
		}
		if days, _ := due(t, l, "adopted"); len(days) != 3 || days[0] != "2026-06-27" {
			t.Errorf("due %v", days)
		}
	})
}

// These are put aside by the consumer, for an operator to see.
func TestWhatCannotBeApplied(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		broken := closed(t, nil, nil)
		broken.Data = []byte(`{"retrospective":7}`)
		for reason, r := range map[string]eventlog.Record{
			"EXPERIMENT_NOT_FOUND": closed(t, map[string]retrospectivev1.DecisionKind{"none": adopt}, nil),
			"EVENT_UNREADABLE":     broken,
		} {
			var f *fault.Error
			if err := handle(t, l, r); !errors.As(err, &f) || f.Reason != reason {
				t.Errorf("%v, want %s", err, reason)
			}
		}
	})
}

func TestNewerFieldsArePassedOver(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		r := closed(t, nil, nil)
		r.Data = []byte(`{"mood":"good","retrospective":{"weather":"fine","closeTime":"2026-06-12T15:00:00Z","decisions":[{"experiment":"` + cycle + `/experiments/adopted","kind":"DECISION_KIND_ADOPT"}]}}`)
		if err := handle(t, l, r); err != nil {
			t.Fatal(err)
		}
		if days, _ := due(t, l, "adopted"); len(days) != 3 {
			t.Errorf("due %v", days)
		}
	})
}
