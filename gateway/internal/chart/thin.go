package chart

// thin leaves of many points those that make the picture: of each column of pixels the first, the lowest, the highest and the last.
// It returns indexes in order; of few points all.
func thin(values []float64, columns int) []int {
	n := len(values)
	kept := make([]int, 0, min(n, 4*columns))
	if n <= 2*columns {
		for i := range n {
			kept = append(kept, i)
		}
		return kept
	}
	for c := range columns {
		first, next := c*n/columns, (c+1)*n/columns
		low, high := first, first
		for i := first; i < next; i++ {
			if values[i] < values[low] {
				low = i
			}
			if values[i] > values[high] {
				high = i
			}
		}
		for _, i := range [4]int{first, min(low, high), max(low, high), next - 1} {
			if len(kept) == 0 || i > kept[len(kept)-1] {
				kept = append(kept, i)
			}
		}
	}
	return kept
}
