package domain

import "time"

// HistoryPart is what of a partial history is known for sure.
type HistoryPart struct {
	// Deployments are the ids whose readings are, Instants the times at which those of any deployment are.
	Deployments map[string]bool
	Instants    map[time.Time]bool
	// Links are the ids of incidents and rollbacks whose deployments are, Weeks the source keys of the weeks whose shares are.
	Links, Weeks map[string]bool
}

// Sure are the readings of a list that a part of the history is enough for.
func (h *DeliveryHistory) Sure(k DeliveryMetric, part HistoryPart, readings []Measurement) (list []Measurement) {
	sure := map[string]bool{}
	switch k {
	case ChangeFailRate, ReworkRate:
		sure = part.Weeks
	case RecoveryTime:
		for _, i := range h.Incidents {
			sure[i.sourceKey()] = part.Links[i.Key]
		}
	default:
		for _, d := range h.Deployments {
			sure[d.sourceKey()] = part.Deployments[d.Key] || part.Instants[d.Time]
		}
	}
	for _, m := range readings {
		if sure[m.SourceKey] {
			list = append(list, m)
		}
	}
	return list
}

// Places are the times and source keys at which the history could have readings of a metric, whatever their values.
func (h *DeliveryHistory) Places(k DeliveryMetric) (list []Measurement) {
	switch k {
	case RecoveryTime:
		for _, i := range h.Incidents {
			list = append(list, Measurement{Time: i.ResolveTime, SourceKey: i.sourceKey()})
		}
	case ChangeFailRate, ReworkRate:
		for _, week := range h.weeks(ReworkRate) {
			list = append(list, Measurement{Time: week.end, SourceKey: week.key})
		}
	default:
		for _, d := range h.Deployments {
			list = append(list, Measurement{Time: d.Time, SourceKey: d.sourceKey()})
		}
	}
	return list
}

// WeeksOf are the beginnings of the weeks of a part's deployments, and of those that its links lead to.
func (h *DeliveryHistory) WeeksOf(part HistoryPart) (weeks []time.Time) {
	add := func(d *Deployment) { weeks = append(weeks, WeekStart(d.Time)) }
	for _, d := range h.Deployments {
		if part.Deployments[d.Key] {
			add(d)
		}
		if d.Undid != nil && d.Undid.to != nil && part.Links[d.Key] {
			add(d.Undid.to)
		}
	}
	for _, i := range h.Incidents {
		if i.CausedBy != nil && i.CausedBy.to != nil && part.Links[i.Key] {
			add(i.CausedBy.to)
		}
	}
	return weeks
}
