package store_test

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
)

const earlier = "teams/payments/cycles/2026-w1/retrospective"

// propose saves open retrospectives of two teams with actions that are due on different days, or on none.
func propose(t *testing.T, l *eventlog.Log) {
	t.Helper()
	const foreign = "teams/mobile/cycles/2026-w1/retrospective"
	write(t, l, func(tx *eventlog.Tx) error {
		for _, name := range []string{retro, earlier, foreign} {
			if _, err := store.Retrospectives.Create(tx, &domain.Retrospective{Name: name, Stage: domain.Decide}, domain.RetrospectiveOpened); err != nil {
				return err
			}
		}
		for _, a := range []struct {
			retrospective, id, day string
			state                  domain.ActionState
		}{
			{retro, "b", "2026-03-20", domain.ActionStateOpen},
			{earlier, "x", "2026-01-01", domain.ActionStateOpen},
			{retro, "z", "", domain.ActionStateProposed},
			{retro, "a", "2026-03-21", domain.ActionStateDone},
			{earlier, "y", "2026-03-21", domain.ActionStateOpen},
			{foreign, "n", "2026-02-01", domain.ActionStateOpen},
			{retro, "c", "2026-03-20", domain.ActionStateDropped},
		} {
			action := &domain.Action{Name: a.retrospective + "/actions/" + a.id, DueDate: a.day, State: a.state}
			if _, err := store.Actions.Create(tx, action, domain.ActionProposed); err != nil {
				return err
			}
		}
		return nil
	})
}

func ids(rows []record.Row[domain.Action]) string {
	var ids []string
	for _, row := range rows {
		ids = append(ids, row.Value.Name[strings.LastIndexByte(row.Value.Name, '/')+1:])
	}
	return strings.Join(ids, " ")
}

func TestActionsByDueDate(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		propose(t, l)
		for name, test := range map[string]struct {
			query record.Query
			want  string
		}{
			"of a retrospective":          {record.Query{Parent: retro}, "b c a z"},
			"of a team":                   {record.Query{Team: "payments"}, "x b c y a z"},
			"of a team, what is open":     {record.Query{Team: "payments", States: []string{"OPEN"}}, "x b y"},
			"of a team, what has an end":  {record.Query{Team: "payments", States: []string{"DONE", "DROPPED"}}, "c a"},
			"of a team that has nothing":  {record.Query{Team: "search"}, ""},
			"of a team with another name": {record.Query{Team: "pay"}, ""},
		} {
			var got []string
			test.query.PageSize = 2
			for {
				rows, next, err := store.Actions.List(t.Context(), l, test.query)
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, strings.Fields(ids(rows))...)
				if test.query.PageToken = next; next == "" {
					break
				}
			}
			if strings.Join(got, " ") != test.want {
				t.Errorf("%s: %v, want %s", name, got, test.want)
			}
		}
		write(t, l, func(tx *eventlog.Tx) error {
			rows, err := store.ActionsOf(tx, retro)
			count, countErr := store.CountActions(tx, retro)
			if ids(rows) != "b c a z" || count != 4 || countErr != nil {
				t.Errorf("of the retrospective: %s, %d, %v", ids(rows), count, countErr)
			}
			_, missing := store.ActionsOf(tx, earlier+"s")
			if fault.From(missing).Reason != "RETROSPECTIVE_NOT_FOUND" {
				t.Errorf("of none: %v", missing)
			}
			return err
		})
	})
}

// Everything of an action is kept as it was, and each event tells all of it.
func TestAnActionIsReadAsItWasWritten(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		propose(t, l)
		written := &domain.Action{
			Name: retro + "/actions/whole", Text: "\"quoted\" ✓", Owner: "users/mina", DueDate: "2026-03-20", ExpectedEffect: "less", Metric: "organization/metrics/x",
			Theme: retro + "/themes/a", State: domain.ActionStateDone, Effect: "CANNOT_TELL", Result: "who knows", Obstacle: "o", Experiment: "e",
		}
		write(t, l, func(tx *eventlog.Tx) error {
			_, err := store.Actions.Create(tx, written, domain.ActionProposed)
			return err
		})
		events := []domain.Event{domain.ActionChanged, domain.ActionAgreed, domain.ActionCompleted, domain.ActionDropped}
		for _, event := range events {
			write(t, l, func(tx *eventlog.Tx) error {
				_, err := store.UpdateAction(tx, written.Name, "", func(*domain.Action, time.Time) ([]domain.Event, error) { return []domain.Event{event}, nil })
				return err
			})
		}
		row, err := store.Actions.Get(t.Context(), l, written.Name)
		if err != nil || !reflect.DeepEqual(row.Value, written) || row.Version != 5 {
			t.Errorf("read %+v, %v, want %+v", row.Value, err, written)
		}
		told := testkit.Records(t, l)
		told = told[len(told)-5:]
		for i, event := range append([]domain.Event{domain.ActionProposed}, events...) {
			if !strings.HasSuffix(told[i].Type, "."+string(event)) || told[i].Actor != "users/jonas" || told[i].Team != "payments" {
				t.Errorf("the event %s is told as %+v", event, told[i])
			}
			for _, part := range []string{"users/mina", "2026-03-20", "less", "organization/metrics/x", "themes/a", "DONE", "CANNOT_TELL", "who knows", `"o"`, `"e"`} {
				if !strings.Contains(string(told[i].Data), part) {
					t.Errorf("the event %s does not tell %s: %s", event, part, told[i].Data)
				}
			}
		}
	})
}

func TestUpdateActionThatIsNotThere(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := store.UpdateAction(tx, retro+"/actions/none", "", nil)
			return err
		})
		if fault.From(err).Reason != "ACTION_NOT_FOUND" {
			t.Errorf("got %v", err)
		}
	})
}
