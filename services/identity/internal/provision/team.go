package provision

import (
	"strings"

	"github.com/fortnighthq/fortnight/services/identity/internal/domain"
	"github.com/fortnighthq/fortnight/services/internal/platform/yamldoc"
)

// Bounds of a team's settings, as the contract has them.
const (
	minCycleDays, maxCycleDays = 7, 28
	maxPercent                 = 100
)

func (p *parser) team(v yamldoc.Value) {
	fields, ok := v.Fields()
	if !ok {
		return
	}
	fields.Only("id", "display_name", "time_zone", "working_days", "holidays", "cadence_weekday", "cycle_days", "visibility", "improvement_capacity_percent")
	id := p.id(fields, "id")
	t := domain.Team{
		Name: domain.TeamName(id), DisplayName: p.displayName(fields, id), TimeZone: p.text(fields.Get("time_zone")),
		WorkingDays:    words[domain.Weekday](fields.Get("working_days")),
		Holidays:       p.holidays(fields.Get("holidays")),
		CadenceWeekday: domain.Weekday(strings.ToUpper(fields.Get("cadence_weekday").Text())),
		CycleDays:      p.within(fields.Get("cycle_days"), minCycleDays, maxCycleDays),
		Visibility:     p.visibility(fields.Get("visibility")),
	}
	capacity := fields.Get("improvement_capacity_percent")
	t.CapacityPercent = p.within(capacity, 0, maxPercent)
	if id == "" || !p.once(fields.Get("id"), t.Name) {
		return
	}
	settled, _, err := domain.NewTeam(t)
	if err != nil {
		p.refused(v, fields, err)
		return
	}
	if capacity.There() {
		settled.CapacityPercent = t.CapacityPercent // 0 is a new team's word for nothing given, and a file's for no time
	}
	p.wanted.Teams = append(p.wanted.Teams, domain.ProvisionedTeam{Place: at(v), Team: *settled})
}

// within reads a number of a range; 0 when there is none.
func (p *parser) within(v yamldoc.Value, least, most int) int32 {
	if !v.There() {
		return 0
	}
	n := v.Number()
	if n < least || n > most {
		v.Report("NUMBER_OUT_OF_RANGE", "%d is not from %d to %d", n, least, most)
		return 0
	}
	return int32(n)
}

func (p *parser) visibility(v yamldoc.Value) domain.TeamVisibility {
	text := domain.TeamVisibility(strings.ToUpper(v.Text()))
	switch text {
	case "", domain.VisibleToTeam, domain.VisibleToOrganization:
		return text
	}
	v.Report("VISIBILITY_UNKNOWN", "%q is no visibility: write team or organization", v.Text())
	return ""
}

func (p *parser) holidays(v yamldoc.Value) (days []domain.Holiday) {
	for _, day := range v.List() {
		fields, ok := day.Fields()
		if !ok {
			continue
		}
		fields.Only("date", "display_name")
		days = append(days, domain.Holiday{Date: fields.Must("date").Text(), DisplayName: p.text(fields.Get("display_name"))})
	}
	return days
}
