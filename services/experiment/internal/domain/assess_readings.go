package domain

import "math"

// neededRuns is how many histories are simulated to find how many readings would do.
const neededRuns = 2_000

// readingsNeeded returns after how many new readings the share of histories with a signal reaches the level, and the share
// that would have one without any change by then; zeros when 200 readings are not enough.
func readingsNeeded(s setting, shift, level float64) (readings int, falseAlarm float64) {
	s.planned = maxAssessed // one sequence for every number of readings
	readings = firstSignals(s, shift, int(math.Ceil(level*neededRuns)))
	if readings == 0 {
		return 0, 0
	}
	s.planned = readings
	return readings, simulate(s).power(0)
}

// firstSignals returns the number of readings after which the wanted number of histories have had a signal, or 0.
func firstSignals(s setting, shift float64, wanted int) int {
	chance := s.sequence()
	var first [maxAssessed + 1]int // by number of readings: how many histories had their first signal there
	baseline, readings := make([]float64, s.baseline), make([]float64, 0, maxAssessed)
	for range neededRuns {
		l := standardLimits(chance.draw(baseline))
		if n := firstSignal(chance, readings, l, shift, s); n > 0 {
			first[n]++
		}
	}
	had := 0
	for n := range first {
		if had += first[n]; had >= wanted {
			return n
		}
	}
	return 0
}

// firstSignal draws readings one by one until they show a signal, and returns how many these are; 0 when they never do.
func firstSignal(chance *sequence, x []float64, l lines, shift float64, s setting) int {
	for len(x) < cap(x) {
		x = append(x, chance.normal()+shift)
		if low, high := quietAt(x, l, s); low > 0 || high < 0 {
			return len(x)
		}
	}
	return 0
}
