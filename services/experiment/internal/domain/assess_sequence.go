package domain

import "math"

// sequence is a fixed sequence of numbers that look like chance: the same start gives the same numbers, everywhere. It is
// SplitMix64 (Steele, Lea and Flood, Fast Splittable Pseudorandom Number Generators, 2014), made normal by the polar method
// (Marsaglia and Bray, A Convenient Method for Generating Normal Variables, 1964).
type sequence struct {
	state uint64
	spare float64
	full  bool
}

// uniform is between -1 and 1.
func (q *sequence) uniform() float64 {
	q.state += 0x9e3779b97f4a7c15
	z := q.state
	z = (z ^ z>>30) * 0xbf58476d1ce4e5b9
	z = (z ^ z>>27) * 0x94d049bb133111eb
	return float64(int64(z^z>>31)) / (1 << 63)
}

// normal has mean 0 and standard deviation 1. The method makes two at a time.
func (q *sequence) normal() float64 {
	if q.full {
		q.full = false
		return q.spare
	}
	for {
		u, v := q.uniform(), q.uniform()
		if square := u*u + v*v; square > 0 && square < 1 {
			factor := math.Sqrt(-2 * math.Log(square) / square)
			q.spare, q.full = v*factor, true
			return u * factor
		}
	}
}

// draw fills a slice with normal numbers.
func (q *sequence) draw(into []float64) []float64 {
	for i := range into {
		into[i] = q.normal()
	}
	return into
}
