package main

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"
)

// caller makes the i-th request of one connection, and checks the answer.
type caller struct {
	request func(i int) []byte
	check   func(i int, status int, body []byte) error
}

// sample is what one turn came to.
type sample struct {
	perSecond float64
	p50, p99  time.Duration
	p999, max time.Duration
	// cpu is the CPU time that the server took for a thousand requests, in seconds; NaN where the system does not tell.
	cpu      float64
	requests int
}

// turn lets callers work on addr for the given time. next makes one caller per connection.
func turn(ctx context.Context, addr string, callers int, length time.Duration, server *process, next func(n int) caller) (sample, error) {
	clients := make([]*client, 0, callers)
	defer func() {
		for _, c := range clients {
			c.close()
		}
	}()
	for range callers {
		c, err := dial(addr)
		if err != nil {
			return sample{}, err
		}
		clients = append(clients, c)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	took := make([][]time.Duration, callers)
	var group sync.WaitGroup
	cpuBefore := server.cpu()
	began := time.Now()
	until := began.Add(length)
	for n, c := range clients {
		caller := next(n)
		group.Go(func() {
			times := make([]time.Duration, 0, 1<<14)
			for i := 0; ctx.Err() == nil; i++ {
				request := caller.request(i)
				sent := time.Now()
				if sent.After(until) {
					break
				}
				status, body, err := c.do(request)
				times = append(times, time.Since(sent))
				if err == nil {
					err = caller.check(i, status, body)
				}
				if err != nil {
					cancel(err)
					return
				}
			}
			took[n] = times
		})
	}
	group.Wait()
	elapsed := time.Since(began)
	cpu := server.cpu() - cpuBefore
	if err := context.Cause(ctx); err != nil {
		return sample{}, err
	}
	s := summarize(slices.Concat(took...))
	s.perSecond = float64(s.requests) / elapsed.Seconds()
	s.cpu = cpu.Seconds() / float64(s.requests) * 1000
	if cpuBefore == 0 {
		s.cpu = math.NaN()
	}
	return s, nil
}

// summarize sorts times and reads the percentiles off them.
func summarize(times []time.Duration) sample {
	if len(times) == 0 {
		return sample{}
	}
	slices.Sort(times)
	at := func(share float64) time.Duration { return times[min(len(times)-1, int(share*float64(len(times))))] }
	return sample{requests: len(times), p50: at(0.5), p99: at(0.99), p999: at(0.999), max: times[len(times)-1]}
}

// median is the middle of the values, or the mean of the two middle ones.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	values = slices.Clone(values)
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2
}

// medianOf is the median of one figure over samples.
func medianOf(samples []sample, figure func(sample) float64) float64 {
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = figure(s)
	}
	return median(values)
}

func throughput(s sample) float64 { return s.perSecond }

// side is one of the servers that take turns.
type side struct {
	name   string
	server *process
	addr   string
	caller func(n int) caller
}

// contest lets the sides take turns at each number of callers and prints the medians. The first side is the product; the
// ratio is the median over the rounds of product to other, so that a machine that becomes slower or faster on the way hits
// both. The order of the sides turns around in every round.
func (b *bench) contest(ctx context.Context, title string, goal float64, sides ...side) error {
	fmt.Printf("\n%s (goal: %.1f × %s)\n\n", title, goal, sides[1].name)
	fmt.Printf("| callers | side | per s | p50 ms | p99 ms | CPU s per 1,000 | program to it |\n|---|---|---|---|---|---|---|\n")
	for _, callers := range b.callers {
		samples := make([][]sample, len(sides))
		for round := -1; round < b.rounds; round++ {
			length := b.step
			if round < 0 {
				length = b.step / 4 // a warm-up that does not count
			}
			for i := range sides {
				n := i
				if round%2 == 1 {
					n = len(sides) - 1 - i
				}
				s, err := turn(ctx, sides[n].addr, callers, length, sides[n].server, sides[n].caller)
				if err != nil {
					return fmt.Errorf("%s, %d callers: %w", sides[n].name, callers, err)
				}
				if round >= 0 {
					samples[n] = append(samples[n], s)
				}
			}
		}
		for n, s := range sides {
			ratio := ""
			if n > 0 {
				ratios := make([]float64, b.rounds)
				for r := range ratios {
					ratios[r] = samples[0][r].perSecond / samples[n][r].perSecond
				}
				ratio = fmt.Sprintf("%.2f", median(ratios))
			}
			all := samples[n]
			fmt.Printf("| %d | %s | %.0f | %.2f | %.2f | %.3f | %s |\n", callers, s.name, medianOf(all, throughput),
				medianOf(all, func(s sample) float64 { return milliseconds(s.p50) }),
				medianOf(all, func(s sample) float64 { return milliseconds(s.p99) }),
				medianOf(all, func(s sample) float64 { return s.cpu }), ratio)
		}
	}
	return b.takeProfile(ctx, title, sides[0])
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
