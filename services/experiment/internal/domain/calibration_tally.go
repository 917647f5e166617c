package domain

import (
	"slices"
	"time"

	"github.com/fortnighthq/fortnight/services/internal/platform/fault"
)

// ForecastState is where a locked prediction stands: ForecastOpen, ForecastAbandoned, or its verdict.
type ForecastState string

// The states beside the verdicts.
const (
	ForecastOpen      ForecastState = "OPEN"
	ForecastAbandoned ForecastState = "ABANDONED"
)

// ForecastState returns where the prediction of an experiment stands; "" while it is not locked.
func (e *Experiment) ForecastState() ForecastState {
	switch {
	case !e.Locked():
		return ""
	case e.State == Abandoned:
		return ForecastAbandoned
	case e.Outcome != nil:
		return ForecastState(e.Outcome.Verdict)
	}
	return ForecastOpen
}

// ForecastCount is how many locked predictions of one team and confidence stand alike.
type ForecastCount struct {
	Team string
	// Month is the one in which they ended, YYYY-MM in UTC; empty while they are open.
	Month   string
	Percent int
	State   ForecastState
	Count   int
}

// PredictionRecord is the calibration of a team or the organisation with what resolves nothing beside it.
type PredictionRecord struct {
	// Withheld is why nothing is told; empty when it is.
	Withheld string
	// Through is the last day that counts for the organisation, YYYY-MM-DD; empty for a team.
	Through string
	// Teams is how many teams have resolved predictions. Open is not known of the organisation: it changes on every day.
	Teams                       int
	Open, CannotTell, Abandoned int
	Calibration                 Calibration
}

// TallyForecasts makes the calibration of predictions that were counted. That of the organisation rests on the quarters that are over
// now and in which at least 3 teams resolved predictions, and is withheld without any: so whatever is subtracted from whatever, and
// however often somebody asks, there are never fewer.
func TallyForecasts(counts []ForecastCount, organization bool, now time.Time) PredictionRecord {
	through := ""
	if organization {
		running := quarterOf(now.UTC())
		counts, through = enoughTeams(over(counts, running)), running.AddDate(0, 0, -1).Format(dayLayout)
	}
	r := PredictionRecord{Teams: len(resolvers(counts, ForecastCount.anyQuarter)[""])}
	if organization && r.Teams < minTeams {
		return PredictionRecord{Withheld: withheldText + " The quarter that is running is not counted yet.", Through: through}
	}
	r.Through = through
	var forecasts []Forecast
	for _, c := range counts {
		f, resolved := ForecastOf(c.Percent, Verdict(c.State))
		switch {
		case resolved:
			for range c.Count {
				forecasts = append(forecasts, f)
			}
		case c.State == ForecastOpen:
			r.Open += c.Count
		case c.State == ForecastAbandoned:
			r.Abandoned += c.Count
		case c.State == ForecastState(CannotTell):
			r.CannotTell += c.Count
		}
	}
	r.Calibration = Calibrate(forecasts)
	return r
}

// over leaves out what ended in the quarter that is running or later, and what is open: who asks on two days would see what
// one team has done between them.
func over(counts []ForecastCount, running time.Time) []ForecastCount {
	first := running.Format(monthLayout)
	return slices.DeleteFunc(slices.Clone(counts), func(c ForecastCount) bool { return c.Month == "" || c.Month >= first })
}

// enoughTeams leaves out the quarters in which fewer than 3 teams resolved predictions.
func enoughTeams(counts []ForecastCount) []ForecastCount {
	teams := resolvers(counts, ForecastCount.quarter)
	return slices.DeleteFunc(slices.Clone(counts), func(c ForecastCount) bool { return len(teams[c.quarter()]) < minTeams })
}

// resolvers are the teams that resolved predictions, by period.
func resolvers(counts []ForecastCount, period func(ForecastCount) string) map[string]map[string]bool {
	teams := map[string]map[string]bool{}
	for _, c := range counts {
		if _, resolved := ForecastOf(c.Percent, Verdict(c.State)); !resolved {
			continue
		}
		if teams[period(c)] == nil {
			teams[period(c)] = map[string]bool{}
		}
		teams[period(c)][c.Team] = true
	}
	return teams
}

func (c ForecastCount) anyQuarter() string { return "" }

// quarter is that of the calendar in which they ended, named by its first month.
func (c ForecastCount) quarter() string {
	month, err := time.Parse(monthLayout, c.Month)
	if err != nil {
		return ""
	}
	return quarterOf(month).Format(monthLayout)
}

const monthLayout = "2006-01"

// quarterOf is the first day of the quarter of the calendar in which an instant lies.
func quarterOf(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month()-(t.Month()-1)%3, 1, 0, 0, 0, 0, time.UTC)
}

// Words says what a verdict on calibration means, for people.
func (v CalibrationVerdict) Words() string {
	switch v {
	case TooFew:
		return "Fewer than 20 predictions are resolved: too few for a verdict. Below that, chance has the word."
	case AsOftenAsSaid:
		return "Predictions came true as often as was said, as far as chance lets one tell."
	case LessOftenThanSaid:
		return "Predictions came true less often than was said: more often than chance explains, they were too sure."
	case MoreOftenThanSaid:
		return "Predictions came true more often than was said, by more than chance explains."
	}
	return ""
}

// Span is a period of days in UTC, YYYY-MM-DD, both ends included; "" is open.
type Span struct{ Start, End string }

// Check refuses days that do not exist, and a period that ends before it begins. That of the organisation is one of whole quarters of
// the calendar.
func (s Span) Check(organization bool) error {
	var v []fault.Violation
	for _, day := range []struct {
		field, text string
		after       int // days to the first day of something
	}{{"start_date", s.Start, 0}, {"end_date", s.End, 1}} {
		at, err := time.Parse(dayLayout, day.text)
		switch first := at.AddDate(0, 0, day.after); {
		case day.text == "":
		case err != nil:
			v = append(v, fault.Violation{Field: day.field, Reason: "DAY_INVALID", Description: "This day does not exist. Write it as YYYY-MM-DD."})
		case organization && (first.Day() != 1 || first.Month()%3 != 1):
			v = append(v, fault.Violation{Field: day.field, Reason: "PERIOD_NOT_QUARTERS", Description: "The organisation's numbers are told by whole quarters, so that no difference of two tells about single teams. " +
				"Begin on the first day of January, April, July or October, and end on the last one before such a day."})
		}
	}
	if len(v) == 0 && s.Start != "" && s.End != "" && s.End < s.Start {
		v = append(v, fault.Violation{Field: "start_date", Reason: "PERIOD_BACKWARDS", Description: "The period ends before it starts."})
	}
	return invalid("PERIOD_INVALID", "The period cannot be reckoned.", v)
}
