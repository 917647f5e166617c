package store

import "strings"

// batches are the sizes in which many rows go into one statement. There are few of them, so that few texts are prepared.
var batches = [...]int{500, 50, 5, 1}

// inBatches gives the entries to do, in order.
func inBatches[T any](entries []T, do func([]T) error) error {
	for _, size := range batches {
		for len(entries) >= size {
			if err := do(entries[:size]); err != nil {
				return err
			}
			entries = entries[size:]
		}
	}
	return nil
}

// rows writes n rows of a VALUES list; one gets the numbers of its row's parameters, of which skip stand before them all.
func rows(n, skip, width int, one func(parameters []any) string) string {
	texts := make([]string, n)
	parameters := make([]any, width)
	for i := range texts {
		for j := range parameters {
			parameters[j] = skip + i*width + j + 1
		}
		texts[i] = one(parameters)
	}
	return strings.Join(texts, ", ")
}
