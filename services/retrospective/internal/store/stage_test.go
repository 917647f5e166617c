package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
)

// open saves a retrospective of a team's cycle that stands in a stage.
func open(t *testing.T, l *eventlog.Log, team, cycle string, stage domain.Stage, change func(*domain.Retrospective, time.Time)) string {
	t.Helper()
	name := "teams/" + team + "/cycles/" + cycle + "/retrospective"
	write(t, l, func(tx *eventlog.Tx) error {
		r := &domain.Retrospective{Name: name, Stage: stage}
		if change != nil {
			change(r, tx.Now())
		}
		_, err := store.Retrospectives.Create(tx, r, domain.RetrospectiveOpened)
		return err
	})
	return name
}

func TestDueRetrospectives(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		ends := func(d time.Duration, byTime bool) func(*domain.Retrospective, time.Time) {
			return func(r *domain.Retrospective, now time.Time) {
				r.StageEndTime, r.MovesByTime = new(now.Add(d)), byTime
			}
		}
		open(t, l, "a", "decide", domain.Decide, ends(-time.Hour, true))
		open(t, l, "a", "closed", domain.Closed, ends(-time.Hour, true))
		open(t, l, "a", "by-hand", domain.Vote, ends(-time.Hour, false))
		open(t, l, "a", "no-end", domain.Vote, func(r *domain.Retrospective, _ time.Time) { r.MovesByTime = true })
		open(t, l, "a", "later", domain.Collect, ends(time.Microsecond, true))
		now := open(t, l, "b", "now", domain.Collect, ends(0, true))
		long := open(t, l, "c", "long", domain.Vote, func(r *domain.Retrospective, _ time.Time) {
			r.StageEndTime, r.MovesByTime = new(time.Date(999, 1, 1, 0, 0, 0, 0, time.UTC)), true
		})
		zoned := open(t, l, "d", "zoned", domain.Group, func(r *domain.Retrospective, now time.Time) {
			r.StageEndTime, r.MovesByTime = new(now.Add(-time.Nanosecond).In(time.FixedZone("", 7200))), true
		})
		got, err := store.DueRetrospectives(t.Context(), l.DB().Read(), l.Now())
		if want := []string{long, zoned, now}; err != nil || !slices.Equal(got, want) {
			t.Errorf("due %v, %v, want %v", got, err, want)
		}
	})
}

// Twelve move at once, on either engine: one wins, the others lose the race and are told the etag to go on with.
func TestOneOfTwelveMoves(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		name := open(t, l, "a", "c", domain.Collect, nil)
		var group sync.WaitGroup
		ends := make([]error, 12)
		for i := range ends {
			group.Go(func() {
				ends[i] = l.Do(t.Context(), func(tx *eventlog.Tx) error {
					_, err := store.Move(tx, name, "", func(r *domain.Retrospective, now time.Time) ([]domain.Event, error) {
						return r.Move(domain.Vote, domain.Collect, nil, now)
					})
					return err
				})
			})
		}
		group.Wait()
		row, err := store.Retrospectives.Get(t.Context(), l, name)
		if err != nil {
			t.Fatal(err)
		}
		wins := 0
		for _, err := range ends {
			if err == nil {
				wins++
				continue
			}
			if f := fault.From(err); f.Reason != "STAGE_CHANGED" || f.Metadata["current_etag"] != row.Etag || f.Metadata["stage"] != "VOTE" {
				t.Errorf("lost with %v, %v; it is %s", err, f.Metadata, row.Etag)
			}
		}
		if wins != 1 || row.Version != 2 {
			t.Errorf("%d won, version %d", wins, row.Version)
		}
	})
}

