package store_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
	"github.com/fortnighthq/fortnight/services/cycle/internal/store"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
)

func TestSessionsAreListedByDayAndCountedByDay(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		do(t, l, func(tx *eventlog.Tx) error {
			for _, s := range []domain.CoachingSession{
				{Name: team + "/coachingSessions/b", Date: "2026-03-02", State: domain.CoachingHeld},
				{Name: team + "/coachingSessions/a", Date: "2026-03-02", State: domain.CoachingHeld},
				{Name: team + "/coachingSessions/c", Date: "2026-03-03", State: domain.CoachingOpen},
				{Name: team + "/coachingSessions/d", Date: "2026-03-04", State: domain.CoachingHeld},
				{Name: team + "/coachingSessions/e", Date: "2026-03-05", State: domain.CoachingHeld},
				{Name: team + "/coachingSessions/f", Date: "2026-02-28", State: domain.CoachingHeld},
				{Name: "teams/payments-2/coachingSessions/a", Date: "2026-03-02", State: domain.CoachingHeld},
			} {
				s.Answers = map[domain.Question]string{domain.AskTarget: "x"}
				if _, err := store.CoachingSessions.Create(tx, &s, domain.CoachingSessionCreated); err != nil {
					return err
				}
			}
			return nil
		})
		held, err := store.HeldSessions(t.Context(), l.DB().Read(), team, domain.Period{Start: "2026-03-01", End: "2026-03-04"})
		if want := map[domain.Day]int{"2026-03-02": 2, "2026-03-04": 1}; err != nil || !maps.Equal(held, want) {
			t.Errorf("held %v, %v; want %v", held, err, want)
		}
		var listed []string
		for query := (record.Query{Parent: team, PageSize: 2}); ; {
			rows, next, err := store.CoachingSessions.List(t.Context(), l, query)
			if err != nil {
				t.Fatal(err)
			}
			for _, row := range rows {
				listed = append(listed, strings.TrimPrefix(row.Value.Name, team+"/coachingSessions/"))
			}
			if query.PageToken = next; next == "" {
				break
			}
		}
		if want := []string{"e", "d", "c", "b", "a", "f"}; !slices.Equal(listed, want) {
			t.Errorf("listed %v, want %v", listed, want)
		}
	})
}

// A session comes back as it was saved, and its events tell of what was done to it.
func TestASessionIsKept(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		const name = team + "/coachingSessions/a"
		coach, learner := "users/mina", "users/jonas"
		do(t, l, func(tx *eventlog.Tx) error {
			s, err := domain.NewCoachingSession(name, domain.CoachingChange{Coach: &coach, Learner: &learner}, nil, "2026-03-02")
			if err != nil {
				return err
			}
			_, err = store.CoachingSessions.Create(tx, s, domain.CoachingSessionCreated)
			return err
		})
		answers := map[domain.Question]string{}
		for _, q := range []domain.Question{domain.AskTarget, domain.AskActual, domain.Obstacles, domain.NextStep, domain.NextExpected} {
			answers[q] = string(q)
		}
		answers[domain.GoAndSee] = "2026-03-04"
		var heldAt time.Time
		do(t, l, func(tx *eventlog.Tx) error {
			_, err := store.CoachingSessions.Update(tx, name, "", func(s *domain.CoachingSession, _ time.Time) ([]domain.Event, error) {
				return s.Edit(domain.CoachingChange{Answers: answers, CurrentObstacle: team + "/obstacles/queue"}, &domain.LastStep{})
			})
			return err
		})
		do(t, l, func(tx *eventlog.Tx) error {
			_, err := store.CoachingSessions.Update(tx, name, "", func(s *domain.CoachingSession, now time.Time) ([]domain.Event, error) {
				heldAt = now
				return s.Hold(now, "2026-03-02")
			})
			return err
		})
		row, err := store.CoachingSessions.Get(t.Context(), l, name)
		s := row.Value
		if err != nil || !maps.Equal(s.Answers, answers) || s.State != domain.CoachingHeld || !s.HoldTime.Equal(heldAt) || s.Reflection != domain.ReflectionSkipped ||
			s.Obstacle != team+"/obstacles/queue" || s.Coach != coach || s.Learner != learner {
			t.Errorf("%+v, %v", s, err)
		}
		want := []string{"CoachingSessionCreated coachingSessions/a 1", "CoachingSessionUpdated coachingSessions/a 2", "CoachingSessionHeld coachingSessions/a 3"}
		if got := types(t, l); !slices.Equal(got, want) {
			t.Errorf("events %q, want %q", got, want)
		}
	})
}

func TestTheLedgerByDay(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		do(t, l, func(tx *eventlog.Tx) error {
			for i, name := range []string{team + "/capacityEntries/2026-03-03", team + "/capacityEntries/2026-02-28", team + "/capacityEntries/2026-03-02", "teams/payments-2/capacityEntries/2026-03-02"} {
				e := domain.CapacityEntry{Name: name, AvailableHours: 40, ImprovementHours: 0.1 + float64(i), PlannedPercent: 15}
				if _, err := store.CapacityEntries.Create(tx, &e, domain.CapacityEntryCreated); err != nil {
					return err
				}
			}
			return nil
		})
		show := func(entries []*domain.CapacityEntry) string {
			text := ""
			for _, e := range entries {
				text += fmt.Sprint(e.Day(), " ", e.ImprovementHours, " ")
			}
			return text
		}
		entries, err := store.CapacityOf(t.Context(), l.DB().Read(), team, domain.Period{Start: "2026-02-28", End: "2026-03-02"})
		if got := show(entries); err != nil || got != "2026-02-28 1.1 2026-03-02 2.1 " {
			t.Errorf("ledger %s, %v", got, err)
		}
		for _, query := range []struct{ from, to, want string }{
			{"", "", "2026-02-28 1.1 2026-03-02 2.1 2026-03-03 0.1 "},
			{"2026-03-01", "", "2026-03-02 2.1 2026-03-03 0.1 "},
			{"2026-03-01", "2026-03-02", "2026-03-02 2.1 "},
			{"", "2026-02-28", "2026-02-28 1.1 "},
		} {
			var listed []*domain.CapacityEntry
			for page := (record.Query{Parent: team, PageSize: 1, From: query.from, UpTo: query.to}); ; {
				rows, next, err := store.CapacityEntries.List(t.Context(), l, page)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range rows {
					listed = append(listed, row.Value)
				}
				if page.PageToken = next; next == "" {
					break
				}
			}
			if got := show(listed); got != query.want {
				t.Errorf("from %q to %q: %s, want %s", query.from, query.to, got, query.want)
			}
		}
	})
}
