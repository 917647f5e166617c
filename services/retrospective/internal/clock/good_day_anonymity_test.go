package clock

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	retrospectivev1 "github.com/fortnighthq/fortnight/proto/gen/fortnight/retrospective/v1"
	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/testkit"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/domain"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/known"
	"github.com/fortnighthq/fortnight/services/retrospective/internal/store/migrations"
)

// reader collects every answer that anybody ever gets of a board, and compares it with the truth.
type reader struct {
	*board
	r     *rapid.T
	days  map[string]*retrospectivev1.GoodDay
	weeks map[string]*retrospectivev1.GoodWeek
	// covers is what the number of an answer is about: the people, by day.
	covers map[string]map[string]map[string]bool
}

// Whatever is tapped, replaced and closed, in whatever zones and over whatever restarts: no number that anybody gets, and no difference of
// two of them, is about fewer than three people; and nobody counts twice on a day.
func TestNoNumberIsAboutFewerThanThree(t *testing.T) {
	kit := testkit.New(t)
	l, teams, shown := kit.Log(db.SQLite, "retrospective", migrations.FS), 0, map[string]int{}
	rapid.Check(t, func(r *rapid.T) {
		teams++
		kit.Clock.Set(monday)
		b := &reader{
			board: newBoard(t, l, kit.Clock, fmt.Sprint("t-", teams)), r: r,
			days: map[string]*retrospectivev1.GoodDay{}, weeks: map[string]*retrospectivev1.GoodWeek{}, covers: map[string]map[string]map[string]bool{},
		}
		r.Repeat(map[string]func(*rapid.T){
			"a day of taps": func(r *rapid.T) {
				for _, who := range crew[:rapid.IntRange(1, len(crew)).Draw(r, "people")] {
					b.tapSome(r, b.day(0), who)
				}
			},
			"a tap": func(r *rapid.T) {
				b.tapSome(r, b.day(rapid.SampledFrom([]int{-2, -1, 0, 0, 1}).Draw(r, "day")), rapid.SampledFrom(crew).Draw(r, "who"))
			},
			"hours pass": func(r *rapid.T) {
				kit.Clock.Advance(time.Duration(rapid.SampledFrom([]int{1, 11, 24, 24, 72}).Draw(r, "hours")) * time.Hour)
				b.tick()
			},
			"the process begins anew": func(*rapid.T) { b.people = known.New() },
			"the team moves": func(r *rapid.T) {
				zone, err := time.LoadLocation(rapid.SampledFrom(tappedZones).Draw(r, "zone"))
				if err != nil {
					r.Fatal(err)
				}
				b.zone = zone
			},
			"": func(*rapid.T) { b.look() },
		})
		kit.Clock.Advance(14 * 24 * time.Hour)
		b.tick()
		b.look()
		b.count(shown)
	})
	for _, what := range []string{"days", "withheld days", "weeks", "causes", "notes"} {
		if shown[what] == 0 {
			t.Errorf("nobody saw any %s: the test proves nothing", what)
		}
	}
	t.Logf("seen: %v", shown)
}

// tapSome taps, or replaces the tap of the day. A second tap is refused for ever.
func (b *reader) tapSome(r *rapid.T, name, who string) {
	secret := b.secrets[name][who]
	tap := drawnTap(r, b.serial)
	if secret != "" {
		if f := b.tap(name, who, "", tap); f == nil {
			b.r.Fatalf("%s tapped %s twice", who, name)
		}
		if f := b.tap(name, "gil", secret, tap); f == nil {
			b.r.Fatalf("gil, who did not tap, replaced the tap of %s", who)
		}
	}
	if err := b.tap(name, who, secret, tap); err != nil && !strings.Contains(err.Error(), "DAY_NOT_OPEN") {
		b.r.Fatal(err)
	}
}

// look reads everything. An answer never changes once it was given, so answers before and after differ by whole days and weeks.
func (b *reader) look() {
	days, weeks := b.answers()
	if len(days) < len(b.days) || len(weeks) < len(b.weeks) {
		b.r.Fatal("an answer is gone")
	}
	for _, d := range days {
		if before := b.days[d.GetName()]; before == nil {
			b.days[d.GetName()] = d
			b.checkDay(d)
		} else if !proto.Equal(before, d) {
			b.r.Fatalf("was %v, is %v", before, d)
		}
	}
	for _, w := range weeks {
		if before := b.weeks[w.GetName()]; before == nil {
			b.weeks[w.GetName()] = w
			b.checkWeek(w)
		} else if !proto.Equal(before, w) {
			b.r.Fatalf("was %v, is %v", before, w)
		}
	}
}

