package domain

// Charted says that there is a chart of what happened. Once that is said, a newer chart is no event.
func (l *Learning) Charted() []Event {
	if l.HasChart {
		return nil
	}
	l.HasChart = true
	return []Event{l.told()}
}
