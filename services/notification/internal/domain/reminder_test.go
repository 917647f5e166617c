package domain_test

import (
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
	"github.com/fortnighthq/fortnight/services/notification/internal/domain"
)

var noon = time.Date(2026, 6, 8, 12, 0, 0, 0, time.UTC)

var twoWeeks = []domain.PhasePlan{
	{Phase: "PLAN", Start: "2026-06-08", Gate: "2026-06-10"},
	{Phase: "DO", Start: "2026-06-10", Gate: "2026-06-18"},
	{Phase: "CHECK", Start: "2026-06-18", Gate: "2026-06-20"},
	{Phase: "ACT", Start: "2026-06-20", Gate: "2026-06-22"},
}

func TestCycleDue(t *testing.T) {
	tests := []struct {
		name  string
		cycle domain.Cycle
		open  []string // kind/part of what is still due
	}{
		{"in plan", domain.Cycle{Phase: "PLAN"}, []string{"CYCLE_START/", "GATE/PLAN", "GATE/DO", "GATE/CHECK", "GATE/ACT", "RETROSPECTIVE/"}},
		{"in check", domain.Cycle{Phase: "CHECK"}, []string{"GATE/CHECK", "GATE/ACT", "RETROSPECTIVE/"}},
		{"ended", domain.Cycle{Phase: "ACT", Ended: true}, nil},
	}
	for _, test := range tests {
		test.cycle.Name, test.cycle.Phases = "teams/payments/cycles/2026-w24", twoWeeks
		var open []string
		names := map[string]bool{}
		for _, due := range test.cycle.Due() {
			names[due.Name("payments")] = true
			if !due.Done {
				open = append(open, string(due.Kind)+"/"+due.Part)
			}
		}
		if !slices.Equal(open, test.open) {
			t.Errorf("%s: open %v, want %v", test.name, open, test.open)
		}
		if len(names) != 6 {
			t.Errorf("%s: %d different names for 6 due points", test.name, len(names))
		}
	}
}

func TestNameIsAResourceName(t *testing.T) {
	due := domain.ExperimentDue("teams/payments/cycles/c/experiments/e", "E", "2026-06-12", true)
	if name := due.Name("payments"); !regexp.MustCompile(`^teams/payments/reminders/[0-9a-f]{16}$`).MatchString(name) {
		t.Errorf("name %q", name)
	}
	if again := domain.ExperimentDue("teams/payments/cycles/c/experiments/e", "renamed", "2026-06-15", false); again.Name("payments") != due.Name("payments") {
		t.Error("the same due point has two names")
	}
}

func TestFollow(t *testing.T) {
	due := domain.ActionDue("a", "write it down", "2026-06-12", false)
	at, err := due.Time(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	later := due
	later.Day = "2026-06-15"
	done := due
	done.Done = true
	tests := []struct {
		name  string
		state domain.State
		due   domain.Due
		at    time.Time
		want  []domain.Event
		ends  domain.State
	}{
		{"unchanged", domain.Pending, due, at, nil, domain.Pending},
		{"moved", domain.Pending, later, at.AddDate(0, 0, 3), []domain.Event{domain.ReminderScheduled}, domain.Pending},
		{"done", domain.Pending, done, at, []domain.Event{domain.ReminderObsoleted}, domain.Obsolete},
		{"acknowledged stays", domain.Acknowledged, done, at, nil, domain.Acknowledged},
		{"obsolete stays", domain.Obsolete, due, at, nil, domain.Obsolete},
	}
	for _, test := range tests {
		reminder, _ := domain.NewReminder("r", due, at, false)
		reminder.State = test.state
		got := reminder.Follow(test.due, test.at)
		if !slices.Equal(got, test.want) || reminder.State != test.ends {
			t.Errorf("%s: %v, %s", test.name, got, reminder.State)
		}
		if test.state == domain.Pending && !test.due.Done && !reminder.DueTime.Equal(test.at) {
			t.Errorf("%s: due at %s", test.name, reminder.DueTime)
		}
	}
}

// What was known to be done before the due point itself was known is obsolete from the start.
func TestNewReminder(t *testing.T) {
	due := domain.ActionDue("a", "write it down", "2026-06-12", false)
	if r, events := domain.NewReminder("r", due, noon, false); r.State != domain.Pending || !slices.Equal(events, []domain.Event{domain.ReminderScheduled}) {
		t.Errorf("new: %s, %v", r.State, events)
	}
	r, events := domain.NewReminder("r", due, noon, true)
	if r.State != domain.Obsolete || !slices.Equal(events, []domain.Event{domain.ReminderScheduled, domain.ReminderObsoleted}) || r.Text != due.Text {
		t.Errorf("settled before: %+v, %v", r, events)
	}
}

// A reminder that was scheduled before the zone was known belongs there, whatever has become of it.
func TestPlace(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	due := domain.ActionDue("a", "", "2026-06-12", false)
	at, _ := due.Time(time.UTC)
	for _, state := range []domain.State{domain.Pending, domain.Acknowledged, domain.Obsolete} {
		r, _ := domain.NewReminder("r", due, at, false)
		r.State = state
		for _, want := range []int{1, 0} {
			if events, err := r.Place(berlin); err != nil || len(events) != want || !r.DueTime.Equal(at.Add(-2*time.Hour)) || r.State != state {
				t.Errorf("%s: %v, %v, due %s, want %d events", state, events, err, r.DueTime, want)
			}
		}
	}
	andon, _ := domain.NewReminder("r", domain.AndonDue("a", "red", noon, false), noon, false)
	if events, err := andon.Place(berlin); err != nil || len(events) != 0 {
		t.Errorf("what is due at once moved: %v, %v", events, err)
	}
}

func TestRezoneLeavesThePastAlone(t *testing.T) {
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		t.Fatal(err)
	}
	due := domain.ActionDue("a", "", "2026-06-12", false)
	at, _ := due.Time(time.UTC)
	reminder, _ := domain.NewReminder("r", due, at, false)
	if events, err := reminder.Rezone(berlin, at.Add(time.Hour)); err != nil || len(events) != 0 {
		t.Errorf("a past reminder moved: %v, %v", events, err)
	}
	if events, err := reminder.Rezone(berlin, noon); err != nil || len(events) != 1 || !reminder.DueTime.Equal(at.Add(-2*time.Hour)) {
		t.Errorf("to Berlin: %v, %v, due %s", events, err, reminder.DueTime)
	}
	andon, _ := domain.NewReminder("r", domain.AndonDue("a", "red", noon, false), noon, false)
	if events, _ := andon.Rezone(berlin, noon.Add(-time.Hour)); len(events) != 0 {
		t.Errorf("what is due at once moved: %v", events)
	}
}

func TestAcknowledge(t *testing.T) {
	reminder, _ := domain.NewReminder("r", domain.AndonDue("a", "red", noon, false), noon, false)
	for _, want := range []int{1, 0} {
		if events, err := reminder.Acknowledge(); err != nil || len(events) != want {
			t.Errorf("got %v, %v, want %d events", events, err, want)
		}
	}
	reminder.State = domain.Obsolete
	if _, err := reminder.Acknowledge(); fault.From(err).Reason != "REMINDER_OBSOLETE" {
		t.Errorf("obsolete: %v", err)
	}
}
