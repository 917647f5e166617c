package domain

import (
	"math"
	"reflect"
	"slices"
	"testing"
)

func TestLifetimeOf(t *testing.T) {
	for _, c := range []struct {
		name   string
		checks []HoldRecord
		want   Lifetime
		known  bool
	}{
		{"no check", nil, Lifetime{}, false},
		{"held twice", []HoldRecord{{2, Held}, {6, Held}}, Lifetime{6, false}, true},
		{"slipped at the second, in any order", []HoldRecord{{12, Held}, {6, Slipped}, {2, Held}}, Lifetime{6, true}, true},
		{"the last cannot tell", []HoldRecord{{2, Held}, {6, HoldCannotTell}}, Lifetime{2, false}, true},
		{"none can tell", []HoldRecord{{2, HoldCannotTell}, {6, HoldCannotTell}}, Lifetime{}, false},
	} {
		if got, known := LifetimeOf(c.checks); got != c.want || known != c.known {
			t.Errorf("%s: %v, %v", c.name, got, known)
		}
	}
}

// Computed by hand: of 10 gains 2 slip in week 2 (8/10 hold), one is followed to week 2 only, 3 of 7 slip in week 6
// (8/10 x 4/7 = 16/35), 4 hold in week 12.
func TestHalfLifeByHand(t *testing.T) {
	h := HalfLifeOf([]Lifetime{{2, true}, {12, false}, {6, true}, {2, true}, {6, true}, {2, false}, {12, false}, {6, true}, {12, false}, {12, false}})
	if h.Count != 10 || !h.Sufficient || h.Slipped != 5 || h.Weeks == nil || *h.Weeks != 6 || len(h.Holding) != 2 {
		t.Fatalf("%+v", h)
	}
	for i, want := range []HoldingShare{{2, 10, 2, 0.8}, {6, 7, 3, 16.0 / 35}} {
		got := h.Holding[i]
		if math.Abs(got.Share-want.Share) > 1e-12 {
			t.Errorf("week %d: %v, want %v", want.Weeks, got.Share, want.Share)
		}
		got.Share = want.Share
		if got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
	}
}

// The remission times of Freireich et al., Blood 21, 1963 (21 patients under 6-MP), with the product-limit estimates that
// textbooks print for them: 0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448; median 23 weeks.
func TestHalfLifeOfPublishedData(t *testing.T) {
	var list []Lifetime
	for _, w := range []int{6, 6, 6, 7, 10, 13, 16, 22, 23} {
		list = append(list, Lifetime{w, true})
	}
	for _, w := range []int{6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35} {
		list = append(list, Lifetime{w, false})
	}
	h := HalfLifeOf(list)
	weeks, shares := []int{6, 7, 10, 13, 16, 22, 23}, []float64{0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448}
	for i, s := range h.Holding {
		if s.Weeks != weeks[i] || math.Abs(s.Share-shares[i]) > 0.0006 {
			t.Errorf("%+v, want %v in week %d", s, shares[i], weeks[i])
		}
	}
	if len(h.Holding) != 7 || h.Weeks == nil || *h.Weeks != 23 || h.Slipped != 9 {
		t.Errorf("%+v", h)
	}
}

func TestHalfLifeIsWithheld(t *testing.T) {
	nine := make([]Lifetime, 9)
	for i := range nine {
		nine[i] = Lifetime{2, true}
	}
	if h := HalfLifeOf(nine); !reflect.DeepEqual(h, HalfLife{Count: 9}) {
		t.Errorf("nine tell %+v", h)
	}
	half := slices.Concat(nine[:5], slices.Repeat([]Lifetime{{12, false}}, 5))
	if h := HalfLifeOf(half); h.Weeks == nil || *h.Weeks != 2 {
		t.Errorf("exactly half: %+v", h)
	}
	if h := HalfLifeOf(append(half[1:], Lifetime{12, false})); h.Weeks != nil || h.Slipped != 4 {
		t.Errorf("less than half: %+v", h)
	}
}
