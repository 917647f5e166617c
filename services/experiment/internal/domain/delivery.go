package domain

import (
	"strings"
	"time"
)

// DeliveryOutcome is what came of an event that was sent.
type DeliveryOutcome string

// The outcomes.
const (
	DeliveryAccepted DeliveryOutcome = "ACCEPTED"
	DeliveryIgnored  DeliveryOutcome = "IGNORED"
	DeliveryRefused  DeliveryOutcome = "REFUSED"
)

// Delivery is an event that a source has sent.
type Delivery struct {
	// ID is the sender's, Type what the sender calls it.
	ID, Type    string
	ReceiveTime time.Time
	Outcome     DeliveryOutcome
	// Reason and Text say why it was ignored or refused or, of one that counts, what does not come of it.
	Reason, Text string
	// Digest is the hash of what the event says, by which another one under the same id is known.
	Digest string
}

// ReceivedEvent is one event as it was read: facts, or why there are none.
type ReceivedEvent struct {
	Delivery
	// Field is what is wrong in a refused event: the path of a member, or the name of a header; empty when it is the whole.
	Field string
	Facts []DeliveryFact
}

// ignore is an event that does not count anywhere.
func (e ReceivedEvent) ignore(reason, text string) ReceivedEvent {
	e.Outcome, e.Reason, e.Text, e.Facts = DeliveryIgnored, reason, text, nil
	return e
}

// refuse is an event that cannot be read, because of a member or header or, when field is empty, as a whole.
func (e ReceivedEvent) refuse(field, reason, text string) ReceivedEvent {
	e.Outcome, e.Field, e.Reason, e.Text, e.Facts = DeliveryRefused, field, reason, text, nil
	return e
}

// accept is an event that says what has happened.
func (e ReceivedEvent) accept(facts ...DeliveryFact) ReceivedEvent {
	e.Outcome, e.Facts = DeliveryAccepted, facts
	return e
}

// Remark notes what does not come of an event that counts. The last reason stands for all, and its text before the others.
func (e *ReceivedEvent) Remark(reason, text string) {
	e.Reason, e.Text = reason, strings.TrimSpace(text+" "+e.Text)
}

// ReadDelivery reads what was sent to a source. There is one event, but for a batch. Nothing that is sent makes it fail: what
// cannot be read comes back as refused, and what does not count as ignored, each with the reason.
func (s *DeliverySource) ReadDelivery(headers DeliveryHeaders, body []byte, now time.Time) []ReceivedEvent {
	var events []ReceivedEvent
	switch s.Format {
	case CDEventsFormat:
		events = readCloudEvents(headers, body)
	case GitHubFormat:
		events = []ReceivedEvent{readGitHub(headers, body)}
	case GitLabFormat:
		events = []ReceivedEvent{readGitLab(headers, body)}
	case PlainFormat:
		events = []ReceivedEvent{readPlain(headers, body)}
	}
	for i, e := range events {
		e = s.refuseOtherFormat(e, headers, body)
		if e.Digest == "" {
			e.Digest = digestOf(e.Type, body)
		}
		e.ID, e.Type = deliveryID(e.ID, body), clip(shownText(e.Type), maxShownText)
		e.ReceiveTime = now
		if e.Outcome == DeliveryAccepted {
			e = s.judgeFacts(e, now)
		}
		e.Text, e.Field = clip(shownText(e.Text), 4*maxShownText), clip(shownText(e.Field), maxShownText)
		events[i] = e
	}
	return events
}

// judgeFacts ignores or refuses an event by its facts. One commit of a push that cannot be kept does not take the others along: the event is
// refused when none is left.
func (s *DeliverySource) judgeFacts(e ReceivedEvent, now time.Time) ReceivedEvent {
	var kept []DeliveryFact
	var refused ReceivedEvent
	for _, f := range e.Facts {
		f.Source, f.DeliveryID = s.Name, e.ID
		f.tidy()
		if part, reason, text := f.problem(now); reason != "" {
			refused = e.refuse(s.Format.memberOf(f, part), reason, text)
			continue
		}
		if reason, text := s.Judge(f); reason != "" {
			return e.ignore(reason, text)
		}
		kept = append(kept, f)
	}
	if len(kept) == 0 {
		return refused
	}
	if left := len(e.Facts) - len(kept); left > 0 {
		e.leaveOut(left, refused)
	}
	e.Facts = kept
	return e
}
