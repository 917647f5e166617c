package domain

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// guessWindow is how long before an incident a deployment is guessed to have caused it.
const guessWindow = 24 * time.Hour

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
	// Detail says what it rests on.
	Detail string
	// to is nil when the deployment was declared, but nobody told of it.
	to *Deployment
}

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

	chain string
}

// Incident is a problem in production.
type Incident struct {
	Key                   string
	OpenTime, ResolveTime time.Time
	Environment           string
	CausedBy              *DeploymentLink
	Source, DeliveryID    string

	chain string
}

// DeliveryHistory is what all that was told of one service comes to. The order in which it was told never matters.
type DeliveryHistory struct {
	// Deployments and Incidents are in the order of their times, then keys.
	Deployments []*Deployment
	Incidents   []*Incident
	byKey       map[string]*Deployment
}

// NewDeliveryHistory puts facts of one service together. commits are the times of commits by their hashes. Of contradictions
// the earliest event counts, then the least source and delivery id.
func NewDeliveryHistory(facts []DeliveryFact, commits map[string]time.Time) *DeliveryHistory {
	facts = slices.Clone(facts)
	slices.SortFunc(facts, func(a, b DeliveryFact) int {
		return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Source, b.Source), cmp.Compare(a.DeliveryID, b.DeliveryID))
	})
	h := &DeliveryHistory{byKey: map[string]*Deployment{}}
	incidents := map[string]*incidentFacts{}
	undone := map[*Deployment][]DeliveryFact{}
	for _, f := range facts {
		switch f.Kind {
		case Deployed, RolledBack:
			d := h.deployment(f, commits)
			undone[d] = append(undone[d], f)
		case IncidentOpened, IncidentResolved:
			if incidents[f.Key] == nil {
				incidents[f.Key] = &incidentFacts{}
			}
			incidents[f.Key].add(f)
		case CommitMade:
		}
	}
	slices.SortFunc(h.Deployments, func(a, b *Deployment) int { return cmp.Or(a.Time.Compare(b.Time), cmp.Compare(a.Key, b.Key)) })
	for _, known := range incidents {
		if i := known.incident(); i != nil {
			h.link(i, known.all)
			h.Incidents = append(h.Incidents, i)
		}
	}
	slices.SortFunc(h.Incidents, func(a, b *Incident) int { return cmp.Or(a.OpenTime.Compare(b.OpenTime), cmp.Compare(a.Key, b.Key)) })
	for _, d := range h.Deployments {
		if d.Rollback {
			h.undo(d, undone[d])
		}
	}
	return h
}

// deployment adds what a fact says of a deployment.
func (h *DeliveryHistory) deployment(f DeliveryFact, commits map[string]time.Time) *Deployment {
	d := h.byKey[f.Key]
	if d == nil {
		d = &Deployment{
			Key: f.Key, Time: f.Time, Environment: f.Environment, Rollback: f.Kind == RolledBack, Source: f.Source, DeliveryID: f.DeliveryID,
		}
		h.byKey[f.Key] = d
		h.Deployments = append(h.Deployments, d)
	}
	d.Commit, d.chain = cmp.Or(d.Commit, f.Commit), cmp.Or(d.chain, f.Chain)
	d.Unplanned = d.Unplanned || f.Unplanned || d.Rollback
	if d.CommitTime.IsZero() {
		d.CommitTime = f.CommitTime
	}
	if d.CommitTime.IsZero() {
		d.CommitTime = commits[d.Commit]
	}
	return d
}

// incidentFacts are all facts about one incident, in order.
type incidentFacts struct{ all []DeliveryFact }

func (k *incidentFacts) add(f DeliveryFact) { k.all = append(k.all, f) }

// incident is what the facts come to; nil while nobody has told when it began. It ends with the first end after that.
func (k *incidentFacts) incident() *Incident {
	var i *Incident
	for _, f := range k.all {
		switch {
		case f.Kind == IncidentOpened && i == nil:
			i = &Incident{Key: f.Key, OpenTime: f.Time, Source: f.Source, DeliveryID: f.DeliveryID}
		case f.Kind == IncidentResolved && i != nil && i.ResolveTime.IsZero():
			i.ResolveTime = f.Time
		}
	}
	if i == nil {
		return nil
	}
	for _, f := range k.all {
		i.Environment = cmp.Or(i.Environment, f.Environment)
		if f.Kind == IncidentOpened { // the end belongs to the chain of the fix
			i.chain = cmp.Or(i.chain, f.Chain)
		}
		// An end at the very instant of the beginning may stand before it.
		if f.Kind == IncidentResolved && i.ResolveTime.IsZero() && f.Time.Equal(i.OpenTime) {
			i.ResolveTime = f.Time
		}
	}
	return i
}

