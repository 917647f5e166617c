package clock

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/db/dbtest"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/known"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store/migrations"
)

// onBoards runs fn with a board on each engine.
func onBoards(t *testing.T, fn func(t *testing.T, b *board)) {
	t.Helper()
	for _, engine := range dbtest.Engines {
		t.Run(string(engine), func(t *testing.T) {
			kit := testkit.New(t)
			fn(t, newBoard(t, kit.Log(engine, "retrospective", migrations.FS), kit.Clock, "payments"))
		})
	}
}

// good taps a good day for people, each written as name or name:cause.
func (b *board) good(people ...string) {
	b.t.Helper()
	for _, text := range people {
		who, cause, _ := strings.Cut(text, ":")
		if err := b.tap(b.day(0), who, "", domain.Tap{Mood: domain.GoodMood, Cause: cause, Note: cause}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// pass lets hours go by, and does what is due.
func (b *board) pass(hours int) {
	b.t.Helper()
	b.clock.Advance(time.Duration(hours) * time.Hour)
	b.tick()
}

// told is what a reader gets of the weeks: days, causes with people, and how many notes.
func (b *board) told() string {
	b.t.Helper()
	_, weeks := b.answers()
	var told []string
	for _, w := range weeks {
		causes := ""
		for _, cause := range w.GetGoodCauses() {
			causes += fmt.Sprintf(" %s %d", cause.GetCause(), cause.GetPeople())
		}
		told = append(told, fmt.Sprintf("%d days%s, %d notes", w.GetDays(), causes, len(w.GetNotes())))
	}
	return strings.Join(told, "; ")
}

func TestWhatAWeekKnowsOfPeople(t *testing.T) {
	tests := []struct {
		name string
		tap  func(b *board)
		told string
	}{
		{"three on three days", func(b *board) {
			for _, who := range []string{"anna:flow ben cleo", "anna ben:flow cleo", "anna ben cleo:flow"} {
				b.good(strings.Fields(who)...)
				b.pass(24)
			}
		}, "3 days flow 3, 3 notes"},
		{"one on three days", func(b *board) {
			for range 3 {
				b.good("anna:flow", "ben", "cleo")
				b.pass(24)
			}
		}, "3 days, 0 notes"},
		{"those of a day that is withheld are not known", func(b *board) {
			b.good("anna:flow", "ben:flow")
			b.pass(24)
			b.good("anna", "ben", "cleo:flow", "dan")
		}, "1 days, 0 notes"},
		{"who tapped before a restart is nobody", func(b *board) {
			b.good("anna:flow", "ben", "cleo")
			b.people = known.New()
			b.pass(48)
			b.good("anna:flow", "ben:flow", "cleo", "dan")
		}, "2 days, 0 notes"},
		{"what was known before a restart is kept", func(b *board) {
			b.good("anna:flow", "ben:flow", "cleo:flow")
			b.pass(48)
			b.people = known.New()
			b.good("anna", "ben", "cleo", "dan:flow")
		}, "2 days flow 3, 4 notes"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			onBoards(t, func(t *testing.T, b *board) {
				test.tap(b)
				b.pass(24)
				if told := b.told(); told != "" {
					t.Errorf("before the week is closed: %s", told)
				}
				b.pass(8 * 24)
				if told := b.told(); told != test.told {
					t.Errorf("told %s, want %s", told, test.told)
				}
				if left := b.left(); len(left) != 0 {
					t.Errorf("left are %v", left)
				}
			})
		})
	}
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	at, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// A week waits for a day that ends later, and takes no day in that comes when it is published.
func TestWeeksOfATeamThatMoves(t *testing.T) {
	kiritimati, pago := zone(t, "Pacific/Kiritimati"), zone(t, "Pacific/Pago_Pago")
	everybody := []string{"anna", "ben", "cleo"}
	onBoards(t, func(t *testing.T, b *board) {
		b.zone = kiritimati
		b.good(everybody...) // Monday; its week ends there on Sunday, 22:00 UTC
		b.clock.Set(monday.AddDate(0, 0, 6).Add(13 * time.Hour))
		b.zone = pago
		b.good(everybody...) // Sunday
		b.pass(2)            // 23:00 UTC
		if told := b.told(); told != "" {
			t.Errorf("the week did not wait for its Sunday: %s", told)
		}
		b.pass(24)
		b.tick()
		if told := b.told(); told != "2 days, 0 notes" {
			t.Errorf("the week is %s", told)
		}
	})
	onBoards(t, func(t *testing.T, b *board) {
		b.zone = kiritimati
		b.good(everybody...)
		b.clock.Set(monday.AddDate(0, 0, 6).Add(15 * time.Hour))
		b.tick()
		if told := b.told(); told != "1 days, 0 notes" {
			t.Errorf("the week is %s", told)
		}
		b.zone = pago
		b.good("anna:flow", "ben:flow", "cleo:flow")
		b.pass(48)
		b.tick()
		if days, _ := b.answers(); len(days) != 2 || days[0].GetPeople() != 3 {
			t.Errorf("the days are %v", days)
		}
		if told := b.told(); told != "1 days, 0 notes" || len(b.left()) != 0 {
			t.Errorf("the week changed to %s, and %v is left", told, b.left())
		}
	})
}

// What was sealed with a key that is lost goes without a trace, and holds nothing up.
func TestALostKey(t *testing.T) {
	onBoards(t, func(t *testing.T, b *board) {
		b.good("anna", "ben", "cleo")
		b.pass(48)
		b.good("anna", "ben", "cleo")
		b.clock.Advance(14 * 24 * time.Hour)
		if err := GoodDays([]byte("another key"), b.people).do(t.Context(), b.log); err != nil {
			t.Fatal(err)
		}
		if days, _ := b.answers(); len(days) != 1 || b.told() != "1 days, 0 notes" || len(b.left()) != 0 {
			t.Errorf("days %v, weeks %s, left %v", days, b.told(), b.left())
		}
	})
}

// left are the names of what is still open.
func (b *board) left() []string {
	b.t.Helper()
	names, err := db.All[string](b.t.Context(), b.log.DB().Read(), "select name from open_good_days union all select name from open_good_weeks")
	if err != nil {
		b.t.Fatal(err)
	}
	return names
}
