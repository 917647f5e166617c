package domain

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

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
		if !d.noLeadTime() {
			list = append(list, Measurement{Time: d.Time, Value: d.Time.Sub(d.CommitTime).Hours(), SourceKey: d.sourceKey()})
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
			list = append(list, Measurement{Time: d.Time, Value: d.Time.Sub(before.Time).Hours(), SourceKey: d.sourceKey()})
		}
		before = d
	}
	return list
}

func (h *DeliveryHistory) recoveries() (list []Measurement) {
	for _, i := range h.Incidents {
		if i.CausedBy != nil && !i.ResolveTime.IsZero() {
			list = append(list, Measurement{Time: i.ResolveTime, Value: i.ResolveTime.Sub(i.OpenTime).Hours(), SourceKey: i.sourceKey()})
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
		key := WeekKey(d.Time)
		if len(list) == 0 || list[len(list)-1].key != key {
			list = append(list, deliveryWeek{key: key, end: WeekStart(d.Time).AddDate(0, 0, 7)})
		}
		last := &list[len(list)-1]
		last.deployments = append(last.deployments, d)
	}
	return list
}

// sourceKey is that of readings about the deployment: its id and, because two senders may use one id, who told of it, such as
// "deployment 41 (pipeline)".
func (d *Deployment) sourceKey() string { return readingKey("deployment", d.Key, d.Source, d.scope) }

func (i *Incident) sourceKey() string { return readingKey("incident", i.Key, i.Source, i.scope) }

func readingKey(what, id, source, scope string) string {
	if text := what + " " + id + " (" + senderOf(source, scope) + ")"; utf8.RuneCountInString(text) <= maxSourceKey {
		return text
	}
	sum := sha256.Sum256([]byte(id + "\n" + scope))
	return what + " sha256-" + hex.EncodeToString(sum[:]) + " (" + IDOf(source) + ")"
}

// senderOf is who told something, for people: the id of the source and, where it passes on what several say, who said it.
func senderOf(source, scope string) string { return strings.TrimSpace(IDOf(source) + " " + scope) }

// WeekKey is the source key of readings about the week of an instant.
func WeekKey(at time.Time) string {
	year, number := at.UTC().ISOWeek()
	return fmt.Sprintf("week %04d-W%02d", year, number)
}

// WeekStart is the beginning of the week of an instant: Monday, midnight, UTC.
func WeekStart(at time.Time) time.Time {
	midnight := at.UTC().Truncate(24 * time.Hour)
	return midnight.AddDate(0, 0, -(int(midnight.Weekday())+6)%7)
}