// What belongs to the border of a stage is done once, whoever crosses it: the themes at the beginning of VOTE, the votes at its end.
func TestMoveDoesWhatBelongsToTheBorder(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		name := open(t, l, "a", "c", domain.Collect, nil)
		write(t, l, func(tx *eventlog.Tx) error {
			_, err := store.Notes.Create(tx, &domain.Note{Name: name + "/notes/n", Prompt: domain.Helped, Text: "the rota held", State: domain.NoteStateWritten}, domain.NoteWritten)
			return err
		})
		move := func(to domain.Stage) {
			write(t, l, func(tx *eventlog.Tx) error {
				_, err := store.Move(tx, name, "", func(r *domain.Retrospective, now time.Time) ([]domain.Event, error) { return r.Move(to, "", nil, now) })
				return err
			})
		}
		themes := func() (all []*domain.Theme) {
			write(t, l, func(tx *eventlog.Tx) error {
				rows, err := store.ThemesOf(tx, name)
				for _, row := range rows {
					all = append(all, row.Value)
				}
				return err
			})
			return all
		}
		move(domain.Group)
		if got := themes(); len(got) != 0 {
			t.Fatalf("themes before VOTE: %v", got)
		}
		for range 2 { // the second time every note is in a theme
			move(domain.Vote)
			if got := themes(); len(got) != 1 || got[0].Title != "the rota held" || got[0].Votes != nil {
				t.Fatalf("themes in VOTE: %+v", got)
			}
			write(t, l, func(tx *eventlog.Tx) error {
				theme, r := themesName(tx, t, name), mustHold(tx, t, name)
				return store.ChangeBallots(tx, name, func(b *domain.Ballots) error {
					if len(b.Marks) > 0 {
						return nil
					}
					for i := range 3 {
						if err := b.Cast(fmt.Sprint("mark", i), fmt.Sprint("secret", i), []string{theme}, func(string) bool { return true }, r); err != nil {
							return err
						}
					}
					return nil
				})
			})
			move(domain.Decide)
			if got := themes(); len(got) != 1 || got[0].Votes == nil || *got[0].Votes != 3 {
				t.Fatalf("themes after VOTE: %+v", got)
			}
		}
	})
}

func themesName(tx *eventlog.Tx, t *testing.T, name string) string {
	t.Helper()
	rows, err := store.ThemesOf(tx, name)
	if err != nil || len(rows) != 1 {
		t.Fatal(rows, err)
	}
	return rows[0].Value.Name
}

func mustHold(tx *eventlog.Tx, t *testing.T, name string) *domain.Retrospective {
	t.Helper()
	row, err := store.Retrospectives.Hold(tx, name)
	if err != nil {
		t.Fatal(err)
	}
	return row.Value
}

// Closing is one transaction: the retrospective, its actions and its ballots, or nothing of it.
func TestClose(t *testing.T) {
	each(t, func(t *testing.T, l *eventlog.Log) {
		name := open(t, l, "a", "c", domain.Decide, nil)
		write(t, l, func(tx *eventlog.Tx) error {
			for id, state := range map[string]domain.ActionState{"proposed": domain.ActionStateProposed, "dropped": domain.ActionStateDropped} {
				if _, err := store.Actions.Create(tx, &domain.Action{Name: name + "/actions/" + id, State: state}, domain.ActionProposed); err != nil {
					return err
				}
			}
			return store.ChangeBallots(tx, name, func(b *domain.Ballots) error { b.Marks = []string{"mark-of-somebody"}; return nil })
		})
		states := func() (text string) {
			row, err := store.Retrospectives.Get(t.Context(), l, name)
			if err != nil {
				t.Fatal(err)
			}
			write(t, l, func(tx *eventlog.Tx) error {
				actions, err := store.ActionsOf(tx, name)
				for _, a := range actions {
					text += " " + string(a.Value.State)
				}
				return err
			})
			ballots, _, err := db.One[int](t.Context(), l.DB().Read(), "select count(*) from ballots")
			return fmt.Sprintf("%s%s, %d %v", row.Value.Stage, text, ballots, err)
		}
		before, recorded := states(), len(testkit.Records(t, l))
		if want := "DECIDE DROPPED PROPOSED, 1 <nil>"; before != want {
			t.Fatalf("before: %s, want %s", before, want)
		}
		refusal := fault.New(fault.FailedPrecondition, "TEST", "no")
		err := l.Do(t.Context(), func(tx *eventlog.Tx) error {
			_, err := store.Close(tx, name, "", func(r *domain.Retrospective, _ []*domain.Action, _ time.Time) ([]domain.Event, error) {
				return nil, refusal
			})
			return err
		})
		if fault.From(err).Reason != "TEST" || states() != before || len(testkit.Records(t, l)) != recorded {
			t.Errorf("refused with %v: %s, before %s", err, states(), before)
		}
		write(t, l, func(tx *eventlog.Tx) error {
			_, err := store.Close(tx, name, "", func(r *domain.Retrospective, actions []*domain.Action, _ time.Time) ([]domain.Event, error) {
				if len(actions) != 2 {
					t.Errorf("judged by %v", actions)
				}
				r.Stage = domain.Closed
				return []domain.Event{domain.RetrospectiveClosed}, nil
			})
			return err
		})
		if got, want := states(), "CLOSED DROPPED OPEN, 0 <nil>"; got != want {
			t.Errorf("closed: %s, want %s", got, want)
		}
	})
}
