package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
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
	// Reason and Text say why it was ignored or refused.
	Reason, Text string
}

// FactKind is what a fact is about.
type FactKind string

// The kinds of facts.
const (
	Deployed         FactKind = "DEPLOYED"
	RolledBack       FactKind = "ROLLED_BACK"
	IncidentOpened   FactKind = "INCIDENT_OPENED"
	IncidentResolved FactKind = "INCIDENT_RESOLVED"
	// CommitMade tells when a commit was made.
	CommitMade FactKind = "COMMIT_MADE"
)

// DeliveryFact is something that an event says has happened.
type DeliveryFact struct {
	Kind FactKind
	// Key is the sender's id of the deployment or the incident, or the hash of the commit.
	Key string
	// Time is when it happened, UTC in whole microseconds.
	Time time.Time
	// Service is what the event calls the service; empty when it says nothing.
	Service string
	// Environment is where it happened, Tier what kind of environment that is.
	Environment, Tier string
	// Commit and CommitTime are of what was deployed; each may be empty.
	Commit     string
	CommitTime time.Time
	// Unplanned says that the deployment was forced by an incident.
	Unplanned bool
	// About are the deployments that an incident or a rollback is declared to be about, the most likely first, and AboutBy says where
	// that was declared.
	About   []string
	AboutBy string
	// Chain is the CDEvents chain that the event belongs to.
	Chain string
	// Source and DeliveryID say who told it.
	Source, DeliveryID string
}

// ReceivedEvent is one event as it was read: facts, or why there are none.
type ReceivedEvent struct {
	Delivery
	Facts []DeliveryFact
}

// ignore is an event that does not count anywhere.
func (e ReceivedEvent) ignore(reason, text string) ReceivedEvent {
	return e.with(DeliveryIgnored, reason, text)
}

// refuse is an event that cannot be read.
func (e ReceivedEvent) refuse(reason, text string) ReceivedEvent {
	return e.with(DeliveryRefused, reason, text)
}

func (e ReceivedEvent) with(outcome DeliveryOutcome, reason, text string) ReceivedEvent {
	e.Outcome, e.Reason, e.Text, e.Facts = outcome, reason, text, nil
	return e
}

// accept is an event that says what has happened.
func (e ReceivedEvent) accept(facts ...DeliveryFact) ReceivedEvent {
	e.Outcome, e.Facts = DeliveryAccepted, facts
	return e
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
		e.ID, e.Type = deliveryID(e.ID, body), clip(shownText(e.Type), maxShownText)
		e.ReceiveTime = now
		if e.Outcome == DeliveryAccepted {
			e = s.judgeFacts(e, now)
		}
		e.Text = clip(shownText(e.Text), 4*maxShownText)
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
		if reason, text := f.problem(now); reason != "" {
			refused = e.refuse(reason, text)
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
	e.Facts = kept
	return e
}

// problem tells why a fact cannot be kept; empty when it can.
func (f *DeliveryFact) problem(now time.Time) (reason, text string) {
	if f.Key == "" {
		return "ID_MISSING", "The event does not say which deployment, incident or commit it is about."
	}
	if f.Time.After(now.Add(aheadAtMost)) || f.CommitTime.After(now.Add(aheadAtMost)) {
		return "TIME_AHEAD", "It is said to happen in the future; look at the clock of the sender."
	}
	return checkTime(f.Time)
}

// aheadAtMost is how far the clock of a sender may be ahead.
const aheadAtMost = time.Hour

// maxShownText is how many characters of a sender's text are kept.
const maxShownText = 200

// tidy makes a fact one that can be kept.
func (f *DeliveryFact) tidy() {
	f.Time = stored(f.Time)
	if !f.CommitTime.IsZero() {
		f.CommitTime = stored(f.CommitTime)
		if reason, _ := checkTime(f.CommitTime); reason != "" {
			f.CommitTime = time.Time{}
		}
	}
	f.Key, f.Chain = keptID(f.Key), keptID(f.Chain)
	f.Commit = strings.ToLower(keptID(f.Commit))
	if f.Kind == CommitMade {
		f.Key = strings.ToLower(f.Key)
	}
	for i, id := range f.About {
		f.About[i] = keptID(id)
	}
	f.Environment, f.Tier = clip(shownText(f.Environment), maxShownText), clip(shownText(f.Tier), maxShownText)
	f.Service = clip(shownText(f.Service), maxShownText)
}

// maxID is how many characters of a sender's id are kept as they are: with a word before it, it is a source key.
const maxID = 180

// keptID is a sender's id as it is kept: one that is too long, or has characters that cannot be shown, is known by its hash.
func keptID(id string) string {
	id = strings.TrimSpace(id)
	if utf8.RuneCountInString(id) <= maxID && id == shownText(id) {
		return id
	}
	sum := sha256.Sum256([]byte(id))
	return "sha256-" + hex.EncodeToString(sum[:])
}

// deliveryID is the sender's id of a delivery or, when there is none, the hash of what was sent, by which a repetition is known as well.
func deliveryID(id string, body []byte) string {
	if id = keptID(id); id != "" {
		return id
	}
	sum := sha256.Sum256(body)
	return "sha256-" + hex.EncodeToString(sum[:])
}

// shownText is a text without what cannot be shown.
func shownText(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError || unicode.Is(unicode.Bidi_Control, r) {
			return -1
		}
		return r
	}, s)
}

// clip is at most so many characters of a text.
func clip(s string, most int) string {
	for i := range s {
		if most == 0 {
			return s[:i] + "…"
		}
		most--
	}
	return s
}
