package chart

import (
	"math"
	"strconv"
	"strings"
)

// scale maps values to heights: low lies at bottom, high at top.
type scale struct{ low, high, top, bottom float64 }

// newScale holds all values, with some room at both ends. Without any spread it makes room of its own.
func newScale(low, high, top, bottom float64) scale {
	room := (high - low) * 0.06
	if high <= low {
		room = max(math.Abs(high)*0.1, 1)
	}
	return scale{low - room, high + room, top, bottom}
}

func (s scale) y(v float64) float64 {
	return s.bottom - (v-s.low)/(s.high-s.low)*(s.bottom-s.top)
}

// ticks are round values inside the scale, about as many as wanted.
func (s scale) ticks(wanted int) (values []float64) {
	step := roundStep((s.high - s.low) / float64(wanted))
	for n := math.Ceil(s.low / step); n*step <= s.high && len(values) < 3*wanted; n++ {
		values = append(values, n*step)
	}
	return values
}

// roundStep is the next step of 1, 2 or 5 times a power of ten.
func roundStep(raw float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*power >= raw {
			return m * power
		}
	}
	return 10 * power
}

// figure writes a value with four digits that count, as people would.
func figure(v float64) string {
	size := math.Abs(v)
	if size != 0 && (size < 1e-4 || size >= 1e9) {
		return minus(strconv.FormatFloat(v, 'g', 4, 64))
	}
	decimals := 0
	if size > 0 {
		decimals = min(max(3-int(math.Floor(math.Log10(size))), 0), 8)
	}
	s := strconv.FormatFloat(v, 'f', decimals, 64)
	if strings.Contains(s, ".") {
		s = strings.TrimRight(strings.TrimRight(s, "0"), ".")
	}
	if s == "-0" {
		s = "0"
	}
	return minus(s)
}

// minus writes the sign as long as a plus.
func minus(s string) string { return strings.Replace(s, "-", "−", 1) }
