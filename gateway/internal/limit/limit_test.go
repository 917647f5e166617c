package limit

import (
	"fmt"
	"net/netip"
	"testing"
	"time"
)

var start = time.Date(2026, 6, 8, 8, 0, 0, 0, time.UTC)

// clock is a time that a test moves.
type clock struct{ now time.Time }

func (c *clock) Now() time.Time { return c.now }

func TestWhoCountsTogether(t *testing.T) {
	for _, test := range []struct {
		one, other string
		together   bool
	}{
		{"203.0.113.1", "203.0.113.1", true},
		{"203.0.113.1", "203.0.113.2", false},
		{"203.0.113.1", "::ffff:203.0.113.1", true},
		{"2001:db8:0:1::1", "2001:db8:0:1:ffff::9", true},
		{"2001:db8:0:1::1", "2001:db8:0:2::1", false},
		{"fe80::1%eth0", "fe80::2%eth1", true},
	} {
		one, other := OfAddress(netip.MustParseAddr(test.one)), OfAddress(netip.MustParseAddr(test.other))
		if (one == other) != test.together {
			t.Errorf("%s and %s: %v, %v", test.one, test.other, one, other)
		}
	}
	unknown := OfAddress(netip.Addr{})
	if unknown != (Key{}) || unknown == OfAddress(netip.MustParseAddr("0.0.0.0")) {
		t.Error("unknown addresses do not count together, or with others")
	}
	if OfCaller("203.0.113.1") == OfAddress(netip.MustParseAddr("203.0.113.1")) {
		t.Error("a caller can be taken for an address")
	}
}

func TestRate(t *testing.T) {
	now := &clock{start}
	r := NewRate(2, 3, now.Now)
	key := OfCaller("users/mina")
	for i, step := range []struct {
		later time.Duration
		wait  time.Duration
	}{
		{0, 0},
		{0, 0},
		{0, 0},
		{0, 500 * time.Millisecond},
		{100 * time.Millisecond, 400 * time.Millisecond},
		{400 * time.Millisecond, 0},
		{0, 500 * time.Millisecond},
		{time.Hour, 0},
		{0, 0},
		{0, 0},
		{0, 500 * time.Millisecond},
	} {
		now.now = now.now.Add(step.later)
		if wait := r.Take(key); (wait - step.wait).Abs() > time.Millisecond {
			t.Errorf("step %d: wait %s, want %s", i, wait, step.wait)
		}
	}
	if r.Take(OfCaller("users/io")) != 0 {
		t.Error("callers share a bucket")
	}
	for range 100 {
		if NewRate(0, 1, now.Now).Take(key) != 0 {
			t.Fatal("no rate is a limit")
		}
	}
	if small := NewRate(0.2, 0, now.Now); small.Take(key) != 0 || small.Take(key) == 0 {
		t.Error("a small rate without a burst lets one through, and no second one")
	}
}

func TestFailures(t *testing.T) {
	now := &clock{start}
	f := NewFailures(3, 10*time.Minute, now.Now)
	key := OfAddress(netip.MustParseAddr("203.0.113.1"))
	for range 2 {
		f.Note(key)
		now.now = now.now.Add(time.Minute)
	}
	if f.Held(key) != 0 {
		t.Error("held back too early")
	}
	f.Note(key)
	if got := f.Held(key); got != 8*time.Minute {
		t.Errorf("held for %s", got)
	}
	if f.Held(OfAddress(netip.MustParseAddr("203.0.113.2"))) != 0 {
		t.Error("others are held, too")
	}
	now.now = now.now.Add(8 * time.Minute)
	if f.Held(key) != 0 {
		t.Error("held for ever")
	}
	f.Note(key)
	if f.Held(key) != 0 {
		t.Error("old failures count again")
	}
}

func TestOpen(t *testing.T) {
	o := NewOpen(2)
	first, ok := o.Enter("users/mina")
	if _, also := o.Enter("users/mina"); !ok || !also {
		t.Fatal("refused too early")
	}
	if _, ok := o.Enter("users/mina"); ok {
		t.Error("a third one got in")
	}
	if _, ok := o.Enter("users/io"); !ok {
		t.Error("callers share a count")
	}
	first()
	first() // counts once
	if _, ok := o.Enter("users/mina"); !ok {
		t.Error("the place was not given back")
	}
	if _, ok := o.Enter("users/mina"); ok {
		t.Error("the place was given back twice")
	}
}

func TestMemoryIsBounded(t *testing.T) {
	now := &clock{start}
	r, f := NewRate(1, 5, now.Now), NewFailures(3, time.Minute, now.Now)
	for i := range maxKeys + 2000 {
		key := OfCaller(fmt.Sprint(i))
		r.Take(key)
		f.Note(key)
	}
	if len(r.buckets) > maxKeys || len(f.counts) > maxKeys {
		t.Errorf("%d buckets, %d counts", len(r.buckets), len(f.counts))
	}
	// What is spent goes first: whoever is held back stays so while there is other room to make.
	now.now = now.now.Add(time.Minute)
	held := OfCaller("held")
	for range 3 {
		f.Note(held)
	}
	for i := range maxKeys / 2 {
		f.Note(OfCaller(fmt.Sprint("later ", i)))
	}
	if f.Held(held) == 0 {
		t.Error("somebody was let go to make room, though there was some")
	}
	o := NewOpen(1)
	for i := range 100 {
		leave, _ := o.Enter(fmt.Sprint(i))
		leave()
	}
	if len(o.counts) != 0 {
		t.Errorf("%d callers are remembered", len(o.counts))
	}
}
