package domain

import (
	"slices"
	"strings"
	"time"
)

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
	case !h.deployedTo(environment):
		environment, detail = "", "latest in any environment within 24 hours before, as nothing was deployed to that of the incident"
	}
	d := h.latest(environment, i.OpenTime, GuessWindow, nil)
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
	var unknown *DeploymentLink
	for _, f := range facts {
		for _, id := range f.About {
			d, several := h.named(id, f)
			switch {
			case d != nil && d != except && !d.Time.After(before):
				return &DeploymentLink{Deployment: d.Key, Basis: LinkDeclared, Detail: f.AboutBy + elsewhere(f, d), to: d}
			case d == nil && f.AboutBy != "links" && unknown == nil: // a link may lead to anything
				unknown = &DeploymentLink{Deployment: id, Basis: LinkDeclared, Detail: f.AboutBy + unresolved(several)}
			}
		}
	}
	if unknown != nil || chain == "" {
		return unknown
	}
	for _, d := range slices.Backward(h.Deployments) {
		if d != except && !d.Rollback && d.chain == chain && !d.Time.After(before) {
			return &DeploymentLink{Deployment: d.Key, Basis: LinkDeclared, Detail: "chainId", to: d}
		}
	}
	return nil
}

// elsewhere says that the deployment was told by another source than the one that names it.
func elsewhere(f DeliveryFact, d *Deployment) string {
	if f.Source == d.Source {
		return ""
	}
	return ", the only one of this id, told by " + IDOf(d.Source)
}

// unresolved says why nothing was found under an id.
func unresolved(several bool) string {
	if several {
		return ", unresolved: several senders told of a deployment of this id"
	}
	return ", unresolved: nobody told of such a deployment"
}

// named is the deployment that a fact means by an id or, when there is none, the first one of a commit, if possible of the same source.
func (h *DeliveryHistory) named(id string, f DeliveryFact) (d *Deployment, several bool) {
	could := meant(f, h.byKey[id], func(d *Deployment) identity { return identity{d.Source, d.scope, d.Key} })
	switch {
	case len(could) == 1:
		return could[0], false
	case len(could) > 1 || !isHash(id):
		return nil, len(could) > 1
	}
	for _, other := range h.Deployments {
		if !strings.EqualFold(other.Commit, id) {
			continue
		}
		if other.Source == f.Source {
			return other, false
		}
		if d == nil {
			d = other
		}
	}
	return d, false
}

// deployedTo tells whether anything was ever deployed to an environment.
func (h *DeliveryHistory) deployedTo(environment string) bool {
	place := FoldName(environment)
	return h.beyond.Environments[place] || slices.ContainsFunc(h.Deployments, func(d *Deployment) bool { return d.place == place })
}

// FoldName is the same for names that differ in upper and lower case only.
func FoldName(name string) string { return strings.ToLower(strings.ToUpper(name)) }

// latest is the last deployment in an environment up to an instant, and within a time before it unless that is 0. A rollback brings
// back what was good before and is none of them.
func (h *DeliveryHistory) latest(environment string, upTo time.Time, within time.Duration, except *Deployment) *Deployment {
	place := FoldName(environment)
	end, _ := slices.BinarySearchFunc(h.Deployments, upTo, func(d *Deployment, at time.Time) int {
		if d.Time.After(at) {
			return 1
		}
		return -1
	})
	for _, d := range slices.Backward(h.Deployments[:end]) {
		switch {
		case within > 0 && upTo.Sub(d.Time) > within:
			return nil
		case d != except && !d.Rollback && (place == "" || d.place == place):
			return d
		}
	}
	return nil
}
