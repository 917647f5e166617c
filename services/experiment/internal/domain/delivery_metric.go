package domain

import (
	"slices"
	"strings"
)

// DeliveryMetric is one of the five delivery metrics of DORA (guide of January 2026, github.com/dora-team/dora.dev). All are about one
// service, and none is compared with anything but its own past.
type DeliveryMetric string

// The metrics; the words end the ids of the team's metrics.
const (
	// ChangeLeadTime is in hours from the commit that was deployed to when it ran in production, for each deployment. One without a known
	// time of its commit has no reading, and neither has a rollback.
	ChangeLeadTime DeliveryMetric = "change-lead-time"
	// DeploymentFrequency is in hours since the deployment before, for each deployment: the form of DORA's frequency that a process behaviour
	// chart reads best. Each deployment is a point, so that a two-week cycle has enough of them, where it would have two weekly counts; none
	// waits for the end of a week, and none is piled up at zero.
	DeploymentFrequency DeliveryMetric = "deployment-frequency"
	// RecoveryTime is in hours from the beginning of an incident to its end, for each that is linked to a deployment.
	RecoveryTime DeliveryMetric = "failed-deployment-recovery-time"
	// ChangeFailRate is the share of a week's deployments, rollbacks left out, that needed immediate intervention: an incident or a
	// rollback is linked to them.
	ChangeFailRate DeliveryMetric = "change-fail-rate"
	// ReworkRate is the share of a week's deployments, rollbacks included, that were not planned, but forced by an incident.
	ReworkRate DeliveryMetric = "deployment-rework-rate"
)

// DeliveryMetrics are all of them.
var DeliveryMetrics = []DeliveryMetric{ChangeLeadTime, DeploymentFrequency, RecoveryTime, ChangeFailRate, ReworkRate}

// MetricOf is the metric as the team sees it, computed by a source.
func (k DeliveryMetric) MetricOf(source *DeliverySource) *Metric {
	m := &Metric{
		Name: k.NameOf(source.Team(), source.Service), Unit: "h", Direction: Lower, Kind: Process,
		ReadingRhythm: "EVERY_EVENT", FloorAtZero: true, ComputedBy: source.Name, Source: "deployments and incidents of " + source.Service,
	}
	switch k {
	case ChangeLeadTime:
		m.DisplayName = source.Service + ": change lead time"
	case DeploymentFrequency:
		// Nights and weekends are part of the work, and make single large values.
		m.DisplayName, m.LimitForm = source.Service+": hours between deployments", FormMedian
	case RecoveryTime:
		m.DisplayName, m.Kind = source.Service+": failed deployment recovery time", Output
	case ChangeFailRate:
		m.DisplayName, m.Unit, m.Kind, m.ReadingRhythm = source.Service+": change fail rate", "%", Output, "WEEKLY"
	case ReworkRate:
		m.DisplayName, m.Unit, m.Kind, m.ReadingRhythm = source.Service+": deployment rework rate", "%", Output, "WEEKLY"
	}
	return m
}

// NameOf is the name of the metric of a team's service.
func (k DeliveryMetric) NameOf(team, service string) string {
	return "teams/" + team + "/metrics/" + service + "-" + string(k)
}

// DeliveryMetricOf is which of the five a metric is, and the service that it is about; false for any other metric.
func DeliveryMetricOf(metric string) (k DeliveryMetric, service string, ok bool) {
	id := IDOf(metric)
	for _, k := range DeliveryMetrics {
		if service, ok := strings.CutSuffix(id, "-"+string(k)); ok && service != "" {
			return k, service, true
		}
	}
	return "", "", false
}

// FromDeliveries tells whether the readings of a metric are computed from what delivery sources tell.
func (m *Metric) FromDeliveries() bool { return strings.Contains(m.ComputedBy, "/deliverySources/") }

// Tells tells whether there is anything of a metric to read. The shares begin with the first thing that makes a hit: where nobody ever tells
// of incidents, 0 % would not say that nothing fails, but that nobody looks. The weeks before then follow from the history.
func (h *DeliveryHistory) Tells(k DeliveryMetric) bool {
	if h.beyond.Tells[k] {
		return true
	}
	rollback := func(d *Deployment) bool { return d.Rollback }
	unplanned := func(d *Deployment) bool { return d.Unplanned } // a rollback is so, too
	switch k {
	case RecoveryTime:
		return len(h.Incidents) > 0
	case ChangeFailRate:
		return len(h.Incidents) > 0 || slices.ContainsFunc(h.Deployments, rollback)
	case ReworkRate:
		return slices.ContainsFunc(h.Deployments, unplanned)
	default:
		return len(h.Deployments) > 0
	}
}

// DependsOn tells whether such a fact can change readings of the metric.
func (k DeliveryMetric) DependsOn(kind FactKind) bool {
	switch kind {
	case CommitMade:
		return k == ChangeLeadTime
	case IncidentOpened, IncidentResolved:
		return k != ChangeLeadTime && k != DeploymentFrequency
	case Deployed, RolledBack:
		return true
	}
	return false
}
