package domain

import (
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// adoptedOn is an experiment whose gain, from about 42 to about 25, was adopted on Friday, 12 June 2026: checks are due on 26 June, 24
// July and 4 September.
func adoptedOn(t *testing.T) (e *Experiment, decided time.Time) {
	t.Helper()
	e = planned()
	if _, err := e.Lock(known, monday); err != nil {
		t.Fatal(err)
	}
	before := readings(1, monday.AddDate(0, 0, -20), golden...)
	start := inDo
	start.Arrived = int64(len(before))
	if _, err := e.Start(start, monday.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	all := slices.Concat(before, readings(20, monday.AddDate(0, 0, 7), 24, 25, 26, 25))
	decided = time.Date(2026, 6, 12, 13, 0, 0, 0, time.UTC)
	if _, err := e.Conclude(words, all, Judging{}, decided.Add(-time.Hour)); err != nil || e.Outcome.Verdict != AsPredicted {
		t.Fatal(err, e.Outcome)
	}
	if _, err := e.ScheduleHoldChecks(decided); err != nil || e.HoldChecks[0].DueDate != "2026-06-26" {
		t.Fatal(err, e.HoldChecks)
	}
	return e, decided
}

func at(month time.Month, day int) time.Time {
	return time.Date(2026, month, day, 12, 0, 0, 0, time.UTC)
}

func TestHoldCheckNeedsItsDay(t *testing.T) {
	e, decided := adoptedOn(t)
	_, err := e.JudgeHoldCheck(HoldCheckCall{Weeks: 2}, nil, decided.AddDate(0, 0, 13))
	if f := wantReason(t, err, fault.FailedPrecondition, "HOLD_CHECK_NOT_DUE"); f.Metadata["due_date"] != "2026-06-26" {
		t.Errorf("metadata %v", f.Metadata)
	}
	// In Berlin the day has begun at 22:00 UTC.
	if events, err := e.JudgeHoldCheck(HoldCheckCall{Weeks: 2}, nil, time.Date(2026, 6, 25, 22, 0, 0, 0, time.UTC)); err != nil || len(events) != 1 {
		t.Errorf("on its day: %v, %v", events, err)
	}
	_, err = e.JudgeHoldCheck(HoldCheckCall{Weeks: 3}, nil, decided)
	wantProblems(t, err, fault.InvalidArgument, "HOLD_CHECK_UNKNOWN", "weeks HOLD_CHECK_UNKNOWN")
	_, err = stateAt(t, Concluded).JudgeHoldCheck(HoldCheckCall{Weeks: 2}, nil, decided)
	wantReason(t, err, fault.FailedPrecondition, "HOLD_CHECKS_NOT_SCHEDULED")
}

func TestHoldCheckIsJudgedOnce(t *testing.T) {
	e, _ := adoptedOn(t)
	held := readings(40, at(6, 20), 24, 26, 25)
	judge := func(call HoldCheckCall, r []Reading, now time.Time, events int) HoldCheck {
		t.Helper()
		call.Weeks = 2
		if got, err := e.JudgeHoldCheck(call, r, now); err != nil || len(got) != events {
			t.Fatal(got, err)
		}
		return e.HoldChecks[0]
	}
	// Nothing was measured: that can be judged again freely, and says the same until something is.
	if h := judge(HoldCheckCall{}, nil, at(6, 26), 1); h.Result() != HoldCannotTell || h.Judgement.Reason != HoldNoReadings {
		t.Errorf("%+v", h)
	}
	judge(HoldCheckCall{}, nil, at(6, 27), 0)
	h := judge(HoldCheckCall{Reason: "not needed"}, held, at(6, 28), 1)
	if h.Result() != Held || h.Judgement.Readings != 3 || len(h.Earlier) != 1 || h.Judgement.AgainReason != "" || h.Judgement.Old.Count != len(golden) {
		t.Errorf("%+v", h)
	}
	// Then it stands, whatever comes.
	slipped := slices.Concat(held, readings(50, at(6, 28), 60, 61, 62, 61, 60, 61, 62, 61, 62))
	if h := judge(HoldCheckCall{}, slipped, at(6, 29), 0); h.Result() != Held {
		t.Errorf("%+v", h)
	}
	_, err := e.JudgeHoldCheck(HoldCheckCall{Weeks: 2, Again: true, Reason: " "}, slipped, at(6, 29))
	wantProblems(t, err, fault.InvalidArgument, "REASON_MISSING", "reason REASON_MISSING")
	h = judge(HoldCheckCall{Again: true, Reason: "Readings came late."}, slipped, at(6, 29), 1)
	if h.Result() != Slipped || len(h.Earlier) != 2 || h.Earlier[1].Result != Held || h.Judgement.AgainReason != "Readings came late." {
		t.Errorf("%+v", h)
	}
	if last := e.LastJudged(); last == nil || last.Weeks != 2 {
		t.Errorf("last %+v", last)
	}
}

// Which readings a check is judged by.
func TestHeldReadings(t *testing.T) {
	e, decided := adoptedOn(t)
	var all []Reading
	for _, when := range []time.Time{
		decided.Add(-2 * time.Hour), decided.Add(time.Hour), at(6, 20), at(6, 26), at(7, 1), at(7, 23), at(7, 24), at(9, 4), at(9, 30),
	} {
		all = append(all, Reading{Measurement{when, 25, ""}, 50})
	}
	days := func(i int, now time.Time) (got []string) {
		for _, m := range e.heldReadings(i, all, now) {
			got = append(got, m.Time.Format("01-02"))
		}
		return got
	}
	check := func(name string, got []string, want ...string) {
		t.Helper()
		if len(got) != len(want) || len(want) > 0 && (got[0] != want[0] || got[len(got)-1] != want[len(want)-1]) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	check("from the conclusion on", days(0, at(6, 26)), "06-12", "06-20", "06-26")
	check("a late check leaves what belongs to the next", days(0, at(9, 1)), "06-12", "06-20", "06-26", "07-01", "07-23")
	check("after a check that nobody judged", days(1, at(7, 24)), "06-26", "07-01", "07-23", "07-24")
	if _, err := e.JudgeHoldCheck(HoldCheckCall{Weeks: 2}, all, at(7, 2)); err != nil {
		t.Fatal(err)
	}
	check("after one that was judged", days(1, at(7, 24)), "07-23", "07-24")
	check("the last one takes all that is left", days(2, at(10, 1)), "07-24", "09-04", "09-30")
}

func TestGameDayHasNoGainToHold(t *testing.T) {
	e := gameDayRunning(t, Holds)
	now := monday.AddDate(0, 0, 8)
	if _, err := e.ImportJournal(read(t, "completed"), now); err != nil {
		t.Fatal(err)
	}
	if _, err := e.Conclude(words, nil, Judging{}, now); err != nil {
		t.Fatal(err)
	}
	if _, err := e.ScheduleHoldChecks(now); err != nil {
		t.Fatal(err)
	}
	if _, err := e.JudgeHoldCheck(HoldCheckCall{Weeks: 2}, nil, now.AddDate(0, 0, 14)); err != nil || e.HoldChecks[0].Result() != HoldCannotTell {
		t.Errorf("%v, %+v", err, e.HoldChecks[0])
	}
}

func TestSummarizeHolds(t *testing.T) {
	var records []HoldCheckRecord
	add := func(team, experiment string, results ...HoldResult) {
		for i, r := range results {
			records = append(records, HoldCheckRecord{Experiment: experiment, Team: team, Weeks: holdWeeks[i], Due: i < 2, Result: r})
		}
	}
	for _, id := range []string{"1", "2", "3", "4", "5"} {
		add("a", "a"+id, Held, Slipped, "")
	}
	for _, id := range []string{"1", "2", "3", "4"} {
		add("b", "b"+id, Held, Held, Held)
	}
	add("c", "c1", HoldCannotTell, "", "")
	if s := SummarizeHolds(records, true); s.Withheld == "" || s.Judged != 0 || s.Due != 0 || s.Teams != 0 {
		t.Errorf("two teams that can tell: %+v", s)
	}
	add("d", "d1", Slipped, "", "")
	s := SummarizeHolds(records, true)
	if s.Withheld != "" || s.Teams != 3 || s.Due != 22 || s.Judged != 24 || s.Held != 17 || s.Slipped != 6 || s.CannotTell != 1 {
		t.Errorf("%+v", s)
	}
	// 10 gains: 1 slips in week 2 (9/10 hold), 5 of 9 in week 6 (9/10 x 4/9 = 0.4).
	if h := s.HalfLife; h.Count != 10 || h.Weeks == nil || *h.Weeks != 6 || h.Missing() != "" {
		t.Errorf("half-life %+v", h)
	}
	team := SummarizeHolds(records[:15], false)
	if team.Withheld != "" || team.Judged != 10 || team.HalfLife.Count != 5 || team.HalfLife.Sufficient || team.HalfLife.Missing() == "" {
		t.Errorf("one team %+v", team)
	}
	if s := SummarizeHolds(nil, false); s.Judged != 0 || s.HalfLife.Count != 0 {
		t.Errorf("nothing %+v", s)
	}
}