func (b *reader) checkDay(d *retrospectivev1.GoodDay) {
	taps, good := b.truth[d.GetName()], 0
	covered := map[string]bool{}
	for who, tap := range taps {
		covered[who] = true
		if tap.Mood == domain.GoodMood {
			good++
		}
	}
	if len(taps) < 3 {
		if d.People != nil || d.Share != nil || d.GetWithheld() == "" {
			b.r.Fatalf("%d people, and published is %v", len(taps), d)
		}
		return
	}
	if int(d.GetPeople()) != len(taps) || d.Share == nil || math.Abs(d.GetShare()*float64(len(taps))-float64(good)) > 1e-9 || d.GetWithheld() != "" {
		b.r.Fatalf("%d people, %d good, and published is %v", len(taps), good, d)
	}
	b.cover(d.GetName(), map[string]map[string]bool{d.GetName(): covered})
}

// cover takes the people that an answer is about, by day, and compares it with all answers before.
func (b *reader) cover(name string, people map[string]map[string]bool) {
	b.covers[name] = people
	for other, others := range b.covers {
		for _, pair := range [][2]map[string]map[string]bool{{people, nil}, {people, others}, {others, people}} {
			left := map[string]bool{}
			for day, who := range pair[0] {
				for p := range who {
					if !pair[1][day][p] {
						left[p] = true
					}
				}
			}
			if len(left) > 0 && len(left) < 3 {
				b.r.Fatalf("%s and %s differ by %v", name, other, left)
			}
		}
	}
}

func (b *reader) checkWeek(w *retrospectivev1.GoodWeek) {
	monday, sunday := domain.DaysOfWeek(w.GetName()[strings.LastIndexByte(w.GetName(), '/')+1:])
	covered, wrote := map[string]map[string]bool{}, map[string]string{}
	named := map[domain.Mood]map[string]map[string]bool{domain.GoodMood: {}, domain.BadMood: {}}
	taps := map[domain.Mood]int{}
	for name, d := range b.days {
		day := name[strings.LastIndexByte(name, '/')+1:]
		if d.Share == nil || day < monday || day > sunday {
			continue
		}
		covered[name] = b.covers[name][name]
		for who, tap := range b.truth[name] {
			taps[tap.Mood]++
			if named[tap.Mood][tap.Cause] == nil {
				named[tap.Mood][tap.Cause] = map[string]bool{}
			}
			named[tap.Mood][tap.Cause][who] = true
			if tap.Note != "" {
				wrote[tap.Note] = who
			}
		}
	}
	all := taps[domain.GoodMood] + taps[domain.BadMood]
	if int(w.GetDays()) != len(covered) || (w.Share != nil) != (all > 0) || math.Abs(w.GetShare()*float64(all)-float64(taps[domain.GoodMood])) > 1e-9 {
		b.r.Fatalf("the taps are %v on %d days, and published is %v", taps, len(covered), w)
	}
	b.cover(w.GetName(), covered)
	for mood, causes := range map[domain.Mood][]*retrospectivev1.Cause{domain.GoodMood: w.GetGoodCauses(), domain.BadMood: w.GetBadCauses()} {
		left := taps[mood]
		for _, cause := range causes {
			left -= int(cause.GetPeople())
			if cause.GetPeople() < 3 || int(cause.GetPeople()) > len(named[mood][cause.GetCause()]) {
				b.r.Fatalf("%s was named by %v, and published is %v", cause.GetCause(), named[mood][cause.GetCause()], w)
			}
		}
		if len(causes) > 0 && left != 0 && left < 3 {
			b.r.Fatalf("of %d %s taps the causes leave %d: %v", taps[mood], mood, left, w)
		}
	}
	writers := map[string]bool{}
	for _, who := range wrote {
		writers[who] = true
	}
	if n := len(w.GetNotes()); n > 0 && (len(writers) < 3 || n != len(wrote)) {
		b.r.Fatalf("%v wrote %v, and published is %v", writers, wrote, w)
	}
	for _, note := range w.GetNotes() {
		if wrote[note] == "" {
			b.r.Fatalf("%q was not left on a published day", note)
		}
	}
}

func (b *reader) count(shown map[string]int) {
	for _, d := range b.days {
		if d.Share != nil {
			shown["days"]++
		} else {
			shown["withheld days"]++
		}
	}
	for _, w := range b.weeks {
		shown["weeks"]++
		shown["causes"] += len(w.GetGoodCauses()) + len(w.GetBadCauses())
		shown["notes"] += len(w.GetNotes())
	}
}
