package domain_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/fortnighthq/fortnight/services/cycle/internal/domain"
)

// lot is a parking lot as the store keeps it, beside the order that was asked for.
type lot struct {
	ranks map[string]string
	order []string
}

func (l *lot) places() []domain.Place {
	places := make([]domain.Place, 0, len(l.ranks))
	for name, rank := range l.ranks {
		places = append(places, domain.Place{Name: name, Rank: rank})
	}
	slices.SortFunc(places, func(a, b domain.Place) int {
		return strings.Compare(a.Rank+"/"+a.Name, b.Rank+"/"+b.Name)
	})
	return places
}

// put asks for a place and says how many got a new rank.
func (l *lot) put(name string, at int) int {
	places := domain.Arrange(l.places(), name, at)
	for _, place := range places {
		l.ranks[place.Name] = place.Rank
	}
	l.order = slices.DeleteFunc(l.order, func(other string) bool { return other == name })
	l.order = slices.Insert(l.order, at, name)
	return len(places)
}

func (l *lot) check(t rapid.TB) {
	t.Helper()
	seen := map[string]bool{}
	var got []string
	for _, place := range l.places() {
		got = append(got, place.Name)
		if len(place.Rank) > 24 || seen[place.Rank] {
			t.Fatalf("the rank %q of %s is long, or not the only one", place.Rank, place.Name)
		}
		seen[place.Rank] = true
	}
	if !slices.Equal(got, l.order) {
		t.Fatalf("order %v, want %v; ranks %v", got, l.order, l.ranks)
	}
}

// Whatever comes, goes and moves: the order is the one asked for, ranks stay short, and no two are equal.
func TestParkingLotKeepsTheOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &lot{ranks: map[string]string{}}
		for i := range rapid.IntRange(1, 200).Draw(t, "steps") {
			n := len(l.order)
			switch rapid.IntRange(0, 5).Draw(t, "step") {
			case 0:
				l.put(fmt.Sprintf("o%d", i), n)
			case 1:
				l.put(fmt.Sprintf("o%d", i), 0)
			case 2:
				if n > 0 { // it became current, or was settled
					name := rapid.SampledFrom(l.order).Draw(t, "gone")
					delete(l.ranks, name)
					l.order = slices.DeleteFunc(l.order, func(other string) bool { return other == name })
				}
			default:
				if n > 0 {
					l.put(rapid.SampledFrom(l.order).Draw(t, "moved"), rapid.IntRange(0, n-1).Draw(t, "to"))
				}
			}
			l.check(t)
		}
	})
}

// The worst there is: always between the same two. Others get new ranks only seldom.
func TestParkingLotUnderTheWorstMoves(t *testing.T) {
	for name, at := range map[string]int{"behind the first": 1, "to the front": 0, "to the last but one": 2} {
		t.Run(name, func(t *testing.T) {
			l := &lot{ranks: map[string]string{}}
			for i := range 4 {
				l.put(fmt.Sprintf("o%d", i), i)
			}
			renewals := 0
			for range 5000 {
				if l.put(l.order[(at+1)%4], at) > 1 {
					renewals++
				}
				l.check(t)
			}
			if renewals > 5000/50 {
				t.Errorf("new ranks for all %d times", renewals)
			}
		})
	}
}

func TestArrange(t *testing.T) {
	full := []domain.Place{{Name: "a", Rank: "0001"}, {Name: "b", Rank: "zzzz"}}
	old := []domain.Place{{Name: "a", Rank: "i000"}, {Name: "b", Rank: domain.NoRank}, {Name: "c", Rank: domain.NoRank}}
	for name, c := range map[string]struct {
		lot  []domain.Place
		name string
		at   int
		want string
	}{
		"the first of all":           {nil, "a", 0, "[{a i000}]"},
		"where it is already":        {full, "b", 1, "[]"},
		"no number before the first": {full, "c", 0, "[{c i000} {a i001} {b i002}]"},
		"no number after the last":   {full, "c", 2, "[{a i000} {b i001} {c i002}]"},
		"before one without a rank":  {old, "d", 1, "[{d i001}]"},
		"behind one without a rank":  {old, "d", 2, "[{a i000} {b i001} {d i002} {c i003}]"},
		"old ones where they are":    {old, "b", 1, "[{b i001}]"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := fmt.Sprint(domain.Arrange(c.lot, c.name, c.at)); got != c.want {
				t.Errorf("%s, want %s", got, c.want)
			}
		})
	}
}

func TestPlaceAfter(t *testing.T) {
	places := []domain.Place{{Name: "a"}, {Name: "b"}, {Name: "c"}}
	for _, c := range []struct {
		name, after string
		want        int
		reason      string
	}{
		{"b", "", 0, ""},
		{"b", "a", 1, ""},
		{"a", "b", 1, ""},
		{"a", "c", 2, ""},
		{"new", "c", 3, ""},
		{"a", "a", 0, "MOVE_AFTER_ITSELF"},
		{"a", "gone", 0, "OBSTACLE_NOT_PARKED"},
	} {
		got, err := domain.PlaceAfter(places, c.name, c.after)
		if c.reason != "" {
			checkReason(t, err, c.reason)
		} else if err != nil || got != c.want {
			t.Errorf("%s after %q: %d, %v, want %d", c.name, c.after, got, err, c.want)
		}
	}
}
