package words

// MaxErrors is how many typing errors a word of so many letters may have: none below 4, one below 8, two above.
func MaxErrors(letters int) int {
	switch {
	case letters < 4:
		return 0
	case letters < 8:
		return 1
	}
	return 2
}

// Errors is the number of typing errors between two words: a letter too many, one missing, one wrong, or two neighbours swapped; no
// letter is touched twice. Counting stops above most. It is the restricted Damerau–Levenshtein distance (optimal string alignment).
func Errors(a, b string, most int) int {
	x, y := []rune(a), []rune(b)
	if len(x)-len(y) > most || len(y)-len(x) > most {
		return most + 1
	}
	before, last, row := make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)
	for j := range last {
		last[j] = j
	}
	for i := 1; i <= len(x); i++ {
		row[0] = i
		least := i
		for j := 1; j <= len(y); j++ {
			wrong := 1
			if x[i-1] == y[j-1] {
				wrong = 0
			}
			row[j] = min(last[j]+1, row[j-1]+1, last[j-1]+wrong)
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
			least = min(least, row[j])
		}
		if least > most && i > 1 {
			return most + 1
		}
		before, last, row = last, row, before
	}
	return last[len(y)]
}
