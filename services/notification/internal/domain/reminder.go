// Package domain holds the due points of cycles and what becomes of them.
package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// Event is a fact about a reminder.
type Event string

// The facts that this service records. Each is the name of its data message in the contract.
const (
	ReminderScheduled    Event = "ReminderScheduled"
	ReminderAcknowledged Event = "ReminderAcknowledged"
	ReminderObsoleted    Event = "ReminderObsoleted"
)

// Kind is what is due.
type Kind string

// The kinds of reminders.
const (
	CycleStart    Kind = "CYCLE_START"
	Gate          Kind = "GATE"
	Outcome       Kind = "OUTCOME"
	Retrospective Kind = "RETROSPECTIVE"
	Action        Kind = "ACTION"
	HoldCheck     Kind = "HOLD_CHECK"
	Andon         Kind = "ANDON"
)

// State tells where a reminder stands.
type State string

// The states of a reminder.
const (
	Pending      State = "PENDING"
	Acknowledged State = "ACKNOWLEDGED"
	Obsolete     State = "OBSOLETE"
)

// dueHour is the hour of the team's day at which what is due on a day is due.
const dueHour = 9

// Reminder is one due point. Day is the team's day that it falls on; DueTime is the instant of that in the team's zone.
type Reminder struct {
	Name    string    `json:"name"`
	Kind    Kind      `json:"kind"`
	Subject string    `json:"subject"`
	Day     string    `json:"day,omitempty"`
	DueTime time.Time `json:"dueTime"`
	Text    string    `json:"text"`
	State   State     `json:"state"`
}

// Due is a due point as the facts call for it now. Done means that what it was about is done.
type Due struct {
	Kind Kind
	// Part tells apart due points of one kind and subject, for instance the phase whose gate it is.
	Part    string
	Subject string
	// Day is a team's day, `YYYY-MM-DD`; empty when the point is due at once, at At.
	Day  string
	At   time.Time
	Text string
	Done bool
}

// Name is the reminder's resource name, always the same for the same due point, so that each is there once.
func (d Due) Name(team string) string {
	sum := sha256.Sum256([]byte(string(d.Kind) + "\n" + d.Part + "\n" + d.Subject))
	return fmt.Sprintf("teams/%s/reminders/%s", team, hex.EncodeToString(sum[:8]))
}

// Time is when the point is due in the team's zone.
func (d Due) Time(zone *time.Location) (time.Time, error) {
	if d.Day == "" {
		return d.At, nil
	}
	return At(d.Day, dueHour, 0, zone)
}

// NewReminder schedules a due point. settled tells that its matter was known to be done before: the facts come from several
// services, in any order.
func NewReminder(name string, due Due, at time.Time, settled bool) (*Reminder, []Event) {
	r := &Reminder{Name: name, Kind: due.Kind, Subject: due.Subject, Day: due.Day, DueTime: at, Text: due.Text, State: Pending}
	if !settled {
		return r, []Event{ReminderScheduled}
	}
	r.State = Obsolete
	return r, []Event{ReminderScheduled, ReminderObsoleted}
}

// Follow brings a reminder in line with the facts: it turns obsolete when its matter is done, and moves with its day. An
// answered reminder stays as it is.
func (r *Reminder) Follow(due Due, at time.Time) []Event {
	switch {
	case r.State != Pending:
		return nil
	case due.Done:
		r.State = Obsolete
		return []Event{ReminderObsoleted}
	case r.DueTime.Equal(at) && r.Text == due.Text:
		return nil
	default:
		r.Day, r.DueTime, r.Text = due.Day, at, due.Text
		return []Event{ReminderScheduled}
	}
}

// Rezone moves a pending reminder that is still to come to another zone; what is past stays where it was.
func (r *Reminder) Rezone(zone *time.Location, now time.Time) ([]Event, error) {
	if r.State != Pending || r.DueTime.Before(now) {
		return nil, nil
	}
	return r.Place(zone)
}

// Place puts a reminder of a day where it belongs in the zone, past or not, answered or not: it was scheduled before the
// zone was known. What is due at once stays.
func (r *Reminder) Place(zone *time.Location) ([]Event, error) {
	if r.Day == "" {
		return nil, nil
	}
	at, err := At(r.Day, dueHour, 0, zone)
	if err != nil || at.Equal(r.DueTime) {
		return nil, err
	}
	r.DueTime = at
	return []Event{ReminderScheduled}, nil
}

// Acknowledge answers a reminder. Once more changes nothing.
func (r *Reminder) Acknowledge() ([]Event, error) {
	switch r.State {
	case Acknowledged:
		return nil, nil
	case Obsolete:
		return nil, fault.New(fault.FailedPrecondition, "REMINDER_OBSOLETE", "what the reminder was about is done; there is nothing to acknowledge")
	default:
		r.State = Acknowledged
		return []Event{ReminderAcknowledged}, nil
	}
}
