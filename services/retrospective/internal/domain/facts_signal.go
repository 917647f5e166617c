package domain

import (
	"fmt"
	"slices"
	"strconv"
)

// ChartSignal is a signal on a chart, with what it is told by. The rules are those of the experiment service: R1, R1_RANGE, R2, R3.
type ChartSignal struct {
	Rule string
	// Day is the day of the last reading that made it, YYYY-MM-DD; Points is how many made it.
	Day    string
	Points int
	// Value and MovingRange are those of the last reading; the limits are those that it was judged by.
	Value, MovingRange               float64
	Centre, Upper, Lower, UpperRange float64
}

// Text says what the chart says, for instance `R1 on 2026-03-04: 41 is above the upper limit 38.2`. A rule that is not known here is
// told by its name.
func (s ChartSignal) Text() string {
	side, limit := "upper", s.Upper
	if s.Value < s.Centre {
		side, limit = "lower", s.Lower
	}
	where := map[string]string{"upper": "above", "lower": "below"}[side]
	switch s.Rule {
	case "R1":
		return fmt.Sprintf("R1 on %s: %s is %s the %s limit %s", s.Day, figure(s.Value), where, side, figure(limit))
	case "R1_RANGE":
		return fmt.Sprintf("R1_RANGE on %s: %s is %s away from the reading before, more than the limit %s", s.Day, figure(s.Value), figure(s.MovingRange), figure(s.UpperRange))
	case "R2":
		return fmt.Sprintf("R2 up to %s: %d readings in a row are %s the centre line %s", s.Day, s.Points, where, figure(s.Centre))
	case "R3":
		return fmt.Sprintf("R3 up to %s: three of four readings are nearer to the %s limit %s than to the centre line %s", s.Day, side, figure(limit), figure(s.Centre))
	default:
		return fmt.Sprintf("%s up to %s: %s", s.Rule, s.Day, figure(s.Value))
	}
}

// maxSignals is how many signals of one chart the facts strip tells: the latest. Who wants all of them looks at the chart.
const maxSignals = 10

// SignalFacts are what a chart said, in time order. Signals must be in time order.
func SignalFacts(metric, displayName string, signals []ChartSignal) []SignalFact {
	var facts []SignalFact
	say := func(text string) {
		facts = append(facts, SignalFact{Metric: metric, DisplayName: displayName, Text: text})
	}
	if earlier := len(signals) - maxSignals; earlier > 0 {
		noun := "signals"
		if earlier == 1 {
			noun = "signal"
		}
		say(fmt.Sprintf("%d earlier %s; see the chart", earlier, noun))
		signals = slices.Clone(signals[earlier:])
	}
	for _, signal := range signals {
		say(signal.Text())
	}
	return facts
}

// figure writes a number with at most three decimals, as short as it is.
func figure(x float64) string {
	text := strconv.FormatFloat(x, 'f', 3, 64)
	short, err := strconv.ParseFloat(text, 64)
	if err != nil || short == 0 && x != 0 {
		return strconv.FormatFloat(x, 'g', 3, 64) // too small for three decimals
	}
	return strconv.FormatFloat(short, 'f', -1, 64)
}
