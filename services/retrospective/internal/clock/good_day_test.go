package clock

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/internal/platform/record"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/known"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store/migrations"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/wire"
)

// monday is when the tests begin.
var monday = time.Date(2026, 3, 2, 8, 0, 0, 0, time.UTC)

var (
	installationKey = []byte("the key of the installation")
	crew            = []string{"anna", "ben", "cleo", "dan", "eva", "finn"}
	tappedCauses    = []string{"", "flow", "flow", "help"}
	tappedZones     = []string{"UTC", "Europe/Berlin", "Pacific/Kiritimati", "Pacific/Pago_Pago"}
)

// board is a team that taps its days, with the truth that no reader may learn.
type board struct {
	t      testing.TB
	log    *eventlog.Log
	clock  *testkit.Clock
	team   string
	zone   *time.Location
	people *known.People
	// truth is what everybody tapped last, by day and person, and secrets those of their taps.
	truth   map[string]map[string]domain.Tap
	secrets map[string]map[string]string
	serial  int
}

func newBoard(t testing.TB, l *eventlog.Log, clock *testkit.Clock, team string) *board {
	return &board{
		t: t, log: l, clock: clock, team: "teams/" + team, zone: time.UTC, people: known.New(),
		truth: map[string]map[string]domain.Tap{}, secrets: map[string]map[string]string{},
	}
}

// tap taps as the service does; secret is empty at the first time.
func (b *board) tap(name, who, secret string, tap domain.Tap) error {
	b.serial++
	first := secret
	if first == "" {
		first = fmt.Sprint("secret ", b.serial)
	}
	tap.SecretHash = domain.HashSecret(first)
	err := b.log.Do(b.t.Context(), func(tx *eventlog.Tx) error {
		day, err := store.TapDay(tx, installationKey, store.DayTap{
			Day: name, Mark: domain.Mark(installationKey, "tap", name, "users/"+who), Secret: secret, Tap: tap, Zone: b.zone,
		})
		if err == nil {
			b.people.Tapped(day, tap.SecretHash, "users/"+who)
		}
		return err
	})
	if err != nil {
		return err
	}
	if b.truth[name] == nil {
		b.truth[name], b.secrets[name] = map[string]domain.Tap{}, map[string]string{}
	}
	b.truth[name][who], b.secrets[name][who] = tap, first
	return nil
}

// day is the name of the day that it is for the team, or so many days later.
func (b *board) day(later int) string {
	return b.team + "/goodDays/" + b.clock.Now().In(b.zone).AddDate(0, 0, later).Format(time.DateOnly)
}

// tick does what the clock does every second.
func (b *board) tick() {
	b.t.Helper()
	if err := GoodDays(installationKey, b.people).do(b.t.Context(), b.log); err != nil {
		b.t.Fatal(err)
	}
}

// answers are all days and weeks that a reader gets now.
func (b *board) answers() (days []*retrospectivev1.GoodDay, weeks []*retrospectivev1.GoodWeek) {
	b.t.Helper()
	dayRows, _, err := store.GoodDays.List(b.t.Context(), b.log, record.Query{Parent: b.team, PageSize: 1000})
	if err != nil {
		b.t.Fatal(err)
	}
	weekRows, _, err := store.GoodWeeks.List(b.t.Context(), b.log, record.Query{Parent: b.team, PageSize: 1000})
	if err != nil {
		b.t.Fatal(err)
	}
	return record.Map(dayRows, wire.GoodDay), record.Map(weekRows, wire.GoodWeek)
}

func drawnTap(t *rapid.T, serial int) domain.Tap {
	tap := domain.Tap{
		Mood:  rapid.SampledFrom([]domain.Mood{domain.GoodMood, domain.GoodMood, domain.BadMood}).Draw(t, "mood"),
		Cause: rapid.SampledFrom(tappedCauses).Draw(t, "cause"),
	}
	if rapid.IntRange(0, 3).Draw(t, "note") == 0 {
		tap.Note = fmt.Sprint("note ", serial)
	}
	return tap
}

// What a day publishes does not depend on the order in which people tapped, nor does what its week publishes.
func TestTheOrderOfTapsChangesNothing(t *testing.T) {
	kit := testkit.New(t)
	l, teams := kit.Log(db.SQLite, "retrospective", migrations.FS), 0
	type step struct {
		who string
		tap domain.Tap
	}
	rapid.Check(t, func(r *rapid.T) {
		kit.Clock.Set(monday)
		teams++
		one, other := newBoard(t, l, kit.Clock, fmt.Sprint("one-", teams)), newBoard(t, l, kit.Clock, fmt.Sprint("other-", teams))
		for range rapid.IntRange(1, 4).Draw(r, "days") {
			var steps []step
			for i := range rapid.IntRange(0, 8).Draw(r, "steps") {
				steps = append(steps, step{rapid.SampledFrom(crew).Draw(r, "who"), drawnTap(r, i)})
			}
			// Each tap replaces the person's earlier one; the people come in any order.
			order := rapid.Permutation(crew).Draw(r, "order")
			turned := slices.Clone(steps)
			slices.SortStableFunc(turned, func(x, y step) int { return slices.Index(order, x.who) - slices.Index(order, y.who) })
			for b, list := range map[*board][]step{one: steps, other: turned} {
				for _, s := range list {
					if err := b.tap(b.day(0), s.who, b.secrets[b.day(0)][s.who], s.tap); err != nil {
						r.Fatal(err)
					}
				}
			}
			kit.Clock.Advance(24 * time.Hour)
		}
		kit.Clock.Advance(7 * 24 * time.Hour)
		// One process closes the days of both teams.
		both := known.New()
		one.retell(both)
		other.retell(both)
		one.people = both
		one.tick()
		if x, y := one.published(), other.published(); x != y {
			r.Fatalf("one order publishes\n%s\nanother\n%s", x, y)
		}
	})
}

// retell tells people who tapped on the board.
func (b *board) retell(people *known.People) {
	b.t.Helper()
	err := b.log.Do(b.t.Context(), func(tx *eventlog.Tx) error {
		for name := range b.truth {
			day, err := store.OpenGoodDay(tx, installationKey, name)
			if err != nil {
				return err
			}
			for who, tap := range b.truth[name] {
				people.Tapped(day, tap.SecretHash, "users/"+who)
			}
		}
		return nil
	})
	if err != nil {
		b.t.Fatal(err)
	}
}

// published is what a reader gets, without the team's name and the order of notes, which is by chance.
func (b *board) published() string {
	days, weeks := b.answers()
	text := ""
	for _, d := range days {
		d.Name = d.GetName()[len(b.team):]
		text += wireText(d)
	}
	for _, w := range weeks {
		w.Name = w.GetName()[len(b.team):]
		slices.Sort(w.GetNotes())
		text += wireText(w)
	}
	return text
}

func wireText(m proto.Message) string {
	bytes, _ := proto.MarshalOptions{Deterministic: true}.Marshal(m) // never fails
	return fmt.Sprintf("%q\n", bytes)
}
