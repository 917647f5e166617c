package store

import (
	"github.com/fortnighthq/fortnight/services/experiment/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/eventlog"
)

// RecordGoodDay records a reading of the share of good days of a team, `teams/{team}`. The metric is made with its first reading. False means
// that nothing was recorded: a metric of that id is the team's own, or has another reading of the day already.
func RecordGoodDay(tx *eventlog.Tx, team string, reading domain.Measurement) (bool, error) {
	wanted := domain.GoodDayMetric(team)
	m, err := FindMetric(tx, wanted.Name)
	if err != nil {
		return false, err
	}
	if m == nil {
		if _, err := Metrics.Create(tx, wanted, domain.MetricEvent{}); err != nil {
			return false, err
		}
		m = wanted
	}
	if !m.FromTaps() {
		return false, nil
	}
	report := domain.NewReport(domain.List)
	_, err = Import(tx, m.Name, []domain.Entry{{Measurement: reading, Line: 1}}, report, false)
	return report.Count == 0, err
}
