package domain

import (
	"fmt"
	"slices"
	"strings"
	"time"
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
		Name: "teams/" + source.Team() + "/metrics/" + source.Service + "-" + string(k), Unit: "h", Direction: Lower, Kind: Process,
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

// Readings are the readings of a metric that the history comes to, in no order. Weeks are those of ISO 8601 in UTC, and have a
// reading once they are over.
func (h *DeliveryHistory) Readings(k DeliveryMetric, now time.Time) []Measurement {
	switch k {
	case ChangeLeadTime:
		return h.leadTimes()
	case DeploymentFrequency:
		return h.intervals()
	case RecoveryTime:
		return h.recoveries()
	default:
		return h.shares(k, now)
	}
}

func (h *DeliveryHistory) leadTimes() (list []Measurement) {
	for _, d := range h.Deployments {
		if !d.Rollback && !d.CommitTime.IsZero() && !d.CommitTime.After(d.Time) {
			list = append(list, Measurement{Time: d.Time, Value: d.Time.Sub(d.CommitTime).Hours(), SourceKey: deploymentKey(d)})
		}
	}
	return list
}

func (h *DeliveryHistory) intervals() (list []Measurement) {
	var before *Deployment
	for _, d := range h.Deployments {
		if d.Rollback {
			continue
		}
		if before != nil {
			list = append(list, Measurement{Time: d.Time, Value: d.Time.Sub(before.Time).Hours(), SourceKey: deploymentKey(d)})
		}
		before = d
	}
	return list
}

func (h *DeliveryHistory) recoveries() (list []Measurement) {
	for _, i := range h.Incidents {
		if i.CausedBy != nil && !i.ResolveTime.IsZero() {
			list = append(list, Measurement{Time: i.ResolveTime, Value: i.ResolveTime.Sub(i.OpenTime).Hours(), SourceKey: incidentKey(i)})
		}
	}
	return list
}

func (h *DeliveryHistory) shares(k DeliveryMetric, now time.Time) (list []Measurement) {
	if !h.Tells(k) {
		return nil
	}
	for _, week := range h.weeks(k) {
		if week.end.After(now) {
			continue
		}
		hit := 0
		for _, d := range week.deployments {
			if k.hits(d) {
				hit++
			}
		}
		list = append(list, Measurement{Time: week.end, Value: 100 * float64(hit) / float64(len(week.deployments)), SourceKey: week.key})
	}
	return list
}

// hits tells whether a deployment is of the share that the metric tells.
func (k DeliveryMetric) hits(d *Deployment) bool {
	if k == ChangeFailRate {
		return d.Failed
	}
	return d.Unplanned
}

// deliveryWeek is a week with its deployments.
type deliveryWeek struct {
	key         string
	end         time.Time
	deployments []*Deployment
}

// weeks are those with deployments that count for the metric, in order.
func (h *DeliveryHistory) weeks(k DeliveryMetric) (list []deliveryWeek) {
	for _, d := range h.Deployments {
		if k == ChangeFailRate && d.Rollback {
			continue
		}
		year, number := d.Time.ISOWeek()
		key := fmt.Sprintf("week %04d-W%02d", year, number)
		if len(list) == 0 || list[len(list)-1].key != key {
			midnight := d.Time.Truncate(24 * time.Hour)
			daysLeft := 7 - (int(midnight.Weekday())+6)%7
			list = append(list, deliveryWeek{key: key, end: midnight.AddDate(0, 0, daysLeft)})
		}
		last := &list[len(list)-1]
		last.deployments = append(last.deployments, d)
	}
	return list
}

func deploymentKey(d *Deployment) string { return "deployment " + d.Key }

func incidentKey(i *Incident) string { return "incident " + i.Key }

// CompareReadings compares what readings should be with what is recorded, by source keys: fresh ones are to be recorded, and changed ones
// corrected. A reading stays at the time at which it was first recorded, even when a late event says otherwise; its value is
// corrected. One that no event speaks for any more is left as it is: readings are never taken away.
func CompareReadings(wanted, recorded []Measurement) (fresh []Entry, changed []ReadingChange) {
	before := make(map[string]Measurement, len(recorded))
	for _, m := range recorded {
		before[m.SourceKey] = m
	}
	for _, m := range wanted {
		had, ok := before[m.SourceKey]
		switch {
		case !ok:
			fresh = append(fresh, Entry{Measurement: m, Line: int64(len(fresh)) + 1})
		case had.Value != m.Value:
			changed = append(changed, ReadingChange{Recorded: had, Value: m.Value})
		}
	}
	return fresh, changed
}

// ReadingChange is a recorded reading that should have another value.
type ReadingChange struct {
	// Recorded is the reading as it stands, Value what it should be.
	Recorded Measurement
	Value    float64
}
