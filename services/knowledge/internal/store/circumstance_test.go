package store_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/db"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/domain"
	"github.com/fortnighthq/fortnight/services/knowledge/internal/store"
)

func TestWhatIsSoFromWhenToWhen(t *testing.T) {
	type told struct {
		hour, version int
		text          string // empty means that it holds no more
	}
	for name, c := range map[string]struct {
		told []told
		want string
	}{
		"from then on":                        {[]told{{1, 1, "a"}}, "a 1-"},
		"the same again":                      {[]told{{1, 1, "a"}, {1, 1, "a"}, {2, 2, "a"}}, "a 1-"},
		"in other words":                      {[]told{{1, 1, "a"}, {2, 2, "b"}}, "a 1-2, b 2-"},
		"until then":                          {[]told{{1, 1, "a"}, {3, 2, ""}}, "a 1-3"},
		"and again":                           {[]told{{1, 1, "a"}, {3, 2, ""}, {4, 3, "a"}}, "a 1-3, a 4-"},
		"never":                               {[]told{{1, 1, ""}}, ""},
		"all of it again":                     {[]told{{1, 1, "a"}, {3, 2, ""}, {1, 1, "a"}, {3, 2, ""}}, "a 1-3"},
		"an old event again":                  {[]told{{1, 1, "a"}, {2, 2, "b"}, {1, 1, "a"}}, "a 1-2, b 2-"},
		"at once, and the first of it again":  {[]told{{1, 1, "a"}, {1, 2, ""}, {1, 1, "a"}}, "a 1-1"},
		"an end from before it was confirmed": {[]told{{1, 1, "a"}, {4, 3, "a"}, {2, 2, ""}}, "a 1-"},
		"of a source that was restored":       {[]told{{1, 1, "a"}, {2, 5, "b"}, {3, 2, "c"}}, "a 1-2, b 2-3, c 3-"},
		"of one whose clock was put back":     {[]told{{2, 1, "a"}, {1, 2, "b"}}, "a 2-1, b 1-"},
		"all at once, as a switch is told of": {[]told{{1, 1, "a"}, {1, 2, "b"}, {1, 3, ""}}, "a 1-1, b 1-1"},
	} {
		t.Run(name, func(t *testing.T) {
			markets(t, func(t *testing.T, m market) {
				start := m.clock.Now()
				for _, e := range c.told {
					o := obstacle("mobile", "o", e.text, false)
					o.Holds = e.text != ""
					m.do(func(tx *eventlog.Tx) error {
						return store.Note(tx, o, start.Add(time.Duration(e.hour)*time.Hour), int64(e.version))
					})
				}
				type row struct {
					Text  string `db:"text"`
					Since int64  `db:"since"`
					Until *int64 `db:"until"`
				}
				rows, err := db.All[row](t.Context(), m.DB().Read(), "select text, since, until from circumstances order by id")
				if err != nil {
					t.Fatal(err)
				}
				var got []string
				for _, r := range rows {
					s := fmt.Sprintf("%s %v-", r.Text, db.Time(r.Since).Sub(start).Hours())
					if r.Until != nil {
						s += fmt.Sprint(db.Time(*r.Until).Sub(start).Hours())
					}
					got = append(got, s)
				}
				if text := strings.Join(got, ", "); text != c.want {
					t.Errorf("%s, want %s", text, c.want)
				}
			})
		})
	}
}

// An event that was under way when a learning was published is not missed: what counts is when it happened.
func TestWhatIsHeardLateIsOfferedFor(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		start := m.clock.Now()
		noteAt := func(minute int, c domain.Circumstance) {
			t.Helper()
			m.do(func(tx *eventlog.Tx) error {
				return store.Note(tx, c, start.Add(time.Duration(minute)*time.Minute), int64(minute))
			})
		}
		m.clock.Advance(10 * time.Minute)
		m.publish(m.published("a", "A rota halves how long reviews wait."))
		m.settle()
		m.clock.Advance(time.Hour)
		for i, id := range []string{"before", "after", "over", "long-over", "reworded", "current"} {
			noteAt(-200+i, domain.Circumstance{Kind: domain.ActiveTeam, Name: "teams/" + id, Team: "teams/" + id, Holds: true})
		}
		noteAt(11, domain.Circumstance{Kind: domain.ActiveTeam, Name: "teams/new", Team: "teams/new", Holds: true})
		noteAt(5, obstacle("before", "o", "Reviews wait", false))
		noteAt(11, obstacle("after", "o", "Reviews wait", false))
		noteAt(5, obstacle("new", "o", "Reviews wait", false))
		over, old := obstacle("over", "o", "Reviews wait", false), obstacle("long-over", "o", "Reviews wait", false)
		noteAt(5, over)
		noteAt(-150, old)
		over.Holds, old.Holds = false, false
		noteAt(6, over)
		noteAt(-140, old)
		noteAt(5, obstacle("reworded", "o", "Reviews wait", false))
		noteAt(12, obstacle("reworded", "o", "The build is red", false))
		m.settle()
		for team, want := range map[string]string{"before": "a OPEN", "after": "", "over": "a OPEN", "long-over": "", "reworded": "a OPEN", "new": "", "current": ""} {
			if got := m.states(team); got != want {
				t.Errorf("%s: %q, want %q", team, got, want)
			}
		}
		if n := m.events(domain.OfferMade); n != 3 {
			t.Errorf("%d offers", n)
		}
	})
}

func TestWhatEndedLongAgoIsForgotten(t *testing.T) {
	markets(t, func(t *testing.T, m market) {
		over := obstacle("mobile", "o", "Reviews wait", false)
		m.note(over)
		m.note(obstacle("mobile", "kept", "Builds break", false))
		m.clock.Advance(time.Hour)
		over.Holds = false
		m.note(over)
		count := func() string {
			var counts []string
			for _, table := range []string{"circumstances", "circumstance_words"} {
				n, _, err := db.One[int](t.Context(), m.DB().Read(), "select count(*) from "+table)
				if err != nil {
					t.Fatal(err)
				}
				counts = append(counts, fmt.Sprint(n))
			}
			return strings.Join(counts, " ")
		}
		m.publish(m.published("a", "A claim."))
		m.settle()
		if got := count(); got != "2 4" {
			t.Errorf("kept: %s", got)
		}
		m.clock.Advance(domain.Memory + domain.Lag + time.Second)
		m.publish(m.published("b", "A claim."))
		m.settle()
		if got := count(); got != "1 2" {
			t.Errorf("kept: %s", got)
		}
	})
}
