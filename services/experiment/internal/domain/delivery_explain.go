package domain

// DeliveryExplanation is what a reading rests on.
type DeliveryExplanation struct {
	Rule        string
	Deployments []*Deployment
	Incidents   []*Incident
}

// Explain tells what the reading with a source key rests on. It is empty when the history has nothing to it any more.
func (h *DeliveryHistory) Explain(k DeliveryMetric, sourceKey string) DeliveryExplanation {
	e := DeliveryExplanation{Rule: explainedRules[k]}
	switch k {
	case RecoveryTime:
		for _, i := range h.Incidents {
			if i.sourceKey() == sourceKey {
				e.Incidents = append(e.Incidents, i)
				if i.CausedBy != nil && i.CausedBy.to != nil {
					e.Deployments = append(e.Deployments, i.CausedBy.to)
				}
			}
		}
	case ChangeFailRate, ReworkRate:
		for _, week := range h.weeks(k) {
			if week.key == sourceKey {
				e.Deployments = week.deployments
			}
		}
		if k == ChangeFailRate {
			h.addCauses(&e)
		}
	default:
		e.Deployments = h.behind(k, sourceKey)
	}
	return e
}

// behind are the deployments behind a reading that is about one.
func (h *DeliveryHistory) behind(k DeliveryMetric, sourceKey string) []*Deployment {
	var before *Deployment
	for _, d := range h.Deployments {
		if d.Rollback {
			continue
		}
		if d.sourceKey() == sourceKey {
			if k == DeploymentFrequency && before != nil {
				return []*Deployment{before, d}
			}
			return []*Deployment{d}
		}
		before = d
	}
	return nil
}

// addCauses adds the incidents and rollbacks for which the deployments are taken for failed.
func (h *DeliveryHistory) addCauses(e *DeliveryExplanation) {
	among := map[*Deployment]bool{}
	for _, d := range e.Deployments {
		among[d] = true
	}
	for _, i := range h.Incidents {
		if i.CausedBy != nil && among[i.CausedBy.to] {
			e.Incidents = append(e.Incidents, i)
		}
	}
	var all []*Deployment
	for _, d := range h.Deployments { // in order, with the rollbacks in between
		if among[d] || d.Undid != nil && among[d.Undid.to] {
			all = append(all, d)
		}
	}
	e.Deployments = all
}

var explainedRules = map[DeliveryMetric]string{
	ChangeLeadTime:      "Hours from the commit that was deployed to when it ran in production.",
	DeploymentFrequency: "Hours since the deployment before. Rollbacks are left out.",
	RecoveryTime:        "Hours from the beginning of the incident to its end, for incidents that are linked to a deployment.",
	ChangeFailRate:      "Share of the deployments of the week (ISO 8601, UTC; rollbacks left out) that an incident or a rollback is linked to.",
	ReworkRate:          "Share of the deployments of the week (ISO 8601, UTC; rollbacks included) that were not planned, but forced by an incident.",
}
