package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

func TestPlainText(t *testing.T) {
	for text, want := range map[string]string{
		"Reviews wait, for VOLUNTEERS!":     "reviews wait for volunteers",
		"  go-live\t(friday)\n":             "go live friday",
		"soft\u00adhyphen":                  "softhyphen",
		"Größe über alles; ÉTÉ":             "größe über alles été",
		"“nobody’s” queue … ?":              "nobody s queue",
		"???":                               "",
		"C++ and 100 % of it":               "c++ and 100 of it",
		"日本語。テスト":                           "日本語 テスト",
		"one\u00a0two\u2003three\u200bfour": "one two threefour",
	} {
		if got := domain.PlainText(text); got != want {
			t.Errorf("%q is plainly %q, want %q", text, got, want)
		}
	}
}

func TestWords(t *testing.T) {
	long := strings.Repeat("é", 70)
	for plain, want := range map[string]string{
		"the queue of the queue": "queue",
		"it is what it is":       "what",
		"it is":                  "is it",
		"":                       "",
		long:                     long[:128],
	} {
		if got := strings.Join(domain.Words(plain), " "); got != want {
			t.Errorf("words of %q: %q, want %q", plain, got, want)
		}
	}
}

func TestLikeness(t *testing.T) {
	for _, c := range []struct {
		a, b    string
		percent int
		alike   bool
	}{
		{"reviews wait for volunteers", "reviews wait for volunteers", 100, true},
		{"the reviews wait", "reviews wait", 100, true},
		{"reviews wait", "reviews wait volunteers", 66, true},
		{"reviews wait", "reviews", 50, true},
		{"reviews wait long", "reviews wait volunteers today", 40, false},
		{"reviews wait long", "reviews", 33, false},
		{"reviews", "builds", 0, false},
		{"", "", 0, false},
	} {
		for _, pair := range [][2]string{{c.a, c.b}, {c.b, c.a}} {
			if percent, alike := domain.Likeness(domain.Words(pair[0]), domain.Words(pair[1])); percent != c.percent || alike != c.alike {
				t.Errorf("%q and %q: %d %%, %v", pair[0], pair[1], percent, alike)
			}
		}
	}
}

// A text that is alike has one of any so many words of the other.
func TestTellingWordsMissNothing(t *testing.T) {
	word := rapid.SliceOfDistinct(rapid.SampledFrom(strings.Split("a1 b1 c1 d1 e1 f1 g1 h1 i1 j1", " ")), rapid.ID)
	rapid.Check(t, func(t *rapid.T) {
		a, b := word.Draw(t, "a"), word.Draw(t, "b")
		telling := a[:min(len(a), domain.Telling(len(a)))]
		slices.Sort(b)
		sorted := slices.Sorted(slices.Values(a))
		if _, alike := domain.Likeness(sorted, b); !alike {
			return
		}
		if !slices.ContainsFunc(telling, func(w string) bool { return slices.Contains(b, w) }) {
			t.Fatalf("%v is like %v, and has none of %v", b, a, telling)
		}
	})
}

func TestRecognize(t *testing.T) {
	own := domain.ObstacleText{Name: "own", Team: "payments", Recurrence: "r1", Plain: "reviews wait"}
	texts := []domain.ObstacleText{
		own,
		{Name: "secret", Team: "secret", Recurrence: "r1", Plain: "reviews wait"},
		{Name: "alike", Team: "search", Recurrence: "r2", Plain: "reviews wait long"},
		{Name: "equal", Team: "search", Recurrence: "r3", Plain: "reviews wait"},
		{Name: "other", Team: "search", Recurrence: "r4", Plain: "no environment"},
		{Name: "linked", Team: "mobile", Recurrence: "r1", Plain: "no environment"},
		{Name: "equal", Team: "search", Recurrence: "r3", Plain: "reviews wait"},
	}
	got := domain.Recognize(own, texts, func(team string) bool { return team != "secret" })
	if s := fmt.Sprint(got); s != "[{linked 0 true} {equal 100 false} {alike 66 false}]" {
		t.Errorf("recognised %s", s)
	}
	var many []domain.ObstacleText
	for i := range 150 {
		many = append(many, domain.ObstacleText{Name: fmt.Sprint("alike", i), Recurrence: "r", Plain: own.Plain}, domain.ObstacleText{Name: fmt.Sprint("linked", i), Recurrence: own.Recurrence})
	}
	if n := len(domain.Recognize(own, many, func(string) bool { return true })); n != 250 {
		t.Errorf("%d, want all that are linked and 100 more", n)
	}
}

func TestCountRecurrence(t *testing.T) {
	count := domain.CountRecurrence(
		&domain.Obstacle{Name: "teams/a/obstacles/x", OutlastedCycles: []string{"c1", "c2"}},
		&domain.Obstacle{Name: "teams/a/obstacles/y"},
		&domain.Obstacle{Name: "teams/b/obstacles/x", OutlastedCycles: []string{"c1"}},
	)
	if want := (domain.Recurrence{Times: 3, Teams: 2, OutlastedCycles: 3}); count != want {
		t.Errorf("%+v, want %+v", count, want)
	}
}

func TestLink(t *testing.T) {
	o := domain.NewObstacle("teams/a/obstacles/x", "", "i000", "r1")
	mustEvents(t, domain.ObstacleLinked)(o.Link("r2"), nil)
	mustEvents(t)(o.Link("r2"), nil)
	mustEvents(t, domain.ObstacleUnlinked)(o.Unlink("r3"), nil)
	if o.RecurrenceID() != "r3" {
		t.Errorf("recurrence %q", o.RecurrenceID())
	}
	old, other := &domain.Obstacle{Name: "teams/a/obstacles/x"}, &domain.Obstacle{Name: "teams/a/obstacles/y"}
	if id := old.RecurrenceID(); id == "" || strings.Contains(id, "teams") || id == other.RecurrenceID() {
		t.Errorf("an old one has the recurrence %q, another %q", id, other.RecurrenceID())
	}
	mustEvents(t)(old.Link(old.RecurrenceID()), nil)
}
