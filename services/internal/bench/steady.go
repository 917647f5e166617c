package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"
)

const (
	// steadyCallers share the steady writes.
	steadyCallers = 32
	// lookEvery is how often the length of the write-ahead logs is looked at.
	lookEvery = 10 * time.Millisecond
)

// steadyWrites creates obstacles at an even rate, and watches how long the write-ahead logs become. A create counts from the
// moment that it was due, so that a slow answer also counts for those that had to wait behind it.
func (b *bench) steadyWrites(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	took := make([][]time.Duration, steadyCallers)
	longest := make(chan int64, 1)
	watching, stopWatching := context.WithCancel(ctx)
	go func() { longest <- b.longestLog(watching) }()
	cpu := b.program.cpu()
	began := time.Now()
	var group sync.WaitGroup
	for n := range steadyCallers {
		group.Go(func() {
			var err error
			if took[n], err = b.steadyCaller(ctx, n, began); err != nil {
				cancel(err)
			}
		})
	}
	group.Wait()
	elapsed := time.Since(began)
	stopWatching()
	wal := <-longest
	if err := context.Cause(ctx); err != nil {
		return err
	}
	s := summarize(slices.Concat(took...))
	fmt.Printf("\nSteady creates, %d a second by %d callers for %s (goal: p99 15 ms, longest write-ahead log 128 MB)\n\n", b.rate, steadyCallers, b.steady)
	fmt.Printf("| creates | per s | p50 ms | p99 ms | p99.9 ms | longest ms | longest log MB | CPU s per 1,000 | memory MiB at the end |\n|---|---|---|---|---|---|---|---|---|\n")
	fmt.Printf("| %d | %.0f | %.2f | %.2f | %.2f | %.2f | %.1f | %.3f | %d |\n", s.requests, float64(s.requests)/elapsed.Seconds(),
		milliseconds(s.p50), milliseconds(s.p99), milliseconds(s.p999), milliseconds(s.max), float64(wal)/1e6,
		(b.program.cpu()-cpu).Seconds()/float64(s.requests)*1000, b.program.memory()>>20)
	return nil
}

// steadyCaller makes its share of the creates, each when it is due.
func (b *bench) steadyCaller(ctx context.Context, n int, began time.Time) ([]time.Duration, error) {
	c, err := dial(b.program.addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	every := time.Second * steadyCallers / time.Duration(b.rate)
	due := began.Add(every * time.Duration(n) / steadyCallers)
	took := make([]time.Duration, 0, b.steady/every+1)
	for ; due.Before(began.Add(b.steady)); due = due.Add(every) {
		if wait := time.Until(due); wait > 0 {
			select {
			case <-ctx.Done():
				return nil, ctx.Err()
			case <-time.After(wait):
			}
		}
		id := fmt.Sprintf("m-%09d", b.created.Add(1))
		status, body, err := c.do(post(obstaclesPath+"?obstacleId="+id, b.token, id, `{"description":"`+description(n)+`"}`))
		took = append(took, time.Since(due))
		if err != nil {
			return nil, err
		}
		if status != http.StatusOK || !bytes.Contains(body, []byte("/obstacles/"+id+`"`)) {
			return nil, refused(status, body)
		}
	}
	return took, nil
}

// longestLog returns the greatest length that any service's write-ahead log had until ctx ended.
func (b *bench) longestLog(ctx context.Context) int64 {
	var longest int64
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		logs, _ := filepath.Glob(filepath.Join(b.dataDir(), "*", "*.db-wal")) // the pattern is well-formed
		for _, log := range logs {
			if info, err := os.Stat(log); err == nil {
				longest = max(longest, info.Size())
			}
		}
		select {
		case <-ctx.Done():
			return longest
		case <-tick.C:
		}
	}
}
