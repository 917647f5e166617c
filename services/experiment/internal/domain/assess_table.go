package domain

// tableStep is the distance of two shifts in a table, in sigma; largestShift is the last one.
const (
	tableStep    = 0.01
	largestShift = 5
)

// table holds how often shifts of 0, 0.01, … 5 sigma show a signal, as shares of all histories.
type table [largestShift/tableStep + 1]float64

// power is how often a shift shows, in sigma, 0 or more. Beyond the table it is that of 5 sigma.
func (t *table) power(shift float64) float64 {
	at := min(shift, largestShift) / tableStep
	i := min(int(at), len(t)-2)
	return t[i] + (at-float64(i))*(t[i+1]-t[i])
}

// smallestShift is the smallest shift in the table with this power, in sigma; nil when there is none.
func (t *table) smallestShift(power float64) *float64 {
	for i, p := range t {
		if p >= power {
			shift := float64(i) * tableStep
			return &shift
		}
	}
	return nil
}
