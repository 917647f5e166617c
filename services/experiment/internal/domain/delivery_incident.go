package domain

import (
	"cmp"
	"slices"
)

// incidentFacts are all facts about one incident, in order.
type incidentFacts struct {
	all []DeliveryFact
	// vague is the first end that could be this incident's as well as another's.
	vague *DeliveryFact
}

// incidentsOf puts the facts about incidents together; facts are in order. An end belongs to the incident of its own sender or, when there is
// none with the id, to the only one in the same source, or to the only one of all: an alarm may be ended by another tool. An end
// that could belong to several belongs to none, and one of which nobody told the beginning does not count.
func incidentsOf(facts []DeliveryFact) []*incidentFacts {
	known := map[identity]*incidentFacts{}
	byKey := map[string][]identity{}
	for _, f := range facts {
		if f.Kind == IncidentOpened && known[f.identity()] == nil {
			known[f.identity()] = &incidentFacts{}
			byKey[f.Key] = append(byKey[f.Key], f.identity())
		}
	}
	for _, f := range facts {
		if f.Kind != IncidentOpened && f.Kind != IncidentResolved {
			continue
		}
		could := meant(f, byKey[f.Key], func(id identity) identity { return id })
		for _, id := range could {
			switch i := known[id]; {
			case len(could) == 1:
				i.all = append(i.all, f)
			case i.vague == nil:
				i.vague = &f
			}
		}
	}
	list := make([]*incidentFacts, 0, len(known))
	for _, k := range known {
		list = append(list, k)
	}
	return list
}

// meant are those of several of one id that a fact could mean: its own sender's, else those of its source, else all. It means one for sure
// only when that is the only one.
func meant[T any](f DeliveryFact, list []T, of func(T) identity) []T {
	var same []T
	for i, item := range list {
		id := of(item)
		if id.source == f.Source && id.scope == f.Scope {
			return list[i : i+1]
		}
		if id.source == f.Source {
			same = append(same, item)
		}
	}
	if len(same) > 0 {
		return same
	}
	return list
}

// incident is what the facts come to. It ends with the first end after its beginning.
func (k *incidentFacts) incident() *Incident {
	first := k.all[slices.IndexFunc(k.all, func(f DeliveryFact) bool { return f.Kind == IncidentOpened })]
	i := &Incident{Key: first.Key, OpenTime: first.Time, Source: first.Source, DeliveryID: first.DeliveryID, scope: first.Scope}
	for _, f := range k.all {
		i.Environment = cmp.Or(i.Environment, f.Environment)
		if f.Kind == IncidentOpened {
			i.chain = cmp.Or(i.chain, f.Chain) // the end belongs to the chain of the fix
		} else if i.ResolveTime.IsZero() && !f.Time.Before(i.OpenTime) {
			i.ResolveTime = f.Time
		}
	}
	if i.ResolveTime.IsZero() && k.vague != nil {
		i.EndDetail = "an end that " + senderOf(k.vague.Source, k.vague.Scope) + " told could belong to several incidents of this id, and counts for none"
	}
	return i
}
