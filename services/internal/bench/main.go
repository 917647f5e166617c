// Command bench measures the built program against floors that it runs beside it, on the same machine and in the same run.
//
// A floor is the least that could do the same job: a bare net/http handler with hand-written statements on a copy of the
// same database files. Program and floor are processes of their own and get the same bytes from the same client, in turns.
// What counts is the ratio between the two; absolute figures belong to the machine.
//
// The short form (-short) runs everything briefly. Like the long one it fails only when something does not work or an answer
// is wrong, never because of a figure. Run it with `make bench`, or `make bench SHORT=1`.
package main

import (
	"context"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"time"
)

// options are what the command line says.
type options struct {
	short   bool
	only    string
	binary  string
	profile string
	keep    bool

	callers   []int
	rounds    int
	step      time.Duration // of one measured turn
	obstacles int           // in the list, a multiple of 1000
	learnings int           // in the search, a multiple of 1000
	chains    int           // retrospectives closed for the propagation
	steady    time.Duration
	rate      int // writes a second in steady
	starts    int
	readings  int // in the ingested file
	// What is published while the knowledge service is away: retrospectives that are closed, and obstacles beside.
	closed, parked int
}

func parse() options {
	var o options
	var callers string
	floor := flag.String("floor", "", "serve as the floor on the files in this directory (the benchmark starts itself so)")
	flag.BoolVar(&o.short, "short", false, "run everything briefly")
	flag.StringVar(&o.only, "only", "", "run only these parts: start,create,read,list,search,propagation,steady,ingest,apart,outage")
	flag.StringVar(&o.binary, "binary", "", "program to measure; built when empty")
	flag.StringVar(&o.profile, "profile", "", "write CPU profiles of the program into this directory, one per part at 8 callers")
	flag.BoolVar(&o.keep, "keep", false, "keep the data directory")
	flag.StringVar(&callers, "callers", "", "numbers of callers, such as 1,8,64")
	flag.IntVar(&o.rounds, "rounds", 0, "turns of each side")
	flag.DurationVar(&o.step, "step", 0, "length of a turn")
	flag.DurationVar(&o.steady, "steady", 0, "length of the steady writes")
	flag.IntVar(&o.obstacles, "obstacles", 0, "obstacles in the list, rounded up to thousands")
	flag.IntVar(&o.learnings, "learnings", 0, "learnings in the search, rounded up to thousands")
	flag.IntVar(&o.rate, "rate", 2000, "steady writes a second")
	flag.Parse()
	if *floor != "" {
		if err := serveFloor(*floor); err != nil {
			fmt.Fprintln(os.Stderr, "floor:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	def := options{rounds: 5, step: 2 * time.Second, steady: 10 * time.Minute, obstacles: 150_000, learnings: 100_000, chains: 1000, starts: 7, readings: 1_000_000, closed: 1000, parked: 6000}
	if o.short {
		def = options{rounds: 2, step: 250 * time.Millisecond, steady: 10 * time.Second, obstacles: 15_000, learnings: 10_000, chains: 60, starts: 2, readings: 100_000, closed: 40, parked: 200}
	}
	if o.rounds == 0 {
		o.rounds = def.rounds
	}
	if o.step == 0 {
		o.step = def.step
	}
	if o.steady == 0 {
		o.steady = def.steady
	}
	if o.obstacles == 0 {
		o.obstacles = def.obstacles
	}
	if o.learnings == 0 {
		o.learnings = def.learnings
	}
	o.obstacles, o.learnings = (o.obstacles+999)/1000*1000, (o.learnings+999)/1000*1000
	o.chains, o.starts, o.readings, o.closed, o.parked = def.chains, def.starts, def.readings, def.closed, def.parked
	o.callers = []int{1, 8, 64}
	if callers != "" {
		o.callers = nil
		for text := range strings.SplitSeq(callers, ",") {
			var n int
			if _, err := fmt.Sscan(text, &n); err != nil || n < 1 {
				fmt.Fprintln(os.Stderr, "bench: -callers must be numbers with commas between")
				os.Exit(2)
			}
			o.callers = append(o.callers, n)
		}
	}
	return o
}

// wants tells whether a part is to be run.
func (o options) wants(part string) bool {
	return o.only == "" || slices.Contains(strings.Split(o.only, ","), part)
}

func main() {
	o := parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run builds what is measured, fills it, and runs part by part.
func run(ctx context.Context, o options) error {
	http.DefaultTransport.(*http.Transport).MaxIdleConnsPerHost = publishers
	debug.SetGCPercent(400) // the client shares the cores with what it measures
	dir, err := os.MkdirTemp("", "fortnight-bench-")
	if err != nil {
		return err
	}
	if o.keep {
		fmt.Println("data:", dir)
	} else {
		defer func() { _ = os.RemoveAll(dir) }()
	}
	began := time.Now()
	if o.binary == "" {
		o.binary = filepath.Join(dir, "fortnight")
		build := exec.CommandContext(ctx, "go", "build", "-o", o.binary, "github.com/fortnighthq/fortnight/services/cmd/fortnight")
		build.Stderr = os.Stderr
		if err := build.Run(); err != nil {
			return fmt.Errorf("building the program: %w", err)
		}
	}
	fmt.Printf("%s/%s, %d cores, %s; %d rounds of %s a side, medians; program built in %s\n",
		runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version(), o.rounds, o.step, time.Since(began).Round(time.Second))

	if o.wants("start") {
		if err := measureStart(ctx, o, dir); err != nil {
			return fmt.Errorf("start: %w", err)
		}
	}
	b := &bench{options: o, dir: dir}
	if err := b.alone(ctx); err != nil {
		return err
	}
	for _, part := range []part{
		{"apart", b.propagationApart},
		{"outage", b.catchUp},
	} {
		if !o.wants(part.name) {
			continue
		}
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
	}
	fmt.Printf("\neverything answered as it should; %s in all\n", time.Since(began).Round(time.Second))
	return nil
}

// part is what can be measured by itself.
type part struct {
	name    string
	measure func(context.Context) error
}

// alone measures the program as one process.
func (b *bench) alone(ctx context.Context) error {
	parts := []part{
		{"read", b.read},
		{"list", b.list},
		{"search", b.search},
		{"create", b.create},
		{"propagation", b.propagation},
		{"steady", b.steadyWrites},
		{"ingest", b.ingest},
	}
	parts = slices.DeleteFunc(parts, func(p part) bool { return !b.wants(p.name) })
	if len(parts) == 0 {
		return nil
	}
	defer b.stop()
	if err := b.prepare(ctx); err != nil {
		return fmt.Errorf("preparing: %w", err)
	}
	for _, part := range parts {
		// What the part before has left to the consumers is not the next one's.
		if err := b.settle(ctx); err != nil {
			return err
		}
		if err := part.measure(ctx); err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}
