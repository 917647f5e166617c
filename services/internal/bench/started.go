package main

import (
	"context"
	"fmt"
	"path/filepath"
	"time"
)

// idleFor is how long a started program is left alone before its memory is read.
const idleFor = 2 * time.Second

// measureStart starts the program with an empty directory, several times, until /readyz answers 200.
func measureStart(ctx context.Context, o options, dir string) error {
	var times, memories []float64
	for i := range o.starts {
		began := time.Now()
		p, err := start(o.binary, settings(filepath.Join(dir, fmt.Sprintf("start-%d", i))), "serve")
		if err != nil {
			return err
		}
		err = p.ready(ctx)
		times = append(times, milliseconds(time.Since(began)))
		if err == nil {
			select {
			case <-ctx.Done():
				err = ctx.Err()
			case <-time.After(idleFor):
				memories = append(memories, float64(p.memory())/(1<<20))
			}
		}
		p.stop()
		if err != nil {
			return err
		}
	}
	fmt.Printf("\nStart with an empty directory until /readyz answers 200 (goal: 1,000 ms), memory %s later (goal: 100 MiB)\n\n", idleFor)
	fmt.Printf("| starts | median ms | idle memory MiB |\n|---|---|---|\n| %d | %.0f | %.0f |\n", o.starts, median(times), median(memories))
	return nil
}
