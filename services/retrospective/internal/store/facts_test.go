package store_test

import (
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
)

func TestTheFactsOfThisServiceItself(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		first, second := open(t, l, "a", "w2", domain.Closed, nil), open(t, l, "a", "w1", domain.Closed, nil)
		open(t, l, "ab", "w1", domain.Closed, nil)
		write(t, l, func(tx *eventlog.Tx) error {
			for _, a := range []domain.Action{
				{Name: first + "/actions/open", State: domain.ActionStateOpen, DueDate: "2026-03-02"},
				{Name: first + "/actions/done", State: domain.ActionStateDone},
				{Name: second + "/actions/open", State: domain.ActionStateOpen, DueDate: "2026-03-01"},
				{Name: second + "/actions/done", State: domain.ActionStateDone},
				{Name: "teams/ab/cycles/w1/retrospective/actions/other", State: domain.ActionStateOpen},
			} {
				if _, err := store.Actions.Create(tx, &a, domain.ActionProposed); err != nil {
					return err
				}
			}
			for _, test := range []struct {
				team, except, want string
				opened             time.Time
			}{
				{"teams/a", "teams/a/cycles/w3/retrospective", first, tx.Now()}, // both of one instant: the greater name
				{"teams/a", first, second, tx.Now()},
				{"teams/a", "", "", tx.Now().Add(-time.Hour)},
				{"teams/none", "", "", tx.Now()},
			} {
				got, err := store.LastRetrospective(tx, test.team, test.except, test.opened)
				if err != nil || (got == nil) != (test.want == "") || got != nil && got.Name != test.want {
					t.Errorf("%+v: %+v, %v", test, got, err)
				}
			}
			earlier, err := store.EarlierActions(tx, "teams/a", "teams/a/cycles/w3/retrospective", first)
			var got []string
			for _, e := range earlier {
				got = append(got, e.Action)
			}
			if want := []string{second + "/actions/open", first + "/actions/open", first + "/actions/done"}; err != nil || !slices.Equal(got, want) {
				t.Errorf("earlier actions %v, %v, want %v", got, err, want)
			}
			own, err := store.EarlierActions(tx, "teams/a", second, "")
			if err != nil || len(own) != 1 || own[0].Action != first+"/actions/open" {
				t.Errorf("its own actions are no earlier ones: %v, %v", own, err)
			}
			return nil
		})
	})
}

func TestTheFactOfGoodDays(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		write(t, l, func(tx *eventlog.Tx) error {
			for name, day := range map[string]domain.GoodDay{
				"teams/a/goodDays/2026-03-01": {People: 5, Good: 5}, "teams/a/goodDays/2026-03-02": {People: 3, Good: 1},
				"teams/a/goodDays/2026-03-03": {}, "teams/a/goodDays/2026-03-05": {People: 7, Good: 6}, "teams/a/goodDays/2026-03-06": {People: 4},
				"teams/ab/goodDays/2026-03-03": {People: 9, Good: 9},
			} {
				day.Name = name
				if _, err := store.GoodDays.Create(tx, &day, domain.GoodDayClosed); err != nil {
					return err
				}
			}
			fact, err := store.GoodDayFact(tx, "teams/a", "2026-03-02", "2026-03-05")
			if err != nil || fact == nil || fact.Days != 2 || fact.Share != 0.7 {
				t.Errorf("fact %+v, %v, want 2 days and 0.7", fact, err)
			}
			if fact, err = store.GoodDayFact(tx, "teams/a", "2026-03-03", "2026-03-04"); err != nil || fact != nil {
				t.Errorf("of a withheld day: %+v, %v", fact, err)
			}
			return nil
		})
	})
}

func TestSettingsOf(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		write(t, l, func(tx *eventlog.Tx) error {
			settings, err := store.SettingsOf(tx, "teams/a")
			if err != nil || settings.VotesPerMember != 3 || settings.Name != "teams/a/retrospectiveSettings" || len(settings.Causes) != 11 {
				t.Errorf("never set: %+v, %v", settings, err)
			}
			_, err = store.Settings.Create(tx, &domain.Settings{Name: store.SettingsName("teams/a"), VotesPerMember: 7}, domain.SettingsUpdated)
			if err != nil {
				return err
			}
			settings, err = store.SettingsOf(tx, "teams/a")
			if err != nil || settings.VotesPerMember != 7 || len(settings.Prompts) != 3 {
				t.Errorf("set: %+v, %v", settings, err)
			}
			return nil
		})
	})
}