// link finds the deployment that caused an incident: the one that the events of its beginning name, that of their chain, or, as a guess,
// the latest within 24 hours before. What the events of its end name is the fix, not the cause.
func (h *DeliveryHistory) link(i *Incident, facts []DeliveryFact) {
	var opened []DeliveryFact
	for _, f := range facts {
		if f.Kind == IncidentOpened {
			opened = append(opened, f)
		}
	}
	if i.CausedBy = h.declared(opened, i.chain, i.OpenTime, nil); i.CausedBy == nil {
		i.CausedBy = h.guess(i)
	}
	if i.CausedBy != nil && i.CausedBy.to != nil {
		i.CausedBy.to.Failed = true
	}
}

// guess is the latest deployment within 24 hours before an incident, in the same environment. An alarm may call production by another name
// than the pipeline, so when nothing was ever deployed to its environment, all deployments that counted are looked at.
func (h *DeliveryHistory) guess(i *Incident) *DeploymentLink {
	environment, detail := i.Environment, "latest in the same environment within 24 hours before"
	switch {
	case environment == "":
		detail = "latest in any environment within 24 hours before, as the incident names none"
	case !slices.ContainsFunc(h.Deployments, func(d *Deployment) bool { return strings.EqualFold(d.Environment, environment) }):
		environment, detail = "", "latest in any environment within 24 hours before, as nothing was deployed to that of the incident"
	}
	d := h.latest(environment, i.OpenTime, guessWindow, nil)
	if d == nil {
		return nil
	}
	return &DeploymentLink{Deployment: d.Key, Basis: LinkGuessed, Detail: detail, to: d}
}

// undo finds the deployment that a rollback undid: the one that it names, that of its chain, or, as a guess, the latest before it.
func (h *DeliveryHistory) undo(d *Deployment, facts []DeliveryFact) {
	if d.Undid = h.declared(facts, d.chain, d.Time, d); d.Undid == nil {
		if before := h.latest(d.Environment, d.Time, 0, d); before != nil {
			d.Undid = &DeploymentLink{Deployment: before.Key, Basis: LinkGuessed, Detail: "latest in the same environment before", to: before}
		}
	}
	if d.Undid != nil && d.Undid.to != nil {
		d.Undid.to.Failed = true
	}
}

// declared is the deployment that facts say they are about; nil when they say nothing. One that ran only after the instant is skipped, and
// except is none of those that are looked for.
func (h *DeliveryHistory) declared(facts []DeliveryFact, chain string, before time.Time, except *Deployment) *DeploymentLink {
	unknown := ""
	by := ""
	for _, f := range facts {
		for _, id := range f.About {
			d := h.named(id)
			switch {
			case d != nil && d != except && !d.Time.After(before):
				return &DeploymentLink{Deployment: d.Key, Basis: LinkDeclared, Detail: f.AboutBy, to: d}
			case d == nil && f.AboutBy != "links" && unknown == "": // a link may lead to anything
				unknown, by = id, f.AboutBy
			}
		}
	}
	if unknown != "" {
		return &DeploymentLink{Deployment: unknown, Basis: LinkDeclared, Detail: by}
	}
	if chain == "" {
		return nil
	}
	for _, d := range slices.Backward(h.Deployments) {
		if d != except && !d.Rollback && d.chain == chain && !d.Time.After(before) {
			return &DeploymentLink{Deployment: d.Key, Basis: LinkDeclared, Detail: "chainId", to: d}
		}
	}
	return nil
}

// named is the deployment with a key or, when there is none, the first one of a commit.
func (h *DeliveryHistory) named(id string) *Deployment {
	if d := h.byKey[id]; d != nil {
		return d
	}
	if !isHash(id) {
		return nil
	}
	for _, d := range h.Deployments {
		if strings.EqualFold(d.Commit, id) {
			return d
		}
	}
	return nil
}

// latest is the last deployment in an environment up to an instant, and within a time before it unless that is 0. A rollback brings
// back what was good before and is none of them.
func (h *DeliveryHistory) latest(environment string, upTo time.Time, within time.Duration, except *Deployment) *Deployment {
	for _, d := range slices.Backward(h.Deployments) {
		if d == except || d.Rollback || d.Time.After(upTo) || environment != "" && !strings.EqualFold(d.Environment, environment) {
			continue
		}
		if within > 0 && upTo.Sub(d.Time) > within {
			return nil
		}
		return d
	}
	return nil
}
