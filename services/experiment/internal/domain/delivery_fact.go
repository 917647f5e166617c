package domain

import (
	"strings"
	"time"
)

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
	// Key is the sender's id of the deployment or the incident, or the hash of the commit. It is unique within Source and Scope.
	Key string
	// Scope is who made the id, where a source passes on what several say: for CDEvents their source. Empty for all others.
	Scope string
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

// factPart is what of a fact a problem is about.
type factPart string

// The parts that can be wrong.
const (
	partKey        factPart = "key"
	partTime       factPart = "time"
	partCommitTime factPart = "commit time"
)

// problem tells why a fact cannot be kept, and what is wrong in it; empty when it can.
func (f *DeliveryFact) problem(now time.Time) (part factPart, reason, text string) {
	if f.Key == "" {
		return partKey, "ID_MISSING", "The event does not say which deployment, incident or commit it is about."
	}
	ahead := func(at time.Time) string {
		return shownTime(at) + " has not come yet: it is " + shownTime(now) + " here, and 5 minutes more are taken. Look at clock and zone of the sender."
	}
	if f.Time.After(TakenUntil(now)) {
		return partTime, "TIME_AHEAD", ahead(f.Time)
	}
	if f.CommitTime.After(TakenUntil(now)) {
		return partCommitTime, "TIME_AHEAD", ahead(f.CommitTime)
	}
	reason, text = checkTaken(f.Time, now)
	return partTime, reason, text
}

// memberOf is the member of an event in which a part of a fact stands.
func (f DeliveryFormat) memberOf(fact DeliveryFact, part factPart) string {
	if fact.Kind == CommitMade && f != CDEventsFormat {
		return map[factPart]string{partKey: "commits.id", partTime: "commits.timestamp"}[part]
	}
	switch f {
	case CDEventsFormat:
		switch {
		case fact.Kind == CommitMade:
			return map[factPart]string{partKey: "customData.commit", partTime: "customData.commitTime"}[part]
		case part == partKey && (fact.Kind == IncidentOpened || fact.Kind == IncidentResolved):
			return "subject.id"
		}
		return map[factPart]string{partKey: "context.id", partTime: "context.timestamp", partCommitTime: "customData.commitTime"}[part]
	case GitHubFormat:
		return map[factPart]string{
			partKey: "deployment.id", partTime: "deployment_status.created_at", partCommitTime: "deployment.payload.commit_time",
		}[part]
	case GitLabFormat:
		return map[factPart]string{partKey: "deployment_id", partTime: "status_changed_at"}[part]
	case PlainFormat:
	}
	if part == partKey && (fact.Kind == IncidentOpened || fact.Kind == IncidentResolved) {
		return "incident"
	}
	return map[factPart]string{partKey: "deployment", partTime: "time", partCommitTime: "commit_time"}[part]
}

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
	f.Scope = strings.ReplaceAll(keptID(f.Scope), " ", "%20")
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
