package domain

import (
	"cmp"
	"slices"
	"time"
)

// GuessWindow is how long before an incident a deployment is guessed to have caused it.
const GuessWindow = 24 * time.Hour

// LinkBasis is what a link rests on.
type LinkBasis string

// The bases.
const (
	LinkDeclared LinkBasis = "DECLARED"
	LinkGuessed  LinkBasis = "GUESSED"
)

// DeploymentLink ties an incident or a rollback to a deployment.
type DeploymentLink struct {
	// Deployment is the sender's id.
	Deployment string
	Basis      LinkBasis
	// Detail says what it rests on, and when nothing was found under the id, why.
	Detail string
	// to is nil when the deployment was declared, but is not known for sure.
	to *Deployment
}

// identity is what makes a deployment or an incident one and the same. Two senders may use one id for two things.
type identity struct{ source, scope, key string }

func (f DeliveryFact) identity() identity { return identity{f.Source, f.Scope, f.Key} }

// Deployment is a change of what runs in production.
type Deployment struct {
	Key                string
	Time               time.Time
	Environment        string
	Commit             string
	CommitTime         time.Time
	Unplanned          bool
	Rollback           bool
	Failed             bool
	Undid              *DeploymentLink
	Source, DeliveryID string

	// place is the environment, in one case.
	scope, chain, place string
}

// Incident is a problem in production.
type Incident struct {
	Key                   string
	OpenTime, ResolveTime time.Time
	Environment           string
	CausedBy              *DeploymentLink
	Source, DeliveryID    string
	// EndDetail says why there is no ResolveTime although an end was told.
	EndDetail string

	scope, chain string
}

// DeliveryHistory is what all that was told of one service comes to. The order in which it was told never matters.
type DeliveryHistory struct {
	// Deployments and Incidents are in the order of their times, then keys, then senders.
	Deployments []*Deployment
	Incidents   []*Incident

	byIdentity map[identity]*Deployment
	byKey      map[string][]*Deployment
	// incidents are those of a key.
	incidents map[string][]*Incident
	beyond    Beyond
}

// Beyond is what has to be known of a history of which only a part was read.
type Beyond struct {
	// Environments are those, folded, that something was deployed to.
	Environments map[string]bool
	// Tells are the metrics that there is something to read of.
	Tells map[DeliveryMetric]bool
}

// NewDeliveryHistory puts facts of one service together. commits are the times of commits by their hashes. Of contradictions
// the earliest event counts, then the least source and delivery id.
func NewDeliveryHistory(facts []DeliveryFact, commits map[string]time.Time) *DeliveryHistory {
	return NewPartialHistory(facts, commits, Beyond{})
}

// NewPartialHistory is NewDeliveryHistory of a part of the facts: all of each deployment and incident that it has any of.
func NewPartialHistory(facts []DeliveryFact, commits map[string]time.Time, beyond Beyond) *DeliveryHistory {
	facts = slices.Clone(facts)
	slices.SortFunc(facts, func(a, b DeliveryFact) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Source, b.Source), cmp.Compare(a.DeliveryID, b.DeliveryID), cmp.Compare(a.Kind, b.Kind))
	})
	h := &DeliveryHistory{byIdentity: map[identity]*Deployment{}, byKey: map[string][]*Deployment{}, incidents: map[string][]*Incident{}, beyond: beyond}
	undone := map[*Deployment][]DeliveryFact{}
	for _, f := range facts {
		if f.Kind == Deployed || f.Kind == RolledBack {
			d := h.deployment(f, commits)
			undone[d] = append(undone[d], f)
		}
	}
	slices.SortFunc(h.Deployments, func(a, b *Deployment) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Source, b.Source), cmp.Compare(a.scope, b.scope))
	})
	for _, known := range incidentsOf(facts) {
		i := known.incident()
		h.link(i, known.all)
		h.Incidents = append(h.Incidents, i)
		h.incidents[i.Key] = append(h.incidents[i.Key], i)
	}
	slices.SortFunc(h.Incidents, func(a, b *Incident) int {
		return cmp.Or(a.OpenTime.Compare(b.OpenTime), cmp.Compare(a.Key, b.Key), cmp.Compare(a.Source, b.Source), cmp.Compare(a.scope, b.scope))
	})
	for _, d := range h.Deployments {
		if d.Rollback {
			h.undo(d, undone[d])
		}
	}
	return h
}

// deployment adds what a fact says of a deployment.
func (h *DeliveryHistory) deployment(f DeliveryFact, commits map[string]time.Time) *Deployment {
	d := h.byIdentity[f.identity()]
	if d == nil {
		d = &Deployment{
			Key: f.Key, Time: f.Time, Environment: f.Environment, Rollback: f.Kind == RolledBack,
			Source: f.Source, DeliveryID: f.DeliveryID, scope: f.Scope, place: FoldName(f.Environment),
		}
		h.byIdentity[f.identity()] = d
		h.byKey[f.Key] = append(h.byKey[f.Key], d)
		h.Deployments = append(h.Deployments, d)
	}
	d.Commit, d.chain = cmp.Or(d.Commit, f.Commit), cmp.Or(d.chain, f.Chain)
	d.Unplanned = d.Unplanned || f.Unplanned || d.Rollback
	d.madeAt(f.CommitTime)
	d.madeAt(commits[d.Commit])
	return d
}

// madeAt notes when the commit is said to have been made. The first to say counts, unless it says that the commit was made after it ran.
func (d *Deployment) madeAt(at time.Time) {
	if at.IsZero() || !d.CommitTime.IsZero() && (!d.CommitTime.After(d.Time) || at.After(d.Time)) {
		return
	}
	d.CommitTime = at
}

// noLeadTime tells whether the deployment can have no lead time.
func (d *Deployment) noLeadTime() bool {
	return d.Rollback || d.CommitTime.IsZero() || d.CommitTime.After(d.Time)
}
