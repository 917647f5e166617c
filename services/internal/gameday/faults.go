package main

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"
)

const (
	faultFrom = 100 * time.Millisecond
	faultTo   = 600 * time.Millisecond
	// wipeEvery is after how many kills the broker's disk is taken away.
	wipeEvery = 20
)

// faults ends processes at random moments and starts them again at once.
type faults struct {
	cluster  *cluster
	history  *history
	findings *findings
	rng      *rand.Rand

	mu    sync.Mutex
	kills map[string]int
	wipes int
}

func newFaults(c *cluster, h *history, f *findings, seed uint64) *faults {
	return &faults{cluster: c, history: h, findings: f, rng: rand.New(rand.NewPCG(seed, 0)), kills: map[string]int{}}
}

// run injects faults until ctx ends. The choice of processes and waits depends on the seed alone.
func (f *faults) run(ctx context.Context) {
	var queue []string
	for n := 1; pause(ctx, faultFrom+time.Duration(f.rng.Int64N(int64(faultTo-faultFrom)))); n++ {
		if n%wipeEvery == 0 {
			f.inject(brokerName, true)
			continue
		}
		if len(queue) == 0 {
			queue = f.shuffled()
		}
		f.inject(queue[0], false)
		queue = queue[1:]
	}
}

// shuffled is every process once and three of them twice, in random order: no process is spared for long, and some are hit
// while they start.
func (f *faults) shuffled() []string {
	names := f.cluster.Names()
	for range 3 {
		names = append(names, names[f.rng.IntN(len(names))])
	}
	f.rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	return names
}

func (f *faults) inject(name string, wipe bool) {
	at := time.Now()
	var err error
	if wipe {
		err = f.cluster.WipeBroker(name)
	} else {
		f.cluster.Processes[name].Kill()
		err = f.cluster.Processes[name].Start()
	}
	if err != nil {
		f.findings.add("harness", "%s cannot be started again: %v", name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.kills[name]++
	if wipe {
		f.wipes++
	}
	if err := f.history.note(map[string]any{"fault": "kill -9", "process": name, "wiped": wipe, "at": at}); err != nil {
		f.findings.add("harness", "the history cannot be kept: %v", err)
	}
}

// counts are the faults so far.
func (f *faults) counts() (kills, wipes int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range f.kills {
		kills += n
	}
	return kills, f.wipes
}
