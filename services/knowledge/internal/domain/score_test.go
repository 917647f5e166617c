package domain

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func levels() *rapid.Generator[Grade] {
	return rapid.Custom(func(t *rapid.T) Grade {
		return Grade{
			Level:        rapid.SampledFrom([]GradeLevel{"", Anecdote, Observed, Replicated, Contested}).Draw(t, "level"),
			Replications: rapid.IntRange(0, 1000).Draw(t, "replications"),
		}
	})
}

func TestEvidenceWeighsWithinBounds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		g := levels().Draw(t, "grade")
		w := EvidenceWeight(g)
		if w < contestedWeight || w > maxEvidenceWeight {
			t.Fatalf("%+v weighs %v", g, w)
		}
		more := g
		more.Replications += rapid.IntRange(0, 100).Draw(t, "more")
		if EvidenceWeight(more) < w {
			t.Fatalf("%+v weighs less than %+v", more, g)
		}
	})
	order := []Grade{{Level: Contested}, {Level: Anecdote}, {Level: Observed}, {Level: Replicated, Replications: 1}, {Level: Replicated, Replications: 2}}
	for i, g := range order[1:] {
		if EvidenceWeight(g) <= EvidenceWeight(order[i]) {
			t.Errorf("%+v weighs no more than %+v", g, order[i])
		}
	}
	if EvidenceWeight(Grade{}) != 1 || EvidenceWeight(Grade{Level: Anecdote}) != 1 {
		t.Error("an anecdote does not weigh 1")
	}
}

func TestFreshnessOnlyFalls(t *testing.T) {
	start := time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)
	rapid.Check(t, func(t *rapid.T) {
		after := func(name string) time.Duration {
			return time.Duration(rapid.Int64Range(0, int64(50*365*24*time.Hour)).Draw(t, name))
		}
		age, more := after("age"), after("more")
		reviewBy := time.Time{}
		if rapid.Bool().Draw(t, "reviewed") {
			reviewBy = start.Add(after("review"))
		}
		fresh, later := Freshness(start, reviewBy, start.Add(age)), Freshness(start, reviewBy, start.Add(age).Add(more))
		if later > fresh || fresh > 1 || later < oldestFreshness*reviewDueWeight {
			t.Fatalf("%v after %v, %v after %v more", fresh, age, later, more)
		}
		if undue := Freshness(start, time.Time{}, start.Add(age)); fresh > undue {
			t.Fatalf("what has a review date is fresher: %v, %v", fresh, undue)
		}
	})
	if f := Freshness(start, time.Time{}, start.Add(-time.Hour)); f != 1 {
		t.Errorf("before its time: %v", f)
	}
	if f := Freshness(start, time.Time{}, start.Add(freshnessHalves)); math.Abs(f-(1+oldestFreshness)/2) > 1e-12 {
		t.Errorf("after a year: %v", f)
	}
}

func TestTheScoreIsTheProduct(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		part := rapid.Float64Range(0, 100)
		p := ScoreParts{part.Draw(t, "text"), part.Draw(t, "evidence"), part.Draw(t, "freshness")}
		better := p
		better.Text += part.Draw(t, "more")
		if better.Score() < p.Score() || (ScoreParts{Evidence: p.Evidence, Freshness: p.Freshness}).Score() != 0 {
			t.Fatalf("%+v %+v", p, better)
		}
	})
}

func TestWhatWasLookedAtIsConfirmed(t *testing.T) {
	day := time.Date(2026, 6, 8, 9, 0, 0, 0, time.UTC)
	l := Learning{PublishTime: day, ReviewByDate: "2026-12-31"}
	if !l.Confirmed().Equal(day) || !l.ReviewBy().Equal(time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("%v, %v", l.Confirmed(), l.ReviewBy())
	}
	l.Reviews = []Review{{Time: day.Add(2 * time.Hour)}, {Time: day.Add(time.Hour)}}
	l.ReviewByDate = "soon"
	if !l.Confirmed().Equal(day.Add(2*time.Hour)) || !l.ReviewBy().IsZero() {
		t.Errorf("%v, %v", l.Confirmed(), l.ReviewBy())
	}
}
