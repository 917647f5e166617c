package main

import (
	"fmt"
	"io"
	"sync"
)

// maxShown is how many violations of one check are shown; all are counted.
const maxShown = 8

// findings collects what a run violates, by check.
type findings struct {
	out io.Writer

	mu     sync.Mutex
	counts map[string]int
}

func newFindings(out io.Writer) *findings { return &findings{out: out, counts: map[string]int{}} }

// add records a violation and shows the first ones of its check at once.
func (f *findings) add(check, format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.counts[check]++
	if f.counts[check] <= maxShown {
		fmt.Fprintf(f.out, "  VIOLATION %s: %s\n", check, fmt.Sprintf(format, args...))
	}
}

// of is how many violations a check has.
func (f *findings) of(check string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.counts[check]
}

// total is how many violations there are.
func (f *findings) total() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, count := range f.counts {
		n += count
	}
	return n
}
